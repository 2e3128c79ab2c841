/**
 * HTML as a tagged template in which escaping is not optional: every interpolated string is escaped unless it
 * is itself a value made by `html`. A contributor may be called `<script>`; no section has to remember that.
 */

/** A piece of finished HTML. */
export type Html = { readonly html: string };

/** What a template accepts: text (escaped), numbers, finished pieces, lists of these, or nothing. */
export type Part = Html | string | number | undefined | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for element content and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/**
 * Builds HTML; `html`<td title="${name}">${name}</td>`` is safe for any name. Attributes must be quoted, and
 * a value never stands for a whole tag name, style rule or address.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  let out = strings[0] ?? "";
  values.forEach((value, index) => {
    out += write(value) + (strings[index + 1] ?? "");
  });
  return { html: out };
}

/** Marks text of this program itself (style sheets, not data) as finished. */
export function trusted(text: string): Html {
  return { html: text };
}

function write(part: Part): string {
  if (part === undefined) return "";
  if (typeof part === "string") return escapeHtml(part);
  if (typeof part === "number") return String(part);
  if ("html" in part) return part.html;
  return part.map(write).join("");
}
