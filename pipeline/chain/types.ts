/** What the contracts' views return, field for field. Numbers of the chain are bigints. */

/** `IDatanets.Batch`. */
export type Batch = {
  readonly datanet: bigint;
  readonly contributor: string;
  readonly root: bigint;
  readonly count: bigint;
  /** A position in {@link BATCH_STATUS}. */
  readonly status: bigint;
  /** Place in the order of acceptance, from 1; 0 if it was never accepted. */
  readonly position: bigint;
  /** 0 if it has no verdict, or needs none. */
  readonly decidedAt: bigint;
  /** 0 unless its contributor took it back. */
  readonly withdrawnAt: bigint;
};

/** `IDatanets.BatchStatus` and `IDatanets.Policy`, by position. */
export const BATCH_STATUS = ["none", "pending", "accepted", "rejected"] as const;
export const DATANET_POLICY = ["open", "allowlist", "owner"] as const;

/** `IDatanets.Datanet`. `policy` is a position in {@link DATANET_POLICY}. */
export type DatanetView = {
  readonly owner: string;
  readonly pendingOwner: string;
  readonly policy: bigint;
  /** Batches need an accepting verdict. */
  readonly validated: boolean;
  /** How many versions were published. */
  readonly versions: bigint;
  /** Batches accepted so far. */
  readonly accepted: bigint;
  readonly head: string;
  readonly termsHash: string;
};

/** `IDatanets.Terms`, as the event has them. */
export type DatanetTermsView = {
  readonly metadataURI: string;
  readonly metadataHash: string;
  readonly licence: string;
  readonly policy: bigint;
  readonly validated: boolean;
  readonly tokens: readonly string[];
};

/** `IDatanets.Version`. */
export type DatanetVersionView = {
  readonly accepted: bigint;
  readonly publishedAt: bigint;
  readonly head: string;
};

/** `IModels.Status` and `IEpochs.Status`, by position. */
export const MODEL_STATUS = ["none", "committed", "proving", "proven"] as const;
export const EPOCH_STATUS = ["none", "committed", "settled", "expired"] as const;

/** `IModels.Model`. `status` is a position in {@link MODEL_STATUS}. */
export type ModelView = {
  readonly operator: string;
  readonly committedAt: bigint;
  readonly status: bigint;
  /** Registered as unproven: may be used without a training proof. */
  readonly unproven: boolean;
  /** Lost a dispute: no new epochs. */
  readonly frozen: boolean;
  readonly token: string;
  readonly contributors: bigint;
  readonly verifierVersion: bigint;
  readonly datanetVersion: bigint;
  readonly feeUnit: bigint;
  readonly lambda: bigint;
  readonly samples: bigint;
  readonly batches: bigint;
  readonly commitW: bigint;
  readonly commitA: bigint;
  readonly commitR: bigint;
  readonly datanet: bigint;
  readonly parent: string;
  readonly backbone: string;
  readonly accountsHash: string;
  /** As `rootsHashOf`. */
  readonly rootsHash: string;
};

/** `IValidation.Parameters`: seconds, basis points, and weights in the token's smallest unit. */
export type ValidationParameters = {
  readonly commitWindow: number;
  readonly revealWindow: number;
  readonly challengeWindow: number;
  readonly minorityBps: number;
  readonly lieBps: number;
  readonly challengerBps: number;
  readonly minimumVote: bigint;
  readonly quorum: bigint;
};

/** `IValidation.Verdict` and `IValidation.Outcome`, by position. */
export const VERDICT = ["none", "accept", "reject"] as const;
export const ROUND_OUTCOME = ["none", "open", "accepted", "rejected", "undecided", "disproven"] as const;

/** `IValidation.Round`. `outcome` is a position in {@link ROUND_OUTCOME}. */
export type RoundView = {
  readonly outcome: bigint;
  readonly lied: boolean;
  readonly openedAt: bigint;
  readonly commitEnds: bigint;
  readonly revealEnds: bigint;
  /** When a lie stops costing stake; 0 before the verdict. */
  readonly challengeEnds: bigint;
  readonly committed: bigint;
  readonly accepted: bigint;
  readonly rejected: bigint;
  readonly parameters: { readonly [P in keyof ValidationParameters]: bigint };
};

/** `IValidation.Vote`. `verdict` is a position in {@link VERDICT}. */
export type VoteView = {
  readonly weight: bigint;
  readonly verdict: bigint;
  readonly settled: boolean;
  readonly commitment: string;
};

/** `IValidation.Stake`. */
export type StakeView = {
  readonly free: bigint;
  readonly locked: bigint;
  readonly leaving: bigint;
  readonly readyAt: bigint;
};

/** `IValidation.Accounting`: deposited = staked + slashed + withdrawn, slashed = rewards + treasury. */
export type StakeAccounting = {
  readonly deposited: bigint;
  readonly staked: bigint;
  readonly slashed: bigint;
  readonly withdrawn: bigint;
  readonly rewards: bigint;
  readonly treasury: bigint;
};

/** `IEpochs.EpochCommitment`. */
export type EpochCommitment = {
  readonly receiptsRoots: readonly bigint[];
  /** Commitment of Q after each batch. */
  readonly commitQ: readonly bigint[];
  readonly feeTotals: readonly bigint[];
  readonly commitY: bigint;
  readonly payers: readonly string[];
  readonly feeUnits: readonly bigint[];
};

/** `IEpochs.Batches`: what proofs of receipts are checked against. */
export type Batches = Pick<EpochCommitment, "receiptsRoots" | "commitQ" | "feeTotals">;

/** `IFeeSchedule.Split`, in basis points. Contributors have the rest. */
export type FeeSplit = {
  readonly protocolBps: bigint;
  readonly developerBps: bigint;
  readonly validatorsBps: bigint;
};

/** `IEpochs.Epoch`. `status` is a position in {@link EPOCH_STATUS}. */
export type EpochView = {
  readonly status: bigint;
  readonly committedAt: bigint;
  readonly expiresAt: bigint;
  readonly batches: bigint;
  readonly remaining: bigint;
  readonly adjointProven: boolean;
  /** Bit i: the inference proof of batch i is there. */
  readonly provenBatches: bigint;
  readonly split: FeeSplit;
  readonly fees: bigint;
  readonly pool: bigint;
  readonly commitY: bigint;
  readonly batchesHash: string;
  readonly chargesHash: string;
};

/** What settling an epoch came to. */
export type Settlement = {
  /** Whether the model's training was proven when it was settled. */
  readonly trainingProven: boolean;
  readonly poolWei: bigint;
  /** What the contributors shared: the pool less treasury's, operator's and validators'. */
  readonly earningsWei: bigint;
  readonly totalWeight: bigint;
  readonly carriedOutWei: bigint;
  readonly payoutsWei: readonly bigint[];
  /** Of what the contributors have earned by now. */
  readonly root: string;
};

/** `IVault.Channel`: a payer's account with a model. charged ≤ authorised ≤ deposited. */
export type ChannelView = {
  readonly deposited: bigint;
  readonly charged: bigint;
  /** The most that redeemed vouchers let epochs charge, over all time. */
  readonly authorised: bigint;
  readonly withdrawn: bigint;
  readonly requested: bigint;
  readonly readyAt: bigint;
};

/**
 * `IVault.Accounting` of one model:
 * deposited = withdrawn + unspent + pool + carry + shared + owed + claimed, to the last unit.
 */
export type Accounting = {
  readonly deposited: bigint;
  readonly withdrawn: bigint;
  readonly unspent: bigint;
  readonly pool: bigint;
  readonly carry: bigint;
  /** Credited to treasury, operator and validators. */
  readonly shared: bigint;
  readonly owed: bigint;
  readonly claimed: bigint;
};

/** Whether a model's accounts add up to the last unit. */
export function addsUp(a: Accounting): boolean {
  return a.deposited === a.withdrawn + a.unspent + a.pool + a.carry + a.shared + a.owed + a.claimed;
}

/** `IDisputes.Bond`. */
export type BondView = {
  readonly amount: bigint;
  readonly reserved: bigint;
  readonly requested: bigint;
  readonly readyAt: bigint;
  readonly pending: bigint;
};

/** `IDisputes.omissionTerms`. */
export type OmissionTerms = { readonly stake: bigint; readonly fee: bigint; readonly award: bigint };

/** `IDisputes.Kind`, by position. */
export const DISPUTE_KIND = ["none", "omission", "batch"] as const;

/** `IDisputes.Dispute`. `kind` is a position in {@link DISPUTE_KIND}. */
export type DisputeView = {
  readonly kind: bigint;
  readonly open: boolean;
  readonly deadline: bigint;
  readonly epoch: bigint;
  readonly challenger: string;
  readonly model: string;
  readonly stake: bigint;
  readonly award: bigint;
  readonly fee: bigint;
  /** The receipt's leaf, or the batch's place in the model. */
  readonly subject: bigint;
};

/** `IDisputes.Receipt`. */
export type ReceiptArgs = {
  readonly modelId: string;
  readonly unproven: boolean;
  readonly epoch: number;
  readonly requestId: string;
  readonly payer: string;
  readonly feeUnits: number;
  readonly leaf: bigint;
  readonly dueBy: number;
};
