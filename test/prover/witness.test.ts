import { describe, expect, it } from "vitest";
import { recordScores, residual, triangleIndex } from "../../prover/algebra.ts";
import { CommitmentsLengthError, emptyCommitQ, nullCommitG } from "../../prover/commitments.ts";
import { FIELD } from "../../prover/field.ts";
import { loadProfile } from "../../prover/profile.ts";
import {
  adjointWitness,
  emptyQueries,
  inferenceWitness,
  WitnessArgmaxError,
  WitnessGroupError,
  WitnessRangeError,
  weightsWitness,
} from "../../prover/witness.ts";
import { adjointCase, inferenceCase, randomFrom, SEED, weightsCase } from "../circuits/cases.ts";

const profile = loadProfile("tiny");
const { d, m } = profile;

describe(`witness builders (seed ${SEED})`, () => {
  const random = randomFrom(SEED);

  describe("inference", () => {
    const inputs = inferenceCase(random, profile, 2);

    it("adds fee·h·onehot(class) to Q and sums the fees", () => {
      const { qOut, statement } = inferenceWitness(inputs);
      for (let j = 0; j < d; j++) {
        for (let k = 0; k < m; k++) {
          const added = inputs.records
            .filter(({ klass }) => klass === k)
            .reduce((sum, { features, weight }) => sum + BigInt(weight) * BigInt(features[j] as number), 0n);
          expect(qOut[j * m + k]).toBe((inputs.qIn[j * m + k] as bigint) + added);
        }
      }
      expect(statement.feeTotal).toBe(
        BigInt((inputs.records[0]?.weight ?? 0) + (inputs.records[1]?.weight ?? 0)),
      );
    });

    it("starts an epoch from the empty Q", () => {
      const { q, salt, commitQ } = emptyQueries(profile);
      expect(inferenceWitness({ ...inputs, qIn: q, saltQIn: salt }).statement.commitQIn).toBe(commitQ);
      expect(commitQ).toBe(emptyCommitQ(profile));
    });

    it("stores negative values as field elements, in decimal", () => {
      const records = [
        { ...inputs.records[0], features: Int8Array.of(-1, 0, 0, 0) },
      ] as typeof inputs.records;
      const w = inputs.w.map(() => 0n);
      expect(inferenceWitness({ ...inputs, w, records }).input.features).toMatchObject([
        [String(FIELD - 1n), "0", "0", "0"],
        {},
        {},
      ]);
    });

    it("refuses a class that is not an argmax, and takes any of equal ones", () => {
      const scores = recordScores((inputs.records[0] as (typeof inputs.records)[0]).features, inputs.w, m);
      const worst = scores.findIndex((score) => scores.every((other) => score <= other));
      const wrong = inputs.records.map((record, i) => (i === 0 ? { ...record, klass: worst } : record));
      expect(() => inferenceWitness({ ...inputs, records: wrong })).toThrow(WitnessArgmaxError);
      expect(() => inferenceWitness({ ...inputs, w: inputs.w.map(() => 0n), records: wrong })).not.toThrow();
    });

    it("refuses values out of range and too many records", () => {
      const wide = inputs.w.map((value, i) => (i === 3 ? 1n << 27n : value));
      expect(() => inferenceWitness({ ...inputs, w: wide })).toThrow(/W\[3\] is .* 28 bits.*raise λ/);
      const brim = inputs.qIn.map(() => (1n << 31n) - 1n);
      const features = Int8Array.of(127, 127, 127, 127);
      const records = [{ ...inputs.records[0], features, klass: 0, weight: 9 }] as typeof inputs.records;
      const flat = inputs.w.map(() => 0n);
      expect(() => inferenceWitness({ ...inputs, w: flat, qIn: brim, records })).toThrow(WitnessRangeError);
      const many = [...inputs.records, ...inputs.records];
      expect(() => inferenceWitness({ ...inputs, records: many })).toThrow(CommitmentsLengthError);
    });
  });

  describe("adjoint", () => {
    const inputs = adjointCase(random, profile);

    it("has the residual (A + λI)Y − 2^T Q, small for a rounded solution", () => {
      const { r } = adjointWitness(inputs);
      for (let i = 0; i < d; i++) {
        const row = Array.from({ length: d }, (_, j) => {
          const entry = inputs.a[triangleIndex(i, j, d)] as bigint;
          return entry + (i === j ? inputs.lambda : 0n);
        });
        for (let k = 0; k < m; k++) {
          const left = row.reduce((sum, entry, j) => sum + entry * (inputs.y[j * m + k] as bigint), 0n);
          expect(r[i * m + k]).toBe(left - ((inputs.q[i * m + k] as bigint) << 40n));
          const bound = row.reduce((sum, entry) => sum + (entry < 0n ? -entry : entry), 0n);
          expect(2n * (r[i * m + k] as bigint) <= bound && 2n * (r[i * m + k] as bigint) >= -bound).toBe(
            true,
          );
        }
      }
    });

    it("finds the upper triangle's entries", () => {
      let index = 0;
      for (let i = 0; i < d; i++) {
        for (let j = i; j < d; j++) {
          expect([triangleIndex(i, j, d), triangleIndex(j, i, d)]).toEqual([index, index]);
          index++;
        }
      }
      expect(index).toBe(inputs.a.length);
    });

    it("refuses what cannot be proven, and says what to do", () => {
      const far = inputs.y.map((value) => value + (1n << 40n));
      expect(() => adjointWitness({ ...inputs, y: far })).toThrow(/R\[\d+\] .* 36 bits.*refine it/);
      expect(() => adjointWitness({ ...inputs, lambda: -1n })).toThrow(WitnessRangeError);
      expect(() => adjointWitness({ ...inputs, lambda: 1n << 32n })).toThrow(WitnessRangeError);
      expect(() => adjointWitness({ ...inputs, a: inputs.a.map(() => 1n << 30n) })).toThrow(
        /A\[0\].*maxSamples/,
      );
      expect(
        residual(
          inputs.a,
          0n,
          inputs.y.map(() => 0n),
          inputs.q.map(() => 0n),
          profile,
        ).every((v) => v === 0n),
      ).toBe(true);
    });
  });

  describe("weights", () => {
    it("clips influences at 0, and pads the group with the null G", () => {
      const inputs = weightsCase(random, profile);
      const { s, w } = weightsWitness(inputs);
      expect(s[1]).toBe(-(s[0] as bigint));
      expect(w).toEqual(s.map((value) => (value > 0n ? value : 0n)));
      const padded = weightsWitness({
        ...inputs,
        gradients: inputs.gradients.slice(0, 1),
        salts: inputs.salts.slice(0, 1),
      });
      expect(padded.statement.commitG[1]).toBe(nullCommitG(profile));
      expect(padded.w[1]).toBe(0n);
    });

    it("refuses groups that are too large, salts that are missing and influences out of range", () => {
      const inputs = weightsCase(random, profile);
      const [first, second] = inputs.gradients as [bigint[], bigint[]];
      const three = { ...inputs, gradients: [first, second, first], salts: [1n, 2n, 3n] };
      expect(() => weightsWitness(three)).toThrow(WitnessGroupError);
      expect(() => weightsWitness({ ...inputs, salts: [1n] })).toThrow(WitnessGroupError);
      const y = inputs.y.map((_, i) => (i === 0 ? 1n : 0n));
      const wide = [first.map(() => 1n << 111n)];
      expect(() => weightsWitness({ ...inputs, y, gradients: wide, salts: [1n] })).toThrow(
        /contributor 0 .* 112 bits/,
      );
    });
  });
});
