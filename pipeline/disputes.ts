/**
 * What an operator stands for, and how it defends itself: the two answers that need the project's secrets.
 *
 * An *omission* is answered with a proof that the receipt's leaf is in a batch of the epoch (circuit
 * `inclusion`); it shows that leaf and nothing else. The *challenge of a batch* of an unproven model is
 * answered with that batch's training proof. Both rebuild their statements from what the project keeps, so
 * they can be made as long as the project folder exists.
 */
import { inclusionWitness, proofWords } from "../prover/index.ts";
import { DISPUTE_KIND, type DisputeView, type ReceiptArgs } from "./chain/types.ts";
import type { Ui } from "./cli/ui.ts";
import { currentModel, type ModelState } from "./commit.ts";
import { proverThreads } from "./environment.ts";
import { proveAll } from "./jobs/proving.ts";
import type { Project } from "./project.ts";
import { proveBatch } from "./prove-training.ts";
import { readReceipts, receiptsFolder } from "./receipt-store.ts";
import type { Receipt } from "./receipts.ts";
import type { Session } from "./session.ts";
import { batchesOf } from "./settle.ts";
import { epochStatements } from "./statements.ts";

/** A receipt as the contract takes it. */
export function receiptArgs(receipt: Receipt): ReceiptArgs {
  const { modelId, unproven, epoch, requestId, payer, feeUnits, leaf, dueBy } = receipt;
  return { modelId, unproven, epoch, requestId, payer, feeUnits, leaf, dueBy };
}

/** A dispute by its number. Throws {@link UnknownDisputeError}. */
export async function disputeById(session: Pick<Session, "contracts">, id: bigint): Promise<DisputeView> {
  const count = await session.contracts.disputeCount();
  if (id < 1n || id > count) throw new UnknownDisputeError(id, count);
  return await session.contracts.disputeOf(id);
}

/**
 * Answers a dispute as the operator. Throws {@link NothingToShowError} where the operator has nothing to
 * answer with, {@link UnknownDisputeError}, {@link DisputeClosedError}.
 */
export async function answerDispute(of: {
  readonly project: Project;
  readonly session: Session;
  readonly ui: Ui;
  readonly id: bigint;
}): Promise<DisputeView> {
  const { project, session, ui, id } = of;
  const dispute = await disputeById(session, id);
  if (!dispute.open) throw new DisputeClosedError(id);
  const model = modelById(project, dispute.model);
  if (DISPUTE_KIND[Number(dispute.kind)] === "batch") {
    await proveBatch({ project, session, model, ui, index: Number(dispute.subject) });
    session.record("answer challenge", await session.contracts.resolveBatch(session.operator, id));
    return await session.contracts.disputeOf(id);
  }
  const epoch = Number(dispute.epoch);
  const receipts = readReceipts(receiptsFolder(project.folder, model.id, epoch));
  const index = receipts.findIndex(({ leaf }) => leaf === dispute.subject);
  if (index < 0) throw new NothingToShowError(epoch);
  const { profile, circuits, keys, contracts } = session;
  const contexts: bigint[] = [];
  for (let batch = 0; batch * profile.queries < receipts.length; batch++)
    contexts.push(await contracts.context(model.id, epoch, batch));
  const statements = await ui.step(`Statements of epoch ${epoch}`, () =>
    epochStatements({
      ...{ model, receipts, profile, secrets: project.secrets },
      context: (batch) => contexts[batch] ?? 0n,
    }),
  );
  const [batch, place] = [Math.floor(index / profile.queries), index % profile.queries];
  const leaves = receipts
    .slice(batch * profile.queries, (batch + 1) * profile.queries)
    .map(({ leaf }) => leaf);
  const { statement, input } = inclusionWitness({ profile, context: contexts[batch] ?? 0n, leaves, place });
  const [proved] = await ui.step("Prove that the receipt is in the epoch", (report) =>
    proveAll({
      provables: [{ label: "inclusion", statement: { circuit: "inclusion", ...statement }, input }],
      ...{ profile, circuits, keys, store: project.store, threads: proverThreads(), report },
    }),
  );
  if (proved === undefined) throw new NothingToShowError(epoch);
  const words = proofWords(proved.proof);
  const mined = await contracts.answerOmission(session.operator, id, batchesOf(statements), batch, words);
  session.record("answer omission", mined);
  return await contracts.disputeOf(id);
}

/** A model that the project has, or had before it was replaced. Throws {@link OtherModelError}. */
export function modelById(project: Project, id: string): ModelState {
  const current = currentModel(project);
  if (current.id === id) return current;
  const earlier = project.readState<ModelState>(`lineage/${id.slice(2, 18)}`);
  if (earlier?.id === id) return earlier;
  throw new OtherModelError(id, project.folder);
}

/** No dispute of that number. */
export class UnknownDisputeError extends Error {
  override readonly name = "Dispute.Unknown";
  constructor(id: bigint, count: bigint) {
    super(`There is no dispute ${id}: ${count} were opened so far. "quittance dispute show" lists them.`);
  }
}

/** The dispute was decided. */
export class DisputeClosedError extends Error {
  override readonly name = "Dispute.Closed";
  constructor(id: bigint) {
    super(`Dispute ${id} is closed; there is nothing more to do about it.`);
  }
}

/** The receipt really was left out. */
export class NothingToShowError extends Error {
  override readonly name = "Dispute.NothingToShow";
  constructor(epoch: number) {
    super(
      `The receipt in question is not among the receipts of epoch ${epoch} in this project, so there is no proof that it is. ` +
        "If it lies in a backup, restore it; otherwise the payer is right.",
    );
  }
}

/** The dispute is about somebody else's model. */
export class OtherModelError extends Error {
  override readonly name = "Dispute.OtherModel";
  constructor(id: string, folder: string) {
    super(`Model ${id} is not of the project in ${folder}. Answer from its operator's project.`);
  }
}
