/**
 * Where things lie on this machine. Circuits, keys and the backbone are the same for every project, so they
 * are cached once, under `QUITTANCE_CACHE` or `.cache` beside the program; a project folder holds only what
 * is its own.
 */
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the program itself. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** The shared cache. */
export function cacheFolder(): string {
  return resolve(process.env["QUITTANCE_CACHE"] || join(ROOT, ".cache"));
}

/** The folder of a profile's proving keys: `QUITTANCE_KEYS`, or the local keys in the cache. */
export function keysFolder(profile: string): string {
  return resolve(process.env["QUITTANCE_KEYS"] || join(cacheFolder(), "keys", `${profile}-local`));
}

/** How many proofs run side by side: `QUITTANCE_THREADS`, or one a core. Throws {@link ThreadsError}. */
export function proverThreads(): number {
  const text = process.env["QUITTANCE_THREADS"];
  if (text === undefined) return Math.max(1, availableParallelism());
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) throw new ThreadsError(text);
  return threads;
}

/** `QUITTANCE_THREADS` is not a number of threads. */
export class ThreadsError extends Error {
  override readonly name = "Environment.Threads";
  constructor(text: string) {
    super(`QUITTANCE_THREADS is "${text}"; set it to a whole number from 1 to 256, or unset it.`);
  }
}
