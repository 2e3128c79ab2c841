/**
 * What threads run to sign receipts and to look at vouchers: an elliptic curve in JavaScript takes a
 * millisecond or two. A payer's key is remembered, so that its next vouchers cost a third.
 *
 * A task crosses over as one text: a structured clone of a thousand small objects takes longer than writing
 * and reading them as JSON. Numbers are decimal texts in it, which EIP-712 encoders take as they are.
 */
import {
  recoverKey,
  signTypedData,
  type TypedDomain,
  type TypedTypes,
  typedDataDigest,
} from "../engine/ethers.ts";
import { type KnownKey, knownKey } from "../engine/secp256k1.ts";

type Messages = {
  readonly domain: TypedDomain;
  readonly types: TypedTypes;
  readonly values: readonly Readonly<Record<string, unknown>>[];
};
/** Messages to sign. */
export type SignTask = Messages & { readonly privateKey: string };
/** Messages with their signatures. */
export type RecoverTask = Messages & { readonly signatures: readonly string[] };

/** A task as it crosses over. */
export function taskText(task: SignTask | RecoverTask): string {
  return JSON.stringify(task, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

/** Signs each message. Throws KeyFormatError. */
export async function signMany(text: string): Promise<string[]> {
  const { privateKey, domain, types, values } = JSON.parse(text) as SignTask;
  const kept = sameTypes(types);
  return Promise.all(values.map((value) => signTypedData(privateKey, domain, kept, value)));
}

/** Whose key signed each voucher; null for bytes that are no signature. */
export async function recoverMany(text: string): Promise<(string | null)[]> {
  const { domain, types, values, signatures } = JSON.parse(text) as RecoverTask;
  const kept = sameTypes(types);
  return values.map((value, index) => {
    try {
      const digest = typedDataDigest(domain, kept, value);
      return signerOf(digest, signatures[index] as string, String(value["payer"]));
    } catch {
      return null;
    }
  });
}

/** A payer's key: seen once, or with its table from the second time on. */
const keys = new Map<string, { readonly publicKey: string; readonly table?: KnownKey }>();
/** Payers whose keys are remembered. A table takes some hundred KiB. */
const MOST_KEYS = 200;

/** Who signed a digest; quickly where it is the payer who is named, and its key is known. */
function signerOf(digest: string, signature: string, payer: string): string {
  const name = payer.toLowerCase();
  const seen = keys.get(name);
  keys.delete(name);
  if (seen !== undefined) {
    const table = seen.table ?? knownKey(seen.publicKey);
    keys.set(name, { ...seen, table });
    if (table.signed(digest, signature)) return payer;
  }
  const { address, publicKey } = recoverKey(digest, signature);
  // Only a key that signed for its own address is worth a place.
  if (seen === undefined && address.toLowerCase() === name) keys.set(name, { publicKey });
  for (const first of keys.keys()) {
    if (keys.size <= MOST_KEYS) break;
    keys.delete(first);
  }
  return address;
}

const known = new Map<string, TypedTypes>();

/** Types arrive as a new object with each task; encoders are kept by the object. */
function sameTypes(types: TypedTypes): TypedTypes {
  const key = Object.keys(types).join();
  const kept = known.get(key) ?? types;
  known.set(key, kept);
  return kept;
}
