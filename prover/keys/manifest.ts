/**
 * A folder of proving and verifying keys, and the manifest that says what they are.
 *
 * Keys come in two kinds that are never confused. `ceremony` keys are the outcome of a public ceremony;
 * `local` ones were made from a secret that their maker knew, so their maker can forge any proof. The
 * manifest says which, local keys are marked `insecure`, and the contract refuses local keys on any chain
 * that is not local.
 *
 * Nothing is used unchecked. Verifying keys are hashed and examined at every load: points on their curves,
 * one IC point for each public signal, δ neither γ nor the generator. (Under a key with δ = γ anybody can
 * forge: A = α, B = β, C = −Σ x_i IC_i satisfies the equation. It is what a ceremony without a contribution
 * leaves, and it has cost real money.) A zkey of some hundred megabytes is hashed once in a process and again
 * only when its size or time of change differs.
 */

import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isInG2 } from "../engine/curve.ts";
import { type G1Point, type G2Point, isOnG1, isOnG2, type VerifyingKey } from "../groth16.ts";
import { CIRCUIT_NAMES, type CircuitName, forEachCircuit, PROFILE_NAMES } from "../profile.ts";
import { hashFile } from "../staging.ts";

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

/** Checked keys, ready to use. */
export type Keys = {
  readonly dir: string;
  readonly manifest: KeyManifest;
  readonly zkeyPath: (circuit: CircuitName) => string;
  readonly vkey: (circuit: CircuitName) => VerifyingKey;
};

export const MANIFEST_FILE = "keys.json";

/** Fingerprint of each zkey that this process has hashed: path to "size:mtime:sha256". */
const hashed = new Map<string, string>();

/**
 * Loads a folder of keys and checks it.
 *
 * @param options.circuits if given, the keys must be for exactly these circuits (their hashes are compared)
 * @throws {MissingKeysError} if there is no manifest
 * @throws {DamagedKeysError} if a file is missing or is not what the manifest says
 * @throws {UnsafeKeyError} if a verifying key is malformed or lets anybody forge
 * @throws {StaleKeysError} if the keys are for other circuits
 * @example const keys = await loadKeys("project/keys"); const vkey = keys.vkey("adjoint");
 */
export async function loadKeys(
  dir: string,
  options: { readonly circuits?: readonly { readonly name: CircuitName; readonly hash: string }[] } = {},
): Promise<Keys> {
  const manifest = await readManifest(dir);
  const vkeys = new Map<CircuitName, VerifyingKey>();
  for (const name of CIRCUIT_NAMES) {
    const entry = manifest.circuits[name];
    const wanted = options.circuits?.find((circuit) => circuit.name === name);
    if (wanted && wanted.hash !== entry.circuitHash) throw new StaleKeysError(dir, name);
    vkeys.set(name, await loadVkey(dir, entry));
    await checkZkey(dir, entry);
  }
  return {
    dir,
    manifest,
    zkeyPath: (circuit) => join(dir, manifest.circuits[circuit].zkey.file),
    vkey: (circuit) => vkeys.get(circuit) as VerifyingKey,
  };
}

/** Reads the manifest alone; nothing else is checked. */
export async function readManifest(dir: string): Promise<KeyManifest> {
  const path = join(dir, MANIFEST_FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new MissingKeysError(dir, cause);
  }
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DamagedKeysError(path, "is not a manifest of keys", cause);
  }
}

/** SHA-256 of a verifying key in one spelling: keys sorted, no white space. */
export function hashVkey(vkey: VerifyingKey): string {
  return createHash("sha256").update(canonical(vkey)).digest("hex");
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

async function loadVkey(dir: string, entry: CircuitKey): Promise<VerifyingKey> {
  const path = join(dir, entry.vkey.file);
  const bytes = await readFile(path).catch((cause) => {
    throw new DamagedKeysError(path, "cannot be read", cause);
  });
  if (createHash("sha256").update(bytes).digest("hex") !== entry.vkey.sha256) {
    throw new DamagedKeysError(path, "is not the file that the manifest names");
  }
  const vkey = JSON.parse(bytes.toString("utf8")) as VerifyingKey;
  await assertSafeVkey(vkey);
  if (hashVkey(vkey) !== entry.vkeyHash)
    throw new DamagedKeysError(path, "has another hash than the manifest says");
  return vkey;
}

async function checkZkey(dir: string, entry: CircuitKey): Promise<void> {
  const path = join(dir, entry.zkey.file);
  const found = await stat(path, { bigint: true }).catch((cause) => {
    throw new DamagedKeysError(path, "cannot be read", cause);
  });
  if (found.size !== BigInt(entry.zkey.bytes)) throw new DamagedKeysError(path, "is of another size");
  const fingerprint = `${found.size}:${found.mtimeNs}:${found.ino}:${entry.zkey.sha256}`;
  if (hashed.get(path) === fingerprint) return;
  if ((await hashFile(path)) !== entry.zkey.sha256) {
    throw new DamagedKeysError(path, "is not the file that the manifest names");
  }
  hashed.set(path, fingerprint);
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

/** No keys here. */
export class MissingKeysError extends Error {
  override readonly name = "Keys.Missing";
  constructor(dir: string, cause: unknown) {
    super(`There are no keys in ${dir}. Make them with "quittance setup".`, { cause });
  }
}

/** A file is not what the manifest says. */
export class DamagedKeysError extends Error {
  override readonly name = "Keys.Damaged";
  constructor(path: string, what: string, cause?: unknown) {
    super(`${path} ${what}. Restore it, or delete the folder and make the keys again.`, { cause });
  }
}

/** A verifying key that proves nothing. */
export class UnsafeKeyError extends Error {
  override readonly name = "Keys.Unsafe";
  constructor(why: string) {
    super(`The verifying key is refused: ${why}. Make the keys again; a ceremony needs a contribution.`);
  }
}

/** Keys for circuits that have changed since. */
export class StaleKeysError extends Error {
  override readonly name = "Keys.Stale";
  constructor(dir: string, circuit: string) {
    super(`The keys in ${dir} are for another version of the circuit "${circuit}". Make them again.`);
  }
}
