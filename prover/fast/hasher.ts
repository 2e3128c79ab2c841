/**
 * Poseidon in WebAssembly: a thread's one instance, and tables for every number of inputs that it has met.
 *
 * Apart from the prover's kernel: nothing here needs a file, a curve or Node, so that a verifier in a
 * browser's worker can hash as fast. Everything is synchronous.
 */

import { FIELD } from "../field.ts";
import { poseidonForm } from "../poseidon-form.ts";
import { assemble, type WasmFunctionSource } from "./assembler.ts";
import { dotFunction } from "./dot.ts";
import { limbFunctions, limbsOf, MONTGOMERY_BITS, plainFunctions, VALUE_BYTES } from "./limbs.ts";
import { BLOCK_ROUNDS, permutationFunctions } from "./permutation.ts";
import { scaleFunction } from "./transform.ts";

/** Hashes of field elements in [0, p), which nobody checks here. */
export type Hasher = {
  /** Poseidon of 1 to 16 inputs. */
  readonly hash: (inputs: readonly bigint[]) => bigint;
  /** st = Poseidon(st, the next `rate` values, zeros after the last), from `start` on until none is left. */
  readonly chain: (start: bigint, values: readonly bigint[], rate: number) => bigint;
};

/** One call of the module. */
type Step = () => void;

const ELEMENT_BYTES = 32;
const MAX_INPUTS = 16;
const PAGE_BYTES = 65_536;

/** Fixed places: two temporaries, two factors, room for S-boxes' outputs and the state, then powers of it. */
const TEMPORARIES = 64;
const TO_MONTGOMERY = TEMPORARIES + 2 * VALUE_BYTES;
const FROM_MONTGOMERY = TO_MONTGOMERY + VALUE_BYTES;
const STATE = FROM_MONTGOMERY + (1 + BLOCK_ROUNDS) * VALUE_BYTES;
const POWERS = STATE + (MAX_INPUTS + 1) * VALUE_BYTES;
const BASE = (POWERS + (MAX_INPUTS + 1) * VALUE_BYTES + 7) & ~7;

/** Assembles the module: milliseconds, once a thread. */
export function openHasher(): Hasher {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(assemble(functions())), {
    env: { memory },
  });
  const call = instance.exports as Readonly<Record<Function, (...operands: number[]) => number>>;
  let free = BASE;
  let [limbs, bytes, words] = views(memory);
  /** Makes sure that there is room after `free`. */
  const reserve = (size: number): number => {
    const missing = free + size - memory.buffer.byteLength;
    if (missing > 0) {
      memory.grow(Math.ceil(missing / PAGE_BYTES));
      [limbs, bytes, words] = views(memory);
    }
    return free;
  };
  limbs.set(limbsOf((1n << (2n * MONTGOMERY_BITS)) % FIELD), TO_MONTGOMERY / 4);
  limbs.set(limbsOf(1n), FROM_MONTGOMERY / 4);

  /** Values as 32 bytes each where there is room for them. */
  const stage = (address: number, values: readonly bigint[]): void => {
    let at = address / 8;
    for (const value of values) {
      words[at] = value; // the lowest 64 bits
      words[at + 1] = value >> 64n;
      words[at + 2] = value >> 128n;
      words[at + 3] = value >> 192n;
      at += 4;
    }
  };
  /** Puts values in Montgomery form where there is room for them and, behind, for their bytes. */
  const put = (values: readonly bigint[]): number => {
    const size = (values.length * VALUE_BYTES + 7) & ~7;
    const address = reserve(size + values.length * ELEMENT_BYTES);
    stage(address + size, values);
    call.r_scale(address, address + size, values.length, TO_MONTGOMERY, 1);
    return address;
  };
  const result = (): bigint => {
    call.r_scale(POWERS, STATE, 1, FROM_MONTGOMERY, 0);
    const out = (POWERS + VALUE_BYTES + 7) & ~7;
    call.pack(out, POWERS);
    const word = (i: number): bigint => words[out / 8 + i] as bigint;
    return (word(3) << 192n) | (word(2) << 128n) | (word(1) << 64n) | word(0);
  };

  /** The permutation's calls, with its tables in memory for good. */
  const makeSteps = (inputs: number): Step[] => {
    const { t, matrix, entry, before, first, blocks, after } = poseidonForm(inputs, BLOCK_ROUNDS);
    const keep = (values: readonly bigint[]): number => {
      const address = put(values);
      free = (address + values.length * VALUE_BYTES + 7) & ~7;
      return address;
    };
    const [mix, enter] = [keep(matrix.flat()), keep(entry.flat())];
    const zeros = keep(Array<bigint>(t).fill(0n));
    const full = (by: number, constants: number, outs = t): Step => {
      return () => void call.full(STATE, POWERS, by, constants, t, outs);
    };
    const add = (constants: number): Step => {
      return () => void call.addAll(STATE, constants, t);
    };
    const [start, ...early] = before.map(keep) as [number, ...number[]];
    const [middle, ...late] = after.map(keep) as [number, ...number[]];
    const single = keep([first, ...Array<bigint>(inputs).fill(0n)]);
    const partial = blocks.map(({ rounds, update }): Step => {
      const table = keep([...rounds.flatMap(({ constant, row }) => [constant, ...row]), ...update.flat()]);
      return () => void call.partial(STATE, table, inputs, rounds.length);
    });
    return [
      add(start),
      ...early.map((constants) => full(mix, constants)),
      full(enter, single),
      ...partial,
      add(middle),
      ...late.map((constants) => full(mix, constants)),
      full(mix, zeros, 1),
    ];
  };
  const known = new Map<number, Step[]>();
  const stepsFor = (inputs: number): Step[] => {
    const steps = known.get(inputs) ?? makeSteps(inputs);
    known.set(inputs, steps);
    return steps;
  };
  const element = (i: number): number => STATE + i * VALUE_BYTES;

  return {
    hash: (inputs) => {
      const steps = stepsFor(inputs.length);
      const from = put(inputs);
      bytes.fill(0, STATE, element(1));
      bytes.copyWithin(element(1), from, from + inputs.length * VALUE_BYTES);
      for (const step of steps) step();
      return result();
    },
    chain: (start, values, rate) => {
      const steps = stepsFor(1 + rate);
      const from = put([start, ...values]) + VALUE_BYTES;
      const end = from + values.length * VALUE_BYTES;
      bytes.copyWithin(STATE, from - VALUE_BYTES, from);
      for (let at = from; at < end; at += rate * VALUE_BYTES) {
        bytes.copyWithin(element(1), STATE, element(1));
        bytes.fill(0, STATE, element(1));
        const last = Math.min(end, at + rate * VALUE_BYTES);
        bytes.copyWithin(element(2), at, last);
        bytes.fill(0, element(2) + last - at, element(2 + rate));
        for (const step of steps) step();
      }
      return result();
    },
  };
}

type Function = "addAll" | "full" | "partial" | "pack" | "r_scale";

function views(memory: WebAssembly.Memory): [Int32Array, Uint8Array, BigUint64Array] {
  return [new Int32Array(memory.buffer), new Uint8Array(memory.buffer), new BigUint64Array(memory.buffer)];
}

/** All functions in an order in which each calls only those before it. */
function functions(): WasmFunctionSource[] {
  const all = [...plainFunctions(), ...limbFunctions("r", FIELD), dotFunction("r_dot", FIELD)];
  const index = (name: string): number => all.findIndex((known) => known.name === name);
  all.push(scaleFunction("r", index));
  return all.concat(permutationFunctions(index, TEMPORARIES));
}
