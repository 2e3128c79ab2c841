// How well digits are recognised by a ridge head on 31 learned features: 1,000 contributed digits to fit it,
// a backbone trained on 40,000 public ones, and MNIST's 10,000 test digits. No writer is on two sides: public
// digits, contributed digits and test digits are by different people.
//
// The backbone is what a project would use: trained in ONNX Runtime, quantised to integers. `accuracy.digits`
// is the convolutional one's, `accuracy.digits_mlp` that of an MLP 784-256-31, and
// `accuracy.digits_untrained` that of a convolutional backbone with its first, drawn weights.

import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import {
  accuracyOf,
  fitModel,
  loadCorpus,
  openBackbone,
  quantise,
  type Sample,
  seededRandom,
  trainDigits,
} from "../pipeline/index.ts";
import { loadProfile } from "../prover/index.ts";
import type { Figure } from "./types.ts";

const PUBLIC = 40_000;
const CONTRIBUTED = 1_000;
const SEED = "benchmark/digits";
const UNIT = "share of test digits";

/** The digits of one measurement. */
export type DigitParts = {
  readonly publicSamples: readonly Sample[];
  readonly contributed: readonly Sample[];
  readonly test: readonly Sample[];
};

/**
 * Measures the accuracy of digits: `accuracy.digits` and its comparisons.
 *
 * @param full all of the data and a whole training; otherwise a part that takes seconds and is not for
 * quoting
 * @throws DigitsDataError when the data set is not there
 */
export async function digitsAccuracy({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const parts = digitParts(full);
  const steps = full ? 4_000 : 100;
  const value = async (kind: "conv" | "mlp", taken: number): Promise<number> =>
    accuracyWith(parts, { kind, steps: taken });
  return [
    { name: "accuracy.digits", value: await value("conv", steps), unit: UNIT },
    { name: "accuracy.digits_mlp", value: await value("mlp", 2 * steps), unit: UNIT },
    { name: "accuracy.digits_untrained", value: await value("conv", 0), unit: UNIT },
  ];
}

/** The ridge head's accuracy on `test`, with a backbone trained on `publicSamples`. */
export async function accuracyWith(
  { publicSamples, contributed, test }: DigitParts,
  options: { readonly kind: "conv" | "mlp"; readonly steps: number },
): Promise<number> {
  const profile = loadProfile("default");
  const threads = Math.min(2, availableParallelism());
  const network = await trainDigits(publicSamples, {
    ...options,
    d: profile.d,
    rate: 3e-3,
    seed: SEED,
    session: { threads },
  });
  const measured = publicSamples.slice(0, 1_024).map(({ content }) => content);
  const { onnx } = await quantise(network, measured, { d: profile.d, threads });
  const backbone = await openBackbone(onnx, { threads });
  try {
    const features = (samples: readonly Sample[]): Promise<Int8Array> =>
      backbone.features(samples.map(({ content }) => content));
    const labels = (samples: readonly Sample[]): number[] => samples.map(({ label }) => label);
    const model = await fitModel({
      features: await features(contributed),
      labels: labels(contributed),
      contributors: contributed.map(() => 0),
      count: 1,
      profile,
    });
    return await accuracyOf(model.w, await features(test), labels(test), profile);
  } finally {
    await backbone.close();
  }
}

/** Whole writers become public until there are enough digits; the contributed ones are by others. */
export function digitParts(full: boolean): DigitParts {
  const folder = join(
    process.env.QUITTANCE_DATA ?? join(import.meta.dirname, "../../shared/data"),
    "mnist-writers",
  );
  if (!existsSync(folder)) throw new DigitsDataError(folder);
  const train = loadCorpus(folder, { classes: 10 }).samples;
  const test = loadCorpus(folder, { classes: 10, part: "test" }).samples;
  const wanted = full ? PUBLIC : 2_000;
  const writers = seededRandom(SEED).shuffle([...new Set(train.map(({ contributor }) => contributor))]);
  const byWriter = new Map<string, Sample[]>(writers.map((writer) => [writer, []]));
  for (const sample of train) byWriter.get(sample.contributor)?.push(sample);
  const publicSamples: Sample[] = [];
  const contributed: Sample[] = [];
  for (const writer of writers) {
    const target = publicSamples.length < wanted ? publicSamples : contributed;
    target.push(...(byWriter.get(writer) ?? []));
  }
  return {
    publicSamples: publicSamples.slice(0, wanted),
    contributed: contributed.slice(0, full ? CONTRIBUTED : 300),
    test: full ? test : test.slice(0, 500),
  };
}

/** The data set that the figure needs is not there. */
export class DigitsDataError extends Error {
  override readonly name = "Benchmark.DigitsData";
  constructor(folder: string) {
    super(`There is nothing at ${folder}. Set QUITTANCE_DATA to the folder that holds mnist-writers.`);
  }
}
