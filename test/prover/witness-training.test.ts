import { describe, expect, it } from "vitest";
import {
  batchRoot,
  CommitmentsLengthError,
  commitMatrix,
  commitVector,
  nullCommitG,
  nullRecord,
  recordLeaf,
} from "../../prover/commitments.ts";
import { FIELD } from "../../prover/field.ts";
import { loadProfile } from "../../prover/profile.ts";
import { evaluateRows, residualBound } from "../../prover/training.ts";
import { WitnessGroupError, WitnessRangeError } from "../../prover/witness.ts";
import {
  contributorsWitness,
  modelWitness,
  samplesWitness,
  WitnessBoundError,
  WitnessSampleError,
} from "../../prover/witness-training.ts";
import { randomFrom, rhoOf, SEED, trainingCase } from "../circuits/cases.ts";

const profile = loadProfile("tiny");

describe(`witness builders of training (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const rho = rhoOf(random);
  const model = trainingCase(random, profile, [[4], [5, 1]]);
  const { w, a, r, lambda } = model;
  const records = model.batches[0]?.[0] ?? [];
  const saltV = 9n;

  describe("samples", () => {
    const inputs = { profile, rho, w, saltV, records };

    it("commits to the batch and to v, and counts", () => {
      const { statement } = samplesWitness(inputs);
      expect(statement).toMatchObject({ rho1: rho[0], rho2: rho[1], rho3: rho[2], count: 4n });
      const leaves = records.map((record) => recordLeaf(record, profile));
      expect(statement.root).toBe(batchRoot(leaves, profile));
      expect(statement.commitV).toBe(commitVector(evaluateRows(w, profile.m, rho[1]), saltV, profile));
    });

    it("pads with null records, given or not", () => {
      const padded = samplesWitness({ ...inputs, records: [...records, nullRecord(profile)] });
      expect(padded).toEqual(samplesWitness(inputs));
    });

    it("refuses records that are neither samples nor padding, too many of them, and a W out of range", () => {
      const record = records[0] as (typeof records)[0];
      const odd = [
        { ...record, weight: 2 },
        { ...record, weight: 0 },
        { ...nullRecord(profile), klass: 1 },
        { ...nullRecord(profile), features: Int8Array.of(0, 0, 0, 1) },
      ];
      for (const one of odd)
        expect(() => samplesWitness({ ...inputs, records: [one] })).toThrow(WitnessSampleError);
      const many = new Array(6).fill(record);
      expect(() => samplesWitness({ ...inputs, records: many })).toThrow(CommitmentsLengthError);
      expect(() => samplesWitness({ ...inputs, w: w.map(() => 1n << 27n) })).toThrow(WitnessRangeError);
    });
  });

  describe("contributors", () => {
    it("pads with the null G, whose value is 0", () => {
      const group = { profile, rho1: rho[0], rho2: rho[1], gradients: model.gradients.slice(1), salts: [3n] };
      const { statement } = contributorsWitness(group);
      expect(statement.commitG).toEqual([
        commitMatrix("G", model.gradients[1] ?? [], 3n, profile),
        nullCommitG(profile),
      ]);
      expect(statement.value[1]).toBe(0n);
      expect(() => contributorsWitness({ ...group, salts: [] })).toThrow(WitnessGroupError);
      const three = [...model.gradients, ...model.gradients];
      expect(() => contributorsWitness({ ...group, gradients: three, salts: three.map(() => 1n) })).toThrow(
        WitnessGroupError,
      );
    });
  });

  describe("model", () => {
    const bound = residualBound(profile, 10, lambda);
    const inputs = { profile, rho, w, saltW: 1n, a, saltA: 2n, r, saltR: 3n, saltV, bound };

    it("commits to the same v as samples, and to R", () => {
      const { statement } = modelWitness(inputs);
      expect(statement.commitV).toBe(samplesWitness({ profile, rho, w, saltV, records }).statement.commitV);
      expect(statement.commitR).toBe(commitMatrix("R", r, 3n, profile));
      expect(statement.bound).toBe(bound);
    });

    it("refuses residuals beyond the bound, and bounds beyond the range", () => {
      for (const value of [bound + 1n, -bound - 1n]) {
        const far = r.map((entry, i) => (i === 2 ? value : entry));
        expect(() => modelWitness({ ...inputs, r: far })).toThrow(
          /R\[2\] is .*, beyond the bound .*fit W again/,
        );
      }
      for (const other of [-1n, 1n << 35n])
        expect(() => modelWitness({ ...inputs, bound: other })).toThrow(WitnessBoundError);
      const wide = { ...inputs, r: r.map(() => 1n << 35n), bound: (1n << 35n) - 1n };
      expect(() => modelWitness(wide)).toThrow(WitnessRangeError);
      expect(() => modelWitness({ ...inputs, a: a.map(() => 1n << 30n) })).toThrow(/A\[0\].*maxSamples/);
    });

    it("stores negative values as field elements", () => {
      const { input } = modelWitness({ ...inputs, r: r.map(() => -1n) });
      expect(input.r).toEqual(new Array(profile.d).fill(new Array(profile.m).fill(String(FIELD - 1n))));
    });
  });
});
