/**
 * Validation, proofs against verdicts.
 *
 * proveDuplicate
 *   no such batch / no verdicts asked for / rejected already → refused
 *   the earlier one: unknown / later / of another datanet / without an accepting verdict / withdrawn before
 *   the round opened → refused
 *   the proof: of other roots / in another name / of something else → refused
 *   the batch is rejected; and, by the state of its last round,
 *     open, and the original was known → who showed "accept" by then is slashed, nobody else
 *     open, and it was not known → the round ends, nobody loses
 *     accepted, in the challenge window, known → accepters slashed, who rejected gets back what it lost, the
 *     silent one does not
 *     accepted, known too late or proven too late → nobody loses
 *     none, or undecided → nobody loses
 * claimReward: nothing owed → refused; else paid once, to the challenger, whoever asks
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signWithdrawal } from "../../pipeline/chain/contracts.ts";
import { ROUND_OUTCOME } from "../../pipeline/chain/types.ts";
import type { Account } from "../../pipeline/engine/ethers.ts";
import {
  ACCEPT,
  duplicateProof,
  HOUR,
  newBatch,
  newDatanet,
  openValidators,
  REJECT,
  runRound,
  settleAll,
  type Validators,
  type Vote,
} from "./validators.ts";
import { COIN, refused } from "./world.ts";

const W = 1000n * COIN;
const DAY = 24 * HOUR;

describe("Validation.proveDuplicate", () => {
  let world: Validators;
  let challenger: Account;
  let author: Account;
  const c = () => world.contracts;
  const no = (work: () => Promise<unknown>, reason: string) => refused(world, work, reason);
  const batch = (datanet = world.datanet) => newBatch(world, datanet, author);
  const vote = (verdict: 0 | 1 | 2, weight = W): Vote => ({ verdict, weight });
  const accepted = async (datanet = world.datanet): Promise<bigint> => {
    const id = await batch(datanet);
    await runRound(world, id, [vote(ACCEPT)]);
    return id;
  };
  const challenge = async (id: bigint, earlier: bigint, by = challenger) => {
    const proof = await duplicateProof(world, earlier, id, by.address);
    return c().proveDuplicate(world.people.relayer, id, { earlier, challenger: by.address, proof });
  };
  const withdraw = async (id: bigint) => {
    const signature = await signWithdrawal(author, c().deployment, id);
    await c().withdrawBatch(world.people.relayer, id, signature);
  };
  const free = async (i: number) => (await c().stakeOf((world.validators[i] as Account).address)).free;
  const exact = async () => {
    const sums = await c().stakeAccounting();
    expect(sums.deposited).toBe(sums.staked + sums.slashed + sums.withdrawn);
    expect(sums.slashed).toBe(sums.rewards + sums.treasury);
    return sums;
  };
  const outcome = async (id: bigint) =>
    ROUND_OUTCOME[Number((await c().round(id, await c().roundsOf(id))).outcome)];

  beforeAll(async () => {
    world = await openValidators("duplicates");
    author = world.contributors[0] as Account;
    challenger = world.people.payers[0] as Account;
  });
  afterAll(() => world.chain.close());

  it("slashes who accepted a content that was known, pays the challenger, and makes the others whole", async () => {
    const original = await accepted();
    const copy = await batch();
    const stakesBefore = await Promise.all([0, 1, 2].map(free));
    const before = await exact();
    const { round } = await runRound(world, copy, [vote(ACCEPT, 3n * W), vote(REJECT, 2n * W), vote(0, W)]);
    expect((await c().batch(copy)).status).toBe(2n);
    await challenge(copy, original);
    expect([(await c().batch(copy)).status, await outcome(copy)]).toEqual([3n, "disproven"]);
    // Half of 3W is lost, half of that is the challenger's; the silent one still loses one per cent of W.
    const after = await exact();
    expect(after.rewards - before.rewards).toBe((3n * W) / 4n);
    expect(after.slashed - before.slashed).toBe((3n * W) / 2n + W / 100n);
    await settleAll(world, copy, round);
    const lost = await Promise.all([0, 1, 2].map(async (i) => (stakesBefore[i] as bigint) - (await free(i))));
    expect(lost).toEqual([(3n * W) / 2n, 0n, W / 100n]);
    // Who rejected was right after all.
    expect(await c().pointsOf(world.datanet, (world.validators[1] as Account).address)).toBe(2n * W);

    const [held, reward] = [
      await c().tokenBalance(challenger.address),
      await c().rewardOf(challenger.address),
    ];
    expect(reward).toBe((3n * W) / 4n);
    await c().claimReward(world.people.relayer, challenger.address);
    expect(await c().tokenBalance(challenger.address)).toBe(held + reward);
    await no(() => c().claimReward(challenger, challenger.address), "ValidationNothingOwed");
    await no(() => challenge(copy, original), "ValidationAlreadyRejected");
  });

  it("costs a liar more than it earns by challenging itself", async () => {
    const original = await accepted();
    const copy = await batch();
    const liar = world.validators[0] as Account;
    const before = await c().stakeOf(liar.address);
    const { round } = await runRound(world, copy, [vote(ACCEPT, 2n * W)]);
    await challenge(copy, original, liar);
    await settleAll(world, copy, round);
    const { free: left } = await c().stakeOf(liar.address);
    expect(before.free - left).toBe(W);
    expect(await c().rewardOf(liar.address)).toBe(W / 2n);
    await c().claimReward(liar, liar.address);
  });

  it("counts a batch that holds a content twice as known", async () => {
    const id = await batch();
    const { round } = await runRound(world, id, [vote(ACCEPT, W)]);
    const before = await exact();
    await challenge(id, id);
    expect((await exact()).slashed - before.slashed).toBe(W / 2n);
    await settleAll(world, id, round);
  });

  it("works for the challenger that the proof names, and for no other", async () => {
    const original = await accepted();
    const copy = await accepted();
    const proof = await duplicateProof(world, original, copy, challenger.address);
    const thief = world.people.relayer;
    const send = (over: object) =>
      c().proveDuplicate(thief, copy, { earlier: original, challenger: challenger.address, proof, ...over });
    await no(() => send({ challenger: thief.address }), "VerifierInvalidProof");
    const other = await accepted();
    await no(
      () => c().proveDuplicate(thief, other, { earlier: original, challenger: challenger.address, proof }),
      "VerifierInvalidProof",
    );
    const wrong = world.keys.adjoint.prove([1n, 2n, 3n, 4n]);
    await no(() => send({ proof: wrong }), "VerifierInvalidProof");
    // Sent by a thief, it still pays the challenger.
    const before = await c().rewardOf(challenger.address);
    await send({});
    expect((await c().rewardOf(challenger.address)) - before).toBe(W / 4n);
    await world.chain.travel(DAY + 1);
    await settleAll(world, copy, 1);
    await settleAll(world, other, 1);
  });

  it("takes an original only from an earlier batch of the datanet, accepted and not withdrawn", async () => {
    const other = await newDatanet(world);
    const [elsewhere, pending, original] = [await accepted(other), await batch(), await accepted()];
    const rejected = await batch();
    await runRound(world, rejected, [vote(REJECT)]);
    const taken = await accepted();
    await withdraw(taken);
    const copy = await accepted();
    for (const earlier of [elsewhere, pending, rejected, taken])
      await no(() => challenge(copy, earlier), "ValidationNotEarlier");
    await no(() => challenge(original, copy), "ValidationNotEarlier");
    await no(() => challenge(copy, 9999n), "DatanetsUnknownBatch");
    await no(() => challenge(9999n, copy), "DatanetsUnknownBatch");
    const plain = await newDatanet(world, { validated: false });
    const [a, b] = [await batch(plain), await batch(plain)];
    await no(() => challenge(b, a), "ValidationNotValidated");
    await challenge(copy, original);
    await settleAll(world, copy, 1);
  });

  it("still takes an original that was withdrawn after the round had opened", async () => {
    const original = await accepted();
    const copy = await batch();
    const { round } = await runRound(world, copy, [vote(ACCEPT)], "reveal");
    await withdraw(original);
    await world.chain.travel(HOUR);
    await c().closeRound(world.people.relayer, copy);
    const before = await exact();
    await challenge(copy, original);
    expect((await exact()).slashed - before.slashed).toBe(W / 2n);
    await settleAll(world, copy, round);
  });

  it("costs nobody anything where the original could not be known: it was hidden, and accepted later", async () => {
    const hidden = await batch();
    const copy = await batch();
    const { round } = await runRound(world, copy, [vote(ACCEPT), vote(REJECT, W / 2n)]);
    await no(() => challenge(copy, hidden), "ValidationNotEarlier");
    await runRound(world, hidden, [undefined, undefined, vote(ACCEPT)]);
    const before = await exact();
    await challenge(copy, hidden);
    expect((await c().batch(copy)).status).toBe(3n);
    expect((await exact()).slashed).toBe(before.slashed);
    await world.chain.travel(DAY + 1);
    await settleAll(world, copy, round);
    await settleAll(world, hidden, 1);
  });

  it("costs nobody anything after the challenge window, and still rejects the batch", async () => {
    const original = await accepted();
    const copy = await batch();
    const { round } = await runRound(world, copy, [vote(ACCEPT)]);
    await world.chain.travel(DAY + 1);
    const before = await exact();
    await challenge(copy, original);
    expect([(await c().batch(copy)).status, await outcome(copy)]).toEqual([3n, "accepted"]);
    expect((await exact()).slashed).toBe(before.slashed);
    const held = await free(0);
    await settleAll(world, copy, round);
    expect(await free(0)).toBe(held + W);
    await settleAll(world, original, 1);
  });

  it("ends an open round: who showed a lie loses, who showed the truth or nothing yet does not", async () => {
    const original = await accepted();
    const copy = await batch();
    const { round, verdicts } = await runRound(
      world,
      copy,
      [vote(ACCEPT), vote(REJECT), vote(ACCEPT)],
      "commit",
    );
    await world.chain.travel(HOUR);
    for (const verdict of verdicts.slice(0, 2))
      if (verdict) await c().revealVerdict(world.people.relayer, verdict);
    const before = await exact();
    await challenge(copy, original);
    expect([(await c().batch(copy)).status, await outcome(copy)]).toEqual([3n, "disproven"]);
    expect((await exact()).slashed - before.slashed).toBe(W / 2n);
    await no(() => c().closeRound(world.people.relayer, copy), "ValidationNoRound");
    const late = verdicts[2];
    if (late) await no(() => c().revealVerdict(world.people.relayer, late), "ValidationNoRound");
    const held = await Promise.all([0, 1, 2].map(free));
    await settleAll(world, copy, round);
    const freed = await Promise.all([0, 1, 2].map(async (i) => (await free(i)) - (held[i] as bigint)));
    expect(freed).toEqual([W / 2n, W, W]);
  });

  it("ends an open round that nobody could know better in, at no cost", async () => {
    const hidden = await batch();
    const copy = await batch();
    const { round } = await runRound(world, copy, [vote(ACCEPT)], "reveal");
    await runRound(world, hidden, [undefined, vote(ACCEPT)]);
    const before = await exact();
    await challenge(copy, hidden);
    expect(await outcome(copy)).toBe("disproven");
    expect((await exact()).slashed).toBe(before.slashed);
    const held = await free(0);
    await settleAll(world, copy, round);
    expect(await free(0)).toBe(held + W);
  });

  it("rejects a batch without a round, or without a verdict", async () => {
    const original = await accepted();
    const [fresh, undecided] = [await batch(), await batch()];
    await runRound(world, undecided, [vote(ACCEPT), vote(REJECT)]);
    const before = await exact();
    for (const id of [fresh, undecided]) {
      await challenge(id, original);
      expect((await c().batch(id)).status).toBe(3n);
    }
    expect((await exact()).slashed).toBe(before.slashed);
    await settleAll(world, undecided, 1);
    await no(() => c().openRound(world.people.relayer, fresh), "ValidationDecided");
  });

  it("pays out no more than there is: stakes, rewards and slashed are all here", async () => {
    const { validation } = c().deployment;
    const sums = await exact();
    const open = await c().rewardOf(challenger.address);
    const held = await c().tokenBalance(validation);
    // Nothing was swept yet, and every reward but the challenger's was claimed.
    expect(held).toBe(sums.staked + sums.treasury + open);
  });
});
