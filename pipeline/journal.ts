/**
 * An append-only file of lines, each durable before anything depends on it.
 *
 *     line = first 16 hex digits of SHA-256(text), a space, text, a newline
 *
 * One line is written at a time, with one flush, and holds whatever must stand or fall together: a hundred
 * answers cost one flush instead of four each. A kill can therefore only tear the last line. It was promised
 * to nobody, so it is cut off when the file is opened for writing, and not seen by readers. A bad line
 * anywhere else is damage, and an error. Where a write fails (a full disk), the file is cut back, so that the
 * next line cannot grow onto half of this one; where a *flush* fails, nobody knows what the disk holds, and
 * the file takes nothing more until it is opened again.
 */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { sha256, syncFolder, WriteError } from "./store.ts";

/** Where a line stands, in bytes. */
export type LinePlace = { readonly offset: number; readonly length: number };

/** A line and its place. */
export type Line = LinePlace & { readonly text: string };

/** A journal that takes lines. */
export type Journal = {
  readonly path: string;
  /** Adds a line; it is on the disk when this returns. One at a time. Throws WriteError. */
  append(text: string): Promise<LinePlace>;
  close(): Promise<void>;
};

const CHECK_DIGITS = 16;

/**
 * Every whole line from a byte on, and where they end. Throws {@link JournalDamagedError}; a torn last line
 * is left out.
 */
export function readJournal(
  path: string,
  from = 0,
): { readonly lines: readonly Line[]; readonly length: number } {
  const bytes = readFrom(path, from);
  const lines: Line[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const end = bytes.indexOf(0x0a, offset);
    const text = end < 0 ? undefined : textOf(bytes.subarray(offset, end));
    if (text === undefined) {
      const isLast = end < 0 || end === bytes.length - 1;
      if (!isLast) throw new JournalDamagedError(path, `The line at byte ${from + offset}`);
      break;
    }
    lines.push({ text, offset: from + offset, length: end + 1 - offset });
    offset = end + 1;
  }
  return { lines, length: from + offset };
}

function readFrom(path: string, from: number): Buffer {
  if (!existsSync(path)) return Buffer.alloc(0);
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - from));
    return bytes.subarray(0, bytes.length === 0 ? 0 : readSync(file, bytes, 0, bytes.length, from));
  } finally {
    closeSync(file);
  }
}

/** One line, from its place. Throws {@link JournalDamagedError}. */
export function readLine(path: string, { offset, length }: LinePlace): string {
  const bytes = Buffer.alloc(length);
  const file = openSync(path, "r");
  try {
    readSync(file, bytes, 0, length, offset);
  } finally {
    closeSync(file);
  }
  const text = textOf(bytes.subarray(0, -1));
  if (text === undefined) throw new JournalDamagedError(path, `The line at byte ${offset}`);
  return text;
}

/** Opens a journal for writing, makes it when needed, cuts off a torn last line and says so. */
export async function openJournal(
  path: string,
  notice: (text: string) => void = () => {},
): Promise<{ readonly journal: Journal; readonly lines: readonly Line[] }> {
  const { lines, length } = readJournal(path);
  const isNew = !existsSync(path);
  mkdirSync(dirname(path), { recursive: true });
  const file = await open(path, isNew ? "wx+" : "r+", 0o600);
  try {
    if ((await file.stat()).size > length) {
      notice(`The last line of ${path} was not finished (a run was killed while writing). It is dropped.`);
      await file.truncate(length);
    }
    await file.sync();
    if (isNew) syncFolder(dirname(path));
  } catch (error) {
    await file.close();
    throw error;
  }
  return { journal: writer(path, file, length), lines };
}

function writer(path: string, file: FileHandle, initialLength: number): Journal {
  let length = initialLength;
  let broken: Error | undefined;
  return {
    path,
    async append(text) {
      if (broken !== undefined) throw broken;
      const bytes = Buffer.from(`${checkOf(text)} ${text}\n`, "utf8");
      try {
        for (let done = 0; done < bytes.length; )
          done += (await file.write(bytes, done, bytes.length - done, length + done)).bytesWritten;
      } catch (cause) {
        await file.truncate(length).catch((error: Error) => {
          broken = new WriteError(path, error);
        });
        throw new WriteError(path, cause);
      }
      try {
        await file.datasync();
      } catch (cause) {
        broken = new WriteError(path, cause);
        throw broken;
      }
      const place = { offset: length, length: bytes.length };
      length += bytes.length;
      return place;
    },
    close: () => file.close(),
  };
}

function checkOf(text: string): string {
  return sha256(text).slice(0, CHECK_DIGITS);
}

/** The text of a line without its newline, or undefined for a line that is not whole. */
function textOf(line: Buffer): string | undefined {
  const text = line.subarray(CHECK_DIGITS + 1).toString("utf8");
  return line.subarray(0, CHECK_DIGITS + 1).toString("latin1") === `${checkOf(text)} ` ? text : undefined;
}

/** A line before the last is not what was written. */
export class JournalDamagedError extends Error {
  override readonly name = "Journal.Damaged";
  constructor(path: string, line: string) {
    super(
      `${line} of ${path} is damaged. Restore the file from your backup; payers hold copies of receipts.`,
    );
  }
}
