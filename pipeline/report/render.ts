/**
 * The report of an epoch: one HTML file that opens anywhere, now and in ten years. It loads nothing: no
 * script, no font, no picture from elsewhere, and a content security policy in the page itself makes the
 * browser hold it to that. Light and dark follow the reader's system; it prints; it reads on a phone and to a
 * screen reader.
 *
 * It is written for two readers at once. A contributor wants to know what came of his data and why; a
 * regulator wants to know what is certain and what is not. So the story comes first, every figure says how
 * sure it is (`assurance.ts`), and whatever a checker needs in full (hashes, signals, signatures) is there to
 * be opened.
 */
import type { ReportData } from "./data.ts";
import { html, trusted } from "./html.ts";
import { POLICY } from "./policy.ts";
import { assuranceSection, notProvenSection } from "./sections/assurance.ts";
import { contributorsSection } from "./sections/contributors.ts";
import { explanationSection } from "./sections/explanation.ts";
import { modelSection } from "./sections/model.ts";
import { gasSection, moneySection } from "./sections/money.ts";
import { proofsSection } from "./sections/proofs.ts";
import { receiptsSection } from "./sections/receipts.ts";
import { runSection } from "./sections/run.ts";
import { masthead } from "./sections/summary.ts";
import { STYLE } from "./style.ts";

const CONTENTS: readonly (readonly [string, string])[] = [
  ["contributors", "Contributors"],
  ["assurance", "What holds"],
  ["model", "Model"],
  ["receipts", "Receipts"],
  ["explained", "Explained"],
  ["proofs", "Proofs"],
  ["money", "Books"],
  ["gas", "Gas"],
  ["run", "Run"],
  ["not-proven", "What is not proven"],
];

/** The page's contents; answers are explained only where the records were at hand. */
function contentsOf({ explanations = [] }: ReportData): readonly (readonly [string, string])[] {
  return CONTENTS.filter(([id]) => id !== "explained" || explanations.length > 0);
}

/**
 * Renders a report as a self-contained HTML document.
 *
 * Pure: the same data gives the same bytes. Throws {@link PictureSizeError} for a picture whose pixels do not
 * fit its size.
 *
 * @example writeFileSync("report.html", renderReport(data));
 */
export function renderReport(data: ReportData): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${data.title} · Quittance</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">To the report</a>
<div class="page">
${masthead(data)}
<nav class="contents" aria-label="Contents"><ul>${contentsOf(data).map(
    ([id, title]) => html`
<li><a href="#${id}">${title}</a></li>`,
  )}
</ul></nav>
<main id="main">
${[
  contributorsSection(data),
  assuranceSection(data),
  modelSection(data),
  receiptsSection(data),
  explanationSection(data.explanations),
  proofsSection(data),
  moneySection(data),
  gasSection(data),
  runSection(data),
  notProvenSection(data),
]}
</main>
<footer>Made by Quittance. This page loads nothing and sends nothing; it is as good offline as online.</footer>
</div>
</body>
</html>
`.html;
}
