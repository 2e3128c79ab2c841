/**
 * The receipts: each question as it was asked, its answer and its fee, with the signature that a payer holds.
 */
import { mark } from "../assurance.ts";
import type { ReceiptFacts, ReportData } from "../data.ts";
import { coins, counted, grouped, shortened } from "../format.ts";
import { type Html, html } from "../html.ts";
import { pictureUri } from "../png.ts";
import { details, facts, hash, section } from "./parts.ts";

/** A slip for each receipt. */
export function receiptsSection(data: ReportData): Html {
  const { receipts, epoch, run } = data;
  const known = receipts.filter((receipt) => receipt.trueLabel !== undefined);
  const right = known.filter((receipt) => receipt.trueLabel === receipt.answer).length;
  return section(
    "receipts",
    "Receipts",
    html`${counted(receipts.length, "question was", "questions were")} asked and paid for${known.length === 0 ? undefined : html`; of ${grouped(known.length)} whose true label is known, ${grouped(right)} were answered correctly`}.
A wrong answer is paid for like a right one, and counted the same way.`,
    [
      html`<ul class="marks">
<li>${mark("proven")} the answer is the committed model's, and the fee is in the epoch's sum</li>
<li>${mark("reproducible")} the features that the model saw are the backbone's, for whoever holds the picture</li>
<li>${mark("attested")} the operator signed each receipt; a payer whose receipt is missing here holds the evidence</li>
</ul>`,
      html`<ol class="receipts" aria-label="Receipts">${receipts.map((receipt) => slip(receipt, epoch.feeUnitWei, run.chain.coin))}
</ol>`,
      html`<p class="note">Amounts at ${coins(epoch.feeUnitWei, run.chain.coin)} a fee unit.</p>`,
    ],
  );
}

function slip(receipt: ReceiptFacts, feeUnitWei: string, coin: string): Html {
  const { number, answer, trueLabel, feeUnits } = receipt;
  const fee = coins(String(BigInt(feeUnits) * BigInt(feeUnitWei)), coin);
  const wrong = trueLabel !== undefined && trueLabel !== answer;
  return html`
<li class="receipt">
<div class="receipt-face">${picture(receipt)}
<p class="receipt-answer"><span class="aside">No. ${number}</span> <strong>answer ${answer}</strong>${wrong ? html` <span class="wrong">truly ${trueLabel}</span>` : undefined}<br>
<span class="aside">${fee}<br>from ${shortened(receipt.payer, 6, 4)}</span></p></div>
${details(
  "Signature and leaf",
  facts([
    ["Request", hash(receipt.requestId)],
    ["Payer", hash(receipt.payer)],
    ["Fee", `${grouped(feeUnits)} units`],
    trueLabel === undefined ? undefined : ["True label", String(trueLabel)],
    ["Answer and fee", html`${mark("proven")} inference proof ${receipt.batch}`],
    ["Leaf", hash(receipt.leaf)],
    ["Signed by the operator", html`${hash(receipt.signature)} ${mark("attested")}`],
  ]),
)}
</li>`;
}

function picture({ number, picture: content }: ReceiptFacts): Html | undefined {
  if (content === undefined) return undefined;
  return html`<img class="question" src="${pictureUri(content)}" width="${content.width}" height="${content.height}" alt="The picture asked about in receipt ${number}">`;
}
