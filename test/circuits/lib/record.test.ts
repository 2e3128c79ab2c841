import { beforeAll, describe, expect, it } from "vitest";
import { nullLeaf, nullRecord, recordLeaf } from "../../../prover/commitments.ts";
import { loadProfile } from "../../../prover/profile.ts";
import { answeredRecord, randomFrom, SEED } from "../cases.ts";
import { type Bench, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

/** Leaves are small circuits, so the default profile's real size is affordable here. */
const profile = loadProfile("default");

function leafInput(record: ReturnType<typeof nullRecord>) {
  return {
    features: Array.from(record.features, (h) => String(h)),
    klass: String(record.klass),
    digest: record.digest.toString(),
    salt: record.salt.toString(),
    weight: String(record.weight),
  };
}

describe(`RecordLeaf (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  let circuit: Bench;
  beforeAll(async () => {
    circuit = await openSource("lib-record", mainOf("circuits/lib/record.circom", "RecordLeaf(32, 10)"));
  });

  it("has exactly its rows: 32·9 range, 2 packed, 12 one-hot, one Hash of 6", () => {
    expect(circuit.artifact.rows).toBe(32 * 9 + 2 + 12 + 3 * (8 * 7 + 63) - 1 + 6);
  });

  it("gives records the leaves that TypeScript gives them", async () => {
    const w = random.list(profile.d * profile.m, profile.wBits);
    const records = [
      answeredRecord(random, w, profile),
      answeredRecord(random, w, profile),
      nullRecord(profile),
    ];
    for (const record of records) {
      const witness = await prove(circuit, leafInput(record));
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(looseWires(circuit.system, witness)).toEqual([]);
      expect(witness.slice(1, 11)).toEqual(
        Array.from({ length: 10 }, (_, k) => (k === record.klass ? 1n : 0n)),
      );
      expect(witness[11]).toBe(recordLeaf(record, profile));
    }
    expect(recordLeaf(nullRecord(profile), profile)).toBe(nullLeaf(profile));
  });

  it("refuses the forged witness of a class out of range, or marked elsewhere", async () => {
    const input = leafInput({ ...nullRecord(profile), klass: 4 });
    expectOnly(
      await refusals(circuit, { input: { ...input, klass: "10" } }),
      /^main\.(klass|isClass\[\d\])$/,
    );
    const change = { from: "in == k ? 1 : 0;", to: "(k == 5 ? 1 : 0);" };
    const found = await refusals(circuit, { input, changes: [change] });
    expect(found.length).toBe(1);
    expectOnly(found, /^main\.klass$/);
  });

  it("refuses the forged witness of two marks whose indices add up", async () => {
    const input = leafInput({ ...nullRecord(profile), klass: 4 });
    const change = { from: "in == k ? 1 : 0;", to: "(k == 1 || k == 3 ? 1 : 0);" };
    const found = await refusals(circuit, { input, changes: [change] });
    expect(found.length).toBe(1); // Σ marks = 1
    expectOnly(found, /^main\.isClass\[\d\]$/);
  });
});
