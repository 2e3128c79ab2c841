/**
 * Duplicates at the door. Copying pays: a digit that is sent in twice counts twice in every sum, so its
 * gradient does too. What is already there is therefore found before anything is signed, and the earliest
 * keeps the credit: later copies are left out of their contributor's batches, so they are in no moment, no
 * gradient and no proof, and the algebra knows nothing of them.
 *
 *   const reference = { contents, features };                  // public samples, which nobody is paid for
 *   const found = await findDuplicates({ contents, features, d, reference });    // contributed, in order
 *   found.kept       indices to train with, rising
 *   found.findings   { index, earliest, kind, features, contents } for each one that is left out
 *
 * *Exact*: the same bytes, by SHA-256. *Near*: much closer to an earlier sample than to public content
 * (near.ts), by the cosine of the features without their constant last one or of the contents themselves,
 * where all have one length; for texts, of the vectors of n-grams that the backbone reads. A sample is
 * compared with those that are kept before it: whoever sends a copy of a copy gains nothing by the chain.
 * Without a reference only exact duplicates are found.
 *
 * Cosines run in blocks on the engine (float32, any provider) and whatever comes within a hair of the limit
 * is decided from integer sums: **reproducible** by whoever holds the contents. That a near-duplicate is a
 * copy, and not two people who write alike, is **governed**: {@link NEAR} was chosen on digits of known
 * writers so that hardly an honest one is taken for a copy (`duplicates.honest.flagged` in the benchmarks).
 *
 * What it does not see: a picture that was shifted, turned or redrawn, a text that was reworded. Whether that
 * is new is for validators.
 */
import type { SessionOptions } from "../engine/ort.ts";
import { sha256 } from "../store.ts";
import { cosine } from "./cosines.ts";
import { type Measure, nearDuplicates } from "./near.ts";

/**
 * Near is a distance `1 − cosine` of at most this part of the distance to public content (near.ts).
 * Features tell copies apart less well than contents do, so theirs is the smaller part.
 */
export const NEAR = { features: 0.07, contents: 0.16 } as const;

/** Vectors of fewer values tell nothing apart: with three features most samples would have a twin. */
const FEWEST_FEATURES = 15;

/** A sample that an earlier one already holds. */
export type Duplicate = {
  /** Position of the sample in the list that was looked at. */
  readonly index: number;
  /** Position of the earliest kept sample that it repeats: whose contributor keeps the credit. */
  readonly earliest: number;
  readonly kind: "exact" | "near";
  /** Cosine with the earliest one's features, without the constant one. */
  readonly features: number;
  /** Cosine with the earliest one's content; absent where lengths differ. */
  readonly contents?: number;
};

/** What is kept, in order, and what is not, with who has the earliest. */
export type Duplicates = { readonly kept: readonly number[]; readonly findings: readonly Duplicate[] };

/** Contents and their features, `n × d` row-major; the last feature is the constant one. */
export type Featured = {
  readonly contents: readonly Uint8Array[];
  readonly features: Int8Array;
  /**
   * Bytes of one length that stand for the contents where their likeness is looked at: a text's n-grams,
   * which the backbone reads. The contents themselves where absent.
   */
  readonly vectors?: readonly Uint8Array[];
};

/** Samples in the order in which they arrived; the public ones in any order. */
export type DuplicateInput = Featured & { readonly d: number; readonly reference?: Featured };

/**
 * Finds duplicates.
 *
 * @example
 * ```ts
 * const { kept } = await findDuplicates({ contents, features, d: 32, reference });
 * const honest = kept.map((i) => samples[i]);
 * ```
 * @throws DuplicateInputError when features and contents do not fit together.
 */
export async function findDuplicates(
  input: DuplicateInput,
  options: SessionOptions = {},
): Promise<Duplicates> {
  checkInput(input, input.d);
  if (input.reference !== undefined) checkInput(input.reference, input.d);
  const exact = exactDuplicates(input.contents);
  const candidates = input.contents.map((_, i) => i).filter((i) => !exact.has(i));
  const near = await nearDuplicates(candidates, measuresOf(input), options);
  const findings: Duplicate[] = [];
  const kept: number[] = [];
  for (let index = 0; index < input.contents.length; index++) {
    const same = exact.get(index);
    // What an exact copy repeats may itself repeat a yet earlier sample.
    const earliest = same === undefined ? near.get(index) : (near.get(same) ?? same);
    if (earliest === undefined) kept.push(index);
    else findings.push(finding(input, index, earliest, same === undefined ? "near" : "exact"));
  }
  return { kept, findings };
}

/** What is compared: features always, contents where all have one length; nothing without a reference. */
function measuresOf({ features, d, reference, ...own }: DuplicateInput): Measure[] {
  if (reference === undefined || reference.contents.length < 2) return [];
  const contents = own.vectors ?? own.contents;
  const known = reference.vectors ?? reference.contents;
  const size = contents[0]?.length ?? 0;
  const even = [...contents, ...known].every((content) => content.length === size);
  const byFeatures: Measure = {
    type: "int8",
    size: d - 1,
    row: (i) => featuresAt(features, i, d),
    reference: reference.contents.map((_, i) => featuresAt(reference.features, i, d)),
    part: NEAR.features,
  };
  const byContents: Measure = {
    type: "uint8",
    size,
    row: (i) => contents[i] as Uint8Array,
    reference: known,
    part: NEAR.contents,
  };
  return [
    ...(d > FEWEST_FEATURES ? [byFeatures] : []),
    ...(even && size > FEWEST_FEATURES ? [byContents] : []),
  ];
}

function featuresAt(features: Int8Array, index: number, d: number): Int8Array {
  return features.subarray(index * d, (index + 1) * d - 1);
}

function finding(
  { contents: own, vectors, features, d }: DuplicateInput,
  index: number,
  earliest: number,
  kind: Duplicate["kind"],
): Duplicate {
  const contents = vectors ?? own;
  const [a, b] = [contents[index] as Uint8Array, contents[earliest] as Uint8Array];
  return {
    index,
    earliest,
    kind,
    features: cosine(featuresAt(features, index, d), featuresAt(features, earliest, d)),
    ...(a.length === b.length ? { contents: cosine(a, b) } : {}),
  };
}

/** For each later copy, the first sample with the same bytes. */
function exactDuplicates(contents: readonly Uint8Array[]): Map<number, number> {
  const first = new Map<string, number>();
  const out = new Map<number, number>();
  contents.forEach((content, index) => {
    const digest = sha256(content);
    const earliest = first.get(digest);
    if (earliest === undefined) first.set(digest, index);
    else out.set(index, earliest);
  });
  return out;
}

function checkInput({ contents, features }: Featured, d: number): void {
  if (d < 2 || features.length !== contents.length * d) {
    throw new DuplicateInputError(
      `${features.length} features do not fit ${contents.length} samples of ${d}: compute them again.`,
    );
  }
}

/** Features that are not those of the contents. */
export class DuplicateInputError extends Error {
  override readonly name = "Duplicates.InputError";
}
