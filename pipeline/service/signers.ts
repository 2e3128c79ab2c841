/**
 * Signatures, for everybody who waits: a few at once here, many on threads of their own.
 *
 * A round trip to a thread costs as much as several signatures, and wakes somebody up who takes the event
 * loop's core where cores are few. So what is little is done at once; what has gathered goes over in one
 * piece for each thread, and leaves the event loop to everything else. The threads stay warm.
 */
import { availableParallelism } from "node:os";
import type { SignAll } from "../answering.ts";
import { quittanceDomain } from "../chain/ids.ts";
import { isContractSignature } from "../engine/ethers.ts";
import { openPool } from "../engine/pool.ts";
import { bytesOfHex, hexOfBytes } from "../engine/secp256k1.ts";
import {
  ADDRESS_BYTES,
  joined,
  type RecoverTask,
  recoverMany,
  type Seal,
  signReceipts,
  split,
} from "../payments/signing.ts";
import { structDigest } from "../payments/struct-digest.ts";
import { type SignedVoucher, type VaultAt, VOUCHER_TYPES } from "../payments/vouchers.ts";

/** Those who sign and verify. */
export type Signers = {
  readonly signAll: SignAll;
  /** Whose key signed a voucher (lower case); undefined for bytes that are no signature. */
  readonly voucherSigner: (voucher: SignedVoucher) => Promise<string | undefined>;
  readonly close: () => Promise<void>;
};

/** So many signatures are not worth a thread. */
const FEW = 8;
/** Signatures that a thread looks at in one go: nobody should wait for all of a crowd. */
const MOST_AT_ONCE = 64;
const NOBODY = `0x${"00".repeat(ADDRESS_BYTES)}`;

type Waiting = {
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly resolve: (signer: string | undefined) => void;
  readonly reject: (error: unknown) => void;
};

/** Starts the threads: one a core but for the event loop's own, which has enough to do. */
export function openSigners(at: VaultAt, threads = Math.max(1, availableParallelism() - 1)): Signers {
  const pool = openPool(new URL("../payments/signing.ts", import.meta.url), threads, undefined, true);
  const voucherDigest = structDigest(quittanceDomain(at.chainId, at.vault), VOUCHER_TYPES);
  const waiting: Waiting[] = [];
  let busy = 0;
  const recoverHere = async (task: RecoverTask): Promise<Uint8Array> => recoverMany(task);
  const recoverThere = (task: RecoverTask): Promise<Uint8Array> => {
    busy += 1;
    return pool.run<Uint8Array>("recoverMany", task).finally(() => {
      busy -= 1;
      dispatch();
    });
  };
  const look = (part: readonly Waiting[], recover: typeof recoverHere): void => {
    const digests = joined(part.map(({ digest }) => digest));
    const signatures = joined(part.map(({ signature }) => signature));
    recover({ digests, signatures }).then(
      (signers) => {
        for (const [index, signer] of split(signers, ADDRESS_BYTES).map(hexOfBytes).entries())
          part[index]?.resolve(signer === NOBODY ? undefined : signer);
      },
      (error: unknown) => {
        for (const { reject } of part) reject(error);
      },
    );
  };
  /** Looks at a few, or gives each idle thread its share of what waits. */
  const dispatch = (): void => {
    if (waiting.length <= FEW) {
      if (waiting.length > 0) look(waiting.splice(0), recoverHere);
      return;
    }
    while (waiting.length > 0 && busy < threads) {
      const share = Math.ceil(waiting.length / (threads - busy));
      look(waiting.splice(0, Math.min(MOST_AT_ONCE, share)), recoverThere);
    }
  };
  return {
    async signAll(task) {
      const { receipts } = task;
      if (receipts.length <= FEW) return signReceipts(task);
      const parts = Math.min(threads, Math.ceil(receipts.length / FEW));
      const share = Math.ceil(receipts.length / parts);
      const signed = await Promise.all(
        Array.from({ length: parts }, (_, i) => {
          const part = { ...task, receipts: receipts.slice(i * share, (i + 1) * share) };
          return pool.run<Seal[]>("signReceipts", part);
        }),
      );
      return signed.flat();
    },
    voucherSigner: async (voucher) => {
      const { signature, ...message } = voucher;
      if (!isContractSignature(signature)) return undefined;
      const digest = voucherDigest(message);
      return new Promise((resolve, reject) => {
        waiting.push({ digest, signature: bytesOfHex(signature), resolve, reject });
        // What arrives in one turn of the event loop goes in one task.
        if (waiting.length === 1) setImmediate(dispatch);
      });
    },
    close: () => pool.close(),
  };
}
