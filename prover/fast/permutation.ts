/**
 * Poseidon's rounds as WebAssembly, on values of the scalar field in memory.
 *
 * A full round is fifth powers and a dot product for each element. Partial rounds come in blocks of up to
 * {@link BLOCK_ROUNDS}: what an S-box gives is kept, and the elements that have none are brought up to date
 * once a block, by dot products again (poseidon-form.ts has the equations). Nearly all products then share
 * their reductions.
 *
 * Bounds, in units of p: constants are below 1. A dot product of 17 elements below 2 gives less than 1.3,
 * with a constant 2.3; its square is below 2, the fifth power too. The elements without S-box grow by less
 * than 1.1 a block, by 1.1·17 in all, to less than 21; dot products over them are below (16·21 + 4·2)/160 + 2
 * < 5, and the square of that below 160.
 */

import {
  type Code,
  call,
  constant32,
  get,
  op,
  set,
  step,
  type WasmFunctionSource,
  whileLoop,
} from "./assembler.ts";
import { VALUE_BYTES } from "./limbs.ts";

/** Partial rounds between two updates of the other elements: the fewest products for 17 elements. */
export const BLOCK_ROUNDS = 4;

/**
 * - `addAll(state, constants, count)`
 * - `full(state, powers, matrix, constants, count, outs)`: state = matrix·(state^5) + constants, the first
 *   `outs` elements of it; `powers` is room for `count` values.
 * - `partial(state, table, others, rounds)`: a block. The table holds for each round the constant after it
 *   and its row, then the update's rows. Before the state there is room for {@link BLOCK_ROUNDS} values.
 *
 * @param temporaries address of room for two values
 */
export function permutationFunctions(
  index: (name: string) => number,
  temporaries: number,
): WasmFunctionSource[] {
  const apply = (name: string, ...operands: Code[]): Code => [...operands.flat(), ...call(index(name))];
  const [square, first] = [constant32(temporaries), constant32(temporaries + VALUE_BYTES)];
  const plus = (a: Code, b: Code): Code => [...a, ...b, ...op.add32];
  const values = (count: Code): Code => [...count, ...constant32(VALUE_BYTES), ...op.mul32];
  const fifth = (to: Code, from: Code): Code => [
    ...apply("r_mul", square, from, from),
    ...apply("r_mul", square, square, square),
    ...apply("r_mul", to, square, from),
  ];

  const addAll = (): Code => {
    const [state, constants, count] = [0, 1, 2];
    return whileLoop(get(count), [
      ...apply("r_add", get(state), get(state), get(constants)),
      ...[...step(state, VALUE_BYTES), ...step(constants, VALUE_BYTES), ...step(count, -1)],
    ]);
  };
  const full = (): Code => {
    const [state, powers, matrix, constants, count, outs, to, from, left] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    return [
      ...[...get(powers), ...set(to), ...get(state), ...set(from), ...get(count), ...set(left)],
      ...whileLoop(get(left), [
        ...fifth(get(to), get(from)),
        ...[...step(to, VALUE_BYTES), ...step(from, VALUE_BYTES), ...step(left, -1)],
      ]),
      ...whileLoop(get(outs), [
        ...apply("r_dot", get(state), get(matrix), get(powers), get(count), get(constants)),
        ...[...get(matrix), ...values(get(count)), ...op.add32, ...set(matrix)],
        ...[...step(state, VALUE_BYTES), ...step(constants, VALUE_BYTES), ...step(outs, -1)],
      ]),
    ];
  };
  const partial = (): Code => {
    const [state, table, others, rounds, power, terms, left, to] = [0, 1, 2, 3, 4, 5, 6, 7];
    return [
      ...apply("copy", first, get(state)),
      ...[...get(state), ...set(power), ...plus(get(others), constant32(1)), ...set(terms)],
      ...[...get(rounds), ...set(left)],
      ...whileLoop(get(left), [
        ...fifth(get(power), first),
        ...apply(
          "r_dot",
          first,
          plus(get(table), constant32(VALUE_BYTES)),
          get(power),
          get(terms),
          get(table),
        ),
        ...[...plus(get(table), values(plus(get(terms), constant32(1)))), ...set(table)],
        ...[...step(power, -VALUE_BYTES), ...step(terms, 1), ...step(left, -1)],
      ]),
      ...step(power, VALUE_BYTES),
      ...[...get(state), ...set(to)],
      ...whileLoop(get(others), [
        ...step(to, VALUE_BYTES),
        ...apply("r_dot", get(to), get(table), get(power), get(rounds), get(to)),
        ...[...plus(get(table), values(get(rounds))), ...set(table), ...step(others, -1)],
      ]),
      ...apply("copy", get(state), first),
    ];
  };
  return [
    { name: "addAll", params: 3, body: addAll() },
    { name: "full", params: 6, i32s: 3, body: full() },
    { name: "partial", params: 4, i32s: 4, body: partial() },
  ];
}
