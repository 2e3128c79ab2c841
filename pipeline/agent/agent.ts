/**
 * A client that buys answers: it finds a model, pays each answer from a budget, checks every receipt by
 * itself, and stops at its limit.
 *
 * What it trusts: its own books and keys, nothing else. The service's terms are pinned at the first use and
 * compared at every later one; a voucher is in the books before it leaves; a receipt that does not check out
 * is kept as evidence and reported, not accepted.
 *
 * Nothing in this folder but `folder.ts` and `node.ts` asks for Node: storage, signer, profiles and clock are
 * handed in.
 *
 * @example
 * const agent = await openNodeAgent({ url, account, budget: 10n ** 18n, folder: "agent" });
 * const { answerName, receipt } = await agent.ask("Where is my card?");
 */
import { sameAddress } from "../engine/ethers.ts";
import { newRequestKey } from "../payments/request-id.ts";
import { type BookKeeper, changesIn, openBooks, reserve, willSign } from "./books.ts";
import { checkEpochReceipts } from "./check.ts";
import { addressOf, discover, type Health, type ModelOffer } from "./discover.ts";
import { AgentChangedError } from "./errors.ts";
import { type Fetch, PATIENCE } from "./http.ts";
import { checkPrice, openPurchases } from "./purchase.ts";
import { heldQuestion, heldReceipts } from "./receipts.ts";
import type { Agent, AgentOptions, PaidAnswer, Question } from "./types.ts";

/**
 * Opens an agent for the service's current model: reads what it offers, and compares it with the books.
 * Throws NoServiceError, UnreachableError, {@link AgentChangedError}, AgentPriceError.
 */
export async function openAgent(options: AgentOptions): Promise<Agent> {
  const { url, signer, storage, budget, owedBefore = 0n } = options;
  const fetch = options.fetch ?? ((address, init) => globalThis.fetch(address, init));
  const patience = { ...PATIENCE, ...options.patience };
  const { health, models } = await discover({ url, fetch, patience });
  const books = openBooks(storage, signer.address);
  const model = models.find(({ id }) => sameAddress(id, health.modelId));
  if (model === undefined) throw new AgentChangedError([`its model ${health.modelId} is not in its list`]);
  await comparePinned(books, model, health);
  if (model.priceWei !== undefined) await checkPrice(options, books, model.priceWei);
  if (owedBefore > 0n && (await books.look()) !== undefined)
    await books.change((before) => {
      if (before === undefined || before.base >= owedBefore) return before as NonNullable<typeof before>;
      return { ...before, base: owedBefore };
    });
  const purchases = openPurchases({
    ...{ options, fetch, patience, books, model },
    now: async () => options.now?.() ?? (health.local ? await chainClock(options.url, fetch) : wallClock()),
  });
  let epoch = health.openEpoch;

  async function buy(...of: Parameters<typeof purchases.buy>): Promise<PaidAnswer> {
    const bought = await purchases.buy(...of);
    epoch = Math.max(epoch, bought.receipt.epoch);
    return bought;
  }

  return {
    address: signer.address,
    health,
    model,
    async ask(question: Question, { signal } = {}) {
      const request = { key: newRequestKey(), epoch, ...heldQuestion(question) };
      const { price } = await purchases.terms(request, signal);
      const priced = { ...request, price };
      await books.change((before) => willSign(reserve(before as NonNullable<typeof before>, priced, budget)));
      return buy(priced, signal);
    },
    async resume({ signal } = {}) {
      const done: PaidAnswer[] = [];
      for (const request of (await books.look())?.pending ?? []) done.push(await buy(request, signal));
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
    receipts: (of) => heldReceipts(storage, model.id, of),
    async checkEpoch(bundle) {
      const kept = await books.look();
      if (kept === undefined) throw new AgentChangedError(["nothing was ever asked with these books"]);
      return checkEpochReceipts(bundle, kept.with, await heldReceipts(storage, model.id, bundle.epoch));
    },
  };
}

const wallClock = (): number => Math.floor(Date.now() / 1_000);

/** The clock of a service's own chain, for play and tests: a moved clock moves what is due. */
async function chainClock(url: string, fetch: Fetch): Promise<number> {
  const call = { jsonrpc: "2.0", id: 1, method: "eth_getBlockByNumber", params: ["latest", false] };
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(call) };
  const response = await fetch(addressOf(url, "rpc"), init).catch(() => undefined);
  const answer = (await response?.json().catch(() => undefined)) as
    | { result?: { timestamp?: string } }
    | undefined;
  const seconds = Number(answer?.result?.timestamp);
  // A chain whose clock nobody moved stands still between two blocks.
  return Number.isSafeInteger(seconds) ? Math.max(seconds, wallClock()) : wallClock();
}

/** What a service says of its current model must be what the books have. */
async function comparePinned(books: BookKeeper, { id, price }: ModelOffer, health: Health): Promise<void> {
  const kept = await books.look();
  const { chainId, operator, vault, token } = price;
  const changes = chainId === health.chainId ? [] : [`it names the chains ${chainId} and ${health.chainId}`];
  if (kept !== undefined) {
    const now = { ...kept.with, model: id, chainId, operator, vault, token: token.address };
    changes.push(...changesIn(kept, now));
  }
  if (changes.length > 0) throw new AgentChangedError(changes);
}
