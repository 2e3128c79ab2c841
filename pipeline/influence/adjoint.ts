/**
 * The adjoint of an epoch: `Y = round(2^T A_λ⁻¹ Q)`, so that a contributor's influence is one inner product.
 *
 * Preconditioning the queries once is what makes an epoch's cost independent of the number of contributors
 * and samples. With T = 40 an entry has up to 56 bits, more than a double: model/rounded.ts says how the last
 * ones are found. What rounding leaves, `R_Y = A_λ Y − 2^T Q`, is at most half a row sum of `|A_λ|`; the
 * circuit checks that it is below 2^(rBits-1), which holds for every set of samples that the profile allows.
 */
import type { Profile } from "../../prover/index.ts";
import { checkLambda } from "../model/head.ts";
import { checkBits, checkLength, ridged } from "../model/matrices.ts";
import { solveRounded } from "../model/rounded.ts";

/** `Y` and `R_Y`, both `d × m` row-major. */
export type Adjoint = { readonly y: readonly bigint[]; readonly residual: readonly bigint[] };

/**
 * Solves the adjoint system.
 *
 * @param a upper triangle of the Gram matrix
 * @param q the epoch's queries, `d × m`
 * @throws RangeExceededError when `Y` leaves the profile's width, LambdaError, SystemSingularError
 */
export function adjoint(
  a: readonly bigint[],
  lambda: number,
  q: readonly bigint[],
  profile: Profile,
): Adjoint {
  const { d, m, adjointBits } = profile;
  checkLambda(lambda, profile);
  checkLength("Q", q, d * m);
  const target = q.map((value) => value << BigInt(adjointBits));
  const { x: y, residual } = solveRounded(ridged(a, BigInt(lambda), d), target, d, m);
  const negated = residual.map((value) => -value);
  checkBits(
    "The adjoint Y",
    y,
    profile.yBits,
    "settle with fewer queries in the epoch, or raise lambda and train again",
  );
  checkBits("The residual of Y", negated, profile.rBits, `train with at most ${profile.maxSamples} samples`);
  return { y, residual: negated };
}
