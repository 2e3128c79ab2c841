/**
 * Signatures on threads of their own. A signature takes half a millisecond and looking at one two, which would
 * leave the event loop little time for anything else; the threads stay warm, because somebody waits.
 */
import { availableParallelism } from "node:os";
import type { SignAll } from "../answering.ts";
import { quittanceDomain } from "../chain/ids.ts";
import { openPool } from "../engine/pool.ts";
import { type SignedVoucher, type VaultAt, VOUCHER_TYPES } from "../payments/vouchers.ts";

/** Threads that sign and verify. */
export type Signers = {
  readonly signAll: SignAll;
  /** Whose key signed a voucher; undefined for bytes that are no signature. */
  readonly voucherSigner: (at: VaultAt, voucher: SignedVoucher) => Promise<string | undefined>;
  readonly close: () => Promise<void>;
};

/** Starts the threads: one less than there are cores, and at least one. */
export function openSigners(privateKey: string, threads = Math.max(1, availableParallelism() - 1)): Signers {
  const pool = openPool(new URL("../payments/signing.ts", import.meta.url), threads, undefined, true);
  return {
    async signAll({ domain, types, values }) {
      const share = Math.ceil(values.length / threads);
      const parts = Array.from({ length: threads }, (_, i) => values.slice(i * share, (i + 1) * share));
      const signed = await Promise.all(
        parts
          .filter((part) => part.length > 0)
          .map((part) => pool.run<string[]>("signMany", { privateKey, domain, types, values: part })),
      );
      return signed.flat();
    },
    voucherSigner: ({ chainId, vault }, { signature, ...value }) =>
      pool.run("recoverOne", {
        domain: quittanceDomain(chainId, vault),
        types: VOUCHER_TYPES,
        value,
        signature,
      }),
    close: () => pool.close(),
  };
}
