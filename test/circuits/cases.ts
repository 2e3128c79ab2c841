// Honest cases for the circuits, drawn from a seed that each test prints in its title.

import { recordScores, triangleIndex } from "../../prover/algebra.ts";
import { bestClass } from "../../prover/codes.ts";
import type { DataRecord } from "../../prover/commitments.ts";
import type { Profile } from "../../prover/profile.ts";
import type { AdjointInputs, InferenceInputs, WeightsInputs } from "../../prover/witness.ts";

/** The run's (`test/seed.ts`); another: `QUITTANCE_SEED=7 npm test`. */
export const SEED = BigInt(process.env.QUITTANCE_SEED as string);

export type Random = {
  /** Uniform in [0, 2^bits). */
  unsigned(bits: number): bigint;
  /** Uniform in [-2^(bits-1), 2^(bits-1)). */
  signed(bits: number): bigint;
  list(length: number, bits: number): bigint[];
};

/** SplitMix64. */
export function randomFrom(seed: bigint): Random {
  const mask = (1n << 64n) - 1n;
  let state = seed & mask;
  const word = (): bigint => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return z ^ (z >> 31n);
  };
  const unsigned = (bits: number): bigint => {
    let value = 0n;
    for (let drawn = 0; drawn < bits; drawn += 64) value = (value << 64n) | word();
    return value & ((1n << BigInt(bits)) - 1n);
  };
  const signed = (bits: number): bigint => unsigned(bits) - (1n << BigInt(bits - 1));
  return { unsigned, signed, list: (length, bits) => Array.from({ length }, () => signed(bits)) };
}

/** A record with random features, digest, salt and fee, answered as W answers. */
export function answeredRecord(random: Random, w: readonly bigint[], profile: Profile): DataRecord {
  const { d, m, feeBits, words, scaleBits } = profile;
  const features = Int8Array.from({ length: d }, () => Number(random.signed(8)));
  const klass = bestClass(recordScores(features, w, m), words, scaleBits);
  return {
    features,
    klass,
    digest: random.unsigned(248),
    salt: random.unsigned(248),
    weight: Number(random.unsigned(feeBits)),
  };
}

/**
 * Names of the weights that meet a feature of zero. By themselves the scores leave them open; the circuit
 * around a query does not, since it opens the commitment to all of W.
 */
export function idleWeights({ features }: DataRecord, m: number): Set<string> {
  const idle = [...features.keys()].filter((j) => features[j] === 0);
  return new Set(idle.flatMap((j) => Array.from({ length: m }, (_, k) => `main.w[${j}][${k}]`)));
}

/** `count` queries (all that fit unless given), with W and Q over the whole of their ranges. */
export function inferenceCase(random: Random, profile: Profile, count = profile.queries): InferenceInputs {
  const { d, m, wBits, qBits } = profile;
  const w = random.list(d * m, wBits);
  return {
    profile,
    context: random.unsigned(248),
    w,
    saltW: random.unsigned(248),
    qIn: random.list(d * m, qBits - 1),
    saltQIn: random.unsigned(248),
    saltQOut: random.unsigned(248),
    records: Array.from({ length: count }, () => answeredRecord(random, w, profile)),
  };
}

/** Gram matrix of random samples, random Q, and the exact solution Y, rounded. */
export function adjointCase(random: Random, profile: Profile, lambda = 1000n, samples = 20): AdjointInputs {
  const { d, m, adjointBits } = profile;
  const a = new Array<bigint>((d * (d + 1)) / 2).fill(0n);
  for (let s = 0; s < samples; s++) {
    const h = random.list(d, 8);
    for (let i = 0; i < d; i++) {
      for (let j = i; j < d; j++)
        a[triangleIndex(i, j, d)] = at(a, triangleIndex(i, j, d)) + at(h, i) * at(h, j);
    }
  }
  const q = random.list(d * m, 16);
  return {
    profile,
    a,
    saltA: random.unsigned(248),
    q,
    saltQ: random.unsigned(248),
    y: solveRounded(lift(a, lambda, d), q, m, adjointBits),
    saltY: random.unsigned(248),
    lambda,
  };
}

/** A record with random features, class, digest and salt. */
export function sampleRecord(random: Random, { d, classes }: Profile): DataRecord {
  return {
    features: Int8Array.from({ length: d }, () => Number(random.signed(8))),
    klass: Number(random.unsigned(32)) % classes,
    digest: random.unsigned(248),
    salt: random.unsigned(248),
    weight: 1,
  };
}

/** A trained model and everything behind it; matrices are flat, `a` is the upper triangle of A. */
export type TrainingCase = {
  readonly profile: Profile;
  readonly lambda: bigint;
  /** The batches of each contributor, of at most batchRecords samples. */
  readonly batches: readonly (readonly (readonly DataRecord[])[])[];
  readonly gradients: readonly (readonly bigint[])[];
  readonly a: readonly bigint[];
  readonly w: readonly bigint[];
  readonly r: readonly bigint[];
};

/**
 * Random samples in batches of these sizes (by contributor), and the optimum for them, fitted exactly. With
 * λ above the number of samples every |W| is below 2^S·√n/(2√λ) < 2^(S-1), which is W's range.
 */
export function trainingCase(
  random: Random,
  profile: Profile,
  sizes: readonly (readonly number[])[],
  lambda = 100n + random.unsigned(16),
): TrainingCase {
  const batches = sizes.map((own) =>
    own.map((size) => Array.from({ length: size }, () => sampleRecord(random, profile))),
  );
  return { profile, lambda, batches, ...fitted(batches, lambda, profile) };
}

/** A, W = round(2^S A_λ⁻¹ Σ h·wordᵀ), every G_c and R = Σ G − λW, sample by sample. */
export function fitted(
  batches: TrainingCase["batches"],
  lambda: bigint,
  profile: Profile,
): Pick<TrainingCase, "a" | "w" | "gradients" | "r"> {
  const { d, m, scaleBits, words } = profile;
  const samples = batches.flat(2);
  const a: bigint[] = [];
  for (let i = 0; i < d; i++) {
    for (let j = i; j < d; j++) {
      a.push(
        samples.reduce((sum, { features: h }) => sum + BigInt(h[i] as number) * BigInt(h[j] as number), 0n),
      );
    }
  }
  const targets = new Array<bigint>(d * m).fill(0n);
  for (const { features, klass } of samples) {
    features.forEach((h, j) => {
      words[klass]?.forEach((value, k) => {
        targets[j * m + k] = at(targets, j * m + k) + BigInt(h * value);
      });
    });
  }
  const w = solveRounded(lift(a, lambda, d), targets, m, scaleBits);
  const gradients = batches.map((own) => gradientOf(own.flat(), w, profile));
  const r = w.map((value, i) => gradients.reduce((sum, g) => sum + at(g, i), 0n) - lambda * value);
  return { a, w, gradients, r };
}

/** G = Σ h·eᵀ, e = 2^S·word(class) − Wᵀh. */
export function gradientOf(samples: readonly DataRecord[], w: readonly bigint[], profile: Profile): bigint[] {
  const { d, m, scaleBits, words } = profile;
  const g = new Array<bigint>(d * m).fill(0n);
  for (const { features, klass } of samples) {
    recordScores(features, w, m).forEach((score, k) => {
      const error = (BigInt(words[klass]?.[k] as number) << BigInt(scaleBits)) - score;
      for (let j = 0; j < d; j++) g[j * m + k] = at(g, j * m + k) + BigInt(features[j] as number) * error;
    });
  }
  return g;
}

/** A point like those that contracts draw: 248 bits each. */
export function rhoOf(random: Random): [bigint, bigint, bigint] {
  return [random.unsigned(248), random.unsigned(248), random.unsigned(248)];
}

/** Random Y and gradients of influences of both signs: every second one is the one before, negated. */
export function weightsCase(random: Random, profile: Profile, count = profile.contributors): WeightsInputs {
  const { d, m } = profile;
  const gradients: bigint[][] = [];
  for (let c = 0; c < count; c++) {
    gradients.push(
      c % 2 === 0 ? random.list(d * m, 40) : (gradients[c - 1] as bigint[]).map((value) => -value),
    );
  }
  return {
    profile,
    y: random.list(d * m, 50),
    saltY: random.unsigned(248),
    gradients,
    salts: gradients.map(() => random.unsigned(248)),
  };
}

/** A + λI in full. */
function lift(a: readonly bigint[], lambda: bigint, d: number): bigint[][] {
  return Array.from({ length: d }, (_, i) =>
    Array.from({ length: d }, (_, j) => at(a, triangleIndex(i, j, d)) + (i === j ? lambda : 0n)),
  );
}

/** round(2^bits · M⁻¹ Q), by fraction-free (Bareiss) elimination: exact, and slow. */
function solveRounded(
  matrix: readonly (readonly bigint[])[],
  q: readonly bigint[],
  m: number,
  bits: number,
): bigint[] {
  const d = matrix.length;
  const rows = matrix.map((row, i) => [
    ...row,
    ...q.slice(i * m, (i + 1) * m).map((value) => value << BigInt(bits)),
  ]);
  let previous = 1n;
  for (let p = 0; p < d; p++) {
    const pivotRow = rows[p] as bigint[];
    const pivot = at(pivotRow, p); // positive: a leading minor of a positive definite matrix
    rows.forEach((row, i) => {
      if (i === p) return;
      const factor = at(row, p);
      rows[i] = row.map((value, j) => (value * pivot - factor * at(pivotRow, j)) / previous);
    });
    previous = pivot;
  }
  const determinant = previous;
  return rows.flatMap((row) => row.slice(d).map((value) => roundedQuotient(value, determinant)));
}

function roundedQuotient(numerator: bigint, denominator: bigint): bigint {
  const doubled = 2n * numerator + denominator;
  const quotient = doubled / (2n * denominator);
  return doubled % (2n * denominator) < 0n ? quotient - 1n : quotient;
}

function at(values: readonly bigint[], index: number): bigint {
  return values[index] as bigint;
}
