/**
 * The payouts' shares in float64 from end to end: no integer is rounded anywhere between features and shares.
 *
 * It is the yardstick for what rounding `W` to 2^-S and `Y` to 2^-T costs the contributors. It follows the
 * definitions sample by sample, with real-valued weights, and shares nothing but the Cholesky factor with the
 * integer path.
 */
import { type Code, loadCode, ONE_HOT, wordOf } from "../../prover/index.ts";
import { cholesky, solveLower, solveLowerTransposed } from "../model/dense.ts";
import type { LabelledFeatures } from "../model/moments.ts";
import { SystemSingularError } from "../model/rounded.ts";

/** A paid answer: features, the class answered, the fee in units. */
export type Float64Query = { readonly features: Int8Array; readonly klass: number; readonly weight: number };

/**
 * Shares of the pool, by contributor; all 0 when nobody's influence is positive.
 * @throws SystemSingularError when λ is too small for the samples.
 */
export function payoutsFloat64(
  input: LabelledFeatures & {
    readonly d: number;
    readonly m: number;
    /** Words of the classes; unit vectors where absent. */
    readonly words?: Code;
    readonly lambda: number;
    readonly queries: readonly Float64Query[];
  },
): number[] {
  const { features, labels, contributors, count, d, m, lambda, queries } = input;
  const words = input.words ?? loadCode(ONE_HOT, m, m);
  const a = new Float64Array(d * d);
  const b = new Float64Array(d * m);
  for (let i = 0; i < labels.length; i++) {
    const h = features.subarray(i * d, (i + 1) * d);
    addOuter(a, h, h, d);
    addWord(b, h, 1, wordOf(words, labels[i] as number));
  }
  for (let j = 0; j < d; j++) a[j * d + j] = (a[j * d + j] as number) + lambda;
  const factor = cholesky(a, d);
  if (!factor) throw new SystemSingularError("The system is singular: raise lambda.");
  const solve = (x: Float64Array) => solveLowerTransposed(factor, solveLower(factor, x, d, m), d, m);
  const w = solve(b);
  const q = new Float64Array(d * m);
  for (const query of queries) addWord(q, query.features, query.weight, wordOf(words, query.klass));
  const y = solve(q);

  // s_c = Σ_i h_iᵀ Y e_i: the inner product of definition, one sample at a time.
  const influence = new Float64Array(count);
  for (let i = 0; i < labels.length; i++) {
    const h = features.subarray(i * d, (i + 1) * d);
    const word = wordOf(words, labels[i] as number);
    let sum = 0;
    for (let k = 0; k < m; k++) {
      const e = (word[k] as number) - dotColumn(w, h, k, m);
      sum += e * dotColumn(y, h, k, m);
    }
    const c = contributors[i] as number;
    influence[c] = (influence[c] as number) + sum;
  }
  const clipped = Array.from(influence, (s) => Math.max(0, s));
  const total = clipped.reduce((sum, weight) => sum + weight, 0);
  return clipped.map((weight) => (total === 0 ? 0 : weight / total));
}

function addOuter(a: Float64Array, g: Int8Array, h: Int8Array, d: number): void {
  for (let j = 0; j < d; j++) {
    for (let k = 0; k < d; k++) a[j * d + k] = (a[j * d + k] as number) + (g[j] as number) * (h[k] as number);
  }
}

function addWord(b: Float64Array, h: Int8Array, factor: number, word: readonly number[]): void {
  for (let j = 0; j < h.length; j++) {
    for (const [k, value] of word.entries()) {
      const at = j * word.length + k;
      b[at] = (b[at] as number) + factor * value * (h[j] as number);
    }
  }
}

function dotColumn(x: Float64Array, h: Int8Array, column: number, m: number): number {
  let sum = 0;
  for (let j = 0; j < h.length; j++) sum += (x[j * m + column] as number) * (h[j] as number);
  return sum;
}
