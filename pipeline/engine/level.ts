/**
 * A sorted map of texts in a folder: the only file that knows LevelDB.
 *
 * Chosen for what is asked of it once for every paid request, mostly in vain: whether a key is there. That
 * takes some microseconds of this thread, without a promise, because a filter in memory answers most misses;
 * a database behind SQL takes a hundred times as long. A write is a batch that stands or falls as a whole.
 * Without `durable` it survives this process but perhaps not a power cut; with it, everything written before
 * is on the disk too.
 *
 * One process at a time can have a folder open. Memory has a bound: 4 MiB of cache, as much of what is not in
 * a table yet, and the filters of at most {@link MOST_TABLES} tables, some 50 KiB each.
 */
import { mkdirSync } from "node:fs";
import { ClassicLevel } from "classic-level";

/** An open map. */
export type KeyValue = {
  /** What stands under a key. Throws {@link KeyValueError}. */
  get(key: string): string | undefined;
  /** Writes, or with undefined removes, all or nothing. Throws {@link KeyValueError}. */
  write(
    entries: Iterable<readonly [key: string, value: string | undefined]>,
    durable: boolean,
  ): Promise<void>;
  /** Every key that begins like this, in order, without that beginning. Throws {@link KeyValueError}. */
  under(prefix: string): AsyncIterable<readonly [rest: string, value: string]>;
  close(): Promise<void>;
};

const CACHE_BYTES = 4 << 20;
const MOST_TABLES = 500;
/** After every character of a key: keys here are ASCII. */
const LAST = "\x7f";

/** Opens the map in a folder, and makes it when it is not there. Throws {@link KeyValueError}. */
export async function openKeyValue(folder: string): Promise<KeyValue> {
  const database = new ClassicLevel<string, string>(folder, {
    keyEncoding: "utf8",
    valueEncoding: "utf8",
    // Keys are hashes: nothing to compress.
    compression: false,
    cacheSize: CACHE_BYTES,
    maxOpenFiles: MOST_TABLES,
  });
  const wrapped = (cause: unknown): KeyValueError => new KeyValueError(folder, cause);
  try {
    // Who asked how often is nobody's business, wherever the folder lies.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await database.open();
  } catch (cause) {
    throw wrapped(cause);
  }
  return {
    get(key) {
      try {
        return database.getSync(key);
      } catch (cause) {
        throw wrapped(cause);
      }
    },
    async write(entries, durable) {
      const operations = Array.from(entries, ([key, value]) =>
        value === undefined ? ({ type: "del", key } as const) : ({ type: "put", key, value } as const),
      );
      try {
        await database.batch(operations, { sync: durable });
      } catch (cause) {
        throw wrapped(cause);
      }
    },
    async *under(prefix) {
      try {
        for await (const [key, value] of database.iterator({ gte: prefix, lt: `${prefix}${LAST}` }))
          yield [key.slice(prefix.length), value] as const;
      } catch (cause) {
        throw wrapped(cause);
      }
    },
    close: () => database.close(),
  };
}

/**
 * What a map failed for: it is open elsewhere, its files are not what was written, or anything else (a full
 * disk, permissions).
 */
export type KeyValueReason = "busy" | "damaged" | "failed";

/** The folder cannot be opened, read or written. */
export class KeyValueError extends Error {
  override readonly name = "KeyValue.Failed";
  readonly reason: KeyValueReason;
  constructor(folder: string, cause: unknown) {
    // What LevelDB says is the cause of what its wrapper says.
    const { code, cause: inner } = cause as { code?: string; cause?: { code?: string; message?: string } };
    const codes = [code, inner?.code];
    const said = inner?.message ?? (cause as Error).message;
    const reason = codes.includes("LEVEL_LOCKED")
      ? "busy"
      : codes.includes("LEVEL_CORRUPTION") || /Invalid argument|No such file/.test(said)
        ? "damaged"
        : "failed";
    super(
      {
        busy: `${folder} is in use. Wait for whoever has it open to end.`,
        damaged: `${folder} is damaged (${said}). End what uses it and start again: it is made again.`,
        failed: `${folder} cannot be used (${said}). Free some space, look at its permissions, and start again.`,
      }[reason],
      { cause },
    );
    this.reason = reason;
  }
}
