/**
 * An agent's storage in a folder: a file a name, written whole or not at all and flushed to the disk. Agents
 * in several processes may share it; a lock keeps their changes apart.
 *
 * Files are readable by their owner only: keys of requests lie in them, and whoever has a key can fetch the
 * answer.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { acquireLock } from "../chain/lock.ts";
import { writeFileAtomic } from "../store.ts";
import { type AgentStorage, oneByOne } from "./storage.ts";

/** How long one change of another process may take. */
const LOCK_WAIT_MS = 30_000;

/** Opens (and makes, when needed) a folder. */
export function folderStorage(folder: string): AgentStorage {
  const root = resolve(folder);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const inTurn = oneByOne();
  const pathOf = (name: string): string => join(root, `${name}.json`);
  return {
    read: async (name) => (existsSync(pathOf(name)) ? readFileSync(pathOf(name), "utf8") : undefined),
    write: async (name, text) => writeFileAtomic(pathOf(name), text, 0o600),
    async list(prefix) {
      return readdirSync(root, { recursive: true, encoding: "utf8" })
        .filter((name) => name.startsWith(prefix) && name.endsWith(".json"))
        .map((name) => name.slice(0, -".json".length))
        .sort();
    },
    exclusively: (work) =>
      inTurn(async () => {
        const release = await acquireLock(join(root, "lock"), LOCK_WAIT_MS);
        try {
          return await work();
        } finally {
          release();
        }
      }),
  };
}
