/**
 * What the witness builders share: circuit inputs as text, padding, and range checks with a remedy.
 *
 * The names in an input are those of the templates' signals. Signed integers are stored as field elements
 * (see field.ts), all as decimal strings, which is what circom's witness generators read.
 */
import {
  CommitmentsLengthError,
  commitMatrix,
  type DataRecord,
  type MatrixKind,
  matrixBits,
  matrixLength,
  nullRecord,
} from "./commitments.ts";
import { fitsSigned, toField } from "./field.ts";
import type { Profile } from "./profile.ts";

/** A circuit's input: decimal strings, nested as the template's arrays are. */
export type CircuitInput = { readonly [signal: string]: InputValue };
export type InputValue = string | readonly InputValue[];

/** Decimal string of a signed integer, or of a field element (commitments, digests and salts). */
export function decimal(value: bigint): string {
  return (value < 0n ? toField(value) : value).toString();
}

/** Decimal strings of named field elements. */
export function scalars(statement: Readonly<Record<string, bigint>>): CircuitInput {
  return Object.fromEntries(Object.entries(statement).map(([name, value]) => [name, value.toString()]));
}

/** A flat matrix as rows of decimal strings. */
export function grid(values: readonly bigint[], columns: number): string[][] {
  const rows: string[][] = [];
  for (let start = 0; start < values.length; start += columns) {
    rows.push(values.slice(start, start + columns).map(decimal));
  }
  return rows;
}

/**
 * The record signals of a circuit that takes `count` records, padded with null records.
 *
 * @throws {CommitmentsLengthError} when there are more.
 */
export function padRecords(
  given: readonly DataRecord[],
  count: number,
  profile: Profile,
): Readonly<Record<"features" | "klass" | "digest" | "salt" | "weight", InputValue>> {
  if (given.length > count) throw new CommitmentsLengthError("records", given.length, `at most ${count}`);
  const records = Array.from({ length: count }, (_, i) => given[i] ?? nullRecord(profile));
  return {
    features: records.map((record) => Array.from(record.features, (h) => decimal(BigInt(h)))),
    klass: records.map((record) => String(record.klass)),
    digest: records.map((record) => decimal(record.digest)),
    salt: records.map((record) => decimal(record.salt)),
    weight: records.map((record) => String(record.weight)),
  };
}

/**
 * A group of contributors, padded with the zero G of salt 0: gradients, commitments, and the signals that
 * open them.
 *
 * @throws {WitnessGroupError} when there are more gradients than a group takes, or salts are missing.
 */
export function padGroup(
  gradients: readonly (readonly bigint[])[],
  salts: readonly bigint[],
  profile: Profile,
): { gradients: (readonly bigint[])[]; commitG: bigint[]; input: CircuitInput } {
  const group = profile.contributors;
  if (gradients.length > group || salts.length !== gradients.length) {
    throw new WitnessGroupError(gradients.length, salts.length, group);
  }
  const zero = new Array<bigint>(matrixLength("G", profile)).fill(0n);
  const padded = Array.from({ length: group }, (_, c) => gradients[c] ?? zero);
  const saltG = padded.map((_, c) => salts[c] ?? 0n);
  return {
    gradients: padded,
    commitG: padded.map((gradient, c) => commitMatrix("G", gradient, saltG[c] ?? 0n, profile)),
    input: { gradients: padded.map((gradient) => grid(gradient, profile.m)), saltG: saltG.map(decimal) },
  };
}

/**
 * Refuses a matrix that its commitment's range check would refuse.
 *
 * @throws {WitnessRangeError} naming the entry, and what to do.
 */
export function assertMatrix(kind: MatrixKind, values: readonly bigint[], profile: Profile): void {
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
  R: "fit W again: it is not the optimum of these samples",
};

/** A value that the circuit's range check would refuse. */
export class WitnessRangeError extends Error {
  override readonly name = "Witness.Range";
  constructor(what: string, value: bigint, bits: number, remedy: string) {
    super(`${what} is ${value}, which does not fit ${bits} bits and cannot be proven: ${remedy}.`);
  }
}

/** A group of contributors that does not fit one proof. */
export class WitnessGroupError extends Error {
  override readonly name = "Witness.Group";
  constructor(gradients: number, salts: number, group: number) {
    super(`${gradients} gradients with ${salts} salts: give one salt each, and at most ${group} per proof.`);
  }
}
