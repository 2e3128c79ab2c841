/**
 * The books: `deposits = claims + refunds + shares + owed + unspent + pools + carry`, and what the vault
 * holds is deposits less what it paid out. Both are checked here, on exact integers, each time a page is
 * made: a report states a balance because it added it up, never because somebody told it so.
 */
import type { BalanceSheet } from "./data.ts";

/** The outcome: both differences are 0 when every wei is accounted for. */
export type Balance = {
  readonly balances: boolean;
  /** Deposits less everything that became of them. */
  readonly differenceWei: bigint;
  /** What the chain says the contracts hold, less what they should hold. */
  readonly holdingDifferenceWei: bigint;
};

/** Adds a balance sheet up. */
export function balanceOf(sheet: BalanceSheet): Balance {
  const deposits = BigInt(sheet.depositsWei);
  const collected = BigInt(sheet.sharedWei) - BigInt(sheet.uncollectedWei);
  const paidOut = BigInt(sheet.claimsWei) + BigInt(sheet.refundsWei) + collected;
  const held =
    BigInt(sheet.owedWei) + BigInt(sheet.unspentWei) + BigInt(sheet.poolsWei) + BigInt(sheet.carryWei);
  const differenceWei = deposits - paidOut - BigInt(sheet.uncollectedWei) - held;
  const holdingDifferenceWei = BigInt(sheet.contractBalanceWei) - (deposits - paidOut);
  return {
    balances: differenceWei === 0n && holdingDifferenceWei === 0n,
    differenceWei,
    holdingDifferenceWei,
  };
}
