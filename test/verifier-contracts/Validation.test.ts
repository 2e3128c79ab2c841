/**
 * Validation: stake, rounds, verdicts. Proofs against verdicts are in Validation.duplicate.test.ts, fees in
 * Validation.fees.test.ts.
 *
 * constructor: a circuit of another size, parameters out of their bounds → refused
 * stake, stakeWithPermit
 *   amount 0 → refused; without approval or permit → refused; permit sent by another first → stakes
 * requestUnstake
 *   0 → refused; more than free → refused; again → the clock starts again for all that leaves
 * cancelUnstake: nothing leaving → refused; else back in play
 * withdrawStake: nothing leaving → refused; too early → refused; else paid once
 * openRound
 *   paused / no such batch / no verdicts asked for / decided / withdrawn / a round open → refused
 *   else windows from now, with today's parameters
 * commitVerdict
 *   no round / window over / no commitment / weight below the least or no multiple / own batch / twice / more
 *   than free → refused
 * revealVerdict
 *   no round / before or after the window / no vote / twice / no verdict / not what was committed → refused
 *   by anybody who has the salt; another's commitment, copied, is of no use
 * closeRound
 *   no round / window not over (unless all is shown) → refused
 *   accept or reject by weight; tie, or below the quorum → undecided, and another round may be opened
 * settleVote
 *   no round / round open / no vote / twice / still backing → refused
 *   silent, minority → lose their share; right → credited; undecided → nothing lost by those who showed
 * setParameters: not the owner / each out of its bounds → refused; rounds that are open keep theirs
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { circuitIdOf } from "../../pipeline/chain/ids.ts";
import { signPermit, tokenDomain } from "../../pipeline/chain/token.ts";
import { ROUND_OUTCOME } from "../../pipeline/chain/types.ts";
import { type Account, accountOf } from "../../pipeline/engine/ethers.ts";
import {
  ACCEPT,
  HOUR,
  newBatch,
  newDatanet,
  openValidators,
  PARAMETERS,
  REJECT,
  runRound,
  settleAll,
  stakes,
  type Validators,
  type Vote,
} from "./validators.ts";
import { COIN, refused } from "./world.ts";

const W = 1000n * COIN;

describe("Validation", () => {
  let world: Validators;
  let [v0, v1, v2] = [] as unknown as [Account, Account, Account];
  const c = () => world.contracts;
  const no = (work: () => Promise<unknown>, reason: string) => refused(world, work, reason);
  const batch = (by?: Account) => newBatch(world, world.datanet, by);
  const accept = (weight = W): Vote => ({ verdict: ACCEPT, weight });
  const reject = (weight = W): Vote => ({ verdict: REJECT, weight });
  const silent = (weight = W): Vote => ({ verdict: 0, weight });
  const outcome = async (id: bigint, round: number) =>
    ROUND_OUTCOME[Number((await c().round(id, round)).outcome)];
  const status = async (id: bigint) => Number((await c().batch(id)).status);
  /** deposited = staked + slashed + withdrawn, all of it is here, and votes explain the rest. */
  const exact = async () => {
    const sums = await c().stakeAccounting();
    expect(sums.deposited).toBe(sums.staked + sums.slashed + sums.withdrawn);
    expect(sums.slashed).toBe(sums.rewards + sums.treasury);
    return sums;
  };

  beforeAll(async () => {
    world = await openValidators("validation");
    [v0, v1, v2] = world.validators as [Account, Account, Account];
  });
  afterAll(() => world.chain.close());

  describe("stake", () => {
    it("is counted, and needs an amount and an approval", async () => {
      expect(await c().stakeOf(v0.address)).toMatchObject({ free: 100_000n * COIN, locked: 0n, leaving: 0n });
      await no(() => c().stake(v0, 0n), "ValidationZeroAmount");
      await no(() => c().stake(world.people.payers[0] as Account, 1n), "ERC20InsufficientAllowance");
      await exact();
    });

    it("takes a permit, also one that somebody else has sent already", async () => {
      const holder = accountOf(world.random.hex32());
      await world.chain.fund(holder.address, COIN);
      await c().transferToken(world.people.operator, holder.address, 10n * COIN);
      const { token, validation, chainId } = c().deployment;
      const permit = (nonce: bigint) =>
        signPermit(holder, tokenDomain(chainId, token), {
          ...{ spender: validation, value: 3n * COIN, nonce, deadline: 4_000_000_000n },
        });
      await c().stakeWithPermit(holder, 3n * COIN, 4_000_000_000n, await permit(0n));
      const second = await permit(1n);
      await world.tell(world.people.relayer, "QuittanceToken", token, "permit", [
        ...[holder.address, validation, 3n * COIN, 4_000_000_000n, second.v, second.r, second.s],
      ]);
      await c().stakeWithPermit(holder, 3n * COIN, 4_000_000_000n, second);
      expect((await c().stakeOf(holder.address)).free).toBe(6n * COIN);
      await no(
        () => c().stakeWithPermit(holder, 3n * COIN, 4_000_000_000n, second),
        "ERC20InsufficientAllowance",
      );
    });

    it("leaves after a delay, and an old request is no ticket for more", async () => {
      await no(() => c().requestUnstake(v0, 0n), "ValidationZeroAmount");
      await no(() => c().requestUnstake(v0, 100_001n * COIN), "ValidationInsufficientStake");
      await no(() => c().cancelUnstake(v0), "ValidationNothingLeaving");
      await no(() => c().withdrawStake(v0), "ValidationNothingLeaving");
      await c().requestUnstake(v0, 1n);
      await world.chain.travel(7 * 24 * HOUR);
      // Ready, but asking for more starts the clock again for everything.
      await c().requestUnstake(v0, 10n * COIN);
      await no(() => c().withdrawStake(v0), "ValidationNotReady");
      await c().cancelUnstake(v0);
      expect(await c().stakeOf(v0.address)).toMatchObject({
        free: 100_000n * COIN,
        leaving: 0n,
        readyAt: 0n,
      });
      await c().requestUnstake(v0, 10n * COIN);
      await world.chain.travel(7 * 24 * HOUR);
      const before = await c().tokenBalance(v0.address);
      await c().withdrawStake(v0);
      expect(await c().tokenBalance(v0.address)).toBe(before + 10n * COIN);
      await no(() => c().withdrawStake(v0), "ValidationNothingLeaving");
      expect((await exact()).withdrawn).toBe(10n * COIN);
      await c().stake(v0, 10n * COIN);
    });

    it("that is leaving cannot be voted with", async () => {
      const id = await batch();
      await c().requestUnstake(v0, 100_000n * COIN);
      await c().openRound(v0, id);
      await no(() => c().commitVerdict(v0, id, world.random.hex32(), W), "ValidationInsufficientStake");
      await c().cancelUnstake(v0);
    });
  });

  describe("a round", () => {
    it("is opened for a pending batch of a validated datanet, one at a time", async () => {
      const plain = await newDatanet(world, { validated: false });
      const free = await newBatch(world, plain);
      expect(await status(free)).toBe(2);
      await no(() => c().openRound(v0, free), "ValidationNotValidated");
      await no(() => c().openRound(v0, 9999n), "DatanetsUnknownBatch");
      const id = await batch();
      expect(await status(id)).toBe(1);
      await c().openRound(v0, id);
      // No clock can be set back by opening it again.
      await no(() => c().openRound(v0, id), "ValidationRoundOpen");
      const gone = await batch(world.contributors[1]);
      const { signWithdrawal } = await import("../../pipeline/chain/contracts.ts");
      const signature = await signWithdrawal(world.contributors[1] as Account, c().deployment, gone);
      await c().withdrawBatch(v0, gone, signature);
      await no(() => c().openRound(v0, gone), "ValidationWithdrawnBatch");
    });

    it("is not opened while the guardian pauses, and goes on if it is open", async () => {
      const [open, other] = [await batch(), await batch()];
      const { verdicts } = await runRound(world, open, [accept(), accept()], "commit");
      await c().pause(world.people.operator);
      await no(() => c().openRound(v0, other), "ValidationPaused");
      await world.chain.travel(HOUR);
      for (const verdict of verdicts) if (verdict) await c().revealVerdict(v2, verdict);
      await c().closeRound(v2, open);
      expect(await status(open)).toBe(2);
      await c().unpause(world.people.operator);
      await c().openRound(v0, other);
    });

    it("takes one commitment of enough weight from each validator but the contributor, in time", async () => {
      const id = await batch(v1);
      const commitment = world.random.hex32();
      await no(() => c().commitVerdict(v0, id, commitment, W), "ValidationNoRound");
      await c().openRound(v0, id);
      await no(() => c().commitVerdict(v0, id, `0x${"0".repeat(64)}`, W), "ValidationEmptyCommitment");
      await no(() => c().commitVerdict(v0, id, commitment, 99n * COIN), "ValidationWrongWeight");
      await no(() => c().commitVerdict(v0, id, commitment, W + 1n), "ValidationWrongWeight");
      await no(() => c().commitVerdict(v1, id, commitment, W), "ValidationOwnBatch");
      await no(() => c().commitVerdict(v0, id, commitment, 200_000n * COIN), "ValidationInsufficientStake");
      await c().commitVerdict(v0, id, commitment, W);
      expect(await c().voteOf(id, 1, v0.address)).toMatchObject({ weight: W, verdict: 0n, commitment });
      await no(() => c().commitVerdict(v0, id, commitment, W), "ValidationAlreadyCommitted");
      await world.chain.travel(HOUR);
      await no(() => c().commitVerdict(v2, id, commitment, W), "ValidationWrongTime");
    });

    it("shows what was committed, in its window, and nothing else", async () => {
      const id = await batch();
      const { round, verdicts } = await runRound(world, id, [accept(), reject()], "commit");
      const [mine, other] = verdicts as [
        NonNullable<(typeof verdicts)[0]>,
        NonNullable<(typeof verdicts)[0]>,
      ];
      await no(() => c().revealVerdict(v0, mine), "ValidationWrongTime");
      await world.chain.travel(HOUR);
      await no(() => c().revealVerdict(v0, { ...mine, verdict: 0 }), "ValidationNoVerdict");
      for (const wrong of [
        { ...mine, verdict: REJECT },
        { ...mine, reason: 9 },
        { ...mine, salt: world.random.hex32() },
        { ...other, validator: mine.validator },
      ])
        await no(() => c().revealVerdict(v0, wrong), "ValidationWrongReveal");
      await no(() => c().revealVerdict(v0, { ...mine, validator: v2.address }), "ValidationNoVote");
      await c().revealVerdict(world.people.relayer, mine);
      await no(() => c().revealVerdict(v0, mine), "ValidationAlreadyRevealed");
      expect(await c().round(id, round)).toMatchObject({ committed: 2n * W, accepted: W, rejected: 0n });
      await world.chain.travel(HOUR);
      await no(() => c().revealVerdict(v0, other), "ValidationWrongTime");
      await no(() => c().revealVerdict(v0, { ...other, batch: 9999n }), "ValidationNoRound");
    });

    it("gives nothing for another's commitment that was copied", async () => {
      const id = await batch();
      const { round, verdicts } = await runRound(world, id, [accept()], "commit");
      const [mine] = verdicts as [NonNullable<(typeof verdicts)[0]>];
      await c().commitVerdict(v1, id, await c().commitmentOf(mine), W);
      await world.chain.travel(HOUR);
      await c().revealVerdict(v0, mine);
      await no(() => c().revealVerdict(v1, { ...mine, validator: v1.address }), "ValidationWrongReveal");
      expect((await c().voteOf(id, round, v1.address)).verdict).toBe(0n);
    });
  });

  describe("a verdict", () => {
    it("is the heavier side's, and both it and what was lost are exact", async () => {
      const before = await exact();
      const id = await batch();
      const { round } = await runRound(world, id, [accept(3n * W), reject(2n * W), silent(W)]);
      expect([await outcome(id, round), await status(id)]).toEqual(["accepted", 2]);
      const after = await exact();
      // One per cent of the minority's and the silent one's weight.
      expect(after.slashed - before.slashed).toBe((3n * W) / 100n);
      await no(() => c().settleVote(v0, id, round, v0.address), "ValidationStillBacking");
      await no(() => c().settleVote(v0, id, round, v1.address), "ValidationStillBacking");
      const silentStake = await c().stakeOf(v2.address);
      await c().settleVote(v0, id, round, v2.address);
      expect((await c().stakeOf(v2.address)).free).toBe(silentStake.free + W - W / 100n);
      await no(() => c().settleVote(v0, id, round, v2.address), "ValidationAlreadySettled");
      await world.chain.travel(24 * HOUR + 1);
      const [own, lost] = [await c().stakeOf(v0.address), await c().stakeOf(v1.address)];
      await settleAll(world, id, round);
      expect((await c().stakeOf(v0.address)).free).toBe(own.free + 3n * W);
      expect((await c().stakeOf(v1.address)).free).toBe(lost.free + 2n * W - (2n * W) / 100n);
      expect(await c().pointsOf(world.datanet, v0.address)).toBe(3n * W);
      expect(await c().pointsOf(world.datanet, v1.address)).toBe(0n);
    });

    it("that rejects frees everybody at once, and credits who rejected", async () => {
      const id = await batch();
      const points = await c().pointsOf(world.datanet, v1.address);
      const { round } = await runRound(world, id, [accept(), reject(2n * W)]);
      expect([await outcome(id, round), await status(id)]).toEqual(["rejected", 3]);
      await settleAll(world, id, round);
      expect(await c().pointsOf(world.datanet, v1.address)).toBe(points + 2n * W);
      await no(() => c().openRound(v0, id), "ValidationDecided");
      await no(() => c().closeRound(v0, id), "ValidationNoRound");
      await exact();
    });

    it("is none with a tie, or with too little shown; then another round may be opened", async () => {
      const id = await batch();
      const tie = await runRound(world, id, [accept(), reject()]);
      expect([await outcome(id, tie.round), await status(id)]).toEqual(["undecided", 1]);
      const before = await c().stakeAccounting();
      const light = await runRound(world, id, [accept(100n * COIN), silent(2n * W)]);
      expect([light.round, await outcome(id, 2), await status(id)]).toEqual([2, "undecided", 1]);
      // Showing too little costs nothing, not showing does.
      expect((await exact()).slashed - before.slashed).toBe((2n * W) / 100n);
      const nobody = await runRound(world, id, []);
      expect(await outcome(id, nobody.round)).toBe("undecided");
      const last = await runRound(world, id, [accept(2n * W)]);
      expect([last.round, await status(id)]).toEqual([4, 2]);
      for (const round of [1, 2]) await settleAll(world, id, round);
      expect(await c().voteOf(id, 1, v0.address)).toMatchObject({ settled: true });
    });

    it("waits for the reveal window, unless everything is shown", async () => {
      const id = await batch();
      await no(() => c().closeRound(v0, id), "ValidationNoRound");
      const { verdicts } = await runRound(world, id, [accept(), accept()], "commit");
      await no(() => c().closeRound(v0, id), "ValidationWrongTime");
      await world.chain.travel(HOUR);
      await c().revealVerdict(v0, verdicts[0] as NonNullable<(typeof verdicts)[0]>);
      await no(() => c().closeRound(v0, id), "ValidationWrongTime");
      await no(() => c().settleVote(v0, id, 1, v0.address), "ValidationRoundOpen");
      await c().revealVerdict(v0, verdicts[1] as NonNullable<(typeof verdicts)[0]>);
      await c().closeRound(v0, id);
      expect(await status(id)).toBe(2);
      await no(() => c().settleVote(v0, id, 9, v0.address), "ValidationNoRound");
      await no(() => c().settleVote(v0, id, 1, world.people.relayer.address), "ValidationNoVote");
    });

    it("of a batch that was withdrawn meanwhile is settled, and gives it no place", async () => {
      const id = await batch(world.contributors[2]);
      await runRound(world, id, [accept(2n * W)], "reveal");
      const { signWithdrawal } = await import("../../pipeline/chain/contracts.ts");
      const signature = await signWithdrawal(world.contributors[2] as Account, c().deployment, id);
      await c().withdrawBatch(v0, id, signature);
      const { accepted } = await c().datanet(world.datanet);
      await c().closeRound(v0, id);
      expect(await c().batch(id)).toMatchObject({ status: 2n, position: 0n });
      expect((await c().datanet(world.datanet)).accepted).toBe(accepted);
    });
  });

  it("adds up to the unit over random rounds, whatever the weights", async () => {
    for (let i = 0; i < 6; i++) {
      const id = await batch();
      const votes = world.validators.map((): Vote => {
        const weight = 100n * COIN + world.random.below(10n ** 17n) * 10_000n;
        return { verdict: Number(world.random.below(3n)) as Vote["verdict"], weight };
      });
      const { round } = await runRound(world, id, votes);
      await exact();
      await world.chain.travel(24 * HOUR + 1);
      await settleAll(world, id, round);
      const view = await c().round(id, round);
      const shown = votes.filter(({ verdict }) => verdict !== 0);
      expect(view.accepted + view.rejected).toBe(shown.reduce((sum, { weight }) => sum + weight, 0n));
    }
    const treasury = c().deployment.timelock;
    const before = await c().tokenBalance(treasury);
    const { treasury: slashed } = await exact();
    await c().sweepSlashed(v0);
    expect(await c().tokenBalance(treasury)).toBe(before + slashed);
    await no(() => c().sweepSlashed(v0), "ValidationNothingOwed");
  });

  it("ends with stakes that add up to what is accounted for, once every vote is settled", async () => {
    for (let id = 1n; id <= (await c().batchCount()); id++) {
      for (let round = 1; round <= (await c().roundsOf(id)); round++) {
        const { outcome: at, commitEnds, revealEnds } = await c().round(id, round);
        expect(revealEnds - commitEnds).toBe(BigInt(HOUR));
        if (ROUND_OUTCOME[Number(at)] === "open") {
          await world.chain.travel(2 * HOUR);
          await c().closeRound(v0, id);
        }
      }
    }
    await world.chain.travel(24 * HOUR + 1);
    for (let id = 1n; id <= (await c().batchCount()); id++)
      for (let round = 1; round <= (await c().roundsOf(id)); round++) await settleAll(world, id, round);
    const { staked } = await exact();
    // The holder of the permits has 6 coins here too.
    expect((await stakes(world)) + 6n * COIN).toBe(staked);
  });

  describe("parameters", () => {
    const set = (over: object, by = world.people.operator) =>
      world.tell(by, "Validation", c().deployment.validation, "setParameters", [{ ...PARAMETERS, ...over }]);

    it("are the owner's, within their bounds", async () => {
      await no(() => set({}, world.people.relayer), "OwnableUnauthorizedAccount");
      for (const over of [
        { commitWindow: HOUR - 1 },
        { commitWindow: 7 * 24 * HOUR + 1 },
        { revealWindow: HOUR - 1 },
        { revealWindow: 7 * 24 * HOUR + 1 },
        { challengeWindow: HOUR - 1 },
        { challengeWindow: 60 * 24 * HOUR + 1 },
        { minorityBps: 0 },
        { minorityBps: 1001 },
        { lieBps: 1999 },
        { lieBps: 10_001 },
        { challengerBps: 5001 },
        { minimumVote: 9999n },
        { minimumVote: 2n * PARAMETERS.quorum },
        { quorum: 100_000_001n * COIN },
      ])
        await no(() => set(over), "ValidationParameterOutOfBounds");
    });

    it("and the circuit are checked at birth too", async () => {
      const { Validation } = await contractArtifacts();
      const { token, datanets, registry, guardian, timelock } = c().deployment;
      const owner = world.people.operator;
      const create = (circuit: string, parameters = PARAMETERS) =>
        deployContract(world.chain, owner, Validation, [
          {
            ...{ token, datanets, registry, guardian, feeSource: world.fees, treasury: timelock },
            ...{ owner: owner.address, duplicate: circuitIdOf("tiny", circuit), parameters },
          },
        ]);
      await no(() => create("adjoint"), "ValidationWrongProfile");
      await no(() => create("duplicate", { ...PARAMETERS, lieBps: 1 }), "ValidationParameterOutOfBounds");
      await create("duplicate");
    });

    it("of a round are those that it was opened with", async () => {
      const id = await batch();
      const { round } = await runRound(world, id, [accept(2n * W), reject(W)], "commit");
      await set({ minorityBps: 1000, revealWindow: 2 * HOUR, quorum: 50_000n * COIN });
      const before = await exact();
      await world.chain.travel(2 * HOUR);
      await c().closeRound(v0, id);
      // Nobody showed anything: all lose one per cent, not ten.
      expect((await exact()).slashed - before.slashed).toBe((3n * W) / 100n);
      expect((await c().round(id, round)).parameters.minorityBps).toBe(100n);
      await set({});
    });
  });
});
