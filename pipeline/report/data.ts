/**
 * What a report is made from: plain, readonly, JSON-able data, so that a run can store it beside its results
 * and render it again later, and so that tests render without proving anything.
 *
 * Two rules keep the page honest. Amounts are decimal strings of wei and weights decimal strings of the exact
 * integers, never floats: shares and sums on the page are computed from them, not copied, so the page cannot
 * disagree with itself. And nothing here says how sure a line is: that is fixed in `assurance.ts` and depends
 * only on `trainingProven` and the kind of keys, so no caller can claim more than the protocol gives.
 */

/** A decimal integer as a string (wei, field element, exact weight). */
export type Decimal = string;

/** Everything that a report shows. Optional fields are left out of the page when they are not known. */
export type ReportData = {
  /** For example "Handwritten digits, epoch 1". */
  readonly title: string;
  /** True when contributors, payers and money are made up for a demonstration; the page then says so. */
  readonly demonstration: boolean;
  readonly run: RunFacts;
  readonly datanet: DatanetFacts;
  readonly model: ModelFacts;
  readonly epoch: EpochFacts;
  readonly contributors: readonly ContributorFacts[];
  readonly receipts: readonly ReceiptFacts[];
  readonly proofs: readonly ProofFacts[];
  readonly gas: readonly GasFacts[];
  readonly balance: BalanceSheet;
  /** A few answers with what taught them; absent where the records are not at hand. */
  readonly explanations?: readonly ExplanationFacts[];
};

export type RunFacts = {
  /** ISO 8601. */
  readonly when: string;
  /** One line: processor, cores, memory, system, Node. */
  readonly machine: string;
  readonly commit: string;
  /** Circuit profile: `default` or `tiny`. */
  readonly profile: string;
  readonly keys: "local" | "ceremony";
  readonly chain: {
    /** For example "local chain in this process". */
    readonly name: string;
    readonly chainId: number;
    /** Symbol of the token that is paid in, with 18 decimals. */
    readonly coin: string;
    readonly contracts: readonly { readonly name: string; readonly address: string }[];
  };
  /** In the order in which they ran. */
  readonly steps: readonly { readonly title: string; readonly seconds: number }[];
};

export type DatanetFacts = {
  readonly id: string;
  readonly name: string;
  /** Where the content comes from, in a sentence. */
  readonly source?: string;
};

export type ModelFacts = {
  /** bytes32 on chain. */
  readonly id: string;
  readonly operator: string;
  /** SHA-256 of the backbone's ONNX file. */
  readonly backboneHash: string;
  readonly features: number;
  readonly classes: number;
  readonly samples: number;
  readonly lambda: number;
  readonly commitW: Decimal;
  readonly commitA: Decimal;
  /** Share of the test samples answered correctly, 0 to 1. */
  readonly accuracy?: number;
  readonly testSamples?: number;
  /**
   * Bound on the largest distance of a published weight from the exact optimum, in units of the weights:
   * ‖R_W‖/(λ·2^S).
   */
  readonly weightErrorBound?: number;
  /** Whether the chain has accepted proofs that link the data to the weights. */
  readonly trainingProven: boolean;
  readonly txHash?: string;
};

export type EpochFacts = {
  readonly number: number;
  /** Wei a fee unit. */
  readonly feeUnitWei: Decimal;
  readonly carryInWei: Decimal;
  /** Shares of the fees that were governed when the epoch was committed, in basis points. */
  readonly shares: readonly {
    readonly who: "protocol" | "developer" | "validators";
    readonly bps: number;
    readonly wei: Decimal;
  }[];
  /** What the contributors shared: the pool less those shares. */
  readonly earningsWei: Decimal;
  /** What was shared out: fees and the carry from before. */
  readonly poolWei: Decimal;
  readonly carryOutWei: Decimal;
  /** L1 distance of the payouts, as shares of the pool, from the same payouts computed in float64. */
  readonly payoutL1Error?: number;
  readonly settleTxHash?: string;
};

export type ContributorFacts = {
  readonly name: string;
  readonly address: string;
  readonly samples: number;
  /** Signed batches on chain. */
  readonly batches: number;
  /** The demonstration gave this contributor's samples labels drawn at random. No computation reads it. */
  readonly labelsAtRandom: boolean;
  /** s_c / 2^(S+T): signed influence on the fee-weighted winning scores. */
  readonly influence: number;
  /** w_c = max(0, s_c), the exact integer that was proven. */
  readonly weight: Decimal;
  readonly payoutWei: Decimal;
  /**
   * How much this contributor has claimed of the model, over all epochs; more than the payout after several.
   */
  readonly claimedWei: Decimal;
};

export type ReceiptFacts = {
  readonly number: number;
  readonly requestId: string;
  readonly payer: string;
  /** The class that was answered, and the true one where it is known. */
  readonly answer: number;
  readonly trueLabel?: number;
  readonly feeUnits: number;
  /** Which of the epoch's inference proofs covers it, from 1. */
  readonly batch: number;
  readonly leaf: Decimal;
  /** The operator's signature, hex. */
  readonly signature: string;
  readonly picture?: PictureFacts;
};

/** A grey picture; pixels row by row, one byte each, 0 is background, in base64. */
export type PictureFacts = { readonly width: number; readonly height: number; readonly pixels: string };

/** A content that can be shown: a picture, or text. */
export type ContentFacts =
  | { readonly picture: PictureFacts; readonly text?: never }
  | { readonly text: string; readonly picture?: never };

/** An answer and the training samples that did most for and against it. */
export type ExplanationFacts = {
  /** The receipt's number, from 1. */
  readonly number: number;
  /** What the class is called: its name, or its number. */
  readonly answer: string;
  /** The winning score, and how many samples were looked at. */
  readonly score: number;
  readonly samples: number;
  /** What scored them: cpu, webgpu or cuda. */
  readonly provider: string;
  /** Whether a posted proof shows that exactly the model's batches made it. */
  readonly training: "proven" | "committed" | "unproven";
  readonly question?: ContentFacts;
  readonly helped: readonly ExplainedSampleFacts[];
  readonly hurt: readonly ExplainedSampleFacts[];
  /** Every contributor's influence on this answer, the largest first. */
  readonly contributors: readonly { readonly name: string; readonly influence: number }[];
};

/** One training sample of an explanation, and where it is committed. */
export type ExplainedSampleFacts = {
  readonly influence: number;
  readonly leaveOneOut: number;
  readonly contributor: string;
  readonly label: string;
  readonly content?: ContentFacts;
  /** The batch's number on the chain, the sample's place in it from 1, its leaf and the batch's root. */
  readonly batch: Decimal;
  readonly place: number;
  readonly leaf: Decimal;
  readonly root: Decimal;
  /** Hashing all leaves of the batch again gave the root; the content's hash is the leaf's. */
  readonly opens: boolean;
  readonly contentMatches?: boolean;
};

export type ProofFacts = {
  readonly circuit:
    | "inference"
    | "adjoint"
    | "weights"
    | "samples"
    | "contributors"
    | "model"
    | "duplicate"
    | "inclusion";
  /** Which of several, from 1. */
  readonly index: number;
  readonly rows: number;
  readonly seconds: number;
  readonly publicSignals: readonly { readonly name: string; readonly value: Decimal }[];
  readonly circuitHash?: string;
  readonly vkeyHash?: string;
  readonly verifyGas: number;
  readonly txHash: string;
};

/** One kind of call: how often it was made and the gas of all of these together. */
export type GasFacts = { readonly call: string; readonly calls: number; readonly totalGas: number };

/** All money of the vault, in wei. `deposits` must equal the sum of the others but `contractBalance`. */
export type BalanceSheet = {
  readonly depositsWei: Decimal;
  readonly claimsWei: Decimal;
  readonly refundsWei: Decimal;
  /** Earned by contributors and not yet claimed. */
  readonly owedWei: Decimal;
  /** Deposited by payers and not yet spent. */
  readonly unspentWei: Decimal;
  /** Charged to payers in epochs that are not settled yet. */
  readonly poolsWei: Decimal;
  /** Dust and unshared pools that wait for the next epoch. */
  readonly carryWei: Decimal;
  /** Shares of treasury, operator and validators. */
  readonly sharedWei: Decimal;
  /** The part of them that is still in the vault. */
  readonly uncollectedWei: Decimal;
  /** What the vault holds of the token according to the chain. */
  readonly contractBalanceWei: Decimal;
};
