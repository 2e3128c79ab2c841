/**
 * The IDX format of the MNIST family: two zero bytes, a type byte, a rank byte, `rank` big-endian 32-bit
 * sizes, then the values, last index fastest (http://yann.lecun.com/exdb/mnist/, "file formats").
 *
 * The format carries no checksum and no end mark, so the only defence against a file that was cut short is to
 * compare its length with the product of its sizes, exactly: trailing bytes are refused too. Contents are
 * views into the one unpacked buffer, because 60,000 copies of 784 bytes cost more than everything else here.
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

/** A parsed IDX file. `values` are bytes for type 0x08 and 32-bit integers for 0x0c. */
export type Idx = { readonly sizes: readonly number[]; readonly values: Uint8Array | Int32Array };

/** Where the three files are. `contributors` is a TSV with a header, or an IDX of writer numbers. */
export type IdxFiles = {
  readonly images: string;
  readonly labels: string;
  readonly contributors?: string;
  /** TSV column (by name) or IDX column (by number) of the contributor. Default `writer_id`, or column 2. */
  readonly contributorColumn?: string | number;
};

/**
 * Parses IDX bytes. `where` names the file in errors.
 * @throws CorpusFormatError for a wrong magic number, an unsupported type, or a length that does not match.
 */
export function parseIdx(bytes: Uint8Array, where: string): Idx {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rank = bytes[3];
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || rank === undefined || rank < 1 || rank > 4) {
    const magic = Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, "0")).join("");
    throw new CorpusFormatError(
      `${where} is not an IDX file (it starts with ${magic || "nothing"}, not 0000TTRR).`,
    );
  }
  const width = bytes[2] === 0x08 ? 1 : bytes[2] === 0x0c ? 4 : undefined;
  if (width === undefined) {
    throw new CorpusFormatError(
      `${where}: IDX type 0x${bytes[2]?.toString(16)} is not supported: use bytes (08) or int32 (0c).`,
    );
  }
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw truncated(where, bytes.length, start);
  const sizes = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = sizes.reduce((product, size) => product * size, 1);
  if (bytes.length !== start + count * width) throw truncated(where, bytes.length, start + count * width);
  if (width === 1) return { sizes, values: bytes.subarray(start) };
  return { sizes, values: Int32Array.from({ length: count }, (_, i) => view.getInt32(start + 4 * i)) };
}

/**
 * Loads images with their labels and, where there is one, the contributor of each row.
 *
 * @example
 * ```ts
 * const corpus = loadIdx({ images: "train-images-idx3-ubyte.gz", labels: "train-labels-idx1-ubyte.gz" });
 * ```
 * @throws CorpusReadError, CorpusFormatError, CorpusLabelError
 */
export function loadIdx(files: IdxFiles, options: LoadOptions = {}): Corpus {
  const images = parseIdx(readMaybeGzip(files.images), files.images);
  const labels = parseIdx(readMaybeGzip(files.labels), files.labels);
  const rows = images.sizes[0] ?? 0;
  const shape = images.sizes.slice(1);
  if (!(images.values instanceof Uint8Array) || shape.length === 0) {
    throw new CorpusFormatError(
      `${files.images} must hold bytes with at least two sizes (rows, then one content).`,
    );
  }
  const columns = labels.sizes.slice(1).reduce((product, size) => product * size, 1);
  sameCount(files.labels, labels.sizes[0] ?? 0, files.images, rows);
  const classOf = Array.from({ length: rows }, (_, i) => labels.values[i * columns] as number);
  const classes = checkLabels(classOf, options.classes, (row) => `${files.labels}, row ${row}`);
  const contributors = files.contributors && readContributors(files.contributors, files, rows);

  const name = options.name ?? basename(files.images).replace(/-images.*$|\.gz$/, "");
  const size = shape.reduce((product, length) => product * length, 1);
  const samples: Sample[] = [];
  for (let i = 0; i < limited(rows, options.limit); i++) {
    samples.push({
      id: `${name}/${i}`,
      content: images.values.subarray(i * size, (i + 1) * size),
      label: classOf[i] as number,
      contributor: contributors ? (contributors[i] as string) : UNATTRIBUTED,
    });
  }
  return { name, shape, samples, classes };
}

function readContributors(path: string, files: IdxFiles, rows: number): string[] {
  const bytes = readMaybeGzip(path);
  const names =
    bytes[0] === 0 && bytes[1] === 0 ? idxColumn(bytes, path, files) : tsvColumn(bytes, path, files);
  sameCount(path, names.length, files.images, rows);
  return names;
}

function idxColumn(bytes: Uint8Array, path: string, files: IdxFiles): string[] {
  const { sizes, values } = parseIdx(bytes, path);
  const columns = sizes.slice(1).reduce((product, size) => product * size, 1);
  const column = columns === 1 ? 0 : (files.contributorColumn ?? 2);
  if (typeof column !== "number" || !(column < columns)) {
    throw new CorpusFormatError(
      `${path} has columns 0..${columns - 1}: give contributorColumn one of those numbers.`,
    );
  }
  return Array.from({ length: sizes[0] ?? 0 }, (_, i) => `writer-${values[i * columns + column]}`);
}

function tsvColumn(bytes: Uint8Array, path: string, files: IdxFiles): string[] {
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const header = (lines[0] ?? "").split("\t");
  const wanted = files.contributorColumn ?? "writer_id";
  const column = typeof wanted === "number" ? wanted : header.indexOf(wanted);
  if (column < 0 || column >= header.length) {
    throw new CorpusFormatError(`${path} has no column ${wanted}: its columns are ${header.join(", ")}.`);
  }
  return lines.slice(1).map((line, i) => {
    const cells = line.split("\t");
    const cell = cells[column];
    if (cells.length !== header.length || cell === undefined || cell === "") {
      throw new CorpusFormatError(
        `${path}, line ${i + 2}: ${cells.length} columns where the header has ${header.length}.`,
      );
    }
    return /^\d+$/.test(cell) ? `writer-${cell}` : cell;
  });
}

function sameCount(path: string, count: number, imagesPath: string, rows: number): void {
  if (count === rows) return;
  throw new CorpusFormatError(
    `${path} has ${count} rows and ${imagesPath} has ${rows}: they are not the two halves of one corpus.`,
  );
}

function truncated(where: string, length: number, expected: number): CorpusFormatError {
  const what = length < expected ? "is cut short" : "has bytes after its end";
  return new CorpusFormatError(
    `${where} ${what}: ${length} bytes where its header promises ${expected}. Fetch it again.`,
  );
}
