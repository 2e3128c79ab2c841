/**
 * Small helpers for flat, row-major matrices of integers, and the checks that keep them inside a profile's
 * widths.
 *
 * A signed value of `b` bits lies in `[-2^(b-1), 2^(b-1))`. Circuits range-check every value that they open,
 * so a value outside is not wrong but unprovable: it is refused here, where the remedy can still be said.
 */

/** Signed bits that a value needs: 0 and −1 need one, 127 and −128 eight. */
export function signedBits(value: bigint): number {
  const magnitude = value < 0n ? -value - 1n : value;
  return magnitude === 0n ? 1 : magnitude.toString(2).length + 1;
}

/** The most signed bits that any of the values needs; 0 for none. */
export function mostBits(values: readonly bigint[]): number {
  return values.reduce((most, value) => Math.max(most, signedBits(value)), 0);
}

/**
 * Checks that every value fits `bits` signed bits.
 * @throws RangeExceededError which names the quantity and the remedy.
 */
export function checkBits(quantity: string, values: readonly bigint[], bits: number, remedy: string): void {
  const needed = mostBits(values);
  if (needed > bits) {
    throw new RangeExceededError(
      `${quantity} needs ${needed} bits and the profile allows ${bits}: ${remedy}.`,
    );
  }
}

/** The upper triangle of a symmetric matrix, row by row: `d (d + 1) / 2` values. */
export function upperTriangle(a: ArrayLike<number>, d: number): bigint[] {
  const out: bigint[] = [];
  for (let j = 0; j < d; j++) for (let k = j; k < d; k++) out.push(BigInt(a[j * d + k] as number));
  return out;
}

/** The whole symmetric matrix plus `lambda` on its diagonal, from an upper triangle. */
export function ridged(upper: readonly bigint[], lambda: bigint, d: number): bigint[] {
  checkLength("An upper triangle", upper, (d * (d + 1)) / 2);
  const out = new Array<bigint>(d * d).fill(0n);
  let at = 0;
  for (let j = 0; j < d; j++) {
    for (let k = j; k < d; k++) {
      const value = upper[at++] as bigint;
      out[j * d + k] = value;
      out[k * d + j] = value;
    }
    out[j * d + j] = (out[j * d + j] as bigint) + lambda;
  }
  return out;
}

/** Refuses a list of another length than a shape asks for. */
export function checkLength(what: string, values: { readonly length: number }, length: number): void {
  if (values.length !== length) {
    throw new MatrixShapeError(
      `${what} must have ${length} values, not ${values.length}: check d and m of the profile.`,
    );
  }
}

/** A quantity that does not fit the width that circuits give it. */
export class RangeExceededError extends Error {
  override readonly name = "Model.RangeExceededError";
}

/** A list whose length is not that of its matrix. */
export class MatrixShapeError extends Error {
  override readonly name = "Model.MatrixShapeError";
}
