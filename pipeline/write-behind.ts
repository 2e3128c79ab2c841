/**
 * A map that is written behind the back of whoever uses it.
 *
 *     get(key) = what was put last, be it on its way to the disk or there already
 *
 * A put returns at once and one write at a time follows, with all that has gathered meanwhile, in the order
 * of the puts and never a part of one. It is for what can be made again: after a kill the last puts may be
 * missing, never any before them. That is why nothing more is written once a write has failed. What stands
 * behind half a write in LevelDB's log is not found when the log is read, so a later write could outlive an
 * earlier one. What was put stays in memory then, until the map is opened again.
 */
import type { KeyValue } from "./engine/level.ts";

/** Written for the flush's sake: a write of nothing is no write. */
const DURABLE_KEY = "durable";

/** Keys and their values; undefined removes. */
export type Entries = Iterable<readonly [key: string, value: string | undefined]>;

/** A map with writes on their way. */
export type WriteBehind = {
  get(key: string): string | undefined;
  /** Puts all of it or, after a kill, nothing. */
  put(entries: Entries): void;
  /** Waits until everything is written; with `durable` it outlives a power cut. Throws what a write threw. */
  flush(durable?: boolean): Promise<void>;
  /** Writes what is left, if that is possible, and closes the map. */
  close(): Promise<void>;
};

/** Puts a map behind. `failed` hears of the write that fails. */
export function writeBehind(map: KeyValue, failed: (error: unknown) => void): WriteBehind {
  let waiting = new Map<string, string | undefined>();
  let writing = new Map<string, string | undefined>();
  let running: Promise<void> | undefined;
  let failure: unknown;
  const writeAll = async (): Promise<void> => {
    try {
      while (waiting.size > 0) {
        writing = waiting;
        waiting = new Map();
        await map.write(writing, false);
        writing = new Map();
      }
    } catch (error) {
      failure = error;
      failed(error);
    } finally {
      // In the same turn as the last look at what waits: nothing is put between the two.
      running = undefined;
    }
  };
  const run = async (): Promise<void> => {
    if (waiting.size > 0) running ??= writeAll();
    await running;
  };
  const flush = async (durable = false): Promise<void> => {
    if (failure === undefined) await run();
    if (failure !== undefined) throw failure;
    if (durable) await map.write([[DURABLE_KEY, ""]], true);
  };
  return {
    get(key) {
      for (const pending of [waiting, writing]) if (pending.has(key)) return pending.get(key);
      return map.get(key);
    },
    put(entries) {
      for (const [key, value] of entries) waiting.set(key, value);
      if (failure === undefined) void run();
    },
    flush,
    async close() {
      await flush().catch(() => {});
      await map.close();
    },
  };
}
