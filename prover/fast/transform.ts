/**
 * Number-theoretic transforms over the scalar field, and the sparse products that fill them, as WebAssembly.
 *
 * Two half-transforms that never reverse the order of bits: `toCoefficients` takes values in natural order to
 * coefficients in reversed order (decimation in frequency), `toValues` takes those back (decimation in time).
 * What is done between them, one factor for each coefficient, is done in reversed order.
 *
 * Twiddle factors come from tables, so that a butterfly is one product. Values stay below 2p throughout.
 */

import {
  type Code,
  call,
  constant32,
  get,
  load32,
  op,
  set,
  step,
  type WasmFunctionSource,
  when,
  whileLoop,
} from "./assembler.ts";
import { VALUE_BYTES } from "./limbs.ts";
import type { Places } from "./points.ts";

/** A coefficient in a zkey: matrix, row, wire, value. */
export const COEFFICIENT_BYTES = 44;

type Index = (name: string) => number;

/** The functions; `index` finds those of the scalar field, named `r_…`. */
export function transformFunctions(index: Index, { temporaries }: Places): WasmFunctionSource[] {
  const apply = (name: string, ...operands: Code[]): Code => [...operands.flat(), ...call(index(name))];
  const [first, second] = [constant32(temporaries), constant32(temporaries + VALUE_BYTES)];

  // (values, bytes, twiddles): locals are half a block, the stride in the table, and three walking addresses.
  const [values, bytes, twiddles, half, stride, block, a, b, t, end] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const overBlocks = (butterfly: Code): Code => [
    ...[...get(values), ...set(block)],
    ...whileLoop(
      [...get(block), ...get(values), ...get(bytes), ...op.add32, ...op.lessUnsigned32],
      [
        ...[...get(block), ...set(a), ...get(block), ...get(half), ...op.add32, ...set(b)],
        ...[...get(b), ...set(end), ...get(twiddles), ...set(t)],
        ...whileLoop(
          [...get(a), ...get(end), ...op.lessUnsigned32],
          [
            ...butterfly,
            ...step(a, VALUE_BYTES),
            ...step(b, VALUE_BYTES),
            ...[...get(t), ...get(stride), ...op.add32, ...set(t)],
          ],
        ),
        ...[...get(block), ...get(half), ...constant32(1), ...op.shl32, ...op.add32, ...set(block)],
      ],
    ),
  ];
  const shifted = (local: number, shift: Code): Code => [
    ...get(local),
    ...constant32(1),
    ...shift,
    ...set(local),
  ];
  const halfOfAll: Code = [...get(bytes), ...constant32(1), ...op.shr32];
  const toCoefficients = [
    ...[...halfOfAll, ...set(half), ...constant32(VALUE_BYTES), ...set(stride)],
    ...whileLoop(
      [...constant32(VALUE_BYTES - 1), ...get(half), ...op.lessUnsigned32],
      [
        ...overBlocks([
          ...apply("r_add", first, get(a), get(b)),
          ...apply("r_sub2", second, get(a), get(b)),
          ...apply("r_half", get(a), first),
          ...apply("r_mul", get(b), second, get(t)),
        ]),
        ...shifted(half, op.shr32),
        ...shifted(stride, op.shl32),
      ],
    ),
  ];
  const toValues = [
    ...[...constant32(VALUE_BYTES), ...set(half), ...halfOfAll, ...set(stride)],
    ...whileLoop(
      [...get(half), ...get(bytes), ...op.lessUnsigned32],
      [
        ...overBlocks([
          ...apply("r_mul", first, get(b), get(t)),
          ...apply("r_sub2", second, get(a), first),
          ...apply("r_add", first, get(a), first),
          ...apply("r_half", get(a), first),
          ...apply("r_half", get(b), second),
        ]),
        ...shifted(half, op.shl32),
        ...shifted(stride, op.shr32),
      ],
    ),
  ];
  return [
    { name: "toCoefficients", params: 3, i32s: 7, body: toCoefficients },
    { name: "toValues", params: 3, i32s: 7, body: toValues },
    { name: "accumulate", params: 5, i32s: 1, body: accumulate(apply, first) },
    { name: "multiply", params: 4, body: multiply(apply) },
    { name: "quotient", params: 6, body: quotient(apply, first) },
  ];
}

type Apply = (name: string, ...operands: Code[]) => Code;

/** (coefficients, count, witness, A, B): adds every coefficient times its wire to its row of A or B. */
function accumulate(apply: Apply, product: Code): Code {
  const [from, count, witness, rowsA, rowsB, row] = [0, 1, 2, 3, 4, 5];
  const element = (base: Code, at: number): Code => [
    ...base,
    ...get(from),
    ...load32(at),
    ...constant32(VALUE_BYTES),
    ...op.mul32,
    ...op.add32,
  ];
  return whileLoop(get(count), [
    ...apply("unpack", product, [...get(from), ...constant32(12), ...op.add32]),
    ...apply("r_mul", product, product, element(get(witness), 8)),
    ...[...get(from), ...load32(0)],
    ...when([...element(get(rowsB), 4), ...set(row)], [...element(get(rowsA), 4), ...set(row)]),
    ...apply("r_add", product, get(row), product),
    ...apply("r_half", get(row), product),
    ...step(from, COEFFICIENT_BYTES),
    ...step(count, -1),
  ]);
}

/** (to, A, B, count): products of pairs. */
function multiply(apply: Apply): Code {
  const [to, a, b, count] = [0, 1, 2, 3];
  return whileLoop(get(count), [
    ...apply("r_mul", get(to), get(a), get(b)),
    ...[to, a, b].flatMap((local) => step(local, VALUE_BYTES)),
    ...step(count, -1),
  ]);
}

/** (A, B, C, count, one, to): A·B − C, out of Montgomery form by the number one, as 32 bytes each. */
function quotient(apply: Apply, value: Code): Code {
  const [a, b, c, count, one, to] = [0, 1, 2, 3, 4, 5];
  return whileLoop(get(count), [
    ...apply("r_mul", value, get(a), get(b)),
    ...apply("r_sub2", value, value, get(c)),
    ...apply("r_mul", value, value, get(one)),
    ...apply("r_reduce", value, value),
    ...apply("pack", get(to), value),
    ...[a, b, c].flatMap((local) => step(local, VALUE_BYTES)),
    ...step(to, 32),
    ...step(count, -1),
  ]);
}

/**
 * `scale(to, from, count, factor, form)`: values times a factor, reduced. `form` is 0 for values as they lie
 * in memory, 1 for 32 bytes each as in a file.
 */
export function scaleFunction(field: string, index: Index): WasmFunctionSource {
  const [to, from, count, factor, isFile] = [0, 1, 2, 3, 4];
  const apply = (name: string, ...operands: Code[]): Code => [...operands.flat(), ...call(index(name))];
  const body = whileLoop(get(count), [
    ...get(isFile),
    ...when(apply("unpack", get(to), get(from)), apply("copy", get(to), get(from))),
    ...apply(`${field}_mul`, get(to), get(to), get(factor)),
    ...apply(`${field}_reduce`, get(to), get(to)),
    ...step(to, VALUE_BYTES),
    ...[...get(isFile), ...when(step(from, 32), step(from, VALUE_BYTES))],
    ...step(count, -1),
  ]);
  return { name: `${field}_scale`, params: 5, body };
}
