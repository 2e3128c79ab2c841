/**
 * Who has earned and claimed how much of a model: sums over the chain's events, so that a list of a thousand
 * contributors costs no call at all. What is owed, and the transaction that pays it.
 */
import type { ModelState } from "../commit.ts";
import type { Earnings } from "../payments/earnings.ts";
import { earningsOf, earningsProof } from "../payments/earnings.ts";
import type { Session } from "../session.ts";
import { eventsOf, type History } from "./history.ts";
import type { Source } from "./source.ts";
import type { CallView, PriceView } from "./types.ts";

/** Sums of a model by account, in the model's order and by address in lower case. */
export type Ledger = {
  readonly earnings: Earnings;
  readonly earned: ReadonlyMap<string, bigint>;
  readonly claimed: ReadonlyMap<string, bigint>;
};

/** The ledger of a model. */
export function ledgerOf({ history }: Pick<Source, "history">, model: ModelState): Ledger {
  const id = model.id.toLowerCase();
  const accounts = model.contributors.map(({ account }) => account);
  const earnings = earningsOf(model.id, accounts, eventsOf(history, "EpochSettled", id));
  const claimed = new Map<string, bigint>();
  for (const { args } of eventsOf(history, "Claimed", id)) {
    const account = String(args.account).toLowerCase();
    claimed.set(account, (claimed.get(account) ?? 0n) + (args.amount as bigint));
  }
  const earned = new Map(accounts.map((account, i) => [account.toLowerCase(), earnings.cumulative[i] ?? 0n]));
  return { earnings, earned, claimed };
}

/** The call that pays an account what it is owed; undefined where nothing is. */
export function claimOf(
  { contracts, chain }: Session,
  { earnings, earned, claimed }: Ledger,
  account: string,
): CallView | undefined {
  const lower = account.toLowerCase();
  if ((earned.get(lower) ?? 0n) <= (claimed.get(lower) ?? 0n)) return undefined;
  const leaf = earningsProof(earnings, account);
  const { to, data } = contracts.callData("vault", "claim", [
    earnings.model,
    leaf.account,
    leaf.cumulative,
    leaf.proof,
  ]);
  return { to: to.toLowerCase(), data: data.toLowerCase(), chainId: chain.chainId };
}

/** All that somebody needs to pay for a model's answers. */
export async function priceOf(source: Source, model: ModelState): Promise<PriceView> {
  const { chain, deployment, operator, profile } = source.session;
  const vault = deployment.vault.toLowerCase();
  return {
    chainId: chain.chainId,
    token: await source.token(model.token),
    feeUnitWei: String(model.feeUnitWei),
    ...(source.feeUnits === undefined ? {} : { feeUnits: source.feeUnits }),
    vault,
    operator: operator.address.toLowerCase(),
    domain: { name: "Quittance", version: "1", chainId: chain.chainId, verifyingContract: vault },
    maxFeeUnits: 2 ** profile.feeBits - 1,
  };
}

/** The time of the first of a model's events of a name, if there is one. */
export async function firstAt(history: History, name: string, model: string): Promise<number | undefined> {
  const [event] = eventsOf(history, name, model);
  return event === undefined ? undefined : history.at(event.block);
}
