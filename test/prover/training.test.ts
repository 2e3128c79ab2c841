// The three identities, against a reference that evaluates everything from the samples up, as plainly as it
// can be written; and one lie after the other, each told by a prover who is honest in all else.

import { describe, expect, it } from "vitest";
import { cell, triangleIndex } from "../../prover/algebra.ts";
import { loadCode } from "../../prover/codes.ts";
import type { DataRecord } from "../../prover/commitments.ts";
import { FIELD, FieldElementError } from "../../prover/field.ts";
import { loadProfile, type Profile } from "../../prover/profile.ts";
import {
  checkTrainingIdentities,
  evaluateMatrix,
  evaluatePolynomial,
  evaluateRows,
  evaluateSymmetric,
  type Rho,
  residualBound,
  type TrainingEvaluations,
} from "../../prover/training.ts";
import { contributorsWitness, modelWitness, samplesWitness } from "../../prover/witness-training.ts";
import {
  fitted,
  gradientOf,
  type Random,
  randomFrom,
  rhoOf,
  SEED,
  sampleRecord,
  type TrainingCase,
  trainingCase,
} from "../circuits/cases.ts";

const PROFILE = loadProfile("tiny");
type Batches = readonly (readonly (readonly DataRecord[])[])[];

/** A model of random shape: 2 to 6 features, 2 to 4 classes, 1 to 5 contributors of 1 to 3 batches. */
function smallModel(random: Random): TrainingCase {
  const upTo = (low: number, high: number): number => low + (Number(random.unsigned(32)) % (high - low + 1));
  const m = upTo(2, 4);
  const profile: Profile = { ...PROFILE, d: upTo(2, 6), m, classes: m, words: loadCode("one-hot", m, m) };
  const sizes = Array.from({ length: upTo(1, 5) }, () =>
    Array.from({ length: upTo(1, 3) }, () => upTo(1, profile.batchRecords)),
  );
  return trainingCase(random, profile, sizes);
}

/** A model that every lie below has room in: three contributors, the first two with as many samples. */
function plainModel(random: Random): TrainingCase {
  return trainingCase(random, PROFILE, [[4, 3], [5, 2], [3]], 100n + random.unsigned(10));
}

const salts = (count: number): bigint[] => new Array<bigint>(count).fill(5n);

/** The public values that honest proofs about these samples and matrices have. */
function evaluations(model: TrainingCase, rho: Rho): TrainingEvaluations {
  const { profile, lambda, batches, gradients, w, a, r } = model;
  const sums = batches.map((own) =>
    own.map((records) => samplesWitness({ profile, rho, w, saltV: 1n, records }).statement),
  );
  const values = gradients.map((gradient) => {
    const group = { profile, rho1: rho[0], rho2: rho[1], gradients: [gradient], salts: salts(1) };
    return contributorsWitness(group).statement.value[0] as bigint;
  });
  const [rho1, rho2, rho3] = rho;
  return {
    profile,
    lambda,
    contributors: values.map((value, c) => ({ value, batches: sums[c] ?? [] })),
    // Not from modelWitness, which refuses some of the lies below: the identities are to be asked as well.
    model: {
      wValue: evaluateMatrix(w, profile.m, rho1, rho2),
      aValue: evaluateSymmetric(a, profile.d, rho1, rho3),
      rValue: evaluateMatrix(r, profile.m, rho1, rho2),
    },
  };
}

/** Σ M_jk x^j y^k with its powers written out. */
function reference(values: readonly bigint[], columns: number, x: bigint, y: bigint): bigint {
  const power = (base: bigint, exponent: number): bigint => (base ** BigInt(exponent)) as bigint;
  const sum = values.reduce(
    (total, value, i) => total + value * power(x, Math.floor(i / columns)) * power(y, i % columns),
    0n,
  );
  return ((sum % FIELD) + FIELD) % FIELD;
}

function gramOf(samples: readonly DataRecord[], { d }: Profile): bigint[] {
  return Array.from({ length: d * d }, (_, i) =>
    samples.reduce(
      (sum, { features: h }) => sum + BigInt(h[Math.floor(i / d)] as number) * BigInt(h[i % d] as number),
      0n,
    ),
  );
}

describe(`values at ρ (seed ${SEED})`, () => {
  const random = randomFrom(SEED);

  it("are those of the definition", () => {
    for (let run = 0; run < 5; run++) {
      const [x, y] = rhoOf(random);
      const matrix = random.list(15, 60);
      expect(evaluateMatrix(matrix, 3, x, y)).toBe(reference(matrix, 3, x, y));
      expect(evaluateRows(matrix, 3, y)).toEqual(
        [0, 3, 6, 9, 12].map((start) => reference(matrix.slice(start, start + 3), 3, 1n, y)),
      );
      const triangle = random.list(10, 31);
      const full = Array.from({ length: 16 }, (_, i) =>
        cell(triangle, triangleIndex(Math.floor(i / 4), i % 4, 4)),
      );
      expect(evaluateSymmetric(triangle, 4, x, y)).toBe(reference(full, 4, x, y));
      expect(evaluateSymmetric(triangle, 4, x, y)).toBe(evaluateSymmetric(triangle, 4, y, x));
    }
    expect(evaluatePolynomial([1n, -2n, 3n], 10n)).toBe(281n);
    expect(evaluatePolynomial([-1n], 10n)).toBe(FIELD - 1n);
    expect(evaluateMatrix([1n, 2n, 3n, 4n], 2, 10n, 100n)).toBe(4231n);
  });

  it("of a batch are those of its samples' own matrices", () => {
    for (let run = 0; run < 10; run++) {
      const model = smallModel(random);
      const { profile, batches, w } = model;
      const rho = rhoOf(random);
      const honest = evaluations(model, rho);
      batches.forEach((own, c) => {
        own.forEach((records, b) => {
          expect(honest.contributors[c]?.batches[b]).toMatchObject({
            g: reference(gradientOf(records, w, profile), profile.m, rho[0], rho[1]),
            a: reference(gramOf(records, profile), profile.d, rho[0], rho[2]),
          });
        });
      });
    }
  });
});

describe(`the identities of training (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const rho = rhoOf(random);
  const model = plainModel(random);
  const { profile, lambda, batches, gradients, w, a, r } = model;
  const bound = residualBound(profile, 17, lambda);
  const check = (lie: Partial<TrainingCase>): string | undefined =>
    checkTrainingIdentities(evaluations({ ...model, ...lie }, rho));
  const added = (values: readonly bigint[], index: number, by: bigint): bigint[] =>
    values.map((value, i) => (i === index ? value + by : value));

  it("hold for honest models of any shape, and the residual is within its bound", () => {
    for (let run = 0; run < 25; run++) {
      const honest = smallModel(random);
      const at = rhoOf(random);
      expect(checkTrainingIdentities(evaluations(honest, at))).toBeUndefined();
      const bound = residualBound(honest.profile, honest.batches.flat(2).length, honest.lambda);
      const opened = { ...honest, rho: at, saltW: 1n, saltA: 1n, saltR: 1n, saltV: 1n, bound };
      expect(modelWitness(opened).statement).toMatchObject(evaluations(honest, at).model);
    }
  });

  it("hold however samples are spread over batches, and with padding that counts for nothing", () => {
    const [first] = batches as [readonly (readonly DataRecord[])[], ...Batches];
    const regrouped = [first.flat().map((record) => [record]), ...batches.slice(1)];
    expect(check({ batches: regrouped })).toBeUndefined();
  });

  it("refuse a W that is not the one behind the gradients", () => {
    for (const by of [1n, -1n, 1n << 20n]) {
      const other = added(w, 4, by);
      // Samples at the old v: only (2) can see it. Samples at the new v: the gradients are no longer theirs.
      const honest = evaluations(model, rho);
      const { model: otherModel } = evaluations({ ...model, w: other }, rho);
      expect(checkTrainingIdentities({ ...honest, model: otherModel })).toMatch(/do not add up to λW \+ R/);
      expect(check({ w: other })).toMatch(/contributor 0 is not that of the samples/);
      const gradientsOfOther = batches.map((own) => gradientOf(own.flat(), other, profile));
      expect(check({ w: other, gradients: gradientsOfOther })).toMatch(/do not add up to λW \+ R/);
    }
  });

  it("leave a W that is far from the optimum, with all that follows from it, to the bound on R", () => {
    const others = [
      fitted([...batches, [[sampleRecord(random, profile), sampleRecord(random, profile)]]], lambda, profile)
        .w,
      fitted(batches, lambda + (1n << 20n), profile).w,
      added(w, 4, 1n << 12n),
    ];
    for (const other of others) {
      const own = batches.map((records) => gradientOf(records.flat(), other, profile));
      const left = other.map((value, i) => own.reduce((sum, g) => sum + cell(g, i), 0n) - lambda * value);
      const lie = { w: other, gradients: own, r: left };
      expect(check(lie)).toBeUndefined();
      const opened = { profile, rho, a, saltW: 1n, saltA: 1n, saltR: 1n, saltV: 1n, bound, ...lie };
      expect(() => modelWitness(opened)).toThrow(/fit W again/);
    }
  });

  it("refuse another λ", () => {
    for (const other of [lambda + 1n, lambda - 1n, 0n, lambda + (1n << 20n)]) {
      expect(check({ lambda: other })).toMatch(/do not add up to λW \+ R/);
    }
    for (const other of [-1n, 1n << 32n]) expect(check({ lambda: other })).toMatch(/λ = .* out of its range/);
  });

  it("refuse another A", () => {
    for (let entry = 0; entry < a.length; entry++) {
      expect(check({ a: added(a, entry, entry % 2 === 0 ? 1n : -1n) })).toMatch(/A is not the Gram matrix/);
    }
    expect(check({ a: a.map((value) => 2n * value) })).toMatch(/A is not the Gram matrix/);
  });

  it("refuse another R", () => {
    expect(check({ r: added(r, 3, 1n) })).toMatch(/do not add up to λW \+ R/);
    expect(check({ r: r.map(() => 0n) })).toMatch(/do not add up to λW \+ R/);
  });

  it("refuse a G that is scaled, perturbed or zero", () => {
    const [g0, g1, g2] = gradients as [bigint[], bigint[], bigint[]];
    for (const other of [g1.map((v) => 2n * v), g1.map((v) => -v), g1.map(() => 0n), added(g1, 7, 1n)]) {
      expect(check({ gradients: [g0, other, g2] })).toMatch(/contributor 1 is not that of the samples/);
    }
  });

  it("refuse two contributors' G exchanged, though their sum is right", () => {
    const [g0, g1, g2] = gradients as [bigint[], bigint[], bigint[]];
    expect(check({ gradients: [g1, g0, g2] })).toMatch(/contributor 0 is not that of the samples/);
    expect(check({ gradients: [g0, g2, g1] })).toMatch(/contributor 1 is not that of the samples/);
  });

  it("refuse an error of one G that is hidden in another's", () => {
    const [g0, g1, g2] = gradients as [bigint[], bigint[], bigint[]];
    const error = random.list(g0.length, 30);
    const plus = g2.map((value, i) => value + cell(error, i));
    const minus = g1.map((value, i) => value - cell(error, i));
    expect(check({ gradients: [g0, minus, plus] })).toMatch(/contributor 1 is not that of the samples/);
  });

  it("refuse a sample dropped, duplicated, relabelled, invented or moved to another contributor", () => {
    const [[b00, b01], [b10, b11], rest] = batches as [
      [DataRecord[], DataRecord[]],
      [DataRecord[], DataRecord[]],
      [DataRecord[]],
    ];
    const [sample, ...others] = b01 as [DataRecord, ...DataRecord[]];
    const relabelled = { ...sample, klass: (sample.klass + 1) % profile.m };
    const lies: Record<string, Batches> = {
      dropped: [[b00, others], [b10, b11], rest],
      duplicated: [[b00, [...b01, sample]], [b10, b11], rest],
      relabelled: [[b00, [relabelled, ...others]], [b10, b11], rest],
      invented: [[b00, [...b01, sampleRecord(random, profile)]], [b10, b11], rest],
      moved: [[b00, others], [b10, [...b11, sample]], rest],
      exchanged: [[b10, b11], [b00, b01], rest],
      "a whole batch dropped": [[b00], [b10, b11], rest],
      "a whole batch moved": [[b00], [b10, b11, b01], rest],
    };
    for (const [lie, of] of Object.entries(lies)) {
      expect(check({ batches: of }), lie).toMatch(/contributor 0 is not that of the samples/);
    }
    // With gradients to match, the next identity that speaks of the lie refuses it.
    const all = (of: Batches): bigint[][] => of.map((own) => gradientOf(own.flat(), w, profile));
    for (const lie of ["dropped", "duplicated", "relabelled", "invented", "a whole batch dropped"]) {
      const of = lies[lie] as Batches;
      expect(check({ batches: of, gradients: all(of) }), lie).toMatch(/do not add up to λW \+ R/);
      if (lie === "relabelled") continue; // A does not depend on labels
      const refitted = fitted(of, lambda, profile);
      expect(check({ batches: of, ...refitted, a }), lie).toMatch(/A is not the Gram matrix/);
    }
  });

  it("refuse values that are not canonical, whatever they are congruent to", () => {
    const honest = evaluations(model, rho);
    const shifted = { ...honest.model, wValue: honest.model.wValue + FIELD };
    expect(() => checkTrainingIdentities({ ...honest, model: shifted })).toThrow(FieldElementError);
    const [first, ...others] = honest.contributors as [(typeof honest.contributors)[0]];
    const outside = { ...first, value: first.value - FIELD };
    expect(() => checkTrainingIdentities({ ...honest, contributors: [outside, ...others] })).toThrow(
      FieldElementError,
    );
  });
});

describe("residualBound", () => {
  it("is half of what a row of |A + λI| can hold, rounded up, and fits R at the largest size", () => {
    expect(residualBound({ d: 4 }, 10, 7n)).toBe((4n * 16384n * 10n + 7n + 1n) / 2n);
    expect(residualBound({ d: 1 }, 1, 0n)).toBe(8192n);
    for (const name of ["tiny", "default"] as const) {
      const full = loadProfile(name);
      const largest = residualBound(full, full.maxSamples, (1n << BigInt(full.lambdaBits)) - 1n);
      expect(largest < 1n << BigInt(full.rBits - 1)).toBe(true);
    }
  });
});
