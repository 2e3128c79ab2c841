/**
 * The product in the quadratic extension u² = −1, as WebAssembly: Karatsuba's three products of nine limbs,
 * and two Montgomery reductions in place of three.
 *
 *    c0 = a0·b0 − a1·b1        c1 = (a0 + a1)(b0 + b1) − a0·b0 − a1·b1
 *
 * Column by column: a column of all three products is a few instructions on locals, and what it adds to c0
 * and c1 goes straight into their reductions, whose carry is the only thing that moves on.
 *
 * Bounds: one operand may be a gap (limbs.ts), with limbs below 3·2^29. At most eight products of two limbs
 * in a column are not with a last limb, which is small: a column of c0 lies between ±25·2^58, and with what
 * the reduction adds, p's limbs times 2^29, within ±2^63; its carry keeps the sign. A column of c1 is below
 * 50·2^58 whatever its parts overflow to, with the reduction below 2^64. For products below 160·p² (the two
 * parts of c1 together) c0 comes out in (0, 3p), since p is added, and c1 below 2p.
 */

import {
  type Code,
  constant64,
  get,
  load64From32,
  op,
  set,
  store64To32,
  type WasmFunctionSource,
} from "./assembler.ts";
import { LIMB_BITS, LIMBS, limbsOf, negativeInverse, VALUE_BYTES } from "./limbs.ts";

const MASK = (1n << LIMB_BITS) - 1n;

/** The local that holds limb i. */
type Local = (i: number) => number;

/** `name(out, a, b)`; each operand is two values, and `out` may be one of them. */
export function extensionProduct(name: string, modulus: bigint): WasmFunctionSource {
  const [out, a, b] = [0, 1, 2];
  const block =
    (n: number): Local =>
    (i) =>
      3 + n * LIMBS + i;
  const [a0, a1, aSum] = [block(0), block(1), block(2)];
  const [b0, b1, bSum] = [block(3), block(4), block(5)];
  const [q0, q1] = [block(6), block(7)];
  const [low, high, c0, c1] = [0, 1, 2, 3].map((i) => 3 + 8 * LIMBS + i) as [number, number, number, number];
  const p = limbsOf(modulus).map(BigInt);
  const limbs = Array.from({ length: LIMBS }, (_, i) => i);
  const loads = (from: number, first: Local, second: Local, sum: Local): Code =>
    limbs.flatMap((i) => [
      ...[...get(from), ...load64From32(4 * i), ...set(first(i))],
      ...[...get(from), ...load64From32(VALUE_BYTES + 4 * i), ...set(second(i))],
      ...[...get(first(i)), ...get(second(i)), ...op.add64, ...set(sum(i))],
    ]);
  const pairs = (k: number): number[] => limbs.filter((i) => i <= k && k - i < LIMBS);
  /** A column of a product, on the stack. */
  const column = (k: number, left: Local, right: Local): Code =>
    pairs(k).flatMap((i, n) => [
      ...[...get(left(i)), ...get(right(k - i)), ...op.mul64],
      ...(n > 0 ? op.add64 : []),
    ]);
  /** Adds to a sum what the digits so far bring to column k. */
  const reduced = (sum: number, digits: Local, k: number): Code =>
    pairs(k)
      .filter((i) => i < k)
      .flatMap((i) => [
        ...[...get(sum), ...get(digits(i)), ...constant64(p[k - i] as bigint), ...op.mul64],
        ...[...op.add64, ...set(sum)],
      ]);
  const finished = (sum: number, digits: Local, k: number, at: number, extra: Code, shift: Code): Code => {
    const carry = [...get(sum), ...constant64(LIMB_BITS), ...shift, ...set(sum)];
    if (k >= LIMBS) {
      const store = [...get(out), ...get(sum), ...constant64(MASK), ...op.and64];
      return [...reduced(sum, digits, k), ...extra, ...store, ...store64To32(at + 4 * (k - LIMBS)), ...carry];
    }
    return [
      ...reduced(sum, digits, k),
      ...[...get(sum), ...constant64(negativeInverse(modulus)), ...op.mul64],
      ...[...constant64(MASK), ...op.and64, ...set(digits(k))],
      ...[
        ...get(sum),
        ...get(digits(k)),
        ...constant64(p[0] as bigint),
        ...op.mul64,
        ...op.add64,
        ...set(sum),
      ],
      ...carry,
    ];
  };
  const body = [...loads(a, a0, a1, aSum), ...loads(b, b0, b1, bSum)];
  // The last column of the result holds no product, only what is carried into it.
  for (let k = 0; k < 2 * LIMBS; k++) {
    if (k < 2 * LIMBS - 1) {
      body.push(...column(k, a0, b0), ...set(low), ...column(k, a1, b1), ...set(high));
      body.push(...get(c0), ...get(low), ...op.add64, ...get(high), ...op.sub64, ...set(c0));
      body.push(...get(c1), ...column(k, aSum, bSum), ...op.add64);
      body.push(...get(low), ...op.sub64, ...get(high), ...op.sub64, ...set(c1));
    }
    const addP =
      k < LIMBS ? [] : [...get(c0), ...constant64(p[k - LIMBS] as bigint), ...op.add64, ...set(c0)];
    body.push(...finished(c0, q0, k, 0, addP, op.shrSigned64));
    body.push(...finished(c1, q1, k, VALUE_BYTES, [], op.shr64));
  }
  return { name, params: 3, i64s: 8 * LIMBS + 4, body };
}
