/**
 * The text backbone in integers: a hidden layer, the classes that the public texts speak for, and features
 * that a ridge head can read.
 *
 *   x    uint8 [n, buckets]             the n-grams' vector (ngrams.ts)
 *   q    = clip₀²⁵⁵ ⌊(x W₁ + o₁) / D₁⌋                             hidden, relu
 *   z    = q W₂ + o₂                                                a logit a public class
 *   e    = table[min(255, ⌊(max z − z) / D₂⌋)]                      2^16·exp of minus the distance to the top
 *   p    = ⌊(255 e + Σe/2) / Σe⌋                                    the classes' probabilities, 255 for 1
 *   h    = ⌊(p · words + 256·u) / 2u⌋ − 128    for the first m      the expected word of the text's class
 *        = clip₀²⁵⁵ ⌊(q W₃ + o₃) / D₃⌋ − 128   for the others       directions in which logits vary most
 *        = 64                                  for the last          the bias
 *
 * with u the largest entry of a word. Why the expected word: ridge regression is linear, and a word is ±1 in
 * each output. Linear features that a softmax over 77 classes reads well (0.90 of BANKING77's test set in the
 * prototype) are read badly by least squares on words (0.40 from those very features); their softmax,
 * projected on the words, loses nothing. The other features leave the head something to learn where the
 * public texts say nothing.
 *
 * All divisions have numerators that are not negative, and no sum leaves 31 bits (quantise.ts of the backbone
 * room checks the layers; Σ 255·e ≤ 2^24, Σ p·words ≤ (255 + classes/2)·127). The specification of the
 * n-grams is the graph's documentation text: it is in the file, so the file's hash names it too.
 */
import { BIAS, type IntegerLayer, ZERO } from "../backbone/integers.ts";
import { ELEMENT_TYPES, type Graph, type GraphBuilder, graphBuilder } from "../engine/graph.ts";
import { encodeOnnx } from "../engine/onnx.ts";
import { type NgramSpec, ngramVector } from "./ngrams.ts";

/** A dense layer in integers. */
export type DenseLayer = Extract<IntegerLayer, { kind: "dense" }>;

/** Everything that the file holds. */
export type TextNetwork = {
  readonly spec: NgramSpec;
  readonly hidden: DenseLayer;
  /** `hidden × classes` bytes, {@link ZERO} for 0, and what is added to each sum. */
  readonly logits: { readonly weights: Uint8Array; readonly offset: Int32Array; readonly divisor: number };
  /** 256 numbers, falling. */
  readonly table: Int32Array;
  /** The first m outputs of every class' word. */
  readonly words: readonly (readonly number[])[];
  /** The other features; absent where words fill them all. */
  readonly directions?: DenseLayer;
};

/** Steps of the exponential's table: beyond the last a class has no part. */
export const TABLE = 256;
/** p of a certain class. */
const WHOLE = 255;

/** What the file's documentation text says first, before the specification. */
const MARK = "quittance-text/1 ";

/** The ONNX file. The same network gives the same bytes. */
export function textGraph(network: TextNetwork): Uint8Array {
  const { spec, hidden, logits, table, words, directions } = network;
  const g = graphBuilder("quittance-backbone", MARK + JSON.stringify(spec));
  const x = g.input("x", "uint8", ["n", spec.buckets]);
  const q = dense(g, "hidden", x, hidden);
  const bytes = g.node("Cast", [q], { to: ELEMENT_TYPES.uint8.code });
  const classes = words.length;
  const outputs = words[0]?.length ?? 0;

  const zero = g.constant("zero", "uint8", [], Uint8Array.of(0));
  const centre = g.constant("centre", "uint8", [], Uint8Array.of(ZERO));
  const w = g.constant("logits.weights", "uint8", [hidden.outputs, classes], logits.weights);
  const z = g.node("Add", [
    g.node("MatMulInteger", [bytes, w, zero, centre]),
    g.constant("logits.offset", "int32", [classes], logits.offset),
  ]);
  const axis = g.constant("axis", "int64", [1], BigInt64Array.of(1n));
  const behind = g.node("Sub", [g.node("ReduceMax", [z, axis], { keepdims: 1 }), z]);
  const steps = g.node("Div", [behind, int32(g, "logits.divisor", logits.divisor)]);
  const index = g.node("Min", [steps, int32(g, "table.last", TABLE - 1)]);
  const e = g.node("Gather", [g.constant("table", "int32", [TABLE], table), index], { axis: 0 });
  const all = g.node("ReduceSum", [e, axis], { keepdims: 1 });
  const half = g.node("Div", [all, int32(g, "two", 2)]);
  const scaled = g.node("Add", [g.node("Mul", [e, int32(g, "whole", WHOLE)]), half]);
  const p = g.node("Cast", [g.node("Div", [scaled, all])], { to: ELEMENT_TYPES.uint8.code });

  const unit = unitOf(words);
  const wordBytes = Uint8Array.from(words.flat(), (value) => value + ZERO);
  const expected = g.node("MatMulInteger", [
    p,
    g.constant("words", "uint8", [classes, outputs], wordBytes),
    zero,
    centre,
  ]);
  const lifted = g.node("Add", [expected, int32(g, "words.shift", 2 * ZERO * unit)]);
  const halved = g.node("Div", [
    g.node("Max", [lifted, int32(g, "nothing", 0)]),
    int32(g, "words.divisor", 2 * unit),
  ]);
  const parts = [g.node("Min", [halved, int32(g, "limit", 255)])];
  if (directions !== undefined) parts.push(dense(g, "directions", bytes, directions));
  // The bias, once a row: a row's whole probability times 0.
  parts.push(g.node("Add", [g.node("Mul", [all, int32(g, "none", 0)]), int32(g, "bias", BIAS + ZERO)]));
  const joined = g.node("Concat", parts, { axis: 1 });
  const h = g.node("Cast", [g.node("Sub", [joined, int32(g, "shift", ZERO)])], {
    to: ELEMENT_TYPES.int8.code,
  });
  g.output(h, "h", "int8", ["n", featureCount(network)]);
  return encodeOnnx(g.build());
}

/** d: the words' outputs, the directions, and the bias. */
export function featureCount({ words, directions }: TextNetwork): number {
  return (words[0]?.length ?? 0) + (directions?.outputs ?? 0) + 1;
}

/** The n-grams' specification in a backbone's graph; undefined for a backbone that reads no text. */
export function specOf({ doc }: Pick<Graph, "doc">): NgramSpec | undefined {
  if (!doc.startsWith(MARK)) return undefined;
  const spec = JSON.parse(doc.slice(MARK.length)) as NgramSpec;
  const sizes = [spec.buckets, spec.shortest, spec.longest];
  const whole = sizes.every((size) => Number.isInteger(size) && size >= 1);
  const power = Math.log2(spec.buckets);
  if (!whole || spec.longest < spec.shortest || !Number.isInteger(power) || power > 16)
    throw new TextSpecError(`The n-grams of this backbone are ${doc.slice(MARK.length)}: no sizes.`);
  return spec;
}

/** Features of one text in plain loops: the truth that the ONNX graph is tested against. */
export function referenceTextFeatures(network: TextNetwork, content: Uint8Array): Int8Array {
  const { spec, hidden, logits, table, words, directions } = network;
  const q = plainDense(hidden, ngramVector(content, spec));
  const z = words.map((_, k) => {
    let sum = logits.offset[k] as number;
    q.forEach((value, i) => {
      sum += value * ((logits.weights[i * words.length + k] as number) - ZERO);
    });
    return sum;
  });
  const top = Math.max(...z);
  const e = z.map(
    (value) => table[Math.min(TABLE - 1, Math.floor((top - value) / logits.divisor))] as number,
  );
  const all = e.reduce((sum, value) => sum + value, 0);
  const p = e.map((value) => Math.floor((WHOLE * value + Math.floor(all / 2)) / all));
  const unit = unitOf(words);
  const expected = (words[0] ?? []).map((_, j) => {
    const sum = p.reduce((total, value, k) => total + value * (words[k]?.[j] as number), 0);
    return Math.min(255, Math.floor(Math.max(0, sum + 2 * ZERO * unit) / (2 * unit)));
  });
  const others = directions === undefined ? [] : plainDense(directions, q);
  return Int8Array.from([...expected, ...others, BIAS + ZERO], (value) => value - ZERO);
}

function unitOf(words: TextNetwork["words"]): number {
  return Math.max(1, ...words.flat().map(Math.abs));
}

/** `min(255, max(0, x W + offset) / divisor)` in int32. */
function dense(g: GraphBuilder, name: string, x: string, layer: DenseLayer): string {
  const { inputs, outputs, weights, offset, divisor, zero } = layer;
  const sum = g.node("MatMulInteger", [
    x,
    g.constant(`${name}.weights`, "uint8", [inputs, outputs], weights),
    g.constant(`${name}.zero`, "uint8", [], Uint8Array.of(zero)),
    g.constant(`${name}.weight_zero`, "uint8", [], Uint8Array.of(ZERO)),
  ]);
  const shifted = g.node("Add", [sum, g.constant(`${name}.offset`, "int32", [outputs], offset)]);
  const positive = g.node("Max", [shifted, int32(g, `${name}.nothing`, 0)]);
  const divided = g.node("Div", [positive, g.constant(`${name}.divisor`, "int32", [outputs], divisor)]);
  return g.node("Min", [divided, int32(g, `${name}.limit`, 255)]);
}

function plainDense(layer: DenseLayer, values: ArrayLike<number>): number[] {
  return Array.from({ length: layer.outputs }, (_, j) => {
    let sum = layer.offset[j] as number;
    for (let i = 0; i < layer.inputs; i++)
      sum += ((values[i] as number) - layer.zero) * ((layer.weights[i * layer.outputs + j] as number) - ZERO);
    return Math.min(255, Math.floor(Math.max(0, sum) / (layer.divisor[j] as number)));
  });
}

function int32(g: GraphBuilder, name: string, value: number): string {
  return g.constant(name, "int32", [], Int32Array.of(value));
}

/** A backbone's file whose specification of n-grams is none. */
export class TextSpecError extends Error {
  override readonly name = "Text.SpecError";
}
