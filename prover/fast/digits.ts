/**
 * Scalars as signed digits: k = Σ_w d_w·2^(cw) with |d_w| <= 2^(c−1), and how wide a window pays.
 *
 * Most scalars are wires of a circuit, bits and small numbers of either sign. One just below the order r
 * stands for a negative number, and its digits are those of r − k with the sign turned: a few instead of a
 * full row.
 */

import { FIELD } from "../field.ts";

const SCALAR_BITS = 254;
/** Words of 32 bits in a scalar. */
export const SCALAR_WORDS = 8;
/** Those of the order r. */
const ORDER = Uint32Array.from({ length: SCALAR_WORDS }, (_, k) =>
  Number((FIELD >> BigInt(32 * k)) & 0xffffffffn),
);
const MAX_WINDOW_BITS = 16;

/** Window width with the fewest additions: for each window one a point, and two a bucket. */
export function windowBits(points: number): number {
  const cost = (bits: number): number => windowCount(bits) * (points + 2 ** bits);
  let best = 2;
  for (let bits = 3; bits <= MAX_WINDOW_BITS; bits++) if (cost(bits) < cost(best)) best = bits;
  return best;
}

/** One more than the digits need, so that the last carry has a place. */
export function windowCount(bits: number): number {
  return Math.floor(SCALAR_BITS / bits) + 1;
}

/** Whether a scalar takes more than two words, and is not a small negative number. */
export function isLarge(words: Uint32Array, i: number): boolean {
  if (isNegative(words, i * SCALAR_WORDS)) return false;
  for (let k = 2; k < SCALAR_WORDS; k++) if (words[i * SCALAR_WORDS + k] !== 0) return true;
  return false;
}

/** Whether a scalar has the order's upper half, and so is less than 2^128 below it. */
function isNegative(words: Uint32Array, base: number): boolean {
  for (let k = SCALAR_WORDS / 2; k < SCALAR_WORDS; k++) if (words[base + k] !== ORDER[k]) return false;
  return true;
}

/** r − k of a scalar k < r. */
function negate(words: Uint32Array, base: number, to: Uint32Array): void {
  let borrow = 0;
  for (let k = 0; k < SCALAR_WORDS; k++) {
    const difference = (ORDER[k] as number) - (words[base + k] as number) - borrow;
    borrow = difference < 0 ? 1 : 0;
    to[k] = difference;
  }
}

/** Digit w of scalar i at w·n + i. Windows above a scalar's length stay zero without being looked at. */
export function signedDigits(
  all: Uint32Array,
  active: Uint32Array,
  bits: number,
  windows: number,
): Int32Array {
  const n = active.length;
  const digits = new Int32Array(windows * n);
  const [full, half] = [2 ** bits, 2 ** (bits - 1)];
  const negated = new Uint32Array(SCALAR_WORDS);
  for (let at = 0; at < n; at++) {
    const start = (active[at] as number) * SCALAR_WORDS;
    const negative = isNegative(all, start);
    if (negative) negate(all, start, negated);
    const [words, base, sign] = negative ? [negated, 0, -1] : [all, start, 1];
    let top = SCALAR_WORDS - 1;
    while (words[base + top] === 0) top--;
    const end = Math.min(windows, Math.floor((32 * (top + 1)) / bits) + 2);
    let carry = 0;
    for (let w = 0; w < end; w++) {
      const bit = w * bits;
      const [word, shift] = [bit >>> 5, bit & 31];
      let digit = (words[base + word] ?? 0) >>> shift;
      if (word >= SCALAR_WORDS) digit = 0;
      else if (shift + bits > 32 && word < SCALAR_WORDS - 1)
        digit |= (words[base + word + 1] as number) << (32 - shift);
      digit = (digit & (full - 1)) + carry;
      carry = digit > half ? 1 : 0;
      digits[w * n + at] = sign * (digit - carry * full);
    }
  }
  return digits;
}
