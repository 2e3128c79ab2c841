/**
 * The operator's book of vouchers: the best one of each payer of a model.
 *
 * A voucher is cumulative, so only the last one matters. It is on the disk before its answer leaves, in the
 * same line of the open epoch's journal: an answer whose voucher was lost would have been given away. When
 * the epoch is sealed, the book is written into the project's state first, so that journals of sealed epochs
 * need not be read for it.
 */
import type { Project } from "../project.ts";
import { openEpoch, readBatches, receiptsFolder } from "../receipt-store.ts";
import type { Plain } from "../store.ts";
import type { SignedVoucher } from "./vouchers.ts";

/** The best voucher of each payer (address in lower case). */
export type VoucherBook = ReadonlyMap<string, SignedVoucher>;

/** Reads the book of a model; empty before the first voucher. */
export function readVouchers(project: Project, modelId: string): VoucherBook {
  const kept = project.readState<readonly SignedVoucher[]>(nameOf(modelId)) ?? [];
  const book = new Map<string, SignedVoucher>();
  enter(book, kept);
  const open = receiptsFolder(project.folder, modelId, openEpoch(project, { id: modelId }));
  for (const { vouchers } of readBatches(open)) enter(book, vouchers);
  return book;
}

/** Enters vouchers into a book; one that says less than what is there changes nothing. */
export function enter(book: Map<string, SignedVoucher>, vouchers: readonly SignedVoucher[]): void {
  for (const voucher of vouchers) {
    const payer = voucher.payer.toLowerCase();
    if ((book.get(payer)?.cumulative ?? -1n) < voucher.cumulative) book.set(payer, voucher);
  }
}

/** Writes the book as it stands into the project's state; `book` spares reading it again. */
export function checkpointVouchers(
  project: Project,
  modelId: string,
  book: VoucherBook = readVouchers(project, modelId),
): void {
  if (book.size > 0) project.writeState(nameOf(modelId), [...book.values()] as Plain);
}

function nameOf(modelId: string): string {
  return `vouchers/${modelId.slice(2, 18)}`;
}
