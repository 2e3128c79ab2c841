// An agent against a real service of a small project, and against what lies between them: lost answers, a
// service that says other things than before, receipts that do not check out. What is changed on the way is
// changed in real answers of the real service.

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderStorage } from "../../../pipeline/agent/folder.ts";
import type { Fetch } from "../../../pipeline/agent/http.ts";
import {
  PAYMENT_REQUIRED,
  PAYMENT_SIGNATURE,
  paymentRequiredHeader,
  readPaymentRequired,
  readPaymentSignature,
} from "../../../pipeline/engine/x402.ts";
import { checkReceipt, parseReceipt } from "../../../pipeline/receipts.ts";
import { loadProfile } from "../../../prover/index.ts";
import { CLI, quittanceAside } from "../cli/fixtures.ts";
import { start } from "../jobs/fixtures.ts";
import { end, makeShop, PRICE, type Served, type Shop, serve } from "../service/served.ts";

let shop: Shop;
let served: Served;
const question = (index: number): Uint8Array => shop.questions[index] as Uint8Array;

beforeAll(async () => {
  const names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "judy"];
  shop = await makeShop(Object.fromEntries(names.map((name) => [name, name === "judy" ? 2 : 1_000])));
  served = await serve(shop);
}, 300_000);
afterAll(async () => {
  expect(await end(served), served.run.said()).toBe(0);
  shop.remove();
});

/** A fetch that changes some answers on their way. */
const between =
  (change: (response: Response, url: string, init: RequestInit) => Promise<Response>): Fetch =>
  async (url, init) =>
    change(await fetch(url, init), url, init);

const quick = { attempts: 3, pauseMs: 1, longestPauseMs: 5, timeoutMs: 10_000 };

describe("an agent", () => {
  it("finds a model, pays an answer, checks and keeps its receipt", async () => {
    const agent = await shop.agent(served.url, "alice");
    expect(agent.model).toMatchObject({ id: agent.health.modelId, profile: "tiny", priceWei: PRICE });
    expect(await agent.state()).toMatchObject({ spent: 0n, answered: 0, pending: 0 });
    const { receipt, answer, answerName, kept, price } = await agent.ask(question(0));
    expect({ answer, answerName, price }).toEqual({
      answer: receipt.opening.answer,
      answerName: String(receipt.opening.answer),
      price: PRICE,
    });
    expect(checkReceipt(receipt, loadProfile("tiny"), question(0))).toEqual([]);
    expect(checkReceipt(receipt, loadProfile("tiny"), question(1))).not.toEqual([]);
    const path = join(shop.folder, "agents", "alice", `${kept}.json`);
    expect(parseReceipt(readFileSync(path, "utf8"), path)).toEqual(receipt);
    expect(statSync(join(shop.folder, "agents", "alice", readBooks("alice"))).mode & 0o077).toBe(0);
    expect(await agent.state()).toMatchObject({ spent: PRICE, signed: PRICE, answered: 1, pending: 0 });
    expect(await agent.receipts()).toEqual([receipt]);
    expect(await agent.receipts(2)).toEqual([]);
  });

  it("stops at its budget, and goes on with a larger one", async () => {
    const agent = await shop.agent(served.url, "bob", { budget: 2n * PRICE + PRICE / 2n });
    await agent.ask(question(0));
    await agent.ask(question(1));
    await expect(agent.ask(question(2))).rejects.toMatchObject({ name: "Agent.Limit", spent: 2n * PRICE });
    expect(await agent.state()).toMatchObject({ spent: 2n * PRICE, signed: 2n * PRICE, pending: 0 });
    const richer = await shop.agent(served.url, "bob", { budget: 3n * PRICE });
    await richer.ask(question(2));
    await expect(richer.ask(question(3))).rejects.toThrow(/budget of 300000000000000.*3 answers/);
  });

  it("is answered and charged once, however often its answer is lost", async () => {
    let lost = 0;
    const agent = await shop.agent(served.url, "carol", {
      patience: quick,
      fetch: between(async (response, url) => {
        if (url.endsWith("/infer") && response.status === 200 && lost < 2) {
          lost += 1;
          throw new TypeError("the connection was lost");
        }
        return response;
      }),
    });
    const { receipt } = await agent.ask(question(3));
    expect(lost).toBe(2);
    expect(await agent.state()).toMatchObject({ spent: PRICE, signed: PRICE, answered: 1 });
    const next = await agent.ask(question(4));
    expect(next.receipt.sequence).toBe(receipt.sequence + 1);
  });

  it("asks again after it was killed between answer and receipt", async () => {
    const dead = await shop.agent(served.url, "dave", {
      patience: quick,
      fetch: between(async (response, url) => {
        if (url.endsWith("/infer") && response.status === 200) throw new TypeError("gone");
        return response;
      }),
    });
    await expect(dead.ask(question(5))).rejects.toMatchObject({ name: "Agent.Unreachable" });
    expect(await dead.state()).toMatchObject({ spent: PRICE, answered: 0, pending: 1 });
    const again = await shop.agent(served.url, "dave");
    const [answer] = await again.resume();
    expect(answer?.price).toBe(PRICE);
    expect(await again.state()).toMatchObject({ spent: PRICE, signed: PRICE, answered: 1, pending: 0 });
    expect(await again.resume()).toEqual([]);
  });

  it("shares its books with another of the same payer, and neither pays for the other", async () => {
    const [one, two] = await Promise.all([shop.agent(served.url, "erin"), shop.agent(served.url, "erin")]);
    const ask = (agent: typeof one, from: number) =>
      Promise.all(Array.from({ length: 6 }, (_, i) => agent.ask(question(from + i))));
    const answers = (await Promise.all([ask(one, 0), ask(two, 6)])).flat();
    expect(new Set(answers.map(({ receipt }) => receipt.requestId)).size).toBe(12);
    expect(await one.state()).toMatchObject({ spent: 12n * PRICE, signed: 12n * PRICE, answered: 12 });
    expect(await two.state()).toEqual(await one.state());
  });

  it("does not pay what another of the same payer owes, unless it is told", async () => {
    await (await shop.agent(served.url, "frank", { folder: "frank-1" })).ask(question(0));
    const other = await shop.agent(served.url, "frank", { folder: "frank-2" });
    await expect(other.ask(question(1))).rejects.toMatchObject({
      name: "Agent.Owed",
      claimed: 2n * PRICE,
      counted: PRICE,
      message: expect.stringContaining(`owedBefore: ${PRICE}`),
    });
    expect(await other.state()).toMatchObject({ spent: 0n, pending: 0 });
    const told = await shop.agent(served.url, "frank", { folder: "frank-2", owedBefore: PRICE });
    await told.ask(question(1));
    expect(await told.state()).toMatchObject({ spent: PRICE, signed: 2n * PRICE });
  });

  it("hears why a deposit does not do, and counts nothing as spent", async () => {
    const agent = await shop.agent(served.url, "judy");
    await agent.ask(question(0));
    await agent.ask(question(1));
    await expect(agent.ask(question(2))).rejects.toMatchObject({ name: "Agent.Refused", status: 402 });
    expect(await agent.state()).toMatchObject({ spent: 2n * PRICE, answered: 2, pending: 0 });
  });
});

describe("a service that is not honest", () => {
  /** Real answers with some terms changed, wherever they are told. */
  const terms = (change: (extra: Record<string, unknown>, terms: { amount: string }) => void): Fetch =>
    between(async (response, url) => {
      const header = response.headers.get(PAYMENT_REQUIRED);
      const told = url.endsWith("/terms");
      if (header === null && !told) return response;
      const required = (
        told ? await response.json() : structuredClone(readPaymentRequired(header ?? ""))
      ) as {
        accepts: [{ amount: string; extra: Record<string, unknown> }];
      };
      change(required.accepts[0].extra, required.accepts[0]);
      if (told) return new Response(JSON.stringify(required));
      const headers = new Headers(response.headers);
      headers.set(PAYMENT_REQUIRED, paymentRequiredHeader(required as never));
      return new Response(await response.text(), { status: response.status, headers });
    });
  /** The vouchers that leave. */
  const signed: bigint[] = [];
  const watching =
    (fetch: Fetch): Fetch =>
    (url, init) => {
      const header = new Headers(init.headers).get(PAYMENT_SIGNATURE);
      if (header !== null) signed.push(BigInt(String(readPaymentSignature(header).payload["cumulative"])));
      return fetch(url, init);
    };

  it("is not given what it claims to be owed", async () => {
    await (await shop.agent(served.url, "grace")).ask(question(0));
    signed.length = 0;
    // Every payment is refused with the claim that a whole token is owed.
    const claim: Fetch = watching(async (url, init) => {
      if (!url.endsWith("/infer") || new Headers(init.headers).get(PAYMENT_SIGNATURE) === null)
        return fetch(url, init);
      const { [PAYMENT_SIGNATURE]: _, ...headers } = Object.fromEntries(new Headers(init.headers));
      return terms((extra) => Object.assign(extra, { owed: String(10n ** 18n) }))(url, { ...init, headers });
    });
    const agent = await shop.agent(served.url, "grace", { fetch: claim, budget: 10n ** 20n });
    await expect(agent.ask(question(1))).rejects.toMatchObject({ name: "Agent.Owed", counted: 2n * PRICE });
    expect(signed).toEqual([2n * PRICE]);
    expect(await agent.state()).toMatchObject({ spent: PRICE, signed: 2n * PRICE });
  });

  it("is held to the same where only its 402 tells the terms", async () => {
    const other = `0x${"ab".repeat(20)}`;
    const silent =
      (fetch: Fetch): Fetch =>
      (url, init) =>
        url.endsWith("/terms")
          ? Promise.resolve(new Response('{"error":{}}', { status: 404 }))
          : fetch(url, init);
    const lying = silent(terms((extra) => Object.assign(extra, { epochs: other })));
    const agent = await shop.agent(served.url, "grace", { fetch: watching(lying) });
    signed.length = 0;
    await expect(agent.ask(question(2))).rejects.toThrow(/epochs was .* is 0xabab/);
    expect(signed).toEqual([]);
    const honest = await shop.agent(served.url, "grace", { fetch: watching(silent(fetch)) });
    const before = await honest.state();
    await honest.ask(question(2));
    expect(await honest.state()).toMatchObject({
      spent: before.spent + PRICE,
      answered: before.answered + 1,
    });
    expect(signed).toEqual([before.spent + PRICE]);
  });

  it("cannot raise the price, change whom it is paid to, or the model", async () => {
    const other = `0x${"ab".repeat(20)}`;
    const changes: readonly [RegExp, Parameters<typeof terms>[0]][] = [
      [
        /costs 200000000000000, and at most 100000000000000/,
        (_, of) => Object.assign(of, { amount: String(2n * PRICE) }),
      ],
      [/operator was .* is 0xabab/, (extra) => Object.assign(extra, { operator: other })],
      [/epochs was .* is 0xabab/, (extra) => Object.assign(extra, { epochs: other })],
      [/the model is 0xcdcd/, (extra) => Object.assign(extra, { model: `0x${"cd".repeat(32)}` })],
      [
        /vouchers are signed for Other 1/,
        (extra) => Object.assign(extra, { domain: { name: "Other", version: "1" } }),
      ],
      [/over a year/, (extra) => Object.assign(extra, { minExpiry: 2 ** 40 })],
      [/another address than the vault/, (extra) => Object.assign(extra, { vault: other })],
    ];
    for (const [reason, change] of changes) {
      signed.length = 0;
      const agent = await shop.agent(served.url, "grace", { fetch: watching(terms(change)) });
      await expect(agent.ask(question(2)), String(reason)).rejects.toThrow(reason);
      expect(signed).toEqual([]);
    }
  });

  it("cannot change what it said of its model between two visits", async () => {
    const lie = (path: string, change: (of: Record<string, never>) => unknown): Fetch =>
      between(async (response, url) => {
        if (!url.endsWith(path)) return response;
        return new Response(JSON.stringify(change((await response.json()) as Record<string, never>)));
      });
    const vault = lie("/models", (models) =>
      (models as never as { price: object }[]).map((model) => ({
        ...model,
        price: { ...model.price, vault: `0x${"ab".repeat(20)}` },
      })),
    );
    await expect(shop.agent(served.url, "grace", { fetch: vault })).rejects.toThrow(/vault was .* is 0xabab/);
    const chain = lie("/health", (health) => ({ ...health, chainId: 1 }));
    await expect(shop.agent(served.url, "grace", { fetch: chain })).rejects.toThrow(/chains 31337 and 1/);
    const page = lie("/health", () => "hello");
    await expect(shop.agent(served.url, "grace", { fetch: page })).rejects.toMatchObject({
      name: "Agent.NoService",
    });
  });

  it("is caught with every receipt that does not check out, and the receipt is kept", async () => {
    const receipts: readonly [RegExp, (receipt: Record<string, unknown>) => void][] = [
      [/the signature is not the operator's|cannot be read/, (r) => Object.assign(r, { feeUnits: 99 })],
      [/agreed were 100/, (r) => Object.assign(r, { feeUnits: 99 })],
      [
        /not what the signed leaf commits to/,
        (r) =>
          Object.assign(r["opening"] as object, {
            answer: ((r["opening"] as { answer: number }).answer + 1) % 3,
          }),
      ],
      [/it charges 0x/, (r) => Object.assign(r, { payer: `0x${"12".repeat(20)}` })],
      [/it is for another request/, (r) => Object.assign(r, { requestId: `0x${"34".repeat(32)}` })],
      [
        /later than the operator's bond covers/,
        (r) => Object.assign(r, { dueBy: (r["dueBy"] as number) + 40 * 86_400 }),
      ],
      [/is not a receipt/, (r) => void delete r["leaf"]],
    ];
    let spent = 0n;
    for (const [reason, change] of receipts) {
      const forging = between(async (response, url) => {
        if (!url.endsWith("/infer") || response.status !== 200) return response;
        const body = (await response.json()) as { receipt: Record<string, unknown> };
        change(body.receipt);
        return new Response(JSON.stringify(body), { status: 200, headers: response.headers });
      });
      const agent = await shop.agent(served.url, "heidi", { fetch: forging });
      const failure = await agent.ask(question(3)).catch((error: Error) => error);
      expect(failure).toMatchObject({ name: "Agent.Receipt", message: expect.stringMatching(reason) });
      spent += PRICE;
      expect(await agent.state()).toMatchObject({ spent, pending: 0 });
    }
    // Epoch 1 is over, says the service, and answers in it all the same.
    const late = between(async (response, url) => {
      if (!url.endsWith("/health")) return response;
      return new Response(JSON.stringify({ ...((await response.json()) as object), openEpoch: 2 }));
    });
    const agent = await shop.agent(served.url, "heidi", { fetch: late });
    await expect(agent.ask(question(3))).rejects.toThrow(/epoch 1, which was over when it was asked/);
    const evidence = await folderStorage(join(shop.folder, "agents", "heidi")).list("refused/");
    expect(evidence.length).toBe(receipts.length + 1);
  });
});

describe("at the terminal", () => {
  it("ask buys answers until the budget ends, and goes on another time", async () => {
    const folder = join(shop.folder, "agents", "terminal");
    const common = [
      "ask",
      served.url,
      "--data",
      shop.data,
      "--folder",
      folder,
      "--key-file",
      join(shop.folder, "zoe.key"),
      "--json",
    ];
    const first = await quittanceAside([...common, "--limit", "5", "--budget", "0.0003"]);
    expect(first.code, first.err).toBe(0);
    const { result } = JSON.parse(first.out);
    expect(result.answers.map(({ price }: { price: string }) => price)).toEqual(Array(3).fill(String(PRICE)));
    expect(result.stopped).toMatch(/budget of 300000000000000/);
    const second = await quittanceAside([...common, "--offset", "3", "--limit", "2", "--budget", "0.0005"]);
    const more = JSON.parse(second.out).result;
    expect(more.answers.length).toBe(2);
    expect(more.state).toMatchObject({ spent: String(5n * PRICE), left: "0" });
    expect(more.stopped).toBeUndefined();
  });

  it("ask says what is wrong with a call", async () => {
    const key = ["--key-file", join(shop.folder, "zoe.key")];
    const open = join(shop.folder, "open.key");
    writeFileSync(open, readFileSync(join(shop.folder, "zoe.key")), { mode: 0o644 });
    const calls: readonly [string, readonly string[]][] = [
      ["Ask.NoPayerKey", [served.url, "hello", "--budget", "1"]],
      ["Secrets.TooOpen", [served.url, "hello", "--budget", "1", "--key-file", open]],
      ["Agent.Unreachable|Agent.NoService", ["http://127.0.0.1:1", "hello", "--budget", "1", ...key]],
      ["Ask.OtherDecimals", [served.url, "hello", "--budget", "1", "--decimals", "6", ...key]],
      ["Agent.Refused", [served.url, "a text for a model of pixels", "--budget", "1", ...key]],
    ];
    for (const [name, args] of calls) {
      const run = await quittanceAside(
        ["--json", "ask", ...args, "--folder", join(shop.folder, "agents", "wrong")],
        { QUITTANCE_PAYER_KEY: "" },
      );
      expect(run.code, run.out).toBe(2);
      expect(JSON.parse(run.out).error).toMatch(new RegExp(name));
    }
  });

  it("the example discovers, pays, verifies and stops at its limit", async () => {
    const program = CLI.replace("pipeline/cli/main.ts", "examples/agent.ts");
    const env = {
      QUITTANCE_PAYER_KEY: shop.payers["alice"]?.privateKey ?? "",
      AGENT_FOLDER: join(shop.folder, "agents", "alice"),
    };
    const run = start([served.url, shop.data, "0.0004"], env, program);
    expect((await run.ended).code, run.said()).toBe(0);
    // Alice's books of the first test are in this folder, with one answer.
    expect(run.said().match(/receipt \d+ of epoch 1/g)?.length).toBe(3);
    expect(run.said()).toMatch(/INSECURE/);
    expect(run.said()).toMatch(/stopped: The budget of 400000000000000/);
    expect(run.said()).toMatch(/4 answers, 400000000000000 spent, 0 left/);
  });
});

function readBooks(folder: string): string {
  const [name] = readdirSync(join(shop.folder, "agents", folder, "books"));
  return join("books", name ?? "");
}
