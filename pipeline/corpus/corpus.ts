/**
 * What a corpus is: samples of raw bytes, each with a class and the name of whoever contributed it.
 *
 * Loaders (idx.ts, csv.ts, jsonl.ts, mnist.ts) turn files into this one shape, and check everything on the
 * way in, so that nothing after them has to. The pitfall of data formats is the file that is almost right:
 * one that was cut short still parses, a label column read one off still trains. So every loader counts what
 * the header promises, and every refusal names the file, the line or row, and the remedy.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** One piece of content with its class. `content` is what the backbone reads, for example 784 grey pixels. */
export type Sample = {
  readonly id: string;
  readonly content: Uint8Array;
  readonly label: number;
  readonly contributor: string;
};

/** Samples of one kind. `shape` is that of every content, in bytes; empty where lengths vary. */
export type Corpus = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly samples: readonly Sample[];
  readonly classes: number;
  /** Whether contents are texts: UTF-8, of any length. */
  readonly text?: true;
  /** Names of the classes, where the source names them. */
  readonly labels?: readonly string[];
};

/** Options that every loader understands. */
export type LoadOptions = {
  /** Name of the corpus; by default made from the file's. */
  readonly name?: string;
  /** Number of classes; a label outside `0..classes-1` is refused. Default: the largest label plus 1. */
  readonly classes?: number;
  /** Names of the classes that are known already; texts' labels must be among them. */
  readonly labels?: readonly string[];
  /** Questions: labels are not looked at and may be missing; every sample gets class 0. */
  readonly unlabelled?: boolean;
  /** Take only the first so many samples (the whole file is still checked for its structure). */
  readonly limit?: number;
};

/** The contributor of samples whose source names none. */
export const UNATTRIBUTED = "unattributed";

/** Reads a file, unpacking it when it starts with gzip's two magic bytes, whatever its name says. */
export function readMaybeGzip(path: string): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new CorpusReadError(`Cannot read ${path}: check that the path is right and readable.`, { cause });
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    if (!path.endsWith(".gz")) return bytes;
    throw new CorpusFormatError(`${path} ends in .gz but is not gzip: rename it, or fetch it again.`);
  }
  try {
    return gunzipSync(bytes);
  } catch (cause) {
    throw new CorpusFormatError(`${path} is damaged gzip (${message(cause)}): fetch it again.`, { cause });
  }
}

/** Parses a class label strictly: `"7"` is one, `"7.0"`, `""` and `" 7"` are not. */
export function parseLabel(text: string, where: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new CorpusFormatError(
      `${where}: the label ${JSON.stringify(text.slice(0, 40))} is no number from 0 up: number the classes.`,
    );
  }
  return Number(text);
}

/** Checks labels against the number of classes and returns that number. `where` names a label's row. */
export function checkLabels(
  labels: ArrayLike<number>,
  classes: number | undefined,
  where: (row: number) => string,
): number {
  let largest = -1;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (!Number.isInteger(label) || label < 0 || (classes !== undefined && label >= classes)) {
      const range = classes === undefined ? "a whole number from 0 up" : `in 0..${classes - 1}`;
      throw new CorpusLabelError(
        `${where(i)}: label ${label} is not ${range}. Correct the row, or say how many classes there are.`,
      );
    }
    if (label > largest) largest = label;
  }
  return classes ?? largest + 1;
}

/** The part of a list that `limit` keeps. */
export function limited(count: number, limit: number | undefined): number {
  if (limit === undefined) return count;
  if (!Number.isInteger(limit) || limit < 0) {
    throw new CorpusReadError(`The limit must be a whole number of samples, not ${limit}.`);
  }
  return Math.min(count, limit);
}

/** What an unknown thrown value says. */
export function message(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** A file that cannot be read, or that is not there. */
export class CorpusReadError extends Error {
  override readonly name: string = "Corpus.ReadError";
}

/** A file that is not what its format says: cut short, damaged, or with a row that does not parse. */
export class CorpusFormatError extends Error {
  override readonly name: string = "Corpus.FormatError";
}

/** A label outside the classes. */
export class CorpusLabelError extends Error {
  override readonly name: string = "Corpus.LabelError";
}
