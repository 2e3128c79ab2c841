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
import type { VerifyingKey } from "../groth16.ts";
import { CIRCUIT_NAMES, type CircuitName } from "../profile.ts";
import { hashFile } from "../staging.ts";
import {
  assertSafeVkey,
  type CircuitKey,
  type KeyManifest,
  parseManifest,
  type VerifyingKeys,
  vkeyText,
} from "./verifying.ts";

/** Checked keys, ready to use. */
export type Keys = VerifyingKeys & {
  readonly dir: string;
  readonly zkeyPath: (circuit: CircuitName) => string;
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
    return parseManifest(JSON.parse(text));
  } catch (cause) {
    throw new DamagedKeysError(path, "is not a manifest of keys", cause);
  }
}

/** SHA-256 of a verifying key in one spelling: keys sorted, no white space. */
export function hashVkey(vkey: VerifyingKey): string {
  return createHash("sha256").update(vkeyText(vkey)).digest("hex");
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

/** Keys for circuits that have changed since. */
export class StaleKeysError extends Error {
  override readonly name = "Keys.Stale";
  constructor(dir: string, circuit: string) {
    super(`The keys in ${dir} are for another version of the circuit "${circuit}". Make them again.`);
  }
}
