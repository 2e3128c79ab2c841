/**
 * From a network in floating point to one in integers.
 *
 * Bytes stand for real numbers: `real = s (q − z)` with one `s` and `z` a layer. A channel's sum of integer
 * products is a real number too, in steps of `s · w`, where `w` is the channel's weight step; dividing it by
 * `D = s′ / (s w)` gives the next layer's bytes. `D` has to be a whole number, so it is chosen first, as
 * large as the weights' range allows, and `w = s′ / (s D)` follows: nothing is lost to rounding `D`.
 *
 *   q′ = floor((sum + offset) / D),   offset = bias / (s w) + (z′ + ½) D
 *
 * Ranges of activations are measured on public contents. Features are centred and scaled to a standard
 * deviation of {@link DEVIATION} on the same contents, so that four deviations fit into int8; the constant
 * {@link BIAS} follows as the last. An encoder with more outputs than features is projected on the directions
 * in which public contents vary most (PCA); one with fewer leaves the rest at zero.
 *
 * What was not done: training on with rounded weights. It would win back the little that rounding costs, and
 * cost a second training.
 */
import { symmetricEigen } from "../model/dense.ts";
import { backboneHash } from "./backbone.ts";
import { activations, shapes } from "./floats.ts";
import { BIAS, type IntegerLayer, type IntegerNetwork, integerGraph, ZERO } from "./integers.ts";
import type { Layer, Network, WeightLayer } from "./layers.ts";

/** Standard deviation of a feature: four of them fit into int8. */
export const DEVIATION = 32;
const WEIGHT_LIMIT = 127;
/**
 * A larger divisor could lift `128 D` out of int32; a channel whose weights are that small is nearly dead.
 */
const DIVISOR_LIMIT = 2 ** 22;
const SUM_LIMIT = 2 ** 31 - 1;
const FEWEST = 64;

/** An ONNX file, its name (the SHA-256 of its bytes, in hex), and the same network as data. */
export type Quantised = {
  readonly onnx: Uint8Array;
  readonly hash: string;
  readonly network: IntegerNetwork;
};

/**
 * Quantises a network to `d` features (the bias included), with ranges measured on public contents.
 *
 * @throws QuantiseDataError when there are too few contents or they are all alike, QuantiseRangeError when a
 * layer has too many inputs for 32-bit sums.
 */
export async function quantise(
  network: Network,
  contents: readonly Uint8Array[],
  options: { readonly d?: number; readonly threads?: number } = {},
): Promise<Quantised> {
  const { d = 32, threads = 1 } = options;
  if (contents.length < FEWEST)
    throw new QuantiseDataError(
      `Quantising needs at least ${FEWEST} public contents, not ${contents.length}.`,
    );
  const ready = await withFeatures(network, contents, d, threads);
  const measured = await activations(ready, contents, { threads });
  const layers: IntegerLayer[] = [];
  // The first layer's bytes are the content's own.
  let step = network.scale;
  let zero = Math.round(-network.shift / network.scale);
  let rest = network.shift + network.scale * zero;
  if (zero < 0 || zero > 255) {
    const padded = ready.layers[0]?.kind === "conv" && ready.layers[0].pads.some((pad) => pad > 0);
    if (padded)
      throw new QuantiseRangeError(
        "Padding with 0 has no byte here: normalise inputs so that 0 lies between black and white.",
      );
    [zero, rest] = [0, network.shift];
  }
  ready.layers.forEach((layer, i) => {
    if (layer.kind === "maxPool" || layer.kind === "meanPool") {
      layers.push(layer);
      return;
    }
    const values = measured[i] as Float32Array;
    const last = i === ready.layers.length - 1;
    const targets = last ? featureTargets(values, layer.outputs) : rangeTarget(values, layer);
    layers.push(integerLayer(layer, { step, zero, rest }, targets, `Layer ${i}`));
    step = targets.steps[0] as number;
    zero = last ? ZERO : (targets.zeros[0] as number);
    rest = 0;
  });
  const whole: IntegerNetwork = { input: network.input, layers: withBias(layers, d) };
  const onnx = integerGraph(whole);
  return { onnx, hash: backboneHash(onnx), network: whole };
}

/** What a layer's results should be in bytes: `real = steps · (q − zeros)`, for each output. */
export type Targets = { readonly steps: readonly number[]; readonly zeros: readonly number[] };
/** What an input byte stands for: `step · (q − zero) + rest`. */
type Input = { readonly step: number; readonly zero: number; readonly rest: number };

/** A layer in integers, from what its input's bytes stand for to what its results' bytes shall stand for. */
export function integerLayer(layer: WeightLayer, input: Input, targets: Targets, name: string): IntegerLayer {
  const { inputs, outputs } = layer;
  const count = layer.weights.length / outputs;
  /** Weights of one output, wherever the layout puts them. */
  const position = (output: number, i: number): number =>
    layer.kind === "dense" ? i * outputs + output : output * count + i;
  const weights = new Uint8Array(layer.weights.length).fill(ZERO);
  const offset = new Int32Array(outputs);
  const divisor = new Int32Array(outputs).fill(1);
  for (let o = 0; o < outputs; o++) {
    const target = targets.steps[o] as number;
    let largest = 0;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const weight = layer.weights[position(o, i)] as number;
      largest = Math.max(largest, Math.abs(weight));
      sum += weight;
    }
    const ideal = (target * WEIGHT_LIMIT) / (input.step * largest);
    const d = Math.max(1, Math.min(DIVISOR_LIMIT, Math.floor(ideal)));
    const unit = target / (input.step * d);
    let reach = 0;
    for (let i = 0; i < count; i++) {
      const weight = Math.round((layer.weights[position(o, i)] as number) / unit);
      if (Math.abs(weight) > WEIGHT_LIMIT)
        throw new QuantiseRangeError(
          `${name} turns large inputs into small outputs: scale its weights down.`,
        );
      weights[position(o, i)] = ZERO + weight;
      reach += Math.abs(weight) * Math.max(input.zero, 255 - input.zero);
    }
    const bias = ((layer.bias[o] as number) + input.rest * sum) / (input.step * unit);
    const shift = Math.round(bias + ((targets.zeros[o] as number) + 0.5) * d);
    if (reach + Math.abs(shift) > SUM_LIMIT)
      throw new QuantiseRangeError(
        `${name} sums ${count} products, which may leave 32 bits: make it narrower.`,
      );
    offset[o] = shift;
    divisor[o] = d;
  }
  const common = { inputs, outputs, weights, offset, divisor, zero: input.zero };
  if (layer.kind === "dense") return { kind: "dense", ...common };
  const { kernel, stride, pads } = layer;
  return { kind: "conv", ...common, kernel, stride, pads };
}

/** One step and zero for a whole layer: from the least to the largest value that was seen. */
function rangeTarget(values: Float32Array, layer: WeightLayer): Targets {
  let [least, most] = [0, 0];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const step = most - least > 0 ? (most - least) / 255 : 1;
  const zero = layer.relu ? 0 : Math.round(-least / step);
  return { steps: new Array(layer.outputs).fill(step), zeros: new Array(layer.outputs).fill(zero) };
}

/** Centred features of standard deviation {@link DEVIATION}; one that never varies stays at its middle. */
export function featureTargets(values: ArrayLike<number>, width: number): Targets {
  const { means, deviations } = moments(values, width);
  if (deviations.every((deviation) => deviation === 0))
    throw new QuantiseDataError("The public contents are all alike to this encoder: use real, varied ones.");
  const steps = deviations.map((deviation) => (deviation === 0 ? 1 : deviation / DEVIATION));
  return { steps, zeros: means.map((mean, j) => ZERO - mean / (steps[j] as number)) };
}

function moments(values: ArrayLike<number>, width: number): { means: number[]; deviations: number[] } {
  const rows = values.length / width;
  const means = new Array<number>(width).fill(0);
  const squares = new Array<number>(width).fill(0);
  for (let at = 0; at < values.length; at++)
    means[at % width] = (means[at % width] as number) + (values[at] as number) / rows;
  for (let at = 0; at < values.length; at++) {
    const from = (values[at] as number) - (means[at % width] as number);
    squares[at % width] = (squares[at % width] as number) + from ** 2 / rows;
  }
  return { means, deviations: squares.map((square) => (square < 1e-12 ? 0 : Math.sqrt(square))) };
}

/** Makes the last layer a dense one with `d − 1` outputs. */
async function withFeatures(
  network: Network,
  contents: readonly Uint8Array[],
  d: number,
  threads: number,
): Promise<Network> {
  const end = shapes(network).at(-1) ?? network.input;
  const width = end.reduce((product, length) => product * length, 1);
  const last = network.layers.at(-1);
  if (last?.kind === "dense" && !last.relu && width === d - 1) return network;
  const projection = new Float32Array(width * (d - 1));
  if (width <= d - 1) for (let i = 0; i < width; i++) projection[i * (d - 1) + i] = 1;
  else {
    const values = (await activations(network, contents, { threads })).at(-1) as Float32Array;
    const vectors = directions(values, width, d - 1);
    for (let j = 0; j < d - 1; j++)
      for (let i = 0; i < width; i++) projection[i * (d - 1) + j] = vectors[j * width + i] as number;
  }
  const layer: Layer = {
    kind: "dense",
    inputs: width,
    outputs: d - 1,
    weights: projection,
    bias: new Float32Array(d - 1),
    relu: false,
  };
  return { ...network, layers: [...network.layers, layer] };
}

/** The leading directions of variation, as rows. */
export function directions(values: ArrayLike<number>, width: number, count: number): Float64Array {
  const { means } = moments(values, width);
  const covariance = new Float64Array(width * width);
  for (let row = 0; row < values.length; row += width) {
    for (let i = 0; i < width; i++) {
      const left = (values[row + i] as number) - (means[i] as number);
      if (left === 0) continue;
      for (let j = 0; j < width; j++) {
        const at = i * width + j;
        const right = (values[row + j] as number) - (means[j] as number);
        covariance[at] = (covariance[at] as number) + left * right;
      }
    }
  }
  return symmetricEigen(covariance, width).vectors.subarray(0, count * width);
}

/** Adds the constant feature to the last layer. */
function withBias(layers: readonly IntegerLayer[], d: number): IntegerLayer[] {
  const last = layers.at(-1);
  if (last?.kind !== "dense") throw new QuantiseRangeError("A network ends in a dense layer: add one.");
  const { inputs, outputs } = last;
  const weights = new Uint8Array(inputs * d).fill(ZERO);
  for (let i = 0; i < inputs; i++) weights.set(last.weights.subarray(i * outputs, (i + 1) * outputs), i * d);
  const offset = Int32Array.of(...last.offset, ZERO + BIAS);
  const divisor = Int32Array.of(...last.divisor, 1);
  return [...layers.slice(0, -1), { ...last, outputs: d, weights, offset, divisor }];
}

/** Public contents that no ranges can be measured on. */
export class QuantiseDataError extends Error {
  override readonly name = "Backbone.QuantiseDataError";
}

/** A network whose numbers do not fit into 32-bit sums of bytes. */
export class QuantiseRangeError extends Error {
  override readonly name = "Backbone.QuantiseRangeError";
}
