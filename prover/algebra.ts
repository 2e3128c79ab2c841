/**
 * The exact integer algebra of the statements, written as plainly as possible: scores, the step of Q, the
 * residual of the adjoint. Matrices are flat lists, row by row; A is its upper triangle.
 *
 * Slow (BigInt, no blocking) and meant to be: witness builders run once per proof, and the fast paths of the
 * pipeline are compared with the same formulas.
 */
import { wordOf } from "./codes.ts";
import type { DataRecord } from "./commitments.ts";
import type { Profile } from "./profile.ts";

/** The scores Wᵀh of one record, times 2^S. */
export function recordScores(features: Int8Array, w: readonly bigint[], m: number): bigint[] {
  const scores = new Array<bigint>(m).fill(0n);
  features.forEach((h, j) => {
    for (let k = 0; k < m; k++) scores[k] = cell(scores, k) + BigInt(h) * cell(w, j * m + k);
  });
  return scores;
}

/** Q_in + Σ fee·h·wordᵀ, with the word of each record's class (one-hot unless the profile has a code). */
export function addQueries(
  qIn: readonly bigint[],
  records: readonly DataRecord[],
  { m, words }: Profile,
): bigint[] {
  const q = [...qIn];
  for (const { features, klass, weight } of records) {
    const word = wordOf(words, klass);
    features.forEach((h, j) => {
      word.forEach((value, k) => {
        q[j * m + k] = cell(q, j * m + k) + BigInt(weight) * BigInt(h) * BigInt(value);
      });
    });
  }
  return q;
}

/** R = (A + λI)Y − 2^T Q, exactly; `a` is the upper triangle of A. */
export function residual(
  a: readonly bigint[],
  lambda: bigint,
  y: readonly bigint[],
  q: readonly bigint[],
  { d, m, adjointBits }: Profile,
): bigint[] {
  const r: bigint[] = [];
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < m; k++) {
      let sum = lambda * cell(y, i * m + k) - (cell(q, i * m + k) << BigInt(adjointBits));
      for (let j = 0; j < d; j++) sum += cell(a, triangleIndex(i, j, d)) * cell(y, j * m + k);
      r.push(sum);
    }
  }
  return r;
}

/** Where entry (i, j) of a symmetric d×d matrix stands in its upper triangle, row by row. */
export function triangleIndex(i: number, j: number, d: number): number {
  const row = Math.min(i, j);
  return row * d - (row * (row - 1)) / 2 + Math.abs(i - j);
}

/** ⟨a, b⟩ = Σ a_i·b_i */
export function innerProduct(a: readonly bigint[], b: readonly bigint[]): bigint {
  return a.reduce((sum, value, i) => sum + value * cell(b, i), 0n);
}

/**
 * An element of a list that the caller's shape says is there.
 *
 * @throws {AlgebraIndexError}
 */
export function cell(values: readonly bigint[], index: number): bigint {
  const value = values[index];
  if (value === undefined) throw new AlgebraIndexError(index, values.length);
  return value;
}

/** A list shorter than its shape says. */
export class AlgebraIndexError extends Error {
  override readonly name = "Algebra.Index";
  constructor(index: number, length: number) {
    super(`Element ${index} is missing from a list of ${length}. Matrices are flat: d·m values, A d(d+1)/2.`);
  }
}
