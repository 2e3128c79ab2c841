/**
 * What an open model needs of what was answered before: the receipts of the epochs that are not on chain.
 *
 * From them it knows what payers owe beyond what the chain has charged, when the next epoch is due, and the
 * number of the next receipt; each is looked up in the index of requests as well. Committed epochs are
 * charged, due no more and closed, so their journals are not read: there are more of them every day.
 */
import { openBackbone } from "./backbone/backbone.ts";
import type { ModelState } from "./commit.ts";
import { openDues } from "./due.ts";
import { readVouchers } from "./payments/book.ts";
import { openLedger } from "./payments/ledger.ts";
import type { Project } from "./project.ts";
import { keptBackbone } from "./project-backbone.ts";
import {
  openEpoch,
  openReceiptStore,
  placedReceipts,
  type ReceiptStore,
  receiptsFolder,
} from "./receipt-store.ts";
import type { Receipt } from "./receipts.ts";
import type { RequestIndex } from "./request-index.ts";
import type { Session } from "./session.ts";

/**
 * Opens the books of a project's model. Throws JournalDamagedError, ReceiptGapError, KeyValueError, and what
 * the chain and the backbone throw.
 */
export async function openBooks(of: {
  readonly project: Project;
  readonly session: Session;
  readonly model: ModelState;
  readonly index: RequestIndex;
  readonly notice: (text: string) => void;
}) {
  const { project, session, model, index, notice } = of;
  const folderOf = (epoch: number): string => receiptsFolder(project.folder, model.id, epoch);
  const storeOf = (epoch: number, known?: number): Promise<ReceiptStore> =>
    openReceiptStore(folderOf(epoch), notice, known);
  const committed = await session.contracts.epochCount(model.id);
  const epoch = openEpoch(project, model);
  const owed: Pick<Receipt, "payer" | "feeUnits" | "epoch" | "dueBy">[] = [];
  let count: number | undefined;
  for (let open = committed + 1; open <= epoch; open++) {
    const placed = placedReceipts(folderOf(open));
    index.check(
      folderOf(open),
      placed.map(({ receipt, place }) => ({ requestId: receipt.requestId, place })),
    );
    for (const { receipt } of placed) {
      const { payer, feeUnits, dueBy } = receipt;
      owed.push({ payer, feeUnits, epoch: receipt.epoch, dueBy });
    }
    count = placed.length;
  }
  const store = await storeOf(epoch, count);
  try {
    return {
      ...{ epoch, store, storeOf },
      ledger: openLedger({ session, model, receipts: owed }),
      dues: openDues(owed),
      book: new Map(readVouchers(project, model.id)),
      backbone: await openBackbone(keptBackbone(project, model.backbone)),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
