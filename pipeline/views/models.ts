/**
 * Models as the public sees them, and where they come from: datanet → batches → model → epochs.
 */
import type { ModelState } from "../commit.ts";
import { epochSummaries } from "./epochs.ts";
import { eventsOf, type History } from "./history.ts";
import { firstAt, ledgerOf, priceOf } from "./money.ts";
import type { Source } from "./source.ts";
import { trainingOf } from "./training.ts";
import type { BooksView, ModelLink, ModelSummary, ModelView, TransactionView } from "./types.ts";

/** The project's models, the current one first. */
export async function modelSummaries(source: Source): Promise<readonly ModelSummary[]> {
  return Promise.all(source.models.map((model) => modelSummary(source, model)));
}

/** A model in a line. */
export async function modelSummary(source: Source, model: ModelState): Promise<ModelSummary> {
  const { session, history, labels, content, models } = source;
  const id = model.id.toLowerCase();
  const known = await session.contracts.model(model.id);
  const training = trainingOf(known);
  return {
    id,
    name: model.corpus,
    operator: known.operator.toLowerCase(),
    datanet: String(model.datanet),
    datanetVersion: model.datanetVersion,
    ...(model.parent === undefined ? {} : { parent: model.parent.toLowerCase() }),
    current: model === models[0],
    frozen: known.frozen,
    training,
    profile: session.profile.name,
    content,
    classes: labels?.length ?? session.profile.classes,
    ...(labels === undefined ? {} : { labels }),
    samples: model.samples,
    contributors: model.contributors.length,
    committedAt: (await firstAt(history, "ModelCommitted", id)) ?? Number(known.committedAt),
    epochs: await epochSummaries(source, model),
    ...(model.accuracy === undefined || model.tested === undefined
      ? {}
      : { accuracy: { share: model.accuracy, samples: model.tested } }),
    price: await priceOf(source, model),
    words: {
      identity: "proven",
      samples: training === "proven" ? "proven" : "attested",
      training: training === "proven" ? "proven" : "open",
      features: "reproducible",
      answers: "attested",
      due: "attested",
      accuracy: "attested",
      price: "attested",
      name: "attested",
    },
  };
}

/** A model with its lineage. */
export async function modelView(source: Source, model: ModelState): Promise<ModelView> {
  const { session, models } = source;
  const { contributors: _count, words, ...summary } = await modelSummary(source, model);
  const { earned, claimed } = ledgerOf(source, model);
  const books = await session.contracts.accounting(model.id);
  const name = source.datanetName(model.datanet);
  const trained = summary.training === "proven" ? "proven" : "attested";
  return {
    ...summary,
    backbone: model.backbone,
    lambda: model.lambda,
    features: session.profile.d,
    commitW: String(model.commitW),
    commitA: String(model.commitA),
    commitR: String(model.commitR),
    weightErrorBound: weightErrorBound(model, session.profile.scaleBits),
    lineage: {
      datanet: {
        id: String(model.datanet),
        ...(name === undefined ? {} : { name }),
        version: model.datanetVersion,
      },
      ancestors: ancestorsOf(model, models).map(linkOf),
      children: models.filter(({ parent }) => parent === model.id).map(linkOf),
    },
    contributors: model.contributors.map((contributor) => {
      const address = contributor.account.toLowerCase();
      return {
        address,
        name: contributor.name,
        samples: contributor.samples,
        batches: contributor.batches.map((batch) => String(batch.id)),
        share: model.samples === 0 ? 0 : contributor.samples / model.samples,
        earnedWei: String(earned.get(address) ?? 0n),
        claimedWei: String(claimed.get(address) ?? 0n),
        commitG: String(contributor.commitG),
      };
    }),
    books: booksOf(books),
    transactions: await transactionsOf(source.history, model.id.toLowerCase()),
    words: {
      ...words,
      lineage: "attested",
      batches: trained,
      weightErrorBound: trained,
      earned: "proven",
      claimed: "proven",
      books: "proven",
      transactions: "reproducible",
    },
  };
}

/** ‖R_W‖ / (λ·2^S), Frobenius norm: no weight is farther from the exact optimum. */
function weightErrorBound({ residual, lambda }: ModelState, scaleBits: number): number {
  const squares = residual.reduce((sum, r) => sum + Number(r) ** 2, 0);
  return Math.sqrt(squares) / (lambda * 2 ** scaleBits);
}

function ancestorsOf(model: ModelState, models: readonly ModelState[]): ModelState[] {
  const line: ModelState[] = [];
  for (let at = model.parent; at !== undefined; ) {
    const parent = models.find(({ id }) => id === at);
    if (parent === undefined || line.includes(parent)) break;
    line.push(parent);
    at = parent.parent;
  }
  return line;
}

function linkOf({ id, samples, contributors }: ModelState): ModelLink {
  return { id: id.toLowerCase(), samples, contributors: contributors.length };
}

function booksOf(books: Awaited<ReturnType<Source["session"]["contracts"]["accounting"]>>): BooksView {
  return {
    depositedWei: String(books.deposited),
    withdrawnWei: String(books.withdrawn),
    unspentWei: String(books.unspent),
    poolWei: String(books.pool),
    carryWei: String(books.carry),
    sharedWei: String(books.shared),
    owedWei: String(books.owed),
    claimedWei: String(books.claimed),
  };
}

const NAMES: Readonly<Record<string, string>> = {
  ModelCommitted: "commit model",
  ModelFrozen: "freeze model",
  TrainingBegun: "begin training proof",
  TrainingAdvanced: "prove training",
};

/** Transactions of a model's life before its epochs. */
async function transactionsOf(history: History, id: string): Promise<TransactionView[]> {
  const events = Object.keys(NAMES).flatMap((name) => eventsOf(history, name, id));
  const ordered = [...events].sort((a, b) => a.block - b.block);
  return Promise.all(
    ordered.map((event) => {
      const proofs = event.name === "TrainingAdvanced" ? ` (${event.args.proven} proofs)` : "";
      return history.transaction(`${NAMES[event.name] ?? event.name}${proofs}`, event);
    }),
  );
}
