/**
 * Charts that are tables. Each row carries its own small drawing beside the number it draws, so that a screen
 * reader, a printout and a phone get the same figures as a wide screen, and nothing needs a script. The
 * drawings stretch with the column (`preserveAspectRatio="none"`), strokes do not (`vector-effect`); a dot is
 * a stroke of no length with round ends.
 *
 * Explicit table roles stand on every element because the phone layout turns rows into grids, and browsers
 * forget a table's meaning when its `display` changes.
 */
import { type Html, html } from "./html.ts";

/** One row: what it is called, the numbers to draw, and the text that states them. */
export type ChartRow = {
  readonly label: Html;
  readonly values: readonly [number, ...number[]];
  readonly text: Html | string;
};

/** A chart with the sentences that introduce it; `columns` head the label and the stated value. */
export type Chart = {
  readonly id: string;
  readonly title: string;
  readonly about: Html;
  readonly columns: readonly [string, string];
  readonly rows: readonly ChartRow[];
  readonly key?: Html;
};

const MAX_ROWS = 60;

/** Bars from zero to both sides: values[0] is drawn, negative ones to the left in the other colour. */
export function divergingBars(chart: Chart): Html {
  const values = chart.rows.map((row) => row.values[0]);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const scale = (value: number): number => position(value, low, high);
  const zero = scale(0);
  return layout(chart, (row) => {
    const end = scale(row.values[0]);
    const kind = row.values[0] < 0 ? "negative" : "positive";
    return drawing(html`<rect class="bar ${kind}" x="${point(Math.min(zero, end))}" y="1.5"
      width="${point(Math.abs(end - zero))}" height="7"/><line class="axis" x1="${point(zero)}" x2="${point(zero)}" y1="-2.5"
      y2="12.5" vector-effect="non-scaling-stroke"/>`);
  });
}

/** Two dots on one scale from zero, joined: values[0] hollow (before), values[1] filled (after). */
export function dumbbells(chart: Chart): Html {
  const high = Math.max(1e-9, ...chart.rows.flatMap((row) => row.values));
  return layout(chart, ({ values: [before, after = before] }) => {
    const [from, to] = [position(before, 0, high), position(after, 0, high)];
    const kind = after >= before ? "positive" : "negative";
    return drawing(html`<line class="axis" x1="0" x2="0" y1="-2.5" y2="12.5" vector-effect="non-scaling-stroke"/>
      <line class="join ${kind}" x1="${point(from)}" x2="${point(to)}" y1="5" y2="5" vector-effect="non-scaling-stroke"/>
      <path class="dot" d="M${point(from)} 5h0.001" vector-effect="non-scaling-stroke"/>
      <path class="dot hollow" d="M${point(from)} 5h0.001" vector-effect="non-scaling-stroke"/>
      <path class="dot ${kind}" d="M${point(to)} 5h0.001" vector-effect="non-scaling-stroke"/>`);
  });
}

function layout(chart: Chart, draw: (row: ChartRow) => Html): Html {
  const shown = chart.rows.slice(0, MAX_ROWS);
  const left = chart.rows.length - shown.length;
  return html`<figure class="chart" role="group" aria-labelledby="${chart.id}-title" aria-describedby="${chart.id}-about">
  <figcaption><h3 id="${chart.id}-title">${chart.title}</h3><p id="${chart.id}-about">${chart.about}</p>${chart.key}</figcaption>
  <table class="bars" role="table" aria-labelledby="${chart.id}-title">
    <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">${chart.columns[0]}</th>
      <td role="cell" aria-hidden="true"></td><th role="columnheader" scope="col">${chart.columns[1]}</th></tr></thead>
    <tbody role="rowgroup">${shown.map(
      (row) => html`
      <tr role="row"><th role="rowheader" scope="row">${row.label}</th>
        <td role="cell" class="plot" aria-hidden="true">${draw(row)}</td><td role="cell" class="num">${row.text}</td></tr>`,
    )}
    </tbody>
  </table>${left > 0 ? html`<p class="note">${left} more are in the table below.</p>` : undefined}
</figure>`;
}

function drawing(content: Html): Html {
  return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" focusable="false">${content}</svg>`;
}

function position(value: number, low: number, high: number): number {
  return high === low ? 0 : ((value - low) / (high - low)) * 100;
}

/** A coordinate with two decimals: enough for a hundredth of a percent, and the page stays small. */
function point(value: number): string {
  return String(Number(value.toFixed(2)));
}
