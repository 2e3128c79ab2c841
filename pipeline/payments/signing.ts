/** What threads run to sign and to look at signatures: an elliptic curve in JavaScript takes a millisecond. */
import { recoverTypedData, signTypedData, type TypedDomain, type TypedTypes } from "../engine/ethers.ts";

/** Messages of one kind. */
export type Messages = {
  readonly domain: TypedDomain;
  readonly types: TypedTypes;
  readonly values: readonly Readonly<Record<string, unknown>>[];
};

/** Signs each message. Throws KeyFormatError. */
export async function signMany({
  privateKey,
  domain,
  types,
  values,
}: Messages & { readonly privateKey: string }): Promise<string[]> {
  const kept = sameTypes(types);
  return Promise.all(values.map((value) => signTypedData(privateKey, domain, kept, value)));
}

/** Whose key signed each message; undefined for bytes that are no signature. */
export async function recoverMany({
  domain,
  types,
  values,
  signatures,
}: Messages & { readonly signatures: readonly string[] }): Promise<(string | undefined)[]> {
  const kept = sameTypes(types);
  return values.map((value, index) => {
    try {
      return recoverTypedData(domain, kept, value, signatures[index] as string);
    } catch {
      return undefined;
    }
  });
}

const known = new Map<string, TypedTypes>();

/** Types arrive as a new object with each task; encoders are kept by the object. */
function sameTypes(types: TypedTypes): TypedTypes {
  const key = JSON.stringify(types);
  const kept = known.get(key) ?? types;
  known.set(key, kept);
  return kept;
}
