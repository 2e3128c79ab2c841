/**
 * `setup`: circuits compiled and proving keys at hand, each made once and cached.
 *
 * Local keys are made here from a secret that is thrown away; they are for development and a contract takes
 * them on a local chain only. Ceremony keys come from a powers-of-tau file that the user brings.
 */

import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import {
  buildCircuit,
  CIRCUIT_NAMES,
  type Circuit,
  type CircuitName,
  DamagedKeysError,
  type Keys,
  loadKeys,
  MANIFEST_FILE,
  makeLocalKeys,
  type ProfileName,
} from "../prover/index.ts";
import { cacheFolder, keysFolder } from "./environment.ts";

/** Circuits and keys, ready for proving. */
export type Ready = { readonly circuits: Readonly<Record<CircuitName, Circuit>>; readonly keys: Keys };

/** Compiles what is missing, two at a time. */
export async function readyCircuits(
  profile: ProfileName,
  report: (done: number, total: number, detail?: string) => void = () => {},
): Promise<Record<CircuitName, Circuit>> {
  const waiting: CircuitName[] = [...CIRCUIT_NAMES];
  const built = new Map<CircuitName, Circuit>();
  const worker = async (): Promise<void> => {
    for (let circuit = waiting.shift(); circuit !== undefined; circuit = waiting.shift()) {
      report(built.size, CIRCUIT_NAMES.length, circuit);
      built.set(circuit, await buildCircuit({ profile, circuit, cacheDir: cacheFolder() }));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  return Object.fromEntries(built) as Record<CircuitName, Circuit>;
}

/**
 * Loads the profile's keys; when there are none (or they belong to other circuits) and no folder was named by
 * the user, makes local ones. Throws {@link KeysMissingError} when the named folder has none.
 */
export async function readyKeys(
  profile: ProfileName,
  circuits: Readonly<Record<CircuitName, Circuit>>,
  report: (done: number, total: number, detail?: string) => void = () => {},
): Promise<Keys> {
  const folder = keysFolder(profile);
  const named = process.env["QUITTANCE_KEYS"] !== undefined;
  if (existsSync(join(folder, MANIFEST_FILE))) {
    try {
      const keys = await loadKeys(folder);
      const stale = CIRCUIT_NAMES.filter(
        (name) => keys.manifest.circuits[name].circuitHash !== circuits[name].hash,
      );
      if (stale.length === 0) return keys;
      if (named || keys.manifest.kind !== "local") throw new KeysStaleError(folder, stale);
    } catch (error) {
      // Local keys in the cache can be made again; an earlier version may have left fewer, or damaged ones.
      if (named || !(error instanceof DamagedKeysError) || !(await areLocal(folder))) throw error;
      await rm(folder, { recursive: true });
      report(0, 1, "the cached keys are of an earlier version or damaged; making new ones");
    }
  } else if (named) {
    throw new KeysMissingError(folder);
  }
  return makeLocalKeys({
    circuits: CIRCUIT_NAMES.map((name) => circuits[name]),
    dir: folder,
    threads: availableParallelism(),
    onProgress: (message) => report(0, 1, message),
  });
}

/** Whether a folder of keys, readable or not, is marked as local ones: never throw away a ceremony's. */
async function areLocal(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, MANIFEST_FILE), "utf8");
  return !/"kind"\s*:\s*"ceremony"/.test(text);
}

/** No keys in the folder that the user named. */
export class KeysMissingError extends Error {
  override readonly name = "Setup.KeysMissing";
  constructor(folder: string) {
    super(
      `There are no proving keys in ${folder}. Make them with "quittance setup", or correct QUITTANCE_KEYS.`,
    );
  }
}

/** The keys were made for other circuits. */
export class KeysStaleError extends Error {
  override readonly name = "Setup.KeysStale";
  constructor(folder: string, circuits: readonly string[]) {
    super(
      `The keys in ${folder} were made for other versions of: ${circuits.join(", ")}. ` +
        `Run "quittance setup" again, or use the program version that the keys were made for.`,
    );
  }
}
