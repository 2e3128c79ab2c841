/**
 * A client that buys answers: it finds a model, pays each answer from a budget, checks every receipt by
 * itself, and stops at its limit.
 *
 * What it trusts: its own books and keys, nothing else. The service's terms are pinned at the first use and
 * compared at every later one; a voucher is in the books before it leaves; a receipt that does not check out
 * is kept as evidence and reported, not accepted.
 *
 * Nothing here needs Node: storage, signer, profiles and clock are handed in (`node.ts` has those of Node).
 *
 * @example
 * const agent = await openNodeAgent({ url, account, budget: 10n ** 18n, folder: "agent" });
 * const { answerName, receipt } = await agent.ask("Where is my card?");
 */
import type { Profile } from "../../prover/index.ts";
import type { EpochBundle } from "../bundle.ts";
import { quittanceDomain } from "../chain/ids.ts";
import { type Hex, sameAddress, type TypedDomain, type TypedTypes } from "../engine/ethers.ts";
import {
  PAYMENT_REQUIRED,
  PAYMENT_SIGNATURE,
  type PaymentTerms,
  paymentSignatureHeader,
  readPaymentRequired,
} from "../engine/x402.ts";
import { newRequestKey, requestIdOf } from "../payments/request-id.ts";
import { termsFromX402, type VoucherTerms, voucherToPayload } from "../payments/voucher-scheme.ts";
import { VOUCHER_TYPES } from "../payments/vouchers.ts";
import { parseReceipt, type Receipt, receiptText } from "../receipts.ts";
import {
  answered,
  type BookKeeper,
  type Books,
  changesIn,
  newBooks,
  openBooks,
  owedBy,
  type Pending,
  refused,
  reserve,
  willSign,
} from "./books.ts";
import { checkEpochReceipts, type EpochCheck, receiptProblems } from "./check.ts";
import { addressOf, discover, type Health, type ModelOffer } from "./discover.ts";
import {
  AgentChangedError,
  AgentOwedError,
  AgentPriceError,
  AgentReceiptError,
  AgentRefusedError,
} from "./errors.ts";
import { codeOf, type Fetch, messageOf, PATIENCE, type Patience, type Reply, send } from "./http.ts";
import type { AgentStorage } from "./storage.ts";

/** Who pays: an address and whoever signs typed data for it, for example a wallet in a browser. */
export type AgentSigner = {
  readonly address: string;
  signTypedData(
    domain: TypedDomain,
    types: TypedTypes,
    value: Readonly<Record<string, unknown>>,
  ): Promise<Hex>;
};

/** How an agent is opened. Amounts in the token's smallest unit. */
export type AgentOptions = {
  readonly url: string;
  readonly signer: AgentSigner;
  /** What may be signed away with these books, in all. */
  readonly budget: bigint;
  /** Most that one answer may cost; the price at the first use unless told otherwise. */
  readonly maxPrice?: bigint;
  /** What the payer owes this model already, from before these books or from beside them. */
  readonly owedBefore?: bigint;
  readonly storage: AgentStorage;
  /** Sizes of a profile, by the name that a receipt gives. */
  readonly profile: (name: Receipt["profile"]) => Profile | Promise<Profile>;
  readonly fetch?: Fetch;
  readonly patience?: Partial<Patience>;
  /** Seconds since 1970 on the chain's clock; this machine's clock unless told otherwise. */
  readonly now?: () => number | Promise<number>;
  /** How long a voucher can be redeemed; at least what the service asks for. */
  readonly voucherSeconds?: number;
};

/** A question: a text, or bytes as the model's data has them (pixels of a picture, row by row). */
export type Question = string | Uint8Array;

/** An answer that was paid for and whose receipt is good. */
export type PaidAnswer = {
  readonly answer: number;
  /** What the operator calls the class; its number where it has no name. */
  readonly answerName: string;
  readonly receipt: Receipt;
  /** The storage's name of the receipt. */
  readonly kept: string;
  /** Price of this answer. */
  readonly price: bigint;
};

/** What an agent may still do. */
export type AgentState = {
  readonly budget: bigint;
  /** Price of everything asked that was not refused. */
  readonly spent: bigint;
  readonly left: bigint;
  /** The highest sum that a voucher of these books ever said. */
  readonly signed: bigint;
  readonly answered: number;
  readonly pending: number;
};

/** An open agent. */
export type Agent = {
  readonly address: string;
  readonly health: Health;
  readonly model: ModelOffer;
  /**
   * Buys an answer. Throws AgentLimitError at the end of the budget, {@link AgentPriceError}, {@link
   * AgentChangedError}, {@link AgentOwedError}, {@link AgentRefusedError}, {@link AgentReceiptError},
   * UnreachableError.
   */
  ask(question: Question, options?: { readonly signal?: AbortSignal }): Promise<PaidAnswer>;
  /** Asks again what has no answer yet, with the same keys: after a kill, or when nobody answered. */
  resume(options?: { readonly signal?: AbortSignal }): Promise<readonly PaidAnswer[]>;
  state(): Promise<AgentState>;
  /** The receipts that are held, of one epoch or of all. */
  receipts(epoch?: number): Promise<readonly Receipt[]>;
  /** Whether the receipts that are held stand in an epoch's bundle. */
  checkEpoch(bundle: EpochBundle): Promise<EpochCheck>;
};

const YEAR_SECONDS = 366 * 86_400;
const MONTH_SECONDS = 30 * 86_400;
/** Between a 402 and the next voucher other requests of the same payer may come in; more than this do not. */
const MOST_CHALLENGES = 12;

/**
 * Opens an agent for the service's current model: reads what it offers, and compares it with the books.
 * Throws NoServiceError, {@link AgentChangedError}, {@link AgentPriceError}.
 */
export async function openAgent(options: AgentOptions): Promise<Agent> {
  const { url, signer, storage, budget } = options;
  const fetch = options.fetch ?? ((address, init) => globalThis.fetch(address, init));
  const patience = { ...PATIENCE, ...options.patience };
  const { health, models } = await discover({ url, fetch, patience });
  const model = models.find(({ id }) => sameAddress(id, health.modelId));
  if (model === undefined)
    throw new AgentChangedError([`the current model ${health.modelId} is not offered`]);
  const books = openBooks(storage, signer.address);
  await comparePinned(books, model, health);
  if (model.priceWei !== undefined) await checkPrice(model.priceWei);
  if ((await books.look()) !== undefined) await books.change((before) => withBase(before as Books));

  let known: { readonly terms: VoucherTerms; readonly accepted: PaymentTerms } | undefined;
  let openEpoch = health.openEpoch;
  const post = (request: Pending, headers: Record<string, string>, signal?: AbortSignal): Promise<Reply> =>
    send({
      ...{ fetch, patience, signal, url: addressOf(url, "infer") },
      init: {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": request.key, ...headers },
        body: JSON.stringify({ content: contentOf(request), model: model.id }),
      },
    });

  /** Terms from a 402: they must be those of the books. Throws what {@link openAgent} throws. */
  async function learn(reply: Reply): Promise<VoucherTerms> {
    const header = reply.header(PAYMENT_REQUIRED);
    if (header === undefined) throw new AgentRefusedError(reply.status, codeOf(reply), messageOf(reply));
    const found = termsFromX402(readPaymentRequired(header).accepts);
    const { terms } = found;
    const domain = quittanceDomain(terms.chainId, terms.vault);
    const odd = [
      ...(terms.domain.name === domain.name && terms.domain.version === domain.version
        ? []
        : [`vouchers are signed for ${terms.domain.name} ${terms.domain.version}`]),
      ...(sameAddress(terms.model, (model as ModelOffer).id) ? [] : [`the model is ${terms.model}`]),
      ...(terms.minExpiry > (await clock()) + YEAR_SECONDS ? ["vouchers have to hold for over a year"] : []),
    ];
    if (odd.length > 0) throw new AgentChangedError(odd);
    await checkPrice(terms.price);
    await books.change((before) => {
      if (before === undefined) return withBase(newBooks(signer.address, terms, 0n));
      const changes = changesIn(before, terms);
      if (changes.length > 0) throw new AgentChangedError(changes);
      return { ...before, with: { ...before.with, feeUnits: terms.feeUnits, price: terms.price } };
    });
    known = found;
    return terms;
  }

  async function checkPrice(price: bigint): Promise<void> {
    const most = options.maxPrice ?? (await books.look())?.with.price ?? price;
    if (price > most) throw new AgentPriceError(price, most);
  }

  function withBase(before: Books): Books {
    const { owedBefore = 0n } = options;
    return owedBefore > before.base ? { ...before, base: owedBefore } : before;
  }

  async function clock(): Promise<number> {
    return options.now === undefined ? Math.floor(Date.now() / 1_000) : await options.now();
  }

  /** A payment over all that is owed by now; in the books before it is signed. */
  async function pay(): Promise<string> {
    const { terms, accepted } = known as NonNullable<typeof known>;
    const kept = await books.change((before) => willSign(before as Books));
    const { operator, model: id } = terms;
    const expiry = BigInt(
      Math.max(terms.minExpiry + 3_600, (await clock()) + (options.voucherSeconds ?? MONTH_SECONDS)),
    );
    const voucher = { payer: signer.address, operator, model: id, cumulative: owedBy(kept), expiry };
    const domain = quittanceDomain(terms.chainId, terms.vault);
    const signature = await signer.signTypedData(domain, VOUCHER_TYPES, voucher);
    return paymentSignatureHeader({ accepted, payload: voucherToPayload({ ...voucher, signature }) });
  }

  /** Has a request of the books answered. */
  async function buy(request: Pending, signal: AbortSignal | undefined): Promise<PaidAnswer> {
    for (let challenge = 0; challenge < MOST_CHALLENGES; challenge++) {
      const headers: Record<string, string> = known === undefined ? {} : { [PAYMENT_SIGNATURE]: await pay() };
      const reply = await post(request, headers, signal);
      if (reply.status === 200) return await accept(request, reply);
      if (reply.status !== 402) {
        await books.change((before) => refused(before as Books, request.key));
        throw new AgentRefusedError(reply.status, codeOf(reply), messageOf(reply));
      }
      const before = known?.terms;
      const terms = await learn(reply).catch(async (error: unknown) => {
        await books.change((kept) => refused(kept as Books, request.key));
        throw error;
      });
      if (before === undefined) continue;
      await whyRefused(request, reply, before, terms);
    }
    await books.change((before) => refused(before as Books, request.key));
    throw new AgentRefusedError(402, "payment_required", ": it asks for ever larger vouchers");
  }

  /** Returns when another voucher may help; throws when none of ours will. */
  async function whyRefused(
    request: Pending,
    reply: Reply,
    before: VoucherTerms,
    now: VoucherTerms,
  ): Promise<void> {
    const kept = (await books.look()) as Books;
    const drop = async (error: Error): Promise<never> => {
      await books.change((state) => refused(state as Books, request.key));
      throw error;
    };
    if (now.price !== request.price) {
      return drop(new AgentPriceError(now.price, request.price));
    }
    if (now.minExpiry > before.minExpiry) return;
    if (now.owed === undefined) return drop(new AgentRefusedError(402, codeOf(reply), messageOf(reply)));
    if (now.owed > owedBy(kept)) return drop(new AgentOwedError(now.owed, owedBy(kept), kept.base));
    // Another request of this payer came between; what is owed now covers both. If it was said already, and
    // still does not do, the reason is another one: the deposit, for example.
    if (now.owed === owedBy(kept) && kept.pending.length === 1)
      return drop(new AgentRefusedError(402, codeOf(reply), messageOf(reply)));
  }

  /** Checks an answer and keeps its receipt. Throws {@link AgentReceiptError}, with the receipt as evidence. */
  async function accept(request: Pending, reply: Reply): Promise<PaidAnswer> {
    const { with: counterparty } = (await books.look()) as Books;
    const requestId = requestIdOf(counterparty.model, request.key);
    const body = reply.body as { receipt?: unknown; answerName?: unknown } | undefined;
    const text = JSON.stringify(body?.receipt ?? null);
    const { receipt, wrong } = await read(text, request, counterparty, requestId);
    if (receipt === undefined || wrong.length > 0) {
      const evidence = `refused/${requestId.slice(2, 18)}`;
      await storage.write(evidence, `${JSON.stringify(body ?? null)}\n`);
      // Whatever it is worth, the voucher left: the price counts as spent.
      await books.change((before) => answered(before as Books, request.key));
      throw new AgentReceiptError(wrong, evidence);
    }
    const kept = receiptName(receipt);
    await storage.write(kept, receiptText(receipt));
    await books.change((before) => answered(before as Books, request.key));
    openEpoch = Math.max(openEpoch, receipt.epoch);
    const { answer } = receipt.opening;
    const name =
      typeof body?.answerName === "string" ? body.answerName : (model?.labels?.[answer] ?? String(answer));
    return { answer, answerName: name, receipt, kept, price: request.price };
  }

  async function read(text: string, request: Pending, counterparty: Books["with"], requestId: string) {
    try {
      const receipt = parseReceipt(text, "The answer's receipt");
      const profile = await options.profile(receipt.profile);
      const content = bytesOf(request);
      const { epoch } = request;
      const payer = signer.address;
      const now = await clock();
      const wrong = receiptProblems({
        receipt,
        profile,
        content,
        payer,
        counterparty,
        requestId,
        epoch,
        now,
      });
      return { receipt, wrong };
    } catch (error) {
      return { receipt: undefined, wrong: [(error as Error).message] };
    }
  }

  async function ask(question: Question, { signal }: { signal?: AbortSignal } = {}): Promise<PaidAnswer> {
    const key = newRequestKey();
    const content = {
      kind: typeof question === "string" ? "text" : "bytes",
      content: encoded(question),
    } as const;
    if (known === undefined) {
      // The first 402 says what everything costs; nothing is promised with it.
      const reply = await post({ key, price: 0n, epoch: openEpoch, ...content }, {}, signal);
      if (reply.status !== 402) throw new AgentRefusedError(reply.status, codeOf(reply), messageOf(reply));
      await learn(reply);
    }
    const { terms } = known as unknown as NonNullable<typeof known>;
    const request: Pending = { key, price: terms.price, epoch: openEpoch, ...content };
    await books.change((before) => willSign(reserve(before as Books, request, budget)));
    return buy(request, signal);
  }

  async function receipts(epoch?: number): Promise<readonly Receipt[]> {
    const folder = receiptsPrefix((model as ModelOffer).id);
    const names = await storage.list(epoch === undefined ? folder : `${folder}${epoch}/`);
    const texts = await Promise.all(
      names.map(async (name) => [name, (await storage.read(name)) ?? ""] as const),
    );
    return texts.map(([name, text]) => parseReceipt(text, name));
  }

  return {
    address: signer.address,
    health,
    model,
    ask,
    receipts,
    async resume({ signal } = {}) {
      const pending = (await books.look())?.pending ?? [];
      const done: PaidAnswer[] = [];
      for (const request of pending) done.push(await buy(request, signal));
      return done;
    },
    async state() {
      const kept = await books.look();
      const spent = kept?.asked ?? 0n;
      return {
        budget,
        spent,
        left: budget > spent ? budget - spent : 0n,
        signed: kept?.signed ?? 0n,
        answered: kept?.answered ?? 0,
        pending: kept?.pending.length ?? 0,
      };
    },
    async checkEpoch(bundle) {
      const kept = await books.look();
      if (kept === undefined) throw new AgentChangedError(["nothing was ever asked with these books"]);
      return checkEpochReceipts(bundle, kept.with, await receipts(bundle.epoch));
    },
  };
}

/** What a service says of its current model must be what the books have. */
async function comparePinned(books: BookKeeper, model: ModelOffer, health: Health): Promise<void> {
  const kept = await books.look();
  const { price } = model;
  const changes =
    price.chainId === health.chainId ? [] : [`it names chains ${price.chainId} and ${health.chainId}`];
  if (kept !== undefined) {
    const now = {
      ...kept.with,
      model: model.id,
      ...{ chainId: price.chainId, operator: price.operator, vault: price.vault, token: price.token.address },
    };
    changes.push(...changesIn(kept, now));
  }
  if (changes.length > 0) throw new AgentChangedError(changes);
}

const receiptsPrefix = (model: string): string => `receipts/${model.slice(2, 18)}/`;

function receiptName({ modelId, epoch, sequence }: Receipt): string {
  return `${receiptsPrefix(modelId)}${epoch}/${String(sequence).padStart(6, "0")}`;
}

function encoded(question: Question): string {
  if (typeof question === "string") return question;
  let text = "";
  for (const byte of question) text += String.fromCharCode(byte);
  return btoa(text);
}

function contentOf({ kind, content }: Pending): { text: string } | { base64: string } {
  return kind === "text" ? { text: content } : { base64: content };
}

function bytesOf({ kind, content }: Pending): Uint8Array {
  return kind === "text"
    ? new TextEncoder().encode(content)
    : Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
}
