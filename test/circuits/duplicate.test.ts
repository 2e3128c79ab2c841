import { beforeAll, describe, expect, it } from "vitest";
import { batchRoot, type DataRecord, nullLeaf, nullRecord, recordLeaf } from "../../prover/commitments.ts";
import { FIELD } from "../../prover/field.ts";
import { loadProfile } from "../../prover/profile.ts";
import { publicSignals } from "../../prover/statements.ts";
import { duplicateWitness, type RecordInBatch } from "../../prover/witness-duplicate.ts";
import { type Random, randomFrom, SEED, sampleRecord } from "./cases.ts";
import { accepts, type Bench, expectOnly, openCircuit, patch, prove, refusals } from "./harness.ts";
import { looseWires, violations } from "./system.ts";

const profile = loadProfile("tiny");
const OWN_ROOTS = { rootEarlier: "main.openedEarlier", rootLater: "main.openedLater" };

/** A batch of `count` records whose record at `place` has this digest. */
function batchWith(random: Random, digest: bigint, place: number, count = profile.batchRecords) {
  const records: DataRecord[] = Array.from({ length: count }, (_, i) => ({
    ...sampleRecord(random, profile),
    ...(i === place ? { digest } : {}),
  }));
  return { records, at: inBatch(records, place) };
}

function inBatch(records: readonly DataRecord[], place: number): RecordInBatch {
  const leaves = records.map((record) => recordLeaf(record, profile));
  return { leaves, place, record: records[place] as DataRecord };
}

describe(`duplicate (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const digest = random.unsigned(248);
  const earlier = batchWith(random, digest, 1);
  const later = batchWith(random, digest, 3);
  const challenger = random.unsigned(160);
  const honest = duplicateWitness({ profile, earlier: earlier.at, later: later.at, challenger });
  const { input, statement } = honest;
  // One batch that holds a content twice.
  const twice = [...later.records];
  twice[0] = { ...sampleRecord(random, profile), digest };
  const within = duplicateWitness({
    profile,
    earlier: inBatch(twice, 0),
    later: inBatch(twice, 3),
    challenger,
  });
  let circuit: Bench;

  beforeAll(async () => {
    circuit = await openCircuit("tiny", "duplicate");
  });

  it("has exactly this many rows", () => {
    expect(circuit.artifact.rows).toBe(1941);
    expect(circuit.artifact.publicCount).toBe(3);
  });

  it("accepts duplicates in two batches and in one, at the same publics as TypeScript", async () => {
    const short = batchWith(random, digest, 0, 1);
    const padded = duplicateWitness({ profile, earlier: short.at, later: later.at, challenger: 0n });
    for (const each of [honest, within, padded]) {
      const witness = await prove(circuit, each.input);
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(witness.slice(1, 4)).toEqual(
        publicSignals({ circuit: "duplicate", ...each.statement }, profile),
      );
    }
    expect(within.statement.rootEarlier).toBe(within.statement.rootLater);
    expect(padded.statement.rootEarlier).toBe(
      batchRoot([...short.at.leaves, ...new Array<bigint>(4).fill(nullLeaf(profile))], profile),
    );
  });

  it("rejects every public input that is off by one, but takes any challenger", async () => {
    for (const name of ["rootEarlier", "rootLater"] as const) {
      const other = (statement[name] + 1n) % FIELD;
      expect(await accepts(circuit, patch(input, { [name]: other })), name).toBe(false);
    }
    expect(await accepts(circuit, patch(input, { challenger: challenger + 1n }))).toBe(true);
  });

  it("binds the challenger: another one is another statement, in a row of the system", async () => {
    const witness = await prove(circuit, input);
    const forged = witness.map((value, i) => (i === 3 ? value + 1n : value));
    const found = violations(circuit.system, forged);
    expect(found.length).toBe(1);
    expectOnly(found, /^main\.challenger$/);
  });

  it("rejects places beyond the batch", async () => {
    for (const place of [BigInt(profile.batchRecords), FIELD - 1n])
      expect(await accepts(circuit, patch(input, { "place[0]": place }))).toBe(false);
  });

  it("leaves no wire loose but the factor that nothing is multiplied with, where the roots are one", async () => {
    expect(looseWires(circuit.system, await prove(circuit, input))).toEqual([]);
    expect(looseWires(circuit.system, await prove(circuit, within.input))).toEqual(["main.factor"]);
  });

  describe("refuses the forged witness of", () => {
    it("an honest prover not at all (so that what follows is about the forgery)", async () => {
      expect(await refusals(circuit, { input, publish: OWN_ROOTS })).toEqual([]);
      expect(await refusals(circuit, { input: within.input, publish: OWN_ROOTS })).toEqual([]);
    });

    it("one record shown as its own duplicate", async () => {
      const forged = {
        ...within.input,
        place: ["3", "3"],
        packed: [at(within.input.packed, 1), at(within.input.packed, 1)],
        klass: [at(within.input.klass, 1), at(within.input.klass, 1)],
        salt: [at(within.input.salt, 1), at(within.input.salt, 1)],
      };
      const found = await refusals(circuit, { input: forged, publish: OWN_ROOTS });
      expect(found.length).toBe(1);
      expectOnly(found, /^main\.samePlace$|^main\.factor$/);
      // A factor of the forger's choice does not help: 0 times anything is not 1.
      const changes = [
        {
          from: "factor <-- rootEarlier == rootLater ? 0 : samePlace / (rootEarlier - rootLater);",
          to: "factor <-- 1;",
        },
      ];
      expect((await refusals(circuit, { input: forged, publish: OWN_ROOTS, changes })).length).toBe(1);
    });

    it("another digest than the earlier record's, or the later one's", async () => {
      const found = await refusals(circuit, {
        input: patch(input, { digest: (digest + 1n) % FIELD }),
        publish: OWN_ROOTS,
      });
      expect(found.length).toBe(2);
      expectOnly(found, /^main\.(opened|found)\[\d\]$|^main\.Hash#\d/);
      for (const [s, batch] of [earlier, later].entries()) {
        const [place, other] = [batch.at.place, 2];
        expect(place).not.toBe(other);
        const found = await refusals(circuit, {
          input: patch(input, { [`place[${s}]`]: BigInt(other) }),
          publish: OWN_ROOTS,
        });
        expect(found.length).toBe(1);
      }
    });

    it("padding: a record of weight 0 that is in both batches", async () => {
      const short = (digestOf: bigint): RecordInBatch => batchWith(random, digestOf, 0, 2).at;
      const [a, b] = [short(1n), short(2n)];
      const pad = nullRecord(profile);
      const padding = duplicateOfPadding(a, b, pad);
      const found = await refusals(circuit, { input: padding, publish: OWN_ROOTS });
      expect(found.length).toBe(2);
    });

    it("leaves that are not the registered ones", async () => {
      const foreign = patch(input, { "leaves[0][4]": 7n });
      const found = await refusals(circuit, { input: foreign, publish: { rootLater: OWN_ROOTS.rootLater } });
      expectOnly(found, /^main\.rootEarlier$/);
      const other = patch(input, { "leaves[1][0]": 7n });
      const seen = await refusals(circuit, { input: other, publish: { rootEarlier: OWN_ROOTS.rootEarlier } });
      expectOnly(seen, /^main\.rootLater$/);
    });

    it("a place that is nowhere, so that any leaf could be found there", async () => {
      const changes = [{ from: "out[k] <-- in == k ? 1 : 0;", to: "out[k] <-- 0;" }];
      const found = await refusals(circuit, { input, publish: OWN_ROOTS, changes });
      expect(found.length).toBeGreaterThan(0);
    });

    it("a mixture of leaves instead of one of them", async () => {
      // Digits 2 and −1 sum to 1 too; each digit has to be 0 or 1 on its own.
      const changes = [
        {
          from: "out[k] <-- in == k ? 1 : 0;",
          to: "out[k] <-- k == 0 ? 2 - in : (k == 1 ? in - 1 : 0);",
        },
      ];
      const found = await refusals(circuit, { input, publish: OWN_ROOTS, changes });
      expect(found.length).toBeGreaterThan(0);
    });

    /** What a prover would send who passes padding off as a sample. */
    function duplicateOfPadding(a: RecordInBatch, b: RecordInBatch, pad: DataRecord) {
      const sample = { ...pad, weight: 1 };
      const leaves = (batch: RecordInBatch): string[] =>
        Array.from({ length: profile.batchRecords }, (_, i) => String(batch.leaves[i] ?? nullLeaf(profile)));
      const stand = (place: number): RecordInBatch => ({
        leaves: [0, 1, 2, 3, 4].map((i) => (i === place ? recordLeaf(sample, profile) : BigInt(i + 1))),
        place,
        record: sample,
      });
      const shape = duplicateWitness({ profile, earlier: stand(2), later: stand(3), challenger });
      return { ...shape.input, leaves: [leaves(a), leaves(b)] };
    }
  });
});

function at(value: unknown, index: number): string & string[] {
  return (value as unknown[])[index] as string & string[];
}
