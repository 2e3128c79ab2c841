/**
 * Durable files and the content-addressed store.
 *
 * Work is a graph of jobs. A job's key is the SHA-256 of its name, version and inputs; its result is kept
 * under that key. A run that was killed anywhere therefore resumes: what was finished is read back, what was
 * not is done again.
 *
 * The pitfall is the half-written file. Everything here is written to a temporary name in the same folder,
 * flushed to the disk and then renamed, which POSIX makes atomic; a stored result carries the hash of its own
 * bytes in front, so that a file damaged later is noticed, set aside and recomputed instead of believed.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { canonical, type Plain, parsePlain } from "./plain.ts";

export { canonical, type Plain, parsePlain } from "./plain.ts";

/**
 * Writes `data` to `path` so that a reader sees either the old file or the whole new one. Throws {@link
 * WriteError}.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o644): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : data;
    const file = openSync(temporary, "wx", mode);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (cause) {
    removeQuietly(temporary);
    throw new WriteError(path, cause);
  }
}

/** Removes what a failed write left; the reason of the failure is what the caller must hear, not this. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder itself is not there, or is a file.
  }
}

/** Makes a rename or an unlink itself durable. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** SHA-256 of bytes or text, in hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Results of jobs, by the hash of what they were made from. */
export type Store = {
  /** The stored result, or undefined when it is absent or damaged. */
  get(key: string): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Keeps a result; a later `get` with the same key returns the same bytes. */
  put(key: string, bytes: Uint8Array): Promise<void> | void;
};

/** Results of jobs as files: how earlier versions of this program kept them. */
export type ResultFiles = {
  readonly folder: string;
  get(key: string): Uint8Array | undefined;
  put(key: string, bytes: Uint8Array): void;
};

const MAGIC = Buffer.from("quittance-result/1\n");

/** Opens (and makes, when needed) the store in `folder`. `notice` hears of damaged results. */
export function openStore(folder: string, notice: (message: string) => void = () => {}): ResultFiles {
  const pathOf = (key: string): string => join(folder, key.slice(0, 2), key);
  return {
    folder,
    get(key) {
      let file: Uint8Array;
      try {
        file = readFileSync(pathOf(key));
      } catch {
        return undefined;
      }
      const body = file.subarray(MAGIC.length + 32);
      const stored = Buffer.from(file.subarray(MAGIC.length, MAGIC.length + 32)).toString("hex");
      if (Buffer.compare(file.subarray(0, MAGIC.length), MAGIC) === 0 && stored === sha256(body)) return body;
      notice(`The stored result ${key} is damaged; it is set aside as ${key}.damaged and computed again.`);
      renameSync(pathOf(key), `${pathOf(key)}.damaged`);
      return undefined;
    },
    put(key, bytes) {
      writeFileAtomic(pathOf(key), Buffer.concat([MAGIC, Buffer.from(sha256(bytes), "hex"), bytes]));
    },
  };
}

/** What a job is: the same name, version and inputs always give the same result. */
export type Job = { readonly name: string; readonly version: number; readonly inputs: Plain };

/** The key of a job: SHA-256 over its canonical text. */
export function jobKey(job: Job): string {
  return sha256(canonical({ name: job.name, version: job.version, inputs: job.inputs }));
}

/**
 * Reads the job's result from the store, or computes and keeps it. The result must survive {@link canonical}.
 */
export async function runJob<T>(store: Store, job: Job, compute: () => Promise<T & Plain>): Promise<T> {
  const key = jobKey(job);
  const kept = await store.get(key);
  if (kept !== undefined) return parsePlain(Buffer.from(kept).toString("utf8")) as T;
  const result = await compute();
  await store.put(key, Buffer.from(canonical(result), "utf8"));
  return result;
}

/** A file could not be written; nothing that was there before is lost. */
export class WriteError extends Error {
  override readonly name = "Store.WriteError";
  constructor(path: string, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException | undefined)?.code;
    const remedy =
      code === "ENOSPC"
        ? "the disk is full: free some space and run the same command again, it resumes where it stopped"
        : code === "EACCES" || code === "EPERM" || code === "EROFS"
          ? "the folder cannot be written: check its permissions or choose another with --project"
          : "run the same command again; it resumes where it stopped";
    super(`Could not write ${path} (${code ?? String(cause)}): ${remedy}.`, { cause });
  }
}
