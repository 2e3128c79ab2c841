/**
 * The truth that training graphs are tested against: a graph run in float64, in plain loops, one function an
 * operator. Slow, short, and sharing nothing with ONNX Runtime.
 */
import type { Attribute, Graph, Node } from "../../../pipeline/engine/graph.ts";

/** Numbers with a shape; booleans are 0 and 1. */
export type Dense = { readonly dims: readonly number[]; readonly data: readonly number[] };

/** Runs a graph in float64 and returns its outputs; nodes that no output needs are left out. */
export function runFloat64(graph: Graph, feeds: Readonly<Record<string, Dense>>): Record<string, Dense> {
  const values = new Map<string, Dense>(Object.entries(feeds));
  for (const [name, { dims, data }] of Object.entries(graph.constants))
    values.set(name, { dims, data: Array.from(data as ArrayLike<number>, Number) });
  const needed = new Set(graph.outputs.map(({ name }) => name));
  for (const node of [...graph.nodes].reverse())
    if (needed.has(node.outputs[0] as string)) for (const name of node.inputs) needed.add(name);
  for (const node of graph.nodes) {
    if (!needed.has(node.outputs[0] as string)) continue;
    const operator = OPERATORS[node.op];
    if (!operator) throw new Error(`The float64 reference has no ${node.op}.`);
    const inputs = node.inputs.map((name) => values.get(name) as Dense);
    values.set(node.outputs[0] as string, operator(inputs, node));
  }
  return Object.fromEntries(graph.outputs.map(({ name }) => [name, values.get(name) as Dense]));
}

type Operator = (inputs: readonly Dense[], node: Node) => Dense;

const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const ints = (node: Node, name: string, otherwise: readonly number[]): readonly number[] =>
  (node.attributes[name] as readonly number[] | undefined) ?? otherwise;
const int = (value: Attribute | undefined, otherwise: number): number =>
  (value as number | undefined) ?? otherwise;
const at = (x: Dense, i: number): number => x.data[i] as number;

/** Every index of a shape in order, with its position. */
function* indices(dims: readonly number[]): Generator<readonly [readonly number[], number]> {
  const index = dims.map(() => 0);
  for (let position = 0; position < size(dims); position++) {
    yield [index, position];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (dims[axis] as number)) break;
      index[axis] = 0;
    }
  }
}

/** The position of an index in a shape, aligned right; sizes of 1 are stretched. */
function position(dims: readonly number[], index: readonly number[]): number {
  const lead = index.length - dims.length;
  return dims.reduce((sum, length, i) => sum * length + (length === 1 ? 0 : (index[lead + i] as number)), 0);
}

function stretched(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, i) =>
    Math.max(...shapes.map((dims) => dims[i - rank + dims.length] ?? 1)),
  );
}

const elementwise =
  (f: (...values: number[]) => number): Operator =>
  (inputs) => {
    const dims = stretched(inputs.map((x) => x.dims));
    const data = new Array<number>(size(dims));
    for (const [index, i] of indices(dims)) data[i] = f(...inputs.map((x) => at(x, position(x.dims, index))));
    return { dims, data };
  };

/** Taylor's series: exact enough for the arguments of tests. */
function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

const matmul: Operator = ([a, b]) => {
  const [x, y] = [a as Dense, b as Dense];
  const [n = 0, k = 0] = x.dims.slice(-2);
  const m = y.dims.at(-1) as number;
  const dims = [...stretched([x.dims.slice(0, -2), y.dims.slice(0, -2)]), n, m];
  const data = new Array<number>(size(dims)).fill(0);
  for (const [index, i] of indices(dims)) {
    const [row = 0, column = 0] = index.slice(-2);
    for (let j = 0; j < k; j++) {
      const left = position(x.dims, [...index.slice(0, -2), row, j]);
      const right = position(y.dims, [...index.slice(0, -2), j, column]);
      data[i] = (data[i] as number) + at(x, left) * at(y, right);
    }
  }
  return { dims, data };
};

const transpose = (x: Dense, perm: readonly number[]): Dense => {
  const dims = perm.map((axis) => x.dims[axis] as number);
  const data = new Array<number>(x.data.length);
  for (const [index, i] of indices(dims)) {
    const from = perm.map(() => 0);
    perm.forEach((axis, to) => {
      from[axis] = index[to] as number;
    });
    data[i] = at(x, position(x.dims, from));
  }
  return { dims, data };
};

const reshape = (x: Dense, dims: readonly number[]): Dense => {
  const known = dims.reduce((product, length) => (length === -1 ? product : product * length), 1);
  return { dims: dims.map((length) => (length === -1 ? x.data.length / known : length)), data: x.data };
};

/** Softmax over the last axis, or its logarithm. */
const normalised =
  (logarithm: boolean): Operator =>
  ([input]) => {
    const x = input as Dense;
    const width = x.dims.at(-1) as number;
    const data: number[] = [];
    for (let row = 0; row < x.data.length; row += width) {
      const values = x.data.slice(row, row + width);
      const top = Math.max(...values);
      const total = values.reduce((sum, value) => sum + Math.exp(value - top), 0);
      for (const value of values)
        data.push(logarithm ? value - top - Math.log(total) : Math.exp(value - top) / total);
    }
    return { dims: x.dims, data };
  };

/** Calls back for every product of a convolution: positions in image, filter and result. */
function convolve(
  image: readonly number[],
  filter: readonly number[],
  result: readonly number[],
  node: Node,
  visit: (image: number, filter: number, result: number) => void,
): void {
  const [stride = 1] = ints(node, "strides", [1]);
  const [dilation = 1] = ints(node, "dilations", [1]);
  const [pad = 0] = ints(node, "pads", [0]);
  for (const [[n = 0, o = 0, y = 0, x = 0], to] of indices(result)) {
    for (const [[c = 0, i = 0, j = 0]] of indices(filter.slice(1))) {
      const row = y * stride + i * dilation - pad;
      const column = x * stride + j * dilation - pad;
      if (row < 0 || column < 0 || row >= (image[2] as number) || column >= (image[3] as number)) continue;
      visit(position(image, [n, c, row, column]), position(filter, [o, c, i, j]), to);
    }
  }
}

const pool =
  (reduce: (values: readonly number[]) => number): Operator =>
  ([input], node) => {
    const x = input as Dense;
    const [k = 1] = ints(node, "kernel_shape", [1]);
    const dims = x.dims.map((length, axis) => (axis < 2 ? length : length / k));
    const data: number[] = [];
    for (const [[n = 0, c = 0, row = 0, column = 0]] of indices(dims)) {
      const values: number[] = [];
      for (const [[i = 0, j = 0]] of indices([k, k]))
        values.push(at(x, position(x.dims, [n, c, row * k + i, column * k + j])));
      data.push(reduce(values));
    }
    return { dims, data };
  };

const OPERATORS: Readonly<Record<string, Operator>> = {
  Identity: ([x]) => x as Dense,
  Add: elementwise((a, b) => (a as number) + (b as number)),
  Sub: elementwise((a, b) => (a as number) - (b as number)),
  Mul: elementwise((a, b) => (a as number) * (b as number)),
  Div: elementwise((a, b) => (a as number) / (b as number)),
  Neg: elementwise((a) => -(a as number)),
  Sqrt: elementwise((a) => Math.sqrt(a as number)),
  Exp: elementwise((a) => Math.exp(a as number)),
  Log: elementwise((a) => Math.log(a as number)),
  Erf: elementwise((a) => erf(a as number)),
  Tanh: elementwise((a) => Math.tanh(a as number)),
  Relu: elementwise((a) => Math.max(0, a as number)),
  Greater: elementwise((a, b) => Number((a as number) > (b as number))),
  Equal: elementwise((a, b) => Number(a === b)),
  Where: elementwise((on, a, b) => (on ? (a as number) : (b as number))),
  Cast: ([x]) => x as Dense,
  MatMul: matmul,
  Gemm: ([a, b], node) => {
    const turn = (x: Dense, on: Attribute | undefined): Dense => (on ? transpose(x, [1, 0]) : x);
    const operands = [turn(a as Dense, node.attributes.transA), turn(b as Dense, node.attributes.transB)];
    return matmul(operands, node);
  },
  Transpose: ([x], node) => transpose(x as Dense, ints(node, "perm", [])),
  Reshape: ([x, dims]) => reshape(x as Dense, (dims as Dense).data),
  Expand: ([x, dims]) => {
    const target = { dims: stretched([(x as Dense).dims, (dims as Dense).data]), data: [] };
    return elementwise((a) => a as number)(
      [x as Dense, { ...target, data: new Array(size(target.dims)).fill(0) }],
      {
        op: "",
        inputs: [],
        outputs: [],
        attributes: {},
      },
    );
  },
  ReduceSum: ([input, axes], node) => {
    const x = input as Dense;
    const over = (axes as Dense).data;
    const kept = x.dims.map((length, axis) => (over.includes(axis) ? 1 : length));
    const data = new Array<number>(size(kept)).fill(0);
    for (const [index, i] of indices(x.dims)) {
      const to = position(kept, index);
      data[to] = (data[to] as number) + at(x, i);
    }
    const dims = int(node.attributes.keepdims, 1) ? kept : x.dims.filter((_, axis) => !over.includes(axis));
    return { dims, data };
  },
  Softmax: normalised(false),
  LogSoftmax: normalised(true),
  Gather: ([input, where]) => {
    const [x, rows] = [input as Dense, where as Dense];
    const width = x.data.length / (x.dims[0] as number);
    const data = rows.data.flatMap((row) => x.data.slice(row * width, (row + 1) * width));
    return { dims: [...rows.dims, ...x.dims.slice(1)], data };
  },
  ScatterND: ([input, where, updates]) => {
    const [x, rows, u] = [input as Dense, where as Dense, updates as Dense];
    const width = x.data.length / (x.dims[0] as number);
    const data = [...x.data];
    rows.data.forEach((row, i) => {
      for (let j = 0; j < width; j++)
        data[row * width + j] = (data[row * width + j] as number) + at(u, i * width + j);
    });
    return { dims: x.dims, data };
  },
  Slice: ([input, starts, ends, axes]) => {
    const x = input as Dense;
    const offset = x.dims.map(() => 0);
    const dims = [...x.dims];
    (axes as Dense).data.forEach((axis, i) => {
      offset[axis] = at(starts as Dense, i);
      dims[axis] = at(ends as Dense, i) - at(starts as Dense, i);
    });
    const data: number[] = [];
    for (const [index] of indices(dims))
      data.push(
        at(
          x,
          position(
            x.dims,
            index.map((value, axis) => value + (offset[axis] as number)),
          ),
        ),
      );
    return { dims, data };
  },
  Pad: ([input, pads]) => {
    const [x, p] = [input as Dense, (pads as Dense).data];
    const rank = x.dims.length;
    const dims = x.dims.map((length, axis) => length + (p[axis] as number) + (p[rank + axis] as number));
    const data = new Array<number>(size(dims)).fill(0);
    for (const [index, i] of indices(x.dims))
      data[
        position(
          dims,
          index.map((value, axis) => value + (p[axis] as number)),
        )
      ] = at(x, i);
    return { dims, data };
  },
  Concat: (parts, node) => {
    const axis = int(node.attributes.axis, 0);
    const dims = [...(parts[0] as Dense).dims];
    dims[axis] = parts.reduce((sum, part) => sum + (part.dims[axis] as number), 0);
    const data = new Array<number>(size(dims));
    let start = 0;
    for (const part of parts) {
      for (const [index, i] of indices(part.dims))
        data[
          position(
            dims,
            index.map((value, j) => (j === axis ? value + start : value)),
          )
        ] = at(part, i);
      start += part.dims[axis] as number;
    }
    return { dims, data };
  },
  Conv: ([input, filters, bias], node) => {
    const [x, w] = [input as Dense, filters as Dense];
    const [stride = 1] = ints(node, "strides", [1]);
    const [dilation = 1] = ints(node, "dilations", [1]);
    const [pad = 0] = ints(node, "pads", [0]);
    const side = (axis: number): number =>
      Math.floor(
        ((x.dims[axis] as number) + 2 * pad - dilation * ((w.dims[axis] as number) - 1) - 1) / stride,
      ) + 1;
    const dims = [x.dims[0] as number, w.dims[0] as number, side(2), side(3)];
    const data = new Array<number>(size(dims));
    for (const [[, o = 0], i] of indices(dims)) data[i] = bias ? at(bias, o) : 0;
    convolve(x.dims, w.dims, dims, node, (from, filter, to) => {
      data[to] = (data[to] as number) + at(x, from) * at(w, filter);
    });
    return { dims, data };
  },
  ConvTranspose: ([gradient, filters], node) => {
    const [dy, w] = [gradient as Dense, filters as Dense];
    const [stride = 1] = ints(node, "strides", [1]);
    const [pad = 0] = ints(node, "pads", [0]);
    const extra = ints(node, "output_padding", [0, 0]);
    const side = (axis: number): number =>
      ((dy.dims[axis] as number) - 1) * stride +
      (w.dims[axis] as number) +
      (extra[axis - 2] as number) -
      2 * pad;
    const dims = [dy.dims[0] as number, w.dims[1] as number, side(2), side(3)];
    const data = new Array<number>(size(dims)).fill(0);
    convolve(dims, w.dims, dy.dims, node, (to, filter, from) => {
      data[to] = (data[to] as number) + at(dy, from) * at(w, filter);
    });
    return { dims, data };
  },
  AveragePool: pool((values) => values.reduce((a, b) => a + b) / values.length),
  MaxPool: pool((values) => Math.max(...values)),
};
