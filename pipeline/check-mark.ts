/**
 * How a checked line is marked, wherever it is shown. A file holds only a part of what could be checked: what
 * it does not hold is neither right nor wrong, and must not look as if it had been found right.
 */
import type { Check } from "./verify.ts";

/** ✗ where a line is in doubt, ○ where nothing was there to check, ✓ where it was checked and found right. */
export type CheckMark = "✓" | "○" | "✗";

/** The mark of a line. */
export function checkMark({ ok, assurance, elsewhere }: Omit<Check, "name" | "detail">): CheckMark {
  if (!ok) return "✗";
  return elsewhere === true || assurance === "open" ? "○" : "✓";
}
