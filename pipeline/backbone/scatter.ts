/**
 * Sums of products and nearest neighbours over thousands of byte vectors, exact, through ONNX Runtime.
 *
 * All products are uint8 × uint8 added up in int32, so at most 33,025 rows fit one product (33,025 · 255² <
 * 2^31); callers stay far below. Squared distances are compared as `|b|² − 2⟨a, b⟩`, which orders the
 * neighbours of one `a` alike.
 */
import { graphBuilder } from "../engine/graph.ts";
import { encodeOnnx } from "../engine/onnx.ts";
import { openSession, tensor } from "../engine/ort.ts";

const ROWS = 256;

/** `Xᵀ Y` for two lists of `n` byte vectors of width `k`, row-major. */
export async function gram(
  x: Uint8Array,
  y: Uint8Array,
  n: number,
  k: number,
  threads: number,
): Promise<Float64Array> {
  const g = graphBuilder("gram");
  const transposed = g.node("Transpose", [g.input("x", "uint8", ["n", k])], { perm: [1, 0] });
  g.output(g.node("MatMulInteger", [transposed, g.input("y", "uint8", ["n", k])]), "xy", "int32", [k, k]);
  const session = await openSession(encodeOnnx(g.build()), { threads });
  const { xy } = await session.run({ x: tensor("uint8", x, [n, k]), y: tensor("uint8", y, [n, k]) });
  await session.close();
  return Float64Array.from(xy?.data as Int32Array);
}

/** Adds `own + theirs − mixed − mixedᵀ` to `sum`: the scatter of differences. */
export function difference(
  sum: Float64Array,
  own: Float64Array,
  theirs: Float64Array,
  mixed: Float64Array,
  k: number,
): void {
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      const at = i * k + j;
      const cross = (mixed[at] as number) + (mixed[j * k + i] as number);
      sum[at] = (sum[at] as number) + (own[at] as number) + (theirs[at] as number) - cross;
    }
  }
}

/** Everybody's neighbour of one rank, in order. `neighbours` holds `count` indices a vector. */
export function gather(
  x: Uint8Array,
  k: number,
  neighbours: Int32Array,
  rank: number,
  count: number,
): Uint8Array {
  const out = new Uint8Array(x.length);
  for (let i = 0; i * k < x.length; i++) {
    const source = neighbours[i * count + rank] as number;
    out.set(x.subarray(source * k, (source + 1) * k), i * k);
  }
  return out;
}

/** The `count` nearest others of each of `n` byte vectors, nearest first; of two equally near the earlier. */
export async function nearest(
  x: Uint8Array,
  n: number,
  k: number,
  count: number,
  threads: number,
): Promise<Int32Array> {
  const norms = new Float64Array(n);
  for (let i = 0; i < x.length; i++) {
    const row = Math.floor(i / k);
    norms[row] = (norms[row] as number) + (x[i] as number) * (x[i] as number);
  }
  const g = graphBuilder("products");
  const others = g.node("Transpose", [g.input("x", "uint8", [n, k])], { perm: [1, 0] });
  g.output(g.node("MatMulInteger", [g.input("rows", "uint8", ["r", k]), others]), "p", "int32", ["r", n]);
  const session = await openSession(encodeOnnx(g.build()), { threads });
  const all = tensor("uint8", x, [n, k]);
  const out = new Int32Array(n * count);
  for (let start = 0; start < n; start += ROWS) {
    const end = Math.min(n, start + ROWS);
    const { p } = await session.run({
      x: all,
      rows: tensor("uint8", x.subarray(start * k, end * k), [end - start, k]),
    });
    const products = p?.data as Int32Array;
    for (let i = start; i < end; i++) {
      keepNearest(
        products.subarray((i - start) * n, (i - start + 1) * n),
        norms,
        i,
        out.subarray(i * count, (i + 1) * count),
      );
    }
  }
  await session.close();
  return out;
}

/** Fills `best` with the indices of the smallest `norm − 2 · product`, leaving out `self`. */
function keepNearest(products: Int32Array, norms: Float64Array, self: number, best: Int32Array): void {
  const distances = new Float64Array(best.length).fill(Infinity);
  const last = best.length - 1;
  for (let j = 0; j < products.length; j++) {
    const distance = (norms[j] as number) - 2 * (products[j] as number);
    if (distance >= (distances[last] as number) || j === self) continue;
    let at = last;
    while (at > 0 && distance < (distances[at - 1] as number)) {
      distances[at] = distances[at - 1] as number;
      best[at] = best[at - 1] as number;
      at--;
    }
    distances[at] = distance;
    best[at] = j;
  }
}
