import { beforeAll, describe, expect, it } from "vitest";
import { recordLeaf } from "../../../prover/commitments.ts";
import { toField } from "../../../prover/field.ts";
import { loadProfile } from "../../../prover/profile.ts";
import { answeredRecord, idleWeights, randomFrom, SEED } from "../cases.ts";
import { accepts, type Bench, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

const profile = loadProfile("default");
const { d, m } = profile;

describe(`Query at full size (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const w = random.list(d * m, profile.wBits);
  const record = answeredRecord(random, w, profile);
  const input = {
    w: Array.from({ length: d }, (_, j) =>
      w.slice(j * m, (j + 1) * m).map((value) => toField(value).toString()),
    ),
    features: Array.from(record.features, (h) => toField(BigInt(h)).toString()),
    klass: String(record.klass),
    digest: record.digest.toString(),
    salt: record.salt.toString(),
    fee: String(record.weight),
  };
  let circuit: Bench;
  beforeAll(async () => {
    circuit = await openSource("lib-query", mainOf("circuits/lib/query.circom", "Query(32, 10, 28, 16, 41)"));
  });

  it("has exactly its rows: fee, leaf, scores, argmax, fee by class, what it adds", () => {
    const leaf = 32 * 9 + 2 + 12 + 3 * (8 * 7 + 63) - 1 + 6;
    expect(circuit.artifact.rows).toBe(17 + leaf + d * m + (m + m * 43) + m + d * m);
  });

  it("accepts the model's answer, with TypeScript's leaf and fee·h·onehotᵀ", async () => {
    const witness = await prove(circuit, input);
    expect(violations(circuit.system, witness)).toEqual([]);
    expect(witness[1]).toBe(recordLeaf(record, profile));
    const added = Array.from({ length: d * m }, (_, i) =>
      i % m === record.klass
        ? BigInt(record.weight) * BigInt(record.features[Math.floor(i / m)] as number)
        : 0n,
    );
    expect(witness.slice(2, 2 + d * m)).toEqual(added.map(toField));
    expect(new Set(looseWires(circuit.system, witness))).toEqual(idleWeights(record, m));
  });

  it("rejects another answer, a fee of 17 bits and a feature of 9", async () => {
    expect(await accepts(circuit, { ...input, klass: String((record.klass + 1) % m) })).toBe(false);
    expect(await accepts(circuit, { ...input, fee: "65536" })).toBe(false);
    expect(await accepts(circuit, { ...input, features: ["128", ...input.features.slice(1)] })).toBe(false);
  });

  it("refuses the forged witness of a score that was tilted", async () => {
    const last = "out <== a[n - 1] * b[n - 1] + sum";
    const found = await refusals(circuit, { input, changes: [{ from: `${last};`, to: `${last} + 1;` }] });
    expect(found.length).toBe(m);
    expectOnly(found, /^main\.(scores\[\d\]|InnerProduct#0\[\d\]\.out)$/);
  });
});
