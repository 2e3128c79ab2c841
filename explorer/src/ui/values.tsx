/**
 * Hashes, amounts and times as people read them. What is shortened for the eye is whole for the pointer and
 * the clipboard.
 */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { TokenView } from "../../../pipeline/browser.ts";
import { href } from "../router.ts";

/** The beginning and the end of a long name. */
export function shortened(text: string, head = 8, tail = 6): string {
  return text.length <= head + tail + 3 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}

/** A hash, an id or an address: shortened, with a button that copies the whole. */
export function Hash(of: {
  readonly of: string;
  readonly href?: string;
  readonly copy?: boolean;
}): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard?.writeText(of.of).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    });
  };
  const text = <code title={of.of}>{shortened(of.of)}</code>;
  return (
    <span class="hash">
      {of.href === undefined ? text : <a href={of.href}>{text}</a>}
      {of.copy !== false && (
        <button type="button" class="copy" onClick={copy} title="Copy">
          <span aria-hidden="true">{copied ? "✓" : "⧉"}</span>
          <span class="sr" aria-live="polite">
            {copied ? "Copied" : `Copy ${shortened(of.of)}`}
          </span>
        </button>
      )}
    </span>
  );
}

/** Who an address is, with a link to its page. */
export function Contributor(of: {
  readonly address: string;
  readonly name?: string | undefined;
}): JSX.Element {
  const to = href(`/contributors/${of.address}`);
  if (of.name === undefined) return <Hash of={of.address} href={to} copy={false} />;
  return (
    <a href={to} title={of.address}>
      {of.name}
    </a>
  );
}

/** An amount of a token: five significant digits for the eye, all of them on the pointer. */
export function Amount({ wei, token }: { readonly wei: string; readonly token: TokenView }): JSX.Element {
  const exact = decimalOf(BigInt(wei), token.decimals);
  return (
    <span class="amount" title={`${exact} ${token.symbol}`}>
      {rounded(exact)} <span class="unit">{token.symbol}</span>
    </span>
  );
}

/** A number of smallest units as a decimal number, exactly. */
export function decimalOf(units: bigint, decimals: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const rest = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return `${sign}${whole}${rest === "" ? "" : `.${rest}`}`;
}

/** A decimal number cut to five significant digits; whole numbers keep all of theirs. */
export function rounded(exact: string): string {
  const [whole = "0", rest = ""] = exact.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009");
  const leading = whole.replace("-", "") === "0" ? (rest.match(/^0*/)?.[0].length ?? 0) : 0;
  const used = whole.replace("-", "") === "0" ? leading : -whole.replace("-", "").length;
  const keep = Math.max(0, used + 5);
  const shown = rest.slice(0, keep).replace(/0+$/, "");
  return shown === "" ? grouped : `${grouped}.${shown}`;
}

/** A whole number with thin spaces between thousands. */
export function whole(value: number | bigint | string): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** A share from 0 to 1 as percent. */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** A time of the chain's clock. */
export function Time({ at }: { readonly at: number }): JSX.Element {
  const date = new Date(at * 1_000);
  const text = date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  return <time dateTime={date.toISOString()}>{text} UTC</time>;
}

/** Names and values, one below the other. */
export function Facts({
  of,
}: {
  readonly of: readonly (readonly [string, ComponentChildren])[];
}): JSX.Element {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
