/**
 * Influence and weight of each contributor on an epoch's answers:
 *
 *   s_c = ⟨G_c, Y⟩ = Σ_jk G_c[j,k] Y[j,k]        w_c = max(0, s_c)
 *
 * `s_c / 2^(S+T)` is how much the fee-weighted winning scores would change, to first order, if c's data were
 * up-weighted. Influence is summed over the whole epoch before it is clipped: clipping query by query would
 * pay for noise.
 */
import type { Profile } from "../../prover/index.ts";
import { checkBits, checkLength } from "../model/matrices.ts";

/**
 * Influence of each contributor, exactly.
 * @throws RangeExceededError when one leaves the profile's width.
 */
export function scores(
  gradients: readonly (readonly bigint[])[],
  y: readonly bigint[],
  profile: Profile,
): bigint[] {
  const size = profile.d * profile.m;
  checkLength("Y", y, size);
  const out = gradients.map((gradient, c) => {
    checkLength(`Gradient ${c}`, gradient, size);
    let sum = 0n;
    for (let at = 0; at < size; at++) sum += (gradient[at] as bigint) * (y[at] as bigint);
    return sum;
  });
  checkBits("An influence", out, profile.sBits, "settle with fewer queries in the epoch, or smaller fees");
  return out;
}

/** What each contributor is paid by: its influence where that is positive, else nothing. */
export function weights(influence: readonly bigint[]): bigint[] {
  return influence.map((s) => (s > 0n ? s : 0n));
}
