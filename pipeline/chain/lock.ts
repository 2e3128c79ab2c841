/**
 * A lock file: one process at a time uses what it guards.
 *
 * The file holds the process id of its owner. A lock whose owner is gone (a killed run) is taken over.
 * Within a process a set remembers what is held, because a new process may have got a dead one's id.
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

const held = new Set<string>();
const WAIT_MS = 100;

/** Takes the lock, waiting up to `waitMs` for its owner. Returns the release. Throws {@link LockedError}. */
export async function acquireLock(path: string, waitMs = 0): Promise<() => void> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const owner = tryLock(path);
    if (owner === undefined) {
      held.add(path);
      return () => {
        if (held.delete(path)) rmSync(path, { force: true });
      };
    }
    if (Date.now() >= deadline) throw new LockedError(path, owner);
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
}

/** Takes the lock (returns `undefined`) or names its owner. Linked when written: no lock is ever empty. */
function tryLock(path: string): number | undefined {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${path}.${process.pid}.tmp`;
  rmSync(own, { force: true });
  const file = openSync(own, "wx", 0o644);
  try {
    writeSync(file, String(process.pid));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(own, path);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const owner = ownerOf(path);
    if (owner !== undefined && isAlive(owner, path)) return owner;
    if (owner !== undefined) removeStale(path, owner);
    return tryLock(path);
  } finally {
    rmSync(own, { force: true });
  }
}

/** Moves a dead owner's lock away. If another process was faster, its own was moved: it is put back. */
function removeStale(path: string, owner: number): void {
  const aside = `${path}.${process.pid}.stale.tmp`;
  try {
    renameSync(path, aside);
    if (!Object.is(ownerOf(aside), owner)) linkSync(aside, path);
  } catch {
    // Gone already, or taken again: the next try tells.
  } finally {
    rmSync(aside, { force: true });
  }
}

function ownerOf(path: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(path, "utf8"), 10);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isAlive(pid: number, path: string): boolean {
  if (pid === process.pid) return held.has(path);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Another process holds the lock. */
export class LockedError extends Error {
  override readonly name = "Lock.Held";
  constructor(path: string, owner: number) {
    super(`Process ${owner} is using this (${path}). Wait for it to end, or end it; nothing was changed.`);
  }
}
