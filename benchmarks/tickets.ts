// Accuracy of the text backbone and the ridge head with output codes on BANKING77 (Casanueva and others,
// 2020): 77 intents of online-banking questions.
//
//   train.csv, shuffled by a seed:   the first 2,000 contributed, the other 8,003 public
//   test.csv:                        3,080 questions, asked only here
//
// BANKING77 has no contributors, so they are made up: contributor c of C gets each contributed text with a
// probability in proportion to 1/c. For accuracy they make no difference; who is paid is measured elsewhere.
//
// Compared with two heads that the circuits do not prove: the network's own softmax over 77 outputs, in
// floating point, and a ridge head with 77 one-hot outputs on the same features, in float64.

import { join } from "node:path";
import { openBackbone } from "../pipeline/backbone/backbone.ts";
import type { Corpus, Sample } from "../pipeline/corpus/corpus.ts";
import { loadCsv } from "../pipeline/corpus/csv.ts";
import { cholesky, solveLower, solveLowerTransposed } from "../pipeline/model/dense.ts";
import { DEFAULT_LAMBDA, fitHead } from "../pipeline/model/head.ts";
import { upperTriangle } from "../pipeline/model/matrices.ts";
import { accuracyOf } from "../pipeline/model/model.ts";
import { moments } from "../pipeline/model/moments.ts";
import { seededRandom } from "../pipeline/random.ts";
import { TEXT_SEED } from "../pipeline/text/backbone.ts";
import { NGRAMS, type NgramSpec, ngramVector } from "../pipeline/text/ngrams.ts";
import { quantiseText } from "../pipeline/text/quantise.ts";
import { floatForward, trainText } from "../pipeline/text/train.ts";
import { loadProfile, type Profile } from "../prover/index.ts";

/** BANKING77, dealt. Samples of `contributed` carry a contributor. */
export type TicketSplit = {
  readonly labels: readonly string[];
  readonly contributed: readonly Sample[];
  readonly publicTexts: readonly Sample[];
  readonly test: readonly Sample[];
};

/** How to deal: `limit` keeps so many of the public and of the test texts, for small runs. */
export type SplitOptions = {
  readonly seed?: string;
  readonly contributed?: number;
  readonly contributors?: number;
  readonly limit?: { readonly publicTexts: number; readonly test: number };
};

const MEASURED = 1024;

/** Deals BANKING77 (`train.csv` and `test.csv` in `folder`): the same seed gives the same split. */
export function ticketSplit(folder: string, options: SplitOptions = {}): TicketSplit {
  const { seed = "quittance/tickets", contributed = 2000, contributors = 40, limit } = options;
  const train: Corpus = loadCsv(join(folder, "train.csv"));
  const labels = train.labels ?? [];
  const test = loadCsv(join(folder, "test.csv"), { labels });
  const random = seededRandom(seed);
  const order = random.shuffle(train.samples);
  const weights = Array.from({ length: contributors }, (_, c) => 1 / (c + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = (): number => {
    let left = random.uniform() * total;
    for (const [c, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return c;
    }
    return contributors - 1;
  };
  return {
    labels,
    contributed: order
      .slice(0, contributed)
      .map((sample) => ({ ...sample, contributor: `contributor ${drawn() + 1}` })),
    publicTexts: order.slice(contributed, limit && contributed + limit.publicTexts),
    test: random.shuffle(test.samples).slice(0, limit?.test),
  };
}

/** Of the test texts, the parts that each head answers rightly, 0 to 1. */
export type TicketAccuracy = {
  /** By number of features: the ridge head of 16 outputs in integers, as it is proven. */
  readonly coded: ReadonlyMap<number, number>;
  /** By number of features: a ridge head of 77 one-hot outputs on the same features, in float64. */
  readonly oneHot: ReadonlyMap<number, number>;
  /** The network's own softmax, in floating point: no contributed text teaches it. */
  readonly softmax: number;
  readonly tested: number;
  readonly contributed: number;
  readonly publicTexts: number;
};

/** How to measure; the defaults are what the product does. */
export type TicketOptions = SplitOptions & {
  /** Numbers of features, the bias included. */
  readonly features?: readonly number[];
  readonly lambda?: number;
  readonly spec?: NgramSpec;
  readonly hidden?: number;
  readonly threads?: number;
  readonly onProgress?: (done: number, loss: number) => void;
};

/**
 * Trains the backbone on the public texts, fits the head on the contributed ones, and asks the test texts.
 *
 * @param folder holds BANKING77's train.csv and test.csv
 * @example (await ticketAccuracy("../shared/data/banking77")).coded.get(32)
 */
export async function ticketAccuracy(folder: string, options: TicketOptions = {}): Promise<TicketAccuracy> {
  const { features = [32, 64], lambda = DEFAULT_LAMBDA, spec = NGRAMS, threads = 1 } = options;
  const split = ticketSplit(folder, options);
  const profile = loadProfile("tickets32");
  const classes = split.labels.length;
  const float = await trainText(split.publicTexts, {
    classes,
    spec,
    seed: TEXT_SEED,
    session: { threads },
    ...(options.hidden === undefined ? {} : { hidden: options.hidden }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  const asked = split.test.map(({ content }) => content);
  const truth = split.test.map(({ label }) => label);
  const { logits } = floatForward(
    float,
    asked.map((content) => ngramVector(content, spec)),
  );
  const coded = new Map<number, number>();
  const oneHot = new Map<number, number>();
  for (const d of features) {
    // The real profile has one size; these widths hold for more features too, only circuits of that size do
    // not.
    const sized: Profile = { ...profile, d };
    const texts = split.publicTexts.slice(0, MEASURED).map(({ content }) => content);
    const { onnx } = quantiseText(float, texts, { d, words: profile.words.slice(0, classes) });
    const backbone = await openBackbone(onnx, { threads });
    const h = await backbone.features(split.contributed.map(({ content }) => content));
    const tested = await backbone.features(asked);
    await backbone.close();
    const labels = split.contributed.map(({ label }) => label);
    coded.set(d, await codedAccuracy(h, labels, tested, truth, lambda, sized));
    oneHot.set(d, oneHotAccuracy(h, labels, tested, truth, lambda, { d, classes }));
  }
  return {
    coded,
    oneHot,
    softmax: shareRight(logits, truth, classes),
    tested: truth.length,
    contributed: split.contributed.length,
    publicTexts: split.publicTexts.length,
  };
}

async function codedAccuracy(
  features: Int8Array,
  labels: readonly number[],
  tested: Int8Array,
  truth: readonly number[],
  lambda: number,
  profile: Profile,
): Promise<number> {
  const contributors = new Int32Array(labels.length);
  const [whole] = await moments({ features, labels, contributors, count: 1 }, profile);
  if (whole === undefined) throw new Error("unreachable: one contributor was asked for");
  const a = upperTriangle(whole.a, profile.d);
  const { w } = fitHead({ a, b: Array.from(whole.b, BigInt), lambda, profile });
  return accuracyOf(w, tested, truth, profile);
}

function oneHotAccuracy(
  features: Int8Array,
  labels: readonly number[],
  tested: Int8Array,
  truth: readonly number[],
  lambda: number,
  { d, classes }: { readonly d: number; readonly classes: number },
): number {
  const a = new Float64Array(d * d);
  const b = new Float64Array(d * classes);
  for (let j = 0; j < d; j++) a[j * d + j] = lambda;
  labels.forEach((label, i) => {
    for (let j = 0; j < d; j++) {
      const h = features[i * d + j] as number;
      for (let k = 0; k < d; k++)
        a[j * d + k] = (a[j * d + k] as number) + h * (features[i * d + k] as number);
      b[j * classes + label] = (b[j * classes + label] as number) + h;
    }
  });
  const factor = cholesky(a, d);
  if (factor === undefined) throw new Error("unreachable: λ makes the system positive definite");
  const w = solveLowerTransposed(factor, solveLower(factor, b, d, classes), d, classes);
  const scores = new Float64Array(truth.length * classes);
  truth.forEach((_, i) => {
    for (let j = 0; j < d; j++) {
      const h = tested[i * d + j] as number;
      for (let k = 0; k < classes; k++) {
        const at = i * classes + k;
        scores[at] = (scores[at] as number) + h * (w[j * classes + k] as number);
      }
    }
  });
  return shareRight(scores, truth, classes);
}

function shareRight(scores: Float64Array, truth: readonly number[], classes: number): number {
  const right = truth.filter((label, i) => {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    return row.every((score) => score <= (row[label] as number));
  });
  return right.length / truth.length;
}
