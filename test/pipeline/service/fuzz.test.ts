// Ten thousand requests that are wrong in one way or another, against a real service: none takes it down,
// none is answered with a server's error, none is paid for, and a good request is answered afterwards as
// before. QUITTANCE_SEED repeats a run.

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Agent } from "../../../pipeline/agent/types.ts";
import type { Account } from "../../../pipeline/engine/ethers.ts";
import { PAYMENT_REQUIRED, PAYMENT_SIGNATURE, readPaymentRequired } from "../../../pipeline/engine/x402.ts";
import { newRequestKey } from "../../../pipeline/payments/request-id.ts";
import {
  termsFromX402,
  type VoucherTerms,
  voucherToPayload,
} from "../../../pipeline/payments/voucher-scheme.ts";
import { signVoucher } from "../../../pipeline/payments/vouchers.ts";
import { receiptsFolder } from "../../../pipeline/receipt-store.ts";
import { sha256 } from "../../../pipeline/store.ts";
import { end, makeShop, PRICE, type Served, type Shop, serve } from "./served.ts";

const seed = Number(process.env["QUITTANCE_SEED"]) | 0;
const REQUESTS = 10_000;
const SIDE_BY_SIDE = 8;

let shop: Shop;
let served: Served;
let agent: Agent;
let terms: VoucherTerms;
/** A payment that was good once: it says what is owed by now, so it is good for nothing more. */
let spent: Paid;
/** Payments that would be good for one more answer, but for the form of their signature. */
let generous: readonly Paid[];

type Paid = {
  readonly x402Version: number;
  readonly accepted: object;
  readonly payload: Record<string, unknown>;
};

type Wrong = {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
};

beforeAll(async () => {
  process.stderr.write(`seed ${seed}\n`);
  shop = await makeShop({ alice: 1_000 });
  served = await serve(shop, {
    args: ["--rate", "1000000"],
    env: { QUITTANCE_OPERATOR_TOKEN: randomBytes(32).toString("base64url") },
  });
  agent = await shop.agent(served.url, "alice");
  const alice = shop.payers["alice"] as Account;
  const answer = await agent.ask(shop.questions[0] as Uint8Array);
  expect(answer.price).toBe(PRICE);
  const challenge = await fetch(`${served.url}/infer`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": newRequestKey() },
    body: JSON.stringify(goodBody()),
  });
  const found = termsFromX402(readPaymentRequired(challenge.headers.get(PAYMENT_REQUIRED) ?? "").accepts);
  terms = found.terms;
  const { chainId, vault, operator, model } = terms;
  const expiry = BigInt(terms.minExpiry) + 86_400n;
  const payment = async (cumulative: bigint): Promise<Paid> => {
    const voucher = await signVoucher(alice, { chainId, vault }, { operator, model, cumulative, expiry });
    return { x402Version: 2, accepted: found.accepted, payload: voucherToPayload(voucher) };
  };
  spent = await payment(PRICE);
  const next = await payment(2n * PRICE);
  generous = otherForms(String(next.payload["signature"])).map((signature) => ({
    ...next,
    payload: { ...next.payload, signature },
  }));
}, 300_000);
afterAll(async () => {
  served.run.child.kill("SIGKILL");
  await served.run.ended;
  shop.remove();
});

const goodBody = (): { content: { base64: string } } => ({
  content: { base64: Buffer.from(shop.questions[1] as Uint8Array).toString("base64") },
});
const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value), "utf8").toString("base64");

/** Values that programs trip over. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, 0, -1, 1e308, 2 ** 53, "", "0x", "__proto__", "null", "NaN", "-0", "1e999", [], {}],
    ...["0".repeat(10_000), "9".repeat(200), "\u0000", "\ud800", "💥".repeat(50), "../../etc/passwd"],
  ),
  fc.string({ maxLength: 40 }),
  fc.integer(),
  fc.double(),
  fc.jsonValue({ maxDepth: 3 }),
);
const header = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
  maxLength: 200,
});
const hex = fc.uint8Array({ maxLength: 150 }).map((bytes) => `0x${Buffer.from(bytes).toString("hex")}`);
const key = (): string => newRequestKey();

/** A JSON object with one leaf replaced, taken away or added. */
function mutated(value: unknown, random: () => number, replacement: unknown): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0) return replacement;
    const at = Math.floor(random() * value.length);
    return value.map((item, index) => (index === at ? mutated(item, random, replacement) : item));
  }
  if (value !== null && typeof value === "object" && random() < 0.9) {
    const entries = Object.entries(value);
    if (entries.length === 0) return replacement;
    const at = Math.floor(random() * entries.length);
    const kind = random();
    if (kind < 0.15) return Object.fromEntries(entries.filter((_, index) => index !== at));
    if (kind < 0.25) return { ...value, [JSON.stringify(replacement).slice(0, 40)]: replacement };
    return Object.fromEntries(
      entries.map(([name, item], index) => [name, index === at ? mutated(item, random, replacement) : item]),
    );
  }
  return replacement;
}

const seeded = fc.integer({ min: 1, max: 2 ** 31 - 1 }).map((start) => {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
});

/** Wrong requests by kind. All purchases among them carry a fresh key, so none is a replay. */
function wrongs(): fc.Arbitrary<Wrong> {
  const json = { "content-type": "application/json" };
  const post = (what: string, headers: Record<string, string>, body: string | Uint8Array): Wrong => ({
    ...{ what, method: "POST", path: "/infer", body },
    headers: { ...json, "idempotency-key": key(), ...headers },
  });
  const bodyText = JSON.stringify(goodBody());
  const paid = (payment: unknown): Record<string, string> => ({ [PAYMENT_SIGNATURE]: b64(payment) });
  // A good payment with a wrong body would be refused for its body; it is not spent by that.
  const withSpent = paid(spent);
  const brokenJson = fc.tuple(fc.nat(bodyText.length), odd).map(([at, value]) => {
    const cut = bodyText.slice(0, at);
    return `${cut}${String(JSON.stringify(value)).slice(0, 50)}`;
  });
  const voucherField = fc.constantFrom("payer", "operator", "model", "cumulative", "expiry", "signature");
  return fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((body) => post("bytes as a body", withSpent, body)),
    brokenJson.map((body) => post("broken JSON", withSpent, body)),
    fc
      .tuple(seeded, odd)
      .map(([random, value]) =>
        post("a body with something wrong", {}, JSON.stringify(mutated(goodBody(), random, value)) ?? ""),
      ),
    odd.map((value) => post("a content that is none", withSpent, JSON.stringify({ content: value }) ?? "")),
    fc
      .constantFrom("__proto__", "constructor", "prototype")
      .map((name) =>
        post(
          "prototype pollution",
          withSpent,
          `{"content":{"${name}":{"text":"x","base64":"AAAA"}},"${name}":{"model":"x"}}`,
        ),
      ),
    fc
      .array(fc.oneof(fc.integer({ min: -300, max: 600 }), fc.double()), { maxLength: 900 })
      .filter((pixels) => pixels.length !== 784)
      .map((pixels) =>
        post("pixels of another number or range", withSpent, JSON.stringify({ content: { pixels } })),
      ),
    fc
      .string({ maxLength: 2_000 })
      .map((base64) => post("bad base64", withSpent, JSON.stringify({ content: { base64 } }))),
    header.map((value) => post("a payment header of noise", { [PAYMENT_SIGNATURE]: value }, bodyText)),
    odd.map((value) => post("a payment that is none", paid(value), bodyText)),
    fc
      .tuple(seeded, odd)
      .map(([random, value]) =>
        post(
          "a payment with something wrong",
          paid({ ...(mutated({ ...spent }, random, value) as object) }),
          bodyText,
        ),
      ),
    fc
      .tuple(voucherField, odd)
      .map(([field, value]) =>
        post(
          "a voucher field of noise",
          paid({ ...spent, payload: { ...spent.payload, [field]: value } }),
          bodyText,
        ),
      ),
    fc.tuple(fc.nat(63), fc.integer({ min: 1, max: 255 })).map(([at, bits]) =>
      post(
        "a voucher with another signature",
        paid({
          ...spent,
          payload: { ...spent.payload, signature: flipped(String(spent.payload["signature"]), at, bits) },
        }),
        bodyText,
      ),
    ),
    fc
      .bigInt({ min: 0n, max: 2n ** 256n - 1n })
      .filter((n) => n !== PRICE)
      .map((n) =>
        post(
          "a voucher over another sum",
          paid({ ...spent, payload: { ...spent.payload, cumulative: String(n) } }),
          bodyText,
        ),
      ),
    fc
      .nat(4)
      .map((form) => post("a good voucher in a form that the vault refuses", paid(generous[form]), bodyText)),
    fc.constant(0).map(() => post("a payment that was spent", withSpent, bodyText)),
    header.map((value) =>
      post("an idempotency key of noise", { ...withSpent, "idempotency-key": value.slice(0, 15) }, bodyText),
    ),
    header.map((value) =>
      post("another media type", { ...withSpent, "content-type": value.trim() || "x" }, bodyText),
    ),
    fc
      .tuple(
        fc.constantFrom("PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE", "QUERY"),
        fc.constantFrom("/infer", "/", "/receipts/1", "/epochs/settle", "/rpc"),
      )
      .map(([method, path]) => ({ what: "another method", method, path, headers: withSpent })),
    fc
      .tuple(
        fc.constantFrom("/receipts/", "/models/", "/datanets/", "/contributors/", "/jobs/", "/epochs/", "/"),
        fc.oneof(
          header,
          fc.constantFrom(
            "%00",
            "%ff",
            "..%2f..%2fsecrets.json",
            "__proto__",
            "0x",
            `0x${"0".repeat(64)}`,
            "9".repeat(400),
            "1%2f%2e%2e",
            "constructor",
            "-1-1",
            `${"a".repeat(3_000)}`,
          ),
        ),
        fc.constantFrom(
          "",
          "/bundle",
          "/explanation",
          "/events",
          "/epochs/1",
          "/epochs/-1",
          "/epochs/9999999999999999999",
        ),
      )
      .map(([root, name, rest]) => ({
        what: "an odd path",
        method: "GET",
        path: `${root}${escaped(name)}${rest}`,
        headers: { authorization: "Receipt x" },
      })),
    header.map((value) => ({
      what: "settling without a right",
      method: "POST",
      path: "/epochs/settle",
      headers: { ...json, authorization: value || "x" },
      body: "{}",
    })),
    fc
      .tuple(
        fc.oneof(odd, fc.array(fc.oneof(odd, hex), { maxLength: 3 }), fc.tuple(hex)),
        fc.constantFrom(
          "eth_sendRawTransaction",
          "eth_sendRawTransaction",
          "eth_getBlockByNumber",
          "eth_getLogs",
          "eth_estimateGas",
          "eth_getStorageAt",
          "eth_feeHistory",
          "quittance_fund",
          "hardhat_setBalance",
          "evm_increaseTime",
          "hardhat_reset",
          "evm_revert",
          "__proto__",
          "eth_call",
          "",
        ),
      )
      .map(([params, method]) => ({
        what: "an odd call of the chain",
        method: "POST",
        path: "/rpc",
        headers: json,
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      })),
    odd.map((value) => ({
      what: "no call of the chain",
      method: "POST",
      path: "/rpc",
      headers: json,
      body: JSON.stringify(value) ?? "",
    })),
  );
}

/** The same signature in forms that libraries read and the vault does not. */
function otherForms(signature: string): string[] {
  const [r, s, v] = [signature.slice(2, 66), BigInt(`0x${signature.slice(66, 130)}`), signature.slice(130)];
  const odd = v === "1c";
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const word = (value: bigint): string => value.toString(16).padStart(64, "0");
  return [
    `0x${r}${word(s)}0${odd ? 1 : 0}`,
    `0x${r}${word(s)}${odd ? "26" : "25"}`,
    `0x${r}${word(s + (odd ? 2n ** 255n : 0n))}`,
    `0x${r}${word(order - s)}${odd ? "1b" : "1c"}`,
    `${signature}00`,
  ];
}

/** A path that can be sent, odd as it is. */
const escaped = (text: string): string => text.replace(/[^\x21-\x7e]|[#?]/g, (c) => encodeURIComponent(c));

/** A signature with some bits of r or s changed. */
function flipped(signature: string, at: number, bits: number): string {
  const bytes = Buffer.from(signature.slice(2), "hex");
  bytes[at] = (bytes[at] as number) ^ bits;
  return `0x${bytes.toString("hex")}`;
}

const sockets = new HttpAgent({ keepAlive: true, maxSockets: SIDE_BY_SIDE });

/** Status of a wrong request; 0 where the server closed the connection without one. */
function sent({ method, path, headers, body }: Wrong): Promise<number> {
  const { hostname, port } = new URL(served.url);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { hostname, port, method, path, headers, agent: sockets, timeout: 30_000 },
      (response) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode ?? 0));
        response.once("error", () => resolve(0));
      },
    );
    request.once("timeout", () => reject(new Error(`no answer to ${method} ${path}`)));
    request.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNREFUSED" ? reject(error) : resolve(0),
    );
    request.end(body);
  });
}

/** Everything that a payment would change. */
async function money(): Promise<unknown> {
  const health = (await (await fetch(`${served.url}/health`)).json()) as { room: number; openEpoch: number };
  const journal = join(receiptsFolder(shop.project, terms.model, 1), "answers.jsonl");
  const book = join(shop.project, "state", "vouchers", `${terms.model.slice(2, 18)}.json`);
  const hashes = [journal, book, join(shop.project, "chain.jsonl")].map((path) =>
    existsSync(path) ? sha256(readFileSync(path)) : "",
  );
  return { room: health.room, epoch: health.openEpoch, hashes };
}

describe(`${REQUESTS} malformed requests`, () => {
  it("take nothing down, cost nothing, and are never the server's fault", { timeout: 900_000 }, async () => {
    const before = await money();
    const cases = fc.sample(wrongs(), { numRuns: REQUESTS, seed });
    expect(new Set(cases.map(({ what }) => what)).size).toBeGreaterThan(18);
    const statuses = new Map<string, number>();
    const faults: string[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let wrong = cases[next++]; wrong !== undefined; wrong = cases[next++]) {
        const status = await sent(wrong);
        const line = `${wrong.what}: ${status}`;
        statuses.set(line, (statuses.get(line) ?? 0) + 1);
        const isRead = wrong.method === "GET" || wrong.path === "/rpc" || wrong.method === "OPTIONS";
        if (status >= 500 || (status < 400 && status > 0 && !isRead))
          faults.push(`${line} ${JSON.stringify(wrong).slice(0, 600)}`);
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
    const told = [...statuses].sort().map(([line, count]) => `  ${line} × ${count}`);
    process.stderr.write(`${told.join("\n")}\n`);
    expect(faults.slice(0, 10)).toEqual([]);
    expect(served.run.child.exitCode).toBeNull();
    expect(await money()).toEqual(before);
    // The agent that was there before, and a new request, find everything as it was.
    const { receipt } = await agent.ask(shop.questions[2] as Uint8Array);
    expect(receipt.sequence).toBe(1);
    expect((await agent.state()).spent).toBe(2n * PRICE);
    expect(served.run.said()).not.toMatch(/"level":(50|60)/);
  });

  it("and bytes that are no HTTP at all are told so or hung up on", { timeout: 120_000 }, async () => {
    const cases = fc.sample(fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 200 }), broken), {
      numRuns: 200,
      seed,
    });
    const before = await money();
    const { hostname, port } = new URL(served.url);
    for (const bytes of cases) {
      const text = await new Promise<string>((resolve) => {
        let said = "";
        const socket = connect(Number(port), hostname, () => socket.end(bytes));
        socket.on("data", (chunk) => (said += chunk.toString("latin1")));
        socket.once("close", () => resolve(said));
        socket.once("error", () => resolve(said));
        socket.setTimeout(10_000, () => socket.destroy());
      });
      expect(text).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
    }
    expect(await money()).toEqual(before);
    expect(await end(served)).toBe(0);
  });
});

/** Requests that break the protocol's own rules. */
const broken = fc
  .constantFrom(
    "GET / HTTP/9.9\r\n\r\n",
    "POST /infer HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    "POST /infer HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "POST /infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(40_000)}\r\n\r\n`,
    "GET / HTTP/1.1\r\n\r\n",
    "\r\n\r\n\r\n",
  )
  .map((text) => new TextEncoder().encode(text));
