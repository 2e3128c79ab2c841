/** Receipts, by their earlier name: receipt.ts says what one is, receipt-store.ts where an operator keeps them. */
export * from "./receipt.ts";
