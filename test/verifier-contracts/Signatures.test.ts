/**
 * Whose signature it is, wherever a contract asks: an account's key first, its code only where the key did
 * not. The accounts here are ordinary ones that delegate to code after they signed (EIP-7702), or before.
 *
 * isSignedBy
 * ├ recovers to the signer → yes, whatever code is there
 * ├ does not, or is no signature (also for the zero address), and there is no code → no
 * └ there is code → what the code says: contract wallet, or what an account delegates to
 *
 * Contract wallets are in Vault.test.ts and Datanets.test.ts; the zero address is in the latter.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { signBatch, signWithdrawal } from "../../pipeline/chain/contracts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { BATCH_TYPES, quittanceDomain } from "../../pipeline/chain/ids.ts";
import type { ReceiptArgs } from "../../pipeline/chain/types.ts";
import { type Account, type Hex, signTypedData } from "../../pipeline/engine/ethers.ts";
import { signClaimTo, signVoucher } from "../../pipeline/payments/vouchers.ts";
import { delegate, NOBODY } from "./delegation.ts";
import * as W from "./world.ts";

const FAR = 10n ** 11n;
const UNIT = 7n;

describe("a signature", () => {
  let world: W.World;
  let model: W.Model;
  /** Code that accepts the session key's signatures, and denies all others. */
  let code: string;
  let session: Account;
  const c = () => world.contracts;
  const operator = (): Account => world.people.operator;
  const relayer = (): Account => world.people.relayer;
  const payer = (): Account => world.people.payers[0] as Account;
  const contributor = (): Account => world.contributors[0] as Account;

  beforeAll(async () => {
    world = await W.openWorld("signatures", 2);
    session = world.people.payers[1] as Account;
    const { TestWallet } = await contractArtifacts();
    code = (await deployContract(world.chain, relayer(), TestWallet, [session.address])).created;
  });
  afterAll(() => world.chain.close());
  beforeEach(async () => {
    model = await W.makeModel(world, world.contributors, UNIT);
  });

  const startDelegating = (account: Account, to = code) => delegate(world.chain, relayer(), account, to);
  const stopDelegating = (account: Account) => delegate(world.chain, relayer(), account, NOBODY);
  /** A voucher of the payer's, signed by any key. */
  const voucher = (cumulative: bigint, by = payer()) =>
    signVoucher(by, c().deployment, {
      payer: payer().address,
      operator: operator().address,
      model: model.id,
      cumulative,
      expiry: FAR,
    });
  const receipt = (): Promise<ReceiptArgs> => W.receiptFor(world, model, payer());
  const signReceipt = (of: ReceiptArgs, by = operator()): Promise<Hex> => W.signReceipt(world, of, by);

  describe("of a payer who has since delegated to code that denies it", () => {
    beforeEach(() => c().deposit(payer(), model.id, 1_000n));
    afterEach(() => stopDelegating(payer()));

    it("is redeemed", async () => {
      const signed = await voucher(700n);
      await startDelegating(payer());
      await c().redeem(relayer(), [signed]);
      expect(await c().chargeable(model.id, payer().address)).toBe(700n);
    });

    it("is charged by the epoch, which goes through to the claims", async () => {
      const commitment = W.makeCommitment(world, [100n]);
      await c().deposit(session, model.id, 50n * UNIT);
      const vouchers = await W.vouchersFor(world, model, commitment);
      await startDelegating(payer());
      const { epoch: number } = await c().commitEpoch(operator(), model.id, commitment, vouchers);
      expect((await c().channel(model.id, payer().address)).charged).toBe(50n * UNIT);
      await W.proveAll(world, model, { number, commitment }, [3n, 1n]);
      await W.settle(world, model, number, [3n, 1n]);
      expect(await W.owed(world, model, contributor().address)).toBeGreaterThan(0n);
      await W.balanced(world);
    });

    it("holds no more than before: changed, it is refused", async () => {
      const signed = await voucher(700n);
      await startDelegating(payer());
      const forged = [{ cumulative: 701n }, { signature: "0x" }, { signature: `0x${"11".repeat(65)}` }];
      for (const over of forged)
        await W.refused(world, () => c().redeem(relayer(), [{ ...signed, ...over }]), "VaultWrongSignature");
    });
  });

  describe("that the code of a delegating account is asked about", () => {
    beforeEach(() => c().deposit(payer(), model.id, 1_000n));
    afterEach(() => stopDelegating(payer()));

    it("counts when the code accepts its key, for as long as the account delegates there", async () => {
      const byKey = await voucher(300n, session);
      await W.refused(world, () => c().redeem(relayer(), [byKey]), "VaultWrongSignature");
      await startDelegating(payer());
      await c().redeem(relayer(), [byKey]);
      expect(await c().chargeable(model.id, payer().address)).toBe(300n);
      const next = await voucher(400n, session);
      await stopDelegating(payer());
      await W.refused(world, () => c().redeem(relayer(), [next]), "VaultWrongSignature");
      expect(await c().chargeable(model.id, payer().address)).toBe(300n);
    });

    it("does not when the code denies it, or answers nothing", async () => {
      const foreign = await voucher(300n, relayer());
      await startDelegating(payer());
      await W.refused(world, () => c().redeem(relayer(), [foreign]), "VaultWrongSignature");
      // The registry has no isValidSignature, and refuses the call.
      await startDelegating(payer(), c().deployment.datanets);
      await W.refused(world, () => c().redeem(relayer(), [foreign]), "VaultWrongSignature");
    });
  });

  describe("of an operator who has since delegated to code that denies it", () => {
    beforeEach(async () => {
      await c().postBond(operator(), model.id, 10_000_000n);
      await W.makeEpoch(world, model, [100n]);
    });
    afterEach(() => stopDelegating(operator()));

    it("opens a dispute about an omitted receipt, and nobody else's does", async () => {
      const [mine, other] = [await receipt(), await receipt()];
      const signature = await signReceipt(mine);
      const forged = await signReceipt(other, payer());
      await startDelegating(operator());
      await W.refused(world, () => c().challengeOmission(payer(), other, forged), "DisputesWrongSignature");
      const { dispute } = await c().challengeOmission(payer(), mine, signature);
      expect(await c().disputeOf(dispute)).toMatchObject({ open: true });
      expect((await c().bondOf(model.id)).pending).toBe(1n);
    });

    it("costs the bond when there are two for one request", async () => {
      const a = await receipt();
      const b = { ...a, leaf: a.leaf + 1n };
      const [signedA, signedB] = [await signReceipt(a), await signReceipt(b)];
      await startDelegating(operator());
      await c().reportEquivocation(relayer(), a, signedA, b, signedB);
      expect((await c().bondOf(model.id)).amount).toBe(0n);
    });

    it("is what its code accepts too, and that is attested by nothing", async () => {
      const mine = await receipt();
      const signature = await signReceipt(mine, session);
      await startDelegating(operator());
      const { dispute } = await c().challengeOmission(payer(), mine, signature);
      expect(await c().disputeOf(dispute)).toMatchObject({ open: true });
      await stopDelegating(operator());
      const again = await receipt();
      const late = await signReceipt(again, session);
      await W.refused(world, () => c().challengeOmission(payer(), again, late), "DisputesWrongSignature");
    });
  });

  describe("of a contributor who has since delegated to code that denies it", () => {
    afterEach(() => stopDelegating(contributor()));

    it("brings its batch, withdraws it, and pays out its earnings elsewhere", async () => {
      const { datanetId } = await c().createDatanet(operator(), world.random.hex32());
      const { address } = contributor();
      const batch = { datanet: datanetId, root: world.random.field(), count: 3, contributor: address };
      const foreign = { ...batch, root: world.random.field() };
      const domain = quittanceDomain(world.chain.chainId, c().deployment.datanets);
      const [own, forged] = [
        await signBatch(contributor(), c().deployment, batch),
        await signTypedData(relayer().privateKey, domain, BATCH_TYPES, foreign),
      ];
      const epoch = await W.makeEpoch(world, model, [100n]);
      await W.proveAll(world, model, epoch, [3n, 1n]);
      await W.settle(world, model, epoch.number, [3n, 1n]);
      const claim = await W.claimOf(world, model, address);
      const to = `0x${"70".repeat(20)}`;
      const order = { model: model.id, account: address, to, cumulative: claim.cumulative, deadline: FAR };
      const signedOrder = await signClaimTo(contributor(), c().deployment, order);
      await startDelegating(contributor());
      const { batchId } = await c().contribute(relayer(), { ...batch, signature: own });
      await W.refused(
        world,
        () => c().contribute(relayer(), { ...foreign, signature: forged }),
        "DatanetsWrongSignature",
      );
      const consent = await signWithdrawal(contributor(), c().deployment, batchId);
      await c().withdrawBatch(relayer(), batchId, consent);
      expect((await c().batch(batchId)).withdrawnAt).toBeGreaterThan(0n);
      await c().claimTo(relayer(), claim, to, FAR, signedOrder);
      expect(await c().erc20Balance(c().deployment.token, to)).toBe(claim.cumulative);
    });
  });
});
