/**
 * Bars from zero to both sides, one a row, each with its name and its figure: the drawing is beside the text
 * that states it, so a screen reader, a phone and a wide screen get the same. A row is a link; what there is
 * to say beyond its figure stands in a note that appears under the pointer and under the keyboard's focus
 * alike, and Escape puts it away. The same figures are in a table below, for those who would rather read.
 *
 * Hundreds of rows are too many to look at: the first and the last are shown, the rest on demand.
 */
import type { ComponentChildren, JSX } from "preact";
import { useId, useState } from "preact/hooks";

/** A row: where it leads, what it is called, what is drawn, and the text that states it. */
export type Bar = {
  readonly key: string;
  readonly name: ComponentChildren;
  readonly href: string;
  readonly value: number;
  readonly text: ComponentChildren;
  /** What the note says. */
  readonly note: ComponentChildren;
};

const FIRST = 14;
const LAST = 6;

/** Diverging bars with the sentences that introduce them. */
export function DivergingBars(of: {
  readonly title: string;
  readonly about: ComponentChildren;
  readonly bars: readonly Bar[];
  /** The same as a table. */
  readonly table?: ComponentChildren;
  readonly empty?: string;
}): JSX.Element {
  const { title, about, bars, table, empty = "Nothing to draw yet." } = of;
  const id = useId();
  const [all, setAll] = useState(false);
  const few = all || bars.length <= FIRST + LAST + 4;
  const values = bars.map(({ value }) => value);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const at = (value: number): number => (high === low ? 0 : ((value - low) / (high - low)) * 100);
  const row = (bar: Bar): JSX.Element => <Row key={bar.key} bar={bar} at={at} zero={at(0)} />;
  return (
    <figure class="chart" aria-labelledby={`${id}-title`}>
      <figcaption>
        <h3 id={`${id}-title`}>{title}</h3>
        <p>{about}</p>
      </figcaption>
      {bars.length === 0 && <p class="quiet">{empty}</p>}
      <ol class="bars">
        {(few ? bars : bars.slice(0, FIRST)).map(row)}
        {!few && (
          <li class="bars-more">
            <button type="button" class="plain" onClick={() => setAll(true)}>
              Show the {bars.length - FIRST - LAST} between
            </button>
          </li>
        )}
        {!few && bars.slice(-LAST).map(row)}
      </ol>
      {table !== undefined && bars.length > 0 && (
        <details>
          <summary>The same as a table</summary>
          {table}
        </details>
      )}
    </figure>
  );
}

function Row(of: {
  readonly bar: Bar;
  readonly at: (value: number) => number;
  readonly zero: number;
}): JSX.Element {
  const { bar, at, zero } = of;
  const id = useId();
  const [away, setAway] = useState(false);
  const end = at(bar.value);
  const show = (): void => setAway(false);
  return (
    <li class={away ? "bar-away" : undefined} onMouseLeave={show}>
      <a
        class="bar-row"
        href={bar.href}
        aria-describedby={id}
        onBlur={show}
        onKeyDown={({ key }) => {
          if (key === "Escape") setAway(true);
        }}
      >
        <span class="bar-name">{bar.name}</span>
        <svg
          class="bar-plot"
          viewBox="0 0 100 10"
          preserveAspectRatio="none"
          aria-hidden="true"
          focusable="false"
        >
          <rect
            class={bar.value < 0 ? "bar negative" : "bar positive"}
            x={round(Math.min(zero, end))}
            y="1"
            width={round(Math.abs(end - zero))}
            height="8"
          />
          <line class="axis" x1={round(zero)} x2={round(zero)} y1="-4" y2="14" />
        </svg>
        <span class="bar-text">{bar.text}</span>
      </a>
      <span class="bar-note" role="tooltip" id={id}>
        {bar.note}
      </span>
    </li>
  );
}

const round = (value: number): number => Math.round(value * 100) / 100;
