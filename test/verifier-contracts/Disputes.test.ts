/**
 * Disputes: what an operator's bond stands for, what each lie costs, and that every dispute ends.
 *
 * Branch trees.
 *
 * postBond: unknown model ✗ │ nothing, or a token that keeps a part ✗ │ added
 * requestBond: not the operator ✗ │ 0 cancels │ not more: keeps the clock │ more: starts it again
 * withdrawBond: not the operator ✗ │ a dispute is open ✗ │ nothing ✗ │ too early ✗ │ min(requested, bond)
 * paid
 *
 * challengeOmission
 * ├ not the payer ✗ │ not the operator's signature ✗ │ the receipt was used ✗
 * ├ the epoch is not committed: before dueBy ✗ │ after dueBy or committed: on
 * ├ later than dueBy + RECEIPT_WINDOW ✗ │ no free bond ✗
 * └ stake taken, award put aside (at most the free bond)
 * answerOmission
 * ├ no such omission ✗ │ closed ✗ │ after the deadline ✗ (a pause moves it)
 * ├ other batches, no such batch ✗ │ another leaf, batch, epoch: the proof ✗
 * └ the operator has the stake, the bond is whole again
 * resolveOmission: no such ✗ │ closed ✗ │ not yet ✗ │ payer: stake, fee, half the penalty; treasury: the rest
 *
 * challengeBatch: paused ✗ │ not unproven ✗ │ frozen ✗ │ no such batch ✗ │ proven ✗ │ challenged ✗ │ stake
 * taken resolveBatch: no such ✗ │ closed ✗
 * ├ proven (batch or model): the operator has the stake
 * ├ frozen meanwhile: the stake goes back
 * ├ in time ✗
 * └ over: stake back, model frozen, free bond halved between challenger and treasury
 *
 * reportEquivocation: other model, payer or request, same receipt ✗ │ not signed ✗ │ reported ✗ │ no free
 * bond ✗ └ free bond halved between the receipts' payer and treasury, whoever reports
 * collect: nothing ✗ │ paid
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { chainTime, send } from "../../pipeline/chain/client.ts";
import { signBatch } from "../../pipeline/chain/contracts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { circuitIdOf } from "../../pipeline/chain/ids.ts";
import type { ReceiptArgs } from "../../pipeline/chain/types.ts";
import { type Account, codecOf, type Hex, typedDataDigest } from "../../pipeline/engine/ethers.ts";
import { RECEIPT_TYPES, receiptDomain } from "../../pipeline/receipts.ts";
import { rerandomise } from "./groth.ts";
import { makeTrained, proofsOf } from "./trained.ts";
import * as W from "./world.ts";

const DAY = 86_400;
const UNIT = 7n;
const BOND = 10_000_000n;

describe("Disputes", () => {
  let world: W.World;
  let model: W.Model;
  const c = () => world.contracts;
  const operator = (): Account => world.people.operator;
  const payer = (i = 0): Account => world.people.payers[i] as Account;
  const relayer = (): Account => world.people.relayer;
  const token = () => c().deployment.token;

  beforeAll(async () => {
    world = await W.openWorld("disputes", 3, {
      fees: { protocolBps: 100, developerBps: 0, validatorsBps: 0 },
    });
  });
  afterAll(async () => {
    await exact();
    await world.chain.close();
  });
  beforeEach(async () => {
    model = await W.makeModel(world, world.contributors, UNIT);
    await c().postBond(operator(), model.id, BOND);
  });

  const now = () => chainTime(world.chain);
  const receiptFor = (over: Partial<ReceiptArgs> = {}): Promise<ReceiptArgs> =>
    W.receiptFor(world, model, payer(), over);
  const sign = (receipt: ReceiptArgs, by = operator(), epochs = c().deployment.epochs): Promise<Hex> =>
    W.signReceipt(world, receipt, by, epochs);
  const challenge = async (receipt: ReceiptArgs, by = payer(), signature?: Hex) =>
    c().challengeOmission(by, receipt, signature ?? (await sign(receipt)));
  const inclusion = async (epoch: W.Epoch, batchIndex: number, leaf: bigint, of = model) =>
    world.keys.inclusion.prove([
      await c().context(of.id, epoch.number, batchIndex),
      epoch.commitment.receiptsRoots[batchIndex] as bigint,
      leaf,
    ]);
  const bond = () => c().bondOf(model.id);
  const won = (account: Account) => c().collectableAward(token(), account.address);
  /** Bonds, stakes of open disputes and what was won make up the contract's balance. */
  const exact = async (): Promise<void> => {
    let sum = 0n;
    for (const id of world.models.keys()) sum += (await c().bondOf(id)).amount;
    for (let i = 1n; i <= (await c().disputeCount()); i++) {
      const dispute = await c().disputeOf(i);
      if (dispute.open) sum += dispute.stake;
    }
    const people = [operator(), relayer(), ...world.people.payers].map(({ address }) => address);
    for (const account of [...people, await c().treasury()])
      sum += await c().collectableAward(token(), account);
    expect(await c().erc20Balance(token(), c().deployment.disputes)).toBe(sum);
  };
  const no = async (work: () => Promise<unknown>, reason: string) => {
    const before = await bond();
    const error = await W.refused(world, work, reason);
    expect(await bond()).toEqual(before);
    await exact();
    return error;
  };

  describe("bonds", () => {
    it("grow by whoever posts, in the model's token, and exactly", async () => {
      await c().postBond(relayer(), model.id, 5n);
      expect(await bond()).toMatchObject({ amount: BOND + 5n, reserved: 0n, pending: 0n });
      await no(() => c().postBond(relayer(), model.id, 0n), "DisputesNothingSent");
      await no(() => c().postBond(relayer(), world.random.hex32(), 1n), "DisputesUnknownModel");
      const { TestCoin } = await contractArtifacts();
      const codec = codecOf(TestCoin.abi);
      const coin = (await deployContract(world.chain, relayer(), TestCoin, [6])).created;
      for (const [method, args] of [
        ["mint", [relayer().address, 10_000n]],
        ["setFee", [100n]],
      ] as const)
        await send(world.chain, relayer(), { to: coin, data: codec.call(method, args) });
      const { datanetId } = await c().createDatanet(operator(), world.random.hex32(), { tokens: [coin] });
      const batch = { datanet: datanetId, root: world.random.field(), count: 4 };
      const contributor = world.contributors[0] as Account;
      const signature = await signBatch(contributor, c().deployment, batch);
      const signed = { ...batch, contributor: contributor.address, signature };
      const members = [
        { account: contributor.address, batches: [(await c().contribute(relayer(), signed)).batchId] },
      ];
      const cheap = await W.commitModelOf(world, datanetId, members, 1n, { token: coin });
      await no(() => c().postBond(relayer(), cheap.id, 1000n), "DisputesTokenTookFee");
    });

    it("leave after their delay, and posting a request again is no way around it", async () => {
      await no(() => c().requestBond(relayer(), model.id, 1n), "DisputesNotOperator");
      await no(() => c().withdrawBond(operator(), model.id), "DisputesNothingToWithdraw");
      await no(() => c().withdrawBond(relayer(), model.id), "DisputesNotOperator");
      await c().requestBond(operator(), model.id, 1n);
      await world.chain.travel(30 * DAY);
      await c().requestBond(operator(), model.id, BOND);
      await no(() => c().withdrawBond(operator(), model.id), "DisputesBondNotReady");
      const { readyAt } = await bond();
      await world.chain.travel(DAY);
      await c().requestBond(operator(), model.id, BOND - 1n);
      expect((await bond()).readyAt).toBe(readyAt);
      await c().requestBond(operator(), model.id, 0n);
      expect(await bond()).toMatchObject({ requested: 0n, readyAt: 0n });
      await c().requestBond(operator(), model.id, 3n * BOND);
      await world.chain.travel(30 * DAY);
      const before = await c().erc20Balance(token(), operator().address);
      await c().withdrawBond(operator(), model.id);
      expect(await c().erc20Balance(token(), operator().address)).toBe(before + BOND);
      expect(await bond()).toEqual({ amount: 0n, reserved: 0n, requested: 0n, readyAt: 0n, pending: 0n });
      await exact();
    });

    it("stay while a dispute is open, and go on when it ends", async () => {
      await c().requestBond(operator(), model.id, BOND);
      const epoch = await W.makeEpoch(world, model, [100n]);
      await world.chain.travel(30 * DAY);
      const receipt = await receiptFor();
      const { dispute } = await challenge(receipt);
      await no(() => c().withdrawBond(operator(), model.id), "DisputesBondInDispute");
      const proof = await inclusion(epoch, 0, receipt.leaf);
      await c().answerOmission(relayer(), dispute, epoch.commitment, 0, proof);
      await c().withdrawBond(operator(), model.id);
      expect((await bond()).amount).toBe(0n);
    });
  });

  describe("omission", () => {
    it("is signed over the same bytes here and there", async () => {
      const receipt = await receiptFor();
      const digest = typedDataDigest(
        receiptDomain(world.chain.chainId, c().deployment.epochs),
        RECEIPT_TYPES,
        { ...receipt },
      );
      expect(await c().receiptDigest(receipt)).toBe(digest);
    });

    it("is answered by showing that the leaf is in a batch of the epoch, and costs the challenger its stake", async () => {
      const epoch = await W.makeEpoch(world, model, [100n, 51n]);
      const receipt = await receiptFor();
      const terms = await c().omissionTerms(model.id, 500);
      expect(terms).toEqual({ stake: 500n * UNIT, fee: 500n * UNIT, award: 5_500n * UNIT });
      const { dispute } = await challenge(receipt);
      expect(await bond()).toMatchObject({ amount: BOND, reserved: terms.award, pending: 1n });
      const proof = await inclusion(epoch, 1, receipt.leaf);
      const before = await won(operator());
      const spread = rerandomise(world.curve, proof, 77n);
      await c().answerOmission(relayer(), dispute, epoch.commitment, 1, spread);
      expect(await won(operator())).toBe(before + terms.stake);
      expect(await bond()).toMatchObject({ amount: BOND, reserved: 0n, pending: 0n });
      const again = () => c().answerOmission(relayer(), dispute, epoch.commitment, 1, proof);
      await no(again, "DisputesClosed");
      await no(() => c().resolveOmission(payer(), dispute), "DisputesClosed");
      await no(() => challenge(receipt), "DisputesReceiptSpent");
      await exact();
    });

    it("is not answered by another leaf, batch, epoch or lists of the operator's", async () => {
      const epoch = await W.makeEpoch(world, model, [100n, 51n]);
      const receipt = await receiptFor();
      const { dispute } = await challenge(receipt);
      const answer = (index: number, proof: readonly bigint[], lists = epoch.commitment, id = dispute) =>
        c().answerOmission(operator(), id, lists, index, proof);
      const right = await inclusion(epoch, 0, receipt.leaf);
      await no(() => answer(1, right), "VerifierInvalidProof");
      const other = await inclusion(epoch, 0, receipt.leaf + 1n);
      await no(() => answer(0, other), "VerifierInvalidProof");
      const made = { ...epoch.commitment, receiptsRoots: [world.random.field(), world.random.field()] };
      await no(() => answer(0, right, made), "DisputesWrongBatches");
      await no(() => answer(2, right), "DisputesWrongBatches");
      await no(() => answer(0, right, epoch.commitment, dispute + 1n), "DisputesUnknownDispute");
      const later = { ...epoch, number: 2 };
      await no(async () => answer(0, await inclusion(later, 0, receipt.leaf)), "VerifierInvalidProof");
      await answer(0, right);
    });

    it("that nobody answers gives the payer its fee and half the penalty, when the window is over", async () => {
      await W.makeEpoch(world, model, [100n]);
      const receipt = await receiptFor();
      const { dispute } = await challenge(receipt);
      const deadline = Number(await c().disputeDeadline(dispute));
      expect(deadline).toBe((await now()) + (await c().answerWindow()));
      await no(() => c().resolveOmission(relayer(), dispute), "DisputesStillOpen");
      await no(() => c().resolveOmission(relayer(), dispute + 1n), "DisputesUnknownDispute");
      await no(() => c().resolveBatch(relayer(), dispute), "DisputesUnknownDispute");
      await world.chain.travel(await c().answerWindow());
      const epoch = { number: 1, commitment: W.makeCommitment(world, [100n]) };
      const late = async () =>
        c().answerOmission(operator(), dispute, epoch.commitment, 0, await inclusion(epoch, 0, 1n));
      await no(late, "DisputesAnswerTooLate");
      const treasury = await c().treasury();
      const [mine, theirs] = [await won(payer()), await c().collectableAward(token(), treasury)];
      await c().resolveOmission(relayer(), dispute);
      const [fee, penalty] = [500n * UNIT, 5_000n * UNIT];
      expect(await won(payer())).toBe(mine + fee + fee + penalty / 2n);
      expect(await c().collectableAward(token(), treasury)).toBe(theirs + penalty / 2n);
      expect(await bond()).toMatchObject({ amount: BOND - fee - penalty, reserved: 0n, pending: 0n });
      await no(() => c().resolveOmission(relayer(), dispute), "DisputesClosed");
      await no(() => challenge(receipt), "DisputesReceiptSpent");
      const before = await c().erc20Balance(token(), payer().address);
      await c().collectAward(relayer(), token(), payer().address);
      expect(await c().erc20Balance(token(), payer().address)).toBe(before + mine + 2n * fee + penalty / 2n);
      await no(() => c().collectAward(relayer(), token(), payer().address), "DisputesNothingToCollect");
    });

    it("of an epoch that never came: from dueBy on, and committing in the window is an answer", async () => {
      const receipt = await receiptFor();
      await no(() => challenge(receipt), "DisputesTooEarly");
      await world.chain.travel(3 * DAY);
      const { dispute } = await challenge(receipt);
      const epoch = await W.makeEpoch(world, model, [500n]);
      const proof = await inclusion(epoch, 0, receipt.leaf);
      await c().answerOmission(operator(), dispute, epoch.commitment, 0, proof);
      expect((await bond()).amount).toBe(BOND);
    });

    it("is the payer's to say, about what the operator signed, within the receipt's time", async () => {
      await W.makeEpoch(world, model, [100n]);
      const receipt = await receiptFor();
      await no(() => challenge(receipt, payer(1)), "DisputesNotPayer");
      await no(
        async () => challenge(receipt, payer(), await sign(receipt, relayer())),
        "DisputesWrongSignature",
      );
      await no(
        async () => challenge(receipt, payer(), await sign(receipt, operator(), c().deployment.vault)),
        "DisputesWrongSignature",
      );
      for (const over of [{ feeUnits: 501 }, { epoch: 2 }, { leaf: 1n }, { dueBy: receipt.dueBy + 1 }]) {
        const signature = await sign(receipt);
        await no(() => challenge({ ...receipt, ...over }, payer(), signature), "DisputesWrongSignature");
      }
      await world.chain.travel(17 * DAY);
      await no(() => challenge(receipt), "DisputesTooLate");
      const bare = await W.makeModel(world, world.contributors, UNIT);
      await W.makeEpoch(world, bare, [100n]);
      const unbacked = await receiptFor({ modelId: bare.id });
      await no(() => challenge(unbacked), "DisputesNothingAtStake");
    });

    it("takes what the bond holds and no more, and leaves other disputes their part", async () => {
      await W.makeEpoch(world, model, [100n]);
      const large = await receiptFor({ feeUnits: 100_000 });
      const first = await challenge(large);
      expect((await c().disputeOf(first.dispute)).award).toBe(1_100_000n * UNIT);
      const second = await challenge(await receiptFor({ feeUnits: 100_000 }));
      expect((await c().disputeOf(second.dispute)).award).toBe(BOND - 1_100_000n * UNIT);
      expect(await c().freeBond(model.id)).toBe(0n);
      await no(async () => challenge(await receiptFor()), "DisputesNothingAtStake");
      await world.chain.travel(4 * DAY);
      await c().resolveOmission(relayer(), second.dispute);
      await c().resolveOmission(relayer(), first.dispute);
      expect(await bond()).toEqual({ amount: 0n, reserved: 0n, requested: 0n, readyAt: 0n, pending: 0n });
      await exact();
    });

    it("counts a small fee as 100 units, and gives a bond smaller than the fee to the payer whole", async () => {
      expect(await c().omissionTerms(model.id, 1)).toEqual({ stake: 700n, fee: 7n, award: 7_007n });
      const poor = await W.makeModel(world, world.contributors, UNIT);
      await W.makeEpoch(world, poor, [100n]);
      await c().postBond(operator(), poor.id, 50n);
      const { dispute } = await challenge(await receiptFor({ modelId: poor.id }));
      await world.chain.travel(4 * DAY);
      const before = await won(payer());
      await c().resolveOmission(relayer(), dispute);
      expect(await won(payer())).toBe(before + 500n * UNIT + 50n);
      await exact();
    });

    it("waits for a pause that began in its window, and a day more; not for a later one", async () => {
      const receipt = await receiptFor({ dueBy: (await now()) + 1 });
      await world.chain.travel(2);
      const first = await challenge(receipt);
      const second = await challenge(await receiptFor({ dueBy: (await now()) - 1 }));
      const end = await c().disputeDeadline(second.dispute);
      await world.chain.travel(2 * DAY);
      await c().pause(operator());
      const moved = BigInt(await now()) + BigInt(4 * DAY);
      expect(await c().disputeDeadline(first.dispute)).toBe(moved);
      expect(moved).toBeLessThanOrEqual(end + BigInt(4 * DAY));
      await world.chain.travel(DAY + 10);
      await no(() => c().resolveOmission(relayer(), first.dispute), "DisputesStillOpen");
      await world.chain.travel(3 * DAY);
      await c().resolveOmission(relayer(), first.dispute);
      // Left open until the next pause, a dispute does not open again.
      await world.chain.travel(10 * DAY);
      await c().pause(operator());
      expect(await c().disputeDeadline(second.dispute)).toBe(end);
      await c().resolveOmission(relayer(), second.dispute);
      await c().unpause(operator());
      await world.chain.travel(10 * DAY);
    });
  });

  describe("an unproven batch", () => {
    const unproven = async () => {
      const trained = await makeTrained(world, [2, 1, 1], true);
      model = trained;
      await c().postBond(operator(), trained.id, BOND);
      return trained;
    };

    it("that is proven in the window costs the challenger its stake", async () => {
      const trained = await unproven();
      const stake = await c().batchStake(model.id);
      expect(stake).toBe(BOND / 100n);
      const { dispute } = await c().challengeBatch(relayer(), model.id, 1);
      expect(await c().challengeOf(model.id, 1)).toBe(dispute);
      expect(await bond()).toMatchObject({ amount: BOND, reserved: 0n, pending: 1n });
      await no(() => c().challengeBatch(payer(), model.id, 1), "DisputesAlreadyChallenged");
      await no(() => c().resolveBatch(relayer(), dispute), "DisputesStillOpen");
      await c().beginTraining(operator(), model.id, trained.commitV);
      const whole = proofsOf(world, trained);
      const sample = (i: number) => [whole.samples[i] as (typeof whole.samples)[0]];
      await c().proveTraining(relayer(), model.id, { batches: trained.batches, samples: sample(0) });
      expect(await c().sampleProven(model.id, 0)).toBe(true);
      await no(() => c().resolveBatch(relayer(), dispute), "DisputesStillOpen");
      await c().proveTraining(relayer(), model.id, { batches: trained.batches, samples: sample(1) });
      const before = await won(operator());
      await c().resolveBatch(payer(), dispute);
      expect(await won(operator())).toBe(before + stake);
      expect(await c().isFrozen(model.id)).toBe(false);
      await no(() => c().resolveBatch(payer(), dispute), "DisputesClosed");
      await no(() => c().challengeBatch(relayer(), model.id, 1), "DisputesAlreadyProven");
      await no(() => c().challengeBatch(relayer(), model.id, 0), "DisputesAlreadyProven");
      // Begun anew, nothing is proven, and the question may be put again.
      await c().beginTraining(operator(), model.id, trained.commitV);
      const next = await c().challengeBatch(relayer(), model.id, 1);
      await c().proveTraining(relayer(), model.id, whole);
      expect(await c().trainingProven(model.id)).toBe(true);
      await c().resolveBatch(relayer(), next.dispute);
      await no(() => c().challengeBatch(relayer(), model.id, 2), "DisputesNotUnproven");
      await exact();
    });

    it("that is not proven freezes the model and halves the bond; claims and the open epoch go on", async () => {
      const trained = await unproven();
      const w = [1n, 1n, 2n];
      const epoch = await W.makeEpoch(world, model, [100n]);
      const first = await c().challengeBatch(relayer(), model.id, 0);
      const second = await c().challengeBatch(payer(), model.id, 3);
      // Beginning the training again and again moves no deadline.
      const deadline = await c().disputeDeadline(first.dispute);
      await world.chain.travel(2 * DAY);
      await c().beginTraining(operator(), model.id, trained.commitV);
      await c().beginTraining(operator(), model.id, trained.commitV);
      expect(await c().disputeDeadline(first.dispute)).toBe(deadline);
      await world.chain.travel(DAY);
      const treasury = await c().treasury();
      const before = [
        await won(relayer()),
        await c().collectableAward(token(), treasury),
        await won(payer()),
      ];
      const stake = await c().batchStake(model.id);
      await c().resolveBatch(payer(), first.dispute);
      expect(await c().isFrozen(model.id)).toBe(true);
      expect(await won(relayer())).toBe((before[0] as bigint) + stake + BOND / 2n);
      expect(await c().collectableAward(token(), treasury)).toBe((before[1] as bigint) + BOND / 2n);
      expect(await bond()).toMatchObject({ amount: 0n, pending: 1n });
      await c().resolveBatch(payer(), second.dispute);
      expect(await won(payer())).toBe((before[2] as bigint) + stake);
      await no(() => c().challengeBatch(relayer(), model.id, 1), "DisputesModelFrozen");

      await W.proveAll(world, model, epoch, w);
      await W.settle(world, model, 1, w);
      await c().claim(relayer(), await W.claimOf(world, model, model.accounts[2] as string));
      const next = W.makeCommitment(world, [1n]);
      await no(() => c().commitEpoch(operator(), model.id, next), "EpochsModelFrozen");
      await exact();
    });

    it("is one of a model that may be used without a proof, that exists, and not in a pause", async () => {
      await unproven();
      await no(() => c().challengeBatch(relayer(), model.id, 4), "DisputesUnknownBatch");
      const must = await makeTrained(world, [1, 1, 1], false);
      await no(() => c().challengeBatch(relayer(), must.id, 0), "DisputesNotUnproven");
      await c().pause(operator());
      await no(() => c().challengeBatch(relayer(), model.id, 0), "DisputesPaused");
      await world.chain.travel(10 * DAY);
    });

    it("leaves what omissions have put aside: slashing takes the rest only", async () => {
      await unproven();
      await W.makeEpoch(world, model, [100n]);
      const omission = await challenge(await receiptFor());
      const { dispute } = await c().challengeBatch(relayer(), model.id, 0);
      await world.chain.travel(4 * DAY);
      await c().resolveBatch(relayer(), dispute);
      expect(await bond()).toMatchObject({ amount: 5_500n * UNIT, reserved: 5_500n * UNIT, pending: 1n });
      await c().resolveOmission(relayer(), omission.dispute);
      expect((await bond()).amount).toBe(0n);
      await exact();
    });
  });

  describe("equivocation", () => {
    it("costs the bond at once, half of it to the payer whoever shows it, once for a request", async () => {
      const a = await receiptFor();
      const b = { ...a, leaf: a.leaf + 1n };
      const report = async (one: ReceiptArgs, other: ReceiptArgs) =>
        c().reportEquivocation(relayer(), one, await sign(one), other, await sign(other));
      await no(() => report(a, a), "DisputesNoEquivocation");
      await no(() => report(a, { ...b, requestId: world.random.hex32() }), "DisputesNoEquivocation");
      await no(() => report(a, { ...b, payer: payer(1).address }), "DisputesNoEquivocation");
      const other = await W.makeModel(world, world.contributors, UNIT);
      await no(() => report(a, { ...b, modelId: other.id }), "DisputesNoEquivocation");
      const forged = async () =>
        c().reportEquivocation(relayer(), a, await sign(a), b, await sign(b, payer()));
      await no(forged, "DisputesWrongSignature");
      const before = [await won(payer(0)), await c().collectableAward(token(), await c().treasury())];
      const reporter = await won(relayer());
      await c().postBond(operator(), model.id, 1n);
      await report(a, b);
      expect(await won(payer(0))).toBe((before[0] as bigint) + BOND / 2n);
      expect(await won(relayer())).toBe(reporter);
      expect(await c().collectableAward(token(), await c().treasury())).toBe(
        (before[1] as bigint) + BOND / 2n + 1n,
      );
      expect(await bond()).toMatchObject({ amount: 0n, pending: 0n });
      await c().postBond(operator(), model.id, BOND);
      await no(() => report(b, a), "DisputesEquivocationSpent");
      const [x, y] = [await receiptFor(), await receiptFor()];
      await report(x, { ...x, dueBy: x.dueBy + 1 });
      await no(() => report(y, { ...y, epoch: 2 }), "DisputesNothingAtStake");
      await exact();
    });
  });

  it("needs a verifier with the inclusion circuit", async () => {
    const { Disputes } = await contractArtifacts();
    const { epochs, registry, training, guardian } = c().deployment;
    const args = [epochs, registry, training, guardian, circuitIdOf("tiny", "samples")];
    await no(() => deployContract(world.chain, relayer(), Disputes, args), "DisputesWrongProfile");
  });
});
