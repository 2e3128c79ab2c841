/**
 * Content by its own hash: samples' records, features, inputs of jobs, proofs, keys. The name of a blob is
 * the SHA-256 of its bytes, so it never changes, two writers cannot disagree, and whoever reads it checks it.
 *
 * By default a folder, `ab/abcdef…` below it; several machines may share one over a network file system, or a
 * bucket (bucket.ts). Blobs hold private data (features, weights): keep the folder or the bucket private.
 */
import { createHash, randomBytes } from "node:crypto";
import { constants, createReadStream, existsSync } from "node:fs";
import { copyFile, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { sha256, WriteError, writeFileAtomic } from "../store.ts";

/** Content by hash. Whatever is read was checked against its name. */
export type Blobs = {
  /** For messages: where it is, without credentials. */
  readonly where: string;
  has(hash: string): Promise<boolean>;
  /** The bytes, or undefined if they are not here or damaged. */
  get(hash: string): Promise<Uint8Array | undefined>;
  /** Keeps bytes, durably, and returns their hash. */
  put(bytes: Uint8Array): Promise<string>;
  /** Keeps a file whose hash is known; for what is too large to hold in memory. */
  putFile(path: string, hash: string): Promise<void>;
  /** Writes a blob to a file, whole or not at all; false if it is not here. */
  getFile(hash: string, path: string): Promise<boolean>;
  remove(hash: string): Promise<void>;
};

/** The blob store in a folder. `notice` hears of damaged blobs. */
export function openBlobFolder(folder: string, notice: (message: string) => void = () => {}): Blobs {
  const pathOf = (hash: string): string => join(folder, hash.slice(0, 2), hash);
  const blobs: Blobs = {
    where: `the folder ${folder}`,
    has: async (hash) => existsSync(pathOf(hash)),
    async get(hash) {
      let bytes: Uint8Array;
      try {
        bytes = await readFile(pathOf(hash));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
      if (sha256(bytes) === hash) return bytes;
      notice(`The stored content ${hash} is damaged; it is set aside as ${hash}.damaged and made again.`);
      await rename(pathOf(hash), `${pathOf(hash)}.damaged`);
      return undefined;
    },
    async put(bytes) {
      const hash = sha256(bytes);
      if (!existsSync(pathOf(hash))) writeFileAtomic(pathOf(hash), bytes);
      return hash;
    },
    async putFile(path, hash) {
      if (!existsSync(pathOf(hash))) await copyWhole(path, pathOf(hash));
    },
    async getFile(hash, path) {
      if (!existsSync(pathOf(hash))) return false;
      await copyWhole(pathOf(hash), path);
      if ((await hashFile(path)) === hash) return true;
      await rm(path);
      notice(`The stored content ${hash} is damaged; it is set aside as ${hash}.damaged.`);
      await rename(pathOf(hash), `${pathOf(hash)}.damaged`);
      return false;
    },
    remove: (hash) => rm(pathOf(hash), { force: true }),
  };
  return blobs;
}

/** Copies a file so that the target is there whole or not at all. Throws {@link WriteError}. */
export async function copyWhole(from: string, to: string): Promise<void> {
  await writeWhole(to, (temporary) => copyFile(from, temporary, constants.COPYFILE_FICLONE));
}

/** Has `write` fill a temporary file, flushes it and renames it to `path`. Throws {@link WriteError}. */
export async function writeWhole(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await write(temporary);
    const file = await open(temporary, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new WriteError(path, cause);
  }
}

/** SHA-256 of a file, in hex, without reading it into memory. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
