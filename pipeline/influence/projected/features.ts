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
import { graphBuilder, type GraphBuilder, type Tensor } from "../../engine/graph.ts";
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
        throw new ProjectorShapeError(`${x.length} values are not ${n} contents of ${inputs}: check the contents.`);
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

/** `x, y, w_l, pi_l, po_l` → `features` `[n, Σ k_o k_i]`, `doubts` `[n]`. */
function projectorGraph(sizes: Sizes, ranks: readonly (readonly [number, number])[]) {
  const g = graphBuilder("projected-gradients");
  const layers = sizes.length - 1;
  const x = g.input("x", "float", ["n", sizes[0] as number]);
  const y = g.input("y", "float", ["n", sizes[layers] as number]);
  const weights = ranks.map((_, l) => g.input(`w${l}`, "float", [(sizes[l] as number) + 1, sizes[l + 1] as number]));
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
  g.output(g.node("ReduceSum", [wrong, last], { keepdims: 0 }), "doubts", "float", ["n"]);

  let delta = g.node("Sub", [y, others]);
  const parts: string[] = [];
  for (let l = layers - 1; l >= 0; l--) {
    const [rankIn, rankOut] = ranks[l] as readonly [number, number];
    const pi = g.input(`pi${l}`, "float", [(sizes[l] as number) + 1, rankIn]);
    const po = g.input(`po${l}`, "float", [sizes[l + 1] as number, rankOut]);
    parts.unshift(kronecker(g, inputs[l] as string, delta, pi, po, `${l}`, rankIn * rankOut));
    if (l === 0) break;
    const back = g.node("MatMul", [delta, g.node("Transpose", [weights[l] as string], { perm: [1, 0] })]);
    const inner = head(g, back, sizes[l] as number, `${l}`);
    delta = g.node("Mul", [inner, g.node("Sign", [head(g, inputs[l] as string, sizes[l] as number, `a${l}`)])]);
  }
  const all = g.node("Concat", parts, { axis: 1 });
  g.output(all, "features", "float", ["n", ranks.reduce((sum, [i, o]) => sum + i * o, 0)]);
  return g.build();
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
  return g.node("Reshape", [product, g.constant(`flat.${name}`, "int64", [2], BigInt64Array.of(-1n, BigInt(width)))]);
}

/** The first `width` columns. */
function head(g: GraphBuilder, value: string, width: number, name: string): string {
  const at = (what: string, v: number) => g.constant(`${what}.${name}`, "int64", [1], BigInt64Array.of(BigInt(v)));
  return g.node("Slice", [value, at("from", 0), at("to", width), at("axis", 1)]);
}

function layerFeeds(sizes: Sizes, weights: NetworkWeights, projections: readonly Projection[]): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (let l = 0; l < sizes.length - 1; l++) {
    const { inputs, outputs, ranks } = projections[l] as Projection;
    feeds[`w${l}`] = tensor("float", weights[l] as Float32Array, [(sizes[l] as number) + 1, sizes[l + 1] as number]);
    feeds[`pi${l}`] = tensor("float", inputs, [(sizes[l] as number) + 1, ranks[0]]);
    feeds[`po${l}`] = tensor("float", outputs, [sizes[l + 1] as number, ranks[1]]);
  }
  return feeds;
}

function oneHot(labels: readonly number[], classes: number): Tensor {
  const y = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    if (!(label >= 0 && label < classes)) {
      throw new ProjectorShapeError(`Sample ${i} has class ${label} and the network has ${classes}: relabel it.`);
    }
    y[i * classes + label] = 1;
  });
  return tensor("float", y, [labels.length, classes]);
}

function checkShapes(sizes: Sizes, ranks: readonly (readonly [number, number])[]): void {
  if (sizes.length < 2 || ranks.length !== sizes.length - 1) {
    throw new ProjectorShapeError(`${ranks.length} ranks do not fit ${sizes.length - 1} layers: give one pair a layer.`);
  }
}

/** A network, ranks or contents that do not fit together. */
export class ProjectorShapeError extends Error {
  override readonly name = "Projected.ShapeError";
}
