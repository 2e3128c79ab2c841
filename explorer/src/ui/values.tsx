/**
 * Hashes, amounts and times as people read them. What is shortened for the eye is whole for the pointer and
 * the clipboard.
 */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { TokenView } from "../../../pipeline/browser.ts";
import { href } from "../router.ts";
import { decimalOf, rounded, shortened } from "./numbers.ts";

export { decimalOf, percent, rounded, shortened, whole } from "./numbers.ts";

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
          <CopySign done={copied} />
          <span class="sr" aria-live="polite">
            {copied ? "Copied" : `Copy ${shortened(of.of)}`}
          </span>
        </button>
      )}
    </span>
  );
}

/** Drawn, because few fonts have a letter for it. */
function CopySign({ done }: { readonly done: boolean }): JSX.Element {
  return (
    <svg class="copy-sign" viewBox="0 0 12 12" aria-hidden="true" focusable="false">
      {done ? <path d="M1.5 6.5l3 3l6-7" /> : <path d="M4 4h6.5v6.5H4zM8 4V1.5H1.5V8H4" />}
    </svg>
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
