/**
 * The receipt of a request, by its number.
 *
 * The index of requests says where it is, and the line there whether that is true. A command that only reads
 * does without the index where another process has it open, and reads every journal: slower, and never wrong.
 */
import type { Project } from "./project.ts";
import { type AnswerPlace, placedReceipts, readAnswer, receiptFolders } from "./receipt-store.ts";
import type { Receipt } from "./receipts.ts";
import { openRequestIndex } from "./request-index.ts";

/** The receipt of a request, by the place that the index gave. Throws {@link RequestIndexError}. */
export function receiptAt(requestId: string, place: AnswerPlace): Receipt {
  const { receipt } = readAnswer(place);
  if (receipt.requestId.toLowerCase() === requestId.toLowerCase()) return receipt;
  throw new RequestIndexError(requestId, place.folder);
}

/**
 * The receipt of a request, of any model and epoch; without the index, where that is open elsewhere or does
 * not know it, by reading every journal. Throws {@link ReceiptUnknownError}.
 */
export async function receiptOfRequest(project: Project, requestId: string): Promise<Receipt> {
  const index = await openRequestIndex(project).catch(() => undefined);
  try {
    const place = index?.find(requestId);
    if (place !== undefined) return receiptAt(requestId, place);
  } finally {
    await index?.close();
  }
  for (const folder of receiptFolders(project)) {
    const found = placedReceipts(folder).find(
      ({ receipt }) => receipt.requestId.toLowerCase() === requestId.toLowerCase(),
    );
    if (found !== undefined) return found.receipt;
  }
  throw new ReceiptUnknownError(requestId, project.folder);
}

/** No answer of this number was given. */
export class ReceiptUnknownError extends Error {
  override readonly name = "Receipt.Unknown";
  constructor(requestId: string, folder: string) {
    super(
      `The project in ${folder} has answered no request ${requestId}. Check the number, or name the receipt's file.`,
    );
  }
}

/** A journal was changed under the index. */
export class RequestIndexError extends Error {
  override readonly name = "RequestIndex.Stale";
  constructor(requestId: string, folder: string) {
    super(
      `A journal in ${folder} was changed: request ${requestId} is not where it was. End what answers, delete the project's folder "cache", and start again.`,
    );
  }
}
