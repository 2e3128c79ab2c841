/**
 * Dot products modulo a prime of 254 bits, as WebAssembly: Σ a_i·b_i/R + c with one Montgomery reduction for
 * the whole sum, which halves the work of as many products.
 *
 * The sum stands in 17 columns of 29 bits each (limbs.ts), wider than they are until the end. A term adds to
 * a column at most nine products of two limbs, so that after {@link TERMS} terms a column is below
 * 54·2^58 + 2^35, and the reduction's own nine products keep it below 2^64. After that many terms the columns
 * are carried through, and the sum goes on. The last column takes one product a term and is never carried:
 * 32 terms fit.
 *
 *    Σ a_i·b_i < 160·p²   gives   < 2p + c        (limbs.ts has the reason)
 *    Σ a_i·b_i < k·p²     gives   < (1 + k/160)·p + c, which must stay below 2^261, about 169p
 */

import {
  type Code,
  constant32,
  constant64,
  get,
  load64From32,
  op,
  set,
  step,
  store64To32,
  type WasmFunctionSource,
  when,
  whileLoop,
} from "./assembler.ts";
import { LIMB_BITS, LIMBS, limbsOf, negativeInverse, VALUE_BYTES } from "./limbs.ts";

/** Terms between two carries. */
const TERMS = 6;
/** Most terms of one sum. */
export const MAX_TERMS = 32;

const MASK = (1n << LIMB_BITS) - 1n;
const COLUMNS = 2 * LIMBS - 1;

/** `name(out, a, b, count, c)`: out = Σ a_i·b_i/R + c over two rows of values; `out` may be `c`. */
export function dotFunction(name: string, modulus: bigint): WasmFunctionSource {
  const [out, a, b, count, addend, budget] = [0, 1, 2, 3, 4, 5];
  const column = (k: number): number => 6 + k;
  const limbA = (i: number): number => 6 + COLUMNS + i;
  const limbB = (i: number): number => 6 + COLUMNS + LIMBS + i;
  const quotient = 6 + COLUMNS + 2 * LIMBS;
  const limbs = Array.from({ length: LIMBS }, (_, i) => i);
  const columns = Array.from({ length: COLUMNS }, (_, k) => k);

  const carry = columns
    .slice(1)
    .flatMap(
      (k): Code => [
        ...get(column(k)),
        ...[...get(column(k - 1)), ...constant64(LIMB_BITS), ...op.shr64],
        ...[...op.add64, ...set(column(k))],
        ...[...get(column(k - 1)), ...constant64(MASK), ...op.and64, ...set(column(k - 1))],
      ],
    );
  const term = [
    limbs.map((i) => [...get(a), ...load64From32(4 * i), ...set(limbA(i))]),
    limbs.map((i) => [...get(b), ...load64From32(4 * i), ...set(limbB(i))]),
    columns.map((k) => [
      ...get(column(k)),
      ...limbs
        .filter((i) => i <= k && k - i < LIMBS)
        .flatMap((i) => [...get(limbA(i)), ...get(limbB(k - i)), ...op.mul64, ...op.add64]),
      ...set(column(k)),
    ]),
  ].flat(2);
  const p = limbsOf(modulus).map(BigInt);
  const reduction = limbs.flatMap(
    (i): Code => [
      ...[...get(column(i)), ...constant64(negativeInverse(modulus)), ...op.mul64],
      ...[...constant64(MASK), ...op.and64, ...set(quotient)],
      ...limbs.flatMap(
        (j): Code => [
          ...get(column(i + j)),
          ...[...get(quotient), ...constant64(p[j] as bigint), ...op.mul64, ...op.add64],
          ...set(column(i + j)),
        ],
      ),
      ...[...get(column(i + 1)), ...get(column(i)), ...constant64(LIMB_BITS), ...op.shr64],
      ...[...op.add64, ...set(column(i + 1))],
    ],
  );
  // The value starts at column 9; its last limb is only what is carried into it.
  const result = limbs.flatMap(
    (j): Code => [
      ...[...get(addend), ...load64From32(4 * j)],
      ...(j < LIMBS - 1 ? [...get(column(LIMBS + j)), ...op.add64] : []),
      ...(j > 0 ? [...get(quotient), ...constant64(LIMB_BITS), ...op.shr64, ...op.add64] : []),
      ...set(quotient),
      ...[...get(out), ...get(quotient), ...constant64(MASK), ...op.and64, ...store64To32(4 * j)],
    ],
  );
  const body = [
    ...[...constant32(TERMS), ...set(budget)],
    ...whileLoop(get(count), [
      ...term,
      ...[...step(a, VALUE_BYTES), ...step(b, VALUE_BYTES), ...step(count, -1), ...step(budget, -1)],
      ...[...get(budget), ...op.eqz32],
      ...when([...carry, ...constant32(TERMS), ...set(budget)]),
    ]),
    ...reduction,
    ...result,
  ];
  return { name, params: 5, i32s: 1, i64s: COLUMNS + 2 * LIMBS + 1, body };
}
