// Influence for logistic regression, in the classical form (Koh and Liang, 2017) with nothing left out:
//
//   S_iq = ∇f_qᵀ (H + μ I)⁻¹ ∇f_i      H = mean over samples of (diag p − p pᵀ) ⊗ x xᵀ
//
// H has 7,850² entries and is never formed: conjugate gradients need only products with it, for a block of
// queries at once, and all of it is one ONNX graph. μ also stands for training that stopped early: gradient
// descent of t steps of size r leaves directions of curvature below 1/(r t) where they began.

import { encodeOnnx, graphBuilder, openGraph, tensor } from "../../pipeline/index.ts";
import { oneHot, type Samples, type Weights, withOnes } from "./sgd.ts";

const BLOCK = 100;
const STEPS = 12;

/** Influences of each sample on each query's log-likelihood, `n × q`, and the largest relative left-over. */
export async function logisticInfluences(
  weights: Weights,
  train: Samples,
  queries: Samples,
  damping: number,
): Promise<{ readonly values: Float32Array; readonly residual: number }> {
  const n = train.labels.length;
  const q = queries.labels.length;
  const width = train.width + 1;
  const session = await openGraph(encodeOnnx(graph(n, width, train.classes)), { threads: 1 });
  try {
    const values = new Float32Array(n * q);
    let residual = 0;
    const fixed = {
      x: withOnes(train),
      y: oneHot(train),
      w: tensor("float", weights[0] as Float32Array, [width, train.classes]),
      damping: tensor("float", Float32Array.of(damping), []),
    };
    for (let start = 0; start < q; start += BLOCK) {
      const rows = Math.min(BLOCK, q - start);
      const block = {
        x: queries.x.subarray(start * queries.width, (start + rows) * queries.width),
        labels: queries.labels.subarray(start, start + rows),
        width: queries.width,
        classes: queries.classes,
      };
      const out = await session.run({ ...fixed, xq: withOnes(block), yq: oneHot(block) });
      const s = out["s"]?.data as Float32Array;
      for (let i = 0; i < n; i++) values.set(s.subarray(i * rows, (i + 1) * rows), i * q + start);
      const residuals = out["residual"]?.data as Float32Array;
      residual = residuals.reduce((most, value) => Math.max(most, value), residual);
    }
    return { values, residual };
  } finally {
    await session.close();
  }
}

/** Vectors of the unknowns are `[width, classes · q]`, a query's columns apart by q. */
function graph(n: number, width: number, classes: number) {
  const g = graphBuilder("logistic-influence");
  const x = g.input("x", "float", [n, width]);
  const y = g.input("y", "float", [n, classes]);
  const w = g.input("w", "float", [width, classes]);
  const xq = g.input("xq", "float", ["q", width]);
  const yq = g.input("yq", "float", ["q", classes]);
  const damping = g.input("damping", "float", []);
  const shape = (name: string, sizes: readonly number[]) =>
    g.constant(name, "int64", [sizes.length], BigInt64Array.from(sizes, BigInt));
  const cube = shape("cube", [n, classes, -1]);
  const flat = shape("flat", [n, -1]);
  const vector = shape("vector", [width, classes, -1]);
  const wide = shape("wide", [width, -1]);
  const axis1 = shape("axis1", [1]);
  const axes = shape("axes", [0, 1]);
  const residuals = (content: string, label: string) =>
    g.node("Sub", [label, g.node("Softmax", [g.node("MatMul", [content, w])], { axis: 1 })]);
  const e = g.node("Unsqueeze", [residuals(x, y), shape("last", [2])]);
  const p = g.node("Unsqueeze", [g.node("Softmax", [g.node("MatMul", [x, w])], { axis: 1 }), "last"]);
  // Gradients of the queries: x ⊗ (y − p), as [width, classes, q].
  const left = g.node("Unsqueeze", [g.node("Transpose", [xq], { perm: [1, 0] }), axis1]);
  const right = g.node("Unsqueeze", [
    g.node("Transpose", [residuals(xq, yq)], { perm: [1, 0] }),
    shape("first", [0]),
  ]);
  const b = g.node("Mul", [left, right]);

  const transposed = g.node("Transpose", [x], { perm: [1, 0] });
  const count = g.constant("count", "float", [], Float32Array.of(1 / n));
  const along = (v: string) => g.node("Reshape", [g.node("MatMul", [x, g.node("Reshape", [v, wide])]), cube]);
  const times = (v: string): string => {
    const weighted = g.node("Mul", [p, along(v)]);
    const mean = g.node("ReduceSum", [weighted, axis1], { keepdims: 1 });
    const curved = g.node("Sub", [weighted, g.node("Mul", [p, mean])]);
    const back = g.node("MatMul", [transposed, g.node("Reshape", [curved, flat])]);
    return g.node("Add", [
      g.node("Mul", [g.node("Reshape", [back, vector]), count]),
      g.node("Mul", [v, damping]),
    ]);
  };
  const dot = (a: string, c: string) => g.node("ReduceSum", [g.node("Mul", [a, c]), axes], { keepdims: 1 });
  const tiny = g.constant("tiny", "float", [], Float32Array.of(1e-30));
  let r = b;
  let direction = b;
  let solution = "";
  const start = dot(b, b);
  let rr = start;
  for (let step = 0; step < STEPS; step++) {
    const h = times(direction);
    const alpha = g.node("Div", [rr, g.node("Add", [dot(direction, h), tiny])]);
    const move = g.node("Mul", [direction, alpha]);
    solution = step === 0 ? move : g.node("Add", [solution, move]);
    r = g.node("Sub", [r, g.node("Mul", [h, alpha])]);
    const next = dot(r, r);
    direction = g.node("Add", [
      r,
      g.node("Mul", [direction, g.node("Div", [next, g.node("Add", [rr, tiny])])]),
    ]);
    rr = next;
  }
  const s = g.node("ReduceSum", [g.node("Mul", [e, along(solution)]), axis1], { keepdims: 0 });
  g.output(s, "s", "float", [n, "q"]);
  g.output(g.node("Sqrt", [g.node("Div", [rr, g.node("Add", [start, tiny])])]), "residual", "float", [
    1,
    1,
    "q",
  ]);
  return g.build();
}
