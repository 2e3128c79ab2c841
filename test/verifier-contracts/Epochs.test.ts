/** Epochs: who may charge what, which proofs count, and once only. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { circuitIdOf } from "../../pipeline/chain/ids.ts";
import { EPOCH_STATUS } from "../../pipeline/chain/types.ts";
import { Q, R, rerandomise } from "./groth.ts";
import * as W from "./world.ts";

describe("Epochs", () => {
  let world: W.World;
  let model: W.Model;
  let epoch: W.Epoch;
  const w = [30n, 0n, 70n];

  beforeAll(async () => {
    world = await W.openWorld("epochs");
  });
  afterAll(() => world.chain.close());
  beforeEach(async () => {
    model = await W.makeModel(world);
    epoch = await W.makeEpoch(world, model);
  });

  const sender = () => world.people.relayer;
  const inference = (index: number, proof: readonly bigint[], id = model.id, number = epoch.number) =>
    W.sendProofs(world, { id }, epoch, { inference: [{ batchIndex: index, proof }] }, number);
  const adjoint = (proof: readonly bigint[], id = model.id, number = epoch.number) =>
    W.sendProofs(world, { id }, epoch, { adjoint: proof }, number);
  const weights = (
    group: { index: number; w: bigint[]; commitG: bigint[] },
    proof: readonly bigint[],
    number = epoch.number,
  ) => W.sendProofs(world, model, epoch, { weights: [{ ...group, proof }] }, number);
  const settle = (values: readonly bigint[] = w, accounts = model.accounts) =>
    W.settle(world, model, epoch.number, values, accounts);
  const commitAgain = async (of: W.Model) => {
    const vouchers = await W.vouchersFor(world, of, epoch.commitment);
    await world.contracts.commitEpoch(world.people.operator, of.id, epoch.commitment, vouchers);
  };
  const status = async () =>
    EPOCH_STATUS[Number((await world.contracts.epoch(model.id, epoch.number)).status)];

  it("charges, proves, settles and pays to the wei", async () => {
    const pool = 151n * 7n;
    const before = await W.balanced(world);
    await W.proveAll(world, model, epoch, w);
    expect((await world.contracts.epoch(model.id, epoch.number)).remaining).toBe(0n);
    const settled = await settle();
    expect(settled.payoutsWei).toEqual([(pool * 30n) / 100n, 0n, (pool * 70n) / 100n]);
    expect(settled.poolWei).toBe(pool);
    expect(settled.carriedOutWei).toBe(pool - (pool * 30n) / 100n - (pool * 70n) / 100n);
    expect(await status()).toBe("settled");
    const after = await W.balanced(world);
    expect(after.pool).toBe(before.pool - pool);
    expect(after.owed + after.carry).toBe(before.owed + before.carry + pool);
    await W.refused(world, () => settle(), "EpochsClosed");
    await W.refused(world, () => adjoint(new Array<bigint>(8).fill(1n)), "EpochsClosed");
  });

  it("is created for a profile whose circuits the verifier has", async () => {
    const { Epochs } = await contractArtifacts();
    const { registry, models, datanets, schedule, guardian } = world.contracts.deployment;
    const circuits = ["inference", "adjoint", "weights"].map((name) => circuitIdOf("tiny", name));
    const create = (names: readonly string[], queries: number) =>
      deployContract(world.chain, world.people.operator, Epochs, [
        [registry, models, datanets, schedule, guardian, ...names, world.emptyQ, queries],
      ]);
    for (const [names, queries] of [
      [circuits, 0],
      [circuits.with(0, circuits[1] as string), W.QUERIES],
      [circuits.with(1, circuits[0] as string), W.QUERIES],
      [circuits.with(2, circuits[0] as string), W.QUERIES],
    ] as const)
      await W.refused(world, () => create(names, queries), "EpochsWrongProfile");
  });

  describe("committing", () => {
    const commit = (commitment: W.Epoch["commitment"], by = world.people.operator) =>
      world.contracts.commitEpoch(by, model.id, commitment);

    it("is the operator's alone, one epoch at a time, for a model that exists", async () => {
      const next = W.makeCommitment(world, [5n]);
      await W.refused(world, () => commit(next, world.people.relayer), "EpochsNotOperator");
      await W.refused(world, () => commit(next), "EpochsStillOpen");
      const none = world.random.hex32();
      await W.refused(
        world,
        () => world.contracts.commitEpoch(world.people.operator, none, next),
        "ModelsUnknownModel",
      );
    });

    it("charges no payer more than its deposit for this very model", async () => {
      const other = await W.makeModel(world);
      const [payer] = world.people.payers;
      if (payer === undefined) throw new Error("no payer");
      await world.contracts.deposit(payer, other.id, 10n * 7n);
      // Worth as much as is deposited, whatever it says.
      await world.contracts.redeem(sender(), [await W.voucherFor(world, other, payer, W.COIN)]);
      const commitment = { ...W.makeCommitment(world, [11n]), payers: [payer.address], feeUnits: [11n] };
      const charge = (c: W.Epoch["commitment"]) =>
        world.contracts.commitEpoch(world.people.operator, other.id, c);
      const error = await W.refused(world, () => charge(commitment), "VaultInsufficientDeposit");
      expect(error.args.slice(1)).toEqual([70n, 77n]);
      // The same payer twice is charged twice.
      const twice = { ...commitment, payers: [payer.address, payer.address], feeUnits: [6n, 5n] };
      await W.refused(world, () => charge(twice), "VaultInsufficientDeposit");
      const huge = { ...commitment, feeUnits: [(1n << 128n) - 1n] };
      await W.refused(world, () => charge(huge), "EpochsFeesDiffer");
      await charge({ ...twice, feeTotals: [10n], feeUnits: [6n, 4n] });
      expect(await world.contracts.unspent(other.id, payer.address)).toBe(0n);
    });

    it("refuses fees that differ, are too large, or lists of different lengths", async () => {
      const fresh = await W.makeModel(world);
      const charge = (c: W.Epoch["commitment"]) =>
        world.contracts.commitEpoch(world.people.operator, fresh.id, c);
      const good = W.makeCommitment(world, [100n, 51n]);
      await W.refused(world, () => charge({ ...good, feeUnits: [75n, 75n] }), "EpochsFeesDiffer");
      await W.refused(
        world,
        () => charge({ ...good, feeTotals: [65_535n * 3n + 1n, 0n] }),
        "EpochsFeeTooLarge",
      );
      await W.refused(world, () => charge({ ...good, feeTotals: [R, 1n] }), "EpochsFeeTooLarge");
      await W.refused(world, () => charge({ ...good, feeTotals: [151n] }), "EpochsWrongLength");
      await W.refused(world, () => charge({ ...good, commitQ: [1n] }), "EpochsWrongLength");
      await W.refused(world, () => charge({ ...good, feeUnits: [151n] }), "EpochsWrongLength");
      await W.refused(world, () => charge({ ...good, commitY: R }), "EpochsNotAFieldElement");
      await W.refused(world, () => charge({ ...good, commitQ: [1n, R + 1n] }), "EpochsNotAFieldElement");
      await W.refused(world, () => charge({ ...good, receiptsRoots: [0n, 1n] }), "EpochsNotAFieldElement");
      const none = { ...good, receiptsRoots: [], commitQ: [], feeTotals: [], payers: [], feeUnits: [] };
      await W.refused(world, () => charge(none), "EpochsWrongBatchCount");
      const many = W.makeCommitment(world, new Array<bigint>(65).fill(1n));
      await W.refused(world, () => charge(many), "EpochsWrongBatchCount");
      const crowd = {
        ...good,
        payers: new Array<string>(257).fill(good.payers[0] as string),
        feeUnits: new Array<bigint>(257).fill(0n),
      };
      await W.refused(world, () => charge(crowd), "EpochsTooManyPayers");
    });
  });

  describe("proving", () => {
    it("counts each statement once, whatever the bytes of the proof", async () => {
      const proof = await W.proveInference(world, model, epoch, 0);
      await inference(0, proof);
      const again = [proof, rerandomise(world.curve, proof, 987n), rerandomise(world.curve, proof, -1n)];
      again.push(await W.proveInference(world, model, epoch, 0));
      for (const other of again) await W.refused(world, () => inference(0, other), "EpochsAlreadyProven");

      const publics = W.adjointPublics(model, epoch);
      await adjoint(world.keys.adjoint.prove(publics));
      await W.refused(world, () => adjoint(world.keys.adjoint.prove(publics)), "EpochsAlreadyProven");

      const group = W.groupOf(world, model, w, 0);
      const proven = W.proveWeights(world, epoch, group);
      await weights(group, proven);
      await W.refused(
        world,
        () => weights(group, rerandomise(world.curve, proven, -1n)),
        "EpochsAlreadyProven",
      );
      const richer = { ...group, w: [99n, 1n] };
      await W.refused(
        world,
        () => weights(richer, W.proveWeights(world, epoch, richer)),
        "EpochsAlreadyProven",
      );
      expect((await world.contracts.epoch(model.id, epoch.number)).remaining).toBe(2n);
    });

    it("takes a re-randomised or negated proof as what it is: a proof, the first time", async () => {
      await inference(0, rerandomise(world.curve, await W.proveInference(world, model, epoch, 0), -1n));
      await inference(1, rerandomise(world.curve, await W.proveInference(world, model, epoch, 1), 55n));
      expect((await world.contracts.epoch(model.id, epoch.number)).provenBatches).toBe(0b11n);
    });

    it("refuses tampered proofs and coordinates that are not canonical or off the curve", async () => {
      const proof = await W.proveInference(world, model, epoch, 0);
      const at = (i: number, by: bigint) => proof.map((value, j) => (i === j ? value + by : value));
      for (const i of proof.keys()) {
        await W.refused(world, () => inference(0, at(i, Q)), "VerifierProofNotCanonical");
        await W.refused(world, () => inference(0, at(i, 1n)), "VerifierProofNotOnCurve");
      }
      const other = await W.proveInference(world, model, epoch, 1);
      await W.refused(
        world,
        () => inference(0, [...proof.slice(0, 6), ...other.slice(6)]),
        "VerifierInvalidBatch",
      );
      await inference(0, proof);
    });

    it("refuses the proof of another batch, epoch, model and circuit", async () => {
      const zero = await W.proveInference(world, model, epoch, 0);
      await W.refused(world, () => inference(1, zero), "VerifierInvalidBatch");
      await W.refused(world, () => inference(2, zero), "EpochsUnknownStatement");
      await W.refused(world, () => inference(0, zero, model.id, 2), "EpochsUnknownEpoch");
      await W.refused(world, () => adjoint(zero), "VerifierInvalidBatch");

      // The same receipts, Q and fees in another model: only the context and the model's own W differ.
      const other = await W.makeModel(world);
      for (const payer of world.people.payers) await world.contracts.deposit(payer, other.id, 10_000n);
      await commitAgain(other);
      await W.refused(world, () => inference(0, zero, other.id, 1), "VerifierInvalidBatch");
      const own = world.keys.adjoint.prove(W.adjointPublics(model, epoch));
      await W.refused(world, () => adjoint(own, other.id, 1), "VerifierInvalidBatch");

      // And in this model's next epoch.
      await W.proveAll(world, model, epoch, w);
      await settle();
      for (const payer of world.people.payers) await world.contracts.deposit(payer, model.id, 10_000n);
      await commitAgain(model);
      await W.refused(world, () => inference(0, zero, model.id, 2), "VerifierInvalidBatch");
    });

    it("refuses tampered weights, weights plus the field's order, and others' commitments", async () => {
      const group = W.groupOf(world, model, w, 0);
      const proof = W.proveWeights(world, epoch, group);
      await W.refused(world, () => weights({ ...group, w: [31n, 0n] }, proof), "VerifierInvalidBatch");
      await W.refused(world, () => weights({ ...group, w: [30n, 1n] }, proof), "VerifierInvalidBatch");
      await W.refused(world, () => weights({ ...group, w: [30n + R, 0n] }, proof), "EpochsWeightTooLarge");
      const huge = { ...group, w: [1n << 112n, 0n] };
      await W.refused(world, () => weights(huge, W.proveWeights(world, epoch, huge)), "EpochsWeightTooLarge");
      const swapped = { ...group, commitG: [...group.commitG].reverse() };
      await W.refused(
        world,
        () => weights(swapped, W.proveWeights(world, epoch, swapped)),
        "EpochsWrongGroup",
      );
      await W.refused(world, () => weights({ ...group, index: 1 }, proof), "EpochsWrongGroup");
      await W.refused(world, () => weights({ ...group, index: 2 }, proof), "EpochsUnknownStatement");
      await W.refused(world, () => weights({ ...group, w: [30n] }, proof), "EpochsWrongLength");
      await W.refused(
        world,
        () => weights({ ...group, commitG: [...group.commitG, 1n] }, proof),
        "EpochsWrongLength",
      );
    });

    it("refuses a weight in a place that nobody has, even with a proof", async () => {
      const group = W.groupOf(world, model, [...w, 5n], 1);
      await W.refused(
        world,
        () => weights(group, W.proveWeights(world, epoch, group)),
        "EpochsPaddingWeight",
      );
    });
  });

  describe("settling", () => {
    it("waits for every proof", async () => {
      await W.refused(world, () => settle(), "EpochsNotProven");
      const group = W.groupOf(world, model, w, 0);
      await weights(group, W.proveWeights(world, epoch, group));
      const error = await W.refused(world, () => settle(), "EpochsNotProven");
      expect(error.args).toEqual([4n]);
    });

    it("takes exactly the proven weights of exactly the model's accounts", async () => {
      await W.proveAll(world, model, epoch, w);
      const [a, b, c] = model.accounts as [string, string, string];
      await W.refused(world, () => settle([31n, 0n, 70n]), "EpochsWrongWeights");
      await W.refused(world, () => settle([30n, 0n, 71n]), "EpochsWrongWeights");
      await W.refused(world, () => settle(w, [a, b, world.people.operator.address]), "EpochsWrongAccounts");
      await W.refused(world, () => settle(w, [b, a, c]), "EpochsWrongAccounts");
      await W.refused(world, () => settle(w.slice(0, 2), [a, b]), "EpochsWrongAccounts");
      await W.refused(world, () => settle(w.slice(0, 2), [a, b, c]), "EpochsWrongLength");
      await settle();
    });

    it("carries the whole pool over when nobody helped, and pays it out with the next epoch's", async () => {
      await W.proveAll(world, model, epoch, [0n, 0n, 0n]);
      const first = await settle([0n, 0n, 0n]);
      const pool = 151n * 7n;
      expect(first).toMatchObject({ payoutsWei: [0n, 0n, 0n], carriedOutWei: pool, totalWeight: 0n });
      expect(await world.contracts.carryOf(model.id)).toBe(pool);

      const next = await W.makeEpoch(world, model, [10n]);
      expect(next.number).toBe(2);
      expect(await world.contracts.carryOf(model.id)).toBe(0n);
      await W.proveAll(world, model, next, [1n, 1n, 1n]);
      const second = await W.settle(world, model, 2, [1n, 1n, 1n]);
      expect(second.poolWei).toBe(pool + 70n);
      expect(second.payoutsWei).toEqual(new Array(3).fill((pool + 70n) / 3n));
      expect(second.carriedOutWei).toBe((pool + 70n) % 3n);
      await W.balanced(world);
    });

    it("shares the largest weights and pools without overflow", async () => {
      const rich = await W.makeModel(world, world.contributors, COINS_PER_UNIT);
      const large = await W.makeEpoch(world, rich, [100n]);
      const most = (1n << 112n) - 1n;
      await W.proveAll(world, rich, large, [most, most, 1n]);
      const { payoutsWei, poolWei } = await W.settle(world, rich, 1, [most, most, 1n]);
      expect(payoutsWei).toEqual([most, most, 1n].map((weight) => (poolWei * weight) / (2n * most + 1n)));
      await W.balanced(world);
    });
  });

  describe("expiring", () => {
    const expire = (charges = epoch.commitment) =>
      world.contracts.expire(sender(), model.id, epoch.number, charges);

    it("gives payers their fees back, the carry to the next epoch, and lets the operator go on", async () => {
      const before = await W.balanced(world);
      await inference(0, await W.proveInference(world, model, epoch, 0));
      await W.refused(world, () => expire(), "EpochsNotExpired");
      await world.chain.travel(7 * 86_400 + 1);
      const [a, b] = epoch.commitment.feeUnits as [bigint, bigint];
      await W.refused(
        world,
        () => expire({ ...epoch.commitment, feeUnits: [a + 1n, b - 1n] }),
        "EpochsWrongCharges",
      );
      await W.refused(
        world,
        () => expire({ ...epoch.commitment, payers: [...epoch.commitment.payers].reverse() }),
        "EpochsWrongCharges",
      );
      await expire();
      expect(await status()).toBe("expired");
      const after = await W.balanced(world);
      expect(after.pool).toBe(before.pool - 151n * 7n);
      for (const [i, payer] of world.people.payers.entries()) {
        expect(await world.contracts.unspent(model.id, payer.address)).toBe(7n * (i === 0 ? a : b));
      }
      await W.refused(world, () => expire(), "EpochsClosed");
      await W.refused(world, () => settle(), "EpochsClosed");
      await world.contracts.commitEpoch(world.people.operator, model.id, epoch.commitment);
      expect(await world.contracts.epochCount(model.id)).toBe(2);
    });

    it("keeps the carry that an expired epoch had taken in", async () => {
      await W.proveAll(world, model, epoch, [0n, 0n, 0n]);
      await settle([0n, 0n, 0n]);
      const carry = await world.contracts.carryOf(model.id);
      const next = await W.makeEpoch(world, model, [10n]);
      await world.chain.travel(8 * 86_400);
      await world.contracts.expire(sender(), model.id, next.number, next.commitment);
      expect(await world.contracts.carryOf(model.id)).toBe(carry);
      await W.balanced(world);
    });

    it("never takes a fully proven epoch from its contributors", async () => {
      await W.proveAll(world, model, epoch, w);
      await world.chain.travel(30 * 86_400);
      await W.refused(world, () => expire(), "EpochsFullyProven");
      await settle();
    });
  });
});

const COINS_PER_UNIT = 10n ** 18n;
