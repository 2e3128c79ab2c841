// What the code changes: the answer, the word, and Q. Everything else is the code of `inference`, line by
// line, and is forged in that circuit's test.
import { beforeAll, describe, expect, it } from "vitest";
import { recordScores } from "../../../prover/algebra.ts";
import { codeFits } from "../../../prover/codes.ts";
import type { DataRecord } from "../../../prover/commitments.ts";
import { FIELD } from "../../../prover/field.ts";
import { loadProfile } from "../../../prover/profile.ts";
import { publicSignals } from "../../../prover/statements.ts";
import { type CircuitInput, inferenceWitness, WitnessArgmaxError } from "../../../prover/witness.ts";
import { inferenceCase, randomFrom, SEED } from "../cases.ts";
import {
  accepts,
  type Bench,
  type Change,
  expectOnly,
  openCircuit,
  patch,
  prove,
  refusals,
} from "../harness.ts";
import { looseWires, violations } from "../system.ts";

const profile = loadProfile("tiny-codes");
const { d, m, classes, words, scaleBits } = profile;

/** What a forger publishes: the openings and the root of what he holds himself. */
const OWN_PUBLICS = {
  commitW: "main.openedW",
  commitQIn: "main.openedQIn",
  commitQOut: "main.openedQOut",
  receiptsRoot: "main.root",
};

describe(`inference with a code (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const drawn = inferenceCase(random, profile);
  const inputs = { ...drawn, records: drawn.records.map(answeredByWord) };
  const { statement, input } = inferenceWitness(inputs);
  let circuit: Bench;

  /** Of class 1 or above, whose words are not zero, so that every wire counts. */
  function answeredByWord(record: DataRecord): DataRecord {
    const features = record.features.map((h) => h || 1);
    const fits = codeFits(recordScores(features, drawn.w, m), words, scaleBits);
    const klass = fits.reduce((best, fit, k) => (fit > (fits[best] as bigint) ? k : best), 0);
    return { ...record, features, klass, weight: record.weight || 1 };
  }

  beforeAll(async () => {
    circuit = await openCircuit("tiny-codes", "inference");
  });

  it("has exactly this many rows", () => {
    expect(circuit.artifact.rows).toBe(5623);
    expect(circuit.artifact.publicCount).toBe(6);
  });

  it("accepts honest batches, full and padded, at the same publics as TypeScript", async () => {
    for (const count of [profile.queries, 1, 0]) {
      const honest = inferenceWitness(inferenceCase(random, profile, count));
      const witness = await prove(circuit, honest.input);
      expect(violations(circuit.system, witness)).toEqual([]);
      const publics = publicSignals({ circuit: "inference", ...honest.statement }, profile);
      expect(witness.slice(1, 7)).toEqual(publics);
    }
  });

  it("rejects every public input that is off by one", async () => {
    for (const [name, value] of Object.entries(statement)) {
      expect(await accepts(circuit, patch(input, { [name]: (value + 1n) % FIELD })), name).toBe(false);
    }
  });

  it("leaves no wire loose: none can be changed on its own", async () => {
    expect(looseWires(circuit.system, await prove(circuit, input))).toEqual([]);
  });

  it("accepts either of two classes at the same distance", async () => {
    // Scores of (2^29, 0, 0): the corners (1, 1, 1) and (1, −1, −1) are nearest, and equally near.
    const w = Array.from({ length: d * m }, (_, i) => (i === 0 ? 1n << 27n : 0n)).map((value) => value - 1n);
    const even = w.map((value, i) => (i === 0 ? value : 0n));
    const features = Int8Array.from({ length: d }, (_, j) => (j === 0 ? 4 : 0));
    for (const klass of [1, 2]) {
      const records = [{ features, klass, digest: 1n, salt: 2n, weight: 3 }];
      expect(await accepts(circuit, inferenceWitness({ ...inputs, w: even, records }).input)).toBe(true);
    }
    const records = [{ features, klass: 3, digest: 1n, salt: 2n, weight: 3 }];
    expect(() => inferenceWitness({ ...inputs, w: even, records })).toThrow(WitnessArgmaxError);
  });

  it("accepts the extremes of every range", async () => {
    const [low, high] = [-(1n << 27n), (1n << 27n) - 1n];
    const qTop = (1n << 31n) - 1n;
    const w = Array.from({ length: d }, () => [low, high, high]).flat();
    const records = [-128, 127].map((h) => {
      const features = new Int8Array(d).fill(h);
      const fits = codeFits(recordScores(features, w, m), words, scaleBits);
      const klass = fits.indexOf(fits.reduce((best, fit) => (fit > best ? fit : best)));
      return { features, klass, digest: 0n, salt: 0n, weight: 65535 };
    });
    const qIn = Array.from({ length: d }, () => [qTop >> 1n, -qTop >> 1n, 0n]).flat();
    expect(await accepts(circuit, inferenceWitness({ ...inputs, w, qIn, records }).input)).toBe(true);
  });

  describe("refuses the forged witness of", () => {
    const refused = (forged: CircuitInput, changes: readonly Change[] = []) =>
      refusals(circuit, { input: forged, publish: OWN_PUBLICS, changes });

    it("an honest prover not at all (so that what follows is about the forgery)", async () => {
      expect(await refused(input)).toEqual([]);
    });

    it("a class whose word does not fit best, by the leads of those that fit better", async () => {
      const [record] = inputs.records as [DataRecord];
      const fits = codeFits(recordScores(record.features, inputs.w, m), words, scaleBits);
      for (let klass = 0; klass < classes; klass++) {
        const better = fits.filter((fit) => fit > (fits[klass] as bigint)).length;
        const found = await refused(patch(input, { "klass[0]": BigInt(klass) }));
        expect(found.length).toBe(better);
        if (better > 0) expectOnly(found, /^main\.CodedQuery#0\[0\]\.BestFit#0\./);
      }
    });

    it("a class out of range", async () => {
      for (const klass of [BigInt(classes), FIELD - 1n]) {
        const found = await refused(patch(input, { "klass[0]": klass }));
        expect(found.some(({ signals }) => signals.includes("main.klass[0]"))).toBe(true);
      }
    });

    it("two marks whose indices add up to the class: a word that no class has", async () => {
      const to = "(k == 1 || k == 3 ? 1 : 0)";
      const four = inputs.records.map((record) => ({ ...record, klass: 4 }));
      const flat = {
        ...inputs,
        w: inputs.w.map(() => 0n),
        records: four.map((one) => ({ ...one, klass: 0 })),
      };
      const honest = inferenceWitness(flat).input;
      const forged = patch(honest, Object.fromEntries(four.map((_, i) => [`klass[${i}]`, 4n])));
      const found = await refused(forged, [{ from: "in == k ? 1 : 0", to }]);
      expect(found.filter(({ signals }) => signals.every((name) => /isClass\[\d\]$/.test(name))).length).toBe(
        profile.queries, // Σ marks = 1, once a query
      );
    });

    it("a wrong row of the table: another word for the class answered", async () => {
      const found = await refused(input, [
        { from: "word[j] <== sum;", to: "word[j] <== (j == 1 ? -sum : sum);" },
      ]);
      const broken = found.filter(({ signals }) => signals.some((name) => /word\[1\]$/.test(name)));
      expect(broken.length).toBe(inputs.records.filter(({ klass }) => klass !== 0).length);
    });

    it("a Q_out that counts the class and not its word", async () => {
      const found = await refused(input, [
        { from: "feeOf[j] <== fee * word[j];", to: "feeOf[j] <== fee * (j == 0 ? 1 : 0);" },
      ]);
      expectOnly(found, /^main\.CodedQuery#0\[\d\]\.feeOf\[\d\]$/);
    });
  });
});
