/**
 * The quotient polynomial's part of a proof: h_i, the values of a·b − c on the odd half of the doubled
 * domain.
 *
 * a and b are the matrices' products with the witness, a value for each row, c = a∘b. Their values on the
 * domain are turned into coefficients, these are multiplied by powers of g, and the results are values of the
 * same polynomials at g·ω^i (transform.ts). There the vanishing polynomial is constant, and the key's points
 * have been divided by it.
 */

import { FIELD } from "../field.ts";
import type { Key } from "./key.ts";
import { MONTGOMERY_BITS, VALUE_BYTES } from "./limbs.ts";
import type { Workshop } from "./sums.ts";
import { COEFFICIENT_BYTES } from "./transform.ts";

/** Tables for transforms of one size, in memory for good. */
type Tables = { readonly forward: number; readonly backward: number; readonly shifts: number };

/** snarkjs's root of unity of order 2^28: 5 is the smallest number that is no square. */
const ROOT_ORDER_BITS = 28;
const ROOT = powerOf(5n, (FIELD - 1n) >> BigInt(ROOT_ORDER_BITS));

const known = new WeakMap<Workshop, Map<number, Tables>>();

/**
 * Makes the tables for a size, if there are none. They stay in the arena, so nothing may be scoped meanwhile.
 */
export function prepareTransforms(workshop: Workshop, power: number): void {
  const tables = known.get(workshop) ?? new Map<number, Tables>();
  known.set(workshop, tables);
  if (!tables.has(power)) tables.set(power, makeTables(workshop, power));
}

/**
 * The h_i as plain numbers of 32 bytes.
 *
 * @param witness the wires as plain numbers of 32 bytes
 */
export function quotients(workshop: Workshop, key: Key, witness: Uint8Array): Uint8Array {
  const { kernel, constants } = workshop;
  const count = 2 ** key.power;
  const bytes = count * VALUE_BYTES;
  const tables = known.get(workshop)?.get(key.power);
  if (tables === undefined) throw new TablesError(key.power);
  const { call } = kernel;
  return kernel.scoped(() => {
    const [a, b, c] = [kernel.alloc(bytes), kernel.alloc(bytes), kernel.alloc(bytes)];
    kernel.bytes().fill(0, a, b + bytes);
    kernel.scoped(() => {
      const wires = kernel.alloc(key.wires * VALUE_BYTES);
      const staged = kernel.alloc(Math.max(witness.length, key.coefficients.length));
      kernel.bytes().set(witness, staged);
      call.r_scale(wires, staged, key.wires, constants.wires, 1);
      kernel.bytes().set(key.coefficients, staged);
      call.accumulate(staged, key.coefficients.length / COEFFICIENT_BYTES, wires, a, b);
    });
    call.multiply(c, a, b, count);
    for (const values of [a, b, c]) {
      call.toCoefficients(values, bytes, tables.backward);
      call.multiply(values, values, tables.shifts, count);
      call.toValues(values, bytes, tables.forward);
    }
    const out = kernel.alloc(count * 32);
    call.quotient(a, b, c, count, constants.plain, out);
    return kernel.bytes().slice(out, out + count * 32);
  });
}

/**
 * Twiddle factors in order, and in reversed order of bits what stands between two transforms: g^i/n for
 * coefficient i, where g, of order 2n, leads from the domain to the odd half of the doubled one.
 */
function makeTables({ kernel }: Workshop, power: number): Tables {
  const count = 2 ** power;
  const { call } = kernel;
  const [factor, value] = [kernel.alloc(VALUE_BYTES), kernel.alloc(VALUE_BYTES)];
  const series = (first: bigint, ratio: bigint, length: number, place: (i: number) => number): void => {
    kernel.write(value, toMontgomery(first));
    kernel.write(factor, toMontgomery(ratio));
    for (let i = 0; i < length; i++) {
      call.copy(place(i), value);
      call.r_mul(value, value, factor);
    }
  };
  const table = (length: number, first: bigint, ratio: bigint, order = (i: number): number => i): number => {
    const start = kernel.alloc(length * VALUE_BYTES);
    series(first, ratio, length, (i) => start + order(i) * VALUE_BYTES);
    return start;
  };
  const shift = powerOf(ROOT, 1n << BigInt(ROOT_ORDER_BITS - power - 1));
  const root = (shift * shift) % FIELD;
  const reversed = (i: number): number => {
    let out = 0;
    for (let bit = 0; bit < power; bit++) if (i & (1 << bit)) out |= 1 << (power - 1 - bit);
    return out;
  };
  return {
    forward: table(count / 2, 1n, root),
    backward: table(count / 2, 1n, powerOf(root, FIELD - 2n)),
    shifts: table(count, powerOf(BigInt(count), FIELD - 2n), shift, reversed),
  };
}

function toMontgomery(value: bigint): bigint {
  return (value << MONTGOMERY_BITS) % FIELD;
}

function powerOf(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % FIELD;
    square = (square * square) % FIELD;
  }
  return result;
}

/** The tables are not there. */
export class TablesError extends Error {
  override readonly name = "Quotient.Tables";
  constructor(power: number) {
    super(`There are no tables for transforms of 2^${power} values. Call prepareTransforms first.`);
  }
}
