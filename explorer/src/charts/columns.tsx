/** Small columns over time, one an epoch; each a link that says its figure. */
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

/** A column. `label` is what is read aloud and shown on the pointer. */
export type Column = {
  readonly key: string;
  readonly href: string;
  readonly value: number;
  readonly name: string;
  readonly label: string;
};

/** Columns from zero, the oldest to the left. */
export function Columns(of: {
  readonly title: string;
  readonly about?: ComponentChildren;
  readonly columns: readonly Column[];
}): JSX.Element {
  const { title, about, columns } = of;
  const id = useId();
  const most = Math.max(...columns.map(({ value }) => value), Number.MIN_VALUE);
  return (
    <figure class="chart" aria-labelledby={id}>
      <figcaption>
        <h3 id={id}>{title}</h3>
        {about !== undefined && <p>{about}</p>}
      </figcaption>
      <ol class="columns">
        {columns.map(({ key, href, value, name, label }) => (
          <li key={key}>
            <a href={href} title={label}>
              <svg viewBox="0 0 10 100" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <rect
                  class={value > 0 ? "bar positive" : "bar none"}
                  x="0"
                  y={100 - (value / most) * 100}
                  width="10"
                  height={Math.max((value / most) * 100, 1)}
                />
              </svg>
              <span aria-hidden="true">{name}</span>
              <span class="sr">{label}</span>
            </a>
          </li>
        ))}
      </ol>
    </figure>
  );
}
