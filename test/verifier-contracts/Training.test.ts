/** Training: which proofs count, once only, and that each identity is checked and named. */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { RevertedError, send } from "../../pipeline/chain/client.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { openEvents } from "../../pipeline/chain/events.ts";
import { circuitIdOf, rhoOf, rootsHashOf, trainingSeed } from "../../pipeline/chain/ids.ts";
import type { TrainingProofs } from "../../pipeline/chain/proofs.ts";
import { codecOf } from "../../pipeline/engine/ethers.ts";
import { mod, R, rerandomise } from "./groth.ts";
import { boundOf, makeTrained, proofsOf, type Trained, type Values, type Whole } from "./trained.ts";
import { makeEpoch, openWorld, proveAll, refused, settle, type World } from "./world.ts";

const LAYOUT = [2, 1, 3];

describe("Training", () => {
  let world: World;
  let model: Trained;
  let whole: Whole;

  beforeAll(async () => {
    world = await openWorld("training");
  });
  afterAll(() => world.chain.close());

  const operator = () => world.people.operator;
  const begin = (of = model, commitV = of.commitV, by = operator()) =>
    world.contracts.beginTraining(by, of.id, commitV);
  const prove = (proofs: TrainingProofs, of = model) =>
    world.contracts.proveTraining(world.people.relayer, of.id, proofs);
  const progress = (of = model) => world.contracts.trainingProgress(of.id);
  const only = (parts: Partial<Whole>): TrainingProofs => ({ batches: model.batches, ...parts });
  const at = <T>(list: readonly T[], index: number): T => {
    const item = list[index];
    if (item === undefined) throw new Error(`there is no item ${index}`);
    return item;
  };
  const replaced = <T>(list: readonly T[], index: number, item: T): T[] =>
    list.map((old, i) => (i === index ? item : old));
  /** One statement a call. */
  const parts = (of: Whole): TrainingProofs[] => [
    ...of.samples.map((sample) => ({ batches: of.batches, samples: [sample] })),
    ...of.contributors.map((group) => ({ batches: of.batches, contributors: [group] })),
    { batches: of.batches, model: of.model },
  ];

  beforeEach(async () => {
    model = await makeTrained(world, LAYOUT);
    whole = proofsOf(world, model);
  });

  describe("challenges", () => {
    it("are the same bytes in TypeScript and Solidity, and field elements", async () => {
      const { chainId, training } = world.contracts.deployment;
      const roots = model.batches.map(({ root }) => root);
      const seed = trainingSeed({ chainId, training, modelId: model.id, roots });
      expect((await world.contracts.model(model.id)).rootsHash).toBe(rootsHashOf(roots));
      expect(await world.contracts.trainingSeed(model.id)).toBe(seed);
      expect(await world.contracts.trainingChallenges(seed)).toEqual(rhoOf(seed));
      for (const rho of rhoOf(seed)) expect(rho).toBeLessThan(1n << 248n);
      expect(new Set(rhoOf(seed)).size).toBe(3);
    });

    it("change with every batch and its place, the model, the chain and the contract", () => {
      const { chainId, training } = world.contracts.deployment;
      const roots = model.batches.map(({ root }) => root);
      const of = { chainId, training, modelId: model.id, roots };
      const others = [
        { ...of, chainId: 1 },
        { ...of, training: world.contracts.deployment.models },
        { ...of, modelId: world.random.hex32() },
        { ...of, roots: [...roots].reverse() },
        { ...of, roots: roots.slice(1) },
        { ...of, roots: replaced(roots, 2, at(roots, 2) + 1n) },
      ];
      expect(new Set([of, ...others].map(trainingSeed)).size).toBe(7);
    });

    it("bound the remainder by ⌈(d · 2^14 · samples + λ) / 2⌉", async () => {
      const { samples, lambda } = model.statement;
      expect(await world.contracts.residualBound(samples, lambda)).toBe(boundOf(model));
      expect(await world.contracts.residualBound(1, 1)).toBe(2n * 16_384n + 1n);
      expect(await world.contracts.residualBound(1, 2)).toBe(2n * 16_384n + 1n);
    });
  });

  describe("the state machine", () => {
    it("takes a model from committed over proving to proven, in one transaction if that is wanted", async () => {
      expect(await progress()).toMatchObject({ status: "committed", round: 0, remaining: 0, samples: [] });
      await begin();
      expect(await progress()).toEqual({
        status: "proving",
        unproven: false,
        round: 1,
        remaining: 9,
        commitV: model.commitV,
        seed: await world.contracts.trainingSeed(model.id),
        samples: new Array(6).fill(false),
        contributors: [false, false],
        model: false,
      });
      expect(await world.contracts.trainingProven(model.id)).toBe(false);
      expect(await prove(whole)).toMatchObject({ remaining: 0, proven: true });
      expect(await progress()).toMatchObject({ status: "proven", remaining: 0, model: true });
      expect(await world.contracts.trainingProven(model.id)).toBe(true);
    });

    it("takes the statements in any order, in any number of transactions, and says what is missing", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8], { minLength: 9 }),
          fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 9, maxLength: 9 }),
          async (order, sizes) => {
            const one = await makeTrained(world, LAYOUT);
            const list = parts(proofsOf(world, one));
            await begin(one);
            let done: number[] = [];
            for (let first = 0, call = 0; first < order.length; first += at(sizes, call++)) {
              const now = order.slice(first, first + at(sizes, call));
              const sent = await prove(
                joined(
                  one,
                  now.map((i) => at(list, i)),
                ),
                one,
              );
              done = [...done, ...now];
              expect(sent.remaining).toBe(9 - done.length);
              const state = await progress(one);
              expect([...state.samples, ...state.contributors, state.model]).toEqual(
                order.map((_, i) => done.includes(i)),
              );
              expect(state.status).toBe(done.length === 9 ? "proven" : "proving");
            }
          },
        ),
        { numRuns: 6 },
      );
    });

    it("counts each statement once, whatever the bytes of its proof", async () => {
      await begin();
      for (const part of parts(whole)) {
        if ((await progress()).remaining === 1) break;
        await prove(part);
        await refused(world, () => prove(part), "TrainingAlreadyProven");
        await refused(world, () => prove(rerandomised(part)), "TrainingAlreadyProven");
      }
    });

    it("does not count a statement twice within a transaction", async () => {
      await begin();
      const [sample, group] = [at(whole.samples, 4), at(whole.contributors, 1)];
      const again = rerandomised(only({ samples: [sample], contributors: [group], model: whole.model }));
      const twice = [...(again.samples ?? []), sample];
      await refused(world, () => prove(only({ samples: twice })), "TrainingAlreadyProven");
      const groups = [group, ...(again.contributors ?? [])];
      await refused(world, () => prove(only({ contributors: groups })), "TrainingAlreadyProven");
      const { training } = world.contracts.deployment;
      const codec = codecOf((await contractArtifacts()).Training.abi);
      const data = codec.call("prove", [model.id, [], [], [whole.model, again.model]]);
      await refused(
        world,
        () => send(world.chain, operator(), { to: training, data }, codec),
        "TrainingAlreadyProven",
      );
      expect((await progress()).remaining).toBe(9);
    });

    it("counts nothing of a transaction in which one proof is wrong", async () => {
      await begin();
      for (let i = 0; i < 9; i++) {
        const spoilt = parts(whole).map((part, k) => (k === i ? withProof(part, () => rubbish()) : part));
        await refused(world, () => prove(joined(model, spoilt)), "VerifierInvalidBatch");
      }
      const state = await progress();
      expect([...state.samples, ...state.contributors, state.model]).not.toContain(true);
      await prove(whole);
    });

    it("is begun by the operator, and not before the model exists", async () => {
      await refused(world, () => begin(model, model.commitV, world.people.relayer), "TrainingNotOperator");
      await refused(world, () => prove(whole), "TrainingNotBegun");
      for (const value of [0n, R, R + 1n])
        await refused(world, () => begin(model, value), "TrainingNotAFieldElement");
      const unknown = { ...model, id: world.random.hex32() };
      await refused(world, () => begin(unknown), "ModelsUnknownModel");
      await refused(world, () => prove(whole, unknown), "TrainingNotBegun");
    });

    it("can be begun anew with another commitment of v, and then counts from nothing", async () => {
      const wrong = mod(model.commitV + 1n);
      await begin(model, wrong);
      const old = proofsOf(world, model, {}, wrong);
      await prove(
        only({ samples: old.samples.slice(0, 4), contributors: old.contributors, model: old.model }),
      );
      await begin();
      expect(await progress()).toMatchObject({ status: "proving", round: 2, remaining: 9, model: false });
      expect((await progress()).samples).not.toContain(true);
      await refused(world, () => prove(only({ samples: [at(old.samples, 5)] })), "VerifierInvalidBatch");
      await refused(world, () => prove(only({ model: old.model })), "VerifierInvalidBatch");
      await refused(world, () => begin(model, model.commitV, world.people.relayer), "TrainingNotOperator");
      await prove(whole);
      expect(await world.contracts.trainingProven(model.id)).toBe(true);
    });

    it("ends with proven: nothing is added, begun or taken back after it", async () => {
      await begin();
      await prove(whole);
      await refused(world, () => begin(), "TrainingComplete");
      await refused(world, () => prove(only({ model: whole.model })), "TrainingComplete");
      await refused(world, () => prove(only({})), "TrainingComplete");
    });

    it("goes through chunks of batches, whichever come first", async () => {
      const large = await makeTrained(world, [20, 1, 17]);
      const proofs = proofsOf(world, large);
      await begin(large);
      const some = [37, 0, 16, 15, 33];
      await prove({ ...proofs, samples: some.map((i) => at(proofs.samples, i)) }, large);
      expect((await progress(large)).samples.flatMap((done, i) => (done ? [i] : []))).toEqual([
        0, 15, 16, 33, 37,
      ]);
      const rest = proofs.samples.filter(({ index }) => !some.includes(index));
      expect(await prove({ batches: large.batches, samples: rest }, large)).toMatchObject({ proven: true });
    });
  });

  describe("the statements", () => {
    it("are about the model's own batches, commitments and challenges", async () => {
      await begin();
      const sample = at(whole.samples, 2);
      const batch = at(model.batches, 2);
      const honest = [...model.rho, model.commitV, batch.root, BigInt(batch.count), sample.g, sample.a];
      for (const i of honest.keys()) {
        const proof = world.keys.samples.prove(replaced(honest, i, mod(at(honest, i) + 1n)));
        await refused(world, () => prove(only({ samples: [{ ...sample, proof }] })), "VerifierInvalidBatch");
      }
      const { commitW, commitA, commitR } = model.statement;
      const { wValue, aValue, rValue } = whole.model;
      const fixed = [...model.rho, commitW, commitA, commitR, model.commitV, boundOf(model)];
      const publics = [...fixed, wValue, aValue, rValue];
      for (const i of publics.keys()) {
        const proof = world.keys.model.prove(replaced(publics, i, mod(at(publics, i) + 1n)));
        await refused(world, () => prove(only({ model: { ...whole.model, proof } })), "VerifierInvalidBatch");
      }
      const group = at(whole.contributors, 0);
      const given = [...model.rho.slice(0, 2), ...group.commitG, ...group.values];
      for (const i of given.keys()) {
        const proof = world.keys.contributors.prove(replaced(given, i, mod(at(given, i) + 1n)));
        await refused(
          world,
          () => prove(only({ contributors: [{ ...group, proof }] })),
          "VerifierInvalidBatch",
        );
      }
      await prove(whole);
    });

    it("cannot be moved to another batch, group or model", async () => {
      await begin();
      const [first, second] = [at(whole.samples, 0), at(whole.samples, 1)];
      const moved = [
        { ...first, index: 1 },
        { ...second, index: 0 },
      ];
      await refused(world, () => prove(only({ samples: moved })), "VerifierInvalidBatch");
      const groups = whole.contributors.map((group) => ({ ...group, group: 1 - group.group }));
      await refused(world, () => prove(only({ contributors: groups })), "TrainingWrongGroup");
      const other = await makeTrained(world, LAYOUT);
      await begin(other, model.commitV);
      await refused(world, () => prove(only({ samples: [first] }), other), "TrainingWrongChunk");
      await refused(
        world,
        () => prove({ batches: other.batches, samples: [first] }, other),
        "VerifierInvalidBatch",
      );
      await refused(world, () => prove(only({ model: whole.model }), other), "VerifierInvalidBatch");
    });

    it("refuses lists that are not the model's", async () => {
      await begin();
      const sample = [at(whole.samples, 0)];
      const entry = at(model.batches, 0);
      const lists = [
        replaced(model.batches, 0, { ...entry, root: entry.root + 1n }),
        replaced(model.batches, 0, { ...entry, count: entry.count + 1 }),
        replaced(model.batches, 0, { ...entry, contributor: 1 }),
        model.batches.slice(0, -1),
        [...model.batches, entry],
        [...model.batches].reverse(),
      ];
      for (const batches of lists)
        await refused(world, () => prove({ batches, samples: sample }), "TrainingWrongChunk");
      const group = at(whole.contributors, 1);
      const commitG = replaced(group.commitG, 1, at(group.commitG, 0));
      await refused(
        world,
        () => prove(only({ contributors: [{ ...group, commitG }] })),
        "TrainingWrongGroup",
      );
      const short = { ...group, commitG: group.commitG.slice(0, 1) };
      await refused(world, () => prove(only({ contributors: [short] })), "TrainingWrongLength");
      const long = { ...group, values: [...group.values, 0n] };
      await refused(world, () => prove(only({ contributors: [long] })), "TrainingWrongLength");
    });

    it("refuses statements that there are not, and calls without any", async () => {
      await begin();
      const sample = at(whole.samples, 0);
      await refused(
        world,
        () => prove(only({ samples: [{ ...sample, index: 6 }] })),
        "TrainingUnknownStatement",
      );
      await refused(
        world,
        () => prove(only({ samples: [{ ...sample, index: 16 }] })),
        "TrainingUnknownStatement",
      );
      const group = { ...at(whole.contributors, 1), group: 2 };
      await refused(world, () => prove(only({ contributors: [group] })), "TrainingUnknownStatement");
      await refused(world, () => prove(only({})), "VerifierEmptyBatch");
    });

    it("refuses values that are no field elements, and a value where nobody is", async () => {
      await begin();
      const sample = at(whole.samples, 0);
      for (const over of [{ g: sample.g + R }, { a: R }, { g: R }]) {
        await refused(
          world,
          () => prove(only({ samples: [{ ...sample, ...over }] })),
          "VerifierPublicNotCanonical",
        );
      }
      const group = at(whole.contributors, 1);
      const given = [...group.values].map((value, i) => (i === 1 ? value + 1n : value));
      const proof = world.keys.contributors.prove([...model.rho.slice(0, 2), ...group.commitG, ...given]);
      const padded = { ...group, values: given, proof };
      await refused(world, () => prove(only({ contributors: [padded] })), "TrainingPaddingValue");
      const wrapped = { ...at(whole.contributors, 0), values: [R, R + 1n] };
      await refused(world, () => prove(only({ contributors: [wrapped] })), "VerifierPublicNotCanonical");
      const bad = { ...whole.model, aValue: whole.model.aValue + R };
      await refused(world, () => prove(only({ model: bad })), "VerifierPublicNotCanonical");
    });
  });

  describe("the identities", () => {
    const shifted = (list: readonly bigint[], index: number, by: bigint): bigint[] =>
      list.map((value, i) => (i === index ? mod(value + by) : value));
    /** Sends all but one statement, then that one: the failure must come with it and name its reason. */
    const fails = async (over: Partial<Values>, reason: string, args: readonly unknown[] = []) => {
      const lie = parts(proofsOf(world, model, over));
      for (const order of [lie, [...lie].reverse()]) {
        await begin();
        await prove(joined(model, order.slice(0, -1)));
        const error = await refused(world, () => prove(at(order, order.length - 1)), reason);
        expect(error).toBeInstanceOf(RevertedError);
        expect(error.args).toEqual(args);
        expect((await progress()).remaining).toBe(1);
      }
      await begin();
      await refused(world, () => prove(joined(model, lie)), reason);
      expect(await world.contracts.trainingProven(model.id)).toBe(false);
      // The lie was the operator's own; the truth is still welcome.
      await prove(whole);
      expect(await world.contracts.trainingProven(model.id)).toBe(true);
    };

    it("(1) fails for a gradient that is not that of its batches, and names the contributor", async () => {
      // Everything after identity (1) is made to fit the lie.
      const value = shifted(model.values.value, 1, 3n);
      await fails({ value, rValue: mod(model.values.rValue + 3n) }, "TrainingWrongGradient", [1n]);
    });

    it("(1) fails for a batch whose gradient is another one's", async () => {
      const g = shifted(model.values.g, 5, 1n);
      await fails({ g }, "TrainingWrongGradient", [2n]);
    });

    it("(1) fails for an error that is hidden in another contributor's gradient", async () => {
      // The sums of both sides are right; only contributor by contributor they are not.
      await fails({ value: shifted(shifted(model.values.value, 0, 9n), 2, -9n) }, "TrainingWrongGradient", [
        0n,
      ]);
    });

    it("(1) holds for an error that moves between two batches of one contributor: only their sum is paid", async () => {
      await begin();
      await prove(proofsOf(world, model, { g: shifted(shifted(model.values.g, 0, 4n), 1, -4n) }));
      expect(await world.contracts.trainingProven(model.id)).toBe(true);
    });

    it("(2) fails for a W or an R that the gradients do not add up to", async () => {
      await fails({ wValue: mod(model.values.wValue + 1n) }, "TrainingWrongOptimum");
    });

    it("(2) fails for a remainder that is off by one", async () => {
      await fails({ rValue: mod(model.values.rValue - 1n) }, "TrainingWrongOptimum");
    });

    it("(3) fails for an A that is not the batches'", async () => {
      await fails({ aValue: mod(model.values.aValue + 1n) }, "TrainingWrongMoments");
    });

    it("(3) fails for a batch whose share of A is off by one", async () => {
      await fails({ a: shifted(model.values.a, 3, -1n) }, "TrainingWrongMoments");
    });
  });

  describe("what an unproven model may do", () => {
    it("nothing, unless it was registered as unproven: no epoch is opened, no payer charged", async () => {
      await refused(world, () => makeEpochOf(model), "EpochsTrainingNotProven");
      await begin();
      await refused(world, () => makeEpochOf(model), "EpochsTrainingNotProven");
      await prove(whole);
      await settleOne(model, true);
    });

    it("charge and settle if it was, and the events say so", async () => {
      const flagged = await makeTrained(world, LAYOUT, true);
      expect(await progress(flagged)).toMatchObject({ status: "committed", unproven: true });
      expect((await world.contracts.model(flagged.id)).unproven).toBe(true);
      expect(await world.contracts.trainingProven(flagged.id)).toBe(false);
      await settleOne(flagged, false);
      // It may still be proven: what is settled from then on is no longer unproven.
      await begin(flagged);
      await prove(proofsOf(world, flagged), flagged);
      await settleOne(flagged, true);
    });

    it("is another model than the same one without the flag", async () => {
      const { contracts } = world;
      const by = operator().address;
      const flagged = { ...model.statement, unproven: true };
      const nonce = await contracts.modelNonce(by);
      expect(await contracts.modelIdOf(by, nonce, flagged)).not.toBe(
        await contracts.modelIdOf(by, nonce, model.statement),
      );
    });

    /** Without a deposit first, so that a refusal can be compared to the wei. */
    const makeEpochOf = (of: Trained) =>
      world.contracts.commitEpoch(operator(), of.id, {
        receiptsRoots: [1n],
        commitQ: [2n],
        feeTotals: [0n],
        commitY: 3n,
        payers: [],
        feeUnits: [],
      });
    const settleOne = async (of: Trained, proven: boolean): Promise<void> => {
      const epoch = await makeEpoch(world, of);
      const w = [1n, 2n, 3n];
      await proveAll(world, of, epoch, w);
      const settled = await settle(world, of, epoch.number, w);
      expect(settled.trainingProven).toBe(proven);
      const codec = codecOf((await contractArtifacts()).Epochs.abi);
      const address = world.contracts.deployment.epochs;
      const logs = (await openEvents(world.chain).read([{ address, codec }])).events;
      const own = logs.filter(({ args }) => args.model === of.id && Number(args.epoch) === epoch.number);
      const flags = own.filter(({ name }) => ["EpochCommitted", "EpochSettled"].includes(name));
      const flagOf = ({ args }: (typeof flags)[number]): unknown =>
        args.trainingProven ?? (args.settlement as { trainingProven: boolean }).trainingProven;
      expect(flags.map(({ name }) => name)).toEqual(["EpochCommitted", "EpochSettled"]);
      expect(flags.map(flagOf)).toEqual([proven, proven]);
    };
  });

  it("is the only one that can call a model proven", async () => {
    const codec = codecOf((await contractArtifacts()).Models.abi);
    const data = codec.call("markTraining", [model.id, 3]);
    const to = world.contracts.deployment.models;
    await refused(world, () => send(world.chain, operator(), { to, data }, codec), "ModelsOnlyTraining");
  });

  it("cannot be created for circuits of other sizes", async () => {
    const artifact = (await contractArtifacts()).Models;
    const { datanets, registry, guardian } = world.contracts.deployment;
    const [samples, contributors, circuit] = ["samples", "contributors", "model"].map((name) =>
      circuitIdOf("tiny", name),
    );
    const deploy = (circuits: unknown[], dimension = 4, group = 2) =>
      deployContract(world.chain, operator(), artifact, [
        [datanets, registry, guardian, ...circuits, dimension, group, world.nullG, 100],
      ]);
    await deploy([samples, contributors, circuit]);
    for (const wrong of [
      () => deploy([contributors, contributors, circuit]),
      () => deploy([samples, samples, circuit]),
      () => deploy([samples, contributors, samples]),
      () => deploy([samples, contributors, circuit], 0),
      () => deploy([samples, contributors, circuit], 4, 3),
    ]) {
      await expect(wrong()).rejects.toMatchObject({ reason: "TrainingWrongProfile" });
    }
  });

  function rubbish(): bigint[] {
    return world.keys.adjoint.prove(Array.from({ length: 4 }, world.random.field));
  }
  function rerandomised(part: TrainingProofs): TrainingProofs {
    return withProof(part, (proof) => rerandomise(world.curve, proof, 1n + world.random.below(R - 1n)));
  }
});

function joined(model: Trained, list: readonly TrainingProofs[]): TrainingProofs {
  const whole = list.find(({ model: part }) => part !== undefined)?.model;
  return {
    batches: model.batches,
    samples: list.flatMap(({ samples }) => samples ?? []),
    contributors: list.flatMap(({ contributors }) => contributors ?? []),
    ...(whole === undefined ? {} : { model: whole }),
  };
}

function withProof(
  part: TrainingProofs,
  change: (proof: readonly bigint[]) => readonly bigint[],
): TrainingProofs {
  const changed = <T extends { readonly proof: readonly bigint[] }>(item: T): T => ({
    ...item,
    proof: change(item.proof),
  });
  return {
    batches: part.batches,
    samples: (part.samples ?? []).map(changed),
    contributors: (part.contributors ?? []).map(changed),
    ...(part.model === undefined ? {} : { model: changed(part.model) }),
  };
}
