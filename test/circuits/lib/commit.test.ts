import { describe, expect, it } from "vitest";
import { commitMatrix, packedPerElement, packSigned, sponge } from "../../../prover/commitments.ts";
import { toField } from "../../../prover/field.ts";
import { loadProfile } from "../../../prover/profile.ts";
import { randomFrom, SEED } from "../cases.ts";
import { type Bench, edit, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

const open = (file: string, call: string): Promise<Bench> =>
  openSource(`lib-${call.replace(/\W+/g, "-")}0`, mainOf(`circuits/lib/${file}.circom`, call));

describe(`packing and commitments (seed ${SEED})`, () => {
  const random = randomFrom(SEED);

  for (const bits of [8, 28, 31, 32, 56]) {
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
});
