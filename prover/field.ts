/**
 * The scalar field of BN254, and signed integers in it.
 *
 * Everything that a circuit sees is a residue in [0, p). A signed integer v is stored as v mod p:
 * non-negative ones as themselves, negative ones as p + v, so that sums and products of small integers are
 * the sums and products of their residues. `fromField` reads a residue back as the integer of least absolute
 * value ("centred").
 *
 * Pitfall: the two directions agree only below p/2. `toField` therefore refuses anything at or beyond it,
 * instead of reducing silently: an integer that large is a mistake in a bound somewhere, and reducing it
 * would hide the mistake.
 */

/** Order p of the scalar field of BN254, a prime just below 2^254. */
export const FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Largest integer that is stored as itself: (p - 1) / 2. */
const HALF = (FIELD - 1n) / 2n;

/**
 * Stores a signed integer in the field.
 *
 * @throws {FieldRangeError} when |value| > (p - 1) / 2.
 * @example `toField(-1n) === FIELD - 1n`
 */
export function toField(value: bigint): bigint {
  if (value > HALF || value < -HALF) throw new FieldRangeError(value);
  return value < 0n ? value + FIELD : value;
}

/**
 * Reads a field element as the signed integer of least absolute value.
 *
 * @throws {FieldElementError} when `element` is not in [0, p).
 * @example `fromField(FIELD - 1n) === -1n`
 */
export function fromField(element: bigint): bigint {
  assertField(element, "value");
  return element > HALF ? element - FIELD : element;
}

/** Whether `value` is a canonical field element: an integer in [0, p). */
export function isField(value: bigint): boolean {
  return value >= 0n && value < FIELD;
}

/**
 * Refuses what is not a canonical field element.
 *
 * @param what names the value in the error's message.
 * @throws {FieldElementError}
 */
export function assertField(value: bigint, what: string): void {
  if (!isField(value)) throw new FieldElementError(value, what);
}

/** Whether `value` fits a signed width: -2^(bits-1) <= value < 2^(bits-1). */
export function fitsSigned(value: bigint, bits: number): boolean {
  const half = 1n << BigInt(bits - 1);
  return value >= -half && value < half;
}

/** Whether `value` fits an unsigned width: 0 <= value < 2^bits. */
export function fitsUnsigned(value: bigint, bits: number): boolean {
  return value >= 0n && value < 1n << BigInt(bits);
}

/** A signed integer too large to be told from its residue. */
export class FieldRangeError extends Error {
  override readonly name = "Field.Range";
  constructor(value: bigint) {
    super(
      `${value} does not fit the field as a signed integer (|v| < p/2). Check the bound that it should obey.`,
    );
  }
}

/** Not a canonical element of the field. */
export class FieldElementError extends Error {
  override readonly name = "Field.Element";
  constructor(value: bigint, what: string) {
    super(`The ${what} ${value} is not a field element: give an integer from 0 to p - 1, p = ${FIELD}.`);
  }
}
