/**
 * The way from a question to a paid answer, as the page uses it: an agent of the payer's, opened with the
 * first question, so that looking at the page signs nothing.
 */
import { useMemo } from "preact/hooks";
import {
  type Agent,
  type DepositAt,
  loadProfile,
  type ModelSummary,
  openAgent,
  type PaidAnswer,
} from "../../../pipeline/browser.ts";
import { browserStorage, depositLeft, type Payer } from "../wallet/payer.ts";

/** Buys answers of one model. */
export type Till = {
  /** Buys an answer. Throws the agent's errors, whose messages say what to do. */
  readonly buy: (payer: Payer, question: string | Uint8Array) => Promise<PaidAnswer>;
  /** What of the payer's deposit is left for more. */
  readonly left: (payer: Payer) => Promise<bigint>;
  /** Counts on from what the payer owes by purchases that these books do not know. */
  readonly goOnFrom: (owed: bigint) => void;
};

/** Where a model's answers are paid. */
export function depositAt({ id, price }: ModelSummary): DepositAt {
  return { token: price.token.address, vault: price.vault, model: id };
}

/** What an answer costs, in the token's smallest unit. */
export function costOf({ price }: ModelSummary): bigint {
  return BigInt(price.feeUnits ?? 0) * BigInt(price.feeUnitWei);
}

/** The till of a model. */
export function useTill(model: ModelSummary): Till {
  return useMemo(() => openTill(model), [model.id]);
}

function openTill(model: ModelSummary): Till {
  let opened: { readonly payer: Payer; readonly agent: Promise<Agent> } | undefined;
  let owedBefore = 0n;
  const agentOf = (payer: Payer): Promise<Agent> => {
    if (opened?.payer === payer) return opened.agent;
    const agent = openAgent({
      url: document.baseURI,
      signer: payer,
      storage: browserStorage(model.id),
      profile: loadProfile,
      owedBefore,
      // The limit is the deposit: the vault honours no voucher beyond it, and the page asks before it grows.
      budget: 2n ** 128n,
    });
    opened = { payer, agent };
    agent.catch(() => {
      opened = undefined;
    });
    return agent;
  };
  return {
    buy: async (payer, question) => (await agentOf(payer)).ask(question),
    left: async (payer) => {
      const { signed } = await (await agentOf(payer)).state();
      return depositLeft(payer, depositAt(model), signed);
    },
    goOnFrom: (owed) => {
      owedBefore = owed;
      opened = undefined;
    },
  };
}
