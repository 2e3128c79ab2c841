/**
 * The vault: what came in is somebody's at every moment, vouchers decide what an epoch may take, and a payer
 * can always leave.
 *
 * Branch trees. `guard` is the re-entrancy guard, which every function that calls a token holds.
 *
 * deposit, depositWithPermit (✗ permit refused or used before: goes on), depositWithAuthorization
 * ├ the model is unknown ✗ VaultUnknownModel
 * ├ nothing is sent ✗ VaultNothingDeposited
 * ├ the token does not move the coins ✗ its own error
 * ├ another amount arrives ✗ VaultTokenTookFee
 * ├ the authorisation is for another model, or was used ✗ the token's own error
 * └ the payer's deposit grows by exactly the amount
 *
 * redeem, for each voucher
 * ├ two lists of different lengths ✗ VaultWrongLength
 * ├ adds nothing (not above what is authorised, or above all that was deposited already) → passed over
 * ├ expired ✗ VaultVoucherExpired
 * ├ another operator's ✗ VaultWrongOperator
 * ├ not the payer's signature: key, other chain or vault, wallet that says no ✗ VaultWrongSignature
 * └ authorised = min(cumulative, deposited)
 *
 * requestWithdrawal: 0 cancels │ not more than before: keeps the clock │ more: the clock starts again
 * withdraw: nothing asked or nothing there ✗ │ too early ✗ │ min(requested, unspent), the rest stays asked
 *
 * charge: not Epochs ✗ │ a pool is open ✗ │ above min(available, authorised − charged) ✗ │ moved to the pool
 * distribute: not Epochs ✗ │ previous is not what the root holds ✗ │ more than the pool ✗ │ shares, root,
 * carry release: not Epochs ✗ │ back to the deposits, carry stays
 *
 * claim: wrong proof ✗ │ nothing to come ✗ │ token refuses ✗ │ paid to the owner
 * claimMany: wrong proof ✗ │ nothing: passed over │ token refuses: still owed │ paid
 * claimTo: to nobody ✗ │ late ✗ │ neither sent nor signed by the account ✗ │ wrong proof ✗ │ nothing ✗ │ paid
 * collect: nothing ✗ │ paid. pullValidatorFees: not Validation ✗ │ nothing: 0 │ paid to it
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { chainTime, read, send } from "../../pipeline/chain/client.ts";
import { signBatch } from "../../pipeline/chain/contracts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { signAuthorisation, signPermit, tokenDomain } from "../../pipeline/chain/token.ts";
import {
  type Account,
  accountOf,
  type Codec,
  checksumAddress,
  codecOf,
  keccakText,
} from "../../pipeline/engine/ethers.ts";
import { signClaimTo, signVoucher, voucherDigest } from "../../pipeline/payments/vouchers.ts";
import * as W from "./world.ts";

const DAY = 86_400;
const DELAY = 8 * DAY;
const FAR = 10n ** 11n;

describe("Vault", () => {
  let world: W.World;
  let coin: string;
  let wallet: string;
  let walletCodec: Codec;
  let coinCodec: Codec;
  let model: W.Model;

  const c = () => world.contracts;
  const relayer = (): Account => world.people.relayer;
  const operator = (): Account => world.people.operator;
  const payer = (i = 0): Account => world.people.payers[i] as Account;
  const tellCoin = (method: string, args: readonly unknown[], by = relayer()) =>
    send(world.chain, by, { to: coin, data: coinCodec.call(method, args) });
  const tellWallet = async (target: string, data: string) =>
    send(
      world.chain,
      relayer(),
      { to: wallet, data: walletCodec.call("execute", [target, data]) },
      codecOf((await contractArtifacts()).Vault.abi),
    );
  const askCoin = (method: string) => read(world.chain, { address: coin, codec: coinCodec }, method, []);
  const vaultData = async (method: string, args: readonly unknown[]): Promise<string> =>
    codecOf((await contractArtifacts()).Vault.abi).call(method, args);
  /** A model paid in the test coin: two ordinary contributors and a contract wallet. */
  const makeCoinModel = async (feeUnit = 1n): Promise<W.Model> => {
    const { datanetId } = await c().createDatanet(operator(), world.random.hex32(), { tokens: [coin] });
    const members = [];
    for (const account of world.contributors) {
      const batch = {
        datanet: datanetId,
        root: world.random.field(),
        count: 4,
        contributor: account.address,
      };
      const signature = await signBatch(account, c().deployment, batch);
      members.push({
        account: account.address,
        batches: [(await c().contribute(relayer(), { ...batch, signature })).batchId],
      });
    }
    const { datanets } = c().deployment;
    const data = walletCodec.call("contribute", [datanets, datanetId, world.random.field(), 4]);
    await send(world.chain, relayer(), { to: wallet, data });
    members.push({ account: wallet, batches: [await c().batchCount()] });
    return await W.commitModelOf(world, datanetId, members, feeUnit, { token: coin });
  };
  const settleEpoch = async (of: W.Model, fee: bigint, w: readonly bigint[]) => {
    const epoch = await W.makeEpoch(world, of, [fee]);
    await W.proveAll(world, of, epoch, w);
    return await W.settle(world, of, epoch.number, w);
  };
  const address = (i: number): string => model.accounts[i] as string;
  const voucher = (cumulative: bigint, over: object = {}) =>
    signVoucher(payer(), c().deployment, {
      operator: operator().address,
      model: model.id,
      cumulative,
      expiry: FAR,
      ...over,
    });

  beforeAll(async () => {
    world = await W.openWorld("vault", 2);
    const { TestCoin, TestWallet } = await contractArtifacts();
    [walletCodec, coinCodec] = [codecOf(TestWallet.abi), codecOf(TestCoin.abi)];
    coin = (await deployContract(world.chain, relayer(), TestCoin, [6])).created;
    wallet = (await deployContract(world.chain, relayer(), TestWallet, [relayer().address])).created;
    for (const { address: to } of [relayer(), ...world.people.payers])
      await tellCoin("mint", [to, 10n ** 18n]);
    await tellCoin("mint", [wallet, 10n ** 18n]);
  });
  afterAll(() => world.chain.close());

  describe("deposits", () => {
    beforeEach(async () => {
      model = await makeCoinModel();
      await tellCoin("setFee", [0]);
    });

    it("credit exactly what was sent, to the sender, for one model", async () => {
      await c().deposit(payer(), model.id, 600n);
      await c().deposit(payer(), model.id, 400n);
      expect(await c().channel(model.id, payer().address)).toMatchObject({ deposited: 1000n, charged: 0n });
      expect(await c().unspent(model.id, payer(1).address)).toBe(0n);
      expect(await c().available(model.id, payer().address)).toBe(1000n);
      // Without a voucher nothing of it can be charged.
      expect(await c().chargeable(model.id, payer().address)).toBe(0n);
      await W.balanced(world);
    });

    it("are refused for an unknown model, for nothing, and without an allowance", async () => {
      const none = world.random.hex32();
      await W.refused(world, () => c().deposit(payer(), none, 5n), "VaultUnknownModel");
      await W.refused(world, () => c().deposit(payer(), model.id, 0n), "VaultNothingDeposited");
      const data = await vaultData("deposit", [model.id, 10n ** 20n]);
      const { vault } = c().deployment;
      const bare = () => send(world.chain, payer(), { to: vault, data }, coinCodec);
      await W.refused(world, bare, "ERC20InsufficientAllowance");
      const coins = () => send(world.chain, payer(), { to: vault, data, valueWei: 1n }, coinCodec);
      await W.refused(world, coins, "refused");
    });

    it("are refused in a token that keeps a part of the transfer", async () => {
      await tellCoin("setFee", [100]);
      const error = await W.refused(world, () => c().deposit(payer(), model.id, 1000n), "VaultTokenTookFee");
      expect(error.args).toEqual([checksumAddress(coin), 1000n, 990n]);
    });

    it("cannot be entered again from within the token", async () => {
      const data = await vaultData("deposit", [model.id, 5n]);
      await tellCoin("setHook", [c().deployment.vault, data]);
      await c().deposit(payer(), model.id, 100n);
      expect(await askCoin("hookSucceeded")).toBe(false);
      expect(await askCoin("hookRefusal")).toBe(keccakText("ReentrancyGuardReentrantCall()").slice(0, 10));
      expect(await c().unspent(model.id, payer().address)).toBe(100n);
      await W.balanced(world);
    });

    it("take a permit, also one that somebody else has used already", async () => {
      const domain = tokenDomain(world.chain.chainId, coin, "Test");
      const permit = (nonce: bigint) =>
        signPermit(payer(1), domain, { spender: c().deployment.vault, value: 70n, nonce, deadline: FAR });
      await c().depositWithPermit(payer(1), model.id, 70n, FAR, await permit(0n));
      const second = await permit(1n);
      const { v, r, s } = second;
      await tellCoin("permit", [payer(1).address, c().deployment.vault, 70n, FAR, v, r, s]);
      await c().depositWithPermit(payer(1), model.id, 70n, FAR, second);
      expect(await c().unspent(model.id, payer(1).address)).toBe(140n);
      const again = () => c().depositWithPermit(payer(1), model.id, 70n, FAR, second);
      await W.refused(world, again, "ERC20InsufficientAllowance");
      await W.balanced(world);
    });

    it("take a signed authorisation from anybody, once, and for its own model only", async () => {
      const other = await makeCoinModel();
      const salt = world.random.hex32();
      const nonce = await c().authorizationNonce(model.id, salt);
      const times = { validAfter: 0n, validBefore: FAR };
      const signed = await signAuthorisation(
        payer(),
        tokenDomain(world.chain.chainId, coin, "Test"),
        "receive",
        { to: c().deployment.vault, value: 33n, nonce, ...times },
      );
      const args = { payer: payer().address, amount: 33n, salt, ...times, ...signed };
      const elsewhere = () => c().depositWithAuthorization(relayer(), other.id, args);
      await W.refused(world, elsewhere, "ERC3009InvalidSignature");
      await c().depositWithAuthorization(relayer(), model.id, args);
      expect(await c().unspent(model.id, payer().address)).toBe(33n);
      const again = () => c().depositWithAuthorization(relayer(), model.id, args);
      await W.refused(world, again, "ERC3009UsedAuthorization");
    });
  });

  describe("vouchers", () => {
    beforeEach(async () => {
      model = await makeCoinModel();
      await c().deposit(payer(), model.id, 1000n);
    });
    const authorised = async () => (await c().channel(model.id, payer().address)).authorised;

    it("are hashed alike here and there", async () => {
      const { signature: _, ...plain } = await voucher(5n);
      expect(voucherDigest(c().deployment, plain)).toBe(await c().voucherDigest(plain));
    });

    it("only ever raise what may be charged, in any order, and never above the deposit", async () => {
      const [low, high, beyond] = [await voucher(100n), await voucher(700n), await voucher(5000n)];
      await c().redeem(relayer(), [high, low]);
      expect(await authorised()).toBe(700n);
      await c().redeem(relayer(), [low]);
      expect(await authorised()).toBe(700n);
      await c().redeem(relayer(), [beyond]);
      expect(await authorised()).toBe(1000n);
      expect(await c().chargeable(model.id, payer().address)).toBe(1000n);
      // More deposit, and the same voucher is worth more.
      await c().deposit(payer(), model.id, 10n);
      expect(await authorised()).toBe(1000n);
      await c().redeem(relayer(), [beyond]);
      expect(await authorised()).toBe(1010n);
    });

    it("are refused when late, for another operator, or not signed by the payer", async () => {
      const redeem = (...list: Awaited<ReturnType<typeof voucher>>[]) => c().redeem(relayer(), list);
      const now = BigInt(await chainTime(world.chain));
      const late = await voucher(100n, { expiry: now - 1n });
      await W.refused(world, () => redeem(late), "VaultVoucherExpired");
      const foreign = await voucher(100n, { operator: relayer().address });
      await W.refused(world, () => redeem(foreign), "VaultWrongOperator");
      const good = await voucher(100n);
      for (const forged of [
        { ...good, cumulative: 101n },
        { ...good, payer: payer(1).address },
        { ...good, expiry: FAR + 1n },
        { ...good, signature: "0x" },
        { ...good, signature: `0x${"11".repeat(65)}` },
        await signVoucher(payer(), { ...c().deployment, chainId: 1 }, good),
        await signVoucher(payer(), { ...c().deployment, vault: wallet }, good),
        await signVoucher(payer(1), c().deployment, { ...good, payer: payer().address }),
      ]) {
        if (forged.payer === payer(1).address) await c().deposit(payer(1), model.id, 500n);
        await W.refused(world, () => redeem(forged), "VaultWrongSignature");
      }
      // One bad voucher, and none counts.
      await W.refused(world, () => redeem(good, { ...good, cumulative: 101n }), "VaultWrongSignature");
      expect(await authorised()).toBe(0n);
      const { signature: _, ...plain } = good;
      const data = await vaultData("redeem", [[plain], []]);
      const codec = codecOf((await contractArtifacts()).Vault.abi);
      const uneven = () => send(world.chain, relayer(), { to: c().deployment.vault, data }, codec);
      await W.refused(world, uneven, "VaultWrongLength");
    });

    it("of a contract wallet count when the wallet says so", async () => {
      const { vault } = c().deployment;
      await tellWallet(coin, coinCodec.call("approve", [vault, 50n]));
      await tellWallet(vault, await vaultData("deposit", [model.id, 50n]));
      const terms = { operator: operator().address, model: model.id, cumulative: 40n, expiry: FAR };
      const wrong = await signVoucher(payer(), c().deployment, { ...terms, payer: wallet });
      await W.refused(world, () => c().redeem(relayer(), [wrong]), "VaultWrongSignature");
      const right = await signVoucher(relayer(), c().deployment, { ...terms, payer: wallet });
      await c().redeem(payer(1), [right]);
      expect(await c().chargeable(model.id, wallet)).toBe(40n);
    });

    it("bound what an epoch charges: deposit and vouchers, over epochs that expire too", async () => {
      const charge = (units: bigint, vouchers: Awaited<ReturnType<typeof voucher>>[] = []) => {
        const commitment = {
          ...W.makeCommitment(world, [units]),
          payers: [payer().address],
          feeUnits: [units],
        };
        return { commitment, sent: () => c().commitEpoch(operator(), model.id, commitment, vouchers) };
      };
      await W.refused(world, charge(1n).sent, "VaultInsufficientDeposit");
      const error = await W.refused(
        world,
        charge(301n, [await voucher(300n)]).sent,
        "VaultInsufficientDeposit",
      );
      expect(error.args.slice(1)).toEqual([300n, 301n]);
      const first = charge(300n, [await voucher(300n)]);
      const { epoch } = await first.sent();
      expect(await c().channel(model.id, payer().address)).toMatchObject({ charged: 300n, authorised: 300n });
      await world.chain.travel(7 * DAY);
      await c().expire(relayer(), model.id, epoch, first.commitment);
      // The same vouchers can be charged again, and no more than they say.
      await W.refused(world, charge(301n).sent, "VaultInsufficientDeposit");
      await charge(300n).sent();
      await W.balanced(world);
    });
  });

  describe("withdrawals", () => {
    beforeEach(async () => {
      model = await makeCoinModel();
      await c().deposit(payer(), model.id, 1000n);
      await c().redeem(relayer(), [await voucher(1000n)]);
    });
    const request = async (amount: bigint): Promise<bigint> => {
      await c().requestWithdrawal(payer(), model.id, amount);
      return (await c().channel(model.id, payer().address)).readyAt;
    };
    const withdraw = () => c().withdraw(payer(), model.id);
    const alone = (fees: bigint): W.Epoch["commitment"] => ({
      ...W.makeCommitment(world, [fees]),
      payers: [payer().address],
      feeUnits: [fees],
    });
    const commit = (commitment: W.Epoch["commitment"]) => c().commitEpoch(operator(), model.id, commitment);

    it("pay after the delay, and what was not asked for stays", async () => {
      await W.refused(world, withdraw, "VaultNothingToWithdraw");
      const readyAt = await request(600n);
      expect(readyAt).toBe(BigInt(await chainTime(world.chain)) + BigInt(DELAY));
      await W.refused(world, withdraw, "VaultWithdrawalNotReady");
      expect(await c().chargeable(model.id, payer().address)).toBe(1000n);
      await world.chain.travel(DELAY);
      expect(await c().available(model.id, payer().address)).toBe(400n);
      const before = await c().erc20Balance(coin, payer().address);
      await withdraw();
      expect(await c().erc20Balance(coin, payer().address)).toBe(before + 600n);
      expect(await c().unspent(model.id, payer().address)).toBe(400n);
      await W.refused(world, withdraw, "VaultNothingToWithdraw");
      await W.balanced(world);
    });

    it("leave the operator time to charge what was served, and none after: redeemed or not", async () => {
      await request(1000n);
      await commit(alone(300n));
      await world.chain.travel(DELAY);
      expect(await c().chargeable(model.id, payer().address)).toBe(0n);
      await withdraw();
      expect(await c().unspent(model.id, payer().address)).toBe(0n);
      await W.balanced(world);
    });

    it("cannot be locked in by an operator who posts again and again and never proves", async () => {
      const readyAt = await request(1000n);
      const first = alone(1000n);
      const { epoch } = await commit(first);
      await world.chain.travel(7 * DAY);
      await c().expire(payer(), model.id, epoch, first);
      const again = alone(1000n);
      const second = await commit(again);
      // Posting again moved no clock of the payer's.
      expect((await c().channel(model.id, payer().address)).readyAt).toBe(readyAt);
      await world.chain.travel(7 * DAY);
      await c().expire(payer(), model.id, second.epoch, again);
      await W.refused(world, () => commit(alone(1n)), "VaultInsufficientDeposit");
      await withdraw();
      await W.balanced(world);
    });

    it("start the clock again for more, keep it for less, and are no ticket for what comes later", async () => {
      const first = await request(1n);
      await world.chain.travel(DELAY);
      // Ready for one unit; asking for everything with that clock would leave the operator no time.
      const more = await request(1000n);
      expect(more).toBeGreaterThan(first + BigInt(DELAY));
      await W.refused(world, withdraw, "VaultWithdrawalNotReady");
      expect(await c().chargeable(model.id, payer().address)).toBe(1000n);
      await world.chain.travel(DAY);
      expect(await request(500n)).toBe(more);
      expect(await request(500n)).toBe(more);
      expect(await request(0n)).toBe(0n);
      await W.refused(world, withdraw, "VaultNothingToWithdraw");
      expect(await request(500n)).toBeGreaterThan(more);
    });

    it("pay what there is, and the rest of the request when an epoch gives it back", async () => {
      await request(1000n);
      const open = alone(700n);
      const { epoch } = await commit(open);
      await world.chain.travel(DELAY);
      await withdraw();
      expect(await c().channel(model.id, payer().address)).toMatchObject({
        withdrawn: 300n,
        requested: 700n,
      });
      await c().expire(relayer(), model.id, epoch, open);
      await withdraw();
      expect(await c().channel(model.id, payer().address)).toMatchObject({ withdrawn: 1000n, requested: 0n });
      await W.balanced(world);
    });
  });

  describe("claims", () => {
    const w = [20n, 0n, 80n];
    beforeEach(async () => {
      model = await makeCoinModel(1000n);
      await settleEpoch(model, 100n, w);
    });
    const claim = (i: number) => W.claimOf(world, model, address(i));

    it("pay the owner everything once, whoever asks", async () => {
      const mine = await claim(0);
      const { amountWei } = await c().claim(relayer(), mine);
      expect(amountWei).toBe(20_000n);
      expect(await c().erc20Balance(coin, address(0))).toBeGreaterThanOrEqual(20_000n);
      await W.refused(world, () => c().claim(relayer(), mine), "VaultNothingOwed");
      expect(await c().claimed(model.id, address(0))).toBe(20_000n);
      await W.balanced(world);
    });

    it("are refused for other amounts, accounts, models and proofs, and for nothing", async () => {
      const other = await makeCoinModel(1000n);
      const mine = await claim(0);
      const no = (over: object) =>
        W.refused(world, () => c().claim(relayer(), { ...mine, ...over }), "VaultWrongProof");
      await no({ cumulative: 20_001n });
      await no({ cumulative: mine.cumulative + (1n << 128n) });
      await no({ account: relayer().address });
      await no({ model: other.id });
      await no({ model: other.id, proof: [] });
      await no({ proof: [] });
      await no({ proof: [...mine.proof].reverse() });
      await no({ proof: [...mine.proof, mine.proof[0] as string] });
      const nothing = await claim(1);
      await W.refused(world, () => c().claim(relayer(), nothing), "VaultNothingOwed");
    });

    it("add up over epochs: old proofs are refused, what they showed is in the new ones", async () => {
      const old = await claim(0);
      await settleEpoch(model, 10n, [0n, 10n, 0n]);
      await W.refused(world, () => c().claim(relayer(), old), "VaultWrongProof");
      expect((await claim(0)).cumulative).toBe(20_000n);
      await c().claim(relayer(), await claim(0));
      await settleEpoch(model, 50n, [50n, 0n, 0n]);
      expect((await c().claim(relayer(), await claim(0))).amountWei).toBe(50_000n);
      expect((await c().claim(relayer(), await claim(1))).amountWei).toBe(10_000n);
      expect((await c().claim(relayer(), await claim(2))).amountWei).toBe(80_000n);
      expect(await c().accounting(model.id)).toMatchObject({ owed: 0n, claimed: 160_000n });
      await W.balanced(world);
    });

    it("of many accounts and models in one call pass over who has nothing, and keep what is refused", async () => {
      const other = await makeCoinModel(1000n);
      await settleEpoch(other, 10n, [1n, 1n, 2n]);
      const all = [];
      for (const of of [model, other])
        for (const account of of.accounts) all.push(await W.claimOf(world, of, account));
      await tellCoin("setRefused", [wallet, true]);
      const receipt = await c().claimMany(relayer(), [...all, all[0] as (typeof all)[0]]);
      const amounts = (name: string) =>
        receipt.logs.filter((log) => log.name === name).map(({ args }) => args.amount);
      expect(amounts("Claimed")).toEqual([20_000n, 2_500n, 2_500n]);
      expect(amounts("PaymentRefused")).toEqual([80_000n, 5_000n]);
      expect(await W.owed(world, model, wallet)).toBe(80_000n);
      await W.balanced(world);
      await W.refused(world, async () => c().claim(relayer(), await claim(2)), "TestCoinRefused");
      await tellCoin("setRefused", [wallet, false]);
      expect((await c().claim(relayer(), await claim(2))).amountWei).toBe(80_000n);
      const wrong = { ...(await W.claimOf(world, other, wallet)), cumulative: 1n };
      await W.refused(world, () => c().claimMany(relayer(), [wrong]), "VaultWrongProof");
      await W.balanced(world);
    });

    it("cannot be entered again from within the payment", async () => {
      const mine = await claim(0);
      const theirs = await claim(2);
      const again = await vaultData("claim", [model.id, theirs.account, theirs.cumulative, theirs.proof]);
      await tellCoin("setHook", [c().deployment.vault, again]);
      await c().claim(relayer(), mine);
      expect(await askCoin("hookSucceeded")).toBe(false);
      expect(await askCoin("hookRefusal")).toBe(keccakText("ReentrancyGuardReentrantCall()").slice(0, 10));
      expect(await c().claimed(model.id, theirs.account)).toBe(0n);
      await W.balanced(world);
    });

    it("go elsewhere at the account's own word: its transaction, its signature, its wallet's", async () => {
      const to = accountOf(world.random.hex32()).address;
      const owner = world.contributors[0] as Account;
      await world.chain.fund(owner.address, W.COIN);
      const mine = await claim(0);
      const order = { model: model.id, account: address(0), to, cumulative: mine.cumulative, deadline: FAR };
      const at = c().deployment;
      const signature = await signClaimTo(owner, at, order);
      const send_ = (over: object = {}, recipient = to, deadline = FAR, signed = signature) =>
        c().claimTo(relayer(), { ...mine, ...over }, recipient, deadline, signed);
      const zero = `0x${"0".repeat(40)}`;
      await W.refused(world, () => send_({}, zero), "VaultZeroRecipient");
      await W.refused(world, () => send_({}, to, 5n), "VaultSignatureExpired");
      await W.refused(world, () => send_({}, relayer().address), "VaultWrongSignature");
      await W.refused(world, () => send_({}, to, FAR + 1n), "VaultWrongSignature");
      await W.refused(world, () => send_({}, to, FAR, "0x"), "VaultWrongSignature");
      await W.refused(world, () => send_({ account: address(1) }), "VaultWrongSignature");
      const other = await signClaimTo(owner, at, { ...order, cumulative: 1n });
      await W.refused(world, () => send_({ cumulative: 1n }, to, FAR, other), "VaultWrongProof");
      await send_();
      expect(await c().erc20Balance(coin, to)).toBe(20_000n);
      await W.refused(world, () => send_(), "VaultNothingOwed");

      // The next epoch: the old order names another amount, and is worth nothing.
      await settleEpoch(model, 10n, [10n, 0n, 0n]);
      const next = await claim(0);
      await W.refused(world, () => send_(next), "VaultWrongSignature");
      await c().claimTo(owner, next, to, FAR);
      expect(await c().erc20Balance(coin, to)).toBe(30_000n);

      const theirs = await claim(2);
      const walletOrder = { ...order, account: wallet, cumulative: theirs.cumulative };
      const wrong = await signClaimTo(owner, at, walletOrder);
      await W.refused(world, () => c().claimTo(payer(), theirs, to, FAR, wrong), "VaultWrongSignature");
      expect(await c().claimToDigest(walletOrder)).toMatch(/^0x[0-9a-f]{64}$/);
      await c().claimTo(payer(), theirs, to, FAR, await signClaimTo(relayer(), at, walletOrder));
      expect(await c().erc20Balance(coin, to)).toBe(110_000n);
      await W.balanced(world);
    });

    it("never follow a leaf of 64 bytes that is really a node", async () => {
      // The tree's upper level hashes two nodes of 32 bytes. An entry that *is* those bytes would prove
      // itself, were leaves hashed once.
      const [first, second] = [await claim(0), await claim(1)];
      const sibling = second.proof[0] as string;
      const left = first.proof[0] as string;
      const node = { ...first, account: `0x${left.slice(26)}`, cumulative: BigInt(sibling) };
      for (const proof of [[], first.proof.slice(1), second.proof.slice(1)])
        await W.refused(world, () => c().claim(relayer(), { ...node, proof }), "VaultWrongProof");
    });
  });

  describe("is closed to others", () => {
    it("moves pools for Epochs only, and validators' fees for Validation only", async () => {
      model = await makeCoinModel();
      const { vault } = c().deployment;
      const errors = codecOf((await contractArtifacts()).Vault.abi);
      const zero = {
        treasury: wallet,
        operator: wallet,
        datanet: 1,
        protocol: 0,
        developer: 0,
        validators: 0,
      };
      const lists = [[relayer().address], [1n]];
      for (const [method, args] of [
        ["charge", [model.id, ...lists]],
        ["release", [model.id, ...lists]],
        ["distribute", [model.id, zero, [wallet], [0], [1]]],
      ] as const) {
        const data = await vaultData(method, args);
        const sent = () => send(world.chain, operator(), { to: vault, data }, errors);
        await W.refused(world, sent, "VaultOnlyEpochs");
      }
      const pull = await vaultData("pullValidatorFees", [1n, coin]);
      const sent = () => send(world.chain, operator(), { to: vault, data: pull }, errors);
      await W.refused(world, sent, "VaultOnlyValidation");
      const coins = () => send(world.chain, relayer(), { to: vault, data: "0x", valueWei: 5n }, errors);
      await W.refused(world, coins, "refused");
      const nothing = () => c().collectShares(relayer(), coin, relayer().address);
      await W.refused(world, nothing, "VaultNothingToCollect");
    });

    it("opens one pool at a time and gives away no more than it holds, whatever Epochs says", async () => {
      model = await makeCoinModel();
      const { Vault } = await contractArtifacts();
      const { models, datanets, schedule } = c().deployment;
      // Whoever creates a vault is its Epochs.
      const { created } = await deployContract(world.chain, relayer(), Vault, [models, datanets, schedule]);
      const codec = codecOf(Vault.abi);
      const tell = (by: Account, method: string, args: readonly unknown[]) =>
        send(world.chain, by, { to: created, data: codec.call(method, args) }, codec);
      await tellCoin("mint", [payer().address, 100n]);
      await tellCoin("approve", [created, 100n], payer());
      await tell(payer(), "deposit", [model.id, 100n]);
      const at = { chainId: world.chain.chainId, vault: created };
      const terms = { operator: operator().address, model: model.id, cumulative: 100n, expiry: FAR };
      const { signature, ...voucher } = await signVoucher(payer(), at, terms);
      await tell(relayer(), "redeem", [[voucher], [signature]]);
      const charge = (amount: bigint) => tell(relayer(), "charge", [model.id, [payer().address], [amount]]);
      await charge(60n);
      await W.refused(world, () => charge(1n), "VaultPoolOpen");
      const shares = { treasury: wallet, operator: wallet, datanet: 1, validators: 0 };
      const give = (payout: bigint) =>
        tell(relayer(), "distribute", [
          model.id,
          { ...shares, protocol: 5n, developer: 5n },
          ...[[wallet], [0n], [payout]],
        ]);
      await W.refused(world, () => give(51n), "VaultPoolExceeded");
      await give(50n);
      const release = () => tell(relayer(), "release", [model.id, [payer().address], [1n]]);
      await W.refused(world, release, "VaultPoolExceeded");
    });
  });
});
