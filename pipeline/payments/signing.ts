/**
 * What threads run to sign and to look at signatures.
 *
 * A task crosses over as one text: a structured clone of a thousand small objects takes longer than writing
 * and reading them as JSON. Numbers are decimal texts in it, which EIP-712 encoders take as they are.
 */
import { type TypedDomain, type TypedTypes, typedDataDigest } from "../engine/ethers.ts";
import { digestSigner, signDigest } from "../engine/secp256k1.ts";

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
  return values.map((value) => signDigest(privateKey, typedDataDigest(domain, kept, value)));
}

/** Whose key signed each message; null for bytes that the contracts would not take for a signature. */
export async function recoverMany(text: string): Promise<(string | null)[]> {
  const { domain, types, values, signatures } = JSON.parse(text) as RecoverTask;
  const kept = sameTypes(types);
  return values.map(
    (value, index) => digestSigner(typedDataDigest(domain, kept, value), signatures[index] as string) ?? null,
  );
}

const known = new Map<string, TypedTypes>();

/** Types arrive as a new object with each task; encoders are kept by the object. */
function sameTypes(types: TypedTypes): TypedTypes {
  const key = Object.keys(types).join();
  const kept = known.get(key) ?? types;
  known.set(key, kept);
  return kept;
}
