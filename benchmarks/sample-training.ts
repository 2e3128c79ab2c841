// A model that is really trained, on random records: one batch for each contributor, W the ridge optimum to
// within rounding, and the witness of each statement of its training proof at given challenges.

import { createHash } from "node:crypto";
import {
  batchRoot,
  commitMatrix,
  contributorsWitness,
  type DataRecord,
  modelWitness,
  type Profile,
  type Rho,
  recordLeaf,
  residualBound,
  samplesWitness,
} from "../prover/index.ts";
import { solve } from "./inputs.ts";

/** Private numbers of a trained model, and what is public of them. */
export type SampleTraining = {
  readonly records: readonly (readonly DataRecord[])[];
  readonly roots: readonly bigint[];
  readonly lambda: bigint;
  readonly w: readonly bigint[];
  /** Upper triangle. */
  readonly a: readonly bigint[];
  readonly r: readonly bigint[];
  readonly gradients: readonly (readonly bigint[])[];
  readonly salts: {
    readonly w: bigint;
    readonly a: bigint;
    readonly r: bigint;
    readonly v: bigint;
    readonly g: readonly bigint[];
  };
  readonly commitW: bigint;
  readonly commitA: bigint;
  readonly commitR: bigint;
  readonly commitG: readonly bigint[];
};

/** Trains on `counts[c]` records of contributor c. The same seed gives the same model. */
export function sampleTraining(profile: Profile, counts: readonly number[], seed: string): SampleTraining {
  const { d, m, scaleBits, words } = profile;
  const draw = drawFrom(seed);
  const lambda = 4096n;
  const records = counts.map((count) => fill(count, () => record(profile, draw)));
  const all = records.flat();
  const gram = fill(d, (j) => fill(d, (k) => sum(all.map((one) => feature(one, j) * feature(one, k)))));
  const sums = fill(d * m, (i) => {
    const [row, column] = [Math.floor(i / m), i % m];
    return sum(all.map((one) => feature(one, row) * BigInt(words[one.klass]?.[column] ?? 0)));
  });
  const w = solve(gram, lambda, sums, scaleBits);
  const gradients = records.map((own) => gradientOf(profile, own, w));
  const r = w.map((value, i) => sum(gradients.map((gradient) => at(gradient, i))) - lambda * value);
  const a = gram.flatMap((row, j) => row.slice(j));
  const salt = (): bigint => draw(248);
  const salts = { w: salt(), a: salt(), r: salt(), v: salt(), g: counts.map(salt) };
  return {
    records,
    roots: records.map((own) =>
      batchRoot(
        own.map((one) => recordLeaf(one, profile)),
        profile,
      ),
    ),
    lambda,
    w,
    a,
    r,
    gradients,
    salts,
    commitW: commitMatrix("W", w, salts.w, profile),
    commitA: commitMatrix("A", a, salts.a, profile),
    commitR: commitMatrix("R", r, salts.r, profile),
    commitG: gradients.map((gradient, c) => commitMatrix("G", gradient, at(salts.g, c), profile)),
  };
}

/** Inputs of every proof of a training, and what the contract is told beside them. */
export function trainingInputs(profile: Profile, training: SampleTraining, rho: Rho) {
  const { w, a, r, records, gradients, lambda, salts } = training;
  const samples = records.map((own) => {
    const { statement, input } = samplesWitness({ profile, rho, w, saltV: salts.v, records: own });
    return { input, g: statement.g, a: statement.a };
  });
  const groups = fill(Math.ceil(records.length / profile.contributors), (group) => {
    const [from, to] = [group * profile.contributors, (group + 1) * profile.contributors];
    const { statement, input } = contributorsWitness({
      profile,
      rho1: rho[0],
      rho2: rho[1],
      gradients: gradients.slice(from, to),
      salts: salts.g.slice(from, to),
    });
    return { input, commitG: statement.commitG, values: statement.value };
  });
  const bound = residualBound(profile, records.flat().length, lambda);
  const [saltW, saltA, saltR, saltV] = [salts.w, salts.a, salts.r, salts.v];
  const model = modelWitness({ profile, rho, w, saltW, a, saltA, r, saltR, saltV, bound });
  const { commitV, wValue, aValue, rValue } = model.statement;
  return { commitV, samples, groups, model: { input: model.input, wValue, aValue, rValue } };
}

function record(profile: Profile, draw: Draw): DataRecord {
  const features = Int8Array.from(fill(profile.d, () => Number(draw(8)) - 128));
  const klass = Number(draw(32)) % profile.classes;
  return { features, klass, digest: draw(248), salt: draw(248), weight: 1 };
}

/** G_c = Σ h (2^S word − Wᵀh)ᵀ over its records. */
function gradientOf(profile: Profile, records: readonly DataRecord[], w: readonly bigint[]): bigint[] {
  const { d, m, scaleBits, words } = profile;
  const gradient = fill(d * m, () => 0n);
  for (const one of records) {
    for (let k = 0; k < m; k++) {
      const score = sum(fill(d, (j) => feature(one, j) * at(w, j * m + k)));
      const error = (BigInt(words[one.klass]?.[k] ?? 0) << BigInt(scaleBits)) - score;
      for (let j = 0; j < d; j++) gradient[j * m + k] = at(gradient, j * m + k) + feature(one, j) * error;
    }
  }
  return gradient;
}

type Draw = (bits: number) => bigint;

function drawFrom(seed: string): Draw {
  let count = 0;
  return (bits) => {
    const digest = createHash("sha256").update(`${seed}/${count++}`).digest("hex");
    return BigInt(`0x${digest}`) >> BigInt(256 - bits);
  };
}

function feature(one: DataRecord, index: number): bigint {
  return BigInt(one.features[index] ?? 0);
}

function fill<T>(length: number, make: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => make(index));
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

function at<T>(values: readonly T[], index: number): T {
  return values[index] as T;
}
