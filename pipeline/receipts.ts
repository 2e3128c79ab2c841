/**
 * An operator's receipts on its disk: one file each, by model, epoch and sequence number. What a receipt is,
 * and how anybody checks one, is receipt.ts, which needs no disk.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseReceipt, type Receipt, receiptText } from "./receipt.ts";
import { writeFileAtomic } from "./store.ts";

export * from "./receipt.ts";

/** Where the receipts of one epoch lie. */
export function receiptsFolder(root: string, modelId: string, epoch: number): string {
  return join(root, "receipts", modelId.slice(2, 18), String(epoch));
}

/** Keeps a receipt; it is on the disk when this returns. */
export function keepReceipt(folder: string, receipt: Receipt): string {
  const path = join(folder, `${String(receipt.sequence).padStart(6, "0")}.json`);
  writeFileAtomic(path, receiptText(receipt));
  return path;
}

/**
 * All receipts of a folder, by sequence number. Throws {@link ReceiptFormatError} or {@link ReceiptGapError}.
 */
export function readReceipts(folder: string): Receipt[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder)
    .filter((file) => /^\d+\.json$/.test(file))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  return files.map((file, index) => {
    const receipt = parseReceipt(readFileSync(join(folder, file), "utf8"), join(folder, file));
    if (receipt.sequence !== index) throw new ReceiptGapError(folder, index);
    return receipt;
  });
}

/** A receipt of the epoch is missing. */
export class ReceiptGapError extends Error {
  override readonly name = "Receipt.Gap";
  constructor(folder: string, sequence: number) {
    super(
      `Receipt ${sequence} is missing in ${folder}. Restore it from your backup: its payer holds a copy.`,
    );
  }
}
