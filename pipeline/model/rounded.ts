/**
 * The integer matrix nearest to the solution of a linear system: `X = round(A⁻¹ B)` for integer `A`
 * (symmetric, positive definite) and `B`.
 *
 * A double has 53 bits and an adjoint 56, so the last bits cannot come from one solve. They come from
 * iterative refinement (Golub and Van Loan, 3.5.3) with residuals that are exact, because they are integers:
 *
 *   R = B − A X     in BigInt
 *   X ← X + round(A⁻¹ R)     the correction by a float64 Cholesky factor
 *
 * until the correction rounds to nothing. Then each entry of `A⁻¹ R = A⁻¹ B − X` is a half or less (up to the
 * float error of the last, small correction), hence `|R[j, k]| ≤ ½ Σ_i |A[j, i]|`, which is what the circuits
 * rely on.
 *
 * The line that rounds is where the float world ends. It decides nothing that is trusted: whatever `X` is,
 * `R` is exact.
 */
import { cholesky, solveLower, solveLowerTransposed } from "./dense.ts";
import { checkLength } from "./matrices.ts";

/** A rounded solution and its exact residual `B − A X`, both `d × m` row-major. */
export type Rounded = { readonly x: readonly bigint[]; readonly residual: readonly bigint[] };

/** A step gains about `53 − log2(condition)` bits. */
const MAX_STEPS = 80;

/**
 * Solves and rounds.
 *
 * @param a `d × d`, symmetric positive definite
 * @param b `d × m`
 * @throws SystemSingularError when `a` is not positive definite in float64.
 */
export function solveRounded(a: readonly bigint[], b: readonly bigint[], d: number, m: number): Rounded {
  checkLength("A", a, d * d);
  checkLength("B", b, d * m);
  const factor = cholesky(Float64Array.from(a, Number), d);
  if (!factor)
    throw new SystemSingularError("The system is singular: raise lambda, or add samples that differ more.");
  const x = new Array<bigint>(d * m).fill(0n);
  for (let step = 0; step < MAX_STEPS; step++) {
    const residual = residualOf(a, x, b, d, m);
    const half = solveLower(factor, Float64Array.from(residual, Number), d, m);
    const correction = solveLowerTransposed(factor, half, d, m);
    if (!correction.every(Number.isFinite)) break;
    const rounded = Array.from(correction, (value) => BigInt(Math.round(value)));
    if (rounded.every((value) => value === 0n)) return { x, residual };
    rounded.forEach((value, at) => {
      x[at] = (x[at] as bigint) + value;
    });
  }
  throw new SystemSingularError("The system is too ill-conditioned to solve: raise lambda.");
}

/** `B − A X`, exactly. */
export function residualOf(
  a: readonly bigint[],
  x: readonly bigint[],
  b: readonly bigint[],
  d: number,
  m: number,
): bigint[] {
  return b.map((value, at) => {
    const row = Math.floor(at / m);
    let sum = value;
    for (let i = 0; i < d; i++) sum -= (a[row * d + i] as bigint) * (x[i * m + (at % m)] as bigint);
    return sum;
  });
}

/** A system without one well-determined solution. */
export class SystemSingularError extends Error {
  override readonly name = "Model.SystemSingularError";
}
