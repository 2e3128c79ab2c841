/**
 * The prover's arithmetic, assembled and ready to be called: one module and one memory for a thread.
 *
 * Memory below `BASE` holds temporaries and constants; above it is an arena that is cut from the front and
 * given back as a whole. Views of the memory become invalid when it grows, so they are asked for anew after
 * every allocation.
 */

import { FIELD } from "../field.ts";
import { BASE_FIELD } from "../groth16.ts";
import { assemble, type WasmFunctionSource } from "./assembler.ts";
import { extensionProduct } from "./extension.ts";
import {
  LIMB_BITS,
  LIMBS,
  limbFunctions,
  limbsOf,
  MONTGOMERY_BITS,
  plainFunctions,
  VALUE_BYTES,
} from "./limbs.ts";
import { extensionFunctions, inverseFunction, type Places, pointFunctions, TEMPORARIES } from "./points.ts";
import { scaleFunction, transformFunctions } from "./transform.ts";

/** The assembled functions; all operands are addresses or counts. */
export type KernelFunctions = Readonly<
  Record<
    | "copy"
    | "same"
    | "isZero"
    | "pack"
    | "unpack"
    | "q_mul"
    | "q_inverse"
    | "q2_inverse"
    | "q_scale"
    | "g1_prepare"
    | "g1_finish"
    | "g2_prepare"
    | "g2_finish"
    | "r_mul"
    | "r_scale"
    | "toCoefficients"
    | "toValues"
    | "multiply"
    | "accumulate"
    | "quotient",
    (...operands: number[]) => number
  >
>;

/** The module and its memory. */
export type Kernel = {
  readonly call: KernelFunctions;
  readonly places: Places;
  /** Address of so many bytes, a multiple of 8. */
  readonly alloc: (bytes: number) => number;
  readonly words: () => Int32Array;
  readonly bytes: () => Uint8Array;
  /** Runs something and gives its allocations back. */
  readonly scoped: <T>(run: () => T) => T;
  readonly write: (address: number, value: bigint) => void;
  readonly read: (address: number) => bigint;
};

const PAGE_BYTES = 65_536;
const EXPONENT = BASE_FIELD - 2n;
const EXPONENT_BITS = EXPONENT.toString(2).length;

/** Fixed places, from address 64 on: temporaries, then constants. */
const places: Places = (() => {
  const temporaries = 64;
  const zero = temporaries + TEMPORARIES * 2 * VALUE_BYTES;
  const one = zero + 2 * VALUE_BYTES;
  const exponent = one + 2 * VALUE_BYTES;
  return { temporaries, zero, one, exponent, exponentBits: EXPONENT_BITS };
})();
const BASE = (places.exponent + 4 * EXPONENT_BITS + 7) & ~7;

/** Assembles the module: fractions of a second, once a thread. */
export function openKernel(): Kernel {
  const memory = new WebAssembly.Memory({ initial: 16 });
  const module = new WebAssembly.Module(assemble(functions()));
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  let free = BASE;
  let words = new Int32Array(memory.buffer);
  let bytes = new Uint8Array(memory.buffer);
  const alloc = (size: number): number => {
    const address = free;
    free = (free + size + 7) & ~7;
    const missing = free - memory.buffer.byteLength;
    if (missing > 0) {
      memory.grow(Math.ceil(missing / PAGE_BYTES));
      words = new Int32Array(memory.buffer);
      bytes = new Uint8Array(memory.buffer);
    }
    return address;
  };
  const write = (address: number, value: bigint): void => words.set(limbsOf(value), address / 4);
  write(places.one, (1n << MONTGOMERY_BITS) % BASE_FIELD);
  words.set([...EXPONENT.toString(2)].map(Number), places.exponent / 4);
  return {
    call: instance.exports as unknown as KernelFunctions,
    places,
    alloc,
    words: () => words,
    bytes: () => bytes,
    scoped: (run) => {
      const before = free;
      try {
        return run();
      } finally {
        free = before;
      }
    },
    write,
    read: (address) => {
      let value = 0n;
      for (let i = LIMBS - 1; i >= 0; i--)
        value = (value << LIMB_BITS) | BigInt(words[address / 4 + i] as number);
      return value;
    },
  };
}

/** All functions in an order in which each calls only those before it. */
function functions(): WasmFunctionSource[] {
  const all: WasmFunctionSource[] = [];
  const index = (name: string): number => {
    const found = all.findIndex((known) => known.name === name);
    if (found < 0) throw new KernelError(name);
    return found;
  };
  const add = (...sources: WasmFunctionSource[]): void => void all.push(...sources);
  add(...plainFunctions(), ...limbFunctions("q", BASE_FIELD), ...limbFunctions("r", FIELD));
  add(inverseFunction(index, places));
  add(extensionProduct("q2_mul", BASE_FIELD));
  for (const source of extensionFunctions(index, places)) add(source);
  add(...pointFunctions("g1", "q", index, places), ...pointFunctions("g2", "q2", index, places));
  add(...transformFunctions(index, places), scaleFunction("q", index), scaleFunction("r", index));
  return all;
}

/** A function is called before it is there. */
export class KernelError extends Error {
  override readonly name = "Kernel.Order";
  constructor(name: string) {
    super(`The arithmetic needs "${name}" before it is defined. Order the functions by their calls.`);
  }
}
