/** A page: its heading, which takes the focus when a link led here, and its name in the browser's tab. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { takeMoved } from "../router.ts";

/** The one `h1` of a page, a sentence that introduces it, and what follows. */
export function Page(of: {
  readonly title: string;
  /** Said above the title: what kind of thing this is. */
  readonly kind?: ComponentChildren;
  /** Shown in place of the title, which then only names the tab. */
  readonly heading?: ComponentChildren;
  readonly lead?: ComponentChildren;
  /** False for what only stands in until the page itself is there. */
  readonly focus?: boolean;
  readonly children?: ComponentChildren;
}): JSX.Element {
  const { title, kind, heading, lead, focus = true, children } = of;
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Quittance`;
  }, [title]);
  useEffect(() => {
    if (!focus || !takeMoved()) return;
    scrollTo(0, 0);
    head.current?.focus({ preventScroll: true });
  }, [focus]);
  return (
    <article class="page">
      <header class="page-head">
        {kind !== undefined && <p class="kind">{kind}</p>}
        <h1 ref={head} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {lead !== undefined && <p class="lead">{lead}</p>}
      </header>
      {children}
    </article>
  );
}

/** A part of a page with a heading of its own. */
export function Section(of: {
  readonly title: ComponentChildren;
  readonly lead?: ComponentChildren;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <section>
      <h2>{of.title}</h2>
      {of.lead !== undefined && <p class="lead">{of.lead}</p>}
      {of.children}
    </section>
  );
}
