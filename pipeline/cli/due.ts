/** The line that reminds an operator of what is due, on standard error. */
import { type Due, dueText } from "../due.ts";
import type { Ui } from "./ui.ts";

/**
 * Says what is due first, if anything is, and what to do about it.
 *
 * @param now seconds on the chain's clock
 */
export function tellDue(
  due: Due | undefined,
  { now, folder, ui }: { readonly now: number; readonly folder: string; readonly ui: Pick<Ui, "line"> },
): void {
  if (due === undefined) return;
  const late = due.dueBy < now ? "OVERDUE: " : "";
  ui.line(`  ${late}${dueText(due)}: quittance settle --project ${folder}`);
}
