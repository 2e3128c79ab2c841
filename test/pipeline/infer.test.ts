// What is refused before anything is answered or signed: requests that repeat one, in this call or in any
// epoch, and more answers than an epoch can be proven with.
import { afterAll, beforeAll, expect, it } from "vitest";
import { answerQueries, EpochFullError, RequestTwiceError } from "../../pipeline/infer.ts";
import { readVouchers } from "../../pipeline/payments/book.ts";
import { openEpoch, readReceipts, receiptsFolder } from "../../pipeline/receipt-store.ts";
import { randomFrom, SEED, sampleRecord } from "../circuits/cases.ts";
import { openShop, PROFILE, type Shop, train, UI } from "../soundness/shop.ts";

const [ONE, TWO] = [`0x${"a1".repeat(32)}`, `0x${"b2".repeat(32)}`];
const question = (requestId?: string) => ({
  ...{ content: new Uint8Array(784).fill(7), payer: "alice", feeUnits: 5 },
  ...(requestId === undefined ? {} : { requestId }),
});

let shop: Shop;
let id: string;
beforeAll(async () => {
  const random = randomFrom(SEED);
  shop = await openShop(`infer/${SEED}`, "known");
  const model = await train(shop, [[Array.from({ length: 5 }, () => sampleRecord(random, PROFILE))]], 4000);
  shop.project.writeState("model", model);
  id = model.id;
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
