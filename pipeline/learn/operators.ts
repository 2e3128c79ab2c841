/**
 * Differentiable arithmetic, matrix products and shape changes. Every function takes the tape first.
 *
 *   add sub mul div scale square sqrt exp log     elementwise, with NumPy's broadcasting
 *   matmul dense                                  batched like NumPy's `@`: [M, n, k] @ [M, k, m] trains M models
 *   sum mean meanOver sumOver                     reductions
 *   reshape transpose swapLast slice concat       shapes
 *   cast                                          uint8 contents → float
 *
 * A derivative with respect to a broadcast operand is summed over the axes that were stretched. Products of
 * plain matrices are differentiated with Gemm, whose transpositions cost nothing.
 */
import type { ElementType } from "../engine/graph.ts";
import { sizeOf, type Tape, TapeShapeError, type Value } from "./tape.ts";

/** `a + b`. */
export function add(t: Tape, a: Value, b: Value): Value {
  return t.record(
    t.node("Add", [a, b], broadcast(a, b)),
    [a, b],
    [(dy) => sumTo(t, dy, a.dims), (dy) => sumTo(t, dy, b.dims)],
  );
}

/** `a − b`. */
export function sub(t: Tape, a: Value, b: Value): Value {
  return t.record(
    t.node("Sub", [a, b], broadcast(a, b)),
    [a, b],
    [(dy) => sumTo(t, dy, a.dims), (dy) => sumTo(t, t.node("Neg", [dy], dy.dims), b.dims)],
  );
}

/** `a · b`, element by element. */
export function mul(t: Tape, a: Value, b: Value): Value {
  const dims = broadcast(a, b);
  return t.record(
    t.node("Mul", [a, b], dims),
    [a, b],
    [
      (dy) => sumTo(t, t.node("Mul", [dy, b], dims), a.dims),
      (dy) => sumTo(t, t.node("Mul", [dy, a], dims), b.dims),
    ],
  );
}

/** `a / b`, element by element. */
export function div(t: Tape, a: Value, b: Value): Value {
  const dims = broadcast(a, b);
  const y = t.node("Div", [a, b], dims);
  const part = (dy: Value): Value => t.node("Div", [dy, b], dims);
  return t.record(
    y,
    [a, b],
    [
      (dy) => sumTo(t, part(dy), a.dims),
      (dy) => sumTo(t, t.node("Neg", [t.node("Mul", [part(dy), y], dims)], dims), b.dims),
    ],
  );
}

/** `factor · x`. */
export function scale(t: Tape, x: Value, factor: number): Value {
  return mul(t, x, t.scalar(factor));
}

/** `x²`. */
export function square(t: Tape, x: Value): Value {
  return mul(t, x, x);
}

/** `√x`, for positive x. */
export function sqrt(t: Tape, x: Value): Value {
  const y = t.node("Sqrt", [x], x.dims);
  const half = t.scalar(0.5);
  return t.record(y, [x], [(dy) => t.node("Div", [t.node("Mul", [dy, half], x.dims), y], x.dims)]);
}

/** `eˣ`. */
export function exp(t: Tape, x: Value): Value {
  const y = t.node("Exp", [x], x.dims);
  return t.record(y, [x], [(dy) => t.node("Mul", [dy, y], x.dims)]);
}

/** `ln x`, for positive x. */
export function log(t: Tape, x: Value): Value {
  return t.record(t.node("Log", [x], x.dims), [x], [(dy) => t.node("Div", [dy, x], x.dims)]);
}

/**
 * `a @ b`: the last two axes are matrices, the ones before them are broadcast.
 * @throws TapeShapeError when the inner sizes differ.
 */
export function matmul(t: Tape, a: Value, b: Value): Value {
  const [n, k] = matrix(a);
  const [k2, m] = matrix(b);
  if (k !== k2) throw new TapeShapeError(`[${a.dims}] @ [${b.dims}]: ${k} columns meet ${k2} rows.`);
  if (a.dims.length === 2 && b.dims.length === 2) {
    return t.record(
      t.node("MatMul", [a, b], [n, m]),
      [a, b],
      [
        (dy) => t.node("Gemm", [dy, b], a.dims, { transB: 1 }),
        (dy) => t.node("Gemm", [a, dy], b.dims, { transA: 1 }),
      ],
    );
  }
  // Many rows by one matrix: one large product in place of many small ones.
  if (b.dims.length === 2) {
    const flat = reshape(t, a, [sizeOf(a.dims) / k, k]);
    return reshape(t, matmul(t, flat, b), [...a.dims.slice(0, -1), m]);
  }
  const dims = [...stretch(a.dims.slice(0, -2), b.dims.slice(0, -2)), n, m];
  const product = (x: Value, y: Value): Value => {
    const batch = stretch(x.dims.slice(0, -2), y.dims.slice(0, -2));
    return t.node("MatMul", [x, y], [...batch, matrix(x)[0], matrix(y)[1]]);
  };
  return t.record(
    t.node("MatMul", [a, b], dims),
    [a, b],
    [(dy) => sumTo(t, product(dy, flip(t, b)), a.dims), (dy) => sumTo(t, product(flip(t, a), dy), b.dims)],
  );
}

/** `x @ w + b`: a dense layer. For many models at once give `b` as `[M, 1, m]`. */
export function dense(t: Tape, x: Value, w: Value, b: Value): Value {
  return add(t, matmul(t, x, w), b);
}

/** The sum over `axes`; they stay as size 1 with `keep`. */
export function sumOver(t: Tape, x: Value, axes: readonly number[], keep = false): Value {
  const at = axes.map((axis) => (axis < 0 ? axis + x.dims.length : axis));
  const kept = x.dims.map((size, i) => (at.includes(i) ? 1 : size));
  const dims = keep ? kept : x.dims.filter((_, i) => !at.includes(i));
  return t.record(
    t.node("ReduceSum", [x, t.sizes(at)], dims, { keepdims: keep ? 1 : 0 }),
    [x],
    [
      (dy) => {
        const whole = keep ? dy : t.node("Reshape", [dy, t.sizes(kept)], kept);
        return t.node("Expand", [whole, t.sizes(x.dims)], x.dims);
      },
    ],
  );
}

/** The mean over `axes`. */
export function meanOver(t: Tape, x: Value, axes: readonly number[], keep = false): Value {
  const count = axes.reduce((product, axis) => product * (x.dims.at(axis) as number), 1);
  return scale(t, sumOver(t, x, axes, keep), 1 / count);
}

/** The sum of everything: one number. */
export function sum(t: Tape, x: Value): Value {
  return sumOver(
    t,
    x,
    x.dims.map((_, i) => i),
  );
}

/** The mean of everything: one number. */
export function mean(t: Tape, x: Value): Value {
  return scale(t, sum(t, x), 1 / sizeOf(x.dims));
}

/** The same values in another shape. @throws TapeShapeError when the sizes differ. */
export function reshape(t: Tape, x: Value, dims: readonly number[]): Value {
  if (sizeOf(dims) !== sizeOf(x.dims)) throw new TapeShapeError(`[${x.dims}] does not reshape to [${dims}].`);
  const to = (value: Value, shape: readonly number[]): Value =>
    t.node("Reshape", [value, t.sizes(shape)], shape, {}, value.type);
  return t.record(to(x, dims), [x], [(dy) => to(dy, x.dims)]);
}

/** Axes in another order. */
export function transpose(t: Tape, x: Value, order: readonly number[]): Value {
  const back = order.map((_, i) => order.indexOf(i));
  const turn = (value: Value, perm: readonly number[]): Value =>
    t.node(
      "Transpose",
      [value],
      perm.map((axis) => value.dims[axis] as number),
      { perm },
    );
  return t.record(turn(x, order), [x], [(dy) => turn(dy, back)]);
}

/** The last two axes exchanged. */
export function swapLast(t: Tape, x: Value): Value {
  return transpose(t, x, swapped(x.dims.length));
}

/** Elements `start` to `end` (not included) along an axis. */
export function slice(t: Tape, x: Value, axis: number, start: number, end: number): Value {
  const dims = x.dims.map((size, i) => (i === axis ? end - start : size));
  const parts = [start, end, axis].map((value) => t.sizes([value]));
  return t.record(
    t.node("Slice", [x, ...parts], dims),
    [x],
    [
      (dy) => {
        const before = x.dims.map((_, i) => (i === axis ? start : 0));
        const after = x.dims.map((size, i) => (i === axis ? size - end : 0));
        return t.node("Pad", [dy, t.sizes([...before, ...after]), t.scalar(0)], x.dims);
      },
    ],
  );
}

/** Values one after the other along an axis. */
export function concat(t: Tape, parts: readonly Value[], axis: number): Value {
  const starts: number[] = [];
  let length = 0;
  for (const part of parts) {
    starts.push(length);
    length += part.dims[axis] as number;
  }
  const dims = (parts[0]?.dims ?? []).map((size, i) => (i === axis ? length : size));
  const cut = (dy: Value, i: number): Value => {
    const start = starts[i] as number;
    const part = parts[i] as Value;
    const bounds = [start, start + (part.dims[axis] as number), axis].map((value) => t.sizes([value]));
    return t.node("Slice", [dy, ...bounds], part.dims);
  };
  return t.record(
    t.node("Concat", parts, dims, { axis }),
    parts,
    parts.map((_, i) => (dy: Value) => cut(dy, i)),
  );
}

const CODES = { float: 1, uint8: 2, int64: 7 } as const;

/** Another element type; nothing flows back. */
export function cast(t: Tape, x: Value, type: keyof typeof CODES): Value {
  return t.node("Cast", [x], x.dims, { to: CODES[type] }, type as ElementType);
}

/** Sums a gradient over the axes that broadcasting stretched, down to `dims`. Not recorded. */
export function sumTo(t: Tape, dy: Value, dims: readonly number[]): Value {
  const lead = dy.dims.length - dims.length;
  const axes = dy.dims.flatMap((size, i) => (i < lead || (dims[i - lead] === 1 && size !== 1) ? [i] : []));
  if (axes.length === 0) return dy;
  const kept = dy.dims.map((size, i) => (axes.includes(i) ? 1 : size));
  const total = t.node("ReduceSum", [dy, t.sizes(axes)], kept, { keepdims: 1 });
  return lead === 0 ? total : t.node("Reshape", [total, t.sizes(dims)], dims);
}

/** The shape of an elementwise result. @throws TapeShapeError */
function broadcast(a: Value, b: Value): number[] {
  return stretch(a.dims, b.dims);
}

function stretch(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new TapeShapeError(`[${a}] and [${b}] do not broadcast.`);
    return x === 1 ? y : x;
  });
}

function matrix(x: Value): [number, number] {
  const [n, k] = x.dims.slice(-2);
  if (n === undefined || k === undefined) throw new TapeShapeError(`[${x.dims}] is no matrix: reshape it.`);
  return [n, k];
}

function swapped(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
}

function flip(t: Tape, x: Value): Value {
  const perm = swapped(x.dims.length);
  return t.node(
    "Transpose",
    [x],
    perm.map((axis) => x.dims[axis] as number),
    { perm },
  );
}
