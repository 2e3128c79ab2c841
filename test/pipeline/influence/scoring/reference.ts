// The truth that scoring is compared with: sample by sample, query by query, straight from the definitions,
// and in rationals of integers where the proof counts.
import { adjoint } from "../../../../pipeline/influence/adjoint.ts";
import { queriesMatrix } from "../../../../pipeline/influence/queries.ts";
import { fitModel } from "../../../../pipeline/model/model.ts";
import type { LabelledFeatures } from "../../../../pipeline/model/moments.ts";
import type { DataRecord, Profile } from "../../../../prover/index.ts";

/** Solves `A x = b` by elimination with pivots: shares nothing with the Cholesky of the pipeline. */
export function eliminate(a: readonly number[][], b: readonly number[]): number[] {
  const n = b.length;
  const rows = a.map((row, i) => [...row, b[i] as number]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column; i < n; i++)
      if (Math.abs(rows[i]?.[column] ?? 0) > Math.abs(rows[pivot]?.[column] ?? 0)) pivot = i;
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    const own = rows[column] as number[];
    for (let i = 0; i < n; i++) {
      if (i === column) continue;
      const row = rows[i] as number[];
      const factor = (row[column] as number) / (own[column] as number);
      for (let j = column; j <= n; j++) row[j] = (row[j] as number) - factor * (own[j] as number);
    }
  }
  return rows.map((row, i) => (row[n] as number) / (row[i] as number));
}

/** A fitted case with everything that scoring and the proof's integers need. */
export async function fittedCase(
  input: LabelledFeatures,
  records: readonly DataRecord[],
  profile: Profile,
  lambda: number,
) {
  const model = await fitModel({ ...input, profile, lambda });
  const q = queriesMatrix(records, profile);
  return { model, adjoint: adjoint(model.a, lambda, q, profile) };
}

/** `(h_iᵀ A_λ⁻¹ h_q)(e_i)[k̂_q]` for every sample and query, float64: `scores[q][i]`. */
export function slowScores(
  { features, labels }: LabelledFeatures,
  records: readonly DataRecord[],
  w: readonly bigint[],
  lambda: number,
  { d, m, scaleBits }: Profile,
): number[][] {
  const h = (i: number): number[] => [...features.subarray(i * d, (i + 1) * d)];
  const a = Array.from({ length: d }, (_, j) => Array.from({ length: d }, (__, k) => (j === k ? lambda : 0)));
  for (let i = 0; i < labels.length; i++) {
    const row = h(i);
    for (let j = 0; j < d; j++)
      for (let k = 0; k < d; k++)
        (a[j] as number[])[k] = ((a[j] as number[])[k] as number) + (row[j] as number) * (row[k] as number);
  }
  return records.map(({ features: hq, klass }) => {
    const u = eliminate(a, [...hq]);
    return Array.from({ length: labels.length }, (_, i) => {
      const row = h(i);
      const along = row.reduce((sum, value, j) => sum + value * (u[j] as number), 0);
      const answered =
        row.reduce((sum, value, j) => sum + value * Number(w[j * m + klass]), 0) / 2 ** scaleBits;
      return along * ((labels[i] === klass ? 1 : 0) - answered);
    });
  });
}

/** The k best of a list: largest first for sign 1, smallest first for −1; equal ones by position. */
export function best(scores: readonly number[], top: number, sign: 1 | -1): number[] {
  return scores
    .map((score, i) => ({ score: sign * score, i }))
    .filter(({ score }) => score > 0)
    .sort((x, y) => y.score - x.score || x.i - y.i)
    .slice(0, top)
    .map(({ i }) => i);
}
