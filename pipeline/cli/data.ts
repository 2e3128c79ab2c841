/** Where contributed data comes from: the options of `train` and `contribute`. */
import { type Command, Option } from "commander";
import type { Corpus } from "../corpus/corpus.ts";
import { loadCorpus } from "../corpus/folder.ts";
import type { BroughtEncoder } from "../project-backbone.ts";
import { labelsIn } from "../project-labels.ts";
import { wholeNumber } from "./options.ts";

/** What {@link addDataOptions} adds. */
export type DataOptions = {
  readonly project: string;
  readonly data: string;
  readonly limit?: number;
  readonly backbone?: string;
  readonly public?: string;
};

/**
 * Adds the options that say where data is and what reads it; `--data` must be given unless told otherwise.
 */
export function addDataOptions(command: Command, { required = true } = {}): Command {
  const data = new Option(
    "-d, --data <path>",
    "a folder with IDX files (and writer ids), a CSV or a JSONL file",
  );
  return command
    .addOption(required ? data.makeOptionMandatory() : data)
    .option("--limit <n>", "take only the first n samples", wholeNumber(1, 65_535))
    .option("--backbone <file>", "your own encoder, an ONNX file; checked, quantised and kept in the project")
    .option(
      "--public <path>",
      "contents that nobody is paid for: labelled texts to train the backbone of texts on, or (with --backbone) " +
        "what to measure the encoder on",
    );
}

/**
 * The data, and the public texts that its backbone is to be trained on. Their labels mean the same classes.
 */
export function readData(options: DataOptions): { corpus: Corpus; publicTexts?: Corpus } {
  const limit = options.limit === undefined ? {} : { limit: options.limit };
  const trained = options.public !== undefined && options.backbone === undefined;
  const publicTexts = trained ? loadCorpus(options.public as string) : undefined;
  const labels = publicTexts?.labels ?? labelsIn(options.project);
  const corpus = loadCorpus(options.data, { ...limit, ...(labels === undefined ? {} : { labels }) });
  return publicTexts === undefined ? { corpus } : { corpus, publicTexts };
}

/** The encoder that is brought, with the contents to measure it on. */
export function encoderOf(path: string, contents: string | undefined): BroughtEncoder {
  if (contents === undefined) return { path };
  return { path, contents: loadCorpus(contents, { limit: 1_024 }).samples.map((sample) => sample.content) };
}
