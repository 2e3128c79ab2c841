/**
 * What threads run to sign and to look at signatures: bytes in, bytes out.
 *
 * A task crosses over as a few arrays of bytes, because copying objects, or texts of them, takes longer than
 * the signatures do. Items lie one after the other: digests of 32 bytes, signatures of 65, addresses of 20.
 */
import { digestSigner, signDigest } from "../engine/secp256k1.ts";

/** Digests to sign. */
export type SignTask = { readonly key: Uint8Array; readonly digests: Uint8Array };
/** Digests with their signatures. */
export type RecoverTask = { readonly digests: Uint8Array; readonly signatures: Uint8Array };

export const DIGEST_BYTES = 32;
export const SIGNATURE_BYTES = 65;
export const ADDRESS_BYTES = 20;

/** Signs each digest. Throws KeyFormatError. */
export function signMany({ key, digests }: SignTask): Uint8Array {
  return joined(split(digests, DIGEST_BYTES).map((digest) => signDigest(digest, key)));
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
