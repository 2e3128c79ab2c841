/**
 * Witness builders of the circuits of training (see witness.ts for what a builder does and does not do).
 *
 * All three speak of the same ρ. Whoever calls them derives it from everything that was committed to, as the
 * contract does; a proof for any other ρ is valid and useless.
 */
import { innerProduct } from "./algebra.ts";
import { wordOf } from "./codes.ts";
import { batchRoot, commitMatrix, commitVector, type DataRecord, recordLeaf } from "./commitments.ts";
import { FIELD } from "./field.ts";
import type { Profile } from "./profile.ts";
import type { ContributorsStatement, ModelProofStatement, SamplesStatement } from "./statements.ts";
import { evaluateMatrix, evaluatePolynomial, evaluateRows, evaluateSymmetric, type Rho } from "./training.ts";
import {
  assertMatrix,
  type CircuitInput,
  decimal,
  grid,
  padGroup,
  padRecords,
  scalars,
} from "./witness-input.ts";

/** What the proof of one batch of samples is made of. */
export type SamplesInputs = {
  readonly profile: Profile;
  readonly rho: Rho;
  readonly w: readonly bigint[];
  /** Salt of the commitment to v = W(·, ρ2), the same in all proofs of one training. */
  readonly saltV: bigint;
  /** At most `profile.batchRecords`, each of weight 1; the rest is padded with null records. */
  readonly records: readonly DataRecord[];
};

/**
 * Statement and input of the `samples` circuit for one batch.
 *
 * @throws {WitnessSampleError} when a record's weight is neither 1, nor 0 with no data.
 * @throws {WitnessRangeError} when W leaves its range.
 * @throws {CommitmentsLengthError} | {CommitmentsRecordError} when records are too many or malformed.
 */
export function samplesWitness(inputs: SamplesInputs): { statement: SamplesStatement; input: CircuitInput } {
  const { profile, rho, w, saltV, records } = inputs;
  assertMatrix("W", w, profile);
  records.forEach(assertSample);
  const leaves = records.map((record) => recordLeaf(record, profile));
  const v = evaluateRows(w, profile.m, rho[1]);
  const added = records.map((record) => sampleValues(record, v, rho, profile));
  const statement = {
    rho1: rho[0],
    rho2: rho[1],
    rho3: rho[2],
    commitV: commitVector(v, saltV, profile),
    root: batchRoot(leaves, profile),
    count: records.reduce((sum, { weight }) => sum + BigInt(weight), 0n),
    g: added.reduce((sum, { g }) => (sum + g) % FIELD, 0n),
    a: added.reduce((sum, { a }) => (sum + a) % FIELD, 0n),
  };
  const { rho1: _1, rho2: _2, rho3: _3, ...publics } = statement;
  return {
    statement,
    input: {
      rho: rho.map(decimal),
      ...scalars(publics),
      v: v.map(decimal),
      saltV: decimal(saltV),
      ...padRecords(records, profile.batchRecords, profile),
    },
  };
}

/** g = h(ρ1)·(2^S·word(ρ2) − ⟨h, v⟩) and a = h(ρ1)·h(ρ3) of one record, modulo p. */
function sampleValues(
  { features, klass, weight }: DataRecord,
  v: readonly bigint[],
  rho: Rho,
  { words, scaleBits }: Profile,
): { g: bigint; a: bigint } {
  if (weight === 0) return { g: 0n, a: 0n };
  const h = Array.from(features, BigInt);
  const word = wordOf(words, klass).map(BigInt);
  const error = (evaluatePolynomial(word, rho[1]) << BigInt(scaleBits)) - innerProduct(h, v);
  const atRho1 = evaluatePolynomial(h, rho[0]);
  return {
    g: (((atRho1 * error) % FIELD) + FIELD) % FIELD,
    a: (atRho1 * evaluatePolynomial(h, rho[2])) % FIELD,
  };
}

function assertSample({ features, klass, weight }: DataRecord, index: number): void {
  const hasData = klass !== 0 || features.some((h) => h !== 0);
  if (weight !== 1 && (weight !== 0 || hasData)) throw new WitnessSampleError(index, weight);
}

/** What the proof of one group of contributors is made of: at most `profile.contributors`, one salt each. */
export type ContributorsInputs = {
  readonly profile: Profile;
  readonly rho1: bigint;
  readonly rho2: bigint;
  readonly gradients: readonly (readonly bigint[])[];
  readonly salts: readonly bigint[];
};

/**
 * Statement and input of the `contributors` circuit for one group, padded with the zero G (salt 0, value 0).
 *
 * @throws {WitnessGroupError} when there are more gradients than the profile's group size, or salts are
 * missing.
 */
export function contributorsWitness(inputs: ContributorsInputs): {
  statement: ContributorsStatement;
  input: CircuitInput;
} {
  const { profile, rho1, rho2 } = inputs;
  const { gradients, commitG, input: group } = padGroup(inputs.gradients, inputs.salts, profile);
  const value = gradients.map((gradient) => evaluateMatrix(gradient, profile.m, rho1, rho2));
  return {
    statement: { rho1, rho2, commitG, value },
    input: {
      rho1: decimal(rho1),
      rho2: decimal(rho2),
      commitG: commitG.map(decimal),
      value: value.map(decimal),
      ...group,
    },
  };
}

/** What the model's proof is made of: `a` the upper triangle of A, `r` the residual Σ_c G_c − λW. */
export type ModelInputs = {
  readonly profile: Profile;
  readonly rho: Rho;
  readonly w: readonly bigint[];
  readonly saltW: bigint;
  readonly a: readonly bigint[];
  readonly saltA: bigint;
  readonly r: readonly bigint[];
  readonly saltR: bigint;
  readonly saltV: bigint;
  /** See `residualBound`. */
  readonly bound: bigint;
};

/**
 * Statement and input of the `model` circuit.
 *
 * @throws {WitnessRangeError} when W, A or R leave their range.
 * @throws {WitnessBoundError} when an entry of R is beyond the bound, or the bound beyond R's range.
 */
export function modelWitness(inputs: ModelInputs): { statement: ModelProofStatement; input: CircuitInput } {
  const { profile, rho, w, saltW, a, saltA, r, saltR, saltV, bound } = inputs;
  const { d, m } = profile;
  assertMatrix("W", w, profile);
  assertMatrix("A", a, profile);
  assertMatrix("R", r, profile);
  assertBound(r, bound, profile);
  const statement = {
    rho1: rho[0],
    rho2: rho[1],
    rho3: rho[2],
    commitW: commitMatrix("W", w, saltW, profile),
    commitA: commitMatrix("A", a, saltA, profile),
    commitR: commitMatrix("R", r, saltR, profile),
    commitV: commitVector(evaluateRows(w, m, rho[1]), saltV, profile),
    bound,
    wValue: evaluateMatrix(w, m, rho[0], rho[1]),
    aValue: evaluateSymmetric(a, d, rho[0], rho[2]),
    rValue: evaluateMatrix(r, m, rho[0], rho[1]),
  };
  const { rho1: _1, rho2: _2, rho3: _3, ...publics } = statement;
  return {
    statement,
    input: {
      rho: rho.map(decimal),
      ...scalars(publics),
      w: grid(w, m),
      saltW: decimal(saltW),
      a: a.map(decimal),
      saltA: decimal(saltA),
      r: grid(r, m),
      saltR: decimal(saltR),
      saltV: decimal(saltV),
    },
  };
}

function assertBound(r: readonly bigint[], bound: bigint, { rBits }: Profile): void {
  const limit = 1n << BigInt(rBits - 1);
  if (bound < 0n || bound >= limit) {
    throw new WitnessBoundError(`The bound is ${bound}; it must lie in [0, 2^${rBits - 1}).`);
  }
  r.forEach((value, i) => {
    if (value > bound || value < -bound) {
      throw new WitnessBoundError(`R[${i}] is ${value}, beyond the bound ${bound}.`);
    }
  });
}

/** A record that is neither a sample nor padding. */
export class WitnessSampleError extends Error {
  override readonly name = "Witness.Sample";
  constructor(index: number, weight: number) {
    super(
      `Record ${index} has weight ${weight}: a sample has weight 1, padding weight 0, class 0 and no features. ` +
        "Give the records of the batch as they were committed to.",
    );
  }
}

/** A residual that the proof would not cover. */
export class WitnessBoundError extends Error {
  override readonly name = "Witness.Bound";
  constructor(problem: string) {
    super(`${problem} W is not the optimum of these samples, or λ is not that of the fit: fit W again.`);
  }
}
