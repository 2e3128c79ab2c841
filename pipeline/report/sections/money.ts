/** The money: the books to the wei, and the gas that each call used. */
import { balanceOf } from "../balance.ts";
import type { ReportData } from "../data.ts";
import { figure, grouped, signed } from "../format.ts";
import { type Html, html } from "../html.ts";
import { dataTable, section } from "./parts.ts";
import { verdict } from "./summary.ts";

/** Balance sheet and accuracy of the split. */
export function moneySection({ balance: sheet, epoch }: ReportData): Html {
  const balance = balanceOf(sheet);
  return section(
    "money",
    "The books",
    "Everything that payers ever deposited, and what became of it. The sum is made here, from what the chain says.",
    [
      dataTable(
        "Balance sheet, in wei",
        [{ title: "Item" }, { title: "In", numeric: true }, { title: "Became of it", numeric: true }],
        [
          ["Deposited by payers", grouped(sheet.depositsWei), ""],
          ["Claimed by contributors", "", grouped(sheet.claimsWei)],
          ["To treasury, operator and validators", "", grouped(sheet.sharedWei)],
          ["Refunded to payers", "", grouped(sheet.refundsWei)],
          ["Earned and not yet claimed", "", grouped(sheet.owedWei)],
          ["Deposited and not yet spent", "", grouped(sheet.unspentWei)],
          ["In epochs that are not settled yet", "", grouped(sheet.poolsWei)],
          ["Carried to the next epoch", "", grouped(sheet.carryWei)],
        ],
        ["Sum", grouped(sheet.depositsWei), grouped(BigInt(sheet.depositsWei) - balance.differenceWei)],
      ),
      verdict(balance),
      html`<p>According to the chain, the vault holds ${grouped(sheet.contractBalanceWei)} wei, ${grouped(sheet.uncollectedWei)} of it shares that nobody has collected yet:
${balance.holdingDifferenceWei === 0n ? "deposits less all that it paid out, exactly." : html`<strong>${signed(Number(balance.holdingDifferenceWei))} wei off deposits less all that it paid out.</strong>`}</p>`,
      epoch.payoutL1Error === undefined
        ? undefined
        : html`<p>The integer payouts differ from the same payouts computed in double precision by
${figure(epoch.payoutL1Error)} of the pool in all.</p>`,
    ],
  );
}

/** Gas per kind of call. */
export function gasSection({ gas }: ReportData): Html {
  const total = gas.reduce((sum, call) => sum + call.totalGas, 0);
  return section(
    "gas",
    "Gas",
    "What the calls of this run used on the chain, deployment included where it was part of the run.",
    dataTable(
      "Gas per call",
      [
        { title: "Call" },
        { title: "Calls", numeric: true },
        { title: "Gas a call", numeric: true },
        { title: "Gas in all", numeric: true },
      ],
      gas.map((call) => [
        html`<code>${call.call}</code>`,
        grouped(call.calls),
        grouped(Math.round(call.totalGas / Math.max(1, call.calls))),
        grouped(call.totalGas),
      ]),
      ["Together", grouped(gas.reduce((sum, call) => sum + call.calls, 0)), "", grouped(total)],
    ),
  );
}
