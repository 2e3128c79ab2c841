/** What an agent is opened with, and what it can do. Amounts are in the token's smallest unit. */
import type { Profile } from "../../prover/index.ts";
import type { EpochBundle } from "../bundle.ts";
import type { Hex, TypedDomain, TypedTypes } from "../engine/ethers.ts";
import type { Receipt } from "../receipts.ts";
import type { EpochCheck } from "./check.ts";
import type { Health, ModelOffer } from "./discover.ts";
import type { Fetch, Patience } from "./http.ts";
import type { AgentStorage } from "./storage.ts";

/** Who pays: an address and whoever signs typed data for it, for example a wallet in a browser. */
export type AgentSigner = {
  readonly address: string;
  signTypedData(
    domain: TypedDomain,
    types: TypedTypes,
    value: Readonly<Record<string, unknown>>,
  ): Promise<Hex>;
};

/** How an agent is opened. */
export type AgentOptions = {
  readonly url: string;
  readonly signer: AgentSigner;
  /** What may be signed away with these books, in all. */
  readonly budget: bigint;
  /** Most that one answer may cost; the price at the first use unless told otherwise. */
  readonly maxPrice?: bigint;
  /** What the payer owes this model already, from before these books or from beside them. */
  readonly owedBefore?: bigint;
  readonly storage: AgentStorage;
  /** Sizes of a profile, by the name that a receipt gives. */
  readonly profile: (name: Receipt["profile"]) => Profile | Promise<Profile>;
  readonly fetch?: Fetch;
  readonly patience?: Partial<Patience>;
  /**
   * Seconds since 1970 on the chain's clock. Unless told otherwise this machine's clock; for a service whose
   * chain is its own, that chain's, which may have been moved.
   */
  readonly now?: () => number | Promise<number>;
  /** How long a voucher can be redeemed; at least what the service asks for. */
  readonly voucherSeconds?: number;
};

/** A question: a text, or bytes as the model's data has them (pixels of a picture, row by row). */
export type Question = string | Uint8Array;

/** An answer that was paid for and whose receipt is good. */
export type PaidAnswer = {
  readonly answer: number;
  /** What the operator calls the class; its number where it has no name. */
  readonly answerName: string;
  readonly receipt: Receipt;
  /** The secret that the request was made with: whoever has it can fetch the answer and its explanation. */
  readonly key: string;
  /** The storage's name of the receipt. */
  readonly kept: string;
  readonly price: bigint;
};

/** What an agent has done and may still do. */
export type AgentState = {
  readonly budget: bigint;
  /** Price of everything asked that was not refused. */
  readonly spent: bigint;
  readonly left: bigint;
  /** The highest sum that a voucher of these books ever said. */
  readonly signed: bigint;
  readonly answered: number;
  /** Requests without an answer yet. */
  readonly pending: number;
};

/** An open agent. */
export type Agent = {
  readonly address: string;
  readonly health: Health;
  readonly model: ModelOffer;
  /**
   * Buys an answer. Throws AgentLimitError at the end of the budget, AgentPriceError, AgentChangedError,
   * AgentOwedError, AgentRefusedError, AgentReceiptError, UnreachableError.
   */
  ask(question: Question, options?: { readonly signal?: AbortSignal }): Promise<PaidAnswer>;
  /** Asks again what has no answer yet, with the same keys: after a kill, or when nobody answered. */
  resume(options?: { readonly signal?: AbortSignal }): Promise<readonly PaidAnswer[]>;
  state(): Promise<AgentState>;
  /** The receipts that are held, of one epoch or of all. */
  receipts(epoch?: number): Promise<readonly Receipt[]>;
  /** Whether the receipts that are held stand in an epoch's bundle. */
  checkEpoch(bundle: EpochBundle): Promise<EpochCheck>;
};
