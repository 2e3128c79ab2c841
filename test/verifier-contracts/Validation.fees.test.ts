/**
 * Validation, the validators' share of fees.
 *
 * distributeFees
 *   a token that the datanet never named → refused; called from within the payment → refused
 *   nobody was right yet → what came waits; else shared by weight, what cannot be divided waits
 *   the source says more than it pays → what it paid counts
 * claimFees: nothing owed → refused; else paid once, to the validator, whoever asks
 * points: counted when a vote is settled; fees from before are not theirs
 */
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { read } from "../../pipeline/chain/client.ts";
import { type Account, codecOf } from "../../pipeline/engine/ethers.ts";
import {
  newBatch,
  newDatanet,
  openValidators,
  REJECT,
  runRound,
  settleAll,
  type Validators,
} from "./validators.ts";
import { COIN, refused } from "./world.ts";

const W = 1000n * COIN;

describe("Validation.fees", () => {
  let world: Validators;
  const c = () => world.contracts;
  const no = (work: () => Promise<unknown>, reason: string) => refused(world, work, reason);
  const who = (i: number): string => (world.validators[i] as Account).address;
  const put = (amount: bigint) =>
    world.tell(world.people.relayer, "TestFees", world.fees, "put", [world.datanet, world.money, amount]);
  const share = () => c().distributeFees(world.people.relayer, world.datanet, world.money);
  const owed = (i: number) => c().feesOwed(world.datanet, world.money, who(i));
  const waiting = () => c().feesWaiting(world.datanet, world.money);
  const held = async (of: string): Promise<bigint> => {
    const codec = codecOf((await contractArtifacts()).TestToken.abi);
    return (await read(world.chain, { address: world.money, codec }, "balanceOf", [of])) as bigint;
  };
  /** Right votes of these weights: a rejected batch is settled at once. */
  const right = async (...weights: readonly (bigint | undefined)[]) => {
    const id = await newBatch(world, world.datanet);
    const votes = weights.map((weight) => (weight === undefined ? weight : { verdict: REJECT, weight }));
    const { round } = await runRound(world, id, votes as Parameters<typeof runRound>[2]);
    await settleAll(world, id, round);
  };

  beforeEach(async () => {
    world = await openValidators("fees");
    return () => world.chain.close();
  });
  afterAll(() => undefined);

  it("wait until somebody was right, and are shared by weight then", async () => {
    await put(1_000_000n);
    await share();
    expect([await waiting(), await owed(0)]).toEqual([1_000_000n, 0n]);
    await no(
      () => c().claimFees(world.people.relayer, world.datanet, world.money, who(0)),
      "ValidationNothingOwed",
    );
    await right(3n * W, W);
    await share();
    expect([await owed(0), await owed(1), await waiting()]).toEqual([750_000n, 250_000n, 0n]);
    await c().claimFees(world.people.relayer, world.datanet, world.money, who(0));
    expect(await held(who(0))).toBe(750_000n);
    await no(
      () => c().claimFees(world.people.relayer, world.datanet, world.money, who(0)),
      "ValidationNothingOwed",
    );
  });

  it("from before are not a latecomer's", async () => {
    await right(W);
    await put(600_000n);
    await share();
    await right(undefined, W);
    expect([await owed(0), await owed(1)]).toEqual([600_000n, 0n]);
    await put(400_000n);
    await share();
    expect([await owed(0), await owed(1)]).toEqual([800_000n, 200_000n]);
    // More weight later changes nothing of what was shared.
    await right(9n * W);
    expect([await owed(0), await owed(1)]).toEqual([800_000n, 200_000n]);
  });

  it("never share out more than came, and keep what cannot be divided", async () => {
    await right(W, W + 10_000n, 2n * W + 70_000n);
    let total = 0n;
    for (let i = 0; i < 12; i++) {
      const amount = world.random.below(1000n);
      total += amount;
      await put(amount);
      await share();
      if (i % 3 === 0) await right(undefined, 1000n * COIN + world.random.below(1000n) * 10_000n);
    }
    const shares = await Promise.all([0, 1, 2, 3].map(owed));
    const sum = shares.reduce((a, b) => a + b, 0n);
    // Of each of the three the unit that is not whole yet, and of what waits: nothing else is missing.
    const dust = total - sum - (await waiting());
    expect([0n, 1n, 2n, 3n]).toContain(dust);
    for (const [i, amount] of shares.entries())
      if (amount > 0n) await c().claimFees(world.people.relayer, world.datanet, world.money, who(i));
    expect(await held(c().deployment.validation)).toBe(total - sum);
  });

  it("are what came, not what was said to come, and cannot be fetched from within", async () => {
    await right(W);
    await world.tell(world.people.relayer, "TestFees", world.fees, "setMood", [true, true]);
    await put(100n);
    await share();
    expect(await owed(0)).toBe(100n);
    const codec = codecOf((await contractArtifacts()).TestFees.abi);
    const refusal = await read(world.chain, { address: world.fees, codec }, "refusal", []);
    // ReentrancyGuardReentrantCall()
    expect(refusal).toBe("0x3ee5aeb5");
  });

  it("in a token that the datanet never named are refused; in one that it stopped they still flow", async () => {
    await right(W);
    await no(
      () => c().distributeFees(world.people.relayer, world.datanet, world.fees),
      "DatanetsUnknownToken",
    );
    await put(100n);
    await c().allowToken(world.people.operator, world.datanet, world.money, false);
    await share();
    expect(await owed(0)).toBe(100n);
  });

  it("beyond any real token's are refused, so that no vote can be held up by them", async () => {
    await right(W);
    await put((1n << 128n) - 1n);
    await share();
    await put(1n);
    await no(share, "ValidationTooMuch");
    await right(W, W);
    expect(await owed(0)).toBeGreaterThan((1n << 128n) - 3n);
  });

  it("of one datanet are not another's", async () => {
    const other = await newDatanet(world, { tokens: [world.money] });
    await right(W);
    await put(100n);
    await share();
    await c().distributeFees(world.people.relayer, other, world.money);
    expect(await c().feesOwed(other, world.money, who(0))).toBe(0n);
    expect(await c().totalPoints(other)).toBe(0n);
  });

  it("in the staked token stay apart from stakes", async () => {
    await right(W);
    const { token } = c().deployment;
    const before = await c().stakeAccounting();
    await c().distributeFees(world.people.relayer, world.datanet, token);
    expect(await c().feesOwed(world.datanet, token, who(0))).toBe(0n);
    expect(await c().stakeAccounting()).toEqual(before);
  });
});
