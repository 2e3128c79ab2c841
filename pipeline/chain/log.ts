/**
 * The local chain's log: a header line, then one JSON line for each action, each on the disk before it is
 * done.
 *
 * A line without its newline, or a last line that is no JSON, is what a kill in the middle of a write
 * leaves. It is cut off: its action was never done. A bad line anywhere else is damage, and an error. Where
 * a write fails (a full disk), the file is cut back to what it was, so that the next line cannot grow onto
 * half of this one.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { acquireLock } from "./lock.ts";

/** Name and version of the format. */
export const LOG_FORMAT = "quittance-chain/1" as const;

const hex = z.string().regex(/^0x[0-9a-fA-F]*$/);
const seconds = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const headerSchema = z.strictObject({
  format: z.literal(LOG_FORMAT),
  chainId: z.number().int().min(1),
  engine: z.string(),
  genesisTime: seconds,
  genesis: hex,
});
const actionSchema = z.discriminatedUnion("do", [
  z.strictObject({ parent: hex, do: z.literal("tx"), raw: hex, time: seconds }),
  z.strictObject({ parent: hex, do: z.literal("fund"), address: hex, balance: hex }),
  z.strictObject({ parent: hex, do: z.literal("travel"), time: seconds }),
]);

/** The first line: what the rest depends on. */
export type ChainHeader = z.infer<typeof headerSchema>;
/** One thing that was done, and the block on which it was done. */
export type ChainAction = z.infer<typeof actionSchema>;

/** An open log. */
export type LogFile = {
  readonly path: string;
  readonly header: ChainHeader | undefined;
  readonly actions: readonly ChainAction[];
  readonly start: (header: ChainHeader) => void;
  readonly append: (action: ChainAction) => void;
  /** Takes the last line back: what it says was not done after all. */
  readonly takeBack: () => void;
  readonly close: () => void;
};

/** Opens and locks a log; without a path, one that keeps nothing. Throws {@link LogDamagedError}. */
export async function openLog(path: string | undefined, notice: (text: string) => void): Promise<LogFile> {
  if (path === undefined) {
    const nothing = (): void => {};
    return {
      path: "memory",
      header: undefined,
      actions: [],
      start: nothing,
      append: nothing,
      takeBack: nothing,
      close: nothing,
    };
  }
  const unlock = await acquireLock(`${path}.lock`);
  let file: number | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    file = openSync(path, "a+", 0o600);
    const { header, actions, length } = readLog(path, notice);
    ftruncateSync(file, length);
    return { path, header, actions, ...writer(path, file, length, unlock) };
  } catch (error) {
    if (file !== undefined) closeSync(file);
    unlock();
    throw error;
  }
}

/**
 * The time of the last block that a log made: how far the chain's clock has come, without a replay and
 * without the lock. Undefined where there is no log, or nothing in it that can be read.
 */
export function lastBlockTime(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, "utf8").split("\n");
  for (const line of lines.reverse()) {
    const value = parse(line);
    const action = actionSchema.safeParse(value);
    // A gift of coins makes no block.
    if (action.success && action.data.do !== "fund") return action.data.time;
    const header = headerSchema.safeParse(value);
    if (header.success) return header.data.genesisTime;
  }
  return undefined;
}

function readLog(
  path: string,
  notice: (text: string) => void,
): { header: ChainHeader | undefined; actions: ChainAction[]; length: number } {
  const bytes = readFileSync(path);
  const lines = bytes.toString("utf8").split("\n");
  let torn = lines.pop() !== "";
  const parsed: unknown[] = [];
  for (const [index, line] of lines.entries()) {
    const value = parse(line);
    const isLast = index === lines.length - 1 && !torn;
    if (value === undefined && !isLast) throw new LogDamagedError(path, index + 1);
    if (value === undefined) torn = true;
    else parsed.push(value);
  }
  const kept = lines.slice(0, parsed.length);
  const length = kept.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  if (torn)
    notice(`The last line of ${path} was not finished (a run was killed while writing). It is dropped.`);
  if (parsed.length === 0) return { header: undefined, actions: [], length: 0 };
  const header = headerSchema.safeParse(parsed[0]);
  if (!header.success) throw new LogDamagedError(path, 1);
  const actions = parsed.slice(1).map((value, index) => {
    const action = actionSchema.safeParse(value);
    if (!action.success) throw new LogDamagedError(path, index + 2);
    return action.data;
  });
  return { header: header.data, actions, length };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function writer(
  path: string,
  file: number,
  initialLength: number,
  unlock: () => void,
): Pick<LogFile, "start" | "append" | "takeBack" | "close"> {
  let length = initialLength;
  let before = length;
  let open = true;
  const write = (value: ChainHeader | ChainAction): void => {
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fsyncSync(file);
      before = length;
      length += bytes.length;
    } catch (cause) {
      ftruncateSync(file, length);
      throw new LogWriteError(path, cause);
    }
  };
  return {
    start: write,
    append: write,
    takeBack: () => {
      ftruncateSync(file, before);
      length = before;
    },
    close: () => {
      if (!open) return;
      open = false;
      closeSync(file);
      unlock();
    },
  };
}

/** A line before the last cannot be read. */
export class LogDamagedError extends Error {
  override readonly name = "ChainLog.Damaged";
  constructor(path: string, line: number) {
    super(
      `Line ${line} of ${path} is no line of a chain's log. Restore the file from a copy, or start a new project.`,
    );
  }
}

/** The log could not be written; the action was not done. */
export class LogWriteError extends Error {
  override readonly name = "ChainLog.Write";
  constructor(path: string, cause: unknown) {
    super(
      `Cannot write ${path}: ${(cause as Error).message}. Free some space and run again; nothing was done.`,
      { cause },
    );
  }
}
