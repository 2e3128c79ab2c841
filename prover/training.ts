/**
 * The proof of training, seen from outside the circuits: values of matrices at the random point, and the
 * three identities between the public signals of its proofs, modulo p:
 *
 *   (1)  Σ_{batches of c} g  =  value_c                     for each contributor c
 *   (2)  Σ_c value_c         =  λ·W(ρ1, ρ2) + R(ρ1, ρ2)
 *   (3)  Σ_{all batches} a   =  A(ρ1, ρ3)
 *
 * with M(x, y) = Σ_jk M_jk x^j y^k. Two matrices that differ agree at a point drawn after both were fixed
 * with probability at most (rows + columns)/2^248: 2^-242 for 32 × 32 (ρ has 248 bits). So (1) says that G_c
 * is the gradient of exactly the samples of c's batches, (3) that A is the Gram matrix of exactly all of
 * them, and
 * (2) that W balances them up to R, which `model` proves to be within {@link residualBound}.
 *
 * Pitfall: the identities alone prove nothing. Each number must come from a verified proof, of a statement
 * whose roots, commitments and bound the verifier knows itself, at the ρ that it derived itself.
 */
import { cell, triangleIndex } from "./algebra.ts";
import { assertField, FIELD, fitsUnsigned } from "./field.ts";
import type { Profile } from "./profile.ts";

/** ρ1, ρ2, ρ3: field elements drawn after everything was committed to. */
export type Rho = readonly [bigint, bigint, bigint];

/** The value modulo p of a polynomial with these coefficients, lowest power first. */
export function evaluatePolynomial(coefficients: readonly bigint[], x: bigint): bigint {
  let value = 0n;
  for (let j = coefficients.length - 1; j >= 0; j--) value = (value * x + cell(coefficients, j)) % FIELD;
  return value < 0n ? value + FIELD : value;
}

/** v = M(·, y): the value Σ_k M_jk y^k of each row of a flat matrix with `columns` columns, modulo p. */
export function evaluateRows(matrix: readonly bigint[], columns: number, y: bigint): bigint[] {
  return Array.from({ length: matrix.length / columns }, (_, j) =>
    evaluatePolynomial(matrix.slice(j * columns, (j + 1) * columns), y),
  );
}

/**
 * M(x, y) = Σ_jk M_jk x^j y^k modulo p, of a flat matrix with `columns` columns.
 *
 * @example evaluateMatrix([1n, 2n, 3n, 4n], 2, 10n, 100n) // 1 + 2·100 + 3·10 + 4·1000 = 4231n
 */
export function evaluateMatrix(matrix: readonly bigint[], columns: number, x: bigint, y: bigint): bigint {
  return evaluatePolynomial(evaluateRows(matrix, columns, y), x);
}

/** A(x, y) of a symmetric d×d matrix that is given by its upper triangle, row by row. */
export function evaluateSymmetric(triangle: readonly bigint[], d: number, x: bigint, y: bigint): bigint {
  const full = Array.from({ length: d * d }, (_, i) =>
    cell(triangle, triangleIndex(Math.floor(i / d), i % d, d)),
  );
  return evaluateMatrix(full, d, x, y);
}

/**
 * The bound on |R_W| that `model` is proven against: ⌈(d·2^14·samples + λ)/2⌉.
 *
 * W* rounded by at most a half leaves R = −A_λ·(W − 2^S W*), so |R_jk| <= ½·Σ_i |A_λ[j,i]|, and an entry of A
 * is at most 2^14 a sample.
 */
export function residualBound(profile: Pick<Profile, "d">, samples: number, lambda: bigint): bigint {
  return (BigInt(profile.d) * (BigInt(samples) << 14n) + lambda + 1n) / 2n;
}

/** What the verified proofs of training say, in the order of the model's contributors and batches. */
export type TrainingEvaluations = {
  readonly profile: Profile;
  readonly lambda: bigint;
  readonly contributors: readonly {
    /** From the proof of `contributors`. */
    readonly value: bigint;
    /** From the proofs of `samples`, one a batch. */
    readonly batches: readonly { readonly g: bigint; readonly a: bigint }[];
  }[];
  /** From the proof of `model`. */
  readonly model: { readonly wValue: bigint; readonly aValue: bigint; readonly rValue: bigint };
};

/**
 * Checks the three identities.
 *
 * @returns what is wrong, in words; undefined when all of them hold.
 */
export function checkTrainingIdentities(evaluations: TrainingEvaluations): string | undefined {
  const { profile, lambda, contributors, model } = evaluations;
  if (!fitsUnsigned(lambda, profile.lambdaBits)) return `λ = ${lambda} is out of its range`;
  const batches = contributors.flatMap((contributor) => contributor.batches);
  for (const value of [...Object.values(model), ...contributors.map(({ value }) => value)])
    assertField(value, "value at ρ");
  for (const { g, a } of batches) for (const value of [g, a]) assertField(value, "value at ρ");

  for (const [c, { value, batches: own }] of contributors.entries()) {
    if (sumOf(own.map(({ g }) => g)) !== value) {
      return `the gradient of contributor ${c} is not that of the samples in its ${own.length} batches`;
    }
  }
  const gradients = sumOf(contributors.map(({ value }) => value));
  if (gradients !== sumOf([lambda * model.wValue, model.rValue])) {
    return "the gradients do not add up to λW + R: W is not the optimum of these samples at this λ";
  }
  if (sumOf(batches.map(({ a }) => a)) !== model.aValue) {
    return "A is not the Gram matrix of the samples in all batches";
  }
  return undefined;
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => (sum + value) % FIELD, 0n);
}
