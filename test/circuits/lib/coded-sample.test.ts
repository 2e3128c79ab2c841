import { beforeAll, describe, expect, it } from "vitest";
import { nullLeaf, nullRecord, recordLeaf } from "../../../prover/commitments.ts";
import { FIELD } from "../../../prover/field.ts";
import { loadProfile } from "../../../prover/profile.ts";
import { evaluateMatrix, evaluateRows, evaluateSymmetric } from "../../../prover/training.ts";
import { gradientOf, randomFrom, rhoOf, SEED, sampleRecord } from "../cases.ts";
import { type Bench, expectOnly, mainOf, openSource, patch, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

const profile = loadProfile("tickets32");
const { d, m, classes, words, scaleBits } = profile;

describe(`CodedSample at full size (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const rho = rhoOf(random);
  const w = random.list(d * m, profile.wBits);
  const v = evaluateRows(w, m, rho[1]);
  const inputOf = (record: ReturnType<typeof nullRecord>) => ({
    rho: rho.map(String),
    v: v.map(String),
    features: Array.from(record.features, (h) => ((BigInt(h) + FIELD) % FIELD).toString()),
    klass: String(record.klass),
    digest: record.digest.toString(),
    salt: record.salt.toString(),
    weight: String(record.weight),
  });
  let circuit: Bench;
  beforeAll(async () => {
    const call = `CodedSample(${d}, ${m}, ${classes}, ${JSON.stringify(words)}, ${scaleBits})`;
    circuit = await openSource("lib-coded-sample", mainOf("circuits/lib/coded-sample.circom", call));
  });

  it("has exactly its rows: the leaf, 4 of weight, h at ρ1 and ρ3, the word at ρ2, ⟨h, v⟩, g and a", () => {
    const leaf = 32 * 9 + 2 + (classes + 2) + 3 * (8 * 7 + 63) - 1 + 6;
    expect(circuit.artifact.rows).toBe(leaf + 4 + 2 * (d - 1) + m + d + 2);
  });

  it("adds to g and a what the sample's own matrices are at ρ", async () => {
    for (const klass of [1, 40, 76]) {
      const drawn = sampleRecord(random, profile);
      const record = { ...drawn, features: drawn.features.map((h) => h || 1), klass };
      const witness = await prove(circuit, inputOf(record));
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(looseWires(circuit.system, witness)).toEqual([]);
      const h = Array.from(record.features, BigInt);
      const gram = h.flatMap((left, i) => h.slice(i).map((right) => left * right));
      expect(witness.slice(1, 4)).toEqual([
        recordLeaf(record, profile),
        evaluateMatrix(gradientOf([record], w, profile), m, rho[0], rho[1]),
        evaluateSymmetric(gram, d, rho[0], rho[2]),
      ]);
    }
  });

  it("adds nothing for the null record, though its class has a word", async () => {
    const witness = await prove(circuit, inputOf(nullRecord(profile)));
    expect(violations(circuit.system, witness)).toEqual([]);
    expect(witness.slice(1, 4)).toEqual([nullLeaf(profile), 0n, 0n]);
  });

  it("refuses the forged witness of padding with data, in either group of features", async () => {
    const input = inputOf(nullRecord(profile));
    for (const place of ["features[0]", "features[30]", "features[31]", "klass"]) {
      const found = await refusals(circuit, { input: patch(input, { [place]: 1n }) });
      expect(found.length, place).toBe(1);
      expectOnly(found, /^main\.weight$/);
    }
  });
});
