/**
 * Seals an epoch: from one atomic write on, new receipts belong to the next. What the epoch's journal holds
 * of vouchers is written into the book before.
 */
import { checkpointVouchers, type VoucherBook } from "./payments/book.ts";
import type { Project } from "./project.ts";
import { openEpoch, readReceipts, receiptsFolder } from "./receipt-store.ts";
import type { Receipt } from "./receipts.ts";

/** What the project knows of a sealed epoch. */
export type EpochState = { readonly epoch: number; readonly receipts: number; readonly settled: boolean };

/** A sealed epoch. */
export type SealedEpoch = {
  readonly epoch: number;
  readonly receipts: readonly Receipt[];
  readonly stateName: string;
};

/**
 * Seals the open epoch, or finds the sealed one that is not settled. Throws {@link NothingToSettleError},
 * {@link ReceiptsChangedError}.
 */
export function sealEpoch(project: Project, model: { readonly id: string }): SealedEpoch {
  const prefix = `epochs/${model.id.slice(2, 18)}`;
  const open = openEpoch(project, model);
  const [unfinished] = unsettledEpochs(project, model, open);
  const epoch = unfinished?.epoch ?? open;
  const receipts = readReceipts(receiptsFolder(project.folder, model.id, epoch));
  const stateName = `${prefix}/${epoch}`;
  if (receipts.length === 0) throw new NothingToSettleError(project.folder);
  if (unfinished !== undefined && unfinished.receipts !== receipts.length) {
    throw new ReceiptsChangedError(epoch, unfinished.receipts, receipts.length);
  }
  if (unfinished === undefined) {
    checkpointVouchers(project, model.id);
    project.writeState(stateName, { epoch, receipts: receipts.length, settled: false });
  }
  return { epoch, receipts, stateName };
}

/**
 * Seals the open epoch while earlier ones wait to be settled: it is full, and answers go on.
 * `receipts` and `vouchers` are what the epoch's journal holds, for whoever has them in memory.
 */
export function sealFull(
  project: Project,
  model: { readonly id: string },
  of: { readonly receipts: number; readonly vouchers: VoucherBook },
): void {
  const epoch = openEpoch(project, model);
  checkpointVouchers(project, model.id, of.vouchers);
  project.writeState(`epochs/${model.id.slice(2, 18)}/${epoch}`, {
    ...{ epoch, receipts: of.receipts, settled: false },
  });
}

/**
 * The epochs that are sealed and not settled, in order. They are settled in order, so they are the last ones
 * before the `open` one, and older ones need not be looked at.
 */
export function unsettledEpochs(
  project: Project,
  model: { readonly id: string },
  open = openEpoch(project, model),
): EpochState[] {
  const found: EpochState[] = [];
  for (let epoch = open - 1; epoch > 0; epoch--) {
    const state = project.readState<EpochState>(`epochs/${model.id.slice(2, 18)}/${epoch}`);
    if (state === undefined || state.settled) break;
    found.unshift(state);
  }
  return found;
}

/** How many epochs are sealed and not settled. */
export function waitingEpochs(project: Project, model: { readonly id: string }, open?: number): number {
  return unsettledEpochs(project, model, open).length;
}

/** There are no receipts. */
export class NothingToSettleError extends Error {
  override readonly name = "Settle.Nothing";
  constructor(folder: string) {
    super(
      `The open epoch of ${folder} has no receipts. Answer paid queries first: quittance infer --project ${folder} --data FILE`,
    );
  }
}

/** A sealed epoch's receipts are not what they were. */
export class ReceiptsChangedError extends Error {
  override readonly name = "Settle.ReceiptsChanged";
  constructor(epoch: number, sealed: number, found: number) {
    super(
      `Epoch ${epoch} was sealed with ${sealed} receipts and ${found} are there now. Restore the receipts folder from your backup.`,
    );
  }
}
