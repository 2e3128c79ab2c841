/** Choosing who pays, and seeing to it that there is a deposit for some answers. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ModelSummary } from "../../../pipeline/browser.ts";
import { costOf, depositAt, type Till } from "../ask/till.ts";
import { useConfig } from "../data.ts";
import { Mark } from "../ui/assurance.tsx";
import { Amount } from "../ui/values.tsx";
import { deposit, fundPlay, makePlayAccount, type Payer, playPayer, walletPayer } from "./payer.ts";
import { type FoundWallet, useWallets } from "./wallets.ts";

/** Answers that a deposit is for. */
const ANSWERS = 20n;

/** The choice; `ready` is called with a payer whose deposit lasts for an answer at least. */
export function Purse(of: {
  readonly model: ModelSummary;
  readonly till: Till;
  readonly ready: (payer: Payer) => void;
}): JSX.Element {
  const { model, till, ready } = of;
  const config = useConfig();
  const wallets = useWallets();
  const [step, setStep] = useState<string>();
  const [failed, setFailed] = useState<string>();
  const cost = costOf(model);
  const amount = cost * ANSWERS;
  const begin = async (work: () => Promise<Payer>): Promise<void> => {
    setFailed(undefined);
    try {
      const payer = await work();
      setStep("Looking at the deposit…");
      if ((await till.left(payer)) < cost) await deposit(payer, depositAt(model), amount, setStep);
      ready(payer);
    } catch (error) {
      setFailed((error as Error).message);
    } finally {
      setStep(undefined);
    }
  };
  const play = (): Promise<void> =>
    begin(async () => {
      const account = makePlayAccount();
      const payer = playPayer(account, model.price.chainId);
      setStep("Asking the operator's chain for play money…");
      await fundPlay(account, amount);
      return payer;
    });
  const own = ({ provider }: FoundWallet): Promise<void> =>
    begin(() => {
      setStep("Waiting for the wallet…");
      return walletPayer(provider, model.price.chainId);
    });
  const busy = step !== undefined;
  return (
    <section class="purse" aria-labelledby="purse-title">
      <h2 id="purse-title">Who pays?</h2>
      <p>
        An answer costs <Amount wei={String(cost)} token={model.price.token} />.{" "}
        <Mark of={model.words.price} /> You deposit for {String(ANSWERS)} answers; each is then paid with a
        signature, without a transaction. What you do not spend you can withdraw.
      </p>
      <p class="actions">
        {config.local && (
          <button type="button" disabled={busy} onClick={() => void play()}>
            Use a throw-away wallet with play money
          </button>
        )}
        {wallets.map((wallet) => (
          <button
            key={wallet.id}
            type="button"
            class={config.local ? "plain" : undefined}
            disabled={busy}
            onClick={() => void own(wallet)}
          >
            Pay with {wallet.name}
          </button>
        ))}
      </p>
      {config.local && (
        <p class="note">
          This chain lives in the operator's own process, and its tokens are play money that the operator
          gives to whoever asks. The throw-away wallet's key stays in this browser; never send anything of
          worth to it.
        </p>
      )}
      {!config.local && wallets.length === 0 && (
        <p class="aside">
          This browser offers no wallet. Install one and open this page again, or buy with a program:{" "}
          <code>npx quittance ask --help</code>
        </p>
      )}
      <p role="status" class="quiet">
        {step}
      </p>
      {failed !== undefined && (
        <p class="failed" role="alert">
          {failed}
        </p>
      )}
    </section>
  );
}
