/**
 * Keys that rest on a ceremony: a public powers-of-tau file and contributions to each circuit's second phase.
 *
 * The secret behind such keys is a product of every contributor's; one who forgets their part makes it
 * unknowable. Three steps, on a folder that is handed from one contributor to the next:
 *
 *   begin       checks the powers-of-tau file (its hash, if one is pinned, and every contribution in it) and
 *               derives the first zkey of each circuit; under that one anybody can forge, δ = γ
 *   contribute  multiplies δ by a number drawn and forgotten on this machine
 *   finish      applies a public random beacon, verifies everything from the circuit and the powers of tau
 *               onwards, and writes keys with the transcript in their manifest
 *
 * `finish` trusts nothing that the folder says: snarkjs's verification starts from the r1cs file and the
 * powers-of-tau file. It refuses a ceremony without a contribution, which a beacon alone would make look
 * valid: a beacon is public, so its secret is known to all.
 *
 * Everything is snarkjs's own, through engine/snarkjs.ts: minutes at the sizes of the default profile.
 */

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Circuit, Progress } from "../artifacts.ts";
import {
  beaconPhase2,
  contributePhase2,
  exportVkey,
  startPhase2,
  verifyPhase2,
  verifyPtau,
} from "../engine/snarkjs.ts";
import { CIRCUIT_NAMES, type CircuitName, forEachCircuit, PROFILE_NAMES } from "../profile.ts";
import { hashFile, stageFolder } from "../staging.ts";
import { hashVkey, type Keys, loadKeys, MANIFEST_FILE } from "./manifest.ts";
import { hashesOf, publishedPower } from "./ptau.ts";
import type { CircuitKey, KeyManifest } from "./verifying.ts";

/** A powers-of-tau file, prepared for phase 2. */
export type Ptau = {
  readonly path: string;
  /** SHA-256 in hex that the file must have. Only a published file (ptau.ts) may go without. */
  readonly sha256?: string;
};

/** A public random value that nobody could foresee when the last contribution was made. */
export type Beacon = {
  readonly hex: string;
  /** The value is hashed 2^iterationsExp times: 10 to 63. */
  readonly iterationsExp: number;
};

const STATE_FILE = "ceremony.json";
const stateSchema = z.strictObject({
  format: z.literal("quittance-ceremony/1"),
  profile: z.enum(PROFILE_NAMES),
  ptau: z.strictObject({ sha256: z.string(), bytes: z.number().int() }),
  circuits: z.strictObject(forEachCircuit(z.string())),
  contributions: z.array(
    z.strictObject({ name: z.string(), hashes: z.record(z.enum(CIRCUIT_NAMES), z.string()) }),
  ),
});
type State = z.infer<typeof stateSchema>;

/**
 * Begins a ceremony for the circuits of one profile.
 *
 * @param options.dir the ceremony's folder; it must not exist
 * @throws {PtauError} if the file is not the pinned one or does not verify
 */
export async function beginCeremony(options: {
  readonly circuits: readonly Circuit[];
  readonly ptau: Ptau;
  readonly dir: string;
  readonly onProgress?: Progress;
}): Promise<void> {
  const { circuits, ptau, dir, onProgress = () => {} } = options;
  if (existsSync(dir)) throw new CeremonyError(dir, "exists already");
  const profile = circuits[0]?.profile;
  if (!profile || circuits.some((c) => c.profile !== profile))
    throw new CeremonyError(dir, "needs one profile");
  const found = await checkPtau(ptau, onProgress);
  await stageFolder(
    dir,
    async (folder) => {
      for (const name of CIRCUIT_NAMES) {
        onProgress(`${name}: starting phase 2`);
        await startPhase2(circuitOf(circuits, name, dir).r1csPath, ptau.path, zkeyAt(folder, name, 0));
      }
      const hashes = Object.fromEntries(circuits.map(({ name, hash }) => [name, hash])) as Record<
        CircuitName,
        string
      >;
      const state: State = {
        format: "quittance-ceremony/1",
        profile,
        ptau: found,
        circuits: hashes,
        contributions: [],
      };
      await writeState(folder, state);
    },
    async () => {
      throw new CeremonyError(dir, "exists already");
    },
  );
}

/**
 * Adds a contribution to every circuit.
 *
 * @param options.entropy any text, mixed into this machine's own randomness
 * @returns the contribution's hash for each circuit; publish them
 */
export async function contributeToCeremony(options: {
  readonly dir: string;
  readonly name: string;
  readonly entropy?: string;
}): Promise<Record<CircuitName, string>> {
  const { dir, name, entropy = "" } = options;
  const state = await readState(dir);
  const step = state.contributions.length;
  const hashes = {} as Record<CircuitName, string>;
  for (const circuit of CIRCUIT_NAMES) {
    // Written aside first: a contribution that was cut off must not look like the next step.
    const aside = `${zkeyAt(dir, circuit, step + 1)}.tmp`;
    const secret = `${entropy}${randomBytes(64).toString("hex")}`;
    const hash = await contributePhase2(zkeyAt(dir, circuit, step), aside, name, secret);
    hashes[circuit] = Buffer.from(hash).toString("hex");
    await rename(aside, zkeyAt(dir, circuit, step + 1));
  }
  await writeState(dir, { ...state, contributions: [...state.contributions, { name, hashes }] });
  for (const circuit of CIRCUIT_NAMES) await rm(zkeyAt(dir, circuit, step), { force: true });
  return hashes;
}

/**
 * Ends a ceremony: beacon, verification of the whole, keys.
 *
 * @param options.dir the ceremony's folder
 * @param options.keysDir where the keys shall stand
 * @throws {CeremonyError} if nobody contributed or anything does not verify
 */
export async function finishCeremony(options: {
  readonly circuits: readonly Circuit[];
  readonly ptau: Ptau;
  readonly dir: string;
  readonly keysDir: string;
  readonly beacon: Beacon;
  readonly onProgress?: Progress;
}): Promise<Keys> {
  const { circuits, ptau, dir, keysDir, beacon, onProgress = () => {} } = options;
  const state = await readState(dir);
  const step = state.contributions.length;
  if (step === 0) throw new CeremonyError(dir, "has no contribution; a beacon alone is known to everybody");
  const found = await checkPtau({ ...ptau, sha256: ptau.sha256 ?? state.ptau.sha256 }, onProgress);
  if (existsSync(keysDir)) throw new CeremonyError(keysDir, "exists already");
  await stageFolder(
    keysDir,
    async (folder) => {
      const entries = {} as Record<CircuitName, CircuitKey>;
      const contributions = {} as Record<CircuitName, { name: string; hash: string }[]>;
      for (const name of CIRCUIT_NAMES) {
        const circuit = circuitOf(circuits, name, dir);
        if (circuit.hash !== state.circuits[name])
          throw new CeremonyError(dir, `is for another version of "${name}"`);
        const zkey = join(folder, `${name}.zkey`);
        const hash = await beaconPhase2(zkeyAt(dir, name, step), zkey, "beacon", beacon);
        onProgress(`${name}: verifying from the circuit and the powers of tau`);
        if (!(await verifyPhase2(circuit.r1csPath, await readFile(ptau.path), await readFile(zkey)))) {
          throw new CeremonyError(dir, `does not verify for "${name}"`);
        }
        contributions[name] = [
          ...state.contributions.map(({ name: who, hashes }) => ({ name: who, hash: hashes[name] ?? "" })),
          { name: "beacon", hash: Buffer.from(hash).toString("hex") },
        ];
        entries[name] = await describe(folder, circuit);
      }
      const manifest: KeyManifest = {
        format: "quittance-keys/1",
        kind: "ceremony",
        insecure: false,
        profile: state.profile,
        createdAt: new Date().toISOString(),
        transcript: { ptau: found, contributions, beacon: { ...beacon } },
        circuits: entries,
      };
      await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    },
    async () => {
      throw new CeremonyError(keysDir, "exists already");
    },
  );
  return loadKeys(keysDir, { circuits });
}

async function checkPtau(ptau: Ptau, onProgress: Progress): Promise<State["ptau"]> {
  const bytes = await stat(ptau.path).catch((cause) => {
    throw new PtauError(ptau.path, "cannot be read", cause);
  });
  const { sha256, blake2b } = await hashesOf(ptau.path);
  if (ptau.sha256 === undefined && publishedPower(blake2b) === undefined)
    throw new PtauError(
      ptau.path,
      `is none of the published ones, and no hash was given (--ptau-sha256; it has SHA-256 ${sha256})`,
    );
  if (ptau.sha256 !== undefined && ptau.sha256 !== sha256)
    throw new PtauError(ptau.path, `has the hash ${sha256}`);
  onProgress("powers of tau: verifying");
  const isValid = await verifyPtau(await readFile(ptau.path)).catch((cause) => {
    throw new PtauError(ptau.path, "is not a powers-of-tau file", cause);
  });
  if (!isValid) throw new PtauError(ptau.path, "does not verify");
  return { sha256, bytes: bytes.size };
}

async function describe(folder: string, circuit: Circuit): Promise<CircuitKey> {
  const zkey = `${circuit.name}.zkey`;
  const vkeyFile = `${circuit.name}.vkey.json`;
  const vkey = await exportVkey(join(folder, zkey));
  await writeFile(join(folder, vkeyFile), `${JSON.stringify(vkey, null, 2)}\n`);
  const { size } = await stat(join(folder, zkey));
  return {
    circuitHash: circuit.hash,
    zkey: { file: zkey, sha256: await hashFile(join(folder, zkey)), bytes: size },
    vkey: { file: vkeyFile, sha256: await hashFile(join(folder, vkeyFile)) },
    vkeyHash: hashVkey(vkey),
  };
}

async function readState(dir: string): Promise<State> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(join(dir, STATE_FILE), "utf8")));
  } catch (cause) {
    throw new CeremonyError(dir, "is not the folder of a ceremony", cause);
  }
}

async function writeState(dir: string, state: State): Promise<void> {
  const aside = join(dir, `${STATE_FILE}.tmp`);
  await writeFile(aside, `${JSON.stringify(state, null, 2)}\n`);
  await rename(aside, join(dir, STATE_FILE));
}

function zkeyAt(dir: string, circuit: CircuitName, step: number): string {
  return join(dir, `${circuit}.${String(step).padStart(4, "0")}.zkey`);
}

function circuitOf(circuits: readonly Circuit[], name: CircuitName, dir: string): Circuit {
  const found = circuits.find((circuit) => circuit.name === name);
  if (!found) throw new CeremonyError(dir, `needs the circuit "${name}"`);
  return found;
}

/** The powers-of-tau file is not usable. */
export class PtauError extends Error {
  override readonly name = "Ceremony.Ptau";
  constructor(path: string, what: string, cause?: unknown) {
    super(
      `The powers-of-tau file ${path} ${what}. Fetch it again and compare its hash with the published one.`,
      { cause },
    );
  }
}

/** The ceremony cannot go on. */
export class CeremonyError extends Error {
  override readonly name = "Ceremony.Refused";
  constructor(dir: string, what: string, cause?: unknown) {
    super(`The ceremony ${dir} ${what}. Correct that, or begin a new one in another folder.`, { cause });
  }
}
