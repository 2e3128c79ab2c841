/**
 * What payers owe a model, while answers are being given.
 *
 *     owed(payer) = charged on chain + Σ units of receipts in no charge yet · price + what is being answered
 *
 * Receipts are counted by epoch. Which epochs are charged is read from the chain together with the payer's
 * channel, so that the two terms are of one moment: when an epoch is committed, its sum moves from the second
 * to the first and `owed` does not change. A reading may therefore be some seconds old; what matters then is
 * only what the deposit can bear, and a withdrawal announces itself days before it is ready.
 */
import { clockOf, codeAt } from "../chain/client.ts";
import type { ChannelView } from "../chain/types.ts";
import type { Receipt } from "../receipts.ts";
import type { Session } from "../session.ts";

/** Payers without open answers that are remembered, and for how long at least. */
const MOST_ACCOUNTS = 10_000;
const IDLE_MS = 60_000;
/** A clock that is this old is read again. */
const CLOCK_MS = 2_000;
const TRIES = 5;

/** The books of one model. Payers by address, in any case of letters. */
export type Ledger = {
  /** Reads a payer's channel, unless what was read is younger than `maxAgeMs`. */
  load(payer: string, maxAgeMs: number): Promise<void>;
  /** What the payer owes in all, in the token's smallest unit. After {@link Ledger.load}. */
  owed(payer: string): bigint;
  /** After {@link Ledger.load}. */
  channel(payer: string): ChannelView;
  /** Whether code stands at the payer's address, its own or delegated to. After {@link Ledger.load}. */
  hasCode(payer: string): boolean;
  /** An answer is being made: it is owed from now on. */
  reserve(payer: string, feeUnits: number): void;
  /** It was not made after all. */
  release(payer: string, feeUnits: number): void;
  /** It is in a receipt of this epoch; what was reserved for it no longer counts. */
  answered(receipt: Pick<Receipt, "payer" | "feeUnits" | "epoch">, reserved: boolean): void;
  /** Seconds on the chain's clock. */
  time(): Promise<number>;
};

type AccountState = {
  loaded?: {
    readonly channel: ChannelView;
    readonly hasCode: boolean;
    readonly committed: number;
    readonly at: number;
  };
  loading?: Promise<void> | undefined;
  reserved: bigint;
  readonly units: Map<number, bigint>;
};

/** Opens the books with the receipts of epochs that are not charged yet (more do no harm). */
export function openLedger(of: {
  readonly session: Session;
  readonly model: { readonly id: string; readonly feeUnitWei: bigint };
  readonly receipts: Iterable<Pick<Receipt, "payer" | "feeUnits" | "epoch">>;
}): Ledger {
  const { session, model } = of;
  const { contracts, chain } = session;
  const accounts = new Map<string, AccountState>();
  const account = (payer: string): AccountState => {
    const key = payer.toLowerCase();
    const found = accounts.get(key) ?? { reserved: 0n, units: new Map<number, bigint>() };
    accounts.set(key, found);
    return found;
  };
  const add = ({ payer, feeUnits, epoch }: Pick<Receipt, "payer" | "feeUnits" | "epoch">): void => {
    const { units } = account(payer);
    units.set(epoch, (units.get(epoch) ?? 0n) + BigInt(feeUnits));
  };
  for (const receipt of of.receipts) add(receipt);
  const loadedOf = (payer: string): NonNullable<AccountState["loaded"]> & AccountState => {
    const state = account(payer);
    if (state.loaded === undefined) throw new Error("unreachable: a payer's channel is read first");
    return { ...state, ...state.loaded };
  };
  let charged = 0;
  /** Channel and charged epochs of one moment: the number of epochs is the same before and after. */
  const read = async (payer: string, state: AccountState): Promise<void> => {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const committed = await contracts.epochCount(model.id);
      const channel = await contracts.channel(model.id, payer);
      if ((await contracts.epochCount(model.id)) !== committed) continue;
      const code = await codeAt(chain, payer);
      state.loaded = { channel, hasCode: code !== "0x", committed, at: Date.now() };
      charged = Math.max(charged, committed);
      for (const epoch of state.units.keys()) if (epoch <= committed) state.units.delete(epoch);
      return;
    }
    throw new LedgerUnsteadyError();
  };
  /** Who comes back is read again; only what no epoch has charged yet must not be forgotten. */
  const forgetIdle = (): void => {
    const before = Date.now() - IDLE_MS;
    for (const [key, { reserved, units, loading, loaded }] of accounts) {
      if (accounts.size <= MOST_ACCOUNTS) return;
      const isIdle = loading === undefined && (loaded?.at ?? 0) < before;
      const isCharged = [...units.keys()].every((epoch) => epoch <= charged);
      if (isIdle && reserved === 0n && isCharged) accounts.delete(key);
    }
  };
  let clock: { readonly seconds: number; readonly at: number } | undefined;
  return {
    async load(payer, maxAgeMs) {
      const state = account(payer);
      if (state.loaded !== undefined && Date.now() - state.loaded.at < maxAgeMs) return;
      state.loading ??= read(payer, state).finally(() => {
        state.loading = undefined;
      });
      await state.loading;
      if (accounts.size > MOST_ACCOUNTS) forgetIdle();
    },
    owed(payer) {
      const { channel, committed, units, reserved } = loadedOf(payer);
      let open = reserved;
      for (const [epoch, sum] of units) if (epoch > committed) open += sum;
      return channel.charged + open * model.feeUnitWei;
    },
    channel: (payer) => loadedOf(payer).channel,
    hasCode: (payer) => loadedOf(payer).hasCode,
    reserve(payer, feeUnits) {
      account(payer).reserved += BigInt(feeUnits);
    },
    release(payer, feeUnits) {
      account(payer).reserved -= BigInt(feeUnits);
    },
    answered(receipt, reserved) {
      add(receipt);
      if (reserved) account(receipt.payer).reserved -= BigInt(receipt.feeUnits);
    },
    async time() {
      if (clock === undefined || Date.now() - clock.at > CLOCK_MS)
        clock = { seconds: await clockOf(chain), at: Date.now() };
      return clock.seconds;
    },
  };
}

/** Epochs are committed faster than a channel can be read. */
export class LedgerUnsteadyError extends Error {
  override readonly name = "Ledger.Unsteady";
  constructor() {
    super("The chain changed while a payer's channel was read, several times in a row. Try again.");
  }
}
