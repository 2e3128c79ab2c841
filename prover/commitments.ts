/**
 * Commitments: how records, batches and matrices become one field element each.
 *
 *   sponge(v, type):  st = type·2^32 + length;  st = Poseidon16(st, 15 elements) for each chunk, zero padded
 *   leaf              = Poseidon(packed features…, class, digest, salt, weight)
 *   batch root        = sponge(leaves padded with the null leaf, 1)
 *   receipts root     = sponge(context, leaves padded with the null leaf, 2)
 *   commit(kind, M)   = sponge(packed values of M…, salt; the kind's type)
 *   commit(v)         = sponge(v…, salt; 9), v any field elements
 *
 * The starting state binds type and length, so that lists of different lengths or kinds never collide
 * although the last chunk is zero padded. Matrix values are shifted by half their range and packed, as many
 * as fit into 252 bits: the circuits range-check every packed value, so an element has exactly one reading.
 * The salt hides: without it anybody could test a guess of a small matrix.
 *
 * Pitfall: G is not packed and not range-checked by the circuits that open it; its exactness comes from the
 * proof of training. The circuits in circuits/ compute the same values; tests compare the two.
 */
import { assertField, fitsSigned, fitsUnsigned, toField } from "./field.ts";
import { poseidon, poseidonChain } from "./poseidon.ts";
import type { Profile } from "./profile.ts";

/** Matrices that are committed to, row by row (j·m + k); of A, which is symmetric, the upper triangle. */
export type MatrixKind = "W" | "A" | "G" | "Q" | "Y" | "R";

/** One sample (weight 1) or one query (weight = fee in fee units; class = the class answered). */
export type DataRecord = {
  /** d int8 features, the last one the constant bias. */
  readonly features: Int8Array;
  /** 0 … classes-1 */
  readonly klass: number;
  /** SHA-256 of the content, cut to 248 bits. */
  readonly digest: bigint;
  /** Random, below 2^248; without it a leaf would tell low-entropy content. */
  readonly salt: bigint;
  /** [0, 2^feeBits) */
  readonly weight: number;
};

/** The sponge's types: what a list is. R is the residual of training, v the vector W(·, ρ2) of its proof. */
export const SPONGE_TYPES = { batch: 1, receipts: 2, W: 3, A: 4, G: 5, Q: 6, Y: 7, R: 8, v: 9 } as const;

/** Elements absorbed by one Poseidon16 (the sixteenth input is the state). */
export const SPONGE_RATE = 15;

/** Bits of packed values in one element: 252 < log2(p), so a packed element never wraps around. */
export const PACKED_BITS = 252;

/** Features in one element: 31 · 8 = 248 bits. */
export const PACKED_FEATURES = 31;

/** Width of digests and salts. */
export const DIGEST_BITS = 248;

/**
 * Hash of a list of field elements of any length.
 *
 * @param type one of {@link SPONGE_TYPES}
 * @example `sponge([1n, 2n, 3n], SPONGE_TYPES.batch)`
 */
export function sponge(values: readonly bigint[], type: number): bigint {
  return poseidonChain((BigInt(type) << 32n) + BigInt(values.length), values, SPONGE_RATE);
}

/** Packs int8 features, 31 to an element: element e = Σ_i (h_(31e+i) + 128)·256^i. */
export function packFeatures(features: Int8Array): bigint[] {
  return packSigned(Array.from(features, BigInt), 8, PACKED_FEATURES);
}

/**
 * Packs signed values: element e = Σ_i (v_(e·perElement+i) + 2^(bits-1))·2^(bits·i); a missing tail adds
 * nothing.
 *
 * @throws {CommitmentsRangeError} when a value does not fit [-2^(bits-1), 2^(bits-1)).
 */
export function packSigned(
  values: readonly bigint[],
  bits: number,
  perElement = packedPerElement(bits),
): bigint[] {
  const half = 1n << BigInt(bits - 1);
  const elements: bigint[] = [];
  for (let start = 0; start < values.length; start += perElement) {
    let element = 0n;
    values.slice(start, start + perElement).forEach((value, i) => {
      if (!fitsSigned(value, bits)) throw new CommitmentsRangeError(`value ${start + i}`, value, bits);
      element += (value + half) << BigInt(bits * i);
    });
    elements.push(element);
  }
  return elements;
}

/** How many values of this width fit one packed element. */
export function packedPerElement(bits: number): number {
  return Math.floor(PACKED_BITS / bits);
}

/**
 * Leaf of a sample or a query.
 *
 * @throws {CommitmentsRecordError} naming the field that is out of range.
 */
export function recordLeaf(record: DataRecord, profile: Profile): bigint {
  const { features, klass, digest, salt, weight } = record;
  if (features.length !== profile.d) {
    throw new CommitmentsRecordError(
      `${features.length} features; the profile "${profile.name}" has d = ${profile.d}`,
    );
  }
  if (!Number.isInteger(klass) || klass < 0 || klass >= profile.classes) {
    throw new CommitmentsRecordError(`class ${klass}; classes are 0 … ${profile.classes - 1}`);
  }
  if (!Number.isInteger(weight) || weight < 0 || weight >= 2 ** profile.feeBits) {
    throw new CommitmentsRecordError(
      `weight or fee ${weight}; it must be an integer from 0 to 2^${profile.feeBits} - 1`,
    );
  }
  if (!fitsUnsigned(digest, DIGEST_BITS))
    throw new CommitmentsRecordError("a digest that is not below 2^248");
  if (!fitsUnsigned(salt, DIGEST_BITS)) throw new CommitmentsRecordError("a salt that is not below 2^248");
  return poseidon([...packFeatures(features), BigInt(klass), digest, salt, BigInt(weight)]);
}

/** The record that pads a batch: all zero, so that it adds nothing to any sum. */
export function nullRecord(profile: Profile): DataRecord {
  return { features: new Int8Array(profile.d), klass: 0, digest: 0n, salt: 0n, weight: 0 };
}

/** Leaf of {@link nullRecord}. */
export function nullLeaf(profile: Profile): bigint {
  return recordLeaf(nullRecord(profile), profile);
}

/**
 * Root of a batch of samples; shorter batches are padded with the null leaf.
 *
 * @throws {CommitmentsLengthError} when there are more than `profile.batchRecords` leaves.
 */
export function batchRoot(leaves: readonly bigint[], profile: Profile): bigint {
  return sponge(padLeaves(leaves, profile.batchRecords, profile), SPONGE_TYPES.batch);
}

/**
 * Root of the receipts of one inference proof. `context` names the chain, contract, model, epoch and batch,
 * so that receipts of one epoch can never be proven in another.
 *
 * @throws {CommitmentsLengthError} when there are more than `profile.queries` leaves.
 */
export function receiptsRoot(leaves: readonly bigint[], context: bigint, profile: Profile): bigint {
  return sponge([context, ...padLeaves(leaves, profile.queries, profile)], SPONGE_TYPES.receipts);
}

function padLeaves(leaves: readonly bigint[], count: number, profile: Profile): bigint[] {
  if (leaves.length > count) throw new CommitmentsLengthError("leaves", leaves.length, `at most ${count}`);
  const padding = leaves.length < count ? nullLeaf(profile) : 0n;
  return Array.from({ length: count }, (_, i) => leaves[i] ?? padding);
}

/** Number of values of a matrix: d·m, or d(d+1)/2 for A. */
export function matrixLength(kind: MatrixKind, profile: Profile): number {
  return kind === "A" ? (profile.d * (profile.d + 1)) / 2 : profile.d * profile.m;
}

/** Width of a matrix's values, undefined for G (not packed). */
export function matrixBits(kind: MatrixKind, profile: Profile): number | undefined {
  const { wBits, aBits, qBits, yBits, rBits } = profile;
  return { W: wBits, A: aBits, Q: qBits, Y: yBits, R: rBits, G: undefined }[kind];
}

/**
 * Commitment to a matrix of signed integers.
 *
 * @param values row by row; for A the upper triangle (j <= k) row by row.
 * @param salt below 2^248; 0 only where everybody knows the matrix (the empty Q of an epoch, padding).
 * @throws {CommitmentsLengthError} when the number of values is not {@link matrixLength}.
 * @throws {CommitmentsRangeError} when a value or the salt is out of range.
 */
export function commitMatrix(
  kind: MatrixKind,
  values: readonly bigint[],
  salt: bigint,
  profile: Profile,
): bigint {
  const length = matrixLength(kind, profile);
  if (values.length !== length)
    throw new CommitmentsLengthError(`values of ${kind}`, values.length, `${length}`);
  assertSalt(kind, salt);
  const bits = matrixBits(kind, profile);
  const elements = bits === undefined ? values.map(toField) : packSigned(values, bits);
  return sponge([...elements, salt], SPONGE_TYPES[kind]);
}

/**
 * Commitment to the vector v = W(·, ρ2) of a proof of training: d field elements, as they are.
 *
 * @throws {CommitmentsLengthError} when there are not d of them.
 * @throws {CommitmentsRangeError} when the salt is not below 2^248.
 * @throws {FieldElementError} when an element is not in [0, p).
 */
export function commitVector(v: readonly bigint[], salt: bigint, profile: Profile): bigint {
  if (v.length !== profile.d) throw new CommitmentsLengthError("values of v", v.length, `${profile.d}`);
  assertSalt("v", salt);
  for (const value of v) assertField(value, "value of v");
  return sponge([...v, salt], SPONGE_TYPES.v);
}

function assertSalt(of: string, salt: bigint): void {
  if (!fitsUnsigned(salt, DIGEST_BITS))
    throw new CommitmentsRangeError(`salt of ${of}`, salt, DIGEST_BITS, "unsigned");
}

/** Commitment of the zero Q with salt 0, which every epoch starts from. */
export function emptyCommitQ(profile: Profile): bigint {
  return commitMatrix("Q", zeros(matrixLength("Q", profile)), 0n, profile);
}

/** Commitment of the zero G with salt 0, which pads a group of contributors. */
export function nullCommitG(profile: Profile): bigint {
  return commitMatrix("G", zeros(matrixLength("G", profile)), 0n, profile);
}

function zeros(length: number): bigint[] {
  return new Array<bigint>(length).fill(0n);
}

/** A record that no leaf can be made of. */
export class CommitmentsRecordError extends Error {
  override readonly name = "Commitments.Record";
  constructor(problem: string) {
    super(`This record cannot be committed to: it has ${problem}. Correct the record.`);
  }
}

/** A list of the wrong length. */
export class CommitmentsLengthError extends Error {
  override readonly name = "Commitments.Length";
  constructor(what: string, length: number, expected: string) {
    super(
      `There are ${length} ${what}; this profile takes ${expected}. Split the list, or use another profile.`,
    );
  }
}

/** A value outside the width that its kind has in this profile. */
export class CommitmentsRangeError extends Error {
  override readonly name = "Commitments.Range";
  constructor(what: string, value: bigint, bits: number, signedness = "signed") {
    super(`The ${what} is ${value}, which does not fit ${bits} ${signedness} bits. Scale the inputs down.`);
  }
}
