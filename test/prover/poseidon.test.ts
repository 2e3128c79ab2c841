import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildPoseidon } from "circomlibjs";
import fc from "fast-check";
import * as lite from "poseidon-lite";
import { describe, expect, it } from "vitest";
import { sponge } from "../../prover/commitments.ts";
import { FIELD, FieldElementError } from "../../prover/field.ts";
import { PoseidonWidthError, poseidon, poseidonChain } from "../../prover/poseidon.ts";
import { ROOT } from "../tidy/files.ts";
import { importsOf } from "../tidy/imports.ts";

const element = fc.oneof(
  fc.bigInt(0n, FIELD - 1n),
  fc.constantFrom(0n, 1n, FIELD - 1n, FIELD - 2n, 1n << 253n),
);
const exactly = (length: number) => fc.array(element, { minLength: length, maxLength: length });
const reference = (inputs: readonly bigint[]): bigint =>
  (lite as unknown as Record<string, (inputs: bigint[]) => bigint>)[`poseidon${inputs.length}`]?.([
    ...inputs,
  ]) as bigint;

describe("poseidon", () => {
  it.each(Array.from({ length: 16 }, (_, i) => i + 1))("of %i inputs equals poseidon-lite", (width) => {
    for (const all of [0n, 1n, FIELD - 1n]) {
      const inputs = new Array<bigint>(width).fill(all);
      expect(poseidon(inputs)).toBe(reference(inputs));
    }
    fc.assert(
      fc.property(exactly(width), (inputs) => {
        expect(poseidon(inputs)).toBe(reference(inputs));
      }),
      { numRuns: 15 },
    );
  });

  it("equals circomlibjs at the widths that commitments use", async () => {
    const other = await buildPoseidon();
    for (const width of [2, 6, 16]) {
      fc.assert(
        fc.property(exactly(width), (inputs) => {
          expect(poseidon(inputs)).toBe(other.F.toObject(other(inputs)));
        }),
        { numRuns: 10 },
      );
    }
  });

  it("has circomlib's published values", () => {
    // circomlib's own test/poseidoncircuit.js
    expect(poseidon([1n, 2n])).toBe(0x115cc0f5e7d690413df64c6b9662e9cf2a3617f2743245519e19607a4417189an);
    expect(poseidon([1n, 2n, 3n, 4n])).toBe(
      0x299c867db6c1fdd79dcefa40e4510b9837e60ebb1ce0663dbaa525df65250465n,
    );
  });

  it("refuses widths it has no parameters for, and what is not a field element", () => {
    expect(() => poseidon([])).toThrow(PoseidonWidthError);
    expect(() => poseidon(new Array<bigint>(17).fill(0n))).toThrow(PoseidonWidthError);
    expect(() => poseidon([FIELD])).toThrow(FieldElementError);
    expect(() => poseidon([-1n])).toThrow(FieldElementError);
  });

  it("needs nothing that a browser lacks", () => {
    const seen = new Set(["prover/poseidon.ts"]);
    for (const path of seen) {
      const file = { path, text: readFileSync(join(ROOT, path), "utf8") };
      for (const { specifier } of importsOf(file)) {
        expect([path, specifier.startsWith(".")]).toEqual([path, true]);
        seen.add(join(path, "..", specifier));
      }
    }
    expect(seen).toContain("prover/fast/limbs.ts");
  });
});

describe("a chain of permutations", () => {
  /** One permutation after the other, by the reference. */
  function chained(start: bigint, values: readonly bigint[], rate: number): bigint {
    let state = start;
    for (let at = 0; at < values.length; at += rate) {
      const chunk = Array.from({ length: rate }, (_, i) => values[at + i] ?? 0n);
      state = reference([state, ...chunk]);
    }
    return state;
  }

  it("of any length equals the permutations one by one", () => {
    for (const rate of [1, 4, 15]) {
      fc.assert(
        fc.property(element, fc.array(element, { maxLength: 33 }), (start, values) => {
          expect(poseidonChain(start, values, rate)).toBe(chained(start, values, rate));
        }),
        { numRuns: 8 },
      );
    }
    const long = Array.from({ length: 321 }, (_, i) => FIELD - BigInt(i) ** 5n - 1n);
    expect(poseidonChain(7n, long, 15)).toBe(chained(7n, long, 15));
  });

  it("is the sponge, which starts it from type and length", () => {
    for (const length of [0, 1, 14, 15, 16, 30, 31]) {
      const values = Array.from({ length }, (_, i) => BigInt(i));
      expect(sponge(values, 5)).toBe(chained((5n << 32n) + BigInt(length), values, 15));
    }
  });

  it("grows its memory for a list of any length, and keeps its tables", () => {
    const before = poseidon([1n, 2n, 3n]);
    // Far more than the memory it starts with; equal values let one see that none is lost.
    const values = new Array<bigint>(15 * 400).fill(3n);
    let state = 9n;
    for (let i = 0; i < 400; i++) state = poseidon([state, ...values.slice(0, 15)]);
    expect(poseidonChain(9n, values, 15)).toBe(state);
    expect(poseidon([1n, 2n, 3n])).toBe(before);
  });

  it("refuses other rates and what is not a field element", () => {
    for (const rate of [0, 16]) expect(() => poseidonChain(0n, [1n], rate)).toThrow(PoseidonWidthError);
    expect(() => poseidonChain(FIELD, [1n], 15)).toThrow(FieldElementError);
    expect(() => poseidonChain(0n, [1n, FIELD], 15)).toThrow(FieldElementError);
  });
});
