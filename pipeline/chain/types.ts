/** What the contracts' views return, field for field. Numbers of the chain are bigints. */

/** `IDatanets.Batch`. */
export type Batch = {
  readonly datanet: bigint;
  readonly contributor: string;
  readonly root: bigint;
  readonly count: bigint;
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
  readonly contributors: bigint;
  readonly feeUnitWei: bigint;
  readonly lambda: bigint;
  readonly samples: bigint;
  readonly batches: bigint;
  readonly commitW: bigint;
  readonly commitA: bigint;
  readonly commitR: bigint;
  readonly datanet: bigint;
  readonly backbone: string;
  readonly accountsHash: string;
  /** As `rootsHashOf`. */
  readonly rootsHash: string;
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

/** `IEpochs.Epoch`. `status` is a position in {@link EPOCH_STATUS}. */
export type EpochView = {
  readonly status: bigint;
  readonly committedAt: bigint;
  readonly batches: bigint;
  readonly remaining: bigint;
  readonly adjointProven: boolean;
  readonly pool: bigint;
  readonly commitY: bigint;
  readonly chargesHash: string;
};

/** `IEpochs.InferenceBatch`. */
export type InferenceBatchView = {
  readonly receiptsRoot: bigint;
  readonly commitQ: bigint;
  readonly feeTotal: bigint;
  readonly proven: boolean;
};

/** What settling an epoch came to. */
export type Settlement = {
  /** Whether the model's training was proven when it was settled. */
  readonly trainingProven: boolean;
  readonly poolWei: bigint;
  readonly totalWeight: bigint;
  readonly carriedOutWei: bigint;
  readonly payoutsWei: readonly bigint[];
};

/** `IVault.withdrawal`. */
export type Withdrawal = { readonly amount: bigint; readonly readyAt: bigint };

/** `IVault.Accounting`: deposited = withdrawn + unspent + pools + carry + owed + claimed, to the wei. */
export type Accounting = {
  readonly deposited: bigint;
  readonly withdrawn: bigint;
  readonly unspent: bigint;
  readonly pools: bigint;
  readonly carry: bigint;
  readonly owed: bigint;
  readonly claimed: bigint;
};

/** Whether the accounts add up to the wei. */
export function addsUp(a: Accounting): boolean {
  return a.deposited === a.withdrawn + a.unspent + a.pools + a.carry + a.owed + a.claimed;
}
