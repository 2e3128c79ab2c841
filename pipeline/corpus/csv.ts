/**
 * Comma-separated values with a header row (RFC 4180: quotes double inside quotes, a quoted cell may hold
 * line breaks).
 *
 * Columns `label` (or `category`), `contributor` and `id` mean what they say, and only the label is required.
 * Content is either one column named `text` (its UTF-8 bytes, of any length) or all remaining columns, in
 * order, each a whole number 0..255. Texts' labels may be names (labels.ts), pixels' are numbers.
 *
 * A row is reported by the line it starts on, as an editor shows it: line 1 is the header.
 */
import { basename } from "node:path";
import {
  type Corpus,
  CorpusFormatError,
  checkLabels,
  type LoadOptions,
  limited,
  readMaybeGzip,
  type Sample,
  UNATTRIBUTED,
} from "./corpus.ts";
import { labelsOf, textBytes } from "./labels.ts";

type Row = { readonly line: number; readonly cells: readonly string[] };

/**
 * Loads a CSV file (gz or not).
 * @throws CorpusReadError, CorpusFormatError (with the line number), CorpusLabelError
 */
export function loadCsv(path: string, options: LoadOptions = {}): Corpus {
  const rows = parseCsv(new TextDecoder().decode(readMaybeGzip(path)), path);
  const header = rows[0]?.cells ?? [];
  const column = (name: string): number => header.indexOf(name);
  const text = column("text");
  const label = column("label") < 0 && text >= 0 ? column("category") : column("label");
  if (label < 0 && options.unlabelled !== true) {
    throw new CorpusFormatError(
      `${path} has no column "label" (columns: ${header.slice(0, 8).join(", ")}): add one.`,
    );
  }
  const named = [label, column("contributor"), column("id")];
  const pixels = header.map((_, i) => i).filter((i) => !named.includes(i));
  if (text < 0 && pixels.length === 0)
    throw new CorpusFormatError(`${path} has no content: add a column of values.`);

  const name = options.name ?? basename(path).replace(/\.csv(\.gz)?$/, "");
  const body = rows.slice(1);
  const whereOf = (row: number): string => `${path}, line ${body[row]?.line}`;
  body.forEach(({ cells }, row) => {
    if (cells.length !== header.length) {
      throw new CorpusFormatError(
        `${whereOf(row)}: ${cells.length} columns where the header has ${header.length}. Correct it.`,
      );
    }
  });
  const given = body.map(({ cells }) => cells[label] ?? "");
  const { labels, names } = labelsOf(given, text >= 0, options, whereOf);
  const samples = body.map(({ cells }, i): Sample => {
    const cell = (index: number): string | undefined => (index < 0 ? undefined : cells[index]);
    return {
      id: cell(column("id")) || `${name}/${i}`,
      content: text < 0 ? pixelBytes(cells, pixels, whereOf(i)) : textBytes(cell(text) ?? "", whereOf(i)),
      label: labels[i] as number,
      contributor: cell(column("contributor")) || UNATTRIBUTED,
    };
  });
  const classes = checkLabels(labels, names?.length ?? options.classes, whereOf);
  const shape = text < 0 ? [pixels.length] : [];
  return {
    name,
    shape,
    samples: samples.slice(0, limited(samples.length, options.limit)),
    classes,
    ...(text < 0 ? {} : { text: true }),
    ...(names === undefined ? {} : { labels: names }),
  };
}

function pixelBytes(cells: readonly string[], columns: readonly number[], where: string): Uint8Array {
  const bytes = new Uint8Array(columns.length);
  columns.forEach((column, i) => {
    const cell = cells[column] ?? "";
    const value = Number(cell);
    if (!/^\d{1,3}$/.test(cell) || value > 255) {
      throw new CorpusFormatError(
        `${where}, column ${column + 1}: ${JSON.stringify(cell)} is not a whole number 0..255.`,
      );
    }
    bytes[i] = value;
  });
  return bytes;
}

/** Splits CSV text into rows of cells, each with the line that it starts on. Empty lines are skipped. */
export function parseCsv(text: string, where: string): Row[] {
  const rows: Row[] = [];
  const end = text.length;
  let line = 1;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < end) {
    const start = line;
    const cells: string[] = [];
    for (;;) {
      if (text[at] === '"') {
        const closing = closingQuote(text, at + 1);
        if (closing < 0)
          throw new CorpusFormatError(`${where}, line ${line}: a quote is opened and never closed.`);
        const raw = text.slice(at + 1, closing);
        line += raw.split("\n").length - 1;
        cells.push(raw.replaceAll('""', '"'));
        at = closing + 1;
        if (at < end && text[at] !== "," && text[at] !== "\n" && text[at] !== "\r") {
          throw new CorpusFormatError(
            `${where}, line ${line}: text follows a closing quote: double quotes inside a cell.`,
          );
        }
      } else {
        let stop = at;
        while (stop < end && text[stop] !== "," && text[stop] !== "\n" && text[stop] !== "\r") stop++;
        cells.push(text.slice(at, stop));
        at = stop;
      }
      if (text[at] !== ",") break;
      at++;
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    line++;
    if (cells.length > 1 || cells[0] !== "") rows.push({ line: start, cells });
  }
  return rows;
}

function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}
