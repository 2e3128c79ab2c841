/**
 * Folders that are either whole or absent.
 *
 * A result that takes minutes to make is built in a folder beside its final place and renamed there at the
 * end; renaming a folder is atomic, so that a reader never meets half a result and a killed run leaves only a
 * folder that nobody reads. Two builders of the same result do not meet either: each has its own folder, the
 * second to finish finds the place taken and throws its own away. What dead builders left is swept by the
 * next one.
 */

import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Builds `target` through a temporary sibling.
 *
 * @param target where the folder shall stand
 * @param build fills the temporary folder that it is given
 * @param isWhole says whether a folder that already stands at `target` may be used; a damaged one is replaced
 */
export async function stageFolder(
  target: string,
  build: (folder: string) => Promise<void>,
  isWhole: (folder: string) => Promise<boolean>,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await sweep(target);
  const folder = `${target}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  await mkdir(folder);
  try {
    await build(folder);
    await syncFolder(folder);
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        await rename(folder, target);
        return;
      } catch (error) {
        if (!isTaken(error)) throw error;
        if (await isWhole(target)) return;
        // What stands there is damaged: out of the way in one step, then try again.
        const doomed = `${folder}.old`;
        await rename(target, doomed).catch(ignoreMissing);
        await rm(doomed, { recursive: true, force: true });
      }
    }
    throw new StagingError(target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** SHA-256 of a file in lower-case hex, read as a stream. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function syncFolder(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = await open(join(folder, entry.name), "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

async function sweep(target: string): Promise<void> {
  const prefix = `${basename(target)}.`;
  for (const name of await readdir(dirname(target))) {
    const pid = name.startsWith(prefix) && /^(\d+)\.[0-9a-f]{8}\.tmp/.exec(name.slice(prefix.length))?.[1];
    if (pid && !isAlive(Number(pid))) await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isTaken(error: unknown): boolean {
  return ["ENOTEMPTY", "EEXIST", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

/** Others kept putting damaged folders in the place. */
export class StagingError extends Error {
  override readonly name = "Staging.Contended";
  constructor(target: string) {
    super(
      `${target} could not be put in place. Stop other runs that use this cache, delete it and try again.`,
    );
  }
}
