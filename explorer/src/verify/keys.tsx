/** Which verifying keys proofs are checked with, where they come from, and what they are worth. */
import type { JSX } from "preact";

type Shown = {
  readonly manifest?: { readonly kind?: unknown; readonly profile?: unknown; readonly createdAt?: unknown };
};

/** One line about the keys in use; the check's own first line compares them with the bundle's by hash. */
export function KeysInUse(of: {
  readonly json: unknown;
  /** Where the page's own keys lie. */
  readonly address: string;
  /** The name of the file, if the reader brought keys. */
  readonly own: string | undefined;
  readonly missing: boolean;
  readonly onReset: () => void;
}): JSX.Element | null {
  const { json, address, own, missing, onReset } = of;
  if (json === undefined) {
    return missing ? (
      <p class="keys">
        No verifying keys lie beside this page. Drop the file of the operator’s keys here too.
      </p>
    ) : null;
  }
  const { kind, profile, createdAt } = (json as Shown).manifest ?? {};
  return (
    <p class="keys">
      Checked with{" "}
      {own === undefined ? (
        <a href={address} download={`verifying-keys-${String(profile)}.json`}>
          this page’s verifying keys
        </a>
      ) : (
        <>
          the verifying keys in <code>{own}</code>
        </>
      )}
      : profile <code>{String(profile)}</code>, from{" "}
      {kind === "ceremony" ? "a ceremony" : <strong class="insecure">one computer (insecure)</strong>}
      {typeof createdAt === "string" && `, made on ${createdAt.slice(0, 10)}`}.{" "}
      {own === undefined ? (
        "Keys from elsewhere can be dropped too."
      ) : (
        <button type="button" class="link" onClick={onReset}>
          Use this page’s keys again
        </button>
      )}
    </p>
  );
}
