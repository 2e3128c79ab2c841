/**
 * When epochs have to be on chain.
 *
 * Every receipt says by when its epoch is committed at the latest. An epoch that is not there by then costs
 * its operator a part of the bond for each receipt that is disputed, and nothing else reminds of it: answers
 * go on, and money comes in. So whoever operates is told of the earliest such date, by the service and by the
 * commands. Dates are the chain's; what counts is the time of the block in which the epoch is committed.
 */
import { lastBlockTime } from "./chain/log.ts";
import { currentModel } from "./commit.ts";
import { timeText } from "./dates.ts";
import type { Project } from "./project.ts";
import { openEpoch, readReceipts, receiptsFolder } from "./receipt-store.ts";
import type { Receipt } from "./receipts.ts";
import { unsettledEpochs } from "./seal.ts";
import type { Session } from "./session.ts";

/** How long after an answer its epoch is committed at the latest. A bond covers two weeks. */
export const DUE_SECONDS = 7 * 86_400;
/** So long before the date it is time to be told. */
export const WARN_SECONDS = 86_400;

/** An epoch that is to be committed. `dueBy` is the earliest of its receipts, in seconds since 1970. */
export type Due = { readonly epoch: number; readonly receipts: number; readonly dueBy: number };

/** Counts a model's receipts by epoch. */
export type Dues = {
  readonly add: (receipt: Pick<Receipt, "epoch" | "dueBy">) => void;
  /** What is due first of the epochs after the `committed` first ones, which are on chain. */
  readonly first: (committed: number) => Due | undefined;
};

/** Opens the count with the receipts that there are. */
export function openDues(receipts: Iterable<Pick<Receipt, "epoch" | "dueBy">> = []): Dues {
  const epochs = new Map<number, Due>();
  const add: Dues["add"] = ({ epoch, dueBy }) => {
    const before = epochs.get(epoch) ?? { receipts: 0, dueBy };
    epochs.set(epoch, { epoch, receipts: before.receipts + 1, dueBy: Math.min(before.dueBy, dueBy) });
  };
  for (const receipt of receipts) add(receipt);
  return {
    add,
    first(committed) {
      // A service counts for years.
      for (const epoch of epochs.keys()) if (epoch <= committed) epochs.delete(epoch);
      return [...epochs.values()].reduce<Due | undefined>(
        (least, due) => (least && least.dueBy <= due.dueBy ? least : due),
        undefined,
      );
    },
  };
}

/** What is due first of a project's current model; undefined where every answered epoch is on chain. */
export async function firstDue(project: Project, { contracts }: Pick<Session, "contracts">) {
  const model = currentModel(project);
  const committed = await contracts.epochCount(model.id);
  return duesFrom(project, model, committed + 1).first(committed);
}

/** The same without a chain: of the epochs that the project has not settled, be they committed or not. */
export function firstUnsettled(project: Project): Due | undefined {
  const model = project.readState<{ readonly id: string }>("model");
  if (model === undefined) return undefined;
  const open = openEpoch(project, model);
  const last = open - 1 - unsettledEpochs(project, model, open).length;
  return duesFrom(project, model, last + 1).first(last);
}

function duesFrom(project: Project, model: { readonly id: string }, from: number): Dues {
  const dues = openDues();
  for (let epoch = from; epoch <= openEpoch(project, model); epoch++)
    for (const receipt of readReceipts(receiptsFolder(project.folder, model.id, epoch))) dues.add(receipt);
  return dues;
}

/** A clock, and whose it is: the machine's is only about the chain's. */
export type Clock = { readonly seconds: number; readonly of: "chain" | "machine" };

/**
 * The clock that dates are held against where no chain is opened. A local chain's is at hand, for its blocks'
 * times stand in its log; of any other chain it is this machine's.
 */
export function clockAtHand({ config, chainLog }: Pick<Project, "config" | "chainLog">): Clock {
  const machine = Math.floor(Date.now() / 1_000);
  if (config.chain !== "local") return { seconds: machine, of: "machine" };
  return { seconds: Math.max(machine, lastBlockTime(chainLog) ?? 0), of: "chain" };
}

/** What is due, for people. */
export function dueText({ epoch, receipts, dueBy }: Due): string {
  const many = receipts === 1 ? "1 receipt" : `${receipts} receipts`;
  return `epoch ${epoch} has ${many} and must be committed by ${timeText(dueBy)}`;
}

/** A span of seconds in words, in whole units of the largest that fits: "6 days", "1 hour". */
export function spanText(seconds: number): string {
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    if (count > 0) return `${count} ${unit}${count === 1 ? "" : "s"}`;
  }
  return "less than a minute";
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;
