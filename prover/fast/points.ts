/**
 * Additions of many points at once, as WebAssembly, for either group of the curve.
 *
 * In affine form, λ = (y_b − y_a)/(x_b − x_a), x = λ² − x_a − x_b, y = λ(x_a − x) − y_a: three products and a
 * division. A list of additions shares one division: the running product of all divisors is inverted once,
 * and walking back through the list gives each its own inverse for three products more. Six products an
 * addition, where the mixed Jacobian formula takes eleven.
 *
 * Sums are exact for all operands: equal points are doubled, opposite ones give infinity, and infinity (all
 * zero; no point of either group has y = 0) is neutral. Those take another divisor, or one.
 *
 * A list entry is four words: operand a, operand b, where the sum goes, and one that is used here. An operand
 * is the address of a point, plus one for its negative. The sum may go where an operand is. Each entry has
 * scratch space for two elements: the running product before it, and its divisor.
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
  store32,
  type WasmFunctionSource,
  when,
  whileLoop,
} from "./assembler.ts";
import { VALUE_BYTES } from "./limbs.ts";

/** Bytes of one entry of a list of additions. */
export const ENTRY_BYTES = 16;

/** Addresses that the generated code may use for itself, and of constants that it reads. */
export type Places = {
  /** Room for {@link TEMPORARIES} elements of two values each. */
  readonly temporaries: number;
  /** Zero, of two values. */
  readonly zero: number;
  /** One in Montgomery form, and zero: the one of either field. */
  readonly one: number;
  /** The bits of p − 2, most significant first, a word each. */
  readonly exponent: number;
  readonly exponentBits: number;
};

export const TEMPORARIES = 12;

type Index = (name: string) => number;

const [NORMAL, DOUBLE, CANCEL, ONLY_B, ONLY_A] = [0, 1, 2, 3, 4];

/** Calls a function by name with operands that are each a piece of code. */
const apply = (index: number, ...operands: Code[]): Code => [...operands.flat(), ...call(index)];
const offset = (base: Code, bytes: number): Code =>
  bytes === 0 ? base : [...base, ...constant32(bytes), ...op.add32];

/**
 * The quadratic extension u² = −1 of the field `q`: the functions that {@link pointFunctions} needs of it,
 * but for the product (extension.ts).
 */
export function extensionFunctions(index: Index, { temporaries, zero }: Places): WasmFunctionSource[] {
  const [out, a, b] = [get(0), get(1), get(2)];
  const at = (i: number): Code => constant32(temporaries + i * VALUE_BYTES);
  const high = (operand: Code): Code => offset(operand, VALUE_BYTES);
  const both = (name: string, ...operands: Code[]): Code => [
    ...apply(index(name), ...operands),
    ...apply(index(name), ...operands.map(high)),
  ];
  const mul = index("q_mul");
  const inverse = [
    apply(mul, at(0), a, a),
    apply(mul, at(1), high(a), high(a)),
    apply(index("q_add"), at(0), at(0), at(1)),
    apply(index("q_inverse"), at(1), at(0)), // 1/(a0² + a1²)
    apply(mul, at(0), high(a), at(1)),
    apply(mul, out, a, at(1)),
    apply(index("q_sub2"), high(out), constant32(zero), at(0)),
  ].flat();
  return [
    { name: "q2_copy", params: 2, body: both("copy", out, a) },
    {
      name: "q2_same",
      params: 2,
      returns: true,
      body: [...apply(index("same"), out, a), ...apply(index("same"), high(out), high(a)), ...op.and32],
    },
    {
      name: "q2_isZero",
      params: 1,
      returns: true,
      body: [...apply(index("isZero"), out), ...apply(index("isZero"), high(out)), ...op.and32],
    },
    { name: "q2_add", params: 3, body: both("q_add", out, a, b) },
    { name: "q2_sub", params: 3, body: both("q_sub", out, a, b) },
    { name: "q2_reduce", params: 2, body: both("q_reduce8", out, a) },
    { name: "q2_gap", params: 3, body: both("q_gap", out, a, b) },
    { name: "q2_drop", params: 3, body: both("q_drop8", out, a, b) },
    { name: "q2_drop2", params: 4, body: both("q_drop2_8", out, a, b, get(3)) },
    { name: "q2_inverse", params: 2, body: inverse },
  ];
}

/** out = a^(p − 2): the field's inverse, and zero of zero. */
export function inverseFunction(index: Index, places: Places): WasmFunctionSource {
  const [out, a, bit, end] = [get(0), get(1), 2, 3];
  // The last temporary: the extension's inverse uses the first ones around this call.
  const power = constant32(places.temporaries + (TEMPORARIES - 1) * 2 * VALUE_BYTES);
  const body = [
    apply(index("copy"), power, constant32(places.one)),
    constant32(places.exponent),
    set(bit),
    constant32(places.exponent + 4 * places.exponentBits),
    set(end),
    whileLoop(
      [...get(bit), ...get(end), ...op.lessUnsigned32],
      [
        ...apply(index("q_mul"), power, power, power),
        ...get(bit),
        ...load32(0),
        ...when(apply(index("q_mul"), power, power, a)),
        ...step(bit, 4),
      ],
    ),
    apply(index("copy"), out, power),
  ];
  return { name: "q_inverse", params: 2, i32s: 2, body: body.flat() };
}

/**
 * `prepare(list, count, scratch)` multiplies the divisors, starting from what stands at `scratch`;
 * `finish(listEnd, count, scratchEnd)` adds, when what then stands at `scratchEnd` has been inverted. For the
 * points over the field whose functions start with `field`.
 */
export function pointFunctions(
  group: string,
  field: "q" | "q2",
  index: Index,
  places: Places,
): WasmFunctionSource[] {
  const size = field === "q" ? VALUE_BYTES : 2 * VALUE_BYTES;
  const fieldIndex = (name: string): number => {
    const plain = field === "q" && ["copy", "same", "isZero"].includes(name);
    return index(plain ? name : `${field}_${name}`);
  };
  // The extension's own functions use the first temporaries.
  const at = (i: number): Code => constant32(places.temporaries + (i + 3) * 2 * VALUE_BYTES);
  const [zero, one] = [constant32(places.zero), constant32(places.one)];
  const y = (point: Code): Code => offset(point, size);
  const f = (name: string, ...operands: Code[]): Code => apply(fieldIndex(name), ...operands);

  const [list, count, scratch] = [0, 1, 2];
  const [a, b, signA, signB, kind, out, yA, yB] = [3, 4, 5, 6, 7, 8, 9, 10];
  const divisor = offset(get(scratch), size);
  /** Splits an entry's operand into address and sign. */
  const operand = (where: number, pointer: number, sign: number): Code => [
    ...get(list),
    ...load32(where),
    ...set(pointer),
    ...get(pointer),
    ...constant32(1),
    ...op.and32,
    ...set(sign),
    ...get(pointer),
    ...get(sign),
    ...op.sub32,
    ...set(pointer),
  ];
  const operands = [...operand(0, a, signA), ...operand(4, b, signB)];
  /** Address of an operand's y with its sign: the negative one is made in a place of its own. */
  const signedY = (to: Code, pointer: number, sign: number, address: number): Code => [
    ...[...y(get(pointer)), ...set(address)],
    ...get(sign),
    ...when([...f("sub", to, zero, y(get(pointer))), ...to, ...set(address)]),
  ];
  const classified = (value: number, divide: Code): Code => [...constant32(value), ...set(kind), ...divide];
  const divideByOne = f("copy", divisor, one);
  const sameX: Code = [
    // Equal points if either both y and signs agree or neither.
    ...f("same", y(get(a)), y(get(b))),
    ...get(signA),
    ...get(signB),
    ...op.xor32,
    ...op.xor32,
    ...when(
      classified(DOUBLE, [...signedY(at(0), a, signA, yA), ...f("add", divisor, get(yA), get(yA))]),
      classified(CANCEL, divideByOne),
    ),
  ];
  const prepare: Code = whileLoop(get(count), [
    ...operands,
    ...f("isZero", y(get(a))),
    ...when(classified(ONLY_B, divideByOne), [
      ...f("isZero", y(get(b))),
      ...when(classified(ONLY_A, divideByOne), [
        ...f("same", get(a), get(b)),
        ...when(sameX, classified(NORMAL, f("gap", divisor, get(b), get(a)))),
      ]),
    ]),
    ...get(list),
    ...get(kind),
    ...store32(12),
    // The next entry's product before it, or after the last entry that of all.
    ...f("mul", offset(get(scratch), 2 * size), get(scratch), divisor),
    ...step(list, ENTRY_BYTES),
    ...step(scratch, 2 * size),
    ...step(count, -1),
  ]);

  const place = (from: number, sign: number): Code => [
    ...signedY(at(0), from, sign, yA),
    ...f("copy", get(out), get(from)),
    ...f("reduce", y(get(out)), get(yA)), // the negative of a zero coordinate is p
  ];
  const [slope, x, newY, inverse] = [at(2), at(3), at(4), at(5)];
  const numerator: Code = [
    ...get(kind),
    ...when(
      [
        ...f("mul", x, get(a), get(a)),
        ...f("reduce", x, x),
        ...f("add", slope, x, x),
        ...f("add", slope, slope, x),
      ],
      [...signedY(at(1), b, signB, yB), ...f("gap", slope, get(yB), get(yA))],
    ),
  ];
  const sum: Code = [
    ...signedY(at(0), a, signA, yA),
    ...numerator,
    ...f("mul", slope, slope, inverse),
    ...f("mul", x, slope, slope),
    ...f("drop2", x, x, get(a), get(b)),
    ...f("gap", newY, get(a), x),
    ...f("mul", newY, slope, newY),
    ...f("drop", y(get(out)), newY, get(yA)),
    ...f("copy", get(out), x),
  ];
  const finish: Code = whileLoop(get(count), [
    ...step(list, -ENTRY_BYTES),
    ...step(scratch, -2 * size),
    // The inverse of the products up to here stands in the next entry's place; this one's goes where its
    // product was.
    ...f("mul", inverse, offset(get(scratch), 2 * size), get(scratch)),
    ...f("mul", get(scratch), offset(get(scratch), 2 * size), divisor),
    ...operands,
    ...[...get(list), ...load32(8), ...set(out), ...get(list), ...load32(12), ...set(kind)],
    ...[...get(kind), ...constant32(CANCEL), ...op.lessUnsigned32],
    ...when(sum, [
      ...[...get(kind), ...constant32(CANCEL), ...op.eq32],
      ...when(
        [...f("copy", get(out), zero), ...f("copy", y(get(out)), zero)],
        [...[...get(kind), ...constant32(ONLY_B), ...op.eq32], ...when(place(b, signB), place(a, signA))],
      ),
    ]),
    ...step(count, -1),
  ]);
  return [
    { name: `${group}_prepare`, params: 3, i32s: 8, body: prepare },
    { name: `${group}_finish`, params: 3, i32s: 8, body: finish },
  ];
}
