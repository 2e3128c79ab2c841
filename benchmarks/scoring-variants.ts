// Ways to write the scoring graph that were tried and not taken, beside the one that was: how many times its
// processor time each one takes, on random data of the same shape. They take turns, and a ratio is the median
// of the turns' own.

import { encodeOnnx, graphBuilder, openGraph, seededRandom, tensor } from "../pipeline/index.ts";
import type { Figure } from "./types.ts";

const D = 32;
const CLASSES = 10;
const CHUNK = 64;

type Builder = ReturnType<typeof graphBuilder>;
type Parts = {
  readonly g: Builder;
  readonly rows: number;
  readonly queries: number;
  /** `d × rows` features and `classes × rows` residuals. */
  readonly h: string;
  readonly r: string;
  readonly weights: (name: string, count: number) => string;
  readonly list: (name: string, values: readonly number[]) => string;
};

/** Largest or smallest score of each chunk of a `count × rows` product. */
function extremes(
  { g, rows, list }: Parts,
  name: string,
  product: string,
  count: number,
): readonly [string, string] {
  const chunked = g.node("Reshape", [product, list(`shape${name}`, [count, rows / CHUNK, CHUNK])]);
  const within = list(`within${name}`, [2]);
  const of = (op: string): string => g.node(op, [chunked, within], { keepdims: 0 });
  return [of("ReduceMax"), of("ReduceMin")];
}

/** One class's product, with the residual folded into the samples. */
function folded({ g, h, r, weights, list, queries }: Parts, k: number): string {
  const own = g.node("Gather", [r, list(`class${k}`, [k])], { axis: 0 });
  return g.node("MatMul", [weights(`u${k}`, queries / CLASSES), g.node("Mul", [h, own])]);
}

const VARIANTS: Readonly<Record<string, (parts: Parts) => void>> = {
  taken: (parts) => {
    const { g, queries, rows } = parts;
    const joined = Array.from({ length: CLASSES }, (_, k) =>
      g.node("Concat", [...extremes(parts, String(k), folded(parts, k), queries / CLASSES)], { axis: 0 }),
    );
    g.output(g.node("Concat", joined, { axis: 0 }), "reach", "float", [2 * queries, rows / CHUNK]);
  },
  separate_outputs: (parts) => {
    const { g, queries, rows } = parts;
    const both = Array.from({ length: CLASSES }, (_, k) =>
      extremes(parts, String(k), folded(parts, k), queries / CLASSES),
    );
    for (const [i, name] of (["top", "bottom"] as const).entries()) {
      const side = both.map((pair) => pair[i] as string);
      g.output(g.node("Concat", side, { axis: 0 }), name, "float", [queries, rows / CHUNK]);
    }
  },
  gathered_residuals: (parts) => {
    const { g, h, r, weights, list, queries, rows } = parts;
    const classes = list(
      "of",
      Array.from({ length: queries }, (_, q) => Math.floor((q * CLASSES) / queries)),
    );
    const product = g.node("MatMul", [weights("u", queries), h]);
    const scores = g.node("Mul", [product, g.node("Gather", [r, classes], { axis: 0 })]);
    const joined = g.node("Concat", [...extremes(parts, "all", scores, queries)], { axis: 0 });
    g.output(joined, "reach", "float", [2 * queries, rows / CHUNK]);
  },
  maxpool_largest_only: (parts) => {
    const { g, list, queries, rows } = parts;
    const each = queries / CLASSES;
    const pooled = Array.from({ length: CLASSES }, (_, k) =>
      g.node("MaxPool", [g.node("Reshape", [folded(parts, k), list(`image${k}`, [1, each, rows])])], {
        kernel_shape: [CHUNK],
        strides: [CHUNK],
      }),
    );
    g.output(g.node("Concat", pooled, { axis: 1 }), "top", "float", [1, queries, rows / CHUNK]);
  },
};

/** Each variant's processor time as a multiple of the taken one's. */
export async function scoringVariants(rows: number, queries: number, turns: number): Promise<Figure[]> {
  const random = seededRandom("variants");
  const floats = (length: number): Float32Array =>
    Float32Array.from({ length }, () => random.uniform() - 0.5);
  const sessions = new Map<string, Awaited<ReturnType<typeof openGraph>>>();
  for (const [name, build] of Object.entries(VARIANTS)) {
    const g = graphBuilder(name);
    const h = g.input("h", "float", [D, rows]);
    const r = g.input("r", "float", [CLASSES, rows]);
    const list = (label: string, values: readonly number[]): string =>
      g.constant(label, "int64", [values.length], BigInt64Array.from(values, BigInt));
    const weights = (label: string, count: number): string =>
      g.constant(label, "float", [count, D], floats(count * D));
    build({ g, rows, queries, h, r, weights, list });
    sessions.set(name, await openGraph(encodeOnnx(g.build())));
  }
  const feeds = {
    h: tensor("float", floats(D * rows), [D, rows]),
    r: tensor("float", floats(CLASSES * rows), [CLASSES, rows]),
  };
  const ratios = new Map<string, number[]>();
  for (let turn = -2; turn < turns; turn++) {
    const ms = new Map<string, number>();
    for (const [name, session] of sessions) {
      const before = process.cpuUsage();
      await session.run(feeds);
      const { user, system } = process.cpuUsage(before);
      ms.set(name, (user + system) / 1000);
    }
    if (turn < 0) continue; // Warming up.
    for (const [name, own] of ms)
      ratios.set(name, [...(ratios.get(name) ?? []), own / (ms.get("taken") ?? 1)]);
  }
  for (const session of sessions.values()) await session.close();
  return [...ratios]
    .filter(([name]) => name !== "taken")
    .map(([name, values]) => ({
      name: `variant.${name}.ratio`,
      value: values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN,
      unit: "ratio of processor time",
    }));
}
