/**
 * Datanets as the public sees them: terms, versions, and every batch with who signed it and what became of
 * it. All of it stands in the contract's events; only the names are the operator's.
 */
import { DATANET_POLICY } from "../chain/types.ts";
import { eventsOf, type History } from "./history.ts";
import type { Source } from "./source.ts";
import type { BatchView, DatanetContributorView, DatanetView, VersionView } from "./types.ts";

/** The project's datanets, the oldest first. */
export async function datanetViews(source: Source): Promise<readonly DatanetView[]> {
  return Promise.all(source.datanets.map((id) => datanetView(source, id)));
}

/** One datanet. */
async function datanetView(source: Source, id: bigint): Promise<DatanetView> {
  const { history, session, names } = source;
  const { contracts } = session;
  const [created] = ofDatanet(history, "DatanetCreated", id);
  const terms = created?.args.terms as Terms | undefined;
  const view = await contracts.datanet(id);
  const contributors = await contributorsOf(source, id);
  const name = source.datanetName(id);
  return {
    id: String(id),
    ...(name === undefined ? {} : { name }),
    owner: view.owner.toLowerCase(),
    createdAt: created === undefined ? 0 : await history.at(created.block),
    metadataURI: terms?.metadataURI ?? "",
    metadataHash: terms?.metadataHash ?? "",
    licence: terms?.licence ?? "",
    policy: DATANET_POLICY[Number(view.policy)] ?? "open",
    validated: view.validated,
    tokens: await Promise.all((await contracts.datanetTokens(id)).map(source.token)),
    versions: await versionsOf(history, id),
    accepted: Number(view.accepted),
    samples: contributors.reduce((sum, { samples }) => sum + samples, 0),
    contributors: contributors.map((one) => {
      const called = names.get(one.address);
      return called === undefined ? one : { ...one, name: called };
    }),
    models: source.models
      .filter((model) => model.datanet === id)
      .map((model) => model.id.toLowerCase())
      .reverse(),
    words: {
      owner: "attested",
      terms: "attested",
      name: "attested",
      batches: "attested",
      verdicts: "governed",
      withdrawals: "attested",
      versions: "attested",
      content: "governed",
    },
  };
}

type Terms = { readonly metadataURI: string; readonly metadataHash: string; readonly licence: string };

const ofDatanet = (history: History, name: string, id: bigint) =>
  eventsOf(history, name).filter(({ args }) => args.datanet === id);

async function versionsOf(history: History, id: bigint): Promise<VersionView[]> {
  return Promise.all(
    ofDatanet(history, "VersionPublished", id).map(async ({ args, block, transaction }) => ({
      number: Number(args.version),
      accepted: Number(args.accepted),
      head: String(args.head),
      publishedAt: await history.at(block),
      transaction,
    })),
  );
}

/** Contributors of a datanet by the order of their first batch. */
async function contributorsOf({ history }: Source, id: bigint): Promise<DatanetContributorView[]> {
  const accepted = new Map(
    ofDatanet(history, "BatchAccepted", id).map(({ args }) => [args.batch, Number(args.position)]),
  );
  const rejected = new Set(ofDatanet(history, "BatchRejected", id).map(({ args }) => args.batch));
  const withdrawn = new Map(
    ofDatanet(history, "BatchWithdrawn", id).map(({ args, block }) => [args.batch, block]),
  );
  const byAddress = new Map<string, BatchView[]>();
  for (const { args, block, transaction } of ofDatanet(history, "Contributed", id)) {
    const address = String(args.contributor).toLowerCase();
    const batches = byAddress.get(address) ?? [];
    byAddress.set(address, batches);
    const position = accepted.get(args.batch);
    const gone = withdrawn.get(args.batch);
    batches.push({
      id: String(args.batch),
      root: String(args.root),
      samples: Number(args.count),
      // A verdict may be turned around: a batch that was accepted and then disproven is rejected.
      status: rejected.has(args.batch) ? "rejected" : position === undefined ? "pending" : "accepted",
      contributedAt: await history.at(block),
      transaction,
      ...(position === undefined ? {} : { position }),
      ...(gone === undefined ? {} : { withdrawnAt: await history.at(gone) }),
    });
  }
  return [...byAddress].map(([address, batches]) => ({
    address,
    samples: batches.reduce((sum, batch) => sum + (counts(batch) ? batch.samples : 0), 0),
    batches,
  }));
}

/** Whether a batch may be in later models. */
const counts = ({ status, withdrawnAt }: BatchView): boolean =>
  status === "accepted" && withdrawnAt === undefined;
