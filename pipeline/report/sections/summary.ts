/** The top of the page: what happened, in a few sentences and on one slip that adds up. */
import { type Balance, balanceOf } from "../balance.ts";
import type { ReportData } from "../data.ts";
import { coins, counted, grouped, instant, percent, shareOf } from "../format.ts";
import { type Html, html, type Part } from "../html.ts";

/** Title, date and the slip. */
export function masthead(data: ReportData): Html {
  return html`
<header class="masthead">
<p class="brand"><span class="brand-name">Quittance</span> <span class="brand-word">a receipt, and the release from a debt that it proves</span></p>
<h1>${data.title}</h1>
<p class="dateline">${instant(data.run.when)}${data.demonstration ? html` · <strong>demonstration</strong>: real data and real proofs, made-up people and play money` : undefined}</p>
</header>
<div class="opening">
<div class="story">${story(data)}</div>
${slip(data)}
</div>`;
}

function story(data: ReportData): readonly Html[] {
  const { contributors, receipts, proofs, model, run, epoch } = data;
  const paid = contributors.filter((contributor) => BigInt(contributor.payoutWei) > 0n);
  const samples = contributors.reduce((sum, contributor) => sum + contributor.samples, 0);
  const accuracy =
    model.accuracy === undefined
      ? undefined
      : html` It answers ${percent(model.accuracy, 2)} of ${model.testSamples === undefined ? "its test samples" : counted(model.testSamples, "test sample", "test samples")} correctly.`;
  const mislabelled = contributors.filter((contributor) => contributor.labelsAtRandom);
  return [
    html`<p>${counted(contributors.length, "contributor", "contributors")} brought
${counted(samples, "sample", "samples")} to the datanet “${data.datanet.name}”, and one model was fitted to them.${accuracy}
${counted(receipts.length, "question", "questions")} were then asked and paid for.</p>`,
    html`<p>The people whose data shaped those answers are owed the fees. ${counted(proofs.length, "zero-knowledge proof", "zero-knowledge proofs")},
checked by a contract (${run.chain.name}), fixed what each of them is owed:
<strong>${grouped(paid.length)} of ${counted(contributors.length, "contributor", "contributors")} share
${coins(epoch.earningsWei, run.chain.coin)}</strong>${sharesStory(data)}.</p>`,
    ...(mislabelled.length === 0 ? [] : [mislabelledStory(data)]),
  ];
}

/** Who else has a part of the fees, by governance. */
function sharesStory({ epoch }: ReportData): string {
  const names = {
    protocol: "the treasury",
    developer: "the operator",
    validators: "the validators",
  } as const;
  const parts = epoch.shares.filter(({ bps }) => bps > 0);
  if (parts.length === 0) return "";
  const list = parts.map(({ who, bps }) => `${percent(bps / 10_000)} of the fees to ${names[who]}`);
  return `, after ${list.join(", ")}`;
}

function mislabelledStory({ contributors, epoch, run }: ReportData): Html {
  const group = contributors.filter((contributor) => contributor.labelsAtRandom);
  const got = group.reduce((sum, contributor) => sum + BigInt(contributor.payoutWei), 0n);
  const held = group.reduce((sum, contributor) => sum + contributor.samples, 0);
  const all = contributors.reduce((sum, contributor) => sum + contributor.samples, 0);
  const names = group.map((contributor) => contributor.name).join(" and ");
  return html`<p>In this demonstration ${names} hold ${percent(held / Math.max(1, all))} of the samples with labels
drawn at random. Nothing in the computation knows that. They receive
<strong>${got === 0n ? "nothing" : coins(String(got), run.chain.coin)}</strong>${got === 0n ? undefined : html` (${percent(shareOf(got, BigInt(epoch.earningsWei)))} of what contributors share)`}.</p>`;
}

function slip(data: ReportData): Html {
  const { epoch, contributors } = data;
  const payouts = contributors.reduce((sum, contributor) => sum + BigInt(contributor.payoutWei), 0n);
  const fees = BigInt(epoch.poolWei) - BigInt(epoch.carryInWei);
  const shared = BigInt(epoch.poolWei) - BigInt(epoch.earningsWei);
  const balance = balanceOf(data.balance);
  const line = (label: string, value: Part): Html =>
    html`<div class="slip-line"><dt>${label}</dt><dd>${value}</dd></div>`;
  return html`<aside class="slip" aria-label="The epoch in figures">
<p class="slip-head">Epoch ${epoch.number} <span>amounts in wei</span></p>
<dl>
${line("Answers paid for", grouped(data.receipts.length))}
${line("Fees", grouped(fees))}
${BigInt(epoch.carryInWei) > 0n ? line("Carried in", grouped(epoch.carryInWei)) : undefined}
${line("To contributors", grouped(payouts))}
${shared > 0n ? line("To treasury, operator, validators", grouped(shared)) : undefined}
${line("Carried on", grouped(epoch.carryOutWei))}
${line("Proofs accepted", grouped(data.proofs.length))}
</dl>
${verdict(balance)}
</aside>`;
}

/** Whether the books balance, said loudly either way. */
export function verdict(balance: Balance): Html {
  const off = balance.differenceWei === 0n ? balance.holdingDifferenceWei : balance.differenceWei;
  return balance.balances
    ? html`<p class="verdict good"><span aria-hidden="true">✓</span> Every wei is accounted for</p>`
    : html`<p class="verdict bad"><span aria-hidden="true">✗</span> The books are off by ${grouped(off)} wei</p>`;
}
