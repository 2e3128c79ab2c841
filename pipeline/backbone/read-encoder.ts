/**
 * Reads a float encoder from ONNX into the chain of layers that quantise.ts turns into integers.
 *
 * What is understood, in one chain from the only input to the first output:
 *
 *   at the start    Cast, and Mul, Div, Add, Sub by one number: how bytes become numbers. A float input with
 *                   none of these is taken to be byte / 255.
 *   layers          MatMul, Gemm, Conv (group 1, dilation 1), Add of a constant, BatchNormalization (folded),
 *                   Relu, MaxPool, AveragePool and GlobalAveragePool without padding
 *   no-ops          Reshape, Flatten, Squeeze, Unsqueeze, Identity, Dropout
 *
 * Anything else is refused by name: an operator that cannot be done exactly in integers must not be done
 * roughly in silence. Shapes are followed, and a Reshape must only flatten, or unflatten to the image that
 * the input declares.
 */
import type { Attribute, Graph, Node, Tensor, ValueInfo } from "../engine/graph.ts";
import { type Layer, type Network, type Shape, shapeAfter, type WeightLayer, type Window } from "./layers.ts";

/** @throws EncoderOperatorError, EncoderShapeError */
export function readEncoder(graph: Graph): Network {
  const [input] = graph.inputs.filter(({ name }) => graph.constants[name] === undefined);
  if (!input) throw new EncoderShapeError("The encoder has no input: export it with one, of shape [n, …].");
  const constants = new Map(Object.entries(graph.constants));
  const state: State = { ...inputState(input, graph), layers: [], constants };
  let value = input.name;
  for (const node of graph.nodes) {
    if (node.op === "Constant") {
      const { value: held } = node.attributes;
      if (typeof held !== "object" || !("tensor" in held)) throw refused(node, "give its value as a tensor");
      constants.set(node.outputs[0] as string, held.tensor);
    } else if (node.inputs.length > 0 && node.inputs.every((name) => name === "" || constants.has(name))) {
      if (node.op !== "Identity") throw refused(node, "fold constants when exporting (do_constant_folding)");
      constants.set(node.outputs[0] as string, constants.get(node.inputs[0] as string) as Tensor);
    } else {
      if (!node.inputs.includes(value))
        throw refused(node, "export one chain of layers: branches and skips are not understood");
      apply(state, node, value);
      value = node.outputs[0] as string;
    }
    if (value === graph.outputs[0]?.name) break;
  }
  if (value !== graph.outputs[0]?.name)
    throw new EncoderShapeError("The encoder's input does not lead to its first output: export it again.");
  const { shape, scale, shift, layers } = state;
  const network = { input: state.image, scale, shift, layers };
  if (layers.length === 0 && shape.length === 0) throw new EncoderShapeError("The encoder has no layers.");
  return network;
}

type State = {
  /** What the input declares, without the batch. */
  readonly image: Shape;
  shape: Shape;
  scale: number;
  shift: number;
  readonly layers: Layer[];
  readonly constants: Map<string, Tensor>;
};

function inputState(input: ValueInfo, graph: Graph): Pick<State, "image" | "shape" | "scale" | "shift"> {
  const sizes = input.dims.slice(1);
  if (sizes.length === 0 || sizes.some((size) => typeof size !== "number" || size < 1)) {
    throw new EncoderShapeError(
      `The input ${input.name} is [${input.dims}]: all sizes but the first must be fixed when exporting.`,
    );
  }
  let image = sizes as number[];
  // A vector that is reshaped to an image at once is that image.
  const first = graph.nodes.find(
    ({ op }) => op === "Reshape" || op === "Conv" || op === "MatMul" || op === "Gemm",
  );
  const target = first?.op === "Reshape" ? graph.constants[first.inputs[1] ?? ""] : undefined;
  const wanted = Array.from((target?.data ?? []) as ArrayLike<number | bigint>, Number).slice(1);
  if (image.length === 1 && wanted.length === 3 && sizeOf(wanted) === sizeOf(image)) image = wanted;
  if (image.length !== 1 && image.length !== 3)
    throw new EncoderShapeError(
      `The input ${input.name} is [${input.dims}]: make it [n, bytes] or [n, c, h, w].`,
    );
  return { image, shape: image, scale: input.type === "float" ? 1 / 255 : 1, shift: 0 };
}

function apply(state: State, node: Node, value: string): void {
  const constant = (at: number): Tensor | undefined => state.constants.get(node.inputs[at] ?? "");
  const other = constant(node.inputs[0] === value ? 1 : 0);
  switch (node.op) {
    case "Identity":
    case "Dropout":
    case "Cast":
      return;
    case "Reshape":
    case "Flatten":
    case "Squeeze":
    case "Unsqueeze":
      reshape(state, node, constant(1));
      return;
    case "Mul":
    case "Div":
    case "Add":
    case "Sub":
      arithmetic(state, node, other, node.inputs[0] === value);
      return;
    case "MatMul":
    case "Gemm":
      if (node.inputs[0] !== value || !other) throw refused(node, "put the weights second, and constant");
      add(state, dense(node, other, constant(2)), node);
      return;
    case "Conv":
      add(state, convolution(node, constant(1), constant(2)), node);
      return;
    case "BatchNormalization":
      normalise(state, node, [1, 2, 3, 4].map(constant));
      return;
    case "Relu":
      rectify(state, node);
      return;
    case "MaxPool":
    case "AveragePool":
    case "GlobalAveragePool":
      add(state, pooling(state, node), node);
      return;
    default:
      throw refused(node, "replace it (Relu for other activations), or quantise the encoder yourself");
  }
}

/** Only flattening, or the image itself: anything else would mix values of different samples or places. */
function reshape(state: State, node: Node, target: Tensor | undefined): void {
  if (node.op === "Reshape" && target) {
    const wanted = Array.from(target.data as ArrayLike<number | bigint>, Number).slice(1);
    const same = wanted.length === 3 && `${wanted}` === `${state.shape}`;
    if (!same && wanted.length !== 1)
      throw refused(node, "reshape only to [n, values], or to the input's image");
    if (same) return;
  }
  if (node.op === "Flatten" && number(node.attributes.axis, 1) !== 1)
    throw refused(node, "flatten from axis 1");
  if (state.layers.length > 0) state.shape = [sizeOf(state.shape)];
}

/** Scaling of the input, or a bias after the weights. */
function arithmetic(state: State, node: Node, other: Tensor | undefined, first: boolean): void {
  if (other?.type !== "float") throw refused(node, "only constants may be added or multiplied");
  const values = Array.from(other.data as Float32Array);
  const last = state.layers.at(-1);
  if (!last) {
    const [c = 0] = values;
    if (values.some((value) => value !== c)) throw refused(node, "normalise all pixels alike");
    if (node.op === "Mul") [state.scale, state.shift] = [state.scale * c, state.shift * c];
    else if (node.op === "Div" && first) [state.scale, state.shift] = [state.scale / c, state.shift / c];
    else if (node.op === "Add") state.shift += c;
    else if (node.op === "Sub" && first) state.shift -= c;
    else throw refused(node, "divide or subtract a constant from the input, not the other way round");
    return;
  }
  const weighted = last.kind === "dense" || last.kind === "conv" ? last : undefined;
  const bias = weighted && (values.length === weighted.outputs || values.length === 1);
  if (node.op !== "Add" || !weighted || weighted.relu || !bias)
    throw refused(node, "after the first layer only a bias may be added");
  const sum = weighted.bias.map((value, o) => value + (values[values.length === 1 ? 0 : o] as number));
  state.layers[state.layers.length - 1] = { ...weighted, bias: sum };
}

function dense(node: Node, weights: Tensor, bias: Tensor | undefined): WeightLayer {
  const turned = node.op === "Gemm" && number(node.attributes.transB, 0) === 1;
  const scaled = ["alpha", "beta"].some((name) => float(node.attributes[name], 1) !== 1);
  if (
    weights.dims.length !== 2 ||
    weights.type !== "float" ||
    scaled ||
    number(node.attributes.transA, 0) === 1
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

function convolution(node: Node, weights: Tensor | undefined, bias: Tensor | undefined): WeightLayer {
  const [outputs = 0, inputs = 0, k = 0, l = 0] = weights?.dims ?? [];
  const dilated = ints(node.attributes.dilations, [1, 1]).some((step) => step !== 1);
  if (
    weights?.dims.length !== 4 ||
    weights.type !== "float" ||
    dilated ||
    number(node.attributes.group, 1) !== 1
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

function pooling(state: State, node: Node): Layer {
  const [, height = 0, width = 0] = state.shape;
  if (node.op === "GlobalAveragePool")
    return { kind: "meanPool", kernel: [height, width], stride: [height, width], pads: [0, 0, 0, 0] };
  const [k = 0, l = 0] = ints(node.attributes.kernel_shape, []);
  const window = windowOf(node, [k, l]);
  const padded = window.pads.some((pad) => pad !== 0) || number(node.attributes.ceil_mode, 0) !== 0;
  if (padded) throw refused(node, "pool without padding and without ceil_mode");
  if (node.op === "MaxPool") return { kind: "maxPool", ...window };
  const tiles = `${window.stride}` === `${window.kernel}` && height % k === 0 && width % l === 0;
  if (!tiles) throw refused(node, "average windows that tile the image");
  return { kind: "meanPool", ...window };
}

/** `(y − mean) / √(variance + ε) · gain + shift`, folded into the weights before it. */
function normalise(state: State, node: Node, tensors: readonly (Tensor | undefined)[]): void {
  const last = state.layers.at(-1);
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
  state.layers[state.layers.length - 1] = {
    ...weighted,
    weights: weighted.weights.map((weight, i) => weight * at(factor, output(i))),
    bias: weighted.bias.map((value, o) => (value - at(mean, o)) * at(factor, o) + at(shift, o)),
  };
}

function rectify(state: State, node: Node): void {
  const last = state.layers.at(-1);
  if (last?.kind === "dense" || last?.kind === "conv") {
    state.layers[state.layers.length - 1] = { ...last, relu: true };
    return;
  }
  // After a maximum or a mean of rectified values there is nothing left to rectify.
  const before = state.layers.filter((layer) => layer.kind === "dense" || layer.kind === "conv").at(-1);
  if (before?.relu) return;
  throw refused(node, "put Relu directly after the weights, before pooling");
}

function add(state: State, layer: Layer, node: Node): void {
  try {
    state.shape = shapeAfter(layer.kind === "dense" ? [sizeOf(state.shape)] : state.shape, layer);
  } catch (cause) {
    throw new EncoderShapeError(`${named(node)}: ${(cause as Error).message} Export the encoder again.`, {
      cause,
    });
  }
  state.layers.push(layer);
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
const number = (value: Attribute | undefined, otherwise: number): number =>
  typeof value === "number" ? value : otherwise;
const float = (value: Attribute | undefined, otherwise: number): number =>
  typeof value === "object" && "float" in value ? value.float : otherwise;
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const biasOf = (bias: Tensor | undefined, outputs: number): Float32Array =>
  bias
    ? Float32Array.from({ length: outputs }, (_, o) => Number(bias.data[bias.data.length === 1 ? 0 : o]))
    : new Float32Array(outputs);
const named = (node: Node): string => `${node.op} (which makes ${node.outputs[0]})`;

function refused(node: Node, remedy: string): EncoderOperatorError {
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
