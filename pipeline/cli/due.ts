/** The line that reminds an operator of what is due, on standard error. */
import { type Clock, type Due, dueText } from "../due.ts";
import type { Ui } from "./ui.ts";

/**
 * Says what is due first, if anything is, and what to do about it.
 *
 * @param clock what the date is held against; where it is not the chain's, the line says so
 */
export function tellDue(
  due: Due | undefined,
  { clock, folder, ui }: { readonly clock: Clock; readonly folder: string; readonly ui: Pick<Ui, "line"> },
): void {
  if (due === undefined) return;
  const by = clock.of === "chain" ? "" : " by this machine's clock";
  const late = due.dueBy < clock.seconds ? `OVERDUE${by}: ` : "";
  ui.line(`  ${late}${dueText(due)}: quittance settle --project ${folder}`);
}
