import { describe, expect, it } from "vitest";
import { batchRoot, type DataRecord, recordLeaf } from "../../prover/commitments.ts";
import { loadProfile } from "../../prover/profile.ts";
import { duplicateWitness, findDuplicate, WitnessDuplicateError } from "../../prover/witness-duplicate.ts";
import { randomFrom, SEED, sampleRecord } from "../circuits/cases.ts";

const profile = loadProfile("tiny");

describe(`witness of a duplicate (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const some = (count: number): DataRecord[] =>
    Array.from({ length: count }, () => sampleRecord(random, profile));
  const at = (records: readonly DataRecord[], place: number) => ({
    leaves: records.map((record) => recordLeaf(record, profile)),
    place,
    record: records[place] as DataRecord,
  });
  const earlier = some(4);
  const later = [...some(2), { ...sampleRecord(random, profile), digest: (earlier[1] as DataRecord).digest }];

  it("states the roots and the challenger, and pads the leaves", () => {
    const built = duplicateWitness({ profile, earlier: at(earlier, 1), later: at(later, 2), challenger: 9n });
    expect(built.statement).toEqual({
      rootEarlier: batchRoot(at(earlier, 1).leaves, profile),
      rootLater: batchRoot(at(later, 2).leaves, profile),
      challenger: 9n,
    });
    expect((built.input.leaves as string[][]).map((leaves) => leaves.length)).toEqual([5, 5]);
  });

  it("is refused for what no proof could show, with the reason", () => {
    const build = (a = at(earlier, 1), b = at(later, 2)) =>
      duplicateWitness({ profile, earlier: a, later: b, challenger: 0n });
    const cases: Array<[() => unknown, RegExp]> = [
      [() => build(at(earlier, 0)), /contents differ/],
      [() => build(at(earlier, 1), at(earlier, 1)), /one and the same/],
      [() => build({ ...at(earlier, 1), place: 2 }), /earlier record is not the one at place 2/],
      [() => build(at(earlier, 1), { ...at(later, 2), place: 7 }), /later record is not the one at place 7/],
      [() => build({ ...at(earlier, 1), record: { ...(earlier[1] as DataRecord), weight: 2 } }), /no sample/],
    ];
    for (const [work, reason] of cases) {
      expect(work).toThrow(WitnessDuplicateError);
      expect(work).toThrow(reason);
    }
  });

  it("is found where the records are known", () => {
    expect(findDuplicate(later, earlier)).toEqual({ earlier: 1, later: 2 });
    expect(findDuplicate(earlier)).toBeUndefined();
    expect(findDuplicate(some(3), earlier)).toBeUndefined();
    const twice = [
      ...earlier,
      { ...sampleRecord(random, profile), digest: (earlier[3] as DataRecord).digest },
    ];
    expect(findDuplicate(twice)).toEqual({ earlier: 3, later: 4 });
    // Padding and queries are no samples.
    const unpaid = twice.map((record, i) => (i === 4 ? { ...record, weight: 0 } : record));
    expect(findDuplicate(unpaid)).toBeUndefined();
  });
});
