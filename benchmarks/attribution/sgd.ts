// Stochastic gradient descent for small networks, many of them: what retraining on half of the data, again
// and again, is made of.
//
// A network here is layers of `relu(a W)` with dropout between them and a softmax at the end; a constant 1 is
// appended to every layer's input, so that biases are rows of W. One epoch is one ONNX graph, its steps
// unrolled:
//
//   v ← momentum · v − (rate / batch) · aᵀδ        one Gemm, with v as its addend
//   W ← W + v
//
// so that the weights stay in the processor's cache and the program is called once an epoch. v carries the
// step size already, which is the usual momentum for a constant rate.
//
// Dropout's masks are rows of a fixed table, drawn anew for every sample and step: random numbers are then
// drawn by index, a byte of randomness where a mask would take hundreds, and the graph holds no random
// operator, whose sequence would depend on the runtime.

import {
  encodeOnnx,
  type GraphBuilder,
  graphBuilder,
  openGraph,
  type Random,
  seededRandom,
  type Tensor,
  tensor,
} from "../../pipeline/index.ts";

/** How a network is built and trained. */
export type Recipe = {
  /** Width of the input, of each hidden layer, and of the output. */
  readonly sizes: readonly number[];
  readonly rate: number;
  readonly momentum: number;
  readonly dropout: number;
  readonly batch: number;
  readonly epochs: number;
};

/** Weights of each layer, `(in + 1) × out` row-major; the last row is the bias. */
export type Weights = readonly Float32Array[];

/** Samples: contents row-major without the constant, and their classes. */
export type Samples = {
  readonly x: Float32Array;
  readonly labels: Uint8Array;
  readonly width: number;
  readonly classes: number;
};

/** Trains networks of one recipe on equally many of equally many samples. */
export type Trainer = {
  /**
   * Trains one network; the same seed gives the same one.
   * @param samples `total` of them
   * @param rows which to train on, `count` of them
   * @param keep also return the weights after these epochs, before those after the last
   */
  readonly train: (
    samples: Samples,
    rows: ArrayLike<number>,
    seed: string,
    keep?: readonly number[],
  ) => Promise<Weights[]>;
  readonly close: () => Promise<void>;
};

/** Rows of the table of masks. */
const MASKS = 4096;

/** Opens a trainer for subsets of exactly `count` of `total` samples. */
export async function openTrainer(total: number, count: number, recipe: Recipe): Promise<Trainer> {
  const session = await openGraph(encodeOnnx(epochGraph(recipe, count, total)), { threads: 1 });
  const masks = maskTable(recipe);
  return {
    train: async (samples, rows, seed, keep = []) => {
      if (rows.length !== count) throw new TrainerInputError(rows.length, count);
      const constant = { x: withOnes(samples), y: oneHot(samples), ...masks };
      const random = seededRandom(`sgd/${seed}`);
      let weights = initialWeights(recipe.sizes, random);
      let velocities: Weights = weights.map((w) => new Float32Array(w.length));
      const kept: Weights[] = [];
      for (let epoch = 1; epoch <= recipe.epochs; epoch++) {
        const feeds = {
          ...constant,
          ...epochFeeds(recipe, rows, random),
          ...stateFeeds(recipe.sizes, weights, velocities),
        };
        const results = await session.run(feeds);
        weights = readState(results, "w", weights.length);
        velocities = readState(results, "m", weights.length);
        if (keep.includes(epoch) && epoch < recipe.epochs) kept.push(weights);
      }
      return [...kept, weights];
    },
    close: () => session.close(),
  };
}

/** Samples that do not fit the graph. */
export class TrainerInputError extends Error {
  override readonly name = "Attribution.TrainerInput";
  constructor(given: number, count: number) {
    super(`This trainer was opened for ${count} samples, not ${given}: open another.`);
  }
}

/** PyTorch's default for a linear layer: uniform within ±1/√in, weights and biases alike. */
function initialWeights(sizes: readonly number[], random: Random): Weights {
  return sizes.slice(1).map((out, l) => {
    const inputs = sizes[l] as number;
    const bound = 1 / Math.sqrt(inputs);
    return Float32Array.from({ length: (inputs + 1) * out }, () => (2 * random.uniform() - 1) * bound);
  });
}

function epochFeeds({ dropout }: Recipe, rows: ArrayLike<number>, random: Random): Record<string, Tensor> {
  const order = random.shuffle(Array.from(rows));
  const feeds = { order: tensor("int32", Int32Array.from(order)) };
  if (dropout === 0) return feeds;
  return {
    ...feeds,
    mask: tensor(
      "int32",
      Int32Array.from(order, () => random.below(MASKS)),
    ),
  };
}

function stateFeeds(sizes: readonly number[], weights: Weights, velocities: Weights): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  weights.forEach((w, l) => {
    const dims = [(sizes[l] as number) + 1, sizes[l + 1] as number];
    feeds[`w${l}`] = tensor("float", w, dims);
    feeds[`m${l}`] = tensor("float", velocities[l] as Float32Array, dims);
  });
  return feeds;
}

function readState(results: Record<string, Tensor>, name: string, layers: number): Weights {
  return Array.from({ length: layers }, (_, l) => results[`${name}${l}.next`]?.data as Float32Array);
}

/** `n × (width + 1)`: the contents with the constant 1 appended. */
export function withOnes({ x, width }: Pick<Samples, "x" | "width">): Tensor {
  const n = x.length / width;
  const out = new Float32Array(n * (width + 1)).fill(1);
  for (let i = 0; i < n; i++) out.set(x.subarray(i * width, (i + 1) * width), i * (width + 1));
  return tensor("float", out, [n, width + 1]);
}

/** `n × classes`. */
export function oneHot({ labels, classes }: Samples): Tensor {
  const y = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    y[i * classes + label] = 1;
  });
  return tensor("float", y, [labels.length, classes]);
}

/** Masks of all hidden units in a row: 0, or 1 / (1 − dropout). */
function maskTable({ sizes, dropout }: Recipe): Record<string, Tensor> {
  if (dropout === 0) return {};
  const random = seededRandom("sgd/masks");
  const hidden = sizes.slice(1, -1);
  return Object.fromEntries(
    hidden.map((width, l) => {
      const table = Float32Array.from({ length: MASKS * width }, () =>
        random.uniform() < dropout ? 0 : 1 / (1 - dropout),
      );
      return [`masks${l}`, tensor("float", table, [MASKS, width])];
    }),
  );
}

/** The graph of one epoch over `count` samples of `total`. */
function epochGraph({ sizes, rate, momentum, dropout, batch }: Recipe, count: number, total: number) {
  const g = graphBuilder("epoch");
  const layers = sizes.length - 1;
  const width = sizes[0] as number;
  const x = g.input("x", "float", [total, width + 1]);
  const y = g.input("y", "float", [total, sizes[layers] as number]);
  const order = g.input("order", "int32", [count]);
  const mask = dropout === 0 ? undefined : g.input("mask", "int32", [count]);
  const tables = mask
    ? sizes.slice(1, -1).map((size, l) => g.input(`masks${l}`, "float", [MASKS, size]))
    : [];
  const state = (name: string) =>
    sizes.slice(1).map((out, l) => g.input(`${name}${l}`, "float", [(sizes[l] as number) + 1, out]));
  const weights = state("w");
  const velocities = state("m");
  const scalar = (name: string, value: number) => g.constant(name, "float", [], Float32Array.of(value));
  const kept = scalar("kept", 1 / (1 - dropout));
  const hiddenSizes = g.constant("axis1", "int64", [1], BigInt64Array.of(1n));
  const from = g.constant("from", "int64", [1], BigInt64Array.of(0n));
  for (let start = 0; start < count; start += batch) {
    const rows = Math.min(batch, count - start);
    const ones = constantOnce(g, `ones${rows}`, rows);
    const picked = slice(g, order, start, start + rows);
    const inputs: string[] = [g.node("Gather", [x, picked])];
    const hidden: string[] = [];
    let output = "";
    for (let l = 0; l < layers; l++) {
      const z = g.node("MatMul", [inputs[l] as string, weights[l] as string]);
      if (l === layers - 1) {
        output = g.node("Softmax", [z], { axis: 1 });
        break;
      }
      let a = g.node("Relu", [z]);
      if (mask)
        a = g.node("Mul", [a, g.node("Gather", [tables[l] as string, slice(g, mask, start, start + rows)])]);
      hidden.push(a);
      inputs.push(g.node("Concat", [a, ones], { axis: 1 }));
    }
    const step = constantScalar(g, `step${rows}`, -rate / rows);
    let delta = g.node("Mul", [g.node("Sub", [output, g.node("Gather", [y, picked])]), step]);
    for (let l = layers - 1; l >= 0; l--) {
      const w = weights[l] as string;
      const addend = velocities[l] as string;
      const v = g.node("Gemm", [inputs[l] as string, delta, addend], {
        transA: 1,
        beta: { float: momentum },
      });
      if (l > 0) {
        const back = g.node("Gemm", [delta, w], { transB: 1 });
        const end = constantIndex(g, `end${l}`, sizes[l] as number);
        const inner = g.node("Slice", [back, from, end, hiddenSizes]);
        const gate = g.node("Sign", [hidden[l - 1] as string]);
        delta = g.node("Mul", [inner, mask ? g.node("Mul", [gate, kept]) : gate]);
      }
      velocities[l] = v;
      weights[l] = g.node("Add", [w, v]);
    }
  }
  sizes.slice(1).forEach((out, l) => {
    const dims = [(sizes[l] as number) + 1, out];
    g.output(weights[l] as string, `w${l}.next`, "float", dims);
    g.output(velocities[l] as string, `m${l}.next`, "float", dims);
  });
  return g.build();
}

function slice(g: GraphBuilder, value: string, start: number, end: number): string {
  return g.node("Slice", [value, constantIndex(g, `at${start}`, start), constantIndex(g, `at${end}`, end)]);
}

function constantOnce(g: GraphBuilder, name: string, rows: number): string {
  return g.constant(name, "float", [rows, 1], new Float32Array(rows).fill(1));
}

function constantScalar(g: GraphBuilder, name: string, value: number): string {
  return g.constant(name, "float", [], Float32Array.of(value));
}

function constantIndex(g: GraphBuilder, name: string, value: number): string {
  return g.constant(name, "int64", [1], BigInt64Array.of(BigInt(value)));
}
