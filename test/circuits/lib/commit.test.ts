import { describe, expect, it } from "vitest";
import { commitMatrix, packedPerElement, packSigned, sponge } from "../../../prover/commitments.ts";
import { FIELD, toField } from "../../../prover/field.ts";
import { loadProfile } from "../../../prover/profile.ts";
import { randomFrom, SEED } from "../cases.ts";
import { type Bench, edit, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

const open = (file: string, call: string): Promise<Bench> =>
  openSource(`lib-${call.replace(/\W+/g, "-")}0`, mainOf(`circuits/lib/${file}.circom`, call));

describe(`packing and commitments (seed ${SEED})`, () => {
  const random = randomFrom(SEED);

  for (const bits of [8, 28, 31, 32, 36, 56]) {
    it(`packs ${bits}-bit values as TypeScript does, in exactly its rows`, async () => {
      const perElement = bits === 8 ? 31 : packedPerElement(bits);
      const n = perElement + 3; // one full element, and a tail
      const circuit = await open("pack", `PackSigned(${n}, ${bits}, ${perElement})`);
      expect(circuit.artifact.rows).toBe(n * (bits + 1) + 2);
      const lowest = new Array<bigint>(n).fill(-(1n << BigInt(bits - 1)));
      const highest = new Array<bigint>(n).fill((1n << BigInt(bits - 1)) - 1n);
      for (const values of [random.list(n, bits), lowest, highest]) {
        const witness = await prove(circuit, { in: values.map((value) => toField(value).toString()) });
        expect(violations(circuit.system, witness)).toEqual([]);
        expect(witness.slice(1, 3)).toEqual(packSigned(values, bits, perElement));
      }
    });
  }

  it("refuses the forged witness of a packed value out of range, or of another element", async () => {
    const circuit = await open("pack", "PackSigned(34, 8, 31)");
    const input = { in: new Array<string>(34).fill("5") };
    // 5 + 256 and one less in the next place pack to the same element: the range check is what tells them
    // apart.
    const forged = { in: input.in.map((value, i) => (i === 0 ? "261" : i === 1 ? "4" : value)) };
    const honest = await prove(circuit, input);
    const found = await refusals(circuit, { input: forged });
    expect(found.length).toBe(1);
    expectOnly(found, /^main\.in\[0\]$/);
    expect(violations(circuit.system, edit(circuit, honest, "main.out[1]", 0n)).length).toBe(1);
    expect(looseWires(circuit.system, honest)).toEqual([]);
  });

  it("commits as TypeScript does: packed for Q, plain for G", async () => {
    const profile = loadProfile("tiny");
    const salt = random.unsigned(248);
    const q = random.list(12, 32);
    const packed = await open("commit", "CommitSigned(12, 32, typeQ())");
    let witness = await prove(packed, {
      in: q.map((value) => toField(value).toString()),
      salt: salt.toString(),
    });
    expect(witness[1]).toBe(commitMatrix("Q", q, salt, profile));
    expect(violations(packed.system, witness)).toEqual([]);

    const g = random.list(12, 60);
    const plain = await open("commit", "CommitPlain(12, typeG())");
    witness = await prove(plain, { in: g.map((value) => toField(value).toString()), salt: salt.toString() });
    expect(witness[1]).toBe(commitMatrix("G", g, salt, profile));
    expect(witness[1]).toBe(sponge([...g.map(toField), salt], 5));
    expect(looseWires(plain.system, witness)).toEqual([]);
  });

  it("commits to bounded values as to those of their width, and refuses any beyond the bound", async () => {
    const bounded = await open("commit", "CommitBounded(3, 8, typeR())");
    // 3 values, each with two sums and two ranges of 8 bits; the bound; the packed element; a Hash of 16.
    expect(bounded.artifact.rows).toBe(3 * 2 * (1 + 9) + 8 + 1 + 627);
    const input = (values: readonly bigint[], bound: bigint) => ({
      in: values.map((value) => ((value + FIELD) % FIELD).toString()),
      salt: "5",
      bound: bound.toString(),
    });
    for (const [values, bound] of [
      [[100n, -100n, 0n], 100n],
      [[127n, -127n, 1n], 127n],
      [[0n, 0n, 0n], 0n],
    ] as const) {
      const witness = await prove(bounded, input(values, bound));
      expect(violations(bounded.system, witness)).toEqual([]);
      expect(looseWires(bounded.system, witness)).toEqual([]);
      expect(witness[1]).toBe(sponge([...packSigned(values, 8), 5n], 8));
    }
    for (const [values, bound, index] of [
      [[101n, 0n, 0n], 100n, 0],
      [[0n, -101n, 0n], 100n, 1],
      [[0n, 0n, 1n], 0n, 2],
      [[128n, 0n, 0n], 127n, 0],
      [[0n, FIELD / 2n, 0n], 127n, 1],
    ] as const) {
      const found = await refusals(bounded, { input: input(values, bound) });
      expectOnly(found, new RegExp(`^main\\.UnsignedRange#[12]\\[${index}\\]`));
    }
    for (const bound of [128n, FIELD - 1n, FIELD / 2n]) {
      expect((await refusals(bounded, { input: input([0n, 0n, 0n], bound) })).length).toBeGreaterThan(0);
    }
  });
});
