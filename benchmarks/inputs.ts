// Honest witness inputs of a profile's full shape, for benchmarks and tests that care about cost and not
// about meaning: random features, weights, queries and gradients, drawn from a seed, with values as wide as
// real ones.
//
// The adjoint needs a Y that solves (A + λI)Y = 2^T·Q to within rounding. It is found exactly: Bareiss's
// elimination over the integers, then one division, rounded. At d = 32 that is milliseconds, and no float
// can spoil it.

import { createHash } from "node:crypto";
import {
  adjointWitness,
  type CircuitInput,
  type CircuitName,
  contributorsWitness,
  type DataRecord,
  duplicateWitness,
  inclusionWitness,
  inferenceWitness,
  loadProfile,
  modelWitness,
  type Profile,
  type ProfileName,
  publicSignals,
  recordLeaf,
  recordScores,
  samplesWitness,
  weightsWitness,
} from "../prover/index.ts";

/** What a prover is given, and the public signals that its proof must carry. */
export type HonestInput = { readonly input: CircuitInput; readonly publics: bigint[] };

/** Random bits from a seed: the n-th draw is SHA-256 of seed and n. */
type Draw = { readonly unsigned: (bits: number) => bigint; readonly signed: (bits: number) => bigint };

/**
 * An honest input for a circuit.
 *
 * @param seed the same seed gives the same input
 */
export function honestInput(profileName: ProfileName, circuit: CircuitName, seed: string): HonestInput {
  const profile = loadProfile(profileName);
  const draw = drawFrom(`${seed}/${profileName}/${circuit}`);
  const inputs = { samples, contributors, model, inference, adjoint, weights, duplicate, inclusion };
  return inputs[circuit](profile, draw);
}

/** The last receipt of a full batch. */
function inclusion(profile: Profile, draw: Draw): HonestInput {
  const leaves = fill(profile.queries, () => draw.unsigned(248));
  const place = profile.queries - 1;
  const { statement, input } = inclusionWitness({ profile, context: draw.unsigned(248), leaves, place });
  return { input, publics: publicSignals({ circuit: "inclusion", ...statement }, profile) };
}

/** Two full batches whose last records have one content. */
function duplicate(profile: Profile, draw: Draw): HonestInput {
  const digest = draw.unsigned(248);
  const last = profile.batchRecords - 1;
  const record = (i: number): DataRecord => ({
    features: Int8Array.from(fill(profile.d, () => Number(draw.signed(8)))),
    klass: i % profile.m,
    digest: i === last ? digest : draw.unsigned(248),
    salt: draw.unsigned(248),
    weight: 1,
  });
  const half = () => {
    const records = fill(profile.batchRecords, record);
    const leaves = records.map((each) => recordLeaf(each, profile));
    return { leaves, place: last, record: records[last] as DataRecord };
  };
  const challenger = draw.unsigned(160);
  const { statement, input } = duplicateWitness({ profile, earlier: half(), later: half(), challenger });
  return { input, publics: publicSignals({ circuit: "duplicate", ...statement }, profile) };
}

function samples(profile: Profile, draw: Draw): HonestInput {
  const { d, m } = profile;
  const { statement, input } = samplesWitness({
    profile,
    rho: rho(draw),
    w: fill(d * m, () => draw.signed(profile.wBits - 2)),
    saltV: draw.unsigned(248),
    records: fill(profile.batchRecords, (i) => ({
      features: Int8Array.from(fill(d, () => Number(draw.signed(8)))),
      klass: i % m,
      digest: draw.unsigned(248),
      salt: draw.unsigned(248),
      weight: 1,
    })),
  });
  return { input, publics: publicSignals({ circuit: "samples", ...statement }, profile) };
}

function contributors(profile: Profile, draw: Draw): HonestInput {
  const { d, m, contributors: group } = profile;
  const [rho1, rho2] = rho(draw);
  const { statement, input } = contributorsWitness({
    profile,
    rho1,
    rho2,
    gradients: fill(group, () => fill(d * m, () => draw.signed(40))),
    salts: fill(group, () => draw.unsigned(248)),
  });
  return { input, publics: publicSignals({ circuit: "contributors", ...statement }, profile) };
}

function model(profile: Profile, draw: Draw): HonestInput {
  const { d, m } = profile;
  const { statement, input } = modelWitness({
    profile,
    rho: rho(draw),
    w: fill(d * m, () => draw.signed(profile.wBits - 2)),
    saltW: draw.unsigned(248),
    a: fill((d * (d + 1)) / 2, () => draw.signed(profile.aBits - 2)),
    saltA: draw.unsigned(248),
    r: fill(d * m, () => draw.signed(28)),
    saltR: draw.unsigned(248),
    saltV: draw.unsigned(248),
    bound: 1n << 28n,
  });
  return { input, publics: publicSignals({ circuit: "model", ...statement }, profile) };
}

function rho(draw: Draw): [bigint, bigint, bigint] {
  return [draw.unsigned(248), draw.unsigned(248), draw.unsigned(248)];
}

function inference(profile: Profile, draw: Draw): HonestInput {
  const { d, m } = profile;
  const w = fill(d * m, () => draw.signed(profile.wBits - 2));
  const records = fill(profile.queries, (): DataRecord => {
    const features = Int8Array.from(fill(d, () => Number(draw.signed(8))));
    const scores = recordScores(features, w, m);
    const best = scores.reduce((a, b) => (a > b ? a : b));
    return {
      features,
      klass: scores.indexOf(best),
      digest: draw.unsigned(248),
      salt: draw.unsigned(248),
      weight: Number(draw.unsigned(profile.feeBits)),
    };
  });
  const { statement, input } = inferenceWitness({
    profile,
    context: draw.unsigned(248),
    w,
    saltW: draw.unsigned(248),
    qIn: fill(d * m, () => draw.signed(profile.qBits - 2)),
    saltQIn: draw.unsigned(248),
    saltQOut: draw.unsigned(248),
    records,
  });
  return { input, publics: publicSignals({ circuit: "inference", ...statement }, profile) };
}

function adjoint(profile: Profile, draw: Draw): HonestInput {
  const { d, m } = profile;
  const vectors = fill(2 * d, () => fill(d, () => draw.signed(8)));
  const gram = fill(d, (i) => fill(d, (j) => sum(vectors.map((h) => at(h, i) * at(h, j)))));
  const lambda = 1000n + draw.unsigned(10);
  const q = fill(d * m, () => draw.signed(24));
  const y = solve(gram, lambda, q, profile.adjointBits);
  const { statement, input } = adjointWitness({
    profile,
    a: gram.flatMap((row, i) => row.slice(i)),
    saltA: draw.unsigned(248),
    q,
    saltQ: draw.unsigned(248),
    y,
    saltY: draw.unsigned(248),
    lambda,
  });
  return { input, publics: publicSignals({ circuit: "adjoint", ...statement }, profile) };
}

function weights(profile: Profile, draw: Draw): HonestInput {
  const { d, m, contributors } = profile;
  const { statement, input } = weightsWitness({
    profile,
    y: fill(d * m, () => draw.signed(profile.yBits - 2)),
    saltY: draw.unsigned(248),
    gradients: fill(contributors, () => fill(d * m, () => draw.signed(40))),
    salts: fill(contributors, () => draw.unsigned(248)),
  });
  return { input, publics: publicSignals({ circuit: "weights", ...statement }, profile) };
}

/**
 * round(2^bits (A + λI)⁻¹ Q) for a flat Q with A's number of rows: fraction-free elimination to a diagonal,
 * exact to the last division.
 */
export function solve(a: readonly bigint[][], lambda: bigint, q: readonly bigint[], bits: number): bigint[] {
  const d = a.length;
  const m = q.length / d;
  const scale = 1n << BigInt(bits);
  const rows = a.map((row, i) => [
    ...row.map((value, j) => (i === j ? value + lambda : value)),
    ...q.slice(i * m, (i + 1) * m).map((value) => value * scale),
  ]);
  let previous = 1n;
  for (let k = 0; k < d; k++) {
    const pivot = rows[k] as bigint[];
    for (let i = 0; i < d; i++) {
      if (i === k) continue;
      const row = rows[i] as bigint[];
      const factor = at(row, k);
      for (let j = 0; j < row.length; j++) {
        row[j] = (at(pivot, k) * at(row, j) - factor * at(pivot, j)) / previous;
      }
    }
    previous = at(pivot, k);
  }
  return rows.flatMap((row, i) => row.slice(d).map((value) => roundedQuotient(value, at(row, i))));
}

/** Nearest integer to n/k for k > 0. */
function roundedQuotient(n: bigint, k: bigint): bigint {
  const doubled = 2n * n + k;
  const quotient = doubled / (2n * k);
  return doubled < 0n && quotient * 2n * k !== doubled ? quotient - 1n : quotient;
}

function drawFrom(seed: string): Draw {
  let count = 0;
  const unsigned = (bits: number): bigint => {
    const digest = createHash("sha256").update(`${seed}/${count++}`).digest("hex");
    return BigInt(`0x${digest}`) >> BigInt(256 - bits);
  };
  return { unsigned, signed: (bits) => unsigned(bits) - (1n << BigInt(bits - 1)) };
}

function fill<T>(length: number, make: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => make(index));
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

function at(values: readonly bigint[], index: number): bigint {
  return values[index] as bigint;
}
