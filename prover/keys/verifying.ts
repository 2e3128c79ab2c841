/**
 * Verifying keys and their manifest as JSON, without a disk: what a browser needs to check proofs.
 *
 * A manifest names every key by hash and says where the keys come from (manifest.ts tells of folders). What
 * is published for browsers is the manifest and the verifying keys in one document:
 *
 *     { format: "quittance-verifying-keys/1", manifest, vkeys: { CIRCUIT: snarkjs' verification key } }
 *
 * Nothing in it is believed: each key is examined and hashed as when a folder of keys is loaded.
 */
import { z } from "zod";
import { isInG2 } from "../engine/curve.ts";
import { type G1Point, type G2Point, isOnG1, isOnG2, type VerifyingKey } from "../groth16.ts";
import { CIRCUIT_NAMES, type CircuitName, forEachCircuit, PROFILE_NAMES } from "../profile.ts";

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const file = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/);

const circuitKeySchema = z.strictObject({
  circuitHash: hex,
  zkey: z.strictObject({ file, sha256: hex, bytes: z.number().int().positive() }),
  vkey: z.strictObject({ file, sha256: hex }),
  vkeyHash: hex,
});

const transcriptSchema = z.strictObject({
  ptau: z.strictObject({ sha256: hex, bytes: z.number().int().positive() }),
  /** The hash of each contribution as its contributor saw it, in order; the beacon's is last. */
  contributions: z.record(z.array(z.strictObject({ name: z.string(), hash: z.string() }))),
  beacon: z.strictObject({ hex: z.string(), iterationsExp: z.number().int() }),
});

const manifestSchema = z
  .strictObject({
    format: z.literal("quittance-keys/1"),
    kind: z.enum(["local", "ceremony"]),
    insecure: z.boolean(),
    profile: z.enum(PROFILE_NAMES),
    createdAt: z.string(),
    transcript: transcriptSchema.optional(),
    circuits: z.strictObject(forEachCircuit(circuitKeySchema)),
  })
  .refine((m) => m.insecure === (m.kind === "local"), "local keys are insecure, and only they")
  .refine(
    (m) => (m.transcript !== undefined) === (m.kind === "ceremony"),
    "a ceremony has a transcript, and only it",
  );

const coordinate = z.string().regex(/^\d{1,78}$/);
const g1Schema = z.array(coordinate).length(3);
const g2Schema = z.array(z.array(coordinate).length(2)).length(3);
const vkeySchema = z.object({
  protocol: z.literal("groth16"),
  curve: z.literal("bn128"),
  nPublic: z.number().int().positive(),
  vk_alpha_1: g1Schema,
  vk_beta_2: g2Schema,
  vk_gamma_2: g2Schema,
  vk_delta_2: g2Schema,
  IC: z.array(g1Schema),
});

export type KeyManifest = Readonly<z.infer<typeof manifestSchema>>;
export type CircuitKey = Readonly<z.infer<typeof circuitKeySchema>>;
export type KeyTranscript = Readonly<z.infer<typeof transcriptSchema>>;

/** What proofs are checked with. */
export type VerifyingKeys = {
  readonly manifest: KeyManifest;
  readonly vkey: (circuit: CircuitName) => VerifyingKey;
};

/** Checks a manifest's shape. Throws zod's error. */
export function parseManifest(json: unknown): KeyManifest {
  return manifestSchema.parse(json);
}

const documentSchema = z.strictObject({
  format: z.literal("quittance-verifying-keys/1"),
  manifest: manifestSchema,
  vkeys: z.strictObject(forEachCircuit(vkeySchema)),
});

/** Verifying keys with their manifest as one JSON document. */
export type VerifyingKeysDocument = Readonly<z.infer<typeof documentSchema>>;

/** The document to publish for keys. It holds nothing secret. */
export function verifyingKeysDocument(keys: VerifyingKeys): VerifyingKeysDocument {
  const vkeys = Object.fromEntries(CIRCUIT_NAMES.map((name) => [name, keys.vkey(name)]));
  return documentSchema.parse({
    format: "quittance-verifying-keys/1",
    manifest: keys.manifest,
    vkeys,
  });
}

/**
 * Reads a document of verifying keys, and examines every key in it.
 *
 * @param sha256 of a text's UTF-8, in hex: whoever calls knows how its machine hashes
 * @throws {VerifyingKeysError} if it is not such a document, or a key is not the one that its manifest names
 * @throws {UnsafeKeyError} if anybody could forge for a key
 */
export async function readVerifyingKeys(
  json: unknown,
  sha256: (text: string) => string,
): Promise<VerifyingKeys> {
  const parsed = documentSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new VerifyingKeysError(`${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`);
  }
  const { manifest, vkeys } = parsed.data;
  for (const name of CIRCUIT_NAMES) {
    const vkey = vkeys[name] as VerifyingKey;
    await assertSafeVkey(vkey);
    if (sha256(vkeyText(vkey)) !== manifest.circuits[name].vkeyHash)
      throw new VerifyingKeysError(`the key of "${name}" is not the one that the manifest names`);
  }
  return { manifest, vkey: (circuit) => vkeys[circuit] as VerifyingKey };
}

/** A verifying key in one spelling, which its hash is taken of: keys sorted, no white space. */
export function vkeyText(vkey: VerifyingKey): string {
  return canonical(vkey);
}

/**
 * Refuses a verifying key under which proofs mean nothing.
 *
 * @throws {UnsafeKeyError}
 */
export async function assertSafeVkey(vkey: VerifyingKey): Promise<void> {
  const parsed = vkeySchema.safeParse(vkey);
  if (!parsed.success) throw new UnsafeKeyError(`it is malformed: ${parsed.error.issues[0]?.message}`);
  if (vkey.IC.length !== vkey.nPublic + 1)
    throw new UnsafeKeyError("it has not one IC point for each public signal");
  for (const point of [vkey.vk_alpha_1, ...vkey.IC]) {
    if (point[2] !== "1" || !isOnG1(pairOf(point))) throw new UnsafeKeyError("a point is not on the curve");
  }
  for (const point of [vkey.vk_beta_2, vkey.vk_gamma_2, vkey.vk_delta_2]) {
    const affine: G2Point = [pairOf(point[0] ?? []), pairOf(point[1] ?? [])];
    const isAffine = point[2]?.[0] === "1" && point[2]?.[1] === "0";
    if (!isAffine || !isOnG2(affine) || !(await isInG2(affine)))
      throw new UnsafeKeyError("a point is not in G2");
  }
  const same = (p: readonly (readonly string[])[], q: readonly (readonly string[])[]): boolean =>
    [0, 1].every((i) => [0, 1].every((j) => BigInt(p[i]?.[j] ?? 0) === BigInt(q[i]?.[j] ?? 0)));
  if (same(vkey.vk_delta_2, vkey.vk_gamma_2))
    throw new UnsafeKeyError("δ = γ: anybody can forge proofs for it");
  if (same(vkey.vk_delta_2, G2_GENERATOR))
    throw new UnsafeKeyError("δ is the generator: nobody contributed to it");
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

function pairOf(point: readonly string[]): G1Point {
  return [BigInt(point[0] ?? -1), BigInt(point[1] ?? -1)];
}

/** EIP-197's generator, coordinates as (c0, c1). */
const G2_GENERATOR = [
  [
    "10857046999023057135944570762232829481370756359578518086990519993285655852781",
    "11559732032986387107991004021392285783925812861821192530917403151452391805634",
  ],
  [
    "8495653923123431417604973247489272438418190587263600148770280649306958101930",
    "4082367875863433681332203403145435568316851327593401208105741076214120093531",
  ],
];

/** A verifying key that proves nothing. */
export class UnsafeKeyError extends Error {
  override readonly name = "Keys.Unsafe";
  constructor(why: string) {
    super(`The verifying key is refused: ${why}. Make the keys again; a ceremony needs a contribution.`);
  }
}

/** Not a document of verifying keys. */
export class VerifyingKeysError extends Error {
  override readonly name = "Keys.Document";
  constructor(reason: string) {
    super(`These are not verifying keys (${reason}). Take the file that "quittance export" wrote.`);
  }
}
