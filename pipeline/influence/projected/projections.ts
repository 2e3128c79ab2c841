/**
 * The two small matrices that project a layer's gradient: `P_i` for its inputs, `P_o` for its outputs.
 *
 * Random signs over √k keep inner products on average (Achlioptas, "Database-friendly random projections",
 * 2003), are unbiased for every sample, and independent ones average out over an ensemble; principal
 * directions waste nothing on what never varies, but drop the rest for good, for every member alike. Which
 * one is better is measured (benchmarks/attribution). A side no longer than its rank is left as it is.
 */
import { seededRandom } from "../../random.ts";
import type { LayerMoments } from "./features.ts";

/** `inputs` is `(in + 1) × k_i`, `outputs` is `out × k_o`, both row-major; `ranks` is `[k_i, k_o]`. */
export type Projection = {
  readonly inputs: Float32Array;
  readonly outputs: Float32Array;
  readonly ranks: readonly [number, number];
};

/** Ranks cut to what a layer has. */
export function ranksOf(
  sizes: readonly number[],
  ranks: readonly (readonly [number, number])[],
): [number, number][] {
  return ranks.map(([inputs, outputs], l) => [
    Math.min(inputs, (sizes[l] as number) + 1),
    Math.min(outputs, sizes[l + 1] as number),
  ]);
}

/** Random projections for every layer; the same seed gives the same ones. */
export function randomProjections(
  sizes: readonly number[],
  ranks: readonly (readonly [number, number])[],
  seed: string,
): Projection[] {
  return ranksOf(sizes, ranks).map(([inputs, outputs], l) => ({
    inputs: randomSigns((sizes[l] as number) + 1, inputs, `${seed}/in/${l}`),
    outputs: randomSigns(sizes[l + 1] as number, outputs, `${seed}/out/${l}`),
    ranks: [inputs, outputs],
  }));
}

/** The principal directions of every layer's inputs and outputs. */
export function principalProjections(
  sizes: readonly number[],
  ranks: readonly (readonly [number, number])[],
  moments: readonly LayerMoments[],
): Projection[] {
  const columns = (matrix: Float64Array, n: number, k: number): Float32Array =>
    k >= n ? randomSigns(n, k, "") : Float32Array.from(leading(matrix, n, k));
  return ranksOf(sizes, ranks).map(([inputs, outputs], l) => ({
    inputs: columns((moments[l] as LayerMoments).inputs, (sizes[l] as number) + 1, inputs),
    outputs: columns((moments[l] as LayerMoments).outputs, sizes[l + 1] as number, outputs),
    ranks: [inputs, outputs],
  }));
}

/** `rows × k` of ±1/√k, or the identity where nothing would be saved. */
export function randomSigns(rows: number, k: number, seed: string): Float32Array {
  const out = new Float32Array(rows * k);
  if (k >= rows) {
    for (let i = 0; i < rows; i++) out[i * k + i] = 1;
    return out;
  }
  const random = seededRandom(`projection/${seed}`);
  const unit = 1 / Math.sqrt(k);
  for (let at = 0; at < out.length; at += 32) {
    let bits = random.u32();
    for (let b = at; b < Math.min(at + 32, out.length); b++) {
      out[b] = bits & 1 ? unit : -unit;
      bits >>>= 1;
    }
  }
  return out;
}

/**
 * The `k` leading eigenvectors of a symmetric matrix, as columns of an `n × k` matrix, by orthogonal
 * iteration (Golub and Van Loan, 8.2.4) with a fixed start: deterministic, and cheap where k is much smaller
 * than n.
 */
export function leading(matrix: Float64Array, n: number, k: number, rounds = 40): Float64Array {
  const random = seededRandom("leading");
  let q = orthonormal(
    Float64Array.from({ length: n * k }, () => random.uniform() - 0.5),
    n,
    k,
  );
  for (let round = 0; round < rounds; round++) {
    const next = new Float64Array(n * k);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const factor = matrix[i * n + j] as number;
        if (factor === 0) continue;
        for (let c = 0; c < k; c++)
          next[i * k + c] = (next[i * k + c] as number) + factor * (q[j * k + c] as number);
      }
    }
    q = orthonormal(next, n, k);
  }
  return q;
}

/** Gram and Schmidt, twice over, on columns; a column that vanishes becomes zero. */
function orthonormal(a: Float64Array, n: number, k: number): Float64Array {
  const q = Float64Array.from(a);
  const dot = (x: number, y: number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (q[i * k + x] as number) * (q[i * k + y] as number);
    return sum;
  };
  for (let c = 0; c < k; c++) {
    const before = Math.sqrt(dot(c, c));
    for (let pass = 0; pass < 2; pass++) {
      for (let b = 0; b < c; b++) {
        const along = dot(b, c);
        for (let i = 0; i < n; i++)
          q[i * k + c] = (q[i * k + c] as number) - along * (q[i * k + b] as number);
      }
    }
    const norm = Math.sqrt(dot(c, c));
    const scale = norm > 1e-12 * before ? 1 / norm : 0;
    for (let i = 0; i < n; i++) q[i * k + c] = (q[i * k + c] as number) * scale;
  }
  return q;
}
