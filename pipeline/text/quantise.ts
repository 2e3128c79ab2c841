/**
 * The trained text network in integers (network.ts has the formulas). Ranges are measured on public texts, as
 * for any backbone (backbone/quantise.ts has the argument for whole divisors).
 *
 * Logits keep 32 bits: only their distance to the largest matters, in steps of about a sixteenth, of which
 * the table holds 256. One weight step serves all classes, because logits are compared with each other.
 *
 * The directions beside the expected words are the principal components of the public texts' logits.
 */
import { backboneHash } from "../backbone/backbone.ts";
import { ZERO } from "../backbone/integers.ts";
import { directions, featureTargets, integerLayer } from "../backbone/quantise.ts";
import { type DenseLayer, TABLE, type TextNetwork, textGraph } from "./network.ts";
import { LEVEL, ngramVector } from "./ngrams.ts";
import { type FloatText, floatForward } from "./train.ts";

/** A text backbone: its file, the file's SHA-256 in hex, and the same network as data. */
export type TextBackbone = {
  readonly onnx: Uint8Array;
  readonly hash: string;
  readonly network: TextNetwork;
};

const WEIGHT_LIMIT = 127;
/** A step of the table, in logits. */
const STEP = 1 / 16;
/** exp(0) in the table: Σ over 128 classes, times 255, stays below 2^31. */
const ONE = 2 ** 16;

/**
 * Quantises to `d` features: the expected word's outputs, directions, and the bias.
 *
 * @param texts public ones, to measure ranges on
 * @param words a word for each class that the network knows
 */
export function quantiseText(
  float: FloatText,
  texts: readonly Uint8Array[],
  { d, words }: { readonly d: number; readonly words: readonly (readonly number[])[] },
): TextBackbone {
  const { spec, hidden: width, classes, w1, b1, w2, b2 } = float;
  const { hidden, logits } = floatForward(
    float,
    texts.map((text) => ngramVector(text, spec)),
  );
  const most = hidden.reduce((largest, value) => Math.max(largest, value), 0) || 1;
  const step = most / 255;
  const dense = { kind: "dense", relu: true } as const;
  const hiddenLayer = integerLayer(
    { ...dense, inputs: spec.buckets, outputs: width, weights: w1, bias: b1 },
    { step: 1 / LEVEL, zero: 0, rest: 0 },
    { steps: new Array(width).fill(step), zeros: new Array(width).fill(0) },
    "The hidden layer",
  ) as DenseLayer;
  const shown = words.map((word) => word.slice(0, d - 1));
  const others = d - 1 - (shown[0]?.length ?? 0);
  const network: TextNetwork = {
    spec,
    hidden: hiddenLayer,
    ...logitLayer(w2, b2, step),
    words: shown,
    ...(others > 0 ? { directions: directionLayer(others) } : {}),
  };
  const onnx = textGraph(network);
  return { onnx, hash: backboneHash(onnx), network };

  /** The leading directions of the logits as a layer on the hidden values; beyond the last, zeros. */
  function directionLayer(count: number): DenseLayer {
    const used = Math.min(count, classes);
    const rows = directions(logits, classes, used);
    const weights = new Float32Array(width * count);
    const bias = new Float32Array(count);
    const values = new Float64Array(texts.length * count);
    for (let j = 0; j < used; j++) {
      for (let k = 0; k < classes; k++) {
        const share = rows[j * classes + k] as number;
        bias[j] = (bias[j] as number) + share * (b2[k] as number);
        for (let i = 0; i < width; i++)
          weights[i * count + j] =
            (weights[i * count + j] as number) + share * (w2[i * classes + k] as number);
        texts.forEach((_, row) => {
          const at = row * count + j;
          values[at] = (values[at] as number) + share * (logits[row * classes + k] as number);
        });
      }
    }
    return integerLayer(
      { kind: "dense", relu: false, inputs: width, outputs: count, weights, bias },
      { step, zero: 0, rest: 0 },
      featureTargets(values, count),
      "The directions",
    ) as DenseLayer;
  }
}

/** Logits with one weight step for all classes, and the table of their exponentials. */
function logitLayer(w2: Float32Array, b2: Float32Array, step: number): Pick<TextNetwork, "logits" | "table"> {
  const largest = w2.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) || 1;
  const unit = (step * largest) / WEIGHT_LIMIT;
  const divisor = Math.max(1, Math.round(STEP / unit));
  return {
    logits: {
      weights: Uint8Array.from(w2, (weight) => ZERO + Math.round((weight * WEIGHT_LIMIT) / largest)),
      offset: Int32Array.from(b2, (bias) => Math.round(bias / unit)),
      divisor,
    },
    table: Int32Array.from({ length: TABLE }, (_, t) => Math.round(ONE * Math.exp(-t * unit * divisor))),
  };
}
