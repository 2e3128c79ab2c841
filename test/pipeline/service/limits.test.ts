// What is bounded, and what is told to whom: sizes, rates, queues, a full epoch, the log, the documentation.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountOf } from "../../../pipeline/engine/ethers.ts";
import { readVouchers } from "../../../pipeline/payments/book.ts";
import { newRequestKey } from "../../../pipeline/payments/request-id.ts";
import { readReceipts, receiptsFolder } from "../../../pipeline/receipt-store.ts";
import { openBuckets } from "../../../pipeline/service/limits.ts";
import { createService } from "../../../pipeline/service/service.ts";
import {
  copyShop,
  digit,
  type Open,
  openPayer,
  openService,
  pixelsOf,
  type Reply,
  temporary,
  trainShop,
} from "./fixtures.ts";

const { folder, remove } = temporary("limits");
const TOKEN = "operator-token-of-this-test-only";
const DEPOSIT = 10n ** 20n;
const GENEROUS = { ratePerAddress: 1_000_000, ratePerPayer: 1_000_000 };
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
const fresh = (name: string, ...args: [Parameters<typeof openService>[1]?]): Promise<Open> =>
  open(copyShop(shop, join(folder, name)), ...args);
const codes = (replies: readonly Reply[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status, body } of replies) {
    const name = status === 200 ? "200" : `${status} ${body.error.code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

describe("bounds", () => {
  it("refuse what does not fit the queue with 503, and answer it on a retry with the same key", async () => {
    const service = await fresh("queue", { settings: { ...GENEROUS, maxQueue: 3, maxBatch: 2 } });
    const payer = await openPayer(service, "a1", DEPOSIT);
    const ahead = await payer.voucher(100n * payer.price);
    const keys = Array.from({ length: 20 }, () => newRequestKey());
    await payer.ask(ahead, digit(1), keys[0]);
    const replies = await Promise.all(keys.map((key) => payer.ask(ahead, digit(1), key)));
    expect(Object.keys(codes(replies)).sort()).toEqual(["200", "503 queue_full"]);
    for (const { headers } of replies.filter(({ status }) => status === 503))
      expect(Number(headers["retry-after"])).toBeGreaterThan(0);
    for (const key of keys) expect((await payer.ask(ahead, digit(1), key)).status).toBe(200);
    const { model } = service.service.context;
    expect(readReceipts(receiptsFolder(service.project.folder, model.id, 1))).toHaveLength(20);
  });

  it("refuse an answer that the epoch cannot be proven with", async () => {
    const service = await fresh("full", { settings: { ...GENEROUS, sealedEpochs: 0 }, operatorToken: TOKEN });
    const payer = await openPayer(service, "a1", DEPOSIT);
    const { context } = service.service;
    const most = (await service.session.contracts.epochBatches()) * context.profile.queries;
    const { room } = (await service.service.app.inject("/health")).json();
    expect(room).toBe(most);
    const ahead = await payer.paidWith(await payer.voucher(BigInt(most + 50) * payer.price));
    const ask = () =>
      payer.send(
        { content: pixelsOf(digit(1)) },
        { "idempotency-key": newRequestKey(), "payment-signature": ahead },
      );
    const all: Reply[] = [];
    while (all.length < most + 20) all.push(...(await Promise.all(Array.from({ length: 100 }, ask))));
    expect(codes(all)).toEqual({ "200": most, "503 epoch_full": all.length - most });
    expect((await service.service.app.inject("/health")).json()).toMatchObject({ room: 0, openEpoch: 1 });
    // Sealed, it makes room; what settling costs is not this test's matter.
    await context.desk.seal();
    expect((await service.service.app.inject("/health")).json()).toMatchObject({ room: most, openEpoch: 2 });
    const next = await ask();
    expect([next.status, next.body.receipt.epoch, next.body.receipt.sequence]).toEqual([200, 2, 0]);
  });

  it("seal full epochs, so many and no more, and settle them one after the other", async () => {
    const service = await fresh("sealed", { settings: { ...GENEROUS, sealedEpochs: 2, maxBatch: 50 } });
    const payer = await openPayer(service, "a1", DEPOSIT);
    const { answering, model, profile } = service.service.context;
    const most = (await service.session.contracts.epochBatches()) * profile.queries;
    const ahead = await payer.paidWith(await payer.voucher(BigInt(3 * most + 50) * payer.price));
    const ask = () =>
      payer.send(
        { content: pixelsOf(digit(1)) },
        { "idempotency-key": newRequestKey(), "payment-signature": ahead },
      );
    const all: Reply[] = [];
    while (all.length < 3 * most + 20) all.push(...(await Promise.all(Array.from({ length: 90 }, ask))));
    expect(codes(all)).toEqual({ "200": 3 * most, "503 epoch_full": all.length - 3 * most });
    const kept = [1, 2, 3].map((epoch) =>
      readReceipts(receiptsFolder(service.project.folder, model.id, epoch)),
    );
    expect(kept.map(({ length }) => length)).toEqual([most, most, most]);
    for (const [index, receipts] of kept.entries())
      expect(receipts.every(({ epoch }) => epoch === index + 1)).toBe(true);
    expect([answering.epoch(), answering.waiting()]).toEqual([3, 2]);
    // The first that is settled is the first that was sealed.
    expect(await answering.seal()).toMatchObject({ epoch: 1 });
    expect(answering.epoch()).toBe(3);
    // All that is owed is in the book, whichever epoch it is charged with.
    expect(readVouchers(service.project, model.id).get(payer.wallet.address.toLowerCase())?.cumulative).toBe(
      BigInt(3 * most + 50) * payer.price,
    );
  });

  it("keep an address and a payer to their rates", async () => {
    const service = await fresh("rates", { settings: { ratePerAddress: 40, ratePerPayer: 3 } });
    const payer = await openPayer(service, "a1", DEPOSIT);
    const ahead = await payer.voucher(50n * payer.price);
    const replies: Reply[] = [];
    for (let i = 0; i < 5; i++) replies.push(await payer.ask(ahead, digit(i)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(Number(replies[3]?.headers["retry-after"])).toBeGreaterThan(0);
    let last = await service.service.app.inject("/health");
    for (let i = 0; i < 50 && last.statusCode === 200; i++)
      last = await service.service.app.inject("/health");
    expect([last.statusCode, last.json().error.code]).toEqual([429, "rate_limited"]);
    expect(Number(last.headers["retry-after"])).toBeGreaterThan(0);
    const buckets = openBuckets(60);
    const taken = Array.from({ length: 61 }, () => buckets.take("a", 0));
    expect([taken.filter((wait) => wait === 0).length, taken.at(-1)]).toEqual([60, 1]);
    expect([buckets.take("b", 0), buckets.take("a", 999), buckets.take("a", 2_100)]).toEqual([0, 1, 0]);
  });
});

describe("a request that is not one", () => {
  it("is refused with its own code, and never with 5xx", async () => {
    const service = await fresh("bad", { settings: GENEROUS });
    const payer = await openPayer(service, "a1", DEPOSIT);
    const key = newRequestKey();
    const good = { content: pixelsOf(digit(1)) };
    const cases: readonly (readonly [number, string, unknown, Record<string, string>])[] = [
      [400, "bad_request", good, {}],
      [400, "bad_request", good, { "idempotency-key": "short" }],
      [400, "bad_request", good, { "idempotency-key": `${key}!` }],
      [400, "bad_request", "{", { "idempotency-key": key }],
      [400, "bad_request", "", { "idempotency-key": key }],
      [400, "bad_request", "null", { "idempotency-key": key }],
      [400, "bad_request", '{"__proto__":{"a":1}}', { "idempotency-key": key }],
      [400, "bad_request", { ...good, more: 1 }, { "idempotency-key": key }],
      [400, "bad_request", { content: { pixels: [256] } }, { "idempotency-key": key }],
      [400, "bad_request", { content: { pixels: [] } }, { "idempotency-key": key }],
      [400, "bad_request", { content: { base64: "%%" } }, { "idempotency-key": key }],
      [400, "wrong_content", { content: { pixels: [1, 2, 3] } }, { "idempotency-key": key }],
      [400, "wrong_content", { content: { text: "seven" } }, { "idempotency-key": key }],
      [404, "not_found", { ...good, model: `0x${"11".repeat(32)}` }, { "idempotency-key": key }],
      [415, "media_type", good, { "idempotency-key": key, "content-type": "text/plain" }],
      [403, "other_origin", good, { "idempotency-key": key, origin: "https://elsewhere.example" }],
      [413, "body_too_large", { content: { base64: "A".repeat(1 << 20) } }, { "idempotency-key": key }],
      [402, "payment_required", good, { "idempotency-key": key }],
      [402, "payment_required", good, { "idempotency-key": key, origin: "http://localhost:80" }],
    ];
    for (const [status, code, payload, headers] of cases) {
      const reply = await payer.send(payload, headers);
      const what = `${JSON.stringify(payload).slice(0, 60)} ${JSON.stringify(headers)}`;
      expect([what, reply.status, reply.body.error.code]).toEqual([what, status, code]);
      expect(Object.keys(reply.body)).toEqual(["error"]);
      expect(JSON.stringify(reply.body)).not.toMatch(/\.ts:|node_modules| at .*:\d/);
    }
    const { app } = service.service;
    for (const url of ["/nothing", "/%zz", "/receipts/0x", "/jobs/7", `/jobs/${"x".repeat(500)}`]) {
      const { statusCode } = await app.inject(url);
      expect([url, statusCode >= 400 && statusCode < 500]).toEqual([url, true]);
    }
    const page = await app.inject("/health");
    expect(page.headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
    });
    expect(page.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

describe("a socket", () => {
  it("that sends no HTTP, or too much of it, is told so and closed", async () => {
    const service = await fresh("socket", { settings: GENEROUS });
    const url = new URL(await service.service.listen({ host: "127.0.0.1", port: 0 }));
    const tell = (bytes: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let said = "";
        const socket = connect(Number(url.port), url.hostname, () => socket.write(bytes));
        socket.on("data", (chunk) => (said += chunk.toString()));
        socket.once("close", () => resolve(said)).once("error", reject);
      });
    const garbage = await tell("\0\x01 nonsense\r\n\r\n");
    expect(garbage).toMatch(/^HTTP\/1.1 400 /);
    expect(JSON.parse(garbage.split("\r\n\r\n")[1] ?? "").error.code).toBe("bad_request");
    const long = await tell(`GET /health HTTP/1.1\r\nhost: x\r\nlong: ${"a".repeat(40_000)}\r\n\r\n`);
    expect(long).toMatch(/^HTTP\/1.1 431 .*headers_too_large/s);
    expect((await fetch(`${url}health`)).status).toBe(200);
  });
});

describe("a service", () => {
  it("opens for the model's operator alone, and for a fee that can be proven", async () => {
    const service = await fresh("other");
    const { project, session } = service;
    const other = { ...session, operator: accountOf(`0x${"77".repeat(32)}`) };
    await expect(createService({ project, session: other })).rejects.toThrow(/is not the operator of model/);
    await expect(createService({ project, session, feeUnits: 70_000 })).rejects.toThrow(/not possible/);
  });
});

describe("the chain of this process", () => {
  it("is reached as any node is, and changed by signed transactions alone", async () => {
    const service = await fresh("rpc", { settings: GENEROUS });
    const { app, context } = service.service;
    const call = async (method: string, params: unknown[] = [], headers: Record<string, string> = {}) =>
      (
        await app.inject({
          method: "POST",
          url: "/rpc",
          payload: { jsonrpc: "2.0", id: 1, method, params },
          headers,
        })
      ).json();
    expect(await call("eth_chainId")).toEqual({ jsonrpc: "2.0", id: 1, result: "0x7a69" });
    for (const method of [
      "hardhat_setBalance",
      "evm_increaseTime",
      "debug_traceTransaction",
      "eth_sendTransaction",
      "eth_sign",
      "eth_accounts",
      "hardhat_impersonateAccount",
      "quittance_other",
    ])
      expect([method, (await call(method)).error?.code]).toEqual([method, -32_601]);
    expect((await call("eth_call", ["nonsense"])).error.message).not.toMatch(/\n/);
    const address = `0x${"12".repeat(20)}`;
    expect((await call("quittance_fund", [address, "700"])).result).toBe(true);
    expect(await context.session.contracts.tokenBalance(address)).toBe(700n);
    expect((await call("quittance_fund", [address, "x"])).error.code).toBe(-32_602);
    const many = await app.inject({
      method: "POST",
      url: "/rpc",
      payload: [1, 2].map((id) => ({ jsonrpc: "2.0", id, method: "eth_blockNumber" })),
    });
    expect(many.json().map(({ id }: { id: number }) => id)).toEqual([1, 2]);
    const other = { origin: "https://elsewhere.example" };
    expect((await call("eth_chainId", [], other)).error.code).toBe("other_origin");
  });
});

describe("what is told", () => {
  it("to the log holds no key, voucher, token or content", async () => {
    process.env["QUITTANCE_LOG"] = "trace";
    try {
      const service = await fresh("log", { settings: GENEROUS, operatorToken: TOKEN });
      const payer = await openPayer(service, "a1", DEPOSIT);
      const bought = await payer.ask(1, digit(5));
      expect(bought.status).toBe(200);
      const { app, context } = service.service;
      const secret = { authorization: `Receipt ${bought.key}` };
      const { requestId } = bought.body.receipt as { requestId: string };
      await app.inject({ url: `/receipts/${requestId}?key=${bought.key}`, headers: secret });
      await app.inject({
        method: "POST",
        url: "/epochs/settle",
        headers: { authorization: `Bearer ${TOKEN}x` },
      });
      // A careless caller of the logger is caught too.
      app.log.warn(
        {
          headers: { authorization: TOKEN, "idempotency-key": bought.key },
          privateKey: payer.wallet.privateKey,
        },
        "careless",
      );
      app.log.warn(
        { req: { headers: { "payment-signature": TOKEN } }, voucher: { signature: TOKEN } },
        "careless",
      );
      const log = service.log.join("");
      expect(log).toContain("/infer");
      expect(log).toContain("careless");
      const master = JSON.parse(readFileSync(join(service.project.folder, "secrets.json"), "utf8"))
        .master as string;
      const hidden = [
        bought.key,
        TOKEN,
        payer.wallet.privateKey.slice(2),
        context.session.operator.privateKey.slice(2),
        master,
      ];
      for (const one of [...hidden, Buffer.from(digit(5)).toString("base64").slice(200, 260)])
        expect(log.includes(one)).toBe(false);
    } finally {
      delete process.env["QUITTANCE_LOG"];
    }
  });

  it("by /openapi.json is every route with its schemas, and by /metrics what happened", async () => {
    const service = await fresh("told", { settings: GENEROUS });
    const payer = await openPayer(service, "a1", DEPOSIT);
    await payer.ask(1);
    await payer.ask(1);
    const { app } = service.service;
    type Operation = {
      summary: string;
      responses: Record<string, unknown>;
      requestBody?: unknown;
      parameters?: unknown[];
    };
    const document = (await app.inject("/openapi.json")).json<{
      openapi: string;
      info: { title: string };
      paths: Record<string, Record<string, Operation>>;
    }>();
    expect(document.openapi).toMatch(/^3\.0/);
    const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    for (const path of [
      "GET /health",
      "POST /infer",
      "GET /receipts/{requestId}",
      "GET /receipts/{requestId}/explanation",
      "POST /epochs/settle",
      "GET /epochs/{id}/bundle",
      "GET /jobs/{id}",
      "GET /jobs/{id}/events",
      "POST /rpc",
      "GET /metrics",
      "GET /terms",
      "GET /models",
      "GET /datanets/{id}",
      "GET /contributors/{address}",
    ])
      expect(listed).toContain(path);
    for (const path of listed) {
      const [method = "", url = ""] = path.split(" ");
      const operation = document.paths[url]?.[method.toLowerCase()];
      expect([path, (operation?.summary ?? "").length > 5]).toEqual([path, true]);
      expect([
        path,
        app.hasRoute({ method: method as "GET", url: url.replace(/\{(\w+)\}/g, ":$1") }),
      ]).toEqual([path, true]);
    }
    expect(document.paths["/infer"]?.["post"]?.requestBody).toBeDefined();
    const terms = JSON.stringify(document.paths["/terms"]?.["get"]);
    for (const field of ["x402Version", "payTo", "minExpiry", "epochs"])
      expect(terms).toContain(`"${field}"`);
    const metrics = (await app.inject("/metrics")).body;
    expect(metrics).toMatch(/quittance_answers_total\{kind="paid"\} 1/);
    expect(metrics).toMatch(/quittance_refused_total\{code="voucher_refused"\} 1/);
    expect(metrics).toMatch(/quittance_batch_size_count 1/);
    expect(metrics).toMatch(/quittance_epoch_room \d+/);
    expect(metrics).not.toMatch(/0x[0-9a-f]{40}/i);
  });
});
