import { beforeAll, describe, expect, it } from "vitest";
import { recordScores } from "../../../prover/algebra.ts";
import { codeFits } from "../../../prover/codes.ts";
import { recordLeaf } from "../../../prover/commitments.ts";
import { toField } from "../../../prover/field.ts";
import { loadProfile } from "../../../prover/profile.ts";
import { answeredRecord, idleWeights, randomFrom, SEED } from "../cases.ts";
import { accepts, type Bench, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

/** One query is a small circuit, so the real size is affordable here: 77 classes in 16 outputs. */
const profile = loadProfile("tickets32");
const { d, m, classes, words } = profile;

describe(`CodedQuery at full size (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const w = random.list(d * m, profile.wBits);
  const drawn = answeredRecord(random, w, profile);
  // A feature or a fee of 0 would leave what it multiplies loose.
  const features = drawn.features.map((h) => h || 1);
  const fits = codeFits(recordScores(features, w, m), words, profile.scaleBits);
  const klass = fits.indexOf(fits.reduce((best, fit) => (fit > best ? fit : best)));
  const record = { ...drawn, features, klass, weight: drawn.weight || 1 };
  const input = {
    w: Array.from({ length: d }, (_, j) =>
      w.slice(j * m, (j + 1) * m).map((value) => toField(value).toString()),
    ),
    features: Array.from(record.features, (h) => toField(BigInt(h)).toString()),
    klass: String(record.klass),
    digest: record.digest.toString(),
    salt: record.salt.toString(),
    fee: String(record.weight),
  };
  let circuit: Bench;
  beforeAll(async () => {
    const call = `CodedQuery(${d}, ${m}, ${classes}, ${JSON.stringify(words)}, 28, 28, 16, 45)`;
    circuit = await openSource("lib-coded-query", mainOf("circuits/lib/coded-query.circom", call));
  });

  it("has exactly its rows: fee, leaf, scores, word, best fit, fee by output, what it adds", () => {
    const leaf = 32 * 9 + 2 + (classes + 2) + 3 * (8 * 7 + 63) - 1 + 6;
    const fit = m + 1 + classes * (1 + 46);
    expect(circuit.artifact.rows).toBe(17 + leaf + d * m + m + fit + m + d * m);
  });

  it("accepts the model's answer, with TypeScript's leaf and fee·h·wordᵀ", async () => {
    const witness = await prove(circuit, input);
    expect(violations(circuit.system, witness)).toEqual([]);
    expect(witness[1]).toBe(recordLeaf(record, profile));
    const added = Array.from({ length: d * m }, (_, i) => {
      const value = words[record.klass]?.[i % m] as number;
      return BigInt(record.weight * (record.features[Math.floor(i / m)] as number) * value);
    });
    expect(witness.slice(2, 2 + d * m)).toEqual(added.map(toField));
    expect(new Set(looseWires(circuit.system, witness))).toEqual(idleWeights(record, m));
  });

  it("rejects a fee of 17 bits, a feature of 9, and a class beyond the last", async () => {
    expect(await accepts(circuit, { ...input, fee: "65536" })).toBe(false);
    expect(await accepts(circuit, { ...input, features: ["128", ...input.features.slice(1)] })).toBe(false);
    expect(await accepts(circuit, { ...input, klass: String(classes) })).toBe(false);
  });

  it("refuses the forged witness of any class but the nearest, by the leads of better ones", async () => {
    const ranks = [...fits.keys()].sort((a, b) => ((fits[b] as bigint) < (fits[a] as bigint) ? -1 : 1));
    for (const rank of [1, 2, classes - 1]) {
      const found = await refusals(circuit, { input: { ...input, klass: String(ranks[rank]) } });
      expect(found.length).toBe(rank);
      expectOnly(found, /^main\.BestFit#0\.(leads\[\d+\]|UnsignedRange)/);
    }
  });

  it("refuses the forged witness of a word that is not the class' own", async () => {
    const change = { from: "word[j] <== sum;", to: "word[j] <== (j == 3 ? -sum : sum);" };
    const found = await refusals(circuit, { input, changes: [change] });
    expect(found.some(({ signals }) => signals.some((name) => /word\[3\]$/.test(name)))).toBe(true);
  });
});
