import { beforeAll, describe, expect, it } from "vitest";
import { batchRoot, nullRecord, recordLeaf } from "../../prover/commitments.ts";
import { FIELD } from "../../prover/field.ts";
import { loadProfile } from "../../prover/profile.ts";
import { publicSignals } from "../../prover/statements.ts";
import type { CircuitInput } from "../../prover/witness.ts";
import { type SamplesInputs, samplesWitness } from "../../prover/witness-training.ts";
import { type Random, randomFrom, rhoOf, SEED, sampleRecord } from "./cases.ts";
import { accepts, type Bench, expectOnly, openCircuit, patch, prove, refusals } from "./harness.ts";
import { looseWires, violations } from "./system.ts";

const profile = loadProfile("tiny");
const { d, m, batchRecords } = profile;

/** What a forger publishes: the commitment, the root and the sums of what he holds himself. */
const OWN_PUBLICS = {
  commitV: "main.openedV",
  root: "main.openedRoot",
  count: "main.counted",
  g: "main.totalG",
  a: "main.totalA",
};

function without(...names: (keyof typeof OWN_PUBLICS)[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(OWN_PUBLICS).filter(([name]) => !names.some((left) => left === name)),
  );
}

function samplesCase(random: Random, count = batchRecords): SamplesInputs {
  return {
    profile,
    rho: rhoOf(random),
    w: random.list(d * m, profile.wBits),
    saltV: random.unsigned(248),
    // Not all of class 0, for that would leave ρ2 out of g.
    records: Array.from({ length: count }, (_, i) => ({
      ...sampleRecord(random, profile),
      klass: (i + 1) % m,
    })),
  };
}

describe(`samples (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const inputs = samplesCase(random);
  const { statement, input } = samplesWitness(inputs);
  const padded = samplesWitness({ ...inputs, records: inputs.records.slice(0, 3) });
  let circuit: Bench;
  const refused = (forged: CircuitInput, publish: Record<string, string> = OWN_PUBLICS) =>
    refusals(circuit, { input: forged, publish });

  beforeAll(async () => {
    circuit = await openCircuit("tiny", "samples");
  });

  it("has exactly this many rows", () => {
    expect(circuit.artifact.rows).toBe(3192);
    expect(circuit.artifact.publicCount).toBe(8);
  });

  it("accepts honest batches, full, padded and empty, at the same publics as TypeScript", async () => {
    for (const count of [batchRecords, 3, 1, 0]) {
      const honest = samplesWitness(samplesCase(random, count));
      const witness = await prove(circuit, honest.input);
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(witness.slice(1, 9)).toEqual(
        publicSignals({ circuit: "samples", ...honest.statement }, profile),
      );
    }
  });

  it("accepts the extremes of every range", async () => {
    const records = [-128, 127].map((h, klass) => ({
      ...nullRecord(profile),
      features: new Int8Array(d).fill(h),
      klass: klass * (m - 1),
      weight: 1,
    }));
    const top = (1n << 27n) - 1n;
    for (const w of [inputs.w.map(() => top), inputs.w.map(() => -top - 1n)]) {
      for (const rho of [inputs.rho, [0n, 0n, 0n], [FIELD - 1n, FIELD - 1n, FIELD - 1n]] as const) {
        expect(await accepts(circuit, samplesWitness({ ...inputs, rho, w, records }).input)).toBe(true);
      }
    }
  });

  it("rejects every public input that is off by one", async () => {
    const { rho1, rho2, rho3, ...rest } = statement;
    const publics = { "rho[0]": rho1, "rho[1]": rho2, "rho[2]": rho3, ...rest };
    for (const [name, value] of Object.entries(publics)) {
      expect(await accepts(circuit, patch(input, { [name]: (value + 1n) % FIELD })), name).toBe(false);
    }
  });

  it("leaves no wire loose: none can be changed on its own", async () => {
    expect(looseWires(circuit.system, await prove(circuit, input))).toEqual([]);
  });

  describe("refuses the forged witness of", () => {
    it("an honest prover not at all (so that what follows is about the forgery)", async () => {
      expect(await refused(input)).toEqual([]);
      expect(await refused(padded.input)).toEqual([]);
    });

    it("padding that carries features", async () => {
      for (const feature of ["features[3][0]", "features[4][3]"]) {
        for (const value of [1n, 127n, FIELD - 128n]) {
          const found = await refused(patch(padded.input, { [feature]: value }));
          expect(found.length).toBe(1);
          expectOnly(found, /^main\.weight\[[34]\]$/);
        }
      }
    });

    it("padding that carries a class", async () => {
      const found = await refused(patch(padded.input, { "klass[4]": 1n }));
      expect(found.length).toBe(1);
      expectOnly(found, /^main\.weight\[4\]$/);
    });

    it("a sample that is not counted", async () => {
      const found = await refused(patch(input, { "weight[1]": 0n }));
      expectOnly(found, /^main\.weight\[1\]$/);
    });

    it("a weight other than 0 and 1", async () => {
      for (const weight of [2n, FIELD - 1n, (FIELD + 1n) / 2n]) {
        const found = await refused(patch(input, { "weight[2]": weight }));
        expect(found.some(({ signals }) => signals.join() === "main.weight[2]")).toBe(true);
        expectOnly(found, /^main\.weight\[2\]$/);
      }
    });

    it("two odd weights that make the count right", async () => {
      const found = await refused(patch(input, { "weight[0]": 2n, "weight[1]": 0n }));
      expectOnly(found, /^main\.weight\[[01]\]$/);
    });

    it("a count that is off by one", async () => {
      for (const by of [1n, -1n]) {
        const found = await refused(patch(input, { count: statement.count + by }), without("count"));
        expect(found.length).toBe(1);
        expectOnly(found, /^main\.count$/);
      }
    });

    it("a feature out of int8", async () => {
      for (const feature of [128n, FIELD - 129n]) {
        const found = await refused(patch(input, { "features[0][2]": feature }));
        expect(found.length).toBe(1);
        expectOnly(found, /RecordLeaf#0\.PackSigned#0\.SignedRange#0\[2\]/);
      }
    });

    it("features out of int8 that pack as others do", async () => {
      // 256 more in one place and 1 less in the next: the same leaf, hence the same root.
      const [first, second] = [3, 5];
      const records = inputs.records.map((record, i) =>
        i === 0 ? { ...record, features: Int8Array.of(first, second, 0, 64) } : record,
      );
      const honest = samplesWitness({ ...inputs, records });
      const forged = { "features[0][0]": BigInt(first + 256), "features[0][1]": BigInt(second - 1) };
      const found = await refused(patch(honest.input, forged), without("root"));
      expect(found.length).toBe(1);
      expectOnly(found, /RecordLeaf#0\.PackSigned#0\.SignedRange#0\[0\]/);
    });

    it("a class out of range", async () => {
      for (const klass of [BigInt(m), FIELD - 1n]) {
        const found = await refused(patch(input, { "klass[0]": klass }));
        expectOnly(found, /^main\.(klass\[0\]|Sample#0\[0\]\.(isClass|RecordLeaf#0\.(isClass|OneHot#0)))/);
      }
    });

    it("a class marked elsewhere than its leaf says", async () => {
      const records = inputs.records.map((record) => ({ ...record, klass: 1 }));
      const found = await refusals(circuit, {
        input: samplesWitness({ ...inputs, records }).input,
        publish: OWN_PUBLICS,
        changes: [{ from: "in == k ? 1 : 0;", to: "(k == 2 ? 1 : 0);" }],
      });
      expect(found.length).toBe(batchRecords);
      expectOnly(found, /^main\.klass\[\d\]$/);
    });

    it("another v than the committed", async () => {
      const found = await refused(patch(input, { "v[1]": 1n }), without("commitV"));
      expectOnly(found, /^main\.commitV$/);
      expectOnly(await refused(patch(input, { saltV: 1n }), without("commitV")), /^main\.commitV$/);
    });

    it("sums g and a that are off by one", async () => {
      for (const name of ["g", "a"] as const) {
        const found = await refused(patch(input, { [name]: (statement[name] + 1n) % FIELD }), without(name));
        expect(found.length).toBe(1);
        expectOnly(found, new RegExp(`^main\\.${name}$`));
      }
    });

    it("a sample's addition that is off by one", async () => {
      const lies = [
        ["a <== atRho1 * atRho3;", "a <== atRho1 * atRho3 + 1;"],
        ["g <== atRho1 * (2**scaleBits * target - answered);", "g <== atRho1 * 2**scaleBits * target;"],
      ] as const;
      for (const [from, to] of lies) {
        const found = await refusals(circuit, { input, publish: OWN_PUBLICS, changes: [{ from, to }] });
        expect(found.length).toBe(batchRecords);
        expectOnly(found, /^main\.added[AG]\[\d\]$/);
      }
    });

    it("other records than those behind the root: changed, left out, put in, exchanged", async () => {
      const [first, second, ...others] = inputs.records as [
        ReturnType<typeof nullRecord>,
        ReturnType<typeof nullRecord>,
        ...ReturnType<typeof nullRecord>[],
      ];
      const relabelled = { ...first, klass: (first.klass + 1) % m };
      const batches = [
        [relabelled, second, ...others],
        [first, ...others],
        [first, first, ...others],
        [second, first, ...others],
        [sampleRecord(random, profile), second, ...others],
      ];
      for (const records of batches) {
        const forged = samplesWitness({ ...inputs, records });
        expect(forged.statement.root).not.toBe(statement.root);
        const found = await refused(patch(forged.input, { root: statement.root }), without("root"));
        expectOnly(found, /^main\.root$/);
      }
      expect(
        batchRoot(
          inputs.records.map((record) => recordLeaf(record, profile)),
          profile,
        ),
      ).toBe(statement.root);
    });

    it("another ρ", async () => {
      for (const name of ["rho[0]", "rho[1]", "rho[2]"]) {
        expectOnly(await refused(patch(input, { [name]: 7n }), without("g", "a")), /^main\.[ga]$/);
      }
    });
  });
});
