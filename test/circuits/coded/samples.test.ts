// What the code changes: the target. Everything else is the code of `samples`, line by line, and is forged in
// that circuit's test.
import { beforeAll, describe, expect, it } from "vitest";
import { nullRecord } from "../../../prover/commitments.ts";
import { FIELD } from "../../../prover/field.ts";
import { loadProfile } from "../../../prover/profile.ts";
import { publicSignals } from "../../../prover/statements.ts";
import type { CircuitInput } from "../../../prover/witness.ts";
import { type SamplesInputs, samplesWitness } from "../../../prover/witness-training.ts";
import { type Random, randomFrom, rhoOf, SEED, sampleRecord } from "../cases.ts";
import { accepts, type Bench, expectOnly, openCircuit, patch, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

const profile = loadProfile("tiny-codes");
const { d, m, classes, batchRecords } = profile;

/** What a forger publishes: the commitment, the root and the sums of what he holds himself. */
const OWN_PUBLICS = {
  commitV: "main.openedV",
  root: "main.openedRoot",
  count: "main.counted",
  g: "main.totalG",
  a: "main.totalA",
};

function samplesCase(random: Random, count = batchRecords): SamplesInputs {
  return {
    profile,
    rho: rhoOf(random),
    w: random.list(d * m, profile.wBits),
    saltV: random.unsigned(248),
    // Not of class 0, whose word is zero: that would leave ρ2 out of g.
    records: Array.from({ length: count }, (_, i) => ({
      ...sampleRecord(random, profile),
      klass: 1 + (i % (classes - 1)),
    })),
  };
}

describe(`samples with a code (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const inputs = samplesCase(random);
  const { statement, input } = samplesWitness(inputs);
  const padded = samplesWitness({ ...inputs, records: inputs.records.slice(0, 3) });
  let circuit: Bench;
  const refused = (forged: CircuitInput, publish: Record<string, string> = OWN_PUBLICS) =>
    refusals(circuit, { input: forged, publish });

  beforeAll(async () => {
    circuit = await openCircuit("tiny-codes", "samples");
  });

  it("has exactly this many rows", () => {
    expect(circuit.artifact.rows).toBe(3207);
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
      klass: klass * (classes - 1),
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

    it("padding that carries a class", async () => {
      const found = await refused(patch(padded.input, { "klass[4]": 1n }));
      expect(found.length).toBe(1);
      expectOnly(found, /^main\.weight\[4\]$/);
    });

    it("a class out of range", async () => {
      for (const klass of [BigInt(classes), FIELD - 1n]) {
        const found = await refused(patch(input, { "klass[0]": klass }));
        expectOnly(
          found,
          /^main\.(klass\[0\]|CodedSample#0\[0\]\.(isClass|RecordLeaf#0\.(isClass|OneHot#0)))/,
        );
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

    it("two marks whose indices add up to the class: a word that no class has", async () => {
      const found = await refusals(circuit, {
        input: samplesWitness({ ...inputs, records: inputs.records.map((one) => ({ ...one, klass: 4 })) })
          .input,
        publish: OWN_PUBLICS,
        changes: [{ from: "in == k ? 1 : 0;", to: "(k == 1 || k == 3 ? 1 : 0);" }],
      });
      expect(found.length).toBe(batchRecords); // Σ marks = 1
      expectOnly(found, /isClass\[\d\]$/);
    });

    it("a wrong row of the table: another word for the sample's class", async () => {
      const from =
        "var sum = 0;\n        for (var k = 0; k < classes; k++) sum += words[k][j] * isClass[k];\n        if";
      const to = from.replace(
        "words[k][j] * isClass[k];",
        "words[k][j] * isClass[k]; sum = j == 1 ? -sum : sum;",
      );
      const found = await refusals(circuit, { input, publish: OWN_PUBLICS, changes: [{ from, to }] });
      expect(found.length).toBeGreaterThan(0);
      expectOnly(found, /CodePolynomial#0\.(partial\[\d\]|out)$|target$/);
    });
  });
});
