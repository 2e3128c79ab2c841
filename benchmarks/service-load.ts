// Load for the service, from a process of its own: `node service-load.ts ORDER.json`. So many connections,
// each with a payer of its own, each asking again as soon as it was answered. Every request carries a voucher
// of its own, signed before the clock starts; one that is asked for longer signs on, beside the requests.
//
// A closed loop measures what the service can do with so much at a time, not what a crowd would feel that
// does not wait for answers; the concurrency stands beside each figure.

import { readFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import {
  accountOf,
  checkReceipt,
  newRequestKey,
  PAYMENT_SIGNATURE,
  parseReceipt,
  paymentSignatureHeader,
  readPaymentRequired,
  signVoucher,
  termsFromX402,
  voucherToPayload,
} from "../pipeline/index.ts";
import { loadProfile } from "../prover/index.ts";

/** What to do. */
export type Order = {
  readonly url: string;
  /** A key for each connection. */
  readonly keys: readonly string[];
  /** Base64 of the contents that are asked about, in turn. */
  readonly contents: readonly string[];
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Vouchers signed before the clock starts, for each connection; 0 signs on the way. */
  readonly signed: number;
  /** Answers a second of all connections together at most; 0 for as many as can be. */
  readonly pace: number;
  /** Whether answers carry receipts, which are then checked (some of them) after the clock has stopped. */
  readonly receipts: boolean;
  /** What each key has spent here before: vouchers go on from there. */
  readonly spent: readonly number[];
};

/** What came of it. Milliseconds are of requests that began after the warm-up. */
export type Outcome = {
  readonly answers: number;
  readonly seconds: number;
  readonly milliseconds: readonly number[];
  /** Answers by connection, warm-up included. */
  readonly spent: readonly number[];
  readonly checked: number;
};

type Prepared = { readonly key: string; readonly payment: string };

const CHECKED = 20;

async function run(order: Order): Promise<Outcome> {
  const { contents } = order;
  const bodies = contents.map((base64) => JSON.stringify({ content: { base64 } }));
  const lanes = await Promise.all(
    order.keys.map((key, index) => laneOf(order, key, order.spent[index] ?? 0)),
  );
  for (const lane of lanes) await lane.sign(order.signed);
  const agent = new Agent({ keepAlive: true, maxSockets: order.keys.length });
  const milliseconds: number[] = [];
  const samples: { readonly text: string; readonly content: string }[] = [];
  const spent = order.keys.map((_, index) => order.spent[index] ?? 0);
  const start = performance.now();
  const from = start + order.warmupSeconds * 1_000;
  const end = from + order.seconds * 1_000;
  const gapMs = order.pace === 0 ? 0 : (1_000 * order.keys.length) / order.pace;
  const work = lanes.map(async (lane, index) => {
    for (let turn = 0; performance.now() < end; turn++) {
      const next = await lane.next();
      if (next === undefined) throw new Error("more answers than vouchers were signed for");
      const at = (index + turn * order.keys.length) % bodies.length;
      const begun = performance.now();
      const { status, text } = await post(agent, order.url, next, bodies[at] as string);
      const took = performance.now() - begun;
      if (status !== 200) throw new Error(`HTTP ${status}: ${text.slice(0, 500)}`);
      spent[index] = (spent[index] as number) + 1;
      if (begun >= from) milliseconds.push(took);
      if (order.receipts && samples.length < CHECKED) samples.push({ text, content: contents[at] as string });
      if (gapMs > took) await sleep(gapMs - took);
    }
  });
  await Promise.all(work);
  const seconds = (performance.now() - from) / 1_000;
  agent.destroy();
  for (const { text, content } of samples) check(text, content);
  return { answers: milliseconds.length, seconds, milliseconds, spent, checked: samples.length };
}

/** A payer's purchases, one after the other. */
async function laneOf(order: Order, key: string, before: number) {
  const account = accountOf(key);
  const waiting: Prepared[] = [];
  const terms = order.receipts ? await termsOf(order) : undefined;
  let count = before;
  const prepare = async (): Promise<Prepared> => {
    count += 1;
    if (terms === undefined) return { key: newRequestKey(), payment: "" };
    const { chainId, vault, operator, model, price, minExpiry } = terms.terms;
    const order = { operator, model, cumulative: price * BigInt(count), expiry: BigInt(minExpiry + 86_400) };
    const voucher = await signVoucher(account, { chainId, vault }, order);
    const payment = paymentSignatureHeader({ accepted: terms.accepted, payload: voucherToPayload(voucher) });
    return { key: newRequestKey(), payment };
  };
  return {
    async sign(many: number): Promise<void> {
      for (let i = 0; i < many; i++) waiting.push(await prepare());
    },
    next: async (): Promise<Prepared | undefined> => (order.signed === 0 ? prepare() : waiting.shift()),
  };
}

async function termsOf({ url, contents }: Order) {
  const response = await fetch(`${url}/infer`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": newRequestKey() },
    body: JSON.stringify({ content: { base64: contents[0] } }),
  });
  return termsFromX402(readPaymentRequired(response.headers.get("payment-required") ?? "").accepts);
}

function post(
  agent: Agent,
  url: string,
  { key, payment }: Prepared,
  body: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "idempotency-key": key,
      ...(payment === "" ? {} : { [PAYMENT_SIGNATURE]: payment }),
    };
    const request = httpRequest(`${url}/infer`, { method: "POST", agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
      response.once("error", reject);
    });
    request.once("error", reject);
    request.end(body);
  });
}

function check(text: string, content: string): void {
  const { receipt } = JSON.parse(text) as { receipt: unknown };
  const parsed = parseReceipt(JSON.stringify(receipt), "the answer's receipt");
  const wrong = checkReceipt(parsed, loadProfile(parsed.profile), Buffer.from(content, "base64"));
  if (wrong.length > 0) throw new Error(wrong.join("; "));
}

if (import.meta.main) {
  const [path = ""] = process.argv.slice(2);
  const outcome = await run(JSON.parse(readFileSync(path, "utf8")) as Order);
  // An exit right away would cut off what does not fit the pipe.
  process.stdout.write(JSON.stringify(outcome), () => process.exit(0));
}
