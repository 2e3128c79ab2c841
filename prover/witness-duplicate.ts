/**
 * Witness builder of the `duplicate` circuit: the same content in two registered places.
 *
 * Whoever challenges a verdict needs little of the batches: their leaves, which say nothing about content,
 * and the two records that are alike. {@link findDuplicate} finds them where the records are known.
 *
 * The pitfall: what a record's leaf binds is the digest of its content, not the content. A challenge shows
 * two equal digests; near duplicates are a matter of judgement, and of no proof.
 */
import { batchRoot, type DataRecord, nullLeaf, packFeatures, recordLeaf } from "./commitments.ts";
import type { Profile } from "./profile.ts";
import type { DuplicateStatement } from "./statements.ts";
import { type CircuitInput, decimal, scalars } from "./witness-input.ts";

/** A record at its place in a batch. */
export type RecordInBatch = {
  /** The batch's leaves, at most `profile.batchRecords`. */
  readonly leaves: readonly bigint[];
  readonly place: number;
  readonly record: DataRecord;
};

/** What one duplicate proof is made of. */
export type DuplicateInputs = {
  readonly profile: Profile;
  readonly earlier: RecordInBatch;
  readonly later: RecordInBatch;
  /** Who gets the reward: an account's address as a number. */
  readonly challenger: bigint;
};

/**
 * Statement and input of the `duplicate` circuit.
 *
 * @throws {WitnessDuplicateError} when the two are no duplicates that can be proven.
 * @throws {CommitmentsLengthError} | {CommitmentsRecordError} when leaves are too many or a record malformed.
 */
export function duplicateWitness(inputs: DuplicateInputs): {
  statement: DuplicateStatement;
  input: CircuitInput;
} {
  const { profile, earlier, later, challenger } = inputs;
  const pair = [earlier, later] as const;
  for (const [i, { leaves, place, record }] of pair.entries()) {
    const which = i === 0 ? "earlier" : "later";
    if (record.weight !== 1) throw new WitnessDuplicateError(`the ${which} record is no sample`);
    if (leaves[place] !== recordLeaf(record, profile))
      throw new WitnessDuplicateError(`the ${which} record is not the one at place ${place} of its batch`);
  }
  if (earlier.record.digest !== later.record.digest) throw new WitnessDuplicateError("their contents differ");
  const [rootEarlier, rootLater] = pair.map(({ leaves }) => batchRoot(leaves, profile)) as [bigint, bigint];
  if (rootEarlier === rootLater && earlier.place === later.place)
    throw new WitnessDuplicateError("they are one and the same record");
  const statement = { rootEarlier, rootLater, challenger };
  const padding = decimal(nullLeaf(profile));
  return {
    statement,
    input: {
      ...scalars(statement),
      leaves: pair.map(({ leaves }) =>
        Array.from({ length: profile.batchRecords }, (_, i) => {
          const leaf = leaves[i];
          return leaf === undefined ? padding : decimal(leaf);
        }),
      ),
      place: pair.map(({ place }) => String(place)),
      digest: decimal(earlier.record.digest),
      packed: pair.map(({ record }) => packFeatures(record.features).map(decimal)),
      klass: pair.map(({ record }) => String(record.klass)),
      salt: pair.map(({ record }) => decimal(record.salt)),
    },
  };
}

/**
 * Places of the first two samples with the same content, the later one in `later`; `undefined` if there are
 * none. Leave `earlier` out to look for a content that stands in `later` twice.
 */
export function findDuplicate(
  later: readonly DataRecord[],
  earlier?: readonly DataRecord[],
): { readonly earlier: number; readonly later: number } | undefined {
  const places = new Map<bigint, number>();
  const isSample = ({ weight }: DataRecord): boolean => weight === 1;
  for (const [i, record] of (earlier ?? []).entries())
    if (isSample(record) && !places.has(record.digest)) places.set(record.digest, i);
  for (const [i, record] of later.entries()) {
    if (!isSample(record)) continue;
    const place = places.get(record.digest);
    if (place !== undefined) return { earlier: place, later: i };
    if (earlier === undefined) places.set(record.digest, i);
  }
  return undefined;
}

/** Two records that are no duplicates, or cannot be shown to be. */
export class WitnessDuplicateError extends Error {
  override readonly name = "Witness.Duplicate";
  constructor(problem: string) {
    super(
      `No duplicate can be proven: ${problem}. Give two samples with one content digest, each with the leaves of its batch.`,
    );
  }
}
