/**
 * What threads run to sign receipts and to look at vouchers' signatures; a few of them run where they are.
 *
 * Vouchers arrive one by one from everywhere, so they cross over as a few arrays of bytes, items one after
 * the other: digests of 32 bytes, signatures of 65, addresses of 20. Receipts go by the batch, with what
 * their leaves are made of: a leaf takes longer than the signature under it.
 */
import { loadProfile, type Profile, type ProfileName, recordLeaf } from "../../prover/browser.ts";
import type { Hex } from "../engine/ethers.ts";
import { digestSigner, hexOfBytes, signDigest } from "../engine/secp256k1.ts";
import { RECEIPT_TYPES, type Receipt, receiptDomain, receiptRecord, signedPart } from "../receipts.ts";
import { structDigest } from "./struct-digest.ts";

/** What a receipt's leaf and signature are made from. */
export type OpenReceipt = Pick<
  Receipt,
  "modelId" | "unproven" | "epoch" | "requestId" | "payer" | "feeUnits" | "dueBy" | "opening"
>;
/** The leaf that commits to a receipt's opening, and the operator's signature. */
export type Seal = { readonly leaf: bigint; readonly signature: Hex };

/** Receipts of one operator to sign. */
export type SignTask = {
  readonly key: Uint8Array;
  readonly profile: ProfileName;
  readonly chainId: number;
  /** The epochs contract. */
  readonly epochs: string;
  readonly receipts: readonly OpenReceipt[];
};
/** Digests with their signatures. */
export type RecoverTask = { readonly digests: Uint8Array; readonly signatures: Uint8Array };

const DIGEST_BYTES = 32;
const SIGNATURE_BYTES = 65;
export const ADDRESS_BYTES = 20;

/** Makes each receipt's leaf and signs it. Throws KeyFormatError. */
export function signReceipts(task: SignTask): Seal[] {
  const { profile, digest } = kindOf(task);
  return task.receipts.map((receipt) => {
    const leaf = recordLeaf(receiptRecord(receipt), profile);
    return { leaf, signature: hexOfBytes(signDigest(digest(signedPart({ ...receipt, leaf })), task.key)) };
  });
}

type Kind = { readonly profile: Profile; readonly digest: ReturnType<typeof structDigest> };

const kinds = new Map<string, Kind>();

/** What receipts of one profile and place have in common; a process signs of one kind. */
function kindOf({ profile: name, chainId, epochs }: SignTask): Kind {
  const key = `${name} ${chainId} ${epochs}`;
  const kind = kinds.get(key) ?? {
    profile: loadProfile(name),
    digest: structDigest(receiptDomain(chainId, epochs), RECEIPT_TYPES),
  };
  kinds.set(key, kind);
  return kind;
}

/** Whose key signed each digest; zeros for bytes that the contracts would not take for a signature. */
export function recoverMany({ digests, signatures }: RecoverTask): Uint8Array {
  const signed = split(signatures, SIGNATURE_BYTES);
  const nobody = new Uint8Array(ADDRESS_BYTES);
  return joined(
    split(digests, DIGEST_BYTES).map(
      (digest, index) => digestSigner(digest, signed[index] ?? nobody) ?? nobody,
    ),
  );
}

/** Items of equal length, one after the other, in a memory of their own: all of it crosses over. */
export function joined(items: readonly Uint8Array[]): Uint8Array {
  const size = items[0]?.length ?? 0;
  const whole = new Uint8Array(items.length * size);
  for (const [index, item] of items.entries()) whole.set(item, index * size);
  return whole;
}

/** The items again. */
export function split(whole: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: whole.length / size }, (_, i) => whole.subarray(i * size, (i + 1) * size));
}
