/**
 * The head: ridge regression on the classes' words (one-hot, or a code that many classes share), in integers.
 *
 *   W = round(2^S A_λ⁻¹ B),   A_λ = A + λI,   R_W = 2^S B − A_λ W
 *
 * `W / 2^S` is within `‖R_W‖ / (2^S λ)` of the exact optimum, and `R_W` is known exactly: that is the whole
 * certificate of training. λ is in units of squared features (a feature's standard deviation is about 32, so
 * n samples put about 1,000 n on A's diagonal).
 */
import type { Profile } from "../../prover/index.ts";
import { checkBits, checkLength, ridged } from "./matrices.ts";
import { solveRounded } from "./rounded.ts";

/**
 * The usual λ, 2^15: chosen on public digits alone (1,024 to fit with, 86 of them mislabelled), where
 * accuracy is flat between 10^3 and 10^5 and falls after; of equal ones a larger λ gives a better-conditioned
 * system and a tighter bound.
 */
export const DEFAULT_LAMBDA = 32_768;

/** A fitted head and what rounding left over, both `d × m` row-major. */
export type Head = { readonly w: readonly bigint[]; readonly residual: readonly bigint[] };

/**
 * Fits the head.
 *
 * @param a upper triangle of the Gram matrix, `d (d + 1) / 2` values
 * @param b cross moments, `d × m`
 * @throws RangeExceededError when a quantity does not fit the profile, LambdaError, SystemSingularError
 */
export function fitHead(input: {
  readonly a: readonly bigint[];
  readonly b: readonly bigint[];
  readonly lambda: number;
  readonly profile: Profile;
}): Head {
  const { a, b, lambda, profile } = input;
  const { d, m, scaleBits } = profile;
  checkLambda(lambda, profile);
  checkLength("B", b, d * m);
  checkBits("The Gram matrix A", a, profile.aBits, `take at most ${profile.maxSamples} samples`);
  const target = b.map((value) => value << BigInt(scaleBits));
  const { x: w, residual } = solveRounded(ridged(a, BigInt(lambda), d), target, d, m);
  checkBits("The weights W", w, profile.wBits, `raise lambda (it is ${lambda})`);
  checkBits("The residual of W", residual, profile.rBits, `take at most ${profile.maxSamples} samples`);
  return { w, residual };
}

/** Refuses a λ that no circuit accepts, or that makes the optimum undefined. */
export function checkLambda(lambda: number, profile: Profile): void {
  if (!Number.isInteger(lambda) || lambda < 1 || lambda >= 2 ** profile.lambdaBits) {
    throw new LambdaError(
      `lambda must be whole, from 1 to 2^${profile.lambdaBits} - 1, not ${lambda}: try ${DEFAULT_LAMBDA}.`,
    );
  }
}

/** A λ outside its range. */
export class LambdaError extends Error {
  override readonly name = "Model.LambdaError";
}
