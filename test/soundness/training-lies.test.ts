// One test per lie about the training: told at one place, with everything else done honestly, put to the
// contracts and to the offline verifier. The proofs are those of an honest prover with keys of known secret
// (known-keys.ts), because there are hundreds; real-keys.test.ts tells one lie of each kind with real ones.
//
// A lie ends in one of three ways. No witness of it exists (the circuit's rows refuse). Or it is true of
// something that nobody committed to, so that the proof is valid and the statement is not the one that is
// asked for. Or every proof is valid, of the very statements asked for, and an identity between them fails.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signBatch } from "../../pipeline/chain/contracts.ts";
import { type ModelStatement, modelIdOf, NO_PARENT, rhoOf, trainingSeed } from "../../pipeline/chain/ids.ts";
import type { ModelState } from "../../pipeline/commit.ts";
import type { ProvenTraining } from "../../pipeline/prove-training.ts";
import { keepRecords } from "../../pipeline/records.ts";
import {
  checkTrainingIdentities,
  type DataRecord,
  FIELD,
  fromField,
  modelWitness,
  nullRecord,
  proofWords,
  residualBound,
  samplesWitness,
  WitnessBoundError,
} from "../../prover/index.ts";
import { gradientOf, randomFrom, SEED, sampleRecord } from "../circuits/cases.ts";
import { accepts, type Bench, expectOnly, openCircuit, patch, refusals } from "../circuits/harness.ts";
import {
  bundleOf,
  type Contribution,
  commitFit,
  contribute,
  doubts,
  type Fit,
  fitOf,
  openShop,
  PROFILE,
  posted,
  proven,
  reasonOf,
  rootOf,
  type Shop,
  statementsOf,
  told,
} from "./shop.ts";

const { m, scaleBits } = PROFILE;
const LAMBDA = 5000n;

describe(`lies about the training (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const draw = (size: number): DataRecord[] =>
    Array.from({ length: size }, () => sampleRecord(random, PROFILE));
  let shop: Shop;
  let of: { datanet: bigint; contributions: Contribution[] };
  let data: readonly (readonly (readonly DataRecord[])[])[];
  let honest: Fit;
  let model: ModelState;
  let training: ProvenTraining;

  beforeAll(async () => {
    shop = await openShop("lies", "known");
    of = await contribute(shop, [[draw(5), draw(2)], [draw(4)], [draw(3)]]);
    data = of.contributions.map(({ records }) => records);
    honest = fitOf(data, LAMBDA);
    model = await commitFit(shop, of, honest);
    training = await proven(shop, await statementsOf(shop, model));
  });
  afterAll(() => shop.close());

  const batchesOf = (c: number): readonly (readonly DataRecord[])[] => data[c] ?? [];
  const batchOf = (c: number, b: number): readonly DataRecord[] => batchesOf(c)[b] ?? [];
  /** The records of a batch replaced in the prover's hands, after they were signed and committed. */
  const opened = async (place: number, records: readonly DataRecord[]): Promise<ProvenTraining> => {
    const roots = of.contributions.flatMap(({ batches }) => batches.map(({ root }) => root));
    const root = roots[place] as bigint;
    keepRecords(shop.project, root, records);
    try {
      return await proven(shop, await statementsOf(shop, model));
    } finally {
      keepRecords(shop.project, root, data.flat()[place] ?? []);
    }
  };
  const changedSums = async (records: readonly DataRecord[], place = 0): Promise<void> => {
    const made = await opened(place, records);
    expect(made.statements.samples[place]?.statement.root).not.toBe(
      training.statements.samples[place]?.statement.root,
    );
    expect(await posted(shop, model, made)).toBe("VerifierInvalidBatch");
    const offline = await doubts(shop, bundleOf(shop, model, made));
    expect(Object.keys(offline)).toContain("samples proofs");
  };
  const clipped = (fit: Fit): Fit => {
    const bound = residualBound(PROFILE, 14, LAMBDA);
    const r = fit.r.map((value) => (value > bound ? bound : value < -bound ? -bound : value));
    expect(r, "the lie is larger than the bound").not.toEqual(fit.r);
    return { ...fit, r };
  };
  /** G and R as they follow from W, honestly. */
  const followed = (w: readonly bigint[], lambda = LAMBDA): Fit => {
    const gradients = data.map((own) => gradientOf(own.flat(), w, PROFILE));
    const r = w.map((value, i) => gradients.reduce((sum, g) => sum + (g[i] as bigint), 0n) - lambda * value);
    return { ...honest, w, gradients, r, lambda };
  };
  const withGradients = (change: (g: bigint[][]) => void): Fit => {
    const gradients = honest.gradients.map((g) => [...g]);
    change(gradients);
    return { ...honest, gradients };
  };

  describe("the committed samples:", () => {
    it("one changed after commitment", async () => {
      const [first, ...rest] = batchOf(0, 0);
      const relabelled = { ...(first as DataRecord), klass: ((first as DataRecord).klass + 1) % m };
      await changedSums([relabelled, ...rest]);
    });

    it("one dropped, and one turned into padding", async () => {
      const records = batchOf(0, 0);
      await changedSums(records.slice(1));
      await changedSums([...records.slice(1), nullRecord(PROFILE)]);
    });

    it("one duplicated", async () => {
      const records = batchOf(1, 0);
      await changedSums([...records, records[0] as DataRecord], 2);
    });

    it("one put in that nobody signed", async () => {
      await changedSums([...batchOf(2, 0), ...draw(1)], 3);
    });

    it("a whole batch that nobody signed, in the registry and in the bundle", async () => {
      const { contracts, deployment, operator } = shop.session;
      const root = rootOf(draw(5));
      const batch = { datanet: of.datanet, root, count: 5 };
      const signature = await signBatch(operator, deployment, batch);
      const contributor = of.contributions[0]?.account as string;
      const sent = contracts.contribute(operator, { ...batch, contributor, signature });
      expect(await reasonOf(sent)).toBe("DatanetsWrongSignature");
      const bundle = bundleOf(shop, model, training);
      const [put] = bundle.model.contributors[0]?.batches ?? [];
      Object.assign(put ?? {}, { root: String(root), signature });
      const offline = await doubts(shop, bundle);
      expect(offline["contributors' signatures"]).toMatch(/not signed by/);
      // Another root is another ρ, so not one of the proofs is left.
      expect(Object.keys(offline)).toEqual(
        expect.arrayContaining(["samples proofs", "contributors proofs", "model proofs"]),
      );
    });

    it("a batch left out: the model stays unproven, and can neither charge nor settle", async () => {
      const lying = await commitFit(shop, of, { ...honest });
      const made = await proven(shop, await statementsOf(shop, lying));
      const { contracts, operator } = shop.session;
      const { samples, contributors, commitV, model: ofModel } = made.statements;
      await contracts.beginTraining(operator, lying.id, commitV);
      const wordsAt = (i: number) => proofWords(made.proofs[i]?.proof as never);
      const batches = entriesOf(lying);
      const part = {
        batches,
        samples: samples.slice(1).map(({ statement: { g, a } }, i) => {
          return { index: i + 1, g, a, proof: wordsAt(i + 1) };
        }),
        contributors: contributors.map(({ statement: { commitG, value } }, group) => {
          return { group, commitG, values: value, proof: wordsAt(samples.length + group) };
        }),
        model: { ...ofModel.statement, proof: wordsAt(made.proofs.length - 1) },
      };
      expect(await contracts.proveTraining(operator, lying.id, part)).toMatchObject({ proven: false });
      expect(await contracts.trainingProven(lying.id)).toBe(false);
      const epoch = { receiptsRoots: [1n], commitQ: [1n], feeTotals: [1n], commitY: 1n };
      const charged = { ...epoch, payers: [operator.address], feeUnits: [1n] };
      expect(await reasonOf(contracts.commitEpoch(operator, lying.id, charged))).toBe(
        "EpochsTrainingNotProven",
      );
      const bundle = bundleOf(shop, lying, made);
      bundle.training?.samples.shift();
      expect((await doubts(shop, bundle)).training).toMatch(/3 batches are proven, the model has 4/);

      // The same model, once more, for what is counted twice.
      const first = { index: 1, ...pick(samples[1]?.statement), proof: wordsAt(1) };
      const again = contracts.proveTraining(operator, lying.id, { batches, samples: [first] });
      expect(await reasonOf(again)).toBe("TrainingAlreadyProven");
      const zero = { index: 0, ...pick(samples[0]?.statement), proof: wordsAt(0) };
      const twice = contracts.proveTraining(operator, lying.id, { batches, samples: [zero, zero] });
      expect(await reasonOf(twice)).toBe("TrainingAlreadyProven");
      const elsewhere = contracts.proveTraining(operator, lying.id, {
        batches,
        samples: [{ ...first, index: 0 }],
      });
      expect(await reasonOf(elsewhere)).toBe("VerifierInvalidBatch");
      const doubled = bundleOf(shop, lying, made);
      const entries = doubled.training?.samples ?? [];
      entries.push(structuredClone(entries[0]) as never);
      expect((await doubts(shop, doubled)).training).toMatch(/5 batches are proven, the model has 4/);
      entries.splice(0, 2, structuredClone(entries[1]) as never);
      expect(Object.keys(await doubts(shop, doubled))).toContain("samples proofs");
    });

    it("a batch named twice in a model", async () => {
      const [one, two, three] = of.contributions as [Contribution, Contribution, Contribution];
      const named = (contributions: Contribution[]) =>
        reasonOf(commitFit(shop, { datanet: of.datanet, contributions }, honest));
      const doubled = { ...one, batches: [...one.batches, ...one.batches.slice(1)] };
      expect(await named([doubled, two, three])).toBe("ModelsBatchOrder");
      const stolen = { ...two, batches: one.batches };
      expect(await named([one, stolen, three])).toBe("ModelsForeignBatch");
      const bundle = bundleOf(shop, model, training);
      const [first] = bundle.model.contributors;
      first?.batches.push(first.batches[0] as never);
      const offline = await doubts(shop, bundle);
      expect(offline["contributors' signatures"]).toMatch(/counted twice/);
      expect(offline["model identity"]).toBeDefined();
    });
  });

  describe("what was made of them:", () => {
    const identity = (c: number) => new RegExp(`gradient of contributor ${c} is not that of the samples`);
    const refusedFor = async (fit: Fit, onChain: string, offline: RegExp): Promise<void> => {
      const answer = await told(shop, of, fit);
      expect(answer).toMatchObject({ onChain, proven: false });
      expect(Object.keys(answer.offline)).toEqual(["training"]);
      expect(answer.offline.training).toMatch(offline);
    };

    it("a sample dropped from the fit, its proof honest", async () => {
      const fit = fitOf([[batchOf(0, 0).slice(1), batchOf(0, 1)], ...data.slice(1)], LAMBDA);
      await refusedFor(fit, "TrainingWrongGradient", identity(0));
    });

    it("a sample duplicated in the fit", async () => {
      const [first] = batchOf(1, 0);
      const fit = fitOf([batchesOf(0), [[...batchOf(1, 0), first as DataRecord]], batchesOf(2)], LAMBDA);
      await refusedFor(fit, "TrainingWrongGradient", identity(1));
    });

    it("a sample moved to another contributor", async () => {
      const [first, ...rest] = batchOf(1, 0);
      const fit = fitOf([batchesOf(0), [rest], [[first as DataRecord], ...batchesOf(2)]], LAMBDA);
      expect({ ...fit, gradients: [] }).toEqual({ ...honest, gradients: [] });
      await refusedFor(fit, "TrainingWrongGradient", identity(1));
    });

    it("an extra sample that nobody signed, in G as in A, or in A alone", async () => {
      const fit = fitOf([...data.slice(0, 2), [...batchesOf(2), draw(1)]], LAMBDA);
      await refusedFor(fit, "TrainingWrongGradient", identity(2));
      const { w } = fit;
      await refusedFor({ ...clipped(followed(w)), a: fit.a }, "TrainingWrongOptimum", /not the optimum/);
      await refusedFor({ ...honest, a: fit.a }, "TrainingWrongMoments", /not the Gram matrix/);
    });

    it("W from other data, with a residual as short as is allowed", async () => {
      const { w } = fitOf([[draw(5), draw(2)], [draw(4)], [draw(3)]], LAMBDA);
      await refusedFor(clipped(followed(w)), "TrainingWrongOptimum", /not the optimum/);
    });

    it("W from another λ", async () => {
      const { w } = fitOf(data, LAMBDA + 2000n);
      await refusedFor(clipped(followed(w)), "TrainingWrongOptimum", /not the optimum/);
      // The residual of the λ that was used is short, and it is not the one of the λ that is stated.
      await refusedFor(
        { ...followed(w, LAMBDA + 2000n), lambda: LAMBDA },
        "TrainingWrongOptimum",
        /not the optimum/,
      );
    });

    it("W perturbed beyond the bound; within it, it is the optimum that is claimed", async () => {
      const w = honest.w.map((value, i) => (i === 4 ? value + 5000n : value));
      await refusedFor(clipped(followed(w)), "TrainingWrongOptimum", /not the optimum/);
      // G and R of the honest W beside another W.
      await refusedFor({ ...honest, w }, "TrainingWrongGradient", identity(0));
      await expect(
        commitFit(shop, of, followed(w)).then((lying) => statementsOf(shop, lying)),
      ).rejects.toThrow(WitnessBoundError);
    });

    it("G scaled", async () => {
      const scaled = withGradients((g) => {
        g[1] = (g[1] ?? []).map((value) => 3n * value);
      });
      await refusedFor(scaled, "TrainingWrongGradient", identity(1));
    });

    it("G swapped between two contributors", async () => {
      const swapped = withGradients((g) => {
        [g[0], g[2]] = [g[2] ?? [], g[0] ?? []];
      });
      await refusedFor(swapped, "TrainingWrongGradient", identity(0));
    });

    it("an error of G hidden in another's", async () => {
      const hidden = withGradients((g) => {
        (g[1] as bigint[])[7] = (g[1]?.[7] ?? 0n) + 1n;
        (g[2] as bigint[])[7] = (g[2]?.[7] ?? 0n) - 1n;
      });
      await refusedFor(hidden, "TrainingWrongGradient", identity(1));
    });

    it("A perturbed in one place by one", async () => {
      for (const place of [0, 1]) {
        const a = honest.a.map((value, i) => (i === place ? value + 1n : value));
        await refusedFor({ ...honest, a }, "TrainingWrongMoments", /not the Gram matrix/);
      }
    });

    it("R perturbed by one", async () => {
      const r = honest.r.map((value, i) => (i === 2 ? value + 1n : value));
      await refusedFor({ ...honest, r }, "TrainingWrongOptimum", /not the optimum/);
    });
  });

  describe("no witness exists of", () => {
    let circuits: { model: Bench; samples: Bench };
    const openings = {
      commitW: "main.openedW",
      commitA: "main.openedA",
      commitR: "main.openedR",
      commitV: "main.openedV",
      wValue: "main.atW",
      aValue: "main.atA",
      rValue: "main.atR",
    };
    const salts = { saltW: 1n, saltA: 2n, saltR: 3n, saltV: 4n };
    const bound = residualBound(PROFILE, 14, LAMBDA);
    const most = (1n << BigInt(PROFILE.rBits - 1)) - 1n;

    beforeAll(async () => {
      circuits = { model: await openCircuit("tiny", "model"), samples: await openCircuit("tiny", "samples") };
    });

    it("an R beyond the bound, or out of its range", async () => {
      const rho = training.statements.rho;
      for (const sign of [1n, -1n]) {
        const r = honest.r.map((value, i) => (i === 5 ? sign * (bound + 1n) : value));
        const loose = modelWitness({ profile: PROFILE, ...honest, ...salts, r, rho, bound: most });
        expect(await accepts(circuits.model, loose.input)).toBe(true);
        const input = patch(loose.input, { bound });
        expect(await accepts(circuits.model, input)).toBe(false);
        expect((await refusals(circuits.model, { input, publish: openings })).length).toBeGreaterThan(0);
        const { input: within } = modelWitness({ profile: PROFILE, ...honest, ...salts, rho, bound: most });
        const beyond = patch(within, { "r[1][2]": sign > 0n ? most + 1n : FIELD - most - 2n });
        expect(await accepts(circuits.model, beyond)).toBe(false);
        expect((await refusals(circuits.model, { input: beyond, publish: openings })).length).toBeGreaterThan(
          0,
        );
      }
    });

    it("the R of another λ under the bound that the contract states, and a larger bound", async () => {
      const other = followed(fitOf(data, LAMBDA + 2000n).w);
      expect(other.r.some((value) => value > bound || value < -bound)).toBe(true);
      const lying = await commitFit(shop, of, other);
      const { saltW, saltA, saltR } = lying;
      const statements = await statementsOf(shop, { ...lying, samples: 900_000 });
      const wide = residualBound(PROFILE, 900_000, LAMBDA);
      expect(statements.bound).toBe(wide);
      const saltV = 9n;
      const { input } = modelWitness({
        ...{ profile: PROFILE, rho: statements.rho, w: other.w, saltW, a: other.a, saltA },
        ...{ r: other.r, saltR, saltV, bound: wide },
      });
      expect(await accepts(circuits.model, input)).toBe(true);
      expect(await accepts(circuits.model, patch(input, { bound }))).toBe(false);
      const made = await proven(shop, statements);
      expect(await posted(shop, lying, made)).toBe("VerifierInvalidBatch");
      expect(Object.keys(await doubts(shop, bundleOf(shop, lying, made)))).toEqual(["model proofs"]);
    });

    it("padding that carries data, also under a root that its contributor signed", async () => {
      const records = draw(4);
      const rho = training.statements.rho;
      const { input } = samplesWitness({ profile: PROFILE, rho, w: honest.w, saltV: 1n, records });
      const publish = {
        ...{ commitV: "main.openedV", root: "main.openedRoot", count: "main.counted" },
        ...{ g: "main.totalG", a: "main.totalA" },
      };
      expect(await refusals(circuits.samples, { input, publish })).toEqual([]);
      for (const edit of [{ "features[4][1]": 1n }, { "klass[4]": 1n }] as Record<string, bigint>[]) {
        const forged = patch(input, edit);
        expect(await accepts(circuits.samples, forged)).toBe(false);
        expectOnly(
          await refusals(circuits.samples, { input: forged, publish }),
          /^main\.(weight|klass|features)\[4\]/,
        );
      }
      // Said to be a sample instead, it is counted, and the contract knows the count.
      const counted = samplesWitness({
        ...{ profile: PROFILE, rho, w: honest.w, saltV: 1n },
        records: [...records, { ...nullRecord(PROFILE), klass: 1, weight: 1 }],
      });
      expect(counted.statement.count).toBe(5n);
    });
  });

  describe("ρ", () => {
    it("chosen by the prover", async () => {
      const made = await proven(shop, await statementsOf(shop, model, `0x${"07".repeat(32)}`));
      expect(await posted(shop, model, made)).toBe("VerifierInvalidBatch");
      const offline = await doubts(shop, bundleOf(shop, model, made));
      expect(Object.keys(offline)).toEqual(["samples proofs", "contributors proofs", "model proofs"]);
    });

    it("known before G was fixed: an error that vanishes there is seen at the ρ that follows", async () => {
      const seed = await shop.session.contracts.trainingSeed(model.id);
      const [rho1] = rhoOf(seed);
      // x + yρ1 = 0: the error is in two rows of the first column.
      const error = fromField((FIELD - rho1) % FIELD);
      const fit = withGradients((g) => {
        (g[0] as bigint[])[0] = (g[0]?.[0] ?? 0n) + error;
        (g[0] as bigint[])[m] = (g[0]?.[m] ?? 0n) + 1n;
      });
      const lying = await commitFit(shop, of, fit);
      const early = await proven(shop, await statementsOf(shop, lying, seed));
      expect(identitiesOf(early)).toBeUndefined();
      expect(await posted(shop, lying, early)).toBe("VerifierInvalidBatch");
      expect(Object.keys(await doubts(shop, bundleOf(shop, lying, early)))).toEqual([
        "samples proofs",
        "contributors proofs",
        "model proofs",
      ]);
      const answer = await told(shop, of, fit);
      expect(answer).toMatchObject({ onChain: "TrainingWrongGradient", proven: false });
      expect(Object.keys(answer.offline)).toEqual(["training"]);
    });

    it("depends on every single thing that was committed", () => {
      const statement: ModelStatement = {
        datanet: 1n,
        datanetVersion: 2,
        parent: NO_PARENT,
        backbone: `0x${"22".repeat(32)}`,
        commitW: 2n,
        commitA: 3n,
        commitR: 4n,
        lambda: 5,
        samples: 6,
        token: `0x${"aa".repeat(20)}`,
        feeUnit: 7n,
        unproven: false,
        contributors: [{ account: `0x${"33".repeat(20)}`, commitG: 8n, batches: [1n, 2n] }],
      };
      const [contributor] = statement.contributors;
      const place = { chainId: 31_337, models: `0x${"44".repeat(20)}`, operator: `0x${"55".repeat(20)}` };
      const training = `0x${"66".repeat(20)}`;
      type Of = {
        place: typeof place;
        nonce: bigint;
        statement: ModelStatement;
        roots: bigint[];
        training: string;
      };
      const seedOf = (of: Of): string => {
        const modelId = modelIdOf({ ...of.place, nonce: of.nonce, statement: of.statement });
        return trainingSeed({ chainId: of.place.chainId, training: of.training, modelId, roots: of.roots });
      };
      const base: Of = { place, nonce: 0n, statement, roots: [1n, 2n], training };
      const other = `0x${"77".repeat(20)}`;
      const changes: Of[] = [
        base,
        { ...base, nonce: 1n },
        { ...base, training: other },
        ...[{ chainId: 1 }, { models: other }, { operator: other }].map((change) => {
          return { ...base, place: { ...place, ...change } };
        }),
        ...[[2n, 1n], [1n, 3n], [1n], [1n, 2n, 3n]].map((roots) => ({ ...base, roots })),
        ...(
          [
            { datanet: 9n },
            { datanetVersion: 9 },
            { parent: `0x${"99".repeat(32)}` },
            { token: other },
            { backbone: `0x${"88".repeat(32)}` },
            { commitW: 9n },
            { commitA: 9n },
            { commitR: 9n },
            { lambda: 9 },
            { samples: 9 },
            { feeUnit: 9n },
            { unproven: true },
            { contributors: [{ ...contributor, account: other }] },
            { contributors: [{ ...contributor, commitG: 9n }] },
            { contributors: [{ ...contributor, batches: [1n, 3n] }] },
            { contributors: [contributor, contributor] },
          ] as Partial<ModelStatement>[]
        ).map((change) => ({ ...base, statement: { ...statement, ...change } })),
      ];
      expect(new Set(changes.map(seedOf)).size).toBe(changes.length);
    });
  });

  it("v not W(·, ρ2): the samples' v and the model's are one commitment", async () => {
    const lying = await commitFit(shop, of, { ...honest });
    const right = await statementsOf(shop, lying);
    const w = honest.w.map((value, i) => (i === 0 ? value + 1n : value));
    const wrong = await statementsOf(shop, { ...lying, w });
    expect(wrong.commitV).not.toBe(right.commitV);
    const [rightMade, wrongMade] = [await proven(shop, right), await proven(shop, wrong)];
    const { contracts, operator } = shop.session;
    const count = right.samples.length;
    const wordsOf = (made: ProvenTraining, i: number) => proofWords(made.proofs[i]?.proof as never);
    const samples = wrong.samples.map(({ statement }, index) => {
      return { index, ...pick(statement), proof: wordsOf(wrongMade, index) };
    });
    const ofModel = { ...right.model.statement, proof: wordsOf(rightMade, rightMade.proofs.length - 1) };
    const batches = entriesOf(lying);
    const prove = (part: object) =>
      reasonOf(contracts.proveTraining(operator, lying.id, { batches, ...part }));
    await contracts.beginTraining(operator, lying.id, wrong.commitV);
    expect(await prove({ samples })).toBe("accepted");
    expect(await prove({ model: ofModel })).toBe("VerifierInvalidBatch");
    // Beginning again with the model's v drops what was proven for the other.
    await contracts.beginTraining(operator, lying.id, right.commitV);
    expect((await contracts.trainingProgress(lying.id)).samples).toEqual(new Array(count).fill(false));
    expect(await prove({ model: ofModel })).toBe("accepted");
    expect(await prove({ samples })).toBe("VerifierInvalidBatch");

    const proofs = [...wrongMade.proofs.slice(0, count), ...rightMade.proofs.slice(count)];
    const mixed = { ...right, samples: wrong.samples };
    for (const [commitV, refused] of [
      [wrong.commitV, "model proofs"],
      [right.commitV, "samples proofs"],
    ] as const) {
      const bundle = bundleOf(shop, lying, { statements: { ...mixed, commitV }, proofs });
      expect(Object.keys(await doubts(shop, bundle))).toContain(refused);
    }
  });

  it("nothing: the same shop's honest training is accepted, on chain and offline", async () => {
    expect(await doubts(shop, bundleOf(shop, model, training))).toEqual({});
    expect(await posted(shop, model, training)).toBe("accepted");
    expect(await shop.session.contracts.trainingProven(model.id)).toBe(true);
  });

  /** What the identities say of a training's statements at the ρ that they were made for. */
  const identitiesOf = ({ statements }: ProvenTraining): string | undefined => {
    const values = statements.contributors.flatMap(({ statement }) => statement.value);
    let next = 0;
    return checkTrainingIdentities({
      profile: PROFILE,
      lambda: LAMBDA,
      contributors: data.map((own, c) => ({
        value: values[c] as bigint,
        batches: own.map(() => pick(statements.samples[next++]?.statement)),
      })),
      model: pickModel(statements.model.statement),
    });
  };
});

function pick(statement: { g: bigint; a: bigint } | undefined): { g: bigint; a: bigint } {
  if (statement === undefined) throw new Error("there is no such statement");
  return { g: statement.g, a: statement.a };
}

function pickModel({ wValue, aValue, rValue }: { wValue: bigint; aValue: bigint; rValue: bigint }) {
  return { wValue, aValue, rValue };
}

function entriesOf(model: ModelState): { root: bigint; count: number; contributor: number }[] {
  return model.contributors.flatMap(({ batches }, contributor) =>
    batches.map(({ root, count }) => ({ root, count, contributor })),
  );
}
