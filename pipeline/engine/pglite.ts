/**
 * Postgres inside this process: the only file that knows PGlite.
 *
 * A new database takes some seconds to initialise and always looks the same, so an empty one is made once per
 * machine, under the cache, and copied: both with a rename at the end, so that a kill leaves nothing half
 * made. One process at a time may have a folder open; the project's lock sees to that.
 *
 * A killed process loses nothing that was committed: what it wrote lies with the operating system, and the
 * write-ahead log is replayed on the next opening. Against a power cut it is weaker than the files of this
 * project, which are flushed one by one; therefore it holds only what can be made again.
 */
import { randomBytes } from "node:crypto";
import { constants, existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PGlite } from "@electric-sql/pglite";

/** The engine makes its files writable by everybody: the folder around them is what keeps others out. */
const OWNER_ONLY = 0o700;

/** An open embedded database. */
export type Embedded = PGlite;

/**
 * Opens the database in `folder`, making it when it is not there. `cache` is where the empty one is kept.
 * Throws what the engine throws; see durable/database.ts for what that means to a user.
 */
export async function openEmbedded(folder: string, cache: string): Promise<Embedded> {
  if (!existsSync(folder)) await copyFolder(await emptyDatabase(cache), folder);
  return opened(folder);
}

async function opened(folder: string): Promise<PGlite> {
  // Loaded when it is needed: most commands run no job.
  const { PGlite } = await import("@electric-sql/pglite");
  const database = new PGlite(folder);
  await database.waitReady;
  return database;
}

async function emptyDatabase(cache: string): Promise<string> {
  const entry = fileURLToPath(import.meta.resolve("@electric-sql/pglite"));
  const { version } = JSON.parse(await readFile(join(dirname(entry), "..", "package.json"), "utf8")) as {
    version: string;
  };
  const target = join(cache, `pglite-${version}`);
  if (existsSync(target)) return target;
  const staging = stagingOf(target);
  await mkdir(cache, { recursive: true });
  const database = await opened(staging);
  await database.close();
  await chmod(staging, OWNER_ONLY);
  await into(staging, target);
  return target;
}

async function copyFolder(from: string, to: string): Promise<void> {
  const staging = stagingOf(to);
  await mkdir(dirname(to), { recursive: true });
  try {
    await cp(from, staging, { recursive: true, mode: constants.COPYFILE_FICLONE });
    await chmod(staging, OWNER_ONLY);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
  await into(staging, to);
}

/** Renames into place; whoever comes second finds the place taken and throws his own away. */
async function into(staging: string, target: string): Promise<void> {
  try {
    await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}

const stagingOf = (target: string): string =>
  `${target}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
