/** A statement with the word that says how sure it is. */
import type { ComponentChildren, JSX } from "preact";
import type { Assurance } from "../../../pipeline/browser.ts";
import { href } from "../router.ts";
import { Mark } from "./assurance.tsx";

/** What is said, and its word. */
export function Said(of: { readonly word: Assurance; readonly children?: ComponentChildren }): JSX.Element {
  return (
    <span class="said">
      <span>{of.children}</span> <Mark of={of.word} />
    </span>
  );
}

/** Where a page lies: the pages above it, each a link. */
export function Crumbs(of: { readonly of: readonly (readonly [string, string])[] }): JSX.Element {
  return (
    <nav class="crumbs" aria-label="Above this page">
      {of.of.map(([name, path], index) => (
        <span key={path}>
          {index > 0 && <span aria-hidden="true"> › </span>}
          <a href={href(path)}>{name}</a>
        </span>
      ))}
    </nav>
  );
}
