/**
 * What an agent checks by itself, with nobody's help: each receipt when it comes, and each epoch's bundle
 * when it is out.
 *
 * A receipt that passes is **attested**: the operator stands for it with its bond. When its epoch is proven,
 * the answer in it is **proven**; that its features are the content's stays **reproducible**. A receipt that
 * an epoch leaves out, or that says something else there, costs the operator's bond: `checkEpoch` says which
 * ones to dispute.
 */
import type { Profile } from "../../prover/index.ts";
import type { EpochBundle } from "../bundle.ts";
import { checkReceipt, type Receipt } from "../receipts.ts";
import type { Counterparty } from "./books.ts";

/** A bond covers a receipt for two weeks; later than that is no promise. An hour for clocks that differ. */
export const LONGEST_DUE_SECONDS = 14 * 86_400;
const CLOCK_SLACK_SECONDS = 3_600;

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Everything that is wrong with a receipt, in plain words; nothing when all is well. */
export function receiptProblems(of: {
  readonly receipt: Receipt;
  readonly profile: Profile;
  /** What was asked, by whom, of whom, and under which number. */
  readonly content: Uint8Array;
  readonly payer: string;
  readonly counterparty: Counterparty;
  readonly requestId: string;
  /** The epoch that was open when it was asked, or an earlier one. */
  readonly epoch: number;
  /** Seconds since 1970 on the chain's clock. */
  readonly now: number;
}): string[] {
  const { receipt, counterparty, now } = of;
  const wrong = checkReceipt(receipt, of.profile, of.content);
  const expect = (holds: boolean, problem: string): void => void (holds || wrong.push(problem));
  expect(receipt.chainId === counterparty.chainId, `it is for chain ${receipt.chainId}`);
  expect(same(receipt.epochs, counterparty.epochs), `it is for the contract ${receipt.epochs}`);
  expect(same(receipt.operator, counterparty.operator), `it is signed by ${receipt.operator}`);
  expect(same(receipt.modelId, counterparty.model), `it is of model ${receipt.modelId}`);
  expect(same(receipt.requestId, of.requestId), "it is for another request");
  expect(same(receipt.payer, of.payer), `it charges ${receipt.payer}`);
  expect(
    receipt.feeUnits === counterparty.feeUnits,
    `it charges ${receipt.feeUnits} units, agreed were ${counterparty.feeUnits}`,
  );
  expect(receipt.epoch >= of.epoch, `it is of epoch ${receipt.epoch}, which was over when it was asked`);
  expect(receipt.dueBy > now - CLOCK_SLACK_SECONDS, "its epoch should have been committed already");
  expect(
    receipt.dueBy <= now + LONGEST_DUE_SECONDS + CLOCK_SLACK_SECONDS,
    "its epoch is due later than the operator's bond covers",
  );
  return wrong;
}

/** What a storage calls a receipt. */
export function receiptName({ modelId, epoch, sequence }: Receipt): string {
  return `${receiptsPrefix(modelId)}${epoch}/${String(sequence).padStart(6, "0")}`;
}

/** What the names of a model's receipts begin with. */
export const receiptsPrefix = (model: string): string => `receipts/${model.slice(2, 18)}/`;

/** What became of the receipts that an agent holds of an epoch. */
export type EpochCheck = {
  readonly epoch: number;
  readonly held: number;
  /** Receipts that the bundle leaves out: dispute the omission. */
  readonly omitted: readonly Receipt[];
  /** Receipts that stand in the bundle with other contents: two signatures for one request. */
  readonly changed: readonly Receipt[];
  /** For people; one line a finding, or one that says that all is well. */
  readonly lines: readonly string[];
};

/**
 * Looks for held receipts in an epoch's bundle. Throws {@link OtherEpochError} for a bundle of another model
 * or chain. The bundle's own proofs are checked by `verifyBundle`.
 */
export function checkEpochReceipts(
  bundle: EpochBundle,
  counterparty: Pick<Counterparty, "model" | "chainId" | "epochs">,
  receipts: readonly Receipt[],
): EpochCheck {
  if (
    !same(bundle.model.id, counterparty.model) ||
    bundle.chainId !== counterparty.chainId ||
    !same(bundle.contracts.epochs, counterparty.epochs)
  )
    throw new OtherEpochError(bundle.model.id, counterparty.model);
  const mine = receipts.filter(({ epoch }) => epoch === bundle.epoch);
  const listed = new Map(
    bundle.inference.flatMap((batch) => batch.receipts).map((one) => [one.requestId.toLowerCase(), one]),
  );
  const omitted: Receipt[] = [];
  const changed: Receipt[] = [];
  for (const receipt of mine) {
    const there = listed.get(receipt.requestId.toLowerCase());
    if (there === undefined) omitted.push(receipt);
    else if (
      there.leaf !== String(receipt.leaf) ||
      there.feeUnits !== receipt.feeUnits ||
      there.dueBy !== receipt.dueBy ||
      !same(there.payer, receipt.payer)
    )
      changed.push(receipt);
  }
  const lines = [
    ...omitted.map(
      (receipt) =>
        `Receipt ${receipt.sequence} is not in epoch ${bundle.epoch}: dispute omission ${receiptName(receipt)}.json`,
    ),
    ...changed.map(
      (receipt) =>
        `Receipt ${receipt.sequence} says something else in epoch ${bundle.epoch}: dispute equivocation ${receiptName(receipt)}.json`,
    ),
  ];
  if (lines.length === 0)
    lines.push(`All ${mine.length} receipts of epoch ${bundle.epoch} are in its bundle.`);
  return { epoch: bundle.epoch, held: mine.length, omitted, changed, lines };
}

/** The bundle is of something else. */
export class OtherEpochError extends Error {
  override readonly name = "Agent.OtherEpoch";
  constructor(found: string, wanted: string) {
    super(
      `The bundle is of model ${found}, or on another chain, and the receipts are of ${wanted}. Get the right one.`,
    );
  }
}
