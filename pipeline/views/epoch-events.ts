/**
 * An epoch as the chain's events tell it, and whether the receipts at hand are the ones that it is about.
 */
import { receiptsRoot } from "../../prover/index.ts";
import type { PlacedLog } from "../chain/events.ts";
import { contextOf } from "../chain/ids.ts";
import type { ModelState } from "../commit.ts";
import { eventsOf } from "./history.ts";
import type { Source } from "./source.ts";

/** An epoch of a model in the chain's events. */
export type OnChain = {
  readonly committed?: PlacedLog;
  readonly settled?: PlacedLog;
  readonly expired?: PlacedLog;
  readonly inference: readonly PlacedLog[];
  readonly adjoint: readonly PlacedLog[];
  readonly weights: readonly PlacedLog[];
};

/** Reads an epoch from the events. */
export function onChainOf({ history }: Source, model: ModelState, number: number): OnChain {
  const of = (name: string): readonly PlacedLog[] =>
    eventsOf(history, name, model.id.toLowerCase()).filter(({ args }) => Number(args.epoch) === number);
  const [committed] = of("EpochCommitted");
  const [settled] = of("EpochSettled");
  const [expired] = of("EpochExpired");
  return {
    ...(committed === undefined ? {} : { committed }),
    ...(settled === undefined ? {} : { settled }),
    ...(expired === undefined ? {} : { expired }),
    inference: of("InferenceProven"),
    adjoint: of("AdjointProven"),
    weights: of("WeightsProven"),
  };
}

type Charges = { readonly feeUnits: readonly bigint[]; readonly receiptsRoots: readonly bigint[] };

/** What was committed: payers and what they were charged, and the roots of the receipts. */
export const chargesOf = (committed: PlacedLog): Charges => committed.args.commitment as Charges;
/** Fee units of all answers. */
export const chargedOf = (committed: PlacedLog): bigint =>
  chargesOf(committed).feeUnits.reduce((sum, units) => sum + units, 0n);

/** Proven weights in the model's order: the groups' lists, without the fillers at the end. */
export function weightsOf({ weights }: OnChain, model: ModelState): bigint[] {
  const groups = [...weights].sort((a, b) => Number(a.args.groupIndex) - Number(b.args.groupIndex));
  return groups.flatMap(({ args }) => args.w as bigint[]).slice(0, model.contributors.length);
}

/** By whose receipts they were compared with: events are a session's, receipts are those at hand. */
const compared = new WeakMap<Source["receipts"], WeakMap<PlacedLog, boolean>>();

/**
 * Whether the receipts at hand are those that the chain holds the roots of, looked at once: what is shown as
 * proven must be what was proven, and not what lies in a folder.
 */
export function areCommitted(
  source: Source,
  model: ModelState,
  epoch: number,
  { committed }: OnChain,
): boolean {
  if (committed === undefined) return false;
  const own = compared.get(source.receipts) ?? new WeakMap<PlacedLog, boolean>();
  compared.set(source.receipts, own);
  const known = own.get(committed) ?? rootsAgree(source, model, epoch, committed);
  own.set(committed, known);
  return known;
}

function rootsAgree(source: Source, model: ModelState, epoch: number, committed: PlacedLog): boolean {
  const { profile, deployment } = source.session;
  const { queries } = profile;
  const leaves = source.receipts(model, epoch).map(({ leaf }) => leaf);
  const { receiptsRoots } = chargesOf(committed);
  if (Math.ceil(leaves.length / queries) !== receiptsRoots.length) return false;
  return receiptsRoots.every((root, batchIndex) => {
    const { chainId, epochs } = deployment;
    const context = contextOf({ chainId, epochs, modelId: model.id, epoch, batchIndex });
    return (
      receiptsRoot(leaves.slice(batchIndex * queries, (batchIndex + 1) * queries), context, profile) === root
    );
  });
}
