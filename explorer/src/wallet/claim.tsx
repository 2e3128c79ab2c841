/**
 * The button that pays a contributor. The transaction was made by whoever serves the page, from events that
 * anybody can read: it pays this contributor and nobody else, whoever sends it, so a wallet risks its gas and
 * no more. A page from an untrusted place could still show another transaction; the wallet shows the contract
 * that it goes to, and so does the page.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { CallView, TokenView } from "../../../pipeline/browser.ts";
import { useConfig } from "../data.ts";
import { Mark } from "../ui/assurance.tsx";
import { Amount, Hash } from "../ui/values.tsx";
import { connect, ensureChain, type FoundWallet, sendCall, useWallets, WalletError } from "./wallets.ts";

type Step =
  | { readonly at: "idle" }
  | { readonly at: "asking"; readonly what: string; readonly hash?: string }
  | { readonly at: "failed"; readonly why: string }
  | { readonly at: "paid"; readonly hash: string; readonly wei: string; readonly by: CallView };

/** What is owed, and the button. `paid` is called when the money has moved. */
export function Claim(of: {
  readonly account: string;
  readonly owedWei: string;
  readonly token: TokenView;
  readonly claim: CallView | undefined;
  readonly paid: () => void;
}): JSX.Element {
  const { account, owedWei, token, paid } = of;
  const config = useConfig();
  const wallets = useWallets();
  const [step, setStep] = useState<Step>({ at: "idle" });
  // What has just been sent is not offered again while the newest figures are on their way.
  const claim = step.at === "paid" && step.by.data === of.claim?.data ? undefined : of.claim;
  const pay = async ({ provider }: FoundWallet, call: CallView): Promise<void> => {
    try {
      setStep({ at: "asking", what: "Waiting for the wallet to show an account…" });
      const from = await connect(provider);
      setStep({ at: "asking", what: "Looking at the wallet's chain…" });
      await ensureChain(provider, call.chainId);
      setStep({ at: "asking", what: "Waiting for you to confirm in the wallet…" });
      const { to, data } = call;
      const { hash } = await sendCall(provider, { from, to, data }, (sent) =>
        setStep({ at: "asking", what: "Sent. Waiting for a block…", hash: sent }),
      );
      setStep({ at: "paid", hash, wei: owedWei, by: call });
      paid();
    } catch (error) {
      setStep({ at: "failed", why: error instanceof WalletError ? error.message : String(error) });
    }
  };
  return (
    <div class="claim">
      <p class="owed">
        <span>Owed now</span>{" "}
        <strong>
          <Amount wei={owedWei} token={token} />
        </strong>{" "}
        <Mark of="proven" />
      </p>
      {claim === undefined && step.at !== "paid" && <p>Nothing is owed: all that was earned is paid.</p>}
      {claim !== undefined && wallets.length > 0 && (
        <>
          {wallets.map((wallet) => (
            <button
              key={wallet.id}
              type="button"
              disabled={step.at === "asking"}
              onClick={() => void pay(wallet, claim)}
            >
              Claim with {wallet.name}
            </button>
          ))}
          <p class="note">
            Pays <code>{account}</code> whoever sends it, out of the vault <Hash of={claim.to} />, chain{" "}
            {claim.chainId}.
          </p>
        </>
      )}
      {claim !== undefined && wallets.length === 0 && <NoWallet account={account} claim={claim} />}
      <div role="status" class="claim-state">
        {step.at === "asking" && (
          <p>
            {step.what} {step.hash !== undefined && <Hash of={step.hash} />}
          </p>
        )}
        {step.at === "paid" && (
          <p class="good">
            <span aria-hidden="true">✓ </span>Paid: <Amount wei={step.wei} token={token} /> went to this
            contributor, in transaction <Hash of={step.hash} />.
          </p>
        )}
      </div>
      {step.at === "failed" && (
        <p class="failed" role="alert">
          {step.why}
        </p>
      )}
      {config.mode === "static" && claim !== undefined && (
        <p class="note">
          These figures are from when this folder was exported. If the contributor was paid since, or another
          epoch was settled, the vault refuses the transaction and nothing is lost but gas.
        </p>
      )}
    </div>
  );
}

/** What to do without a wallet. */
function NoWallet({ account, claim }: { readonly account: string; readonly claim: CallView }): JSX.Element {
  return (
    <div class="aside">
      <p>
        This browser offers no wallet. Install one and open this page again; or have anybody send this
        transaction, for it pays you whoever sends it; or ask the operator to run:
      </p>
      <pre>
        <code>npx quittance claim --project FOLDER --account {account}</code>
      </pre>
      <details>
        <summary>The transaction</summary>
        <dl class="facts">
          <div>
            <dt>To (the vault)</dt>
            <dd>
              <code>{claim.to}</code>
            </dd>
          </div>
          <div>
            <dt>Chain</dt>
            <dd>{claim.chainId}</dd>
          </div>
          <div>
            <dt>Data</dt>
            <dd>
              <code>{claim.data}</code>
            </dd>
          </div>
        </dl>
      </details>
    </div>
  );
}
