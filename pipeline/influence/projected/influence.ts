/**
 * The ridge algebra for many features: from int8 features of samples and queries to influences, in one graph.
 *
 *   A = Φᵀ Φ            uint8 × uint8 with zero point 128, exact in int32
 *   (A + λ I) Z = Φ_q   conjugate gradients on all queries at once, a fixed number of steps
 *   S = Φ Z             `n × q`: how much up-weighting sample i moves query q's output
 *
 * With a doubt or a residual for each sample, `S · e_i` is the influence that the head's algebra defines;
 * here m = 1, because every gradient's target is the same, "more of this output". A thousand and more
 * features are too many for a Cholesky factor in this language and for any circuit, but for nothing else:
 * reduce.ts brings them down to a profile's d, where everything is exact and provable.
 *
 * λ is given in units of A's mean diagonal. Conjugate gradients need about √condition steps; the ridge that
 * serves attribution best is a large one, so twenty are plenty. The left-over is returned to be looked at.
 */
import { ELEMENT_TYPES, graphBuilder } from "../../engine/graph.ts";
import { encodeOnnx } from "../../engine/onnx.ts";
import { openSession, type SessionOptions, tensor } from "../../engine/ort.ts";

/** `values` is `n × q` row-major; `residual` is the largest relative left-over of a query's system. */
export type Influences = { readonly values: Float32Array; readonly residual: number };

/** An open graph for features of one width. */
export type InfluenceEngine = {
  readonly influences: (train: Int8Array, queries: Int8Array, ridge: number) => Promise<Influences>;
  readonly close: () => Promise<void>;
};

const ZERO = 128;
/** 33,025 · 255² < 2^31. */
const MOST_ROWS = 33_025;

/** Opens the graph. `steps` of conjugate gradients. */
export async function openInfluence(
  width: number,
  options: SessionOptions & { readonly steps?: number } = {},
): Promise<InfluenceEngine> {
  const session = await openSession(influenceGraph(width, options.steps ?? 20), options);
  return {
    influences: async (train, queries, ridge) => {
      const n = train.length / width;
      const q = queries.length / width;
      if (!Number.isInteger(n) || !Number.isInteger(q) || n > MOST_ROWS || !(ridge > 0)) {
        throw new InfluenceInputError(
          `${train.length} and ${queries.length} values with a ridge of ${ridge}: give rows of ${width}, at most ${MOST_ROWS} of them, and a ridge above 0.`,
        );
      }
      const result = await session.run({
        u: tensor("uint8", shifted(train), [n, width]),
        v: tensor("uint8", shifted(queries), [q, width]),
        ridge: tensor("float", Float32Array.of(ridge), []),
      });
      const residuals = result["residual"]?.data as Float32Array;
      const residual = residuals.reduce((most, value) => Math.max(most, value), 0);
      return { values: result["s"]?.data as Float32Array, residual };
    },
    close: () => session.close(),
  };
}

/** `u: uint8 [n, k]`, `v: uint8 [q, k]`, `ridge` → `s: float [n, q]`, `residual: float [1, q]`. */
function influenceGraph(width: number, steps: number): Uint8Array {
  const g = graphBuilder("influence");
  const u = g.input("u", "uint8", ["n", width]);
  const v = g.input("v", "uint8", ["q", width]);
  const ridge = g.input("ridge", "float", []);
  const zero = g.constant("zero", "uint8", [], Uint8Array.of(ZERO));
  const shift = g.constant("shift", "float", [], Float32Array.of(ZERO));
  const real = (value: string) => g.node("Cast", [value], { to: ELEMENT_TYPES.float.code });
  const centred = (value: string) => g.node("Sub", [real(value), shift]);
  const transposed = (value: string) => g.node("Transpose", [value], { perm: [1, 0] });
  const rows = g.constant("rows", "int64", [1], BigInt64Array.of(0n));
  const overRows = (value: string) => g.node("ReduceSum", [value, rows], { keepdims: 1 });

  const gram = real(g.node("MatMulInteger", [transposed(u), u, zero, zero]));
  const identity = g.constant("identity", "float", [width, width], identityOf(width));
  const both = g.constant("both", "int64", [2], BigInt64Array.of(0n, 1n));
  const trace = g.node("ReduceSum", [g.node("Mul", [gram, identity]), both], { keepdims: 0 });
  const mean = g.node("Div", [trace, g.constant("width", "float", [], Float32Array.of(width))]);
  // In units of the mean diagonal, so that no float gets large.
  const a = g.node("Add", [g.node("Div", [gram, mean]), g.node("Mul", [identity, ridge])]);
  const b = transposed(centred(v));
  const tiny = g.constant("tiny", "float", [], Float32Array.of(1e-30));

  const square = (value: string) => overRows(g.node("Mul", [value, value]));
  let r = b;
  let p = b;
  let x = "";
  const start = square(b);
  let rr = start;
  for (let step = 0; step < steps; step++) {
    const ap = g.node("MatMul", [a, p]);
    const curvature = g.node("Add", [overRows(g.node("Mul", [p, ap])), tiny]);
    const alpha = g.node("Div", [rr, curvature]);
    const move = g.node("Mul", [p, alpha]);
    x = step === 0 ? move : g.node("Add", [x, move]);
    r = g.node("Sub", [r, g.node("Mul", [ap, alpha])]);
    const next = square(r);
    const beta = g.node("Div", [next, g.node("Add", [rr, tiny])]);
    p = g.node("Add", [r, g.node("Mul", [p, beta])]);
    rr = next;
  }
  g.output(g.node("Sqrt", [g.node("Div", [rr, g.node("Add", [start, tiny])])]), "residual", "float", [
    1,
    "q",
  ]);
  g.output(g.node("Div", [g.node("MatMul", [centred(u), x]), mean]), "s", "float", ["n", "q"]);
  return encodeOnnx(g.build());
}

function identityOf(n: number): Float32Array {
  const out = new Float32Array(n * n);
  for (let i = 0; i < n; i++) out[i * n + i] = 1;
  return out;
}

function shifted(values: Int8Array): Uint8Array {
  const out = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = (values[i] as number) + ZERO;
  return out;
}

/** Features that are no whole rows, too many of them, or a ridge that is none. */
export class InfluenceInputError extends Error {
  override readonly name = "Projected.InfluenceInputError";
}
