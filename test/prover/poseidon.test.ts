import { buildPoseidon } from "circomlibjs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIELD, FieldElementError } from "../../prover/field.ts";
import { PoseidonWidthError, poseidon } from "../../prover/poseidon.ts";

describe("poseidon", () => {
  it("equals circomlibjs on random inputs, at the widths that commitments use and the others", async () => {
    const reference = await buildPoseidon();
    const element = fc.bigInt(0n, FIELD - 1n);
    for (const width of [1, 2, 5, 6, 16]) {
      fc.assert(
        fc.property(fc.array(element, { minLength: width, maxLength: width }), (inputs) => {
          expect(poseidon(inputs)).toBe(reference.F.toObject(reference(inputs)));
        }),
        { numRuns: 20 },
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
});
