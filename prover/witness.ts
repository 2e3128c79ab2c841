/**
 * Witness builders: from integers to a statement and the input of its circuit.
 *
 * Each builder recomputes what its circuit proves, in plain BigInt, and refuses inputs that could not be
 * proven with an error that says which value is out of range and what to do. That is a service to honest
 * provers only: soundness never rests on this file, a dishonest prover writes its own.
 *
 * The names in `input` are those of the templates' signals. Signed integers are stored as field elements (see
 * field.ts), all as decimal strings, which is what circom's witness generators read.
 */
import { addQueries, cell, innerProduct, recordScores, residual } from "./algebra.ts";
import {
  commitMatrix,
  type DataRecord,
  emptyCommitQ,
  type MatrixKind,
  matrixBits,
  matrixLength,
  nullRecord,
  receiptsRoot,
  recordLeaf,
} from "./commitments.ts";
import { fitsSigned, fitsUnsigned, toField } from "./field.ts";
import type { Profile } from "./profile.ts";
import type { AdjointStatement, InferenceStatement, WeightsStatement } from "./statements.ts";

/** A circuit's input: decimal strings, nested as the template's arrays are. */
export type CircuitInput = { readonly [signal: string]: InputValue };
export type InputValue = string | readonly InputValue[];

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
 * @throws {WitnessArgmaxError} when a record's class is not an argmax of Wᵀh.
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
  const padding = Array.from({ length: profile.queries - leaves.length }, () => nullRecord(profile));
  const records = [...inputs.records, ...padding];
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
      features: records.map((record) => Array.from(record.features, (h) => decimal(BigInt(h)))),
      klass: records.map((record) => String(record.klass)),
      digest: records.map((record) => decimal(record.digest)),
      salt: records.map((record) => decimal(record.salt)),
      fee: records.map((record) => String(record.weight)),
    },
  };
}

function assertArgmax(record: DataRecord, w: readonly bigint[], index: number, profile: Profile): void {
  const scores = recordScores(record.features, w, profile.m);
  const best = scores.findIndex((score) => scores.every((other) => score >= other));
  if (cell(scores, record.klass) < cell(scores, best))
    throw new WitnessArgmaxError(index, record.klass, best);
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
  const group = profile.contributors;
  if (inputs.gradients.length > group || inputs.salts.length !== inputs.gradients.length) {
    throw new WitnessGroupError(inputs.gradients.length, inputs.salts.length, group);
  }
  assertMatrix("Y", y, profile);
  const zero = new Array<bigint>(matrixLength("G", profile)).fill(0n);
  const gradients = Array.from({ length: group }, (_, c) => inputs.gradients[c] ?? zero);
  const salts = Array.from({ length: group }, (_, c) => inputs.salts[c] ?? 0n);
  const commitG = gradients.map((gradient, c) => commitMatrix("G", gradient, cell(salts, c), profile));

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
      gradients: gradients.map((gradient) => grid(gradient, profile.m)),
      saltG: salts.map(decimal),
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

function assertMatrix(kind: MatrixKind, values: readonly bigint[], profile: Profile): void {
  const bits = matrixBits(kind, profile);
  values.forEach((value, i) => {
    if (bits !== undefined && !fitsSigned(value, bits)) {
      throw new WitnessRangeError(`${kind}[${i}]`, value, bits, REMEDIES[kind]);
    }
  });
}

const REMEDIES: Readonly<Record<MatrixKind, string>> = {
  W: "raise λ, so that the weights shrink",
  A: "take at most maxSamples samples per model",
  G: "",
  Q: "charge less per query, or close the epoch earlier",
  Y: "raise λ, charge less per query, or close the epoch earlier",
};

/** Decimal string of a signed integer, or of a field element (commitments, digests and salts). */
function decimal(value: bigint): string {
  return (value < 0n ? toField(value) : value).toString();
}

function scalars(statement: Readonly<Record<string, bigint>>): CircuitInput {
  return Object.fromEntries(Object.entries(statement).map(([name, value]) => [name, value.toString()]));
}

function grid(values: readonly bigint[], columns: number): string[][] {
  const rows: string[][] = [];
  for (let start = 0; start < values.length; start += columns) {
    rows.push(values.slice(start, start + columns).map(decimal));
  }
  return rows;
}

/** A value that the circuit's range check would refuse. */
export class WitnessRangeError extends Error {
  override readonly name = "Witness.Range";
  constructor(what: string, value: bigint, bits: number, remedy: string) {
    super(`${what} is ${value}, which does not fit ${bits} bits and cannot be proven: ${remedy}.`);
  }
}

/** A record whose class is not the model's answer. */
export class WitnessArgmaxError extends Error {
  override readonly name = "Witness.Argmax";
  constructor(index: number, klass: number, best: number) {
    super(`Record ${index} says class ${klass}, but this W answers ${best}. Use the W that gave the answer.`);
  }
}

/** A group of contributors that does not fit one proof. */
export class WitnessGroupError extends Error {
  override readonly name = "Witness.Group";
  constructor(gradients: number, salts: number, group: number) {
    super(`${gradients} gradients with ${salts} salts: give one salt each, and at most ${group} per proof.`);
  }
}
