/**
 * Arithmetic modulo a prime of 254 bits, as WebAssembly: nine limbs of 29 bits, Montgomery form with
 * R = 2^261.
 *
 * A product of two limbs has 58 bits, and a column of a Montgomery product is a sum of at most 18 of them and
 * a carry: below 2^63, so that no carry is looked at until a column is complete. That makes it about twice as
 * fast as eight full limbs of 32 bits, whose every product must carry.
 *
 * Values are bounded, not always reduced. 16·p has 258 bits, three less than fit:
 *
 *    mul(a, b)   a·b < 160·p²                < 2p        since a·b/R + p < 2p
 *    sub(a, b)   b < p (reduced)             < a + p     a − b + p
 *    sub2(a, b)  b < 2p                      < a + 2p    a − b + 2p
 *    add(a, b)                               a + b
 *    half(a)     a < 4p                      < 2p        subtracts 2p if it can
 *    reduce(a)   a < 4p                      < p         the one representation
 *    reduce8(a)  a < 8p                      < p
 *    drop(a, b)  a < 3p, b <= p              < p         a − b, reduced; drop8 for a < 7p
 *    drop2(a, b, c)  a < 2p, b, c <= p       < p         a − b − c, reduced; drop2_8 for a < 6p
 *    gap(a, b)   a, b <= p                   < a + 2p    a − b + 2p, not carried
 *
 * The limbs of every stored value are below 2^29, but for those of a gap, which are below 3·2^29: one such
 * value may stand in a product, whose columns then stay below 36·2^58. Each limb lies in four bytes, 36 bytes
 * together. Every function takes addresses, the result's first, which may be an operand's.
 */

import {
  type Code,
  constant32,
  constant64,
  get,
  load32,
  load64,
  load64From32,
  op,
  set,
  store32,
  store64,
  store64To32,
  tee,
  type WasmFunctionSource,
} from "./assembler.ts";

export const LIMBS = 9;
export const LIMB_BITS = 29n;
/** Bytes of a value in memory. */
export const VALUE_BYTES = 4 * LIMBS;
/** log2 of the Montgomery factor. */
export const MONTGOMERY_BITS = 261n;

const MASK = (1n << LIMB_BITS) - 1n;

/** A number's limbs, least significant first. */
export function limbsOf(value: bigint): number[] {
  return Array.from({ length: LIMBS }, (_, i) => Number((value >> (LIMB_BITS * BigInt(i))) & MASK));
}

/** −1/p modulo 2^29. */
export function negativeInverse(modulus: bigint): bigint {
  let inverse = 1n;
  for (let i = 0; i < 5; i++) inverse = (inverse * (2n - modulus * inverse)) & MASK;
  return (1n << LIMB_BITS) - inverse;
}

/** The functions for one prime, named with a prefix. */
export function limbFunctions(prefix: string, modulus: bigint): WasmFunctionSource[] {
  const multiple = (k: bigint): bigint[] => limbsOf(k * modulus).map(BigInt);
  /** Of one operand less the others, each of which brings a p along. */
  const reduced = (name: string, operands: number, multiples: readonly bigint[]): WasmFunctionSource => ({
    name: `${prefix}_${name}`,
    params: 1 + operands,
    i64s: LIMBS + 2,
    body: reduction(operands, multiple(BigInt(operands - 1)), multiples.map(multiple)),
  });
  return [
    { name: `${prefix}_mul`, params: 3, i64s: 2 * LIMBS + 2, body: product(modulus) },
    { name: `${prefix}_sub`, params: 3, i64s: 1, body: difference(multiple(1n)) },
    { name: `${prefix}_sub2`, params: 3, i64s: 1, body: difference(multiple(2n)) },
    { name: `${prefix}_add`, params: 3, i64s: 1, body: sum() },
    { name: `${prefix}_gap`, params: 3, body: gap(multiple(2n)) },
    reduced("half", 1, [2n]),
    reduced("reduce", 1, [2n, 1n]),
    reduced("reduce8", 1, [4n, 2n, 1n]),
    reduced("drop", 2, [2n, 1n]),
    reduced("drop8", 2, [4n, 2n, 1n]),
    reduced("drop2", 3, [2n, 1n]),
    reduced("drop2_8", 3, [4n, 2n, 1n]),
  ];
}

/** Functions that hold for any prime: copies, comparisons, and the way to and from 32 bytes. */
export function plainFunctions(): WasmFunctionSource[] {
  return [
    { name: "copy", params: 2, body: copy() },
    { name: "same", params: 2, returns: true, body: same() },
    { name: "isZero", params: 1, returns: true, body: isZero() },
    { name: "unpack", params: 2, i64s: 4, body: unpack() },
    { name: "pack", params: 2, body: pack() },
  ];
}

/** out = a·b/R: column by column, a limb of `a` at a time, each time making the lowest limb vanish. */
function product(modulus: bigint): Code {
  const [out, a, b] = [0, 1, 2];
  const limbB = (j: number): number => 3 + j;
  const column = (j: number): number => 3 + LIMBS + j;
  const digit = 3 + 2 * LIMBS;
  const quotient = digit + 1;
  const p = limbsOf(modulus).map(BigInt);
  const inverse = negativeInverse(modulus);
  const code: Code[] = [];
  for (let j = 0; j < LIMBS; j++) code.push(get(b), load64From32(4 * j), set(limbB(j)));
  for (let i = 0; i < LIMBS; i++) {
    code.push(get(a), load64From32(4 * i), set(digit));
    const times = (j: number): Code => [...get(digit), ...get(limbB(j)), ...op.mul64];
    const withColumn = (j: number): Code =>
      i === 0 ? times(j) : [...times(j), ...get(column(j)), ...op.add64];
    code.push(withColumn(0), tee(column(0)));
    code.push(constant64(inverse), op.mul64, constant64(MASK), op.and64, set(quotient));
    const cancel = (j: number): Code => [
      ...get(quotient),
      ...constant64(p[j] as bigint),
      ...op.mul64,
      ...op.add64,
    ];
    code.push(get(column(0)), cancel(0), constant64(LIMB_BITS), op.shr64); // the carry
    for (let j = 1; j < LIMBS; j++) {
      // The last column is new in every round: nothing was carried to it.
      code.push(j === LIMBS - 1 ? times(j) : withColumn(j), cancel(j));
      if (j === 1) code.push(op.add64);
      code.push(set(column(j - 1)));
    }
  }
  code.push(normalised(column, out));
  return code.flat();
}

/** Carries the columns through and stores their limbs; the last one is only what is carried into it. */
function normalised(column: (j: number) => number, out: number): Code {
  const code: Code[] = [];
  for (let j = 0; j < LIMBS; j++) {
    if (j < LIMBS - 1) code.push(get(column(j)));
    if (j > 0) code.push(get(column(j - 1)), constant64(LIMB_BITS), op.shr64);
    if (j > 0 && j < LIMBS - 1) code.push(op.add64);
    code.push(set(column(j)));
    code.push(get(out), get(column(j)), constant64(MASK), op.and64, store64To32(4 * j));
  }
  return code.flat();
}

/** out = a − b + offset, for a multiple of p that keeps it from falling below zero. */
function difference(offset: readonly bigint[]): Code {
  const [out, a, b, carry] = [0, 1, 2, 3];
  const code: Code[] = [];
  for (let j = 0; j < LIMBS; j++) {
    code.push(get(a), load64From32(4 * j), get(b), load64From32(4 * j), op.sub64);
    code.push(constant64(offset[j] as bigint), op.add64);
    if (j > 0) code.push(get(carry), constant64(LIMB_BITS), op.shrSigned64, op.add64);
    code.push(set(carry), get(out), get(carry), constant64(MASK), op.and64, store64To32(4 * j));
  }
  return code.flat();
}

function sum(): Code {
  const [out, a, b, carry] = [0, 1, 2, 3];
  const code: Code[] = [];
  for (let j = 0; j < LIMBS; j++) {
    code.push(get(a), load64From32(4 * j), get(b), load64From32(4 * j), op.add64);
    if (j > 0) code.push(get(carry), constant64(LIMB_BITS), op.shr64, op.add64);
    code.push(set(carry), get(out), get(carry), constant64(MASK), op.and64, store64To32(4 * j));
  }
  return code.flat();
}

/**
 * Limbs of a multiple of p, each but the last at least 2^29 − 1, so that subtracting a value borrows nothing.
 */
function padded(multiple: readonly bigint[]): bigint[] {
  return multiple.map((limb, j) => limb + (j < LIMBS - 1 ? 1n << LIMB_BITS : 0n) - (j > 0 ? 1n : 0n));
}

/**
 * out = a − b + 2p limb by limb: none falls below zero, and none reaches 2^32. By words of four bytes, as
 * they were just written: a processor that reads two such words as one waits until both have left its buffer.
 */
function gap(twice: readonly bigint[]): Code {
  const [out, a, b] = [0, 1, 2];
  return padded(twice).flatMap(
    (limb, j): Code => [
      ...[...get(out), ...get(a), ...load32(4 * j), ...constant32(Number(limb)), ...op.add32],
      ...[...get(b), ...load32(4 * j), ...op.sub32, ...store32(4 * j)],
    ],
  );
}

/**
 * The first operand less the others, plus an offset: carried nowhere, limbs of either sign. Then each
 * multiple is subtracted in turn where the value is not smaller.
 */
function reduction(
  operands: number,
  offset: readonly bigint[],
  multiples: readonly (readonly bigint[])[],
): Code {
  const [out, a] = [0, 1];
  const limb = (j: number): number => 1 + operands + j;
  const borrow = 1 + operands + LIMBS;
  const fits = borrow + 1;
  const code: Code[] = [];
  for (let j = 0; j < LIMBS; j++) {
    code.push(get(a), load64From32(4 * j));
    for (let other = 1; other < operands; other++) code.push(get(a + other), load64From32(4 * j), op.sub64);
    if (operands > 1) code.push(constant64(offset[j] as bigint), op.add64);
    code.push(set(limb(j)));
  }
  for (const multiple of multiples) {
    // First only the sign of the difference, as a mask: all ones where it is not negative.
    for (let j = 0; j < LIMBS; j++) {
      code.push(get(limb(j)), constant64(multiple[j] as bigint), op.sub64);
      if (j > 0) code.push(get(borrow), op.add64);
      code.push(constant64(LIMB_BITS), op.shrSigned64, set(borrow));
    }
    code.push(get(borrow), constant64(-1n), op.xor64, set(fits));
    for (let j = 0; j < LIMBS; j++) {
      code.push(get(limb(j)), constant64(multiple[j] as bigint), get(fits), op.and64, op.sub64);
      if (j > 0) code.push(get(borrow), op.add64);
      code.push(tee(borrow), constant64(MASK), op.and64, set(limb(j)));
      if (j < LIMBS - 1) code.push(get(borrow), constant64(LIMB_BITS), op.shrSigned64, set(borrow));
    }
  }
  for (let j = 0; j < LIMBS; j++) code.push(get(out), get(limb(j)), store64To32(4 * j));
  return code.flat();
}

/** 36 bytes are four words of eight and one of four. */
function copy(): Code {
  const [to, from] = [0, 1];
  const code: Code[] = [];
  for (let at = 0; at < 32; at += 8) code.push(get(to), get(from), load64(at), store64(at));
  code.push(get(to), get(from), load64From32(32), store64To32(32));
  return code.flat();
}

function same(): Code {
  const code: Code[] = [];
  for (let at = 0; at < 32; at += 8) code.push(get(0), load64(at), get(1), load64(at), op.xor64);
  code.push(op.or64, op.or64, op.or64);
  code.push(get(0), load64From32(32), get(1), load64From32(32), op.xor64, op.or64, op.eqz64);
  return code.flat();
}

function isZero(): Code {
  const code: Code[] = [];
  for (let at = 0; at < 32; at += 8) code.push(get(0), load64(at));
  return [code, op.or64, op.or64, op.or64, get(0), load64From32(32), op.or64, op.eqz64].flat(2);
}

/** 32 bytes, little-endian, to limbs. */
function unpack(): Code {
  const [out, from] = [0, 1];
  const word = (i: number): number => 2 + i;
  const code: Code[] = [];
  for (let i = 0; i < 4; i++) code.push(get(from), load64(8 * i), set(word(i)));
  for (let j = 0; j < LIMBS; j++) {
    const bit = j * Number(LIMB_BITS);
    const [first, shift] = [Math.floor(bit / 64), bit % 64];
    code.push(get(out), get(word(first)), constant64(BigInt(shift)), op.shr64);
    if (shift + Number(LIMB_BITS) > 64 && first < 3)
      code.push(get(word(first + 1)), constant64(BigInt(64 - shift)), op.shl64, op.or64);
    code.push(constant64(MASK), op.and64, store64To32(4 * j));
  }
  return code.flat();
}

/** Limbs of a reduced value to 32 bytes, little-endian. */
function pack(): Code {
  const [out, from] = [0, 1];
  const code: Code[] = [];
  for (let i = 0; i < 4; i++) {
    code.push(get(out), constant64(0n));
    for (let j = 0; j < LIMBS; j++) {
      const shift = j * Number(LIMB_BITS) - 64 * i;
      if (shift <= -Number(LIMB_BITS) || shift >= 64) continue;
      code.push(get(from), load64From32(4 * j), constant64(BigInt(Math.abs(shift))));
      code.push(shift < 0 ? op.shr64 : op.shl64, op.or64);
    }
    code.push(store64(8 * i));
  }
  return code.flat();
}
