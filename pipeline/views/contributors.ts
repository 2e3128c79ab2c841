/**
 * A contributor's own page: its batches, what it has earned with each model, and the transaction that pays
 * what it is owed, ready for a wallet.
 */
import type { PlacedLog } from "../chain/events.ts";
import type { ModelState } from "../commit.ts";
import { datanetViews } from "./datanets.ts";
import { eventsOf } from "./history.ts";
import { claimOf, ledgerOf } from "./money.ts";
import type { Source } from "./source.ts";
import type { ContributorModelView, ContributorSummary, ContributorView, DatanetView } from "./types.ts";

/** Everybody who contributed to a datanet of the project, in the order of their first batch. */
export async function contributorSummaries(source: Source): Promise<readonly ContributorSummary[]> {
  const found = new Map<string, { samples: number }>();
  for (const { contributors } of await datanetViews(source))
    for (const { address, samples } of contributors)
      found.set(address, { samples: (found.get(address)?.samples ?? 0) + samples });
  const ledgers = source.models.map((model) => ({ model, ledger: ledgerOf(source, model) }));
  const out: ContributorSummary[] = [];
  for (const [address, { samples }] of found) {
    const name = source.names.get(address);
    const totals = new Map<string, { earned: bigint; claimed: bigint }>();
    for (const { model, ledger } of ledgers) {
      const earned = ledger.earned.get(address);
      if (earned === undefined) continue;
      const token = model.token.toLowerCase();
      const before = totals.get(token) ?? { earned: 0n, claimed: 0n };
      const claimed = before.claimed + (ledger.claimed.get(address) ?? 0n);
      totals.set(token, { earned: before.earned + earned, claimed });
    }
    out.push({
      address,
      ...(name === undefined ? {} : { name }),
      samples,
      totals: await Promise.all(
        [...totals].map(async ([token, { earned, claimed }]) => ({
          token: await source.token(token),
          earnedWei: String(earned),
          owedWei: String(earned - claimed),
        })),
      ),
    });
  }
  return out;
}

/** One contributor; undefined for an address that contributed nothing here. */
export async function contributorView(source: Source, address: string): Promise<ContributorView | undefined> {
  const account = address.toLowerCase();
  const datanets = datanetsOf(await datanetViews(source), account);
  const mine = source.models.filter((model) => placeOf(model, account) >= 0);
  if (datanets.length === 0 && mine.length === 0) return undefined;
  const name = source.names.get(account);
  const models = await Promise.all(mine.map((model) => modelOf(source, model, account)));
  return {
    address: account,
    ...(name === undefined ? {} : { name }),
    chainId: source.session.chain.chainId,
    datanets,
    models,
    words: {
      earned: "proven",
      claimed: "proven",
      owed: "proven",
      batches: "attested",
      samples: "attested",
      name: "attested",
    },
  };
}

function datanetsOf(views: readonly DatanetView[], account: string): ContributorView["datanets"] {
  return views.flatMap(({ id, name, contributors }) => {
    const own = contributors.find((one) => one.address === account);
    if (own === undefined) return [];
    const { samples, batches } = own;
    return [{ id, ...(name === undefined ? {} : { name }), samples, batches }];
  });
}

const placeOf = ({ contributors }: ModelState, account: string): number =>
  contributors.findIndex((one) => one.account.toLowerCase() === account);

async function modelOf(source: Source, model: ModelState, account: string): Promise<ContributorModelView> {
  const ledger = ledgerOf(source, model);
  const place = placeOf(model, account);
  const contributor = model.contributors[place] as ModelState["contributors"][number];
  const [earned, claimed] = [ledger.earned.get(account) ?? 0n, ledger.claimed.get(account) ?? 0n];
  const claim = claimOf(source.session, ledger, account);
  return {
    model: model.id.toLowerCase(),
    modelName: model.corpus,
    token: await source.token(model.token),
    samples: contributor.samples,
    share: model.samples === 0 ? 0 : contributor.samples / model.samples,
    batches: contributor.batches.map(({ id }) => String(id)),
    earnedWei: String(earned),
    claimedWei: String(claimed),
    owedWei: String(earned - claimed),
    epochs: await epochsOf(source, model, place),
    claims: await claimsOf(source, model, account),
    ...(claim === undefined ? {} : { claim }),
  };
}

async function epochsOf(
  { history }: Source,
  model: ModelState,
  place: number,
): Promise<ContributorModelView["epochs"]> {
  return Promise.all(
    eventsOf(history, "EpochSettled", model.id.toLowerCase()).map(async ({ args, block }) => {
      const payouts = args.payouts as readonly bigint[];
      const paid = payouts.reduce((sum, wei) => sum + wei, 0n);
      const payout = payouts[place] ?? 0n;
      return {
        number: Number(args.epoch),
        payoutWei: String(payout),
        share: paid === 0n ? 0 : Number((payout * 1_000_000_000n) / paid) / 1_000_000_000,
        settledAt: await history.at(block),
      };
    }),
  );
}

async function claimsOf(
  { history }: Source,
  model: ModelState,
  account: string,
): Promise<ContributorModelView["claims"]> {
  const mine = ({ args }: PlacedLog): boolean => String(args.account).toLowerCase() === account;
  return Promise.all(
    eventsOf(history, "Claimed", model.id.toLowerCase())
      .filter(mine)
      .map(async ({ args, block, transaction }) => ({
        wei: String(args.amount),
        transaction,
        at: await history.at(block),
      })),
  );
}
