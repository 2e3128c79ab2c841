/**
 * A whole and its parts: one bar cut into pieces, and beneath it the list that names each piece with its
 * figure. The list is the chart for whoever does not see the bar; patterns besides colours tell pieces apart.
 */
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { percent } from "../ui/values.tsx";

/** A piece. `share` is 0 to 1. */
export type Piece = {
  readonly key: string;
  readonly name: ComponentChildren;
  readonly share: number;
  readonly text: ComponentChildren;
};

/** Draws the pieces in order. */
export function PartsBar(of: {
  readonly title: string;
  readonly about?: ComponentChildren;
  readonly pieces: readonly Piece[];
}): JSX.Element {
  const { title, about, pieces } = of;
  const id = useId();
  let from = 0;
  const placed = pieces.map((piece) => {
    const start = from;
    from += piece.share;
    return { ...piece, start };
  });
  return (
    <figure class="chart" aria-labelledby={id}>
      <figcaption>
        <h3 id={id}>{title}</h3>
        {about !== undefined && <p>{about}</p>}
      </figcaption>
      <svg
        class="parts-bar"
        viewBox="0 0 100 10"
        preserveAspectRatio="none"
        aria-hidden="true"
        focusable="false"
      >
        {placed.map(({ key, start, share }, index) => (
          <rect
            key={key}
            class={`piece piece-${index % 5}`}
            x={start * 100 + (index === 0 ? 0 : 0.15)}
            y="0"
            width={Math.max(0, share * 100 - (index === 0 ? 0 : 0.15))}
            height="10"
          />
        ))}
      </svg>
      <ul class="parts-key">
        {placed.map(({ key, name, share, text }, index) => (
          <li key={key}>
            <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true" focusable="false">
              <rect class={`piece piece-${index % 5}`} width="10" height="10" />
            </svg>
            <span>{name}</span> <span class="parts-text">{text}</span>{" "}
            <span class="quiet">{percent(share)}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
