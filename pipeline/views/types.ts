/**
 * What the public may see of a project, as JSON: datanets, models, epochs and contributors.
 *
 * The service answers with these, the static export writes them to files, the explorer draws them. Types
 * only: nothing here imports anything, so a browser, a script and the service share one meaning.
 *
 * Three rules. Amounts are decimal strings in the token's smallest unit, weights decimal strings of the exact
 * integers; hashes and addresses are lower-case hex, times are seconds since 1970 on the chain's clock. Every
 * view says in `words` how sure each of its statements is. And nothing private is in any of them: no
 * features, salts or contents, and of a payer's question neither the question nor its answer.
 */

/**
 * How sure a statement is. *proven*: by a zero-knowledge proof, or by what the contracts enforce.
 * *reproducible*: whoever holds the content can compute it again. *attested*: somebody signed it, or says it.
 * *governed*: people decide it under rules. *open*: not shown yet, and not claimed.
 */
export type Assurance = "proven" | "reproducible" | "attested" | "governed" | "open";

/** How sure each named statement of a view is. */
export type Words<K extends string> = { readonly [key in K]: Assurance };

/** A whole number as decimal digits. */
export type Decimal = string;
/** Hex in lower case with 0x in front: 32 bytes for ids and hashes, 20 for addresses. */
export type Hex = string;
/** Seconds since 1970 on the chain's clock. */
export type Seconds = number;

/** A token as people write its amounts. */
export type TokenView = { readonly address: Hex; readonly symbol: string; readonly decimals: number };

/** A mined transaction. */
export type TransactionView = {
  /** What it did, in a few words: "commit epoch", "prove epoch", "settle", "claim" … */
  readonly what: string;
  readonly hash: Hex;
  readonly block: number;
  readonly at: Seconds;
  readonly gas: number;
};

// ---- datanets

/** A batch of samples that its contributor signed. */
export type BatchView = {
  readonly id: Decimal;
  readonly root: Decimal;
  readonly samples: number;
  readonly status: "pending" | "accepted" | "rejected";
  readonly contributedAt: Seconds;
  readonly transaction: Hex;
  /** Place in the order of acceptance, from 1; absent while it is not accepted. */
  readonly position?: number;
  /** When its contributor took it back: later models may not use it. */
  readonly withdrawnAt?: Seconds;
};

/** Who contributed what to a datanet. */
export type DatanetContributorView = {
  readonly address: Hex;
  /** What the operator calls it. */
  readonly name?: string;
  /** Samples of batches that were accepted and not withdrawn. */
  readonly samples: number;
  readonly batches: readonly BatchView[];
};

/** A published version: batches accepted up to and including the `accepted`th. */
export type VersionView = {
  readonly number: number;
  readonly accepted: number;
  readonly head: Hex;
  readonly publishedAt: Seconds;
  readonly transaction: Hex;
};

/** A datanet: who may contribute on what terms, and what was contributed. */
export type DatanetView = {
  readonly id: Decimal;
  /** What the operator calls it. */
  readonly name?: string;
  readonly owner: Hex;
  readonly createdAt: Seconds;
  readonly metadataURI: string;
  readonly metadataHash: Hex;
  readonly licence: string;
  /** Who may contribute. */
  readonly policy: "open" | "allowlist" | "owner";
  /** Whether a batch needs an accepting verdict of validators. */
  readonly validated: boolean;
  readonly tokens: readonly TokenView[];
  readonly versions: readonly VersionView[];
  /** Batches accepted so far, and all samples in those that were not withdrawn. */
  readonly accepted: number;
  readonly samples: number;
  readonly contributors: readonly DatanetContributorView[];
  /** Models of this project that learned from it, the oldest first. */
  readonly models: readonly Hex[];
  readonly words: Words<
    "owner" | "terms" | "name" | "batches" | "verdicts" | "withdrawals" | "versions" | "content"
  >;
};

// ---- models

/** What a payer has to know to pay for an answer. */
export type PriceView = {
  readonly chainId: number;
  readonly token: TokenView;
  /** What one fee unit costs, and how many units an answer costs where the operator says so. */
  readonly feeUnitWei: Decimal;
  readonly feeUnits?: number;
  /** Where to deposit, and the EIP-712 domain of vouchers. */
  readonly vault: Hex;
  readonly operator: Hex;
  readonly domain: {
    readonly name: string;
    readonly version: string;
    readonly chainId: number;
    readonly verifyingContract: Hex;
  };
  /** Most fee units that an answer may cost. */
  readonly maxFeeUnits: number;
};

/** How contents of a model look. */
export type ContentView =
  | { readonly kind: "picture"; readonly height: number; readonly width: number }
  | { readonly kind: "text" }
  | { readonly kind: "bytes" };

/** Where a training proof stands; `none` for a model that is registered as unproven. */
export type TrainingState = "none" | "committed" | "proving" | "proven";

/** An epoch in a few numbers. */
export type EpochSummary = {
  readonly number: number;
  readonly state: EpochState;
  readonly answers: number;
  readonly feeUnits: Decimal;
  /**
   * When its receipts say that it is on chain at the latest, by the earliest of them. Absent once it is, and
   * where it has none.
   */
  readonly dueBy?: Seconds;
  readonly committedAt?: Seconds;
  readonly settledAt?: Seconds;
  /** Absent before the epoch is committed (fees) or settled (earnings). */
  readonly feesWei?: Decimal;
  readonly earningsWei?: Decimal;
};

/**
 * *open* takes answers; *sealed* takes none and is not on the chain yet; *committed* is charged and waits for
 * proofs; *settled* is proven and shared out; *expired* was never proven, and its payers have their fees
 * back.
 */
export type EpochState = "open" | "sealed" | "committed" | "settled" | "expired";

/** A model in a line, with all that is needed to pay for its answers. */
export type ModelSummary = {
  readonly id: Hex;
  /** What the operator calls the data that it learned from. */
  readonly name: string;
  readonly operator: Hex;
  readonly datanet: Decimal;
  readonly datanetVersion: number;
  /** The model that this one was made from by leaving contributors out. */
  readonly parent?: Hex;
  /** The model that this project answers with now. */
  readonly current: boolean;
  readonly frozen: boolean;
  readonly training: TrainingState;
  readonly profile: string;
  readonly content: ContentView;
  readonly classes: number;
  /** What its classes are called, by number; absent where they are numbers. */
  readonly labels?: readonly string[];
  readonly samples: number;
  readonly contributors: number;
  readonly committedAt: Seconds;
  readonly epochs: readonly EpochSummary[];
  /** Share of right answers on samples that nobody contributed, and how many of those. */
  readonly accuracy?: { readonly share: number; readonly samples: number };
  readonly price: PriceView;
  readonly words: Words<
    "identity" | "samples" | "training" | "features" | "answers" | "due" | "accuracy" | "price" | "name"
  >;
};

/** A contributor of a model. */
export type ModelContributorView = {
  readonly address: Hex;
  readonly name: string;
  readonly samples: number;
  /** Its batches in the model. */
  readonly batches: readonly Decimal[];
  /** Share of the model's samples, 0 to 1. */
  readonly share: number;
  readonly earnedWei: Decimal;
  readonly claimedWei: Decimal;
  /** Commitment of its gradient. */
  readonly commitG: Decimal;
};

/** The money of a model, to the last unit: deposited is the sum of the others. */
export type BooksView = {
  readonly depositedWei: Decimal;
  readonly withdrawnWei: Decimal;
  readonly unspentWei: Decimal;
  readonly poolWei: Decimal;
  readonly carryWei: Decimal;
  readonly sharedWei: Decimal;
  readonly owedWei: Decimal;
  readonly claimedWei: Decimal;
};

/** A model with its lineage. */
export type ModelView = Omit<ModelSummary, "contributors" | "words"> & {
  readonly backbone: string;
  readonly lambda: number;
  readonly features: number;
  readonly commitW: Decimal;
  readonly commitA: Decimal;
  readonly commitR: Decimal;
  /** Bound on the distance of any weight from the exact optimum, in units of the weights. */
  readonly weightErrorBound: number;
  readonly lineage: {
    readonly datanet: { readonly id: Decimal; readonly name?: string; readonly version: number };
    /** Models that it comes from, its parent first. */
    readonly ancestors: readonly ModelLink[];
    /** Models that were made from it. */
    readonly children: readonly ModelLink[];
  };
  readonly contributors: readonly ModelContributorView[];
  readonly books: BooksView;
  /** Of its commitment and its training proof. */
  readonly transactions: readonly TransactionView[];
  readonly words: ModelSummary["words"] &
    Words<"lineage" | "batches" | "weightErrorBound" | "earned" | "claimed" | "books" | "transactions">;
};

/** A model's name in a lineage. */
export type ModelLink = { readonly id: Hex; readonly samples: number; readonly contributors: number };

// ---- epochs

/** The public part of an answer. What was asked and answered is the payer's alone. */
export type AnswerView = {
  /** From 1, in the order in which they were given. */
  readonly number: number;
  readonly requestId: Hex;
  readonly payer: Hex;
  readonly feeUnits: number;
  readonly feeWei: Decimal;
  /** Commits to features, answer and content, under a salt. */
  readonly leaf: Decimal;
  /** When its epoch is committed at the latest. */
  readonly dueBy: Seconds;
  /** Inference proof that it is in, from 1. */
  readonly batch: number;
};

/** What an epoch did to a contributor. */
export type InfluenceView = {
  readonly address: Hex;
  readonly name: string;
  readonly samples: number;
  /**
   * Change of the epoch's fee-weighted winning scores as its data counts a little more. Absent where the
   * epoch has none yet, or where it is below zero and its operator does not hold the records any more.
   */
  readonly influence?: number;
  /** The part of it above zero, as the exact integer that is proven. */
  readonly weight: Decimal;
  readonly payoutWei: Decimal;
  /** Share of what the contributors got, 0 to 1. */
  readonly share: number;
};

/** How an epoch's money was split. */
export type SettlementView = {
  readonly feesWei: Decimal;
  readonly carryInWei: Decimal;
  readonly poolWei: Decimal;
  readonly shares: readonly {
    readonly who: "protocol" | "developer" | "validators";
    readonly bps: number;
    readonly wei: Decimal;
  }[];
  readonly earningsWei: Decimal;
  readonly carryOutWei: Decimal;
  readonly sumWeights: Decimal;
  readonly earningsRoot: Hex;
};

/** A proof of an epoch or of its model's training. */
export type ProofView = {
  readonly circuit: string;
  /** Its number among those of the circuit, from 1. */
  readonly index: number;
  readonly posted: boolean;
  /** How long it took to make, where the operator remembers. */
  readonly seconds?: number;
};

/** An epoch: its answers, who was credited, and what is proven. */
export type EpochView = {
  readonly model: Hex;
  readonly modelName: string;
  readonly number: number;
  readonly state: EpochState;
  readonly token: TokenView;
  /** As in {@link EpochSummary}. */
  readonly dueBy?: Seconds;
  readonly committedAt?: Seconds;
  /** Until when a committed epoch can be proven. */
  readonly expiresAt?: Seconds;
  readonly settledAt?: Seconds;
  readonly answers: readonly AnswerView[];
  readonly contributors: readonly InfluenceView[];
  /** Present once the epoch is settled. */
  readonly settlement?: SettlementView;
  readonly proofs: readonly ProofView[];
  readonly transactions: readonly TransactionView[];
  /** Whether there is a bundle that anybody can check. */
  readonly bundle: boolean;
  /** Keys of known origin, or development keys whose maker could forge proofs. */
  readonly keys: "local" | "ceremony";
  readonly words: Words<
    | "answers"
    | "fees"
    | "completeness"
    | "due"
    | "influence"
    | "negativeInfluence"
    | "payouts"
    | "shares"
    | "features"
    | "training"
    | "transactions"
    | "proofSeconds"
  >;
};

// ---- contributors

/** A transaction that a wallet can send as it is. */
export type CallView = { readonly to: Hex; readonly data: Hex; readonly chainId: number };

/** What a model owes a contributor. */
export type ContributorModelView = {
  readonly model: Hex;
  readonly modelName: string;
  readonly token: TokenView;
  readonly samples: number;
  /** Share of the model's samples, 0 to 1. */
  readonly share: number;
  readonly batches: readonly Decimal[];
  readonly earnedWei: Decimal;
  readonly claimedWei: Decimal;
  readonly owedWei: Decimal;
  readonly epochs: readonly {
    readonly number: number;
    readonly payoutWei: Decimal;
    readonly share: number;
    readonly settledAt: Seconds;
  }[];
  readonly claims: readonly { readonly wei: Decimal; readonly transaction: Hex; readonly at: Seconds }[];
  /**
   * Pays what is owed to this contributor, whoever sends it; absent where nothing is owed. Good until the
   * model's next epoch is settled.
   */
  readonly claim?: CallView;
};

/** A contributor's own page. */
export type ContributorView = {
  readonly address: Hex;
  readonly name?: string;
  readonly chainId: number;
  /** Batches in this project's datanets. */
  readonly datanets: readonly {
    readonly id: Decimal;
    readonly name?: string;
    readonly samples: number;
    readonly batches: readonly BatchView[];
  }[];
  readonly models: readonly ContributorModelView[];
  readonly words: Words<"earned" | "claimed" | "owed" | "batches" | "samples" | "name">;
};

/** One line a contributor, for a list. */
export type ContributorSummary = {
  readonly address: Hex;
  readonly name?: string;
  readonly samples: number;
  /** Over all models that pay in the token. */
  readonly totals: readonly {
    readonly token: TokenView;
    readonly earnedWei: Decimal;
    readonly owedWei: Decimal;
  }[];
};

/** Everything at once, for an export. Keys are as in the addresses of the service. */
export type Views = {
  readonly datanets: readonly DatanetView[];
  readonly models: readonly ModelSummary[];
  readonly modelViews: readonly ModelView[];
  readonly epochs: readonly EpochView[];
  readonly contributorSummaries: readonly ContributorSummary[];
  readonly contributors: readonly ContributorView[];
};

// ---- explanations (for the payer of an answer, by its key)

/** A content as it can be shown. */
export type ContentShown =
  | { readonly kind: "picture"; readonly width: number; readonly height: number; readonly pixels: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bytes"; readonly bytes: number };

/** A training sample and what it did to an answer. */
export type SampleView = {
  /** How the winning score changes as the sample counts a little more. */
  readonly influence: number;
  /** What leaving it out and fitting again would take from the score. */
  readonly leaveOneOut: number;
  readonly contributor: string;
  readonly address: Hex;
  readonly label: string;
  readonly content?: ContentShown;
  readonly batch: Decimal;
  /** Its place in the batch, from 1. */
  readonly place: number;
  readonly leaf: Decimal;
  readonly root: Decimal;
  /** All leaves of the batch, hashed again, give the root. */
  readonly opens: boolean;
  /** The content's hash is the one in the leaf. */
  readonly contentMatches?: boolean;
};

/** What `GET /receipts/:requestId/explanation` answers. */
export type ExplanationView = {
  readonly model: Hex;
  readonly epoch: number;
  readonly requestId: Hex;
  readonly answer: number;
  readonly answerName: string;
  readonly score: number;
  /** The score that training aims at for a sample of this class: 1, or the length of its word in a code. */
  readonly target: number;
  /** How many training samples were looked at. */
  readonly samples: number;
  readonly question?: ContentShown;
  /** What is wrong with the receipt; nothing when all is well. */
  readonly doubts: readonly string[];
  readonly helped: readonly SampleView[];
  readonly hurt: readonly SampleView[];
  /** The largest first; they add up over each one's samples. */
  readonly contributors: readonly {
    readonly address: Hex;
    readonly name: string;
    readonly influence: number;
    /** Share of all influence above zero, 0 to 1; 0 below. */
    readonly share: number;
  }[];
  readonly words: Words<"answer" | "influence" | "training" | "batches" | "receipt" | "content">;
};
