// The digits that the benchmark runs on: those of MNIST in their original order, with the NIST writer of each
// as its contributor. Pixels are scaled as in the published protocol, (v/255 − 0.1307) / 0.3081.

import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { loadIdx, ROOT, type Sample } from "../../pipeline/index.ts";
import { DigitsDataError } from "../digits.ts";
import type { Samples } from "./sgd.ts";

export const PIXELS = 784;
export const CLASSES = 10;

/** Where a data set lies: in the folder that `QUITTANCE_DATA` names, or in `../shared/data`. */
export function dataFolder(name: string): string {
  return join(process.env["QUITTANCE_DATA"] ?? join(ROOT, "../shared/data"), name);
}

/** How many digits of each part, from the first. */
export type DigitSource = { readonly train: number; readonly test: number };

/** The first train and test digits of MNIST. */
export function loadDigits(source: DigitSource): { train: readonly Sample[]; test: readonly Sample[] } {
  const folder = dataFolder("mnist-writers");
  if (!existsSync(folder)) throw new DigitsDataError(folder);
  const read = (part: string, writers: string, count: number): readonly Sample[] =>
    loadIdx(
      {
        images: join(folder, `${part}-images-idx3-ubyte.gz`),
        labels: join(folder, `${part}-labels-idx1-ubyte.gz`),
        contributors: join(folder, `writers-${writers}.tsv.gz`),
      },
      { limit: count },
    ).samples;
  return { train: read("train", "train", source.train), test: read("t10k", "test", source.test) };
}

/** Samples as the networks read them. */
export function normalised(samples: readonly Sample[]): Samples {
  const x = new Float32Array(samples.length * PIXELS);
  samples.forEach(({ content }, i) => {
    for (let j = 0; j < PIXELS; j++) x[i * PIXELS + j] = ((content[j] as number) / 255 - 0.1307) / 0.3081;
  });
  return { x, labels: Uint8Array.from(samples, ({ label }) => label), width: PIXELS, classes: CLASSES };
}
