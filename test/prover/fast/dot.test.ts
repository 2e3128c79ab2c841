import { describe, expect, it } from "vitest";
import { assemble } from "../../../prover/fast/assembler.ts";
import { dotFunction, MAX_TERMS } from "../../../prover/fast/dot.ts";
import { LIMB_BITS, LIMBS, limbsOf, MONTGOMERY_BITS, VALUE_BYTES } from "../../../prover/fast/limbs.ts";
import { FIELD } from "../../../prover/field.ts";
import { BASE_FIELD } from "../../../prover/groth16.ts";
import { drawFrom } from "./draw.ts";

const [OUT, ADDEND, A, B] = [64, 128, 256, 256 + MAX_TERMS * VALUE_BYTES];

describe.each([
  ["base", BASE_FIELD],
  ["scalar", FIELD],
])("dot products over the %s field", (_, p) => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(assemble([dotFunction("dot", p)]));
  const call = new WebAssembly.Instance(module, { env: { memory } }).exports as {
    dot(...operands: number[]): void;
  };
  const words = new Int32Array(memory.buffer);
  const draw = drawFrom("dot");
  const put = (address: number, value: bigint): void => words.set(limbsOf(value), address / 4);
  const read = (address: number): bigint => {
    const limbs = [...words.subarray(address / 4, address / 4 + LIMBS)];
    expect(limbs.every((limb) => limb >= 0 && limb < 2 ** Number(LIMB_BITS))).toBe(true);
    return limbs.reduceRight((sum, limb) => (sum << LIMB_BITS) | BigInt(limb), 0n);
  };
  const R = 1n << MONTGOMERY_BITS;
  const check = (a: readonly bigint[], b: readonly bigint[], addend: bigint): void => {
    for (const [i, value] of a.entries()) put(A + i * VALUE_BYTES, value);
    for (const [i, value] of b.entries()) put(B + i * VALUE_BYTES, value);
    put(ADDEND, addend);
    const sum = a.reduce((total, value, i) => total + value * (b[i] as bigint), 0n);
    for (const out of [OUT, ADDEND]) {
      call.dot(out, A, B, a.length, ADDEND);
      const value = read(out);
      expect(((value - addend) * R - sum) % p).toBe(0n);
      expect(value >= addend && (value - addend) * R <= sum + p * R).toBe(true);
    }
  };
  const list = (length: number, make: () => bigint): bigint[] => Array.from({ length }, make);

  it(`are exact for any number of terms (seed ${draw.seed})`, () => {
    for (let terms = 0; terms <= MAX_TERMS; terms++)
      check(
        list(terms, () => draw.below(p)),
        list(terms, () => draw.below(4n * p)),
        draw.below(p),
      );
  });

  it("do not overflow when every limb is as large as it can be", () => {
    // All limbs full, but for the last, which is as large as a value below 32p allows: twice the bound of the
    // permutation. And all limbs of both full, as far as the result has room.
    const largest = (limit: bigint): bigint => (((limit >> 232n) - 1n) << 232n) | ((1n << 232n) - 1n);
    for (let terms = 1; terms <= 17; terms++) {
      check(
        list(terms, () => largest(p)),
        list(terms, () => largest(32n * p)),
        largest(22n * p),
      );
    }
    for (let terms = 1; terms <= 6; terms++)
      check(
        list(terms, () => largest(5n * p)),
        list(terms, () => largest(160n * p)),
        p - 1n,
      );
  });
});
