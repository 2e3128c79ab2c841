import { beforeAll, describe, expect, it } from "vitest";
import { toField } from "../../../prover/field.ts";
import { accepts, type Bench, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires } from "../system.ts";

const input = (scores: readonly bigint[], marked: number) => ({
  scores: scores.map((score) => toField(score).toString()),
  isMarked: scores.map((_, k) => (k === marked ? "1" : "0")),
});

describe("Argmax", () => {
  let circuit: Bench;
  beforeAll(async () => {
    circuit = await openSource("lib-argmax", mainOf("circuits/lib/argmax.circom", "Argmax(4, 41)"));
  });

  it("has exactly its rows: 4 products, 4 leads of 1 + 42", () => {
    expect(circuit.artifact.rows).toBe(4 + 4 * (1 + 42));
  });

  it("accepts the largest score, any of equal ones, and the widest lead", async () => {
    const wide = 1n << 39n;
    expect(await accepts(circuit, input([3n, -5n, 7n, 0n], 2))).toBe(true);
    expect(await accepts(circuit, input([7n, -5n, 7n, 7n], 3))).toBe(true);
    expect(await accepts(circuit, input([-wide, wide, wide - 1n, 0n], 1))).toBe(true);
    expect(looseWires(circuit.system, await prove(circuit, input([3n, -5n, 7n, 1n], 2)))).toEqual([]);
  });

  it("refuses the forged witness of any other mark, by the lead that is negative", async () => {
    const scores = [3n, -5n, 7n, 0n];
    for (const marked of [0, 1, 3]) {
      expect(await accepts(circuit, input(scores, marked))).toBe(false);
      const found = await refusals(circuit, { input: input(scores, marked) });
      expect(found.length).toBe(scores.filter((score) => score > (scores[marked] as bigint)).length);
      expectOnly(found, /^main\.leads\[\d\]$/);
    }
  });
});

describe("InnerProduct", () => {
  it("takes a row for each product, and refuses any other sum", async () => {
    const circuit = await openSource("lib-product", mainOf("circuits/lib/product.circom", "InnerProduct(3)"));
    expect(circuit.artifact.rows).toBe(3);
    const vectors = { a: ["1", "2", "3"], b: ["4", "5", toField(-6n).toString()] };
    const witness = await prove(circuit, vectors);
    expect(witness[1]).toBe(toField(-4n));
    expect(looseWires(circuit.system, witness)).toEqual([]);
    const change = { from: "out <== a[n - 1] * b[n - 1] + sum;", to: "out <== sum;" };
    expectOnly(await refusals(circuit, { input: vectors, changes: [change] }), /^main\.out$/);
  });
});
