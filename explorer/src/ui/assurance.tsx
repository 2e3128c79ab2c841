/**
 * The words that say how sure a statement is. A mark differs in shape and text, never in colour alone.
 */
import type { JSX } from "preact";
import type { Assurance } from "../../../pipeline/browser.ts";

const MEANING: Readonly<Record<Assurance, string>> = {
  proven:
    "It follows from zero-knowledge proofs, or from what the contracts enforce. Nobody can make it come out differently.",
  reproducible: "Whoever holds the content can compute it again and must get the same bits.",
  attested:
    "Somebody signed it. If it is false, the signature is the evidence; nothing prevents it beforehand.",
  governed: "People decide it under rules that stand outside the computation.",
  open: "Not shown yet, and not claimed.",
};

/** The words, the strongest first. */
export const ASSURANCES: readonly Assurance[] = ["proven", "reproducible", "attested", "governed", "open"];

/** The word as a small label. */
export function Mark({ of }: { readonly of: Assurance }): JSX.Element {
  return (
    <span class={`mark mark-${of}`} title={MEANING[of]}>
      {of}
    </span>
  );
}

/** What each word means, for a reader who knows nothing about proofs. */
export function Legend({ of = ASSURANCES }: { readonly of?: readonly Assurance[] }): JSX.Element {
  return (
    <dl class="legend">
      {of.map((word) => (
        <div key={word}>
          <dt>
            <Mark of={word} />
          </dt>
          <dd>{MEANING[word]}</dd>
        </div>
      ))}
    </dl>
  );
}
