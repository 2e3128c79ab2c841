/**
 * A network in integers, and its ONNX graph: the same bits on every device.
 *
 *   x       uint8 [n, bytes]
 *   sum     Σ (q − z) (w − 128)                     MatMulInteger or ConvInteger, in int32
 *   q′      min(255, max(0, sum + offset) / divisor)                 per channel; uint8
 *   h       the last layer's q′ − 128, int8 [n, d]; its last column is the constant {@link BIAS}
 *
 * Why integers: a feature enters Poseidon leaves and Gram sums, so one differing bit on another machine would
 * be another model. Every operator is exact: products of bytes summed in int32 (quantise.ts proves that no
 * sum leaves it), and divisions whose numerators are never negative, so that truncating and rounding down are
 * the same thing.
 *
 * Pitfall: uint8 × int8 products saturate on some processors (see engine/ort.ts). Weights are uint8 with zero
 * point 128. A sum over the channels' own scales is the other usual form (QLinearConv), but it multiplies by
 * a float scale, and rounding that is nobody's promise.
 */
import { ELEMENT_TYPES, type GraphBuilder, graphBuilder } from "../engine/graph.ts";
import { encodeOnnx } from "../engine/onnx.ts";
import { type Shape, shapeAfter, type Window } from "./layers.ts";

/** The constant last feature. */
export const BIAS = 64;
/** What stands for 0: in weights, and in the last layer before it is subtracted. */
export const ZERO = 128;

type Requantised = {
  readonly inputs: number;
  readonly outputs: number;
  /** {@link ZERO} stands for 0. Shapes as in layers.ts. */
  readonly weights: Uint8Array;
  readonly offset: Int32Array;
  readonly divisor: Int32Array;
  /** The input byte that stands for 0, which is also what padding is made of. */
  readonly zero: number;
};

/** One layer in integers. */
export type IntegerLayer =
  | ({ readonly kind: "dense" } & Requantised)
  | ({ readonly kind: "conv" } & Requantised & Window)
  | ({ readonly kind: "maxPool" } & Window)
  | ({ readonly kind: "meanPool" } & Window);

/** A network in integers; its last layer is dense and gives `d` features. */
export type IntegerNetwork = { readonly input: Shape; readonly layers: readonly IntegerLayer[] };

/** The ONNX file of an integer network. The same network gives the same bytes. */
export function integerGraph({ input, layers }: IntegerNetwork): Uint8Array {
  const g = graphBuilder("quittance-backbone", "Quantised network: integers only.");
  const bytes = sizeOf(input);
  let value = g.input("x", "uint8", ["n", bytes]);
  let shape: Shape = [bytes];
  layers.forEach((layer, i) => {
    const name = `layer${i}`;
    const wanted = layer.kind === "dense" ? [sizeOf(shape)] : i === 0 ? input : shape;
    if (`${wanted}` !== `${shape}`)
      value = g.node("Reshape", [value, sizes(g, `${name}.shape`, [-1, ...wanted])]);
    if (layer.kind === "maxPool") value = g.node("MaxPool", [value], attributes(layer));
    else if (layer.kind === "meanPool") value = meanPool(g, name, value, wanted, layer);
    else value = requantised(g, name, value, layer, i === layers.length - 1);
    shape = after(wanted, layer);
  });
  g.output(value, "h", "int8", ["n", shape[0] as number]);
  return encodeOnnx(g.build());
}

/** The shape after an integer layer. */
export function after(shape: Shape, layer: IntegerLayer): Shape {
  if (layer.kind === "maxPool" || layer.kind === "meanPool") return shapeAfter(shape, layer);
  const empty = new Float32Array();
  return shapeAfter(shape, { ...layer, weights: empty, bias: empty, relu: true });
}

function requantised(
  g: GraphBuilder,
  name: string,
  value: string,
  layer: Extract<IntegerLayer, Requantised>,
  last: boolean,
): string {
  const { outputs, inputs, weights, offset, divisor, zero } = layer;
  const across = layer.kind === "conv" ? [outputs, 1, 1] : [outputs];
  const dims = layer.kind === "conv" ? [outputs, inputs, ...layer.kernel] : [inputs, outputs];
  const operands = [
    value,
    g.constant(`${name}.weights`, "uint8", dims, weights),
    g.constant(`${name}.zero`, "uint8", [], Uint8Array.of(zero)),
    g.constant(`${name}.weight_zero`, "uint8", [], Uint8Array.of(ZERO)),
  ];
  const sum =
    layer.kind === "conv"
      ? g.node("ConvInteger", operands, attributes(layer))
      : g.node("MatMulInteger", operands);
  const shifted = g.node("Add", [sum, g.constant(`${name}.offset`, "int32", across, offset)]);
  const positive = g.node("Max", [shifted, int32(g, "nothing", 0)]);
  const divided = g.node("Div", [positive, g.constant(`${name}.divisor`, "int32", across, divisor)]);
  const cut = g.node("Min", [divided, int32(g, "limit", 255)]);
  if (!last) return g.node("Cast", [cut], { to: ELEMENT_TYPES.uint8.code });
  return g.node("Cast", [g.node("Sub", [cut, int32(g, "centre", ZERO)])], { to: ELEMENT_TYPES.int8.code });
}

/** Rounded mean of windows that tile the image: split both axes and sum the parts. */
function meanPool(g: GraphBuilder, name: string, value: string, shape: Shape, layer: Window): string {
  const [c = 0, height = 0, width = 0] = shape;
  const [k, l] = layer.kernel;
  const split = sizes(g, `${name}.split`, [-1, c, height / k, k, width / l, l]);
  const wide = g.node("Cast", [g.node("Reshape", [value, split])], { to: ELEMENT_TYPES.int32.code });
  const sum = g.node("ReduceSum", [wide, sizes(g, `${name}.axes`, [3, 5])], { keepdims: 0 });
  const half = g.node("Add", [sum, int32(g, `${name}.half`, (k * l) >> 1)]);
  return g.node("Cast", [g.node("Div", [half, int32(g, `${name}.count`, k * l)])], {
    to: ELEMENT_TYPES.uint8.code,
  });
}

function attributes({ kernel, stride, pads }: Window): Record<string, readonly number[]> {
  return { kernel_shape: kernel, strides: stride, pads };
}

function int32(g: GraphBuilder, name: string, value: number): string {
  return g.constant(name, "int32", [], Int32Array.of(value));
}

function sizes(g: GraphBuilder, name: string, values: readonly number[]): string {
  return g.constant(name, "int64", [values.length], BigInt64Array.from(values, BigInt));
}

function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}
