/**
 * Witness builders: from integers to a statement and the input of its circuit.
 *
 * Each builder recomputes what its circuit proves, in plain BigInt, and refuses inputs that could not be
 * proven with an error that says which value is out of range and what to do. That is a service to honest
 * provers only: soundness never rests on this file, a dishonest prover writes its own.
 *
 * This file has the circuits of an epoch; those of training are in witness-training.ts, what both need in
 * witness-input.ts.
 */
import { addQueries, cell, innerProduct, recordScores, residual } from "./algebra.ts";
import { bestClass, codeFits } from "./codes.ts";
import {
  commitMatrix,
  type DataRecord,
  emptyCommitQ,
  matrixLength,
  receiptsRoot,
  recordLeaf,
} from "./commitments.ts";
import { fitsSigned, fitsUnsigned } from "./field.ts";
import type { Profile } from "./profile.ts";
import type { AdjointStatement, InferenceStatement, WeightsStatement } from "./statements.ts";
import {
  assertMatrix,
  type CircuitInput,
  decimal,
  grid,
  padGroup,
  padRecords,
  scalars,
  WitnessRangeError,
} from "./witness-input.ts";

export { type CircuitInput, type InputValue, WitnessGroupError, WitnessRangeError } from "./witness-input.ts";

/** What one inference proof is made of. Matrices are flat, row by row: j·m + k. */
export type InferenceInputs = {
  readonly profile: Profile;
  /** Names the chain, contract, model, epoch and batch; a field element. */
  readonly context: bigint;
  readonly w: readonly bigint[];
  readonly saltW: bigint;
  readonly qIn: readonly bigint[];
  readonly saltQIn: bigint;
  readonly saltQOut: bigint;
  /** At most `profile.queries`; the rest is padded with null records. `weight` is the fee. */
  readonly records: readonly DataRecord[];
};

/**
 * Statement and input of the `inference` circuit, and the matrix Q after these queries.
 *
 * @throws {WitnessRangeError} when W, Q_in or Q_out leave their range.
 * @throws {WitnessArgmaxError} when another class' word fits Wᵀh better than a record's.
 * @throws {CommitmentsLengthError} | {CommitmentsRecordError} when records are too many or malformed.
 */
export function inferenceWitness(inputs: InferenceInputs): {
  statement: InferenceStatement;
  input: CircuitInput;
  qOut: bigint[];
} {
  const { profile, context, w, saltW, qIn, saltQIn, saltQOut } = inputs;
  assertMatrix("W", w, profile);
  assertMatrix("Q", qIn, profile);
  const leaves = inputs.records.map((record) => recordLeaf(record, profile));
  inputs.records.forEach((record, i) => {
    assertArgmax(record, w, i, profile);
  });
  const qOut = addQueries(qIn, inputs.records, profile);
  assertMatrix("Q", qOut, profile);

  const statement = {
    context,
    commitW: commitMatrix("W", w, saltW, profile),
    commitQIn: commitMatrix("Q", qIn, saltQIn, profile),
    commitQOut: commitMatrix("Q", qOut, saltQOut, profile),
    receiptsRoot: receiptsRoot(leaves, context, profile),
    feeTotal: inputs.records.reduce((sum, record) => sum + BigInt(record.weight), 0n),
  };
  const { weight: fee, ...records } = padRecords(inputs.records, profile.queries, profile);
  return {
    statement,
    qOut,
    input: {
      ...scalars(statement),
      w: grid(w, profile.m),
      saltW: decimal(saltW),
      qIn: grid(qIn, profile.m),
      saltQIn: decimal(saltQIn),
      saltQOut: decimal(saltQOut),
      ...records,
      fee,
    },
  };
}

function assertArgmax(record: DataRecord, w: readonly bigint[], index: number, profile: Profile): void {
  const { m, words, scaleBits } = profile;
  const scores = recordScores(record.features, w, m);
  const fits = codeFits(scores, words, scaleBits);
  const best = bestClass(scores, words, scaleBits);
  if (cell(fits, record.klass) < cell(fits, best)) throw new WitnessArgmaxError(index, record.klass, best);
}

/** What one adjoint proof is made of: `a` the upper triangle of A, row by row, `y` the rounded solution. */
export type AdjointInputs = {
  readonly profile: Profile;
  readonly a: readonly bigint[];
  readonly saltA: bigint;
  readonly q: readonly bigint[];
  readonly saltQ: bigint;
  readonly y: readonly bigint[];
  readonly saltY: bigint;
  readonly lambda: bigint;
};

/**
 * Statement and input of the `adjoint` circuit, and the residual R = (A + λI)Y − 2^T Q.
 *
 * @throws {WitnessRangeError} when A, Q, Y, R or λ leave their range; for R this means that Y is not the
 * solution.
 */
export function adjointWitness(inputs: AdjointInputs): {
  statement: AdjointStatement;
  input: CircuitInput;
  r: bigint[];
} {
  const { profile, a, saltA, q, saltQ, y, saltY, lambda } = inputs;
  const { m } = profile;
  assertMatrix("A", a, profile);
  assertMatrix("Q", q, profile);
  assertMatrix("Y", y, profile);
  if (!fitsUnsigned(lambda, profile.lambdaBits)) {
    throw new WitnessRangeError("lambda", lambda, profile.lambdaBits, "choose a smaller non-negative λ");
  }
  const r = residual(a, lambda, y, q, profile);
  r.forEach((value, i) => {
    if (!fitsSigned(value, profile.rBits)) {
      throw new WitnessRangeError(
        `R[${i}]`,
        value,
        profile.rBits,
        "Y does not solve (A + λI)Y = 2^T Q; refine it",
      );
    }
  });
  const statement = {
    commitA: commitMatrix("A", a, saltA, profile),
    commitQ: commitMatrix("Q", q, saltQ, profile),
    commitY: commitMatrix("Y", y, saltY, profile),
    lambda,
  };
  return {
    statement,
    r,
    input: {
      ...scalars(statement),
      a: a.map(decimal),
      saltA: decimal(saltA),
      q: grid(q, m),
      saltQ: decimal(saltQ),
      y: grid(y, m),
      saltY: decimal(saltY),
      r: grid(r, m),
    },
  };
}

/** What one weights proof is made of: at most `profile.contributors` gradients, each with its salt. */
export type WeightsInputs = {
  readonly profile: Profile;
  readonly y: readonly bigint[];
  readonly saltY: bigint;
  readonly gradients: readonly (readonly bigint[])[];
  readonly salts: readonly bigint[];
};

/**
 * Statement and input of the `weights` circuit for one group of contributors, padded with the zero G (salt 0,
 * w 0); `s` holds the influences ⟨G_c, Y⟩, padding included.
 *
 * @throws {WitnessRangeError} when Y or an influence leaves its range.
 * @throws {WitnessGroupError} when there are more gradients than the profile's group size, or salts are
 * missing.
 */
export function weightsWitness(inputs: WeightsInputs): {
  statement: WeightsStatement;
  input: CircuitInput;
  w: bigint[];
  s: bigint[];
} {
  const { profile, y, saltY } = inputs;
  const { gradients, commitG, input: group } = padGroup(inputs.gradients, inputs.salts, profile);
  assertMatrix("Y", y, profile);
  const s = gradients.map((gradient) => innerProduct(gradient, y));
  s.forEach((value, c) => {
    if (!fitsSigned(value, profile.sBits)) {
      throw new WitnessRangeError(
        `influence of contributor ${c}`,
        value,
        profile.sBits,
        "lower the fees of an epoch",
      );
    }
  });
  const w = s.map((value) => (value > 0n ? value : 0n));
  const statement = { commitY: commitMatrix("Y", y, saltY, profile), commitG, w };
  return {
    statement,
    w,
    s,
    input: {
      commitY: decimal(statement.commitY),
      commitG: commitG.map(decimal),
      w: w.map(decimal),
      y: grid(y, profile.m),
      saltY: decimal(saltY),
      ...group,
    },
  };
}

/** The matrix Q that starts an epoch (all zero, salt 0), and its commitment. */
export function emptyQueries(profile: Profile): { q: bigint[]; salt: bigint; commitQ: bigint } {
  return {
    q: new Array<bigint>(matrixLength("Q", profile)).fill(0n),
    salt: 0n,
    commitQ: emptyCommitQ(profile),
  };
}

/** A record whose class is not the model's answer. */
export class WitnessArgmaxError extends Error {
  override readonly name = "Witness.Argmax";
  constructor(index: number, klass: number, best: number) {
    super(`Record ${index} says class ${klass}, but this W answers ${best}. Use the W that gave the answer.`);
  }
}
