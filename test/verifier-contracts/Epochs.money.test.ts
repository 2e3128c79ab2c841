/**
 * Epochs and money: the split that was in force when an epoch was committed, what rounding does to small
 * shares, and what governance, a pause and a lost dispute can stop.
 *
 * Branch trees.
 *
 * commitEpoch, commitEpochWithVouchers (redeems first)
 * ├ paused ✗ EpochsPaused
 * ├ unknown model, not its operator, frozen, training not proven ✗
 * ├ the last epoch is open ✗ EpochsStillOpen
 * ├ lists, ranges, bounds, fees that differ ✗ (Epochs.test.ts)
 * ├ a payer above deposit or vouchers ✗ VaultInsufficientDeposit
 * └ charged; split, window and batches are fixed. No validators' share where the datanet asks for no verdicts
 *
 * prove: not open ✗ │ batches not the committed ones ✗ (not looked at for weights alone) │
 * Epochs.batch.test.ts
 *
 * settle
 * ├ not open, not all proven, other accounts, other weights, not usable ✗ (Epochs.test.ts)
 * ├ previous has another length ✗ VaultWrongLength, or is not what the root holds ✗ VaultWrongEarnings
 * ├ Σ w = 0: shares are credited, the earnings are carried
 * └ shares credited, root written, dust carried
 *
 * expire: not open, fully proven, too early, other charges ✗ │ fees go back, nothing is shared
 *
 * FeeSchedule: not the owner ✗ │ out of bounds ✗ │ set, for what begins later
 */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { read, send } from "../../pipeline/chain/client.ts";
import { signBatch } from "../../pipeline/chain/contracts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { type Account, codecOf, concatHex, keccak256 } from "../../pipeline/engine/ethers.ts";
import { voucherConsent } from "../../pipeline/payments/consent.ts";
import {
  addPayouts,
  EarningsError,
  earningsLeaf,
  earningsProof,
  earningsRoot,
  noEarnings,
} from "../../pipeline/payments/earnings.ts";
import { voucherProblems, voucherSigner } from "../../pipeline/payments/vouchers.ts";
import * as W from "./world.ts";

const FEES = { protocolBps: 250, developerBps: 1_500, validatorsBps: 333 };
const BPS = 10_000n;

describe("the split of fees", () => {
  let world: W.World;
  const c = () => world.contracts;
  const operator = (): Account => world.people.operator;

  beforeAll(async () => {
    world = await W.openWorld("split", 3, { fees: FEES });
  });
  afterAll(() => world.chain.close());

  it("credits treasury and operator, leaves validators out where there are none, and adds up", async () => {
    const model = await W.makeModel(world, world.contributors, 101n);
    const epoch = await W.makeEpoch(world, model, [77n]);
    const fees = 77n * 101n;
    expect(await c().epoch(model.id, 1)).toMatchObject({
      split: { protocolBps: 250n, developerBps: 1_500n, validatorsBps: 0n },
      fees,
      pool: fees,
    });
    const w = [1n, 0n, 2n];
    await W.proveAll(world, model, epoch, w);
    const settled = await W.settle(world, model, 1, w);
    const [protocol, developer] = [(fees * 250n) / BPS, (fees * 1_500n) / BPS];
    const earnings = fees - protocol - developer;
    expect(settled).toMatchObject({ poolWei: fees, earningsWei: earnings });
    expect(settled.payoutsWei).toEqual(w.map((weight) => (earnings * weight) / 3n));
    const { token, timelock } = c().deployment;
    const treasury = await c().treasury();
    expect(treasury).toBe(timelock);
    expect(await c().collectableShares(token, treasury)).toBe(protocol);
    expect(await c().collectableShares(token, operator().address)).toBe(developer);
    expect(await c().accounting(model.id)).toMatchObject({ shared: protocol + developer });
    await W.balanced(world);
    const before = await c().erc20Balance(token, treasury);
    await c().collectShares(world.people.relayer, token, treasury);
    expect(await c().erc20Balance(token, treasury)).toBe(before + protocol);
    const again = () => c().collectShares(world.people.relayer, token, treasury);
    await W.refused(world, again, "VaultNothingToCollect");
    await W.balanced(world);
  });

  it("splits fees once: what is carried over is the contributors' already", async () => {
    const model = await W.makeModel(world, world.contributors, 100n);
    const first = await W.makeEpoch(world, model, [10n]);
    await W.proveAll(world, model, first, [0n, 0n, 0n]);
    const nobody = await W.settle(world, model, 1, [0n, 0n, 0n]);
    expect(nobody).toMatchObject({ earningsWei: 825n, carriedOutWei: 825n, payoutsWei: [0n, 0n, 0n] });
    const second = await W.makeEpoch(world, model, [10n]);
    await W.proveAll(world, model, second, [1n, 1n, 1n]);
    const settled = await W.settle(world, model, 2, [1n, 1n, 1n]);
    expect(settled).toMatchObject({ poolWei: 1825n, earningsWei: 1650n, payoutsWei: [550n, 550n, 550n] });
    await W.balanced(world);
  });

  it("gives everything back when an epoch expires: nothing is shared before it is settled", async () => {
    const model = await W.makeModel(world, world.contributors, 100n);
    const epoch = await W.makeEpoch(world, model, [10n]);
    await world.chain.travel(7 * 86_400);
    await c().expire(world.people.relayer, model.id, 1, epoch.commitment);
    expect(await c().accounting(model.id)).toMatchObject({ shared: 0n, pool: 0n, unspent: 1000n });
  });

  it("lets validators of a datanet that asks for verdicts pull their share, and nobody else", async () => {
    const { token, validation } = c().deployment;
    const { relayer } = world.people;
    const validator = relayer;
    const { datanetId } = await c().createDatanet(operator(), world.random.hex32(), { validated: true });
    await c().erc20Approve(validator, token, validation, 5_000n * W.COIN);
    await c().stake(validator, 5_000n * W.COIN);
    const [members, rounds]: [
      { account: string; batches: bigint[] }[],
      { batchId: bigint; round: number }[],
    ] = [[], []];
    for (const contributor of world.contributors) {
      const batch = { datanet: datanetId, root: world.random.field(), count: 4 };
      const signature = await signBatch(contributor, c().deployment, batch);
      const signed = { ...batch, contributor: contributor.address, signature };
      const { batchId } = await c().contribute(relayer, signed);
      const { round } = await c().openRound(relayer, batchId);
      const verdict = { batch: batchId, round, validator: validator.address, verdict: 1, reason: 0 };
      const hidden = { ...verdict, salt: world.random.hex32() };
      await c().commitVerdict(validator, batchId, await c().commitmentOf(hidden), 1_500n * W.COIN);
      await world.chain.travel(86_400);
      await c().revealVerdict(relayer, hidden);
      await world.chain.travel(86_400);
      await c().closeRound(relayer, batchId);
      rounds.push({ batchId, round });
      members.push({ account: contributor.address, batches: [batchId] });
    }
    await world.chain.travel(15 * 86_400);
    for (const { batchId, round } of rounds) await c().settleVote(relayer, batchId, round, validator.address);
    const model = await W.commitModelOf(world, datanetId, members, 1_000n);
    const epoch = await W.makeEpoch(world, model, [100n]);
    await W.proveAll(world, model, epoch, [1n, 1n, 1n]);
    await W.settle(world, model, 1, [1n, 1n, 1n]);
    const share = (100_000n * 333n) / BPS;
    expect(await c().validatorFees(datanetId, token)).toBe(share);
    await W.balanced(world);
    const codec = codecOf((await contractArtifacts()).Vault.abi);
    const data = codec.call("pullValidatorFees", [datanetId, token]);
    const pull = () => send(world.chain, validator, { to: c().deployment.vault, data }, codec);
    await W.refused(world, pull, "VaultOnlyValidation");
    await c().distributeFees(relayer, datanetId, token);
    expect(await c().validatorFees(datanetId, token)).toBe(0n);
    await W.balanced(world);
    // Again there is nothing to pull, which is no error.
    await c().distributeFees(relayer, datanetId, token);
    const before = await c().erc20Balance(token, validator.address);
    await c().claimFees(relayer, datanetId, token, validator.address);
    expect((await c().erc20Balance(token, validator.address)) - before).toBeGreaterThanOrEqual(share - 1n);
  });
});

describe("FeeSchedule", () => {
  let world: W.World;
  let schedule: string;
  let codec: ReturnType<typeof codecOf>;
  let errors: ReturnType<typeof codecOf>;
  const owner = (): Account => world.people.operator;
  const tell = (method: string, args: readonly unknown[], by = owner()) =>
    send(world.chain, by, { to: schedule, data: codec.call(method, args) }, errors);
  const ask = (method: string) => read(world.chain, { address: schedule, codec }, method, []);
  const split = (protocolBps: number, developerBps: number, validatorsBps: number) => ({
    protocolBps,
    developerBps,
    validatorsBps,
  });

  beforeAll(async () => {
    world = await W.openWorld("schedule", 1);
    const { FeeSchedule } = await contractArtifacts();
    codec = codecOf(FeeSchedule.abi);
    errors = codec;
    const args = [owner().address, owner().address, split(0, 0, 0)];
    schedule = (await deployContract(world.chain, owner(), FeeSchedule, args)).created;
  });
  afterAll(() => world.chain.close());

  it("takes splits up to its bounds and none beyond", async () => {
    for (const good of [split(1_000, 3_000, 1_000), split(0, 0, 0), split(1_000, 0, 0)]) {
      await tell("setSplit", [good]);
      expect(Object.values((await ask("split")) as object).map(Number)).toEqual(Object.values(good));
    }
    for (const bad of [
      split(1_001, 0, 0),
      split(0, 3_001, 0),
      split(0, 0, 1_001),
      split(65_535, 65_535, 65_535),
    ])
      await W.refused(world, () => tell("setSplit", [bad]), "FeeScheduleSplitOutOfBounds");
    const FeeSchedule = (await contractArtifacts()).FeeSchedule;
    const born = () =>
      deployContract(world.chain, owner(), FeeSchedule, [
        owner().address,
        owner().address,
        split(1_001, 0, 0),
      ]);
    await W.refused(world, born, "FeeScheduleSplitOutOfBounds");
  });

  it("takes windows of a day to thirty, and a treasury that is somebody", async () => {
    const day = 86_400;
    await tell("setWindows", [30 * day, day]);
    expect(await ask("withdrawalDelay")).toBe(BigInt(31 * day));
    for (const bad of [
      [day - 1, day],
      [day, day - 1],
      [30 * day + 1, day],
      [day, 30 * day + 1],
    ])
      await W.refused(world, () => tell("setWindows", bad), "FeeScheduleWindowOutOfBounds");
    // An epoch of the longer window may be open for so long; then the shorter one's delay is enough.
    await tell("setWindows", [2 * day, day]);
    await tell("setWindows", [day, day]);
    expect(await ask("withdrawalDelay")).toBeGreaterThan(BigInt(31 * day - 60));
    expect(await ask("provingWindow")).toBe(BigInt(day));
    await world.chain.travel(10 * day);
    expect(await ask("withdrawalDelay")).toBeLessThanOrEqual(BigInt(21 * day));
    await world.chain.travel(21 * day);
    expect(await ask("withdrawalDelay")).toBe(BigInt(2 * day));
    const zero = `0x${"0".repeat(40)}`;
    await W.refused(world, () => tell("setTreasury", [zero]), "FeeScheduleZeroTreasury");
    await tell("setTreasury", [world.people.relayer.address]);
    expect(await ask("treasury")).toBe(world.people.relayer.address);
  });

  it("listens to its owner alone; the deployment's is the timelock", async () => {
    const { relayer } = world.people;
    for (const [method, args] of [
      ["setSplit", [split(0, 0, 0)]],
      ["setTreasury", [relayer.address]],
      ["setWindows", [86_400, 86_400]],
    ] as const)
      await W.refused(world, () => tell(method, args, relayer), "OwnableUnauthorizedAccount");
    const attempt = () => world.contracts.setFeeSplit(world.people.operator, split(0, 0, 0));
    await W.refused(world, attempt, "OwnableUnauthorizedAccount");
  });
});

describe("settling small shares", () => {
  let world: W.World;
  let model: W.Model;
  const c = () => world.contracts;

  beforeAll(async () => {
    world = await W.openWorld("small", 3);
  });
  afterAll(() => world.chain.close());
  beforeEach(async () => {
    model = await W.makeModel(world, world.contributors, 1n);
  });
  const settleEpoch = async (fee: bigint, w: readonly bigint[]) => {
    const epoch = await W.makeEpoch(world, model, [fee]);
    await W.proveAll(world, model, epoch, w);
    return await W.settle(world, model, epoch.number, w);
  };

  it("takes less than a unit from anybody in an epoch, whatever the token's decimals", async () => {
    // A pool of 0.001 of a token with 6 decimals; one contributor has a two-hundredth of the weight.
    const w = [1n, 100n, 99n];
    const earned = [0n, 0n, 0n];
    let pool = 0n;
    for (let i = 1; i <= 3; i++) {
      const settled = await settleEpoch(1000n, w);
      pool = settled.poolWei;
      settled.payoutsWei.forEach((payout, j) => {
        const exact = pool * (w[j] as bigint);
        expect(exact - payout * 200n).toBeGreaterThanOrEqual(0n);
        expect(exact - payout * 200n).toBeLessThan(200n);
        earned[j] = (earned[j] as bigint) + payout;
      });
      expect(settled.carriedOutWei).toBeLessThan(BigInt(w.length));
    }
    expect(earned[0]).toBe(15n);
    await W.balanced(world);
  });

  it("keeps the dust in the model, for its next epoch, and below one unit a contributor", async () => {
    const settled = await settleEpoch(2n, [1n, 1n, 1n]);
    expect(settled).toMatchObject({ payoutsWei: [0n, 0n, 0n], carriedOutWei: 2n });
    const next = await settleEpoch(1n, [1n, 1n, 1n]);
    expect(next).toMatchObject({ poolWei: 3n, payoutsWei: [1n, 1n, 1n], carriedOutWei: 0n });
  });

  it("wants what was earned before, exactly: shorter, longer, other, or swapped is refused", async () => {
    await settleEpoch(100n, [1n, 2n, 7n]);
    const epoch = await W.makeEpoch(world, model, [100n]);
    await W.proveAll(world, model, epoch, [1n, 1n, 1n]);
    const settle = (previous: readonly bigint[]) =>
      c().settle(world.people.relayer, model.id, 2, model.accounts, [1n, 1n, 1n], previous);
    await W.refused(world, () => settle([0n, 0n, 0n]), "VaultWrongEarnings");
    await W.refused(world, () => settle([20n, 10n, 70n]), "VaultWrongEarnings");
    await W.refused(world, () => settle([11n, 20n, 70n]), "VaultWrongEarnings");
    await W.refused(world, () => settle([10n, 20n]), "VaultWrongLength");
    await W.refused(world, () => settle([10n, 20n, 70n, 0n]), "VaultWrongLength");
    await settle([10n, 20n, 70n]);
    const fresh = await W.makeModel(world, world.contributors, 1n);
    const first = await W.makeEpoch(world, fresh, [9n]);
    await W.proveAll(world, fresh, first, [1n, 1n, 1n]);
    const made = () =>
      c().settle(world.people.relayer, fresh.id, 1, fresh.accounts, [1n, 1n, 1n], [0n, 0n, 1n]);
    await W.refused(world, made, "VaultWrongEarnings");
  });

  it("makes the tree that TypeScript makes, over any number of contributors and epochs", async () => {
    const shop = await W.openWorld("trees", 9);
    try {
      for (const n of [1, 2, 3, 5, 8, 9]) {
        const of = await W.makeModel(shop, shop.contributors.slice(0, n), 1n);
        let earnings = noEarnings(of.id, of.accounts);
        for (let number = 1; number <= 2; number++) {
          const epoch = await W.makeEpoch(shop, of, [1000n]);
          const w = of.accounts.map(() => shop.random.field() % 1000n);
          await W.proveAll(shop, of, epoch, w);
          const settled = await W.settle(shop, of, number, w);
          earnings = addPayouts(earnings, { accounts: of.accounts, payouts: settled.payoutsWei });
          expect(earningsRoot(earnings)).toBe(settled.root);
          expect(await shop.contracts.earningsRoot(of.id)).toBe(settled.root);
        }
        expect(await shop.contracts.earnings(of.id, of.accounts)).toEqual(earnings);
        for (const account of of.accounts) {
          const proof = earningsProof(earnings, account);
          if (proof.cumulative === 0n) continue;
          const { amountWei } = await shop.contracts.claim(shop.people.relayer, { model: of.id, ...proof });
          expect(amountWei).toBe(proof.cumulative);
        }
      }
      await W.balanced(shop);
    } finally {
      await shop.chain.close();
    }
  });

  it("hands its proofs to the reference of OpenZeppelin's verifier", () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(0n, (1n << 128n) - 1n), { minLength: 1, maxLength: 40 }),
        (cumulative) => {
          const accounts = cumulative.map((_, i) => `0x${(i + 1).toString(16).padStart(40, "0")}`);
          const earnings = { model: model.id, accounts, cumulative };
          const root = earningsRoot(earnings);
          for (const account of accounts) {
            const { proof, cumulative: sum } = earningsProof(earnings, account);
            expect(climb(earningsLeaf(model.id, account, sum), proof)).toBe(root);
            expect(climb(earningsLeaf(model.id, account, sum + 1n), proof)).not.toBe(root);
          }
        },
      ),
      { numRuns: 20 },
    );
    const earnings = noEarnings(model.id, model.accounts);
    expect(() => earningsProof(earnings, `0x${"9".repeat(40)}`)).toThrow(EarningsError);
    expect(() => addPayouts(earnings, { accounts: [], payouts: [] })).toThrow(EarningsError);
    expect(() => earningsRoot(noEarnings(model.id, []))).toThrow(EarningsError);
  });

  it("tells an operator what a voucher is not good for", async () => {
    const payer = world.people.payers[0] as Account;
    await c().deposit(payer, model.id, 500n);
    const channel = await c().channel(model.id, payer.address);
    const signed = await W.voucherFor(world, model, payer, 100n);
    const good = {
      voucher: signed,
      operator: world.people.operator.address,
      model: model.id,
      before: 60n,
      fee: 40n,
      channel,
      now: 1n,
      chargedBy: 1_000n,
    };
    const problems = async (over: Partial<typeof good> = {}): Promise<string[]> => {
      const terms = { ...good, ...over };
      const at = c().deployment;
      const signer = voucherSigner(at, terms.voucher);
      const of = { chain: world.chain, at, voucher: terms.voucher, signer, hasCode: false };
      return voucherProblems({ ...terms, consent: await voucherConsent(of) });
    };
    expect(await problems()).toEqual([]);
    const count = async (over: Partial<typeof good>): Promise<number> => (await problems(over)).length;
    expect(await count({ operator: payer.address })).toBe(1);
    expect(await count({ model: world.random.hex32() })).toBe(1);
    expect(await count({ fee: 41n })).toBe(1);
    expect(await count({ chargedBy: 10n ** 12n })).toBe(1);
    for (const forged of [{ expiry: signed.expiry + 1n }, { signature: "0x1234" }, { payer: good.operator }])
      expect(await problems({ voucher: { ...signed, ...forged } })).toEqual([
        "the signature is not the payer's",
      ]);
    expect(await count({ channel: { ...channel, deposited: 99n } })).toBe(1);
    expect(await count({ channel: { ...channel, requested: 401n, readyAt: 1_000n } })).toBe(1);
    expect(await count({ channel: { ...channel, requested: 401n, readyAt: 1_001n } })).toBe(0);
    // What only code agrees to counts as far as the vault has redeemed it.
    const byCode = (authorised: bigint): string[] =>
      voucherProblems({ ...good, consent: "code", channel: { ...channel, authorised } });
    expect(byCode(99n)).toEqual([expect.stringMatching(/have the vault redeem it/)]);
    expect(byCode(100n)).toEqual([]);
  });
});

describe("what can be stopped", () => {
  let world: W.World;
  const c = () => world.contracts;
  const operator = (): Account => world.people.operator;
  beforeAll(async () => {
    world = await W.openWorld("stops", 2);
  });
  afterAll(() => world.chain.close());

  it("is new epochs, by a pause; never proofs, settlement, claims or withdrawals", async () => {
    const model = await W.makeModel(world, world.contributors, 10n);
    const epoch = await W.makeEpoch(world, model, [10n]);
    await c().pause(operator());
    const next = W.makeCommitment(world, [1n]);
    await W.refused(world, () => c().commitEpoch(operator(), model.id, next), "EpochsPaused");
    await W.proveAll(world, model, epoch, [1n, 1n]);
    await W.settle(world, model, 1, [1n, 1n]);
    await c().claim(world.people.relayer, await W.claimOf(world, model, model.accounts[0] as string));
    const payer = world.people.payers[0] as Account;
    await c().deposit(payer, model.id, 5n);
    await c().requestWithdrawal(payer, model.id, 5n);
    await world.chain.travel(8 * 86_400);
    await c().withdraw(payer, model.id);
    await W.makeEpoch(world, model, [10n]);
    await W.balanced(world);
  });

  it("is never what was proven: other batches than the committed are refused, weights need none", async () => {
    const model = await W.makeModel(world, world.contributors, 10n);
    const epoch = await W.makeEpoch(world, model, [10n, 5n]);
    const proofs = await W.allProofs(world, model, epoch, [1n, 1n]);
    const send_ = (commitment: W.Epoch["commitment"], part: object) =>
      c().proveEpoch(world.people.relayer, model.id, 1, commitment, part);
    const { commitment } = epoch;
    for (const wrong of [
      { ...commitment, feeTotals: [11n, 4n] },
      { ...commitment, receiptsRoots: [...commitment.receiptsRoots].reverse() },
      { ...commitment, commitQ: commitment.commitQ.slice(0, 1) },
    ]) {
      await W.refused(world, () => send_(wrong, { inference: proofs.inference }), "EpochsWrongBatches");
      await W.refused(world, () => send_(wrong, { adjoint: proofs.adjoint }), "EpochsWrongBatches");
    }
    const none = { ...commitment, receiptsRoots: [], commitQ: [], feeTotals: [] };
    await send_(none, { weights: proofs.weights });
    await send_(commitment, { inference: proofs.inference, adjoint: proofs.adjoint });
    expect((await c().epoch(model.id, 1)).remaining).toBe(0n);
  });
});

/** `MerkleProof.processProof`: sorted pairs, from the leaf up. */
function climb(leaf: string, proof: readonly string[]): string {
  return proof.reduce((node, sibling) => hashSorted(node, sibling), leaf);
}
function hashSorted(a: string, b: string): string {
  const [low, high] = BigInt(a) < BigInt(b) ? [a, b] : [b, a];
  return keccak256(concatHex([low, high]));
}
