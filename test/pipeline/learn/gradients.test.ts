/**
 * Every operator's derivative: against central differences in float64, and ONNX Runtime's float32 against
 * float64. Losses are weighted sums of the operator's result with fixed random weights, so that no part of
 * the derivative cancels.
 */
import { describe, expect, it } from "vitest";
import { type Graph, graphBuilder, type Tensor } from "../../../pipeline/engine/graph.ts";
import { encodeOnnx } from "../../../pipeline/engine/onnx.ts";
import { openSession, tensor } from "../../../pipeline/engine/ort.ts";
import * as f from "../../../pipeline/learn/functions.ts";
import * as im from "../../../pipeline/learn/image.ts";
import * as op from "../../../pipeline/learn/operators.ts";
import { openTape, sizeOf, type Tape, TapeShapeError, type Value } from "../../../pipeline/learn/tape.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { type Dense, runFloat64 } from "./float64.ts";

/** Central differences of step 1e-5 are exact to about 1e-10; float32 sums of a few hundred terms to 1e-5. */
const TOLERANCE = { differences: 1e-7, float32: 2e-5 };
const STEP = 1e-5;

type Case = {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly build: (t: Tape, x: Readonly<Record<string, Value>>) => Value;
  /** Keep inputs positive, or away from points where the function has a corner. */
  readonly draw?: (uniform: number, index: number) => number;
};

const v = (x: Readonly<Record<string, Value>>, name: string): Value => x[name] as Value;
const away = (u: number): number => (u < 0.5 ? u * 2 - 1.2 : u * 2 - 0.8);
/** All different, so that no maximum is shared and no step changes which one wins. */
const apart = (_: number, i: number): number => (((i * 37) % 101) - 50) / 40;
const pair = { a: [3, 4], b: [3, 4] };

const cases: Readonly<Record<string, Case>> = {
  add: { inputs: pair, build: (t, x) => op.add(t, v(x, "a"), v(x, "b")) },
  "add, a row and a column": {
    inputs: { a: [1, 4], b: [3, 1] },
    build: (t, x) => op.add(t, v(x, "a"), v(x, "b")),
  },
  sub: { inputs: { a: [2, 3, 4], b: [4] }, build: (t, x) => op.sub(t, v(x, "a"), v(x, "b")) },
  mul: { inputs: { a: [2, 1, 4], b: [3, 1] }, build: (t, x) => op.mul(t, v(x, "a"), v(x, "b")) },
  "mul with itself": { inputs: { a: [5] }, build: (t, x) => op.square(t, v(x, "a")) },
  div: {
    inputs: { a: [3, 4], b: [4] },
    build: (t, x) => op.div(t, v(x, "a"), v(x, "b")),
    draw: (u) => u + 0.5,
  },
  "scale, sqrt, exp and log": {
    inputs: { a: [6] },
    build: (t, x) => op.add(t, op.sqrt(t, v(x, "a")), op.log(t, op.exp(t, op.scale(t, v(x, "a"), 1.5)))),
    draw: (u) => u + 0.3,
  },
  "matmul, plain": { inputs: { a: [3, 4], b: [4, 2] }, build: (t, x) => op.matmul(t, v(x, "a"), v(x, "b")) },
  "matmul, many models": {
    inputs: { a: [3, 2, 4], b: [3, 4, 5] },
    build: (t, x) => op.matmul(t, v(x, "a"), v(x, "b")),
  },
  "matmul, one matrix for all rows": {
    inputs: { a: [2, 3, 4], b: [4, 5] },
    build: (t, x) => op.matmul(t, v(x, "a"), v(x, "b")),
  },
  "matmul, stretched batch": {
    inputs: { a: [2, 4], b: [3, 4, 5] },
    build: (t, x) => op.matmul(t, v(x, "a"), v(x, "b")),
  },
  dense: {
    inputs: { a: [3, 4], w: [4, 2], b: [2] },
    build: (t, x) => op.dense(t, v(x, "a"), v(x, "w"), v(x, "b")),
  },
  "sum and mean over axes": {
    inputs: { a: [2, 3, 4] },
    build: (t, x) =>
      op.mul(
        t,
        op.sumOver(t, v(x, "a"), [1, 2]),
        op.sumOver(t, op.meanOver(t, v(x, "a"), [-1], true), [1, 2]),
      ),
  },
  mean: { inputs: { a: [2, 3] }, build: (t, x) => op.mul(t, v(x, "a"), op.mean(t, v(x, "a"))) },
  "reshape, transpose, slice and concat": {
    inputs: { a: [2, 3, 4], b: [2, 12] },
    build: (t, x) => {
      const turned = op.transpose(t, v(x, "a"), [2, 0, 1]);
      const flat = op.reshape(t, op.swapLast(t, turned), [2, 12]);
      return op.slice(t, op.concat(t, [op.square(t, flat), v(x, "b")], 0), 1, 2, 9);
    },
  },
  relu: { inputs: { a: [4, 5] }, build: (t, x) => f.relu(t, v(x, "a")), draw: away },
  gelu: { inputs: { a: [4, 5] }, build: (t, x) => f.gelu(t, op.scale(t, v(x, "a"), 2)) },
  tanh: { inputs: { a: [4, 5] }, build: (t, x) => f.tanh(t, v(x, "a")) },
  softmax: { inputs: { a: [2, 3, 5] }, build: (t, x) => f.softmax(t, op.scale(t, v(x, "a"), 3)) },
  "cross-entropy of soft targets": {
    inputs: { a: [2, 3, 5] },
    build: (t, x) => {
      const soft = Float32Array.from({ length: 30 }, (_, i) => ((i * 7) % 5) / 8);
      return f.crossEntropy(t, op.scale(t, v(x, "a"), 3), t.constant([2, 3, 5], soft));
    },
  },
  "layer norm": {
    inputs: { a: [3, 6], g: [6], b: [6] },
    build: (t, x) => f.layerNorm(t, v(x, "a"), v(x, "g"), v(x, "b")),
  },
  "embedding, a row asked for twice": {
    inputs: { a: [5, 3] },
    build: (t, x) => f.embedding(t, v(x, "a"), op.reshape(t, t.sizes([1, 4, 1, 0]), [2, 2])),
  },
  attention: {
    inputs: { q: [2, 3, 4], k: [2, 5, 4], w: [2, 5, 3] },
    build: (t, x) => {
      const mask = t.constant(
        [3, 5],
        Float32Array.from({ length: 15 }, (_, i) => (i % 4 === 0 ? -9 : 0)),
      );
      return f.attention(t, v(x, "q"), v(x, "k"), v(x, "w"), mask);
    },
  },
  conv: {
    inputs: { a: [2, 3, 6, 5], w: [4, 3, 3, 3], b: [4] },
    build: (t, x) => im.conv(t, v(x, "a"), v(x, "w"), v(x, "b"), { pad: 1 }),
  },
  "conv, stride 2, a remainder": {
    inputs: { a: [2, 2, 8, 7], w: [3, 2, 3, 3] },
    build: (t, x) => im.conv(t, v(x, "a"), v(x, "w"), undefined, { stride: 2 }),
  },
  "average pool": { inputs: { a: [2, 2, 4, 6] }, build: (t, x) => im.averagePool(t, v(x, "a"), 2) },
  "max pool": { inputs: { a: [2, 2, 4, 6] }, build: (t, x) => im.maxPool(t, v(x, "a"), 2), draw: apart },
};

/** The loss and its gradients as a graph, and a point to look at. */
function problem({ inputs, build, draw = (u) => 2 * u - 1 }: Case): {
  graph: Graph;
  point: Record<string, Dense>;
} {
  const random = seededRandom("gradients");
  const g = graphBuilder("gradients");
  const t = openTape(g);
  const names = Object.keys(inputs);
  const values = Object.fromEntries(names.map((name) => [name, t.input(name, inputs[name] ?? [])]));
  const result = build(t, values);
  const weights = Float32Array.from({ length: sizeOf(result.dims) }, () => random.uniform() + 0.5);
  const loss = op.sum(t, op.mul(t, result, t.constant(result.dims, weights)));
  g.output(loss.name, "loss", "float", []);
  const gradients = t.gradient(loss, Object.values(values));
  gradients.forEach(({ name, dims }, i) => {
    g.output(name, `d.${names[i]}`, "float", dims);
  });
  const point = Object.fromEntries(
    names.map((name) => {
      const dims = inputs[name] ?? [];
      // Rounded to float32, so that both precisions look at the same point.
      const data = Array.from({ length: sizeOf(dims) }, (_, i) => Math.fround(draw(random.uniform(), i)));
      return [name, { dims, data }];
    }),
  );
  return { graph: g.build(), point };
}

function lossAt(graph: Graph, point: Record<string, Dense>): number {
  // The loss alone: the derivative's nodes would be run for nothing.
  return runFloat64({ ...graph, outputs: graph.outputs.slice(0, 1) }, point).loss?.data[0] as number;
}

describe("gradients", () => {
  it.each(Object.keys(cases))("%s: central differences and float32 agree", async (name) => {
    const { graph, point } = problem(cases[name] as Case);
    const truth = runFloat64(graph, point);
    for (const [input, { dims, data }] of Object.entries(point)) {
      const gradient = truth[`d.${input}`] as Dense;
      expect(gradient.dims).toEqual(dims);
      data.forEach((value, i) => {
        const moved = (by: number): Record<string, Dense> => ({
          ...point,
          [input]: { dims, data: data.map((old, j) => (j === i ? value + by : old)) },
        });
        const slope = (lossAt(graph, moved(STEP)) - lossAt(graph, moved(-STEP))) / (2 * STEP);
        expect(Math.abs(slope - (gradient.data[i] as number))).toBeLessThan(
          TOLERANCE.differences * (1 + Math.abs(slope)),
        );
      });
    }
    const session = await openSession(encodeOnnx(graph));
    const feeds = Object.entries(point).map(([input, { dims, data }]) => [
      input,
      tensor("float", Float32Array.from(data), dims),
    ]);
    const single = await session.run(Object.fromEntries(feeds));
    await session.close();
    for (const [output, { dims, data }] of Object.entries(truth)) {
      expect((single[output] as Tensor).dims).toEqual(dims);
      const largest = Math.max(1, ...data.map(Math.abs));
      data.forEach((value, i) => {
        const difference = Math.abs(Number((single[output] as Tensor).data[i]) - value);
        expect(difference).toBeLessThan(TOLERANCE.float32 * largest);
      });
    }
  });

  it("are not all zero, and equal maxima share one", () => {
    const t = problem({
      inputs: { a: [1, 1, 2, 2] },
      build: (t, x) => im.maxPool(t, v(x, "a"), 2),
      draw: () => 1,
    });
    const { "d.a": gradient } = runFloat64(t.graph, t.point);
    const parts = (gradient as Dense).data;
    expect(new Set(parts).size).toBe(1);
    expect(parts[0]).toBeGreaterThan(0.1);
  });

  it("are refused where there is none, and shapes that do not fit are refused by name", () => {
    const t = openTape(graphBuilder("refused"));
    const a = t.input("a", [2, 3]);
    const b = t.input("b", [2, 3]);
    expect(() => t.gradient(op.sum(t, a), [b])).toThrow(/does not depend on b/);
    expect(() => t.gradient(a, [a])).toThrow(/one number/);
    expect(() => op.matmul(t, a, b)).toThrow(TapeShapeError);
    expect(() => op.add(t, a, t.input("c", [4]))).toThrow(/do not broadcast/);
    expect(() => op.reshape(t, a, [4])).toThrow(TapeShapeError);
    expect(() => im.maxPool(t, t.input("d", [1, 1, 3, 3]), 2)).toThrow(/do not tile/);
    expect(() => f.crossEntropy(t, a, t.input("e", [3, 2]))).toThrow(/make them alike/);
  });
});
