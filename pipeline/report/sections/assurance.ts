/** What holds, and how surely: the claims with their words, and what each word means. */
import { type Assurance, claims, mark, meaning, notProven } from "../assurance.ts";
import type { ReportData } from "../data.ts";
import { type Html, html } from "../html.ts";
import { dataTable, section } from "./parts.ts";

const ORDER: readonly Assurance[] = ["proven", "reproducible", "attested", "governed", "committed"];

/** The table of claims with the legend of its words. */
export function assuranceSection(data: ReportData): Html {
  const all = claims(data);
  const used = ORDER.filter((word) => all.some((claim) => claim.assurance === word));
  return section(
    "assurance",
    "What holds, and how surely",
    "No two kinds of certainty are mixed on this page. Each line says which word holds for it.",
    [
      html`<dl class="legend">${used.map(
        (word) => html`
<div><dt>${mark(word)}${word === "committed" ? ", not yet proven" : undefined}</dt><dd>${meaning(word, data)}</dd></div>`,
      )}
</dl>`,
      dataTable(
        "Claims and their assurance",
        [{ title: "Claim" }, { title: "Word" }],
        all.map(({ claim, assurance, how }) => [
          html`${claim}<br><span class="aside">${how}</span>`,
          mark(assurance),
        ]),
      ),
    ],
  );
}

/** What nobody should conclude from this page. */
export function notProvenSection(data: ReportData): Html {
  return section(
    "not-proven",
    "What is not proven",
    "A proof is only as good as the reader's idea of what it says.",
    html`<ul class="limits">${notProven(data).map(
      (line) => html`
<li>${line}</li>`,
    )}
</ul>`,
  );
}
