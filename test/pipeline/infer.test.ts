// What is refused before anything is answered or signed: requests that repeat one, in this call or in any
// epoch, more answers than an epoch can be proven with, and vouchers that can be taken back.
import { afterAll, beforeAll, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { chainTime } from "../../pipeline/chain/client.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { type Account, accountOf } from "../../pipeline/engine/ethers.ts";
import {
  answerQueries,
  EpochFullError,
  RequestTwiceError,
  VoucherRefusedError,
} from "../../pipeline/infer.ts";
import { readVouchers } from "../../pipeline/payments/book.ts";
import { type SignedVoucher, signVoucher } from "../../pipeline/payments/vouchers.ts";
import { openEpoch, readReceipts, receiptsFolder } from "../../pipeline/receipt-store.ts";
import { randomFrom, SEED, sampleRecord } from "../circuits/cases.ts";
import { openShop, PROFILE, type Shop, train, UI } from "../soundness/shop.ts";
import { delegate } from "../verifier-contracts/delegation.ts";

const [ONE, TWO] = [`0x${"a1".repeat(32)}`, `0x${"b2".repeat(32)}`];
const question = (requestId?: string) => ({
  ...{ content: new Uint8Array(784).fill(7), payer: "alice", feeUnits: 5 },
  ...(requestId === undefined ? {} : { requestId }),
});

let shop: Shop;
let id: string;
let feeUnitWei: bigint;
beforeAll(async () => {
  const random = randomFrom(SEED);
  shop = await openShop(`infer/${SEED}`, "known");
  const model = await train(shop, [[Array.from({ length: 5 }, () => sampleRecord(random, PROFILE))]], 4000);
  shop.project.writeState("model", model);
  ({ id, feeUnitWei } = model);
});
afterAll(() => shop.close());

const ask = (queries: readonly ReturnType<typeof question>[]) =>
  answerQueries({ ...shop, queries, ui: UI }).then((answers) => answers.length);
const receipts = (epoch: number): number =>
  readReceipts(receiptsFolder(shop.project.folder, id, epoch)).length;

it("refuses a request that was answered before, in any epoch, and two alike in one call", async () => {
  await expect(ask([question(ONE), question(ONE)])).rejects.toThrow(RequestTwiceError);
  expect([receipts(1), readVouchers(shop.project, id).size]).toEqual([0, 0]);
  expect(await ask([question(ONE), question()])).toBe(2);
  await expect(ask([question(TWO), question(ONE.toUpperCase().replace("0X", "0x"))])).rejects.toThrow(
    RequestTwiceError,
  );
  shop.project.writeState(`epochs/${id.slice(2, 18)}/1`, { epoch: 1, receipts: 2, settled: true });
  expect(openEpoch(shop.project, { id } as never)).toBe(2);
  await expect(ask([question(ONE)])).rejects.toThrow(RequestTwiceError);
  expect(await ask([question(TWO)])).toBe(1);
});

it("refuses more answers than an epoch's proofs can hold, and says how many fit", async () => {
  const most = (await shop.session.contracts.epochBatches()) * PROFILE.queries;
  const left = most - receipts(2);
  const many = ask(Array.from({ length: left + 1 }, () => question()));
  await expect(many).rejects.toThrow(EpochFullError);
  await expect(many).rejects.toThrow(`takes ${left} more answers`);
  expect(receipts(2)).toBe(1);
});

it("answers on what the payer's key signed, and on what only its code agrees to once it is redeemed", async () => {
  const { session } = shop;
  const { chain, contracts, operator, deployment } = session;
  const [payer, helper, stranger] = ["e1", "e2", "e3"].map((digits) =>
    accountOf(`0x${digits.repeat(32)}`),
  ) as [Account, Account, Account];
  const cost = 5n * feeUnitWei;
  await chain.fund(payer.address, 10n ** 18n);
  await session.endow(payer, 10n * cost);
  await contracts.deposit(payer, id, 10n * cost);
  const expiry = BigInt((await chainTime(chain)) + 30 * 86_400);
  const voucher = (by: Account, answers: bigint): Promise<SignedVoucher> =>
    signVoucher(by, deployment, {
      payer: payer.address,
      operator: operator.address,
      model: id,
      cumulative: answers * cost,
      expiry,
    });
  const pay = async (signed: SignedVoucher): Promise<number> => {
    const vouchers = new Map([["alice", signed]]);
    return (await answerQueries({ ...shop, queries: [question()], ui: UI, vouchers })).length;
  };
  const first = await voucher(payer, 1n);
  const { TestWallet } = await contractArtifacts();
  const { created } = await deployContract(chain, operator, TestWallet, [helper.address]);
  await delegate(chain, operator, payer, created);
  expect(await pay(first)).toBe(1);
  expect(await pay(await voucher(payer, 2n))).toBe(1);
  const byCode = await voucher(helper, 3n);
  await expect(pay(byCode)).rejects.toThrow(VoucherRefusedError);
  await expect(pay(byCode)).rejects.toThrow("have the vault redeem it");
  const forged = pay(await voucher(stranger, 3n));
  await expect(forged).rejects.toThrow("the signature is not the payer's");
  await contracts.redeem(operator, [byCode]);
  expect(await pay(byCode)).toBe(1);
});
