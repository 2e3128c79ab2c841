/**
 * Settlement against a reference: the contract's payouts are `⌊pool · w / Σ w⌋`, whatever the weights, and
 * over many epochs of random weights, fees, claims and expiries no wei is lost or made.
 *
 * Failures print fast-check's seed and path; put them in `fc.assert`'s options to see the same run again.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTrained, proofsOf } from "./trained.ts";
import {
  balanced,
  claimOf,
  GROUP,
  type Model,
  makeEpoch,
  makeModel,
  openWorld,
  owed,
  proveAll,
  settle,
  type World,
} from "./world.ts";

/** The plain reference. */
function payoutsOf(pool: bigint, w: readonly bigint[]): { payouts: bigint[]; rest: bigint } {
  const total = w.reduce((sum, weight) => sum + weight, 0n);
  const payouts = w.map((weight) => (total === 0n ? 0n : (pool * weight) / total));
  return { payouts, rest: payouts.reduce((rest, payout) => rest - payout, pool) };
}

const weight = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0n) },
  { weight: 3, arbitrary: fc.bigInt(1n, 1000n) },
  { weight: 3, arbitrary: fc.bigInt(0n, (1n << 112n) - 1n) },
);
const step = fc.record({
  w: fc.oneof(
    { weight: 6, arbitrary: fc.array(weight, { minLength: 3, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant([0n, 0n, 0n]) },
  ),
  fees: fc.array(fc.bigInt(0n, 65_535n * 3n), { minLength: 1, maxLength: 2 }),
  expires: fc.integer({ min: 0, max: 4 }).map((dice) => dice === 0),
  claims: fc.subarray([0, 1, 2]),
});

describe("settlement", () => {
  let world: World;

  beforeAll(async () => {
    world = await openWorld("settlement");
  });
  afterAll(() => world.chain.close());

  it("equals the reference on random epochs, carry and expiry included", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 4 }),
        fc.bigInt(1n, 10n ** 9n),
        async (steps, unit) => {
          const model = await makeModel(world, world.contributors, unit);
          let carry = 0n;
          const earned = [0n, 0n, 0n];
          for (const { w, fees, expires, claims } of steps) {
            const pool = carry + fees.reduce((sum, fee) => sum + fee, 0n) * unit;
            const epoch = await makeEpoch(world, model, fees);
            await balanced(world);
            if (expires) {
              await world.chain.travel(7 * 86_400);
              await world.contracts.expire(world.people.relayer, model.id, epoch.number, epoch.commitment);
            } else {
              await proveAll(world, model, epoch, w);
              const settled = await settle(world, model, epoch.number, w);
              const { payouts, rest } = payoutsOf(pool, w);
              expect([settled.poolWei, settled.payoutsWei, settled.carriedOutWei]).toEqual([
                pool,
                payouts,
                rest,
              ]);
              payouts.forEach((payout, i) => {
                earned[i] = (earned[i] as bigint) + payout;
              });
              carry = rest;
            }
            await claimSome(world, model, claims, earned);
            expect(await world.contracts.carryOf(model.id)).toBe(carry);
            await balanced(world);
          }
          for (const [i, account] of model.accounts.entries()) {
            expect((await claimOf(world, model, account)).cumulative).toBe(earned[i]);
          }
        },
      ),
      { numRuns: 8 },
    );
  });

  it("fits a transaction even for the largest model", { timeout: 600_000 }, async () => {
    // Gas grows by the same amount for each contributor, so two sizes give the line, and the line gives the
    // limit.
    const costs: Array<{ n: number; commit: bigint; finish: bigint; settle: bigint }> = [];
    for (const n of [8, 40]) {
      const large = await openWorld(`large-${n}`, n);
      const model = await makeModel(large);
      const again = await large.contracts.commitModel(large.people.operator, model.statement);
      const epoch = await makeEpoch(large, model, [100n]);
      const w = Array.from({ length: n }, (_, i) => BigInt(i) + (1n << 111n));
      await proveAll(large, model, epoch, w);
      const settled = await settle(large, model, 1, w);
      const finish = await finishingGas(large, n);
      costs.push({ n, commit: again.gasUsed, finish, settle: settled.gasUsed });
      await large.chain.close();
    }
    const [small, big] = costs as [(typeof costs)[0], (typeof costs)[0]];
    expect(GROUP).toBe(2);
    for (const call of ["commit", "finish", "settle"] as const) {
      const slope = (big[call] - small[call]) / BigInt(big.n - small.n);
      const atLimit = big[call] + slope * BigInt(512 - big.n);
      expect(atLimit, `${call} of 512 contributors would cost ${atLimit} gas`).toBeLessThan(1n << 24n);
    }
  });
});

/** Gas of the last training proof, which comes with the identities of all contributors. */
async function finishingGas(world: World, contributors: number): Promise<bigint> {
  const { contracts, people } = world;
  const model = await makeTrained(world, new Array<number>(contributors).fill(1));
  const { model: last, ...rest } = proofsOf(world, model);
  await contracts.beginTraining(people.operator, model.id, model.commitV);
  await contracts.proveTraining(people.relayer, model.id, rest);
  return (await contracts.proveTraining(people.relayer, model.id, { batches: model.batches, model: last }))
    .gasUsed;
}

async function claimSome(
  world: World,
  model: Model,
  claims: readonly number[],
  earned: readonly bigint[],
): Promise<void> {
  const accounts = claims.map((i) => model.accounts[i] as string);
  const brought = [];
  for (const account of accounts) brought.push(await claimOf(world, model, account));
  if ((await world.contracts.epochCount(model.id)) > 0 && earned.some((sum) => sum > 0n))
    await world.contracts.claimMany(world.people.relayer, brought);
  for (const [i, account] of model.accounts.entries()) {
    const claimed = await world.contracts.claimed(model.id, account);
    if (claims.includes(i)) expect(claimed).toBe(earned[i]);
    expect(await owed(world, model, account)).toBe((earned[i] as bigint) - claimed);
  }
}
