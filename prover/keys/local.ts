/**
 * Proving keys for development, made from a secret that this process knows.
 *
 * snarkjs's own way to a key goes through a powers-of-tau file: minutes to hours at the sizes of the default
 * profile, none of which buys anything on one's own machine. Knowing τ, α, β, δ, every point of a key is a
 * known multiple of the generator: evaluate the circuit's polynomials at τ in the scalar field (qap.ts),
 * multiply (points.ts), and write snarkjs's file format in place (zkey.ts). Seconds a circuit.
 *
 * What that costs: whoever knows the secret can prove anything. It is drawn fresh, derived into its parts,
 * wiped where JavaScript lets memory be wiped (its big integers are left to the collector), and never
 * written; even so these keys are for local chains only, say so in their manifest and in the file itself, and
 * the contract refuses them elsewhere.
 *
 * All keys of one folder share τ, α, β and γ = 1, so that a verifier can check proofs of different circuits
 * together; each circuit has its own δ, never 1.
 */

import { createHmac, randomBytes } from "node:crypto";
import { open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Circuit, Progress } from "../artifacts.ts";
import { exportVkey } from "../engine/snarkjs.ts";
import { FIELD } from "../field.ts";
import { CIRCUIT_NAMES, type CircuitName } from "../profile.ts";
import { countNonZeros, parseR1cs } from "../r1cs.ts";
import { hashFile, stageFolder } from "../staging.ts";
import { hashVkey, type Keys, loadKeys, MANIFEST_FILE, readManifest } from "./manifest.ts";
import type { Group } from "./points.ts";
import { isUsable, type KeyScalars, type Secret, shapeOf } from "./qap.ts";
import type { CircuitKey, KeyManifest } from "./verifying.ts";
import { type KeyThreads, startKeyThreads } from "./worker.ts";
import { element, G1_BYTES, G2_BYTES, type Section, type ZkeyShape, zkeyFrame, zkeyLayout } from "./zkey.ts";

/** What a key is made for: a name for its files and progress lines, and the constraint system. */
export type KeySubject = { readonly name: string; readonly r1csPath: string };

/** How long each key took, from its first task to its last. */
export type KeyTimes = Readonly<Record<string, number>>;

type Common = {
  /** Makes the keys reproducible; only for tests. Otherwise the secret is drawn and forgotten. */
  readonly seed?: Uint8Array | undefined;
  readonly threads?: number | undefined;
  readonly onProgress?: Progress | undefined;
};

const CHUNK_POINTS = 16384;
const MAX_POWER = 27;

/**
 * Makes local keys for every circuit of a profile; keys for the same circuits that already stand in `dir` are
 * kept.
 *
 * @param options.circuits the three circuits of one profile
 * @param options.dir the folder to make: it appears whole or not at all
 * @throws {KeyFolderError} if `dir` holds something else, ceremony keys included
 * @example const keys = await makeLocalKeys({ circuits, dir: "project/keys", onProgress: console.log });
 */
export async function makeLocalKeys(
  options: { readonly circuits: readonly Circuit[]; readonly dir: string } & Common,
): Promise<Keys> {
  const { circuits, dir } = options;
  const profile = circuits[0]?.profile;
  const isComplete = CIRCUIT_NAMES.every((name) => circuits.filter((c) => c.name === name).length === 1);
  if (!profile || !isComplete || circuits.some((c) => c.profile !== profile)) throw new CircuitSetError();
  const existing = await reusable(dir, circuits);
  if (existing) return existing;
  await stageFolder(
    dir,
    async (folder) => {
      await writeLocalKeys({ ...options, subjects: circuits, folder });
      const entries = {} as Record<CircuitName, CircuitKey>;
      for (const circuit of circuits) entries[circuit.name] = await describeKey(folder, circuit);
      const manifest: KeyManifest = {
        format: "quittance-keys/1",
        kind: "local",
        insecure: true,
        profile,
        createdAt: new Date().toISOString(),
        circuits: entries,
      };
      await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    },
    async () => (await reusable(dir, circuits)) !== undefined,
  );
  return loadKeys(dir, { circuits });
}

/**
 * Makes keys for any circuits that share one secret: `NAME.zkey` and `NAME.vkey.json` in `folder`, no
 * manifest.
 *
 * @returns milliseconds for each, from its first task to its last
 */
export async function writeLocalKeys(
  options: { readonly subjects: readonly KeySubject[]; readonly folder: string } & Common,
): Promise<KeyTimes> {
  const { folder, onProgress = () => {} } = options;
  const draw = secretSource(options.seed);
  const subjects = await Promise.all(
    options.subjects.map(async ({ name, r1csPath }) => {
      const r1cs = parseR1cs(await readFile(r1csPath));
      return { name, r1csPath, shape: shapeOf(r1cs, countNonZeros(r1cs)) };
    }),
  );
  const threads = Math.max(1, options.threads ?? Math.min(availableParallelism(), 16));
  const pool = startKeyThreads(threads, pointsPerThread(subjects, threads));
  const times: Record<string, number> = {};
  try {
    await Promise.all(
      subjects.map(async (subject) => {
        const started = performance.now();
        await writeZkey(pool, subject, draw(subject.name), join(folder, `${subject.name}.zkey`));
        const vkey = await exportVkey(join(folder, `${subject.name}.zkey`));
        await writeFile(join(folder, `${subject.name}.vkey.json`), `${JSON.stringify(vkey, null, 2)}\n`);
        times[subject.name] = Math.round(performance.now() - started);
        onProgress(`${subject.name}: local key made, insecure by nature`);
      }),
    );
  } finally {
    await pool.close();
  }
  return times;
}

type Shaped = KeySubject & { readonly shape: ZkeyShape };

async function writeZkey(pool: KeyThreads, subject: Shaped, secret: Secret, path: string): Promise<void> {
  const { shape } = subject;
  const layout = zkeyLayout(shape);
  const file = await open(path, "w");
  try {
    await file.truncate(layout.bytes);
    const { fd } = file;
    const scalars = await pool.run({
      kind: "evaluate",
      r1csPath: subject.r1csPath,
      secret,
      fd,
      at: layout.start[4] + 4,
    });
    const points = (group: Group, values: readonly bigint[]): Promise<Uint8Array> =>
      pool.run({ kind: "points", group, scalars: Buffer.concat(values.map(element)) });
    const g1 = await points("g1", [secret.alpha, secret.beta, secret.delta]);
    const g2 = await points("g2", [secret.beta, 1n, secret.delta]);
    const frame = zkeyFrame(shape, {
      alpha1: g1.subarray(0, G1_BYTES),
      beta1: g1.subarray(G1_BYTES, 2 * G1_BYTES),
      delta1: g1.subarray(2 * G1_BYTES),
      beta2: g2.subarray(0, G2_BYTES),
      gamma2: g2.subarray(G2_BYTES, 2 * G2_BYTES),
      delta2: g2.subarray(2 * G2_BYTES),
    });
    for (const { at, bytes } of frame) await file.write(bytes, 0, bytes.length, at);
    await Promise.all(
      runs(shape, scalars).flatMap(({ section, group, values }) =>
        chunks(values).map(({ scalars, from }) => {
          const at = layout.start[section] + from * (group === "g1" ? G1_BYTES : G2_BYTES);
          return pool.run({ kind: "multiply", group, scalars, fd, at });
        }),
      ),
    );
    for (const values of Object.values(scalars)) values.fill(0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Which scalars become the points of which section. */
function runs(
  { publicCount }: ZkeyShape,
  { a, b, k, h }: KeyScalars,
): { section: Section; group: Group; values: Uint8Array }[] {
  const split = 32 * (publicCount + 1);
  return [
    { section: 7, group: "g2", values: b },
    { section: 3, group: "g1", values: k.subarray(0, split) },
    { section: 9, group: "g1", values: h },
    { section: 8, group: "g1", values: k.subarray(split) },
    { section: 5, group: "g1", values: a },
    { section: 6, group: "g1", values: b },
  ];
}

/** Copies, because a view that is sent to a thread takes all of its buffer along. */
function chunks(values: Uint8Array): { scalars: Uint8Array; from: number }[] {
  const pieces: { scalars: Uint8Array; from: number }[] = [];
  for (let from = 0; from < values.length / 32; from += CHUNK_POINTS) {
    pieces.push({ scalars: values.slice(32 * from, 32 * (from + CHUNK_POINTS)), from });
  }
  return pieces;
}

function pointsPerThread(subjects: readonly Shaped[], threads: number): Record<Group, number> {
  let [g1, g2] = [0, 0];
  for (const { shape } of subjects) {
    g1 += 3 * shape.wires + shape.domain;
    g2 += shape.wires;
  }
  return { g1: Math.ceil(g1 / threads), g2: Math.ceil(g2 / threads) };
}

/** Derives the parts of the secret from one seed: HMAC-SHA512 of a label, reduced, never 0 or 1. */
function secretSource(given: Uint8Array | undefined): (name: string) => Secret {
  const seed = given ? Uint8Array.from(given) : new Uint8Array(randomBytes(64));
  const scalar = (label: string, isGood: (value: bigint) => boolean): bigint => {
    for (let attempt = 0; ; attempt++) {
      const digest = createHmac("sha512", seed)
        .update(`quittance local key ${label} ${attempt}`)
        .digest("hex");
      const value = BigInt(`0x${digest}`) % FIELD;
      if (value > 1n && isGood(value)) return value;
    }
  };
  const tau = scalar("tau", (value) => isUsable(value, MAX_POWER));
  const alpha = scalar("alpha", () => true);
  const beta = scalar("beta", () => true);
  return (name) => ({ tau, alpha, beta, delta: scalar(`delta ${name}`, () => true) });
}

async function describeKey(folder: string, circuit: Circuit): Promise<CircuitKey> {
  const zkey = `${circuit.name}.zkey`;
  const vkey = `${circuit.name}.vkey.json`;
  return {
    circuitHash: circuit.hash,
    zkey: {
      file: zkey,
      sha256: await hashFile(join(folder, zkey)),
      bytes: (await stat(join(folder, zkey))).size,
    },
    vkey: { file: vkey, sha256: await hashFile(join(folder, vkey)) },
    vkeyHash: hashVkey(JSON.parse(await readFile(join(folder, vkey), "utf8"))),
  };
}

/** Keys in `dir` for these circuits; undefined if there are none or they are outdated local ones. */
async function reusable(dir: string, circuits: readonly Circuit[]): Promise<Keys | undefined> {
  const names = await readdir(dir).catch((): string[] => []);
  if (names.length === 0) return undefined;
  if (!names.includes(MANIFEST_FILE)) throw new KeyFolderError(dir, "holds other files");
  if ((await readManifest(dir)).kind !== "local") throw new KeyFolderError(dir, "holds keys from a ceremony");
  return loadKeys(dir, { circuits }).catch(() => undefined);
}

/** Not exactly the circuits of one profile. */
export class CircuitSetError extends Error {
  override readonly name = "LocalKeys.CircuitSet";
  constructor() {
    super(
      `Keys are made for all circuits of a profile together: give each of ${CIRCUIT_NAMES.join(", ")} once.`,
    );
  }
}

/** The folder is not for local keys. */
export class KeyFolderError extends Error {
  override readonly name = "LocalKeys.Folder";
  constructor(dir: string, what: string) {
    super(`${dir} ${what}, and is not overwritten with local keys. Name another folder, or move it away.`);
  }
}
