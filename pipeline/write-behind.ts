/**
 * A map that is written behind the back of whoever uses it.
 *
 *     get(key) = what was put last, be it on its way to the disk or there already
 *
 * A put returns at once and one write at a time follows, with all that has gathered meanwhile, in the order
 * of the puts and never a part of one. It is for what can be made again: after a kill the last puts may be
 * missing, never any before them. A write that fails is told once, what it held stays in memory, and a put
 * after some time tries again.
 */
import type { KeyValue } from "./engine/level.ts";

const RETRY_MS = 1_000;
/** Written for the flush's sake: a write of nothing is no write. */
const DURABLE_KEY = "durable";

/** Keys and their values; undefined removes. */
export type Entries = Iterable<readonly [key: string, value: string | undefined]>;

/** A map with writes on their way. */
export type WriteBehind = {
  get(key: string): string | undefined;
  /** Puts all of it or, after a kill, nothing. */
  put(entries: Entries): void;
  /** Waits until everything is written; with `durable` it outlives a power cut. Throws KeyValueError. */
  flush(durable?: boolean): Promise<void>;
  /** Writes what is left, if that is possible, and closes the map. */
  close(): Promise<void>;
};

/** Puts a map behind. `failed` hears of the first write that fails. */
export function writeBehind(map: KeyValue, failed: (error: unknown) => void): WriteBehind {
  let waiting = new Map<string, string | undefined>();
  let writing = new Map<string, string | undefined>();
  let running: Promise<void> | undefined;
  let isTold = false;
  let retryAt = 0;
  const writeOnce = async (): Promise<void> => {
    writing = waiting;
    waiting = new Map();
    try {
      await map.write(writing, false);
    } catch (error) {
      for (const [key, value] of waiting) writing.set(key, value);
      waiting = writing;
      retryAt = Date.now() + RETRY_MS;
      throw error;
    } finally {
      writing = new Map();
    }
  };
  const run = (): Promise<void> => {
    running ??= (async () => {
      while (waiting.size > 0) await writeOnce();
    })().finally(() => {
      running = undefined;
    });
    return running;
  };
  const flush = async (durable = false): Promise<void> => {
    await run();
    if (durable) await map.write([[DURABLE_KEY, ""]], true);
  };
  return {
    get(key) {
      for (const pending of [waiting, writing]) if (pending.has(key)) return pending.get(key);
      return map.get(key);
    },
    put(entries) {
      for (const [key, value] of entries) waiting.set(key, value);
      if (Date.now() < retryAt) return;
      run().catch((error) => {
        if (!isTold) failed(error);
        isTold = true;
      });
    },
    flush,
    async close() {
      await flush().catch(() => {});
      await map.close();
    },
  };
}
