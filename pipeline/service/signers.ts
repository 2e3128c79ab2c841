/**
 * Signatures on threads of their own, which leaves the event loop to everything else; the threads stay warm,
 * because somebody waits.
 */
import { availableParallelism } from "node:os";
import type { SignAll } from "../answering.ts";
import { quittanceDomain } from "../chain/ids.ts";
import { openPool } from "../engine/pool.ts";
import { taskText } from "../payments/signing.ts";
import { type SignedVoucher, type VaultAt, VOUCHER_TYPES } from "../payments/vouchers.ts";

/** Threads that sign and verify. */
export type Signers = {
  readonly signAll: SignAll;
  /** Whose key signed a voucher; undefined for bytes that are no signature. */
  readonly voucherSigner: (voucher: SignedVoucher) => Promise<string | undefined>;
  readonly close: () => Promise<void>;
};

/** Signatures that a thread looks at in one go: a round trip to a thread costs more than a signature. */
const MOST_AT_ONCE = 16;

/** Starts the threads: one a core, because the event loop mostly waits for them. */
export function openSigners(
  privateKey: string,
  at: VaultAt,
  threads = Math.max(1, availableParallelism()),
): Signers {
  const pool = openPool(new URL("../payments/signing.ts", import.meta.url), threads, undefined, true);
  const domain = quittanceDomain(at.chainId, at.vault);
  const waiting: {
    readonly voucher: SignedVoucher;
    readonly resolve: (signer: string | undefined) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  let busy = 0;
  /** Gives each idle thread its share of what waits. */
  const dispatch = (): void => {
    while (waiting.length > 0 && busy < threads) {
      const share = Math.ceil(waiting.length / (threads - busy));
      const part = waiting.splice(0, Math.min(MOST_AT_ONCE, share));
      busy += 1;
      const task = {
        domain,
        types: VOUCHER_TYPES,
        values: part.map(({ voucher: { signature: _, ...value } }) => value),
        signatures: part.map(({ voucher }) => voucher.signature),
      };
      pool
        .run<(string | null)[]>("recoverMany", taskText(task))
        .then(
          (signers) => {
            for (const [index, { resolve }] of part.entries()) resolve(signers[index] ?? undefined);
          },
          (error: unknown) => {
            for (const { reject } of part) reject(error);
          },
        )
        .finally(() => {
          busy -= 1;
          dispatch();
        });
    }
  };
  return {
    async signAll({ domain, types, values }) {
      const share = Math.ceil(values.length / threads);
      const parts = Array.from({ length: threads }, (_, i) => values.slice(i * share, (i + 1) * share));
      const signed = await Promise.all(
        parts
          .filter((part) => part.length > 0)
          .map((part) =>
            pool.run<string[]>("signMany", taskText({ privateKey, domain, types, values: part })),
          ),
      );
      return signed.flat();
    },
    voucherSigner: (voucher) =>
      new Promise((resolve, reject) => {
        waiting.push({ voucher, resolve, reject });
        // What arrives in one turn of the event loop goes in one task.
        if (waiting.length === 1) setImmediate(dispatch);
      }),
    close: () => pool.close(),
  };
}
