/**
 * A hash router: `#/models/0x…/epochs/2?from=1`. The part behind the hash never reaches a server, so the page
 * works from any folder of any static server, and what a reader looks at stays in the browser.
 *
 * Pitfall: an ordinary `href="#main"` would be a route. Jumps within the page move the focus instead.
 */
import { useEffect, useState } from "preact/hooks";

/** Where the reader is. */
export type Place = { readonly path: string; readonly query: URLSearchParams };

/** What the parts of a pattern that begin with a colon stood for. */
export type Params = Readonly<Record<string, string>>;

/** Reads `#/path?query`; anything else is the first page. */
export function readHash(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?");
  return { path: path.startsWith("/") ? path : "/", query: new URLSearchParams(query) };
}

/**
 * The parameters if a path has a pattern's shape.
 *
 * @example matchPath("/models/:id", "/models/0x12") // { id: "0x12" }
 */
export function matchPath(pattern: string, path: string): Params | undefined {
  const [expected, given] = [partsOf(pattern), partsOf(path)];
  if (expected.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const value = given[index] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = decoded(value);
    else if (part !== value) return undefined;
  }
  return params;
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of a page, for links. */
export function href(path: string, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#${path}${text === "" ? "" : `?${text}`}`;
}

/** Goes to a page. */
export function go(path: string, query: Readonly<Record<string, string>> = {}): void {
  location.hash = href(path, query);
}

/** Where the reader is; the component is drawn again when that changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => readHash(location.hash));
  useEffect(() => {
    const follow = (): void => {
      moved = true;
      setPlace(readHash(location.hash));
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return place;
}

let moved = false;

/**
 * Whether a page is shown because the reader followed a link: then its heading takes the focus, and a screen
 * reader reads it. True once for each move.
 */
export function takeMoved(): boolean {
  const was = moved;
  moved = false;
  return was;
}
