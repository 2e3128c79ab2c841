// What the operator does: settling over HTTP while answers go on, ending without losing anything, coming
// back.
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseBundle } from "../../../pipeline/bundle.ts";
import { readVouchers } from "../../../pipeline/payments/book.ts";
import { newRequestKey, requestIdOf } from "../../../pipeline/payments/request-id.ts";
import { readReceipts, receiptsFolder } from "../../../pipeline/receipt-store.ts";
import { checkReceipt } from "../../../pipeline/receipts.ts";
import { quittance } from "../cli/fixtures.ts";
import {
  copyShop,
  digit,
  type Open,
  openPayer,
  openService,
  type Payer,
  payerOf,
  pixelsOf,
  temporary,
  trainShop,
} from "./fixtures.ts";

const { folder, remove } = temporary("operator");
const TOKEN = "operator-token-of-this-test-only";
const DEPOSIT = 10n ** 18n;
let shop: string;
let current: Open | undefined;
const open = async (...args: Parameters<typeof openService>): Promise<Open> => {
  await current?.close();
  current = await openService(...args);
  return current;
};
beforeAll(() => {
  shop = trainShop(folder);
});
afterAll(async () => {
  await current?.close();
  remove();
});

const receiptsOf = ({ project, service }: Open, epoch: number) =>
  readReceipts(receiptsFolder(project.folder, service.context.model.id, epoch));

/** Events of a job as they come over HTTP. */
async function eventsOf(url: string, after?: string): Promise<{ id: string; event: string; data: string }[]> {
  const response = await fetch(url, { headers: after === undefined ? {} : { "last-event-id": after } });
  expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
  const blocks = (await response.text()).split("\n\n").filter((block) => block.startsWith("id:"));
  return blocks.map((block) => {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
    return { id: field("id"), event: field("event"), data: field("data") };
  });
}

describe("settling over HTTP", () => {
  let service: Open;
  let payer: Payer;
  let url: string;
  const requests: string[] = [];
  beforeAll(async () => {
    service = await open(shop, { operatorToken: TOKEN });
    payer = await openPayer(service, "a1", DEPOSIT);
    url = await service.service.listen({ host: "127.0.0.1", port: 0 });
  });
  const settle = (authorization?: string) =>
    fetch(`${url}/epochs/settle`, {
      method: "POST",
      headers: authorization === undefined ? {} : { authorization },
    });

  it("is for the operator alone", async () => {
    expect((await settle()).status).toBe(401);
    expect((await settle("Bearer wrong")).status).toBe(401);
    expect((await settle(`Bearer ${TOKEN}x`)).status).toBe(401);
    expect((await settle(TOKEN)).status).toBe(401);
  });

  it("tells as a job's end that there is nothing to settle", async () => {
    const started = await settle(`Bearer ${TOKEN}`);
    expect(started.status).toBe(202);
    const { job } = (await started.json()) as { job: string };
    const events = await eventsOf(`${url}/jobs/${job}/events`);
    expect(JSON.parse(events.at(-1)?.data ?? "")).toMatchObject({
      ok: false,
      error: expect.stringMatching(/no receipts/),
    });
  });

  it("proves and pays the epoch while answers go on in the next, and the bundle verifies", async () => {
    const keys: string[] = [];
    for (let answers = 1; answers <= 4; answers++) {
      const bought = await payer.ask(answers, digit(answers));
      expect(bought.status).toBe(200);
      keys.push(bought.key);
    }
    const started = await settle(`Bearer ${TOKEN}`);
    const { job } = (await started.json()) as { job: string };
    expect(started.headers.get("location")).toBe(`/jobs/${job}`);
    expect(((await (await settle(`Bearer ${TOKEN}`)).json()) as { job: string }).job).toBe(job);
    const during: number[] = [];
    let answers = 4;
    let running = true;
    const watched = eventsOf(`${url}/jobs/${job}/events`).then((events) => {
      running = false;
      return events;
    });
    while (running) {
      answers += 1;
      const bought = await payer.ask(answers, digit(answers));
      expect([answers, bought.status]).toEqual([answers, 200]);
      during.push(Number(bought.body.receipt.epoch));
      await new Promise((resolve) => setTimeout(resolve, 300));
      if (answers > 300) break;
    }
    const events = await watched;
    expect(new Set(during)).toEqual(new Set([2]));
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index + 1));
    const end = JSON.parse(events.at(-1)?.data ?? "") as { ok: boolean; result: { bundle: string } };
    expect(end).toMatchObject({ ok: true, result: { epoch: 1, receipts: 4 } });
    const resumed = await eventsOf(`${url}/jobs/${job}/events`, events.at(-3)?.id ?? "");
    expect(resumed).toEqual(events.slice(-2));
    const state = (await (await fetch(`${url}/jobs/${job}`)).json()) as { status: string };
    expect(state.status).toBe("done");

    const text = await (await fetch(`${url}${end.result.bundle}`)).text();
    const bundle = parseBundle(JSON.parse(text));
    expect(bundle.inference.flatMap(({ receipts }) => receipts.map(({ requestId }) => requestId))).toEqual(
      keys.map((key) => requestIdOf(service.service.context.model.id, key)),
    );
    const file = join(folder, "bundle.json");
    writeFileSync(file, text);
    const verified = quittance(["verify", file]);
    expect(verified.code, verified.out + verified.err).toBe(0);
    // What was charged is no longer open, and what is owed in all has not changed.
    const next = await payer.ask(answers + 1, digit(1));
    expect(next.status).toBe(200);
    expect((await payer.ask(answers + 1, digit(1))).status).toBe(402);
    const { charged } = await service.session.contracts.channel(
      service.service.context.model.id,
      payer.wallet.address,
    );
    expect(charged).toBe(4n * payer.price);
  });

  it("goes on after a restart: retries of both epochs, what is owed, numbers without a gap", async () => {
    const before = receiptsOf(service, 2).length;
    const [one] = receiptsOf(service, 1);
    requests.push(...receiptsOf(service, 1).map(({ requestId }) => requestId));
    const key = newRequestKey();
    const last = await payer.ask(before + 5, digit(7), key);
    expect(last.status).toBe(200);
    const again = await open(shop);
    const same = payerOf(again.service, payer.wallet);
    const replayed = await same.send({ content: pixelsOf(digit(7)) }, { "idempotency-key": key });
    expect([replayed.status, replayed.body]).toEqual([200, last.body]);
    expect((await same.ask(before + 5, digit(8), key)).status).toBe(409);
    expect((await again.service.app.inject(`/receipts/${one?.requestId}`)).statusCode).toBe(200);
    expect((await same.ask(before + 5)).status).toBe(402);
    expect((await same.ask(before + 6)).status).toBe(200);
    expect(receiptsOf(again, 2).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: before + 2 }, (_, index) => index),
    );
    const refused = await again.service.app.inject({ method: "POST", url: "/epochs/settle" });
    expect([refused.statusCode, refused.json().error.code]).toEqual([403, "no_operator_token"]);
  });

  it("opens without reading what is on chain, and finds its requests all the same", async () => {
    const [settled, owing] = [receiptsOf(current as Open, 1), receiptsOf(current as Open, 2)];
    const { id } = (current as Open).service.context.model;
    await current?.close();
    const there = copyShop(shop, join(folder, "grown"));
    const journal = (epoch: number): string => join(receiptsFolder(there, id, epoch), "answers.jsonl");
    const damage = (epoch: number): void =>
      writeFileSync(journal(epoch), readFileSync(journal(epoch), "utf8").replace(/"receipt"/g, '"RECEIPT"'));
    // Whoever read this would hear that it is damaged.
    damage(1);
    expect(() => readReceipts(receiptsFolder(there, id, 1))).toThrow(/is damaged/);
    const again = await open(there);
    const { answering } = again.service.context;
    expect(answering.count()).toBe(owing.length);
    expect(answering.dues.first(1)).toMatchObject({ epoch: 2, receipts: owing.length });
    for (const { requestId, epoch } of [...settled, ...owing])
      expect(answering.find(requestId)?.folder).toBe(receiptsFolder(there, id, epoch));
    expect((await payerOf(again.service, payer.wallet).ask(owing.length + 4)).status).toBe(402);
    expect((await payerOf(again.service, payer.wallet).ask(owing.length + 5)).status).toBe(200);
    expect(answering.find(settled[0]?.requestId ?? "")).toBeDefined();
    await again.close();
    damage(2);
    await expect(open(there)).rejects.toThrow(/is damaged/);
  });

  it("leaves a project that the command line goes on with", async () => {
    await current?.close();
    const explained = quittance(["explain", requests[0] ?? "", "--json", "--project", shop]);
    expect(explained.code, explained.err).toBe(0);
    expect(JSON.parse(explained.out).result).toMatchObject({ requestId: requests[0], inOrder: true });
    const unknown = quittance(["explain", `0x${"00".repeat(32)}`, "--json", "--project", shop]);
    expect([unknown.code, JSON.parse(unknown.out).error]).toEqual([2, "Receipt.Unknown"]);
    const run = quittance(["settle", "--json", "--project", shop]);
    expect(run.code, run.err).toBe(0);
    expect(quittance(["verify", join(shop, "out", "epoch-2.json")]).code).toBe(0);
  });
});

describe("ending", () => {
  it("answers what is in hand, refuses what is new, and loses nothing", async () => {
    const service = await open(copyShop(shop, join(folder, "drained")));
    const payer = await openPayer(service, "b1", DEPOSIT);
    const url = await service.service.listen({ host: "127.0.0.1", port: 0 });
    const ahead = await payer.paidWith(await payer.voucher(60n * payer.price));
    const before = receiptsOf(service, service.service.context.answering.epoch()).length;
    const epoch = service.service.context.answering.epoch();
    const { profile } = service.service.context;
    const ask = (index: number, key: string) =>
      fetch(`${url}/infer`, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": key, "payment-signature": ahead },
        body: JSON.stringify({ content: pixelsOf(digit(index)) }),
      }).then(
        (response) => response.status,
        () => 0,
      );
    const replies = Array.from({ length: 60 }, (_, index) => ask(index, newRequestKey()));
    await Promise.race(replies);
    const closing = service.close();
    const late = [0, 1, 2].map((index) => ask(index, newRequestKey()));
    const statuses = await Promise.all(replies);
    expect(await Promise.all(late)).not.toContain(200);
    await closing;
    const answered = statuses.filter((status) => status === 200).length;
    expect(answered).toBeGreaterThan(0);
    expect(statuses.every((status) => [200, 503, 0].includes(status))).toBe(true);
    const kept = receiptsOf(service, epoch);
    expect(kept.length - before).toBeGreaterThanOrEqual(answered);
    expect(kept.slice(before).flatMap((receipt) => checkReceipt(receipt, profile))).toEqual([]);
  });
});

describe("after a crash", () => {
  it("drops the line that was being written, with its vouchers, and goes on without a gap", async () => {
    const there = copyShop(shop, join(folder, "crashed"));
    const service = await open(there);
    const { model, answering } = service.service.context;
    const journal = join(
      receiptsFolder(service.project.folder, model.id, answering.epoch()),
      "answers.jsonl",
    );
    const payer = await openPayer(service, "c1", DEPOSIT);
    expect((await payer.ask(1)).status).toBe(200);
    const whole = readFileSync(journal);
    const lost = await payer.ask(2, digit(3));
    expect(lost.status).toBe(200);
    await service.close();
    const full = readFileSync(journal);
    for (const cut of [whole.length + 1, whole.length + 30, full.length - 1]) {
      writeFileSync(journal, full);
      truncateSync(journal, cut);
      const again = await open(there);
      expect(again.log.join("")).toMatch(/was not finished/);
      expect(readFileSync(journal)).toEqual(whole);
      const same = payerOf(again.service, payer.wallet);
      expect(readVouchers(again.project, model.id).get(payer.wallet.address.toLowerCase())?.cumulative).toBe(
        payer.price,
      );
      const retried = await same.ask(2, digit(3), lost.key);
      expect([retried.status, retried.body.receipt.sequence]).toEqual([200, lost.body.receipt.sequence]);
      expect(retried.body.answer).toBe(lost.body.answer);
      await again.close();
    }
    const damaged = Buffer.from(full);
    damaged[40] = (damaged[40] ?? 0) ^ 1;
    writeFileSync(journal, damaged);
    await expect(open(there)).rejects.toThrow(/is damaged/);
  });
});
