/**
 * A deployment is rehearsed in this process before it costs anything: on a scratch chain of the same number,
 * by the same account with the same transaction numbers. What the contracts would refuse (local keys on a
 * public chain, a fee split out of bounds) is refused here, gas is measured instead of guessed, and every
 * contract stands at the very address that it will have.
 *
 * The last is what makes verification simple: runtime code holds addresses and settings of its constructor,
 * so it cannot be compared with the compiler's output; the rehearsed contract at the same address must be the
 * same to the last byte (`verify.ts`).
 */
import { sendAs } from "../chain/client.ts";
import { type Deployment, type DeployOptions, deployContracts } from "../chain/deploy.ts";
import { openScratchChain, type ScratchChain } from "../chain/local.ts";

/** One step with what it cost. */
export type RehearsedStep = { readonly step: string; readonly gas: bigint };

/** A rehearsed deployment. Close the chain when it is no longer looked at. */
export type Rehearsal = {
  readonly chain: ScratchChain;
  readonly deployment: Deployment;
  readonly steps: readonly RehearsedStep[];
};

/** Enough for any deployment. */
const FUNDS = 10n ** 24n;

/**
 * Rehearses. Throws what the contracts would refuse. No key is needed: on a scratch chain anybody can act as
 * anybody.
 *
 * @param nonces of steps that were carried out already; the rest follow from `next` on
 */
export async function rehearse(of: {
  readonly chainId: number;
  readonly account: { readonly address: string };
  readonly options: DeployOptions;
  readonly nonces?: ReadonlyMap<string, number>;
  readonly next: number;
}): Promise<Rehearsal> {
  const { account, options, nonces = new Map() } = of;
  const chain = await openScratchChain(of.chainId);
  try {
    await chain.fund(account.address, FUNDS);
    await chain.impersonate(account.address);
    const steps: RehearsedStep[] = [];
    let { next } = of;
    const { deployment } = await deployContracts(chain, account, options, async (step, call, codec) => {
      await chain.setNonce(account.address, nonces.get(step) ?? next++);
      const receipt = await sendAs(chain, account.address, call, codec);
      steps.push({ step, gas: receipt.gasUsed });
      return receipt;
    });
    return { chain, deployment, steps };
  } catch (error) {
    await chain.close();
    throw error;
  }
}
