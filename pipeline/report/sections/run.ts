/** The run: where, with what and how long, so that somebody else can do it again. */
import { divergingBars } from "../charts.ts";
import type { ReportData } from "../data.ts";
import { duration, instant } from "../format.ts";
import { type Html, html } from "../html.ts";
import { facts, hash, section } from "./parts.ts";

/** Machine, versions, contracts and the time each step took. */
export function runSection({ run, epoch }: ReportData): Html {
  const seconds = run.steps.reduce((sum, step) => sum + step.seconds, 0);
  return section("run", "The run", "A figure without its machine cannot be compared with anything.", [
    facts([
      ["When", instant(run.when)],
      ["Machine", run.machine],
      ["Commit", hash(run.commit)],
      ["Circuit profile", run.profile],
      ["Proving keys", run.keys === "local" ? "local, for development only" : "from a ceremony"],
      ["Chain", html`${run.chain.name}, chain id ${run.chain.chainId}`],
      ...run.chain.contracts.map(
        (contract) => [`Contract ${contract.name}`, hash(contract.address)] as const,
      ),
      epoch.settleTxHash === undefined || epoch.settleTxHash === ""
        ? undefined
        : ["Settled in transaction", hash(epoch.settleTxHash)],
    ]),
    divergingBars({
      id: "steps",
      title: "Time for each step",
      about: html`${duration(seconds)} in all.`,
      columns: ["Step", "Time"],
      rows: run.steps.map((step) => ({
        label: html`${step.title}`,
        values: [step.seconds] as const,
        text: duration(step.seconds),
      })),
    }),
  ]);
}
