/**
 * One purchase after the other: the terms, a voucher out of the books, the answer, its receipt.
 *
 * Terms come from `GET /terms`, so that a question leaves only with its payment; from a 402 where a service
 * has no such route; and from any 402 later on. Wherever from, they are held against the books.
 *
 * A request that is in the books is asked until its fate is known. Answered: it is paid for. Plainly refused:
 * it is taken out, and its price is free again. No answer at all: it stays, and is asked again with the same
 * key some day, for it may have been answered and charged.
 */
import { quittanceDomain } from "../chain/ids.ts";
import { sameAddress } from "../engine/ethers.ts";
import {
  PAYMENT_REQUIRED,
  PAYMENT_SIGNATURE,
  type PaymentRequired,
  type PaymentTerms,
  paymentRequiredOf,
  paymentSignatureHeader,
  readPaymentRequired,
} from "../engine/x402.ts";
import { termsFromX402, type VoucherTerms, voucherToPayload } from "../payments/voucher-scheme.ts";
import { VOUCHER_TYPES } from "../payments/vouchers.ts";
import * as Books from "./books.ts";
import { addressOf, type ModelOffer } from "./discover.ts";
import {
  AgentChangedError,
  AgentOwedError,
  AgentPriceError,
  AgentReceiptError,
  AgentRefusedError,
} from "./errors.ts";
import { codeOf, type Fetch, messageOf, type Patience, type Reply, send } from "./http.ts";
import { keepChecked, sentQuestion } from "./receipts.ts";
import type { AgentOptions, PaidAnswer } from "./types.ts";

/** What purchases are made with. */
export type Till = {
  readonly options: AgentOptions;
  readonly fetch: Fetch;
  readonly patience: Patience;
  readonly books: Books.BookKeeper;
  readonly model: ModelOffer;
  /** Seconds since 1970 on the chain's clock. */
  readonly now: () => Promise<number>;
};

/** Terms that were learned and compared with the books. */
type Known = { readonly terms: VoucherTerms; readonly accepted: PaymentTerms };

/** Makes purchases. */
export type Purchases = {
  /** What one answer costs now; asked for once, with `request` where the service tells it in no other way. */
  terms(request: Omit<Books.Pending, "price">, signal?: AbortSignal): Promise<VoucherTerms>;
  /** Has a request of the books answered. */
  buy(request: Books.Pending, signal?: AbortSignal): Promise<PaidAnswer>;
};

const DAY_SECONDS = 86_400;
const LONGEST_VOUCHER_SECONDS = 366 * DAY_SECONDS;
/** Other requests of the same payer may come between a 402 and the next voucher; more than this do not. */
const MOST_CHALLENGES = 12;

/** Opens the way from a question to a receipt. */
export function openPurchases(till: Till): Purchases {
  const { options, books, model, now: clock } = till;
  const { signer } = options;
  let known: Known | undefined;

  const drop = (key: string): Promise<Books.Books> =>
    books.change((before) => Books.refused(before as Books.Books, key));
  const refusal = (reply: Reply): AgentRefusedError =>
    new AgentRefusedError(reply.status, codeOf(reply), messageOf(reply));

  function post(request: Omit<Books.Pending, "price">, payment?: string, signal?: AbortSignal) {
    const headers = {
      "content-type": "application/json",
      "idempotency-key": request.key,
      ...(payment === undefined ? {} : { [PAYMENT_SIGNATURE]: payment }),
    };
    const body = JSON.stringify({ content: sentQuestion(request as Books.Pending), model: model.id });
    const url = addressOf(options.url, "infer");
    return send({ ...till, url, signal, init: { method: "POST", headers, body } });
  }

  /** Asks for the terms; by a question without payment if need be. */
  async function askTerms(request: Omit<Books.Pending, "price">, signal?: AbortSignal): Promise<Known> {
    const url = addressOf(options.url, "terms");
    const reply = await send({ ...till, url, signal, init: { method: "GET" } });
    const required = reply.status === 200 ? paymentRequiredOf(reply.body) : undefined;
    if (required !== undefined) return await learn(required);
    return await learn(challengeOf(await post(request, undefined, signal)));
  }

  function challengeOf(reply: Reply): PaymentRequired {
    const header = reply.header(PAYMENT_REQUIRED);
    if (reply.status !== 402 || header === undefined) throw refusal(reply);
    return readPaymentRequired(header);
  }

  async function learn({ accepts }: PaymentRequired): Promise<Known> {
    const found = termsFromX402(accepts);
    const { terms } = found;
    const odd = oddTerms(terms, model, await clock());
    if (odd.length > 0) throw new AgentChangedError(odd);
    await checkPrice(options, books, terms.price);
    await books.change((before) => {
      if (before === undefined) return Books.newBooks(signer.address, terms, options.owedBefore ?? 0n);
      const changes = Books.changesIn(before, terms);
      if (changes.length > 0) throw new AgentChangedError(changes);
      const { price, feeUnits } = terms;
      if (before.with.price === price && before.with.feeUnits === feeUnits) return before;
      return { ...before, with: { ...before.with, price, feeUnits } };
    });
    known = found;
    return found;
  }

  /** A payment over all that is owed by now; in the books before it is signed. */
  async function pay({ terms, accepted }: Known): Promise<{ header: string; cumulative: bigint }> {
    const kept = await books.change((before) => Books.willSign(before as Books.Books));
    const cumulative = Books.owedBy(kept);
    const { operator, model: id, minExpiry } = terms;
    const wished = (await clock()) + (options.voucherSeconds ?? 30 * DAY_SECONDS);
    const expiry = BigInt(Math.max(wished, minExpiry + DAY_SECONDS));
    const voucher = { payer: signer.address, operator, model: id, cumulative, expiry };
    const domain = quittanceDomain(terms.chainId, terms.vault);
    const signature = await signer.signTypedData(domain, VOUCHER_TYPES, voucher);
    const payload = voucherToPayload({ ...voucher, signature });
    return { header: paymentSignatureHeader({ accepted, payload }), cumulative };
  }

  async function buy(request: Books.Pending, signal?: AbortSignal): Promise<PaidAnswer> {
    for (let challenge = 0; challenge < MOST_CHALLENGES; challenge++) {
      const paid = known && (await pay(known));
      const reply = await post(request, paid?.header, signal);
      if (reply.status === 200) return await accept(request, reply);
      try {
        const { terms } = await learn(challengeOf(reply));
        if (terms.price !== request.price) throw new AgentPriceError(terms.price, request.price);
        if (paid !== undefined) await understand(reply, terms, paid.cumulative);
      } catch (error) {
        await drop(request.key);
        throw error;
      }
    }
    await drop(request.key);
    throw new AgentRefusedError(402, undefined, ": it asks for one voucher after the other");
  }

  /** Returns when another voucher may do; throws when none of ours will. */
  async function understand(reply: Reply, { owed }: VoucherTerms, said: bigint): Promise<void> {
    const kept = (await books.look()) as Books.Books;
    const counted = Books.owedBy(kept);
    if (owed !== undefined && owed > counted) throw new AgentOwedError(owed, counted, kept.base);
    // Another request of this payer came between, and the books have counted it since.
    if (owed !== undefined && owed > said) return;
    throw refusal(reply);
  }

  async function accept(request: Books.Pending, reply: Reply): Promise<PaidAnswer> {
    const { with: counterparty } = (await books.look()) as Books.Books;
    const { storage, profile } = options;
    const now = await clock();
    const { body } = reply;
    const found = { storage, profile, payer: signer.address, now, counterparty, request, body };
    const settled = (): Promise<Books.Books> =>
      books.change((before) => Books.answered(before as Books.Books, request.key));
    const kept = await keepChecked(found).catch(async (error: unknown) => {
      // Whatever the answer is worth, its voucher left: the price counts as spent.
      if (error instanceof AgentReceiptError) await settled();
      throw error;
    });
    await settled();
    const { answer } = kept.receipt.opening;
    const { answerName } = body as { answerName?: unknown };
    const name = typeof answerName === "string" ? answerName : (model.labels?.[answer] ?? String(answer));
    return { answer, answerName: name, ...kept, key: request.key, price: request.price };
  }

  return {
    buy,
    async terms(request, signal) {
      return (known ?? (await askTerms(request, signal))).terms;
    },
  };
}

/** What terms say that no honest service would. */
function oddTerms(
  { chainId, vault, domain, model, minExpiry }: VoucherTerms,
  offer: ModelOffer,
  now: number,
) {
  const { name, version } = quittanceDomain(chainId, vault);
  return [
    ...(domain.name === name && domain.version === version
      ? []
      : [`vouchers are signed for ${domain.name} ${domain.version}`]),
    ...(sameAddress(model, offer.id) ? [] : [`the model is ${model}`]),
    ...(minExpiry <= now + LONGEST_VOUCHER_SECONDS ? [] : ["vouchers have to hold for over a year"]),
  ];
}

/** Throws {@link AgentPriceError} for a price above the agent's limit. */
export async function checkPrice(
  { maxPrice }: AgentOptions,
  books: Books.BookKeeper,
  price: bigint,
): Promise<void> {
  const most = maxPrice ?? (await books.look())?.with.price ?? price;
  if (price > most) throw new AgentPriceError(price, most);
}
