/**
 * Single nodes of a float encoder as layers: weights out of their layouts, windows out of their attributes,
 * batch norm folded. Each function takes what it can do exactly and refuses the rest by name.
 */
import type { Attribute, Node, Tensor } from "../engine/graph.ts";
import type { Layer, Shape, WeightLayer, Window } from "./layers.ts";

/** A MatMul or Gemm with constant weights. */
export function dense(node: Node, weights: Tensor, bias: Tensor | undefined): WeightLayer {
  const turned = node.op === "Gemm" && numberOf(node.attributes.transB, 0) === 1;
  const scaled = ["alpha", "beta"].some((name) => float(node.attributes[name], 1) !== 1);
  if (
    weights.dims.length !== 2 ||
    weights.type !== "float" ||
    scaled ||
    numberOf(node.attributes.transA, 0) === 1
  )
    throw refused(node, "use plain float weights [in, out], without alpha, beta or transA");
  const [rows = 0, columns = 0] = weights.dims;
  const [inputs, outputs] = turned ? [columns, rows] : [rows, columns];
  const data = weights.data as Float32Array;
  const values = turned
    ? Float32Array.from(data, (_, at) => data[(at % outputs) * inputs + Math.floor(at / outputs)] as number)
    : Float32Array.from(data);
  return { kind: "dense", inputs, outputs, weights: values, bias: biasOf(bias, outputs), relu: false };
}

/** A Conv with constant filters. */
export function convolution(node: Node, weights: Tensor | undefined, bias: Tensor | undefined): WeightLayer {
  const [outputs = 0, inputs = 0, k = 0, l = 0] = weights?.dims ?? [];
  const dilated = ints(node.attributes.dilations, [1, 1]).some((step) => step !== 1);
  if (
    weights?.dims.length !== 4 ||
    weights.type !== "float" ||
    dilated ||
    numberOf(node.attributes.group, 1) !== 1
  )
    throw refused(node, "use two-dimensional float filters of group 1 and dilation 1");
  const data = Float32Array.from(weights.data as Float32Array);
  const window = windowOf(node, [k, l]);
  return {
    kind: "conv",
    inputs,
    outputs,
    weights: data,
    bias: biasOf(bias, outputs),
    relu: false,
    ...window,
  };
}

/** A pooling, from the shape before it. */
export function pooling(shape: Shape, node: Node): Layer {
  const [, height = 0, width = 0] = shape;
  if (node.op === "GlobalAveragePool")
    return { kind: "meanPool", kernel: [height, width], stride: [height, width], pads: [0, 0, 0, 0] };
  const [k = 0, l = 0] = ints(node.attributes.kernel_shape, []);
  const window = windowOf(node, [k, l]);
  const padded = window.pads.some((pad) => pad !== 0) || numberOf(node.attributes.ceil_mode, 0) !== 0;
  if (padded) throw refused(node, "pool without padding and without ceil_mode");
  if (node.op === "MaxPool") return { kind: "maxPool", ...window };
  const tiles = `${window.stride}` === `${window.kernel}` && height % k === 0 && width % l === 0;
  if (!tiles) throw refused(node, "average windows that tile the image");
  return { kind: "meanPool", ...window };
}

/** `(y − mean) / √(variance + ε) · gain + shift`, folded into the weights before it. */
export function normalised(
  last: Layer | undefined,
  node: Node,
  tensors: readonly (Tensor | undefined)[],
): Layer {
  const weighted = last?.kind === "dense" || last?.kind === "conv" ? last : undefined;
  const [gain, shift, mean, variance] = tensors.map((tensor) => tensor?.data as Float32Array | undefined);
  if (!weighted || weighted.relu || !gain || !shift || !mean || !variance)
    throw refused(node, "put it directly after MatMul, Gemm or Conv, with constants");
  const epsilon = float(node.attributes.epsilon, 1e-5);
  const factor = gain.map((value, o) => value / Math.sqrt((variance[o] as number) + epsilon));
  const each = weighted.weights.length / weighted.outputs;
  const output = (at: number): number =>
    weighted.kind === "dense" ? at % weighted.outputs : Math.floor(at / each);
  const at = (values: Float32Array, o: number): number => values[o] as number;
  return {
    ...weighted,
    weights: weighted.weights.map((weight, i) => weight * at(factor, output(i))),
    bias: weighted.bias.map((value, o) => (value - at(mean, o)) * at(factor, o) + at(shift, o)),
  };
}

function windowOf(node: Node, kernel: readonly [number, number]): Window {
  const automatic = node.attributes.auto_pad;
  if (automatic !== undefined && automatic !== "NOTSET" && automatic !== "VALID")
    throw refused(node, "give pads in numbers, not auto_pad");
  const [down = 1, right = 1] = ints(node.attributes.strides, [1, 1]);
  const [top = 0, left = 0, bottom = 0, end = 0] = ints(node.attributes.pads, [0, 0, 0, 0]);
  return { kernel, stride: [down, right], pads: [top, left, bottom, end] };
}

const ints = (value: Attribute | undefined, otherwise: readonly number[]): readonly number[] =>
  Array.isArray(value) ? value : otherwise;
/** An attribute that is a whole number. */
export const numberOf = (value: Attribute | undefined, otherwise: number): number =>
  typeof value === "number" ? value : otherwise;
const float = (value: Attribute | undefined, otherwise: number): number =>
  typeof value === "object" && "float" in value ? value.float : otherwise;
/** The number of values of a shape. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);
const biasOf = (bias: Tensor | undefined, outputs: number): Float32Array =>
  bias
    ? Float32Array.from({ length: outputs }, (_, o) => Number(bias.data[bias.data.length === 1 ? 0 : o]))
    : new Float32Array(outputs);
/** A node in an error. */
export const named = (node: Node): string => `${node.op} (which makes ${node.outputs[0]})`;

/** The error for a node that cannot be quantised exactly. */
export function refused(node: Node, remedy: string): EncoderOperatorError {
  return new EncoderOperatorError(`${named(node)} cannot be quantised exactly: ${remedy}.`);
}

/** An operator that has no exact form in integers here. */
export class EncoderOperatorError extends Error {
  override readonly name = "Backbone.EncoderOperatorError";
}

/** An encoder whose inputs, outputs or sizes do not fit. */
export class EncoderShapeError extends Error {
  override readonly name = "Backbone.EncoderShapeError";
}
