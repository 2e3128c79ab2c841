import { describe, expect, it } from "vitest";
import { batchRoot, nullLeaf, SPONGE_TYPES, sponge } from "../../../prover/commitments.ts";
import { loadProfile } from "../../../prover/profile.ts";
import { randomFrom, SEED } from "../cases.ts";
import { type Bench, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

const ROWS_PER_CHUNK = 627;

describe(`Sponge (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const open = (n: number, type: number): Promise<Bench> =>
    openSource(`lib-sponge${n}`, mainOf("circuits/lib/sponge.circom", `Sponge(${n}, ${type})`));

  for (const [n, type] of [
    [1, SPONGE_TYPES.W],
    [15, SPONGE_TYPES.receipts],
    [16, SPONGE_TYPES.G],
  ] as const) {
    it(`of ${n} elements has exactly its rows, and equals TypeScript's`, async () => {
      const circuit = await open(n, type);
      const values = Array.from({ length: n }, () => random.unsigned(253));
      const witness = await prove(circuit, { in: values.map(String) });
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(witness[1]).toBe(sponge(values, type));
      expect(looseWires(circuit.system, witness)).toEqual([]);
      expect(circuit.artifact.rows).toBe(ROWS_PER_CHUNK * Math.ceil(n / 15));
    });
  }

  it("gives a batch of samples the root that TypeScript gives it", async () => {
    const profile = loadProfile("tiny");
    const circuit = await open(profile.batchRecords, SPONGE_TYPES.batch);
    const leaves = [random.unsigned(253), random.unsigned(253)];
    const padded = [...leaves, ...new Array<bigint>(profile.batchRecords - 2).fill(nullLeaf(profile))];
    const witness = await prove(circuit, { in: padded.map(String) });
    expect(witness[1]).toBe(batchRoot(leaves, profile));
  });

  it("refuses the forged witness of another type, length or chunk", async () => {
    const circuit = await open(16, SPONGE_TYPES.G);
    const input = { in: Array.from({ length: 16 }, (_, i) => String(i)) };
    const start = { from: "states[0] <== type * 2**32 + n;", to: "states[0] <== 6 * 2**32 + n;" };
    expect((await refusals(circuit, { input, changes: [start] })).length).toBeGreaterThan(0);
    const chunk = {
      from: "states[c + 1] <== hash[c].out;",
      to: "states[c + 1] <== hash[c].out + (c == 0 ? 1 : 0);",
    };
    expectOnly(await refusals(circuit, { input, changes: [chunk] }), /^main\.hash\[[01]\]\./);
  });
});
