/**
 * The only importer of tiny-secp256k1: Bitcoin's libsecp256k1 as WebAssembly, for whoever signs and looks at
 * many signatures.
 *
 * The curve in JavaScript takes ten times as long, and a paid answer needs one signature looked at and one
 * made. Digests, keys and addresses are those of `ethers.ts`, and so are the bytes that come out: signatures
 * are RFC 6979 with the smaller s, r ‖ s ‖ v in 65 bytes.
 *
 * Whatever is not in the form that the contracts take is no signature here (`isContractSignature`).
 */
import { recover, signRecoverable } from "tiny-secp256k1";
import { checksumAddress, type Hex, isContractSignature, KeyFormatError, keccak256 } from "./ethers.ts";

/** Signs a digest. Throws KeyFormatError, which never shows the key. */
export function signDigest(privateKey: Hex, digest: Hex): Hex {
  let signed: ReturnType<typeof signRecoverable>;
  try {
    signed = signRecoverable(bytes(digest), bytes(privateKey));
  } catch {
    throw new KeyFormatError();
  }
  return `0x${Buffer.from(signed.signature).toString("hex")}${(27 + signed.recoveryId).toString(16)}`;
}

/** The address whose key signed a digest; undefined for whatever the contracts would not take. */
export function digestSigner(digest: Hex, signature: Hex): string | undefined {
  if (!isContractSignature(signature)) return undefined;
  const raw = bytes(signature);
  try {
    const point = recover(bytes(digest), raw.subarray(0, 64), raw[64] === 28 ? 1 : 0, false);
    return point === null ? undefined : addressOfPoint(point);
  } catch {
    return undefined;
  }
}

function addressOfPoint(point: Uint8Array): string {
  return checksumAddress(`0x${keccak256(point.subarray(1)).slice(-40)}`);
}

function bytes(hex: Hex): Uint8Array {
  return Buffer.from(hex.slice(2), "hex");
}
