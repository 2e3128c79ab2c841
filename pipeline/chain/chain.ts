/** What every chain offers, whether it lives in this process or behind an address. */

/** The one method of EIP-1193. */
export type Provider = {
  readonly request: (call: {
    readonly method: string;
    readonly params?: readonly unknown[];
  }) => Promise<unknown>;
};

/** An open chain. Close it: the local one holds a lock on its log. */
export type Chain = {
  readonly kind: "local" | "rpc";
  readonly chainId: number;
  readonly provider: Provider;
  /** Gives an address coins. Local chains only; others throw. */
  readonly fund: (address: string, wei: bigint) => Promise<void>;
  /** Moves the chain's clock forward. Local chains only; others throw. */
  readonly travel: (seconds: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Asked of a chain what only a local one can do. */
export class NotLocalError extends Error {
  override readonly name = "Chain.NotLocal";
  constructor(what: string) {
    super(`Only a local chain can ${what}. Use a local chain, or do it with a funded account and patience.`);
  }
}
