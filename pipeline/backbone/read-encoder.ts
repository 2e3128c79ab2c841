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
import type { Graph, Node, Tensor, ValueInfo } from "../engine/graph.ts";
import {
  convolution,
  dense,
  EncoderShapeError,
  named,
  normalised,
  numberOf,
  pooling,
  refused,
  sizeOf,
} from "./encoder-layers.ts";
import { type Layer, type Network, type Shape, shapeAfter } from "./layers.ts";

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
      state.layers[state.layers.length - 1] = normalised(
        state.layers.at(-1),
        node,
        [1, 2, 3, 4].map(constant),
      );
      return;
    case "Relu":
      rectify(state, node);
      return;
    case "MaxPool":
    case "AveragePool":
    case "GlobalAveragePool":
      add(state, pooling(state.shape, node), node);
      return;
    case "Shape":
      throw refused(node, "flatten with Flatten (axis 1), not with a shape that is computed");
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
  if (node.op === "Flatten" && numberOf(node.attributes.axis, 1) !== 1)
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

/** Rectifies the last weights; a maximum in between makes no difference, a mean would. */
function rectify(state: State, node: Node): void {
  for (let at = state.layers.length - 1; at >= 0; at--) {
    const layer = state.layers[at] as Layer;
    if (layer.kind === "dense" || layer.kind === "conv") {
      const meanAfter = state.layers.slice(at).some(({ kind }) => kind === "meanPool");
      if (meanAfter && !layer.relu) break;
      state.layers[at] = { ...layer, relu: true };
      return;
    }
  }
  throw refused(node, "put Relu after the weights and before averaging");
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

export { EncoderOperatorError, EncoderShapeError } from "./encoder-layers.ts";
