/**
 * The operator's book of vouchers: the best one of each payer of a model, kept in the project's state.
 *
 * A voucher is cumulative, so only the last one matters. It is on the disk before its answer leaves: an
 * answer whose voucher was lost would have been given away.
 */
import type { Project } from "../project.ts";
import type { SignedVoucher } from "./vouchers.ts";

/** The best voucher of each payer (address in lower case). */
export type VoucherBook = ReadonlyMap<string, SignedVoucher>;

/** Reads the book of a model; empty before the first voucher. */
export function readVouchers(project: Project, modelId: string): VoucherBook {
  const kept = project.readState<readonly SignedVoucher[]>(nameOf(modelId)) ?? [];
  return new Map(kept.map((voucher) => [voucher.payer.toLowerCase(), voucher]));
}

/** Adds vouchers to the book; one that says less than what is there adds nothing. */
export function keepVouchers(project: Project, modelId: string, vouchers: readonly SignedVoucher[]): void {
  const book = new Map(readVouchers(project, modelId));
  for (const voucher of vouchers) {
    const payer = voucher.payer.toLowerCase();
    if ((book.get(payer)?.cumulative ?? -1n) < voucher.cumulative) book.set(payer, voucher);
  }
  project.writeState(
    nameOf(modelId),
    [...book.values()].map((voucher) => ({ ...voucher })),
  );
}

function nameOf(modelId: string): string {
  return `vouchers/${modelId.slice(2, 18)}`;
}
