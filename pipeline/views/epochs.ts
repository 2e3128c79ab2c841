/**
 * Epochs as the public sees them. What is settled is read from the chain's events: weights, payouts, charges.
 * Answers are shown by their signed part only.
 * Influence
 * is shown when the epoch is settled and not before: the difference that one more answer makes to it would
 * tell what the answer was.
 */
import type { PlacedLog } from "../chain/events.ts";
import type { ModelState } from "../commit.ts";
import { settleFees } from "../influence/payouts.ts";
import { bundlePath } from "./bundles.ts";
import { areCommitted, chargedOf, chargesOf, type OnChain, onChainOf, weightsOf } from "./epoch-events.ts";
import { eventsOf } from "./history.ts";
import { signedInfluence } from "./influence.ts";
import { proofSecondsName } from "./proof-seconds.ts";
import type { Source } from "./source.ts";
import { trainingOf } from "./training.ts";
import type {
  AnswerView,
  EpochState,
  EpochSummary,
  EpochView,
  InfluenceView,
  ProofView,
  SettlementView,
  TransactionView,
} from "./types.ts";

/** The epochs of a model, the first one first. */
export async function epochSummaries(source: Source, model: ModelState): Promise<readonly EpochSummary[]> {
  const last = lastEpoch(source, model);
  return Promise.all(Array.from({ length: last }, (_, i) => epochSummary(source, model, i + 1)));
}

/** How many epochs a model has, the open one included. */
export function lastEpoch(source: Source, model: ModelState): number {
  const onChain = eventsOf(source.history, "EpochCommitted", model.id.toLowerCase()).length;
  return Math.max(onChain, source.openEpoch(model));
}

async function epochSummary(source: Source, model: ModelState, number: number): Promise<EpochSummary> {
  const { history } = source;
  const chain = onChainOf(source, model, number);
  const { committed, settled } = chain;
  const earnings = settled === undefined ? undefined : (settled.args.settlement as Settlement).earnings;
  // Receipts are read of epochs that are not on chain only: there are more of the others every day.
  const units = (): number => source.receipts(model, number).reduce((sum, { feeUnits }) => sum + feeUnits, 0);
  const feesWei = committed === undefined ? undefined : chargedOf(committed) * model.feeUnitWei;
  return {
    number,
    state: stateOf(source, model, number, chain),
    answers: source.answers(model, number),
    feeUnits: String(committed === undefined ? units() : chargedOf(committed)),
    ...dueOf(source, model, number, chain),
    ...(committed === undefined ? {} : { committedAt: await history.at(committed.block) }),
    ...(settled === undefined ? {} : { settledAt: await history.at(settled.block) }),
    ...(feesWei === undefined ? {} : { feesWei: String(feesWei) }),
    ...(earnings === undefined ? {} : { earningsWei: String(earnings) }),
  };
}

/** One epoch; undefined if the model has none of that number. */
export async function epochView(
  source: Source,
  model: ModelState,
  number: number,
): Promise<EpochView | undefined> {
  if (number < 1 || number > lastEpoch(source, model)) return undefined;
  const { history, session, project } = source;
  const chain = onChainOf(source, model, number);
  const { committed, settled } = chain;
  const state = stateOf(source, model, number, chain);
  const known = committed === undefined ? undefined : await session.contracts.epoch(model.id, number);
  const settlement = known && settled && settlementOf(settled, known, weightsOf(chain, model));
  const done = state === "settled";
  const shown = !done ? "attested" : areCommitted(source, model, number, chain) ? "proven" : "open";
  const training = trainingOf(await session.contracts.model(model.id));
  return {
    model: model.id.toLowerCase(),
    modelName: model.corpus,
    number,
    state,
    token: await source.token(model.token),
    ...dueOf(source, model, number, chain),
    ...(committed === undefined ? {} : { committedAt: await history.at(committed.block) }),
    ...(known === undefined || done ? {} : { expiresAt: Number(known.expiresAt) }),
    ...(settled === undefined ? {} : { settledAt: await history.at(settled.block) }),
    answers: answersOf(source, model, number),
    contributors: settled === undefined ? [] : influencesOf(source, model, number, settled, chain),
    ...(settlement === undefined ? {} : { settlement }),
    proofs: proofsOf(source, model, number, chain),
    transactions: await transactionsOf(source, chain),
    bundle: done && bundlePath(project, model.id, number) !== undefined,
    keys: session.keys.manifest.kind,
    words: {
      answers: shown,
      fees: shown,
      completeness: "attested",
      due: "attested",
      influence: done ? "proven" : "open",
      negativeInfluence: done ? "reproducible" : "open",
      payouts: done ? "proven" : "open",
      shares: "governed",
      features: "reproducible",
      training: training === "proven" ? "proven" : "open",
      transactions: "reproducible",
      proofSeconds: "attested",
    },
  };
}

type Settlement = {
  readonly pool: bigint;
  readonly earnings: bigint;
  readonly carriedOut: bigint;
  readonly totalWeight: bigint;
  readonly root: string;
};

function stateOf(
  source: Source,
  model: ModelState,
  number: number,
  { committed, settled, expired }: OnChain,
): EpochState {
  if (settled !== undefined) return "settled";
  if (expired !== undefined) return "expired";
  if (committed !== undefined) return "committed";
  return number < source.openEpoch(model) ? "sealed" : "open";
}

/** The earliest date that the operator signed, of an epoch that is not on chain. */
function dueOf(
  source: Source,
  model: ModelState,
  number: number,
  { committed }: OnChain,
): { readonly dueBy?: number } {
  const receipts = committed === undefined ? source.receipts(model, number) : [];
  if (receipts.length === 0) return {};
  return { dueBy: receipts.reduce((least, { dueBy }) => Math.min(least, dueBy), Number.POSITIVE_INFINITY) };
}

function answersOf(source: Source, model: ModelState, number: number): AnswerView[] {
  const { queries } = source.session.profile;
  return source.receipts(model, number).map((receipt, index) => ({
    number: index + 1,
    requestId: receipt.requestId.toLowerCase(),
    payer: receipt.payer.toLowerCase(),
    feeUnits: receipt.feeUnits,
    feeWei: String(BigInt(receipt.feeUnits) * model.feeUnitWei),
    leaf: String(receipt.leaf),
    dueBy: receipt.dueBy,
    batch: Math.floor(index / queries) + 1,
  }));
}

function settlementOf(
  settled: PlacedLog,
  known: Awaited<ReturnType<Source["session"]["contracts"]["epoch"]>>,
  weights: readonly bigint[],
): SettlementView {
  const { pool, earnings, carriedOut, totalWeight, root } = settled.args.settlement as Settlement;
  const split = {
    protocolBps: Number(known.split.protocolBps),
    developerBps: Number(known.split.developerBps),
    validatorsBps: Number(known.split.validatorsBps),
  };
  const carry = pool - known.fees;
  const { shares } = settleFees({ weights, fees: known.fees, carry, split });
  return {
    feesWei: String(known.fees),
    carryInWei: String(carry),
    poolWei: String(pool),
    shares: (["protocol", "developer", "validators"] as const).map((who) => ({
      who,
      bps: split[`${who}Bps`],
      wei: String(shares[who]),
    })),
    earningsWei: String(earnings),
    carryOutWei: String(carriedOut),
    sumWeights: String(totalWeight),
    earningsRoot: root,
  };
}

function influencesOf(
  source: Source,
  model: ModelState,
  number: number,
  settled: PlacedLog,
  chain: OnChain,
): InfluenceView[] {
  const { scaleBits, adjointBits } = source.session.profile;
  const payouts = settled.args.payouts as readonly bigint[];
  const paid = payouts.reduce((sum, wei) => sum + wei, 0n);
  const weights = weightsOf(chain, model);
  const signed = signedInfluence(source, model, number, weights);
  return model.contributors.map(({ account, name, samples }, i) => {
    const weight = weights[i] ?? 0n;
    const influence = signed?.[i] ?? (weight > 0n ? weight : undefined);
    const payout = payouts[i] ?? 0n;
    return {
      address: account.toLowerCase(),
      name,
      samples,
      ...(influence === undefined ? {} : { influence: Number(influence) / 2 ** (scaleBits + adjointBits) }),
      weight: String(weight),
      payoutWei: String(payout),
      share: paid === 0n ? 0 : Number((payout * 1_000_000_000n) / paid) / 1_000_000_000,
    };
  });
}

type Seconds = readonly { readonly circuit: string; readonly seconds: number }[];

function proofsOf(source: Source, model: ModelState, number: number, chain: OnChain): ProofView[] {
  if (chain.committed === undefined) return [];
  const batches = chargesOf(chain.committed).receiptsRoots.length;
  const groups = Math.ceil(model.contributors.length / source.session.profile.contributors);
  const seconds = source.project.readState<Seconds>(proofSecondsName(model.id, number)) ?? [];
  const line = (circuit: string, index: number, posted: boolean): ProofView => {
    const took = seconds.filter((one) => one.circuit === circuit)[index]?.seconds;
    return { circuit, index: index + 1, posted, ...(took === undefined ? {} : { seconds: took }) };
  };
  const has = (events: readonly PlacedLog[], field: string, index: number): boolean =>
    events.some(({ args }) => Number(args[field]) === index);
  return [
    ...Array.from({ length: batches }, (_, i) => line("inference", i, has(chain.inference, "batchIndex", i))),
    line("adjoint", 0, chain.adjoint.length > 0),
    ...Array.from({ length: groups }, (_, i) => line("weights", i, has(chain.weights, "groupIndex", i))),
  ];
}

async function transactionsOf({ history }: Source, chain: OnChain): Promise<TransactionView[]> {
  const { committed, settled, expired } = chain;
  const proving = [...chain.inference, ...chain.adjoint, ...chain.weights];
  const hashes = [...new Set(proving.map(({ transaction }) => transaction))];
  const proofs = hashes.map((hash) => proving.filter(({ transaction }) => transaction === hash));
  const all = await Promise.all([
    ...(committed === undefined ? [] : [history.transaction("commit epoch", committed)]),
    ...proofs.flatMap(([first, ...rest]) =>
      first === undefined ? [] : [history.transaction(`prove epoch (${rest.length + 1} proofs)`, first)],
    ),
    ...(settled === undefined ? [] : [history.transaction("settle", settled)]),
    ...(expired === undefined ? [] : [history.transaction("expire", expired)]),
  ]);
  return all.sort((a, b) => a.block - b.block);
}
