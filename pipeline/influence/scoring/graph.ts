/**
 * The scoring graph: int8 samples in, one number a query and chunk of samples out.
 *
 * A score is a product of two things that both depend on the sample, `(u_q·h_i) r_i[k̂_q]`. Written like that
 * it is a matrix product and then an element-wise one with a gathered matrix of the same size, which reads
 * and writes the big `q × n` matrix three times more. But r depends on the query only by its class, so the
 * queries are sorted by class and r is folded into the samples before the product:
 *
 *   S_k = U_k (Hᵀ ∘ r_k)         U_k: queries answered k, q_k × d;   Hᵀ ∘ r_k: d × n
 *
 * One matrix product a class and nothing else of that size; the folding costs d multiplications a sample and
 * class, whatever the number of queries. Of S only the largest and the smallest score of each chunk of
 * samples leave the graph, since a running top-k needs to look into few chunks (score.ts).
 *
 * The pitfall is the order in which ONNX Runtime runs nodes: depth first from the outputs. With all largest
 * ones in one output and all smallest in another it computes every product before it takes the first
 * smallest, and reads each S_k again from memory instead of from the cache, which costs as much as the
 * product itself. So the two of a class are joined first, and then the classes.
 *
 * The graph also returns each sample's fee-weighted sum over the queries, `t_i = Σ_k r_i[k] (y_k·h_i)` with
 * `y_k = Σ_{q of k} f_q u_q`: what the contributors' totals are added up from.
 *
 * float32 throughout, exact enough to say where to look; what is reported is computed again in float64.
 */
import { ELEMENT_TYPES, graphBuilder } from "../../engine/graph.ts";
import { encodeOnnx } from "../../engine/onnx.ts";
import { inverseFactor, type ScoringHead } from "./head.ts";

/** Samples whose scores are reduced to their largest and smallest. */
export const CHUNK = 64;

/** Queries sorted by class: `order[place]` is a query's position in the caller's list. */
export type SortedQueries = {
  readonly order: readonly number[];
  /** For each class that occurs: its number and how many of the places are its own, in order. */
  readonly groups: ReadonlyArray<{ readonly klass: number; readonly from: number; readonly count: number }>;
};

/** Sorts queries by the class that they were answered with; stable. */
export function sortByClass(classes: ArrayLike<number>): SortedQueries {
  const order = Array.from({ length: classes.length }, (_, q) => q);
  order.sort((a, b) => (classes[a] as number) - (classes[b] as number) || a - b);
  const groups: Array<{ klass: number; from: number; count: number }> = [];
  for (const [place, q] of order.entries()) {
    const last = groups.at(-1);
    if (last !== undefined && last.klass === classes[q]) last.count++;
    else groups.push({ klass: classes[q] as number, from: place, count: 1 });
  }
  return { order, groups };
}

/** Rows of `reach` by place: first the one of the largest scores, then the one of the smallest. */
export function reachRows({ order, groups }: SortedQueries): ReadonlyArray<readonly [number, number]> {
  const rows: Array<readonly [number, number]> = new Array(order.length);
  for (const { from, count } of groups) {
    for (let at = 0; at < count; at++) rows[from + at] = [2 * from + at, 2 * from + count + at];
  }
  return rows;
}

/** What the graph is made for. */
export type GraphInput = {
  readonly head: ScoringHead;
  readonly sorted: SortedQueries;
  /** `u_q` in sorted order, `q × d`. */
  readonly u: Float64Array;
  /** Fees in sorted order. */
  readonly fees: Float64Array;
  /** Samples in a block, a multiple of {@link CHUNK}. */
  readonly rows: number;
  readonly leaveOneOut: boolean;
  /** Every score leaves the graph too, `q × rows`: for small cases, and to test with. */
  readonly whole?: boolean;
};

/**
 * `h: int8 [rows, d]`, `k: uint8 [rows]` → `reach: float [2q, rows / CHUNK]`, the largest score and minus the
 * smallest of each chunk in the rows that {@link reachRows} names; `most: float [2q]`, the largest of each
 * row; `total: float [rows]`; and `scores: float [q, rows]` if asked for.
 */
export function scoringGraph({ head, sorted, u, fees, rows, leaveOneOut, whole }: GraphInput): Uint8Array {
  const { d, classes } = head;
  const { groups, order } = sorted;
  const g = graphBuilder("scoring");
  const matrix = (name: string, dims: readonly number[], data: Float64Array | number[]): string =>
    g.constant(name, "float", dims, Float32Array.from(data));
  const list = (name: string, ...values: number[]): string =>
    g.constant(name, "int64", [values.length], BigInt64Array.from(values, BigInt));

  const h = g.node("Cast", [g.node("Transpose", [g.input("h", "int8", [rows, d])], { perm: [1, 0] })], {
    to: ELEMENT_TYPES.float.code,
  });
  const k = g.node("Cast", [g.input("k", "uint8", [rows])], { to: ELEMENT_TYPES.int32.code });
  const present = groups.map(({ klass }) => klass);
  const targets = matrix(
    "targets",
    [present.length, classes],
    present.flatMap((klass) =>
      Array.from({ length: classes }, (_, label) => head.targets[label * classes + klass] as number),
    ),
  );
  const values = matrix(
    "values",
    [present.length, d],
    present.flatMap((klass) =>
      Array.from({ length: d }, (_, j) => head.values[j * classes + klass] as number),
    ),
  );
  const target = g.node("Gather", [targets, k], { axis: 1 });
  let residual = g.node("Sub", [target, g.node("MatMul", [values, h])]);
  const first = list("first", 0);
  if (leaveOneOut) {
    const lengths = g.node("MatMul", [matrix("inverse", [d, d], inverseFactor(head)), h]);
    const leverage = g.node("ReduceSumSquare", [lengths, first], { keepdims: 1 });
    residual = g.node("Div", [residual, g.node("Sub", [matrix("one", [1, 1], [1]), leverage])]);
  }

  const epoch = g.node("MatMul", [matrix("epoch", [present.length, d], epochRows(sorted, u, fees, d)), h]);
  const total = g.node("ReduceSum", [g.node("Mul", [epoch, residual]), first], { keepdims: 0 });
  g.output(total, "total", "float", [rows]);

  const chunks = rows / CHUNK;
  const within = list("within", 2);
  const parts: string[] = [];
  const scores: string[] = [];
  for (const [at, { from, count }] of groups.entries()) {
    const own = g.node("Gather", [residual, list(`row${at}`, at)], { axis: 0 });
    const queries = matrix(`u${at}`, [count, d], u.slice(from * d, (from + count) * d));
    const product = g.node("MatMul", [queries, g.node("Mul", [h, own])]);
    const chunked = g.node("Reshape", [product, list(`shape${at}`, count, chunks, CHUNK)]);
    const largest = g.node("ReduceMax", [chunked, within], { keepdims: 0 });
    const smallest = g.node("Neg", [g.node("ReduceMin", [chunked, within], { keepdims: 0 })]);
    parts.push(g.node("Concat", [largest, smallest], { axis: 0 }));
    scores.push(product);
  }
  const join = (each: string[]): string =>
    each.length === 1 ? (each[0] as string) : g.node("Concat", each, { axis: 0 });
  const reach = join(parts);
  g.output(reach, "reach", "float", [2 * order.length, chunks]);
  const along = list("along", 1);
  g.output(g.node("ReduceMax", [reach, along], { keepdims: 0 }), "most", "float", [2 * order.length]);
  if (whole === true) g.output(join(scores), "scores", "float", [order.length, rows]);
  return encodeOnnx(g.build());
}

/** `y_k = Σ_{q of k} f_q u_q` of each class that occurs. */
function epochRows({ groups }: SortedQueries, u: Float64Array, fees: Float64Array, d: number): number[] {
  return groups.flatMap(({ from, count }) => {
    const sum = new Array<number>(d).fill(0);
    for (let place = from; place < from + count; place++) {
      for (let j = 0; j < d; j++) {
        sum[j] = (sum[j] as number) + (fees[place] as number) * (u[place * d + j] as number);
      }
    }
    return sum;
  });
}
