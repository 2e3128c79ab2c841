import { describe, expect, it } from "vitest";
import { FIELD, toField } from "../../../prover/field.ts";
import { accepts, type Bench, edit, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

const open = (call: string): Promise<Bench> =>
  openSource(`lib-${call.replace(/\W+/g, "-")}0`, mainOf("circuits/lib/range.circom", call));
const one = (value: bigint) => ({ in: toField(value).toString() });

describe("range checks", () => {
  it("have exactly their rows", async () => {
    expect((await open("UnsignedRange(16)")).artifact.rows).toBe(17);
    expect((await open("SignedRange(8)")).artifact.rows).toBe(9);
    expect((await open("Positive(8)")).artifact.rows).toBe(10);
    expect((await open("SignedRange(252)")).artifact.rows).toBe(253);
  });

  it("accept exactly their range, edge by edge", async () => {
    const edges: [string, bigint, bigint][] = [
      ["UnsignedRange(16)", 0n, 65535n],
      ["SignedRange(8)", -128n, 127n],
      ["SignedRange(56)", -(1n << 55n), (1n << 55n) - 1n],
      ["SignedRange(252)", -(1n << 251n), (1n << 251n) - 1n],
    ];
    for (const [call, low, high] of edges) {
      const circuit = await open(call);
      for (const value of [low, high, (low + high) / 2n])
        expect(await accepts(circuit, one(value)), call).toBe(true);
      for (const value of [low - 1n, high + 1n, FIELD / 2n])
        expect(await accepts(circuit, one(value)), call).toBe(false);
    }
  });

  it("refuse the forged witness of every value outside, by the sum of the digits", async () => {
    const circuit = await open("SignedRange(8)");
    for (const value of [128n, -129n, 255n, 1n << 200n]) {
      const found = await refusals(circuit, { input: one(value) });
      expect(found.length).toBe(1);
      expectOnly(found, /^main\.in$/);
    }
  });

  it("refuse digits that are not digits", async () => {
    const circuit = await open("SignedRange(8)");
    const change = { from: "((in + offset) >> i) & 1;", to: "i == 0 ? in + offset : 0;" };
    const found = await refusals(circuit, { input: one(1000n), changes: [change] });
    expect(found.map(({ signals }) => signals)).toEqual([["main.bits[0]"]]);
    expect(looseWires(circuit.system, await prove(circuit, one(5n)))).toEqual([]);
  });
});

describe("Positive", () => {
  it("is max(0, in), and refuses any other output", async () => {
    const circuit = await open("Positive(8)");
    for (const value of [-128n, -1n, 0n, 1n, 127n]) {
      const witness = await prove(circuit, one(value));
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(witness[1]).toBe(value > 0n ? value : 0n);
      const forged = edit(
        circuit,
        witness,
        "main.out",
        toField(value === 0n ? 1n : value > 0n ? 0n : -value),
      );
      expect(violations(circuit.system, forged).length).toBe(1);
    }
  });
});
