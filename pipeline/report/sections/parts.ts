/** Pieces that several sections share: headings, tables that scroll on a phone, hashes, lists of facts. */
import { type Html, html, type Part } from "../html.ts";

/** A section with an anchor; `lead` is the sentence or two that says what is to be seen. */
export function section(id: string, title: string, lead: Part, body: Part): Html {
  return html`
<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${title}</h2>
<p class="lead">${lead}</p>
${body}
</section>`;
}

/** A column: its title, and whether it holds numbers, which stand to the right in equal-width digits. */
export type Column = { readonly title: string; readonly numeric?: boolean };

/**
 * A table with a caption, headed columns and rows; the first cell of a row heads it. Wide ones scroll by
 * themselves.
 */
export function dataTable(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Part[])[],
  total?: readonly Part[],
): Html {
  const cells = (row: readonly Part[]): readonly Html[] =>
    row.map((cell, index) => {
      if (index === 0) return html`<th scope="row">${cell}</th>`;
      return columns[index]?.numeric ? html`<td class="num">${cell}</td>` : html`<td>${cell}</td>`;
    });
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table class="data">
<caption>${caption}</caption>
<thead><tr>${columns.map((column) =>
    column.numeric
      ? html`<th scope="col" class="num">${column.title}</th>`
      : html`<th scope="col">${column.title}</th>`,
  )}</tr></thead>
<tbody>${rows.map(
    (row) => html`
<tr>${cells(row)}</tr>`,
  )}
</tbody>${
    total === undefined
      ? undefined
      : html`
<tfoot><tr>${cells(total)}</tr></tfoot>`
  }
</table></div>`;
}

/** A long value in full, broken where the line ends. */
export function hash(value: string): Html {
  return html`<code class="hash">${value}</code>`;
}

/** Terms and their values, the terms to the left where there is room. */
export function facts(entries: readonly (readonly [string, Part] | undefined)[]): Html {
  const present = entries.filter((entry) => entry !== undefined);
  return html`<dl class="facts">${present.map(
    ([term, value]) => html`
<div><dt>${term}</dt><dd>${value}</dd></div>`,
  )}
</dl>`;
}

/** Something to open for those who want every digit. Printed pages show those of the proofs open. */
export function details(summary: Part, body: Part): Html {
  return html`<details><summary>${summary}</summary>
${body}
</details>`;
}
