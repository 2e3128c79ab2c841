/**
 * How well texts are answered: the text backbone and the ridge head with output codes, in integers, as they
 * are proven; beside them two heads that the circuits do not prove, the network's own softmax with an output
 * a class, in floating point, and a ridge head with an output a class on the same features, in float64.
 */
import { loadProfile, type Profile } from "../../prover/index.ts";
import { openBackbone } from "../backbone/backbone.ts";
import type { Sample } from "../corpus/corpus.ts";
import { cholesky, solveLower, solveLowerTransposed } from "../model/dense.ts";
import { DEFAULT_LAMBDA, fitHead } from "../model/head.ts";
import { upperTriangle } from "../model/matrices.ts";
import { accuracyOf } from "../model/model.ts";
import { moments } from "../model/moments.ts";
import { measuredTexts, TEXT_SEED, TEXT_THREADS } from "./backbone.ts";
import { NGRAMS, type NgramSpec, ngramVector } from "./ngrams.ts";
import { quantiseText } from "./quantise.ts";
import { floatForward, trainText } from "./train.ts";

/** Of the test texts, the parts that each head answers rightly, 0 to 1. */
export type TextAccuracy = {
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

/** What to measure on. */
export type TextParts = {
  readonly publicTexts: readonly Sample[];
  readonly contributed: readonly Sample[];
  readonly test: readonly Sample[];
  readonly classes: number;
};

/** How to measure; the defaults are what the product does. */
export type TextAccuracyOptions = {
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
 */
export async function textAccuracy(
  split: TextParts,
  options: TextAccuracyOptions = {},
): Promise<TextAccuracy> {
  const { features = [32, 64], lambda = DEFAULT_LAMBDA, spec = NGRAMS, threads = TEXT_THREADS } = options;
  const profile = loadProfile("tickets32");
  const { classes } = split;
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
    const { onnx } = quantiseText(float, measuredTexts(split.publicTexts), {
      d,
      words: profile.words.slice(0, classes),
    });
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
