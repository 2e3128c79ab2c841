/**
 * Files that a worker reads once and keeps: proving keys and compiled witness generators.
 *
 * A worker proves many statements of few circuits. What it has read stays until the budget is needed for
 * something read later; the least recently used goes first. A file is known by its path, size and time of
 * change, so that one that was replaced is read again, and none is hashed for every proof.
 *
 * Pitfall: two proofs of one circuit may start together; they share one reading, which is why promises are
 * kept and not values.
 */

import { readFile, stat } from "node:fs/promises";

/** Reads a file, or gives what an earlier reading made of it. */
export type FileCache<T> = (path: string) => Promise<T>;

/**
 * A cache of its own for one kind of file.
 *
 * @param budgetBytes most that the sizes of the kept files may add up to; one that is larger is not kept
 * @param make what to keep instead of the bytes; its size is taken to be the file's
 */
export function fileCache<T>(
  budgetBytes: number,
  make: (bytes: Buffer, path: string) => T | Promise<T>,
): FileCache<T> {
  // A Map keeps the order of insertion, and each use inserts anew: the first is the least recently used.
  const kept = new Map<string, { readonly version: string; readonly bytes: number; value: Promise<T> }>();
  return async (path) => {
    const { size, mtimeNs, ino } = await stat(path, { bigint: true });
    const version = `${size}/${mtimeNs}/${ino}`;
    const found = kept.get(path);
    if (found?.version === version) {
      kept.delete(path);
      kept.set(path, found);
      return found.value;
    }
    const value = readFile(path).then((bytes) => make(bytes, path));
    const entry = { version, bytes: Number(size), value };
    kept.delete(path);
    kept.set(path, entry);
    value.catch(() => {
      if (kept.get(path) === entry) kept.delete(path);
    });
    let total = [...kept.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [oldest, { bytes }] of kept) {
      if (total <= budgetBytes) break;
      kept.delete(oldest);
      total -= bytes;
    }
    return value;
  };
}
