/**
 * Trains the text network on public texts that nobody is paid for:
 *
 *   n-grams' vector → HIDDEN relu → a logit a class          softmax cross-entropy, targets smoothed by a
 *   tenth
 *
 * Half of the hidden values are dropped at each step, because a few thousand texts against 8,192 buckets
 * invite learning by heart. ARCHITECTURE.md has the figures, and how the recipe was found.
 *
 * What becomes of the logits is network.ts's matter; quantise.ts turns the result into integers.
 */
import type { SessionOptions } from "../engine/ort.ts";
import { cosineRate } from "../learn/adamw.ts";
import { crossEntropy, relu } from "../learn/functions.ts";
import { uniform, zeros } from "../learn/initial.ts";
import { cast, dense, mean, mul, scale } from "../learn/operators.ts";
import type { Value } from "../learn/tape.ts";
import { openTrainer } from "../learn/trainer.ts";
import { seededRandom } from "../random.ts";
import { LEVEL, type NgramSpec, ngramVector } from "./ngrams.ts";

/** A text with its class. */
export type LabelledText = { readonly content: Uint8Array; readonly label: number };

/** How to train. */
export type TextOptions = {
  readonly classes: number;
  readonly spec: NgramSpec;
  readonly hidden?: number;
  readonly epochs?: number;
  readonly seed?: string;
  readonly session?: SessionOptions;
  readonly onProgress?: (done: number, loss: number) => void;
};

/** The trained network in floating point; `x` is the n-grams' vector over LEVEL. */
export type FloatText = {
  readonly spec: NgramSpec;
  readonly hidden: number;
  readonly classes: number;
  /** `buckets × hidden`, row-major, and so on. */
  readonly w1: Float32Array;
  readonly b1: Float32Array;
  readonly w2: Float32Array;
  readonly b2: Float32Array;
};

const HIDDEN = 256;
const EPOCHS = 12;
/** A few hundred texts are gone through more often. */
const FEWEST_STEPS = 150;
const BATCH = 64;
const RATE = 5e-3;
const DECAY = 0.05;
const SMOOTHING = 0.1;
/** Of the vector's length 1, so that a hidden value starts with a deviation of a half. */
const FAN_IN = 8;

/**
 * Trains.
 *
 * @example
 * ```ts
 * const network = await trainText(publicTexts, { classes: 77, spec: NGRAMS });
 * ```
 */
export async function trainText(samples: readonly LabelledText[], options: TextOptions): Promise<FloatText> {
  const { classes, spec, hidden = HIDDEN, epochs = EPOCHS, seed = "text", session = {} } = options;
  const random = seededRandom(`${seed}/${classes}/${hidden}`);
  const vectors = samples.map(({ content }) => ngramVector(content, spec));
  const steps = Math.max(FEWEST_STEPS, epochs * Math.floor(samples.length / BATCH));
  const trainer = await openTrainer({
    name: "text",
    parameters: {
      w1: { dims: [spec.buckets, hidden], values: uniform(random, [spec.buckets, hidden], FAN_IN) },
      b1: { dims: [hidden], values: zeros([hidden]) },
      w2: { dims: [hidden, classes], values: uniform(random, [hidden, classes], hidden) },
      b2: { dims: [classes], values: zeros([classes]) },
    },
    batch: {
      x: { type: "uint8", dims: [BATCH, spec.buckets] },
      keep: { type: "uint8", dims: [BATCH, hidden] },
      y: { type: "float", dims: [BATCH, classes] },
    },
    loss: (t, p, batch) => {
      const v = (name: string): Value => (p[name] ?? batch[name]) as Value;
      const input = scale(t, cast(t, v("x"), "float"), 1 / LEVEL);
      const kept = scale(t, cast(t, v("keep"), "float"), 2);
      const q = mul(t, relu(t, dense(t, input, v("w1"), v("b1"))), kept);
      return mean(t, crossEntropy(t, dense(t, q, v("w2"), v("b2")), v("y")));
    },
    optimizer: { decay: DECAY },
    stepsPerRun: 16,
    session,
  });
  try {
    let order: number[] = [];
    const all = Array.from({ length: samples.length }, (_, i) => i);
    await trainer.train({
      steps,
      rate: cosineRate(RATE, steps),
      feed: () => {
        const x = new Uint8Array(BATCH * spec.buckets);
        const y = new Float32Array(BATCH * classes).fill(SMOOTHING / classes);
        for (let i = 0; i < BATCH; i++) {
          if (order.length === 0) order = random.shuffle(all);
          const at = order.pop() as number;
          x.set(vectors[at] as Uint8Array, i * spec.buckets);
          const target = i * classes + (samples[at] as LabelledText).label;
          y[target] = (y[target] as number) + 1 - SMOOTHING;
        }
        const keep = Uint8Array.from({ length: BATCH * hidden }, () => random.u32() & 1);
        return { x, keep, y };
      },
      ...(options.onProgress ? { onProgress: options.onProgress } : {}),
    });
    const trained = trainer.parameters();
    const of = (name: string): Float32Array => trained[name]?.data as Float32Array;
    return { spec, hidden, classes, w1: of("w1"), b1: of("b1"), w2: of("w2"), b2: of("b2") };
  } finally {
    await trainer.close();
  }
}

/** Hidden values and logits of vectors, `n × hidden` and `n × classes`, in plain float64 loops. */
export function floatForward(
  network: FloatText,
  vectors: readonly Uint8Array[],
): { readonly hidden: Float64Array; readonly logits: Float64Array } {
  const { hidden: width, classes, w1, b1, w2, b2 } = network;
  const hidden = new Float64Array(vectors.length * width);
  const logits = new Float64Array(vectors.length * classes);
  vectors.forEach((vector, row) => {
    const q = Float64Array.from(b1);
    vector.forEach((value, bucket) => {
      if (value === 0) return;
      for (let i = 0; i < width; i++)
        q[i] = (q[i] as number) + (value / LEVEL) * (w1[bucket * width + i] as number);
    });
    const z = Float64Array.from(b2);
    q.forEach((value, i) => {
      if (value <= 0) return;
      hidden[row * width + i] = value;
      for (let k = 0; k < classes; k++) z[k] = (z[k] as number) + value * (w2[i * classes + k] as number);
    });
    logits.set(z, row * classes);
  });
  return { hidden, logits };
}
