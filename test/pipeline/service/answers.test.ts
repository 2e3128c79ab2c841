// Buying answers: what is asked for, what is good, what is refused, and what a retry does.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../../pipeline/chain/artifacts.ts";
import { send } from "../../../pipeline/chain/client.ts";
import { deployContract } from "../../../pipeline/chain/deploy.ts";
import { checksumAddress, codecOf } from "../../../pipeline/engine/ethers.ts";
import {
  paymentRequiredOf,
  readPaymentRequired,
  readPaymentResponse,
} from "../../../pipeline/engine/x402.ts";
import { readVouchers } from "../../../pipeline/payments/book.ts";
import { newRequestKey, requestIdOf } from "../../../pipeline/payments/request-id.ts";
import { termsFromX402 } from "../../../pipeline/payments/voucher-scheme.ts";
import type { SignedVoucher } from "../../../pipeline/payments/vouchers.ts";
import { readReceipts, receiptsFolder } from "../../../pipeline/receipt-store.ts";
import { checkReceipt, parseReceipt } from "../../../pipeline/receipts.ts";
import { delegate } from "../../verifier-contracts/delegation.ts";
import {
  digit,
  FEE,
  type Open,
  openPayer,
  openService,
  pixelsOf,
  type Reply,
  temporary,
  trainShop,
} from "./fixtures.ts";

const { folder, remove } = temporary("answers");
const DEPOSIT = 10n ** 18n;
let open: Open;
beforeAll(async () => {
  open = await openService(trainShop(folder));
});
afterAll(async () => {
  await open?.close();
  remove();
});

const receipts = (epoch = 1) =>
  readReceipts(receiptsFolder(open.project.folder, open.service.context.model.id, epoch));
/** A signature in the 64 bytes of EIP-2098. */
const shortForm = (signature: string): string => {
  const parity = signature.endsWith("1c") ? 1n << 255n : 0n;
  const s = BigInt(`0x${signature.slice(66, 130)}`) | parity;
  return `${signature.slice(0, 66)}${s.toString(16).padStart(64, "0")}`;
};
/** Until a payer's channel, as it was read before, is read again where a voucher falls short. */
const forgotten = () => new Promise((resolve) => setTimeout(resolve, 1_100));
const refused = ({ status, body }: Reply): [number, string] => [status, body.error.code];
const owedOf = (reply: Reply): bigint | undefined =>
  termsFromX402(readPaymentRequired(String(reply.headers["payment-required"])).accepts).terms.owed;

describe("an answer that is paid for", () => {
  it("is asked for with 402, paid with a voucher, and comes with a receipt that holds", async () => {
    const payer = await openPayer(open, "a1", DEPOSIT);
    const required = await payer.demand();
    const { model, session, profile } = open.service.context;
    expect(required.accepts).toHaveLength(1);
    const { terms } = termsFromX402(required.accepts);
    expect(terms).toMatchObject({
      chainId: 31_337,
      token: model.token,
      vault: session.deployment.vault,
      operator: session.operator.address,
      model: model.id,
      feeUnits: FEE,
      price: BigInt(FEE) * model.feeUnitWei,
    });
    expect(terms.owed).toBeUndefined();
    const before = receipts().length;
    const bought = await payer.ask(1);
    expect(bought.status).toBe(200);
    expect(readPaymentResponse(String(bought.headers["payment-response"]))).toEqual({
      success: true,
      transaction: "",
      network: "eip155:31337",
      payer: payer.wallet.address,
      extra: { cumulative: String(payer.price) },
    });
    const receipt = parseReceipt(JSON.stringify(bought.body.receipt), "the answer");
    expect(checkReceipt(receipt, profile, digit(1))).toEqual([]);
    expect(receipt.requestId).toBe(requestIdOf(model.id, bought.key));
    expect([receipt.payer, receipt.feeUnits, receipt.opening.answer]).toEqual([
      payer.wallet.address,
      FEE,
      bought.body.answer,
    ]);
    expect(receipts().slice(before)).toEqual([receipt]);
    const kept = readVouchers(open.project, model.id).get(payer.wallet.address.toLowerCase());
    expect(kept?.cumulative).toBe(payer.price);
  });

  it("tells its terms with 200 to whoever asks first, in the words of the 402", async () => {
    const payer = await openPayer(open, "71", DEPOSIT);
    const { error, resource, accepts } = await payer.demand();
    expect(error).toMatch(/An answer costs/);
    const told = await open.service.app.inject({ method: "GET", url: "/terms" });
    expect([told.statusCode, told.headers["cache-control"]]).toEqual([200, "no-store"]);
    expect(told.headers).not.toHaveProperty("payment-required");
    const body = told.json<{ readonly accepts: readonly { readonly extra: object }[] }>();
    const required = paymentRequiredOf(body);
    // A second may have passed.
    const { terms } = termsFromX402(required?.accepts ?? []);
    const { terms: asked } = termsFromX402(accepts);
    expect(Math.abs(terms.minExpiry - asked.minExpiry)).toBeLessThan(60);
    expect({ ...terms, minExpiry: 0 }).toEqual({ ...asked, minExpiry: 0 });
    expect(required?.resource).toEqual(resource);
    // As it is documented, and not a field more: nothing of what anybody owes.
    expect(Object.keys(body.accepts[0]?.extra ?? {}).sort()).toEqual([
      "domain",
      "epochs",
      "feeUnits",
      "minExpiry",
      "model",
      "operator",
      "vault",
    ]);
    expect(paymentRequiredOf({ ...body, x402Version: 1 })).toBeUndefined();
    expect(paymentRequiredOf({ ...body, accepts: [] })).toBeUndefined();
    expect(paymentRequiredOf("hello")).toBeUndefined();
  });

  it("asks each next voucher for everything that is owed, and takes one that is signed ahead", async () => {
    const payer = await openPayer(open, "a2", DEPOSIT);
    expect((await payer.ask(1)).status).toBe(200);
    expect((await payer.ask(2)).status).toBe(200);
    const ahead = await payer.voucher(5n * payer.price);
    for (let answer = 3; answer <= 5; answer++) expect((await payer.ask(ahead)).status).toBe(200);
    const spent = await payer.ask(ahead);
    expect(refused(spent)).toEqual([402, "voucher_refused"]);
    expect(owedOf(spent)).toBe(6n * payer.price);
  });

  it("takes an address in any spelling for one payer", async () => {
    const payer = await openPayer(open, "a4", DEPOSIT);
    const [lower, upper] = [
      payer.wallet.address.toLowerCase(),
      `0x${payer.wallet.address.slice(2).toUpperCase()}`,
    ];
    expect((await payer.ask({ ...(await payer.voucher(payer.price)), payer: lower })).status).toBe(200);
    expect((await payer.ask({ ...(await payer.voucher(payer.price)), payer: upper })).status).toBe(402);
    const second = await payer.ask({ ...(await payer.voucher(2n * payer.price)), payer: upper });
    expect([second.status, second.body.receipt.payer]).toEqual([200, payer.wallet.address]);
  });

  it("keeps payers' requests that arrive together apart, in order, and never on the same money", async () => {
    const payer = await openPayer(open, "a3", DEPOSIT);
    const three = await payer.voucher(3n * payer.price);
    const replies = await Promise.all(Array.from({ length: 8 }, (_, i) => payer.ask(three, digit(i + 2))));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 200, 402, 402, 402, 402, 402]);
    const own = receipts().filter((receipt) => receipt.payer === payer.wallet.address);
    expect(own).toHaveLength(3);
    expect(receipts().map(({ sequence }) => sequence)).toEqual(receipts().map((_, index) => index));
  });
});

describe("a voucher that is not good", () => {
  it("is refused with 402 and the reason; what is owed is told to its own signature alone", async () => {
    const payer = await openPayer(open, "b1", 3n * 10n ** 15n);
    expect((await payer.ask(1)).status).toBe(200);
    const before = receipts().length;
    const cases: readonly (readonly [code: string, owed: boolean, said: RegExp, () => Promise<Reply>])[] = [
      ["voucher_refused", true, /are owed with this answer/, () => payer.ask(1)],
      ["voucher_refused", true, /can be by then/, () => payer.ask(1_000_000_000)],
      [
        "voucher_refused",
        true,
        /expires before/,
        async () => payer.ask(await payer.voucher(2n * payer.price, { expiry: 1n })),
      ],
      [
        "voucher_refused",
        false,
        /is for model/,
        async () => payer.ask(await payer.voucher(2n * payer.price, { model: `0x${"77".repeat(32)}` })),
      ],
      [
        "voucher_refused",
        false,
        /is for operator/,
        async () => payer.ask(await payer.voucher(2n * payer.price, { operator: payer.wallet.address })),
      ],
      [
        "voucher_signature",
        false,
        /not its payer's/,
        async () => payer.ask({ ...(await payer.voucher(2n * payer.price)), cumulative: 3n * payer.price }),
      ],
      [
        "voucher_signature",
        false,
        /not its payer's/,
        async () => {
          const [one, other] = [await payer.voucher(2n * payer.price), open.session.operator.address];
          return payer.ask({ ...one, payer: other });
        },
      ],
    ];
    for (const [code, owed, said, ask] of cases) {
      const reply = await ask();
      expect([...refused(reply), said.test(reply.body.error.message)]).toEqual([402, code, true]);
      expect([String(said), owedOf(reply) !== undefined]).toEqual([String(said), owed]);
    }
    expect(receipts()).toHaveLength(before);
    expect((await payer.ask(2)).status).toBe(200);
  });

  it("is refused without a deposit, and good as soon as there is one", async () => {
    const payer = await openPayer(open, "b2", 0n);
    expect(refused(await payer.ask(1))).toEqual([402, "voucher_refused"]);
    await open.session.endow(payer.wallet, payer.price);
    await open.session.contracts.deposit(payer.wallet, open.service.context.model.id, payer.price);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await payer.ask(1)).status).toBe(200);
    expect(refused(await payer.ask(2))).toEqual([402, "voucher_refused"]);
  });

  it("is refused in every malformed form with 402 or 400, and never with 5xx", async () => {
    const payer = await openPayer(open, "b3", DEPOSIT);
    const good = await payer.paidWith(await payer.voucher(payer.price));
    const { signature } = await payer.voucher(payer.price);
    const inside = JSON.parse(Buffer.from(good, "base64").toString()) as Record<string, unknown>;
    const bent = (change: Record<string, unknown>): string =>
      Buffer.from(
        JSON.stringify({ ...inside, payload: { ...(inside.payload as object), ...change } }),
      ).toString("base64");
    const headers = [
      "",
      "x",
      "%%%",
      Buffer.from("null").toString("base64"),
      Buffer.from("[]").toString("base64"),
      Buffer.from('{"x402Version":1}').toString("base64"),
      bent({ cumulative: "-1" }),
      bent({ cumulative: 5 }),
      bent({ cumulative: "9".repeat(100) }),
      bent({ expiry: "99999999999999999999999" }),
      bent({ signature: "0x" }),
      bent({ signature: `0x${"00".repeat(65)}` }),
      bent({ signature: `0x${"ff".repeat(64)}1b` }),
      // What ethers reads and the vault does not: it would stop the whole epoch.
      bent({ signature: `${signature.slice(0, 130)}${signature.endsWith("1b") ? "00" : "01"}` }),
      bent({ signature: `${signature.slice(0, 130)}${signature.endsWith("1b") ? "25" : "26"}` }),
      bent({ signature: shortForm(signature) }),
      bent({ payer: "0x0" }),
      bent({ more: 1 }),
    ];
    for (const header of headers) {
      const reply = await payer.send(
        { content: pixelsOf(digit(1)) },
        { "idempotency-key": newRequestKey(), "payment-signature": header },
      );
      expect([header, reply.status]).toEqual([header, 402]);
      expect(reply.body.error.message.length).toBeGreaterThan(20);
    }
  });
});

describe("a retry", () => {
  it("with the same key gives the same answer and pays nothing, with or without a voucher", async () => {
    const payer = await openPayer(open, "c1", DEPOSIT);
    const bought = await payer.ask(1, digit(5));
    const before = receipts().length;
    const again = await payer.ask(1, digit(5), bought.key);
    expect([again.status, again.headers["idempotent-replayed"]]).toEqual([200, "true"]);
    expect(again.body).toEqual(bought.body);
    const unpaid = await payer.send({ content: pixelsOf(digit(5)) }, { "idempotency-key": bought.key });
    expect([unpaid.status, unpaid.body]).toEqual([200, bought.body]);
    const base64 = { base64: Buffer.from(digit(5)).toString("base64") };
    expect((await payer.send({ content: base64 }, { "idempotency-key": bought.key })).body).toEqual(
      bought.body,
    );
    expect(receipts()).toHaveLength(before);
    expect((await payer.ask(2, digit(6))).status).toBe(200);
  });

  it("with the same key and another content is refused with 409", async () => {
    const payer = await openPayer(open, "c2", DEPOSIT);
    const bought = await payer.ask(1, digit(5));
    expect(refused(await payer.ask(2, digit(6), bought.key))).toEqual([409, "other_content"]);
    const key = newRequestKey();
    const ahead = await payer.voucher(9n * payer.price);
    const both = await Promise.all([payer.ask(ahead, digit(7), key), payer.ask(ahead, digit(8), key)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it("at the same moment shares one answer and one payment", async () => {
    const payer = await openPayer(open, "c3", DEPOSIT);
    const key = newRequestKey();
    const one = await payer.voucher(payer.price);
    const replies = await Promise.all(Array.from({ length: 6 }, () => payer.ask(one, digit(9), key)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    for (const { body } of replies) expect(body).toEqual(replies[0]?.body);
    expect(receipts().filter((receipt) => receipt.payer === payer.wallet.address)).toHaveLength(1);
  });
});

describe("a receipt", () => {
  it("shows its signed part to everybody, and all of it and an explanation to who has the key", async () => {
    const { app, context } = open.service;
    const payer = await openPayer(open, "d1", DEPOSIT);
    const bought = await payer.ask(1, digit(5));
    const id = requestIdOf(context.model.id, bought.key);
    const get = (url: string, authorization?: string) =>
      app.inject({ method: "GET", url, headers: authorization === undefined ? {} : { authorization } });
    const seen = (await get(`/receipts/${id}`)).json();
    expect(Object.keys(seen.receipt).sort()).toEqual(
      "dueBy epoch feeUnits leaf modelId payer requestId signature unproven".split(" "),
    );
    expect(JSON.stringify(seen)).not.toMatch(/opening|digest|salt|"answer":[0-9]/);
    const whole = await get(`/receipts/${id}`, `Receipt ${bought.key}`);
    expect(whole.json()).toEqual(bought.body);
    expect(whole.headers["cache-control"]).toMatch(/no-store/);
    expect((await get(`/receipts/${id}`, `Receipt ${newRequestKey()}`)).statusCode).toBe(403);
    expect((await get(`/receipts/${id}`, "Bearer x")).statusCode).toBe(401);
    expect((await get(`/receipts/0x${"00".repeat(32)}`)).statusCode).toBe(404);
    expect((await get("/receipts/7")).statusCode).toBe(400);
    expect((await get(`/receipts/${id}/explanation`)).statusCode).toBe(401);
    expect((await get(`/receipts/${id}/explanation`, `Receipt ${newRequestKey()}`)).statusCode).toBe(403);
    const explained = await get(`/receipts/${id}/explanation`, `Receipt ${bought.key}`);
    expect(explained.statusCode).toBe(200);
    const view = explained.json();
    expect([view.answer, view.doubts, view.helped.length]).toEqual([bought.body.answer, [], 5]);
    expect(view.question).toMatchObject({
      kind: "picture",
      pixels: Buffer.from(digit(5)).toString("base64"),
    });
  });
});

describe("a payer that is a contract", () => {
  it("pays with what its wallet takes for its own signature, and with no other", async () => {
    const owner = await openPayer(open, "e1", 0n);
    const { session, context } = { session: open.session, context: open.service.context };
    const { TestWallet } = await contractArtifacts();
    const { created: wallet } = await deployContract(session.chain, session.operator, TestWallet, [
      owner.wallet.address,
    ]);
    await session.contracts.transferToken(session.operator, wallet, DEPOSIT);
    const codec = codecOf(TestWallet.abi);
    const calls = codecOf(
      '[{"type":"function","name":"approve","stateMutability":"nonpayable","inputs":[{"name":"to","type":"address"},{"name":"amount","type":"uint256"}],"outputs":[{"name":"","type":"bool"}]},' +
        '{"type":"function","name":"deposit","stateMutability":"nonpayable","inputs":[{"name":"model","type":"bytes32"},{"name":"amount","type":"uint256"}],"outputs":[]}]',
    );
    const execute = async (to: string, data: string): Promise<void> => {
      await send(session.chain, session.operator, { to: wallet, data: codec.call("execute", [to, data]) });
    };
    await execute(context.model.token, calls.call("approve", [session.deployment.vault, DEPOSIT]));
    await execute(session.deployment.vault, calls.call("deposit", [context.model.id, DEPOSIT]));
    const signed = await owner.voucher(owner.price, { payer: wallet });
    const early = await owner.ask(signed);
    expect([...refused(early), /have the vault redeem it/.test(early.body.error.message)]).toEqual([
      402,
      "voucher_refused",
      true,
    ]);
    const redeem = async (voucher: SignedVoucher): Promise<void> => {
      await session.contracts.redeem(session.operator, [voucher]);
      await forgotten();
    };
    await redeem(signed);
    const bought = await owner.ask(signed);
    expect([bought.status, bought.body.receipt?.payer]).toEqual([200, checksumAddress(wallet)]);
    const stranger = await openPayer(open, "e2", 0n);
    const forged = await stranger.voucher(2n * owner.price, { payer: wallet });
    expect(refused(await owner.ask(forged))).toEqual([402, "voucher_signature"]);
    const second = await owner.voucher(2n * owner.price, { payer: wallet });
    await redeem(second);
    expect((await owner.ask(second)).status).toBe(200);
  });
});

describe("a payer that delegates to code", () => {
  it("pays with its key's vouchers as before, and with its code's once they are redeemed", async () => {
    const payer = await openPayer(open, "f1", DEPOSIT);
    const other = await openPayer(open, "f2", 0n);
    const { session } = open;
    const { TestWallet } = await contractArtifacts();
    // Code that denies what the payer's own key signed.
    const { created } = await deployContract(session.chain, session.operator, TestWallet, [
      other.wallet.address,
    ]);
    const before = await payer.voucher(payer.price);
    expect((await payer.ask(before)).status).toBe(200);
    await delegate(session.chain, session.operator, payer.wallet, created);
    const ahead = await payer.voucher(3n * payer.price);
    expect([(await payer.ask(ahead)).status, (await payer.ask(ahead)).status]).toEqual([200, 200]);
    await session.contracts.redeem(session.operator, [before, ahead]);
    const { model } = open.service.context;
    expect((await session.contracts.channel(model.id, payer.wallet.address)).authorised).toBe(
      3n * payer.price,
    );
    await forgotten();
    const byCode = await other.voucher(4n * payer.price, { payer: payer.wallet.address });
    const early = await payer.ask(byCode);
    expect([...refused(early), /have the vault redeem it/.test(early.body.error.message)]).toEqual([
      402,
      "voucher_refused",
      true,
    ]);
    const stranger = await openPayer(open, "f3", 0n);
    const forged = await stranger.voucher(4n * payer.price, { payer: payer.wallet.address });
    expect(refused(await payer.ask(forged))).toEqual([402, "voucher_signature"]);
    await session.contracts.redeem(session.operator, [byCode]);
    await forgotten();
    expect((await payer.ask(byCode)).status).toBe(200);
  });
});
