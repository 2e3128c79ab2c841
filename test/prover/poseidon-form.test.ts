import { describe, expect, it } from "vitest";
import { FIELD } from "../../prover/field.ts";
import { type PoseidonForm, poseidonForm } from "../../prover/poseidon-form.ts";

/** The form as it reads, on plain integers. */
function permute(form: PoseidonForm, start: readonly bigint[]): bigint[] {
  const { matrix, entry, before, first, blocks, after, t } = form;
  const dot = (a: readonly bigint[], b: readonly bigint[]): bigint =>
    a.reduce((sum, value, i) => sum + value * (b[i] as bigint), 0n) % FIELD;
  const fifth = (x: bigint): bigint => x ** 5n % FIELD;
  const add = (state: readonly bigint[], constants: readonly bigint[] = []): bigint[] =>
    state.map((x, i) => (x + (constants[i] ?? 0n)) % FIELD);
  const mix = (by: readonly (readonly bigint[])[], state: readonly bigint[]): bigint[] =>
    by.map((row) => dot(row, state.map(fifth)));

  let state = add(start, before[0]);
  for (const constants of before.slice(1)) state = add(mix(matrix, state), constants);
  state = add(mix(entry, state), [first]);
  for (const { rounds, update } of blocks) {
    const others = state.slice(1);
    const powers: bigint[] = [];
    let head = state[0] as bigint;
    for (const { constant, row } of rounds) {
      powers.unshift(fifth(head));
      expect(row.length).toBe(powers.length + t - 1);
      head = (dot(row, [...powers, ...others]) + constant) % FIELD;
    }
    state = [head, ...others.map((x, i) => (x + dot(update[i] as bigint[], powers)) % FIELD)];
  }
  state = add(state, after[0]);
  for (const constants of after.slice(1)) state = add(mix(matrix, state), constants);
  return mix(matrix, state);
}

describe("the form of Poseidon that is fast to compute", () => {
  it("starts from the published parameters", () => {
    // First round constant and first entry of the matrix for two inputs: circomlib's
    // poseidon_constants.circom.
    const { before, matrix } = poseidonForm(2, 4);
    expect(before[0]?.[0]).toBe(0xee9a592ba9a9518d05986d656f40c2114c4993c11bb29938d21d47304cd8e6en);
    expect(matrix[0]?.[0]).toBe(0x109b7f411ba0e4c9b2b70caf5c36a7b194be7c11ad24378bfedb68592ba8118bn);
  });

  it.each([1, 2, 6])("is the same permutation of %i inputs for blocks of any length", (inputs) => {
    const start = Array.from({ length: inputs + 1 }, (_, i) => FIELD - BigInt(i) ** 3n - 1n);
    const [whole, ...others] = [1, 3, 4, 100].map((block) => permute(poseidonForm(inputs, block), start));
    for (const other of others) expect(other).toEqual(whole);
  });

  it("permutes as the published values say", () => {
    const hash = permute(poseidonForm(2, 4), [0n, 1n, 2n])[0];
    expect(hash).toBe(0x115cc0f5e7d690413df64c6b9662e9cf2a3617f2743245519e19607a4417189an);
  });
});
