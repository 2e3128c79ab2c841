/**
 * What scoring needs of a model and of queries, in float64.
 *
 * The influence of sample i on query q, answered with class k̂, is
 *
 *   s_iq = (h_iᵀ u_q) r_i[k̂],    u_q = A_λ⁻¹ h_q,    r_i[k] = ⟨c_{k_i} − Wᵀh_i, c_k⟩
 *
 * where `c_k` is the code word of class k (of one-hot words `r_i[k̂] = (e_i)[k̂]`). It
 * is the derivative of the winning score by the sample's weight, in units of the score: the proven `s_c` is
 * `2^(S+T)` times the fee-weighted sum of these over the samples of c and the queries of the epoch.
 *
 * Leaving sample i out altogether, and fitting again, changes the score by exactly `s_iq / (1 − ℓ_i)`, with
 * the leverage `ℓ_i = h_iᵀ A_λ⁻¹ h_i` (Sherman and Morrison 1950; Cook 1977).
 */
import type { Profile } from "../../../prover/index.ts";
import { cholesky, solveLower, solveLowerTransposed } from "../../model/dense.ts";
import { checkLength, ridged } from "../../model/matrices.ts";
import { SystemSingularError } from "../../model/rounded.ts";

/** A model in the integers that were committed. */
export type CommittedHead = {
  /** Upper triangle of the Gram matrix. */
  readonly a: readonly bigint[];
  readonly lambda: number;
  /** Weights times 2^S, `d × m`. */
  readonly w: readonly bigint[];
};

/** A head ready for scoring. */
export type ScoringHead = {
  readonly d: number;
  readonly classes: number;
  /** `W Cᵀ`: the score of each class, `d × classes`. */
  readonly values: Float64Array;
  /** `C Cᵀ`: the target of each class by each class, `classes × classes`. */
  readonly targets: Float64Array;
  /** Lower Cholesky factor of `A_λ`. */
  readonly factor: Float64Array;
};

/** Answered queries: features `q × d`, the class answered, and the fee of each (1 where none is given). */
export type ScoredQueries = {
  readonly features: Int8Array;
  readonly classes: ArrayLike<number>;
  readonly fees?: ArrayLike<number>;
};

/**
 * Prepares a committed model.
 *
 * @throws SystemSingularError, MatrixShapeError
 */
export function scoringHead(
  head: CommittedHead,
  { d, m, scaleBits, words }: Pick<Profile, "d" | "m" | "scaleBits" | "words">,
): ScoringHead {
  checkLength("W", head.w, d * m);
  const classes = words.length;
  const factor = cholesky(Float64Array.from(ridged(head.a, BigInt(head.lambda), d), Number), d);
  if (!factor) throw new SystemSingularError("The system is singular: raise lambda and train again.");
  const values = new Float64Array(d * classes);
  const targets = new Float64Array(classes * classes);
  for (const [k, word] of words.entries()) {
    checkLength(`Code word ${k}`, word, m);
    for (let j = 0; j < d; j++) {
      let sum = 0;
      for (let o = 0; o < m; o++) sum += Number(head.w[j * m + o]) * (word[o] as number);
      values[j * classes + k] = sum / 2 ** scaleBits;
    }
    for (const [l, other] of words.entries()) {
      targets[k * classes + l] = word.reduce((sum, bit, o) => sum + bit * (other[o] as number), 0);
    }
  }
  return { d, classes, values, targets, factor };
}

/** `u_q = A_λ⁻¹ h_q`, a row a query: `q × d`. */
export function precondition({ d, factor }: ScoringHead, features: ArrayLike<number>): Float64Array {
  const count = features.length / d;
  const columns = new Float64Array(d * count);
  for (let q = 0; q < count; q++) {
    for (let j = 0; j < d; j++) columns[j * count + q] = features[q * d + j] as number;
  }
  const solved = solveLowerTransposed(factor, solveLower(factor, columns, d, count), d, count);
  const rows = new Float64Array(count * d);
  for (let q = 0; q < count; q++) {
    for (let j = 0; j < d; j++) rows[q * d + j] = solved[j * count + q] as number;
  }
  return rows;
}

/** `L⁻¹`: its product with `h` has the leverage of `h` as its squared length. */
export function inverseFactor({ d, factor }: ScoringHead): Float64Array {
  const identity = new Float64Array(d * d);
  for (let j = 0; j < d; j++) identity[j * d + j] = 1;
  return solveLower(factor, identity, d, d);
}

/**
 * One sample's influence on one query, by the definition, in float64. The sample's features start at `at`.
 *
 * @param inverse of {@link inverseFactor}: divide by `1 − ℓ_i`
 */
export function scoreOne(
  { d, classes, values, targets }: ScoringHead,
  features: Int8Array,
  at: number,
  label: number,
  u: Float64Array,
  klass: number,
  inverse?: Float64Array,
): number {
  let along = 0;
  let residual = targets[label * classes + klass] as number;
  for (let j = 0, value = klass; j < d; j++, value += classes) {
    const feature = features[at + j] as number;
    along += feature * (u[j] as number);
    residual -= feature * (values[value] as number);
  }
  if (inverse === undefined) return along * residual;
  return (along * residual) / (1 - leverage(inverse, features.subarray(at, at + d)));
}

/** `h_iᵀ A_λ⁻¹ h_i`, from {@link inverseFactor}. */
export function leverage(inverse: Float64Array, h: Int8Array): number {
  const d = h.length;
  let total = 0;
  for (let i = 0; i < d; i++) {
    let sum = 0;
    for (let j = 0; j <= i; j++) sum += (inverse[i * d + j] as number) * (h[j] as number);
    total += sum * sum;
  }
  return total;
}

/** Checks queries against a head. Throws {@link ScoringInputError}. */
export function checkQueries({ d, classes: known }: ScoringHead, queries: ScoredQueries): void {
  const { features, classes, fees } = queries;
  if (features.length !== classes.length * d || (fees !== undefined && fees.length !== classes.length)) {
    throw new ScoringInputError(
      `${features.length} features, ${classes.length} classes and ${fees?.length ?? "no"} fees do not fit d = ${d}.`,
    );
  }
  for (let q = 0; q < classes.length; q++) {
    const klass = classes[q] as number;
    if (!Number.isInteger(klass) || klass < 0 || klass >= known) {
      throw new ScoringInputError(
        `Query ${q} was answered with class ${klass}, which is not in 0..${known - 1}: answer it again.`,
      );
    }
  }
}

/** Queries, samples or settings that nothing can be scored with. */
export class ScoringInputError extends Error {
  override readonly name = "Scoring.InputError";
}
