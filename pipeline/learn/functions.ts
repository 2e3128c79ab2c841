/**
 * The differentiable functions that networks are made of: relu, gelu, softmax, layer norm, cross-entropy,
 * embedding and attention. Where a derivative has a short closed form it stands here; the rest is composed
 * from operators.ts.
 *
 * Pitfall: the logarithm of a softmax that underflowed is −∞. {@link crossEntropy} therefore takes logits, as
 * do all its callers, and uses LogSoftmax.
 */
import { add, matmul, mul, scale, sumTo, swapLast } from "./operators.ts";
import { sizeOf, type Tape, TapeShapeError, type Value } from "./tape.ts";

/** `max(0, x)`; the derivative at 0 is 0. */
export function relu(t: Tape, x: Value): Value {
  const y = t.node("Relu", [x], x.dims);
  return t.record(
    y,
    [x],
    [
      (dy) => {
        const on = t.node("Greater", [y, t.scalar(0)], x.dims, {}, "bool");
        return t.node("Where", [on, dy, t.scalar(0)], x.dims);
      },
    ],
  );
}

/** `x Φ(x)`, with the normal distribution's Φ by the error function (Hendrycks and Gimpel, 2016). */
export function gelu(t: Tape, x: Value): Value {
  const by = (a: Value, b: Value): Value => t.node("Mul", [a, b], x.dims);
  const erf = t.node("Erf", [by(x, t.scalar(Math.SQRT1_2))], x.dims);
  const phi = by(t.node("Add", [erf, t.scalar(1)], x.dims), t.scalar(0.5));
  return t.record(
    by(x, phi),
    [x],
    [
      (dy) => {
        const square = by(by(x, x), t.scalar(-0.5));
        const density = by(t.node("Exp", [square], x.dims), t.scalar(1 / Math.sqrt(2 * Math.PI)));
        return by(dy, t.node("Add", [phi, by(x, density)], x.dims));
      },
    ],
  );
}

/** `tanh x`. */
export function tanh(t: Tape, x: Value): Value {
  const y = t.node("Tanh", [x], x.dims);
  const slope = (): Value => t.node("Sub", [t.scalar(1), t.node("Mul", [y, y], x.dims)], x.dims);
  return t.record(y, [x], [(dy) => t.node("Mul", [dy, slope()], x.dims)]);
}

/** Softmax over the last axis. */
export function softmax(t: Tape, x: Value): Value {
  const y = t.node("Softmax", [x], x.dims, { axis: -1 });
  return t.record(
    y,
    [x],
    [
      (dy) => {
        const weighted = t.node("Mul", [dy, y], x.dims);
        const total = lastSum(t, weighted);
        return t.node("Sub", [weighted, t.node("Mul", [y, total], x.dims)], x.dims);
      },
    ],
  );
}

/**
 * Cross-entropy of each row: `−Σ_c target_c ln softmax(logits)_c`, shape of the logits without the last axis.
 * Targets are distributions (one-hot: {@link oneHot}; they may be smoothed or weighted); nothing flows back
 * to them.
 */
export function crossEntropy(t: Tape, logits: Value, targets: Value): Value {
  if (`${logits.dims}` !== `${targets.dims}`)
    throw new TapeShapeError(`Logits are [${logits.dims}] and targets [${targets.dims}]: make them alike.`);
  const lead = logits.dims.slice(0, -1);
  const logs = t.node("LogSoftmax", [logits], logits.dims, { axis: -1 });
  const picked = t.node("Mul", [targets, logs], logits.dims);
  const last = t.sizes([logits.dims.length - 1]);
  const total = t.node("ReduceSum", [picked, last], lead, { keepdims: 0 });
  return t.record(
    t.node("Neg", [total], lead),
    [logits],
    [
      (dy) => {
        const mass = lastSum(t, targets);
        const p = t.node("Mul", [t.node("Exp", [logs], logits.dims), mass], logits.dims);
        const rows = t.node("Reshape", [dy, t.sizes([...lead, 1])], [...lead, 1]);
        return t.node("Mul", [t.node("Sub", [p, targets], logits.dims), rows], logits.dims);
      },
    ],
  );
}

/** Rows of the identity matrix: `labels` (int64) → one-hot rows of `classes` numbers. */
export function oneHot(t: Tape, labels: Value, classes: number): Value {
  const eye = new Float32Array(classes * classes);
  for (let c = 0; c < classes; c++) eye[c * classes + c] = 1;
  const table = t.constant([classes, classes], eye);
  return t.node("Gather", [table, labels], [...labels.dims, classes], { axis: 0 });
}

/**
 * Layer norm over the last axis: `(x − mean) / √(variance + ε) · gain + bias` (Ba, Kiros and Hinton, 2016).
 */
export function layerNorm(t: Tape, x: Value, gain: Value, bias: Value, epsilon = 1e-5): Value {
  const size = x.dims.at(-1) as number;
  const average = (v: Value): Value => {
    const dims = [...v.dims.slice(0, -1), 1];
    return t.node("Mul", [lastSum(t, v), t.scalar(1 / size)], dims);
  };
  const by = (a: Value, b: Value): Value => t.node("Mul", [a, b], a.dims);
  const centred = t.node("Sub", [x, average(x)], x.dims);
  const variance = average(by(centred, centred));
  const shifted = t.node("Add", [variance, t.scalar(epsilon)], variance.dims);
  const deviation = t.node("Sqrt", [shifted], variance.dims);
  const unit = t.record(
    t.node("Div", [centred, deviation], x.dims),
    [x],
    [
      (dy) => {
        const around = t.node("Sub", [dy, average(dy)], x.dims);
        const along = by(unit, average(by(dy, unit)));
        return t.node("Div", [t.node("Sub", [around, along], x.dims), deviation], x.dims);
      },
    ],
  );
  return add(t, mul(t, unit, gain), bias);
}

/**
 * Rows of a table: `table [V, E]`, `indices` (int64) of any shape → `[...indices, E]`. Rows that are asked
 * for twice get both gradients (ScatterND adds).
 */
export function embedding(t: Tape, table: Value, indices: Value): Value {
  const width = table.dims[1] as number;
  const dims = [...indices.dims, width];
  return t.record(
    t.node("Gather", [table, indices], dims, { axis: 0 }),
    [table],
    [
      (dy) => {
        const zero = t.node("Expand", [t.scalar(0), t.sizes(table.dims)], table.dims);
        const flat = [sizeOf(indices.dims), 1];
        const at = t.node("Reshape", [indices, t.sizes(flat)], flat, {}, "int64");
        const rows = t.node("Reshape", [dy, t.sizes([flat[0] as number, width])], [flat[0] as number, width]);
        return t.node("ScatterND", [zero, at, rows], table.dims, { reduction: "add" });
      },
    ],
  );
}

/**
 * Scaled dot-product attention `softmax(q kᵀ / √E + mask) v` over the last two axes (Vaswani and others,
 * 2017). `mask` is added to the scores: 0 where a query may look, a large negative number where it may not.
 */
export function attention(t: Tape, q: Value, k: Value, v: Value, mask?: Value): Value {
  const width = q.dims.at(-1) as number;
  const scores = scale(t, matmul(t, q, swapLast(t, k)), 1 / Math.sqrt(width));
  return matmul(t, softmax(t, mask ? add(t, scores, mask) : scores), v);
}

/** Sum over the last axis, kept as size 1. Not recorded. */
function lastSum(t: Tape, x: Value): Value {
  return sumTo(t, x, [...x.dims.slice(0, -1), 1]);
}
