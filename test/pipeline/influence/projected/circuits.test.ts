// Projected gradients of a whole network in the algebra that circuits prove: reduced to a profile's d, with
// one class. The statements are the head's, and so are the circuits; only m is 1.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { adjoint } from "../../../../pipeline/influence/adjoint.ts";
import { openProjector } from "../../../../pipeline/influence/projected/features.ts";
import { InfluenceInputError, openInfluence } from "../../../../pipeline/influence/projected/influence.ts";
import { randomProjections } from "../../../../pipeline/influence/projected/projections.ts";
import {
  fitReduction,
  ReductionError,
  reduceFeatures,
} from "../../../../pipeline/influence/projected/reduce.ts";
import { queriesMatrix } from "../../../../pipeline/influence/queries.ts";
import { scores, weights as weightsOf } from "../../../../pipeline/influence/scores.ts";
import { cholesky, solveLower, solveLowerTransposed } from "../../../../pipeline/model/dense.ts";
import { fitModel } from "../../../../pipeline/model/model.ts";
import { seededRandom } from "../../../../pipeline/random.ts";
import { compileSource } from "../../../../prover/artifacts.ts";
import { type VerifyingKey, verifyProof } from "../../../../prover/groth16.ts";
import {
  adjointWitness,
  type CircuitInput,
  type DataRecord,
  emptyQueries,
  inferenceWitness,
  loadProfile,
  prove,
  publicSignals,
  type Statement,
  weightsWitness,
} from "../../../../prover/index.ts";
import { writeLocalKeys } from "../../../../prover/keys/local.ts";
import { mainSource } from "../../../../prover/profile.ts";
import { SIZES, smallNetwork, smallSamples } from "./nets.ts";

/** The tiny profile with one class: every target is "more of this output". */
const profile = { ...loadProfile("tiny"), m: 1, classes: 1, words: [[1]] };
const CACHE = join(import.meta.dirname, "../../../../.cache");
const LAMBDA = 5_000;
const RANKS: [number, number][] = [
  [4, 3],
  [3, 3],
  [5, 3],
];

/** 60 samples of two contributors, and three paid queries, as features of the network. */
async function featured() {
  const net = smallNetwork("circuits");
  const projector = await openProjector(SIZES, RANKS);
  const projections = randomProjections(SIZES, RANKS, "circuits");
  const of = async (seed: string, n: number) => {
    const { x, labels } = smallSamples(seed, n);
    return (await projector.features(net, projections, x, labels)).values;
  };
  const reduction = fitReduction(await of("public", 200), projector.width, profile.d);
  const [train, asked] = [await of("train", 60), await of("queries", 3)];
  await projector.close();
  const queries = reduceFeatures(asked, reduction);
  const records = [0, 1, 2].map(
    (i): DataRecord => ({
      features: queries.subarray(i * profile.d, (i + 1) * profile.d),
      klass: 0,
      digest: BigInt(i),
      salt: BigInt(i),
      weight: 100 + i,
    }),
  );
  return { features: reduceFeatures(train, reduction), records };
}

describe("projected gradients in the provable algebra", () => {
  it("give exact influences of contributors, and statements whose proofs hold", async () => {
    const { features, records } = await featured();
    const { d } = profile;
    const contributors = Array.from({ length: 60 }, (_, i) => (i < 25 ? 0 : 1));
    const labels = new Array<number>(60).fill(0);
    const model = await fitModel({ features, labels, contributors, count: 2, profile, lambda: LAMBDA });
    const q = queriesMatrix(records, profile);
    const { y } = adjoint(model.a, LAMBDA, q, profile);
    const s = scores(model.gradients, y, profile);

    // By definition, in float64: Σ_{i of c} (h_iᵀ A⁻¹ Q)(1 − wᵀh_i).
    const a = new Float64Array(d * d);
    const b = new Float64Array(d);
    for (let i = 0; i < 60; i++) {
      for (let j = 0; j < d; j++) {
        b[j] = (b[j] as number) + (features[i * d + j] as number);
        for (let k = 0; k < d; k++)
          a[j * d + k] =
            (a[j * d + k] as number) + (features[i * d + j] as number) * (features[i * d + k] as number);
      }
    }
    for (let j = 0; j < d; j++) a[j * d + j] = (a[j * d + j] as number) + LAMBDA;
    const factor = cholesky(a, d) as Float64Array;
    const solve = (v: Float64Array) => solveLowerTransposed(factor, solveLower(factor, v, d, 1), d, 1);
    const [w, z] = [solve(b), solve(Float64Array.from(q, Number))];
    const dot = (v: Float64Array, i: number): number =>
      v.reduce((sum, value, j) => sum + value * (features[i * d + j] as number), 0);
    const expected = [0, 0];
    for (let i = 0; i < 60; i++) {
      const c = contributors[i] as number;
      expected[c] = (expected[c] as number) + dot(z, i) * (1 - dot(w, i));
    }
    const unit = 2 ** (profile.scaleBits + profile.adjointBits);
    const largest = Math.max(...expected.map(Math.abs));
    expect(largest).toBeGreaterThan(0);
    s.forEach((value, c) => {
      expect(Math.abs(Number(value) / unit - (expected[c] as number))).toBeLessThan(1e-5 * largest);
    });

    const empty = emptyQueries(profile);
    const asked = inferenceWitness({
      profile,
      context: 7n,
      w: model.w,
      saltW: 1n,
      qIn: empty.q,
      saltQIn: empty.salt,
      saltQOut: 2n,
      records,
    });
    expect(asked.qOut).toEqual(q);
    const solved = adjointWitness({
      profile,
      a: model.a,
      saltA: 3n,
      q,
      saltQ: 2n,
      y,
      saltY: 4n,
      lambda: BigInt(LAMBDA),
    });
    const paid = weightsWitness({ profile, y, saltY: 4n, gradients: model.gradients, salts: [5n, 6n] });
    expect(solved.statement.commitQ).toBe(asked.statement.commitQOut);
    expect(paid.statement.commitY).toBe(solved.statement.commitY);
    expect(paid.statement.w).toEqual(weightsOf(s));

    await checkProofs([
      { statement: { circuit: "inference", ...asked.statement }, input: asked.input },
      { statement: { circuit: "adjoint", ...solved.statement }, input: solved.input },
      { statement: { circuit: "weights", ...paid.statement }, input: paid.input },
    ]);
  });

  it("refuses to reduce to more features than there are", () => {
    expect(() => fitReduction(new Float32Array(12), 3, 4)).toThrow(ReductionError);
    expect(() => fitReduction(new Float32Array(11), 3, 2)).toThrow(ReductionError);
  });
});

async function checkProofs(proofs: readonly { statement: Statement; input: CircuitInput }[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "quittance-gradients-"));
  try {
    for (const { statement, input } of proofs) {
      const name = statement.circuit;
      const text = mainSource(profile, name);
      const circuit = await compileSource({ label: `gradients-${name}`, text }, { cacheDir: CACHE });
      await writeLocalKeys({ subjects: [{ name, r1csPath: circuit.r1csPath }], folder });
      const made = await prove({ zkeyPath: join(folder, `${name}.zkey`), wasmPath: circuit.wasmPath, input });
      const signals = publicSignals(statement, profile);
      expect(made.publics).toEqual(signals);
      const vkey = JSON.parse(await readFile(join(folder, `${name}.vkey.json`), "utf8")) as VerifyingKey;
      expect(await verifyProof(vkey, signals, made.proof)).toBe(true);
      const other = signals.map((signal, i) => (i === 0 ? signal + 1n : signal));
      expect(await verifyProof(vkey, other, made.proof)).toBe(false);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe("influences from many features", () => {
  it("are those of a float64 solution", async () => {
    const [n, q, k, ridge] = [40, 5, 12, 0.3];
    const random = seededRandom("influence");
    const draw = (rows: number): Int8Array =>
      Int8Array.from({ length: rows * k }, () => random.below(256) - 128);
    const [train, queries] = [draw(n), draw(q)];
    const engine = await openInfluence(k, { steps: 30 });
    const { values, residual } = await engine.influences(train, queries, ridge);
    expect(residual).toBeLessThan(1e-3);
    const a = new Float64Array(k * k);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < k; j++)
        for (let c = 0; c < k; c++)
          a[j * k + c] =
            (a[j * k + c] as number) + (train[i * k + j] as number) * (train[i * k + c] as number);
    const mean =
      Array.from({ length: k }, (_, j) => a[j * k + j] as number).reduce((sum, v) => sum + v, 0) / k;
    for (let j = 0; j < k; j++) a[j * k + j] = (a[j * k + j] as number) + ridge * mean;
    const factor = cholesky(a, k) as Float64Array;
    for (let at = 0; at < q; at++) {
      const b = Float64Array.from(queries.subarray(at * k, (at + 1) * k));
      const z = solveLowerTransposed(factor, solveLower(factor, b, k, 1), k, 1);
      for (let i = 0; i < n; i++) {
        const exact = z.reduce((sum, value, j) => sum + value * (train[i * k + j] as number), 0);
        expect(Math.abs((values[i * q + at] as number) - exact)).toBeLessThan(1e-3);
      }
    }
    await expect(engine.influences(train.subarray(1), queries, ridge)).rejects.toThrow(InfluenceInputError);
    await expect(engine.influences(train, queries, 0)).rejects.toThrow(/ridge above 0/);
    await engine.close();
  });
});
