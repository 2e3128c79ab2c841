/**
 * Finds out what a path holds and calls the right loader.
 *
 * A file is told by its ending (.csv, .jsonl or .ndjson, each also with .gz). A folder is one of the MNIST
 * layout: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` (and `t10k-…` for the test part), gz or not,
 * and, if they are there, `writers-train.tsv` or `qmnist-train-labels-idx2-int`, which say who wrote each
 * digit.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Corpus, CorpusReadError, type LoadOptions } from "./corpus.ts";
import { loadCsv } from "./csv.ts";
import { loadIdx } from "./idx.ts";
import { loadJsonl } from "./jsonl.ts";

/** Options of {@link loadCorpus}: `part` chooses between the two halves of a folder. */
export type CorpusOptions = LoadOptions & { readonly part?: "train" | "test" };

/**
 * Loads a corpus from a file or a folder.
 *
 * @example
 * ```ts
 * const corpus = loadCorpus("data/mnist-writers", { part: "train", limit: 1024 });
 * ```
 * @throws CorpusReadError when nothing there is recognised, and everything that the loaders throw.
 */
export function loadCorpus(path: string, options: CorpusOptions = {}): Corpus {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new CorpusReadError(`There is nothing at ${path}: check the path.`);
  const { part = "train", ...rest } = options;
  if (stat.isDirectory()) return loadFolder(path, part, rest);
  if (/\.csv(\.gz)?$/.test(path)) return loadCsv(path, rest);
  if (/\.(jsonl|ndjson)(\.gz)?$/.test(path)) return loadJsonl(path, rest);
  throw new CorpusReadError(
    `${path} is of no known kind: give a .csv or .jsonl file (or .gz of one), or a folder of IDX files.`,
  );
}

function loadFolder(folder: string, part: "train" | "test", options: LoadOptions): Corpus {
  const prefix = part === "train" ? "train" : "t10k";
  const find = (name: string): string | undefined =>
    [name, `${name}.gz`].map((file) => join(folder, file)).find((file) => existsSync(file));
  const images = find(`${prefix}-images-idx3-ubyte`);
  const labels = find(`${prefix}-labels-idx1-ubyte`);
  if (!images || !labels) {
    const missing = `${prefix}-${images ? "labels-idx1" : "images-idx3"}-ubyte`;
    throw new CorpusReadError(
      `${folder} has no ${missing} (or ${missing}.gz): is it a folder of the MNIST layout?`,
    );
  }
  const contributors = find(`writers-${part}.tsv`);
  // The QMNIST test file has 60,000 rows, MNIST the first 10,000 of them: only train files match row by row.
  const fallback = part === "train" ? find("qmnist-train-labels-idx2-int") : undefined;
  const source = contributors ?? fallback;
  return loadIdx({ images, labels, ...(source ? { contributors: source } : {}) }, options);
}
