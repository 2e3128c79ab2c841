/**
 * Features that stand for a whole network: per-sample gradients, projected as they are made.
 *
 * The head's influence is exact because its features are what it is linear in. A network is not linear in
 * anything but, near where training ended, in its parameters: f(θ) ≈ f(θ̂) + ⟨∇f, θ − θ̂⟩. So a sample's
 * features are its gradient ∇f. That is a number a parameter; Kronecker structure makes it small without ever
 * forming it (Choe et al., "What is your data worth to GPT?", 2024). For a layer z_t = Wᵀ a_t,
 *
 *   ∇_W f = Σ_t a_t δ_tᵀ,   φ = Σ_t (P_o δ_t)(P_i a_t)ᵀ,   k_o · k_i numbers a layer
 *
 * where t runs over positions (a plain network has one). The output function is the log-odds of the label,
 * f = log p/(1 − p), as in TRAK (Park et al., 2023): linear in the logits far out, where a loss is flat. Its
 * derivative by the logits is exact without a division that cancels:
 *
 *   ∂f/∂z = onehot(y) − softmax(z without y)
 *
 * Next to φ stands the *doubt* 1 − p, by which a sample still pulled at the weights when training ended.
 * Rectified networks with biases as rows of W; everything is one ONNX graph in float32.
 */
import { type GraphBuilder, graphBuilder, type Tensor } from "../../engine/graph.ts";
import { encodeOnnx } from "../../engine/onnx.ts";
import { openSession, type SessionOptions, tensor } from "../../engine/ort.ts";
import type { Projection } from "./projections.ts";

/** Widths of a network: input, hidden layers, output. */
export type Sizes = readonly number[];

/** Weights of each layer, `(in + 1) × out` row-major; the last row is the bias. */
export type NetworkWeights = readonly Float32Array[];

/** Projected gradients `n × width` and doubts `n`. */
export type GradientFeatures = {
  readonly width: number;
  readonly values: Float32Array;
  readonly doubts: Float32Array;
};

/** An open graph of projected gradients for networks of one shape. */
export type Projector = {
  readonly width: number;
  /**
   * @param weights of the network
   * @param projections one a layer
   * @param x contents, `n × in` row-major, without the constant
   * @param labels class of each; for a query, the class that is to be explained
   */
  readonly features: (
    weights: NetworkWeights,
    projections: readonly Projection[],
    x: Float32Array,
    labels: ArrayLike<number>,
  ) => Promise<GradientFeatures>;
  readonly close: () => Promise<void>;
};

const BLOCK = 1024;

/**
 * Opens a projector.
 *
 * @param ranks `[k_i, k_o]` of each layer
 * @throws ProjectorShapeError when ranks and sizes do not fit together
 */
export async function openProjector(
  sizes: Sizes,
  ranks: readonly (readonly [number, number])[],
  options: SessionOptions = {},
): Promise<Projector> {
  checkShapes(sizes, ranks);
  const width = ranks.reduce((sum, [inputs, outputs]) => sum + inputs * outputs, 0);
  const session = await openSession(encodeOnnx(projectorGraph(sizes, ranks)), options);
  return {
    width,
    features: async (weights, projections, x, labels) => {
      const n = labels.length;
      const inputs = sizes[0] as number;
      if (x.length !== n * inputs) {
        throw new ProjectorShapeError(
          `${x.length} values are not ${n} contents of ${inputs}: check the contents.`,
        );
      }
      const constant = layerFeeds(sizes, weights, projections);
      const values = new Float32Array(n * width);
      const doubts = new Float32Array(n);
      for (let start = 0; start < n; start += BLOCK) {
        const rows = Math.min(BLOCK, n - start);
        const block = Array.from({ length: rows }, (_, i) => labels[start + i] as number);
        const result = await session.run({
          ...constant,
          x: tensor("float", x.subarray(start * inputs, (start + rows) * inputs), [rows, inputs]),
          y: oneHot(block, sizes.at(-1) as number),
        });
        values.set(result["features"]?.data as Float32Array, start * width);
        doubts.set(result["doubts"]?.data as Float32Array, start);
      }
      return { width, values, doubts };
    },
    close: () => session.close(),
  };
}

/**
 * What is projected: each layer's inputs with their constant `[n, in + 1]` and ∂f/∂z `[n, out]`, and doubts.
 */
type Gradients = {
  readonly inputs: readonly string[];
  readonly deltas: readonly string[];
  readonly doubts: string;
};

/** Adds the network, forwards and backwards, with inputs `x, y, w_l`. */
function addGradients(g: GraphBuilder, sizes: Sizes): Gradients {
  const layers = sizes.length - 1;
  const x = g.input("x", "float", ["n", sizes[0] as number]);
  const y = g.input("y", "float", ["n", sizes[layers] as number]);
  const weights = sizes.slice(1).map((out, l) => g.input(`w${l}`, "float", [(sizes[l] as number) + 1, out]));
  // A constant 1 at the end of every layer's input.
  const pads = g.constant("pads", "int64", [4], BigInt64Array.of(0n, 0n, 0n, 1n));
  const one = g.constant("one", "float", [], Float32Array.of(1));
  const inputs: string[] = [];
  let a = x;
  let logits = "";
  for (let l = 0; l < layers; l++) {
    inputs.push(g.node("Pad", [a, pads, one]));
    logits = g.node("MatMul", [inputs[l] as string, weights[l] as string]);
    a = g.node("Relu", [logits]);
  }
  const far = g.constant("far", "float", [], Float32Array.of(1e9));
  const others = g.node("Softmax", [g.node("Sub", [logits, g.node("Mul", [y, far])])], { axis: 1 });
  const p = g.node("Softmax", [logits], { axis: 1 });
  const wrong = g.node("Mul", [p, g.node("Sub", [one, y])]);
  const last = g.constant("last", "int64", [1], BigInt64Array.of(1n));
  const doubts = g.node("ReduceSum", [wrong, last], { keepdims: 0 });

  const deltas: string[] = [g.node("Sub", [y, others])];
  for (let l = layers - 1; l > 0; l--) {
    const back = g.node("MatMul", [
      deltas[0] as string,
      g.node("Transpose", [weights[l] as string], { perm: [1, 0] }),
    ]);
    const inner = head(g, back, sizes[l] as number, `back${l}`);
    const gate = g.node("Sign", [head(g, inputs[l] as string, sizes[l] as number, `gate${l}`)]);
    deltas.unshift(g.node("Mul", [inner, gate]));
  }
  return { inputs, deltas, doubts };
}

/** `x, y, w_l, pi_l, po_l` → `features` `[n, Σ k_o k_i]`, `doubts` `[n]`. */
function projectorGraph(sizes: Sizes, ranks: readonly (readonly [number, number])[]) {
  const g = graphBuilder("projected-gradients");
  const { inputs, deltas, doubts } = addGradients(g, sizes);
  const parts = ranks.map(([rankIn, rankOut], l) => {
    const pi = g.input(`pi${l}`, "float", [(sizes[l] as number) + 1, rankIn]);
    const po = g.input(`po${l}`, "float", [sizes[l + 1] as number, rankOut]);
    return kronecker(g, inputs[l] as string, deltas[l] as string, pi, po, `${l}`, rankIn * rankOut);
  });
  const width = ranks.reduce((sum, [i, o]) => sum + i * o, 0);
  g.output(doubts, "doubts", "float", ["n"]);
  g.output(g.node("Concat", parts, { axis: 1 }), "features", "float", ["n", width]);
  return g.build();
}

/**
 * Second moments of a layer's inputs, `(in + 1)²`, and of its ∂f/∂z, `out²`: what PCA projections are made
 * of.
 */
export type LayerMoments = { readonly inputs: Float64Array; readonly outputs: Float64Array };

/** Second moments of every layer over given samples. */
export async function layerMoments(
  sizes: Sizes,
  weights: NetworkWeights,
  x: Float32Array,
  labels: ArrayLike<number>,
  options: SessionOptions = {},
): Promise<LayerMoments[]> {
  const g = graphBuilder("layer-moments");
  const { inputs, deltas } = addGradients(g, sizes);
  const gram = (value: string) => g.node("MatMul", [g.node("Transpose", [value], { perm: [1, 0] }), value]);
  for (let l = 0; l < sizes.length - 1; l++) {
    const [rows, columns] = [(sizes[l] as number) + 1, sizes[l + 1] as number];
    g.output(gram(inputs[l] as string), `inputs${l}`, "float", [rows, rows]);
    g.output(gram(deltas[l] as string), `outputs${l}`, "float", [columns, columns]);
  }
  const session = await openSession(encodeOnnx(g.build()), options);
  try {
    const feeds = weightFeeds(sizes, weights);
    const list = Array.from(labels);
    const result = await session.run({
      ...feeds,
      x: tensor("float", x, [list.length, sizes[0] as number]),
      y: oneHot(list, sizes.at(-1) as number),
    });
    return weights.map((_, l) => ({
      inputs: Float64Array.from(result[`inputs${l}`]?.data as Float32Array),
      outputs: Float64Array.from(result[`outputs${l}`]?.data as Float32Array),
    }));
  } finally {
    await session.close();
  }
}

/**
 * Adds `Σ_t (P_o δ_t)(P_i a_t)ᵀ`, flattened: `[n, in]`, `[n, out]` (one position) or `[n, t, in]`,
 * `[n, t, out]` → `[n, k_o k_i]`.
 */
export function kronecker(
  g: GraphBuilder,
  a: string,
  delta: string,
  pi: string,
  po: string,
  name: string,
  width: number,
  positions = false,
): string {
  const axis = g.constant(`t.${name}`, "int64", [1], BigInt64Array.of(1n));
  const lift = (value: string) => (positions ? value : g.node("Unsqueeze", [value, axis]));
  const left = g.node("Transpose", [lift(g.node("MatMul", [delta, po]))], { perm: [0, 2, 1] });
  const product = g.node("MatMul", [left, lift(g.node("MatMul", [a, pi]))]);
  return g.node("Reshape", [
    product,
    g.constant(`flat.${name}`, "int64", [2], BigInt64Array.of(-1n, BigInt(width))),
  ]);
}

/** The first `width` columns. */
function head(g: GraphBuilder, value: string, width: number, name: string): string {
  const at = (what: string, v: number) =>
    g.constant(`${what}.${name}`, "int64", [1], BigInt64Array.of(BigInt(v)));
  return g.node("Slice", [value, at("from", 0), at("to", width), at("axis", 1)]);
}

function weightFeeds(sizes: Sizes, weights: NetworkWeights): Record<string, Tensor> {
  return Object.fromEntries(
    weights.map((w, l) => [`w${l}`, tensor("float", w, [(sizes[l] as number) + 1, sizes[l + 1] as number])]),
  );
}

function layerFeeds(
  sizes: Sizes,
  weights: NetworkWeights,
  projections: readonly Projection[],
): Record<string, Tensor> {
  const feeds = weightFeeds(sizes, weights);
  projections.forEach(({ inputs, outputs, ranks }, l) => {
    feeds[`pi${l}`] = tensor("float", inputs, [(sizes[l] as number) + 1, ranks[0]]);
    feeds[`po${l}`] = tensor("float", outputs, [sizes[l + 1] as number, ranks[1]]);
  });
  return feeds;
}

function oneHot(labels: readonly number[], classes: number): Tensor {
  const y = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    if (!(label >= 0 && label < classes)) {
      throw new ProjectorShapeError(
        `Sample ${i} has class ${label} and the network has ${classes}: relabel it.`,
      );
    }
    y[i * classes + label] = 1;
  });
  return tensor("float", y, [labels.length, classes]);
}

function checkShapes(sizes: Sizes, ranks: readonly (readonly [number, number])[]): void {
  if (sizes.length < 2 || ranks.length !== sizes.length - 1) {
    throw new ProjectorShapeError(
      `${ranks.length} ranks do not fit ${sizes.length - 1} layers: give one pair a layer.`,
    );
  }
}

/** A network, ranks or contents that do not fit together. */
export class ProjectorShapeError extends Error {
  override readonly name = "Projected.ShapeError";
}
