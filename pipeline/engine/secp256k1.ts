/**
 * The only importer of libsecp256k1: for whoever signs and looks at many signatures. Bitcoin's library as
 * machine code where the package brings it for this machine (`secp256k1`), and as WebAssembly everywhere else
 * (`tiny-secp256k1`), which takes twice as long to sign and four times as long to look at a signature.
 *
 * The curve in JavaScript takes ten times as long again, and a paid answer needs one signature looked at and
 * one made. Keys and addresses are those of `ethers.ts`, and so are the bytes that come out: signatures are
 * RFC 6979 with the smaller s, r ‖ s ‖ v in 65 bytes.
 *
 * Whatever is not in the form that the contracts take is no signature here (`isContractSignature`).
 *
 * The pitfall: `secp256k1` by its own name falls back to elliptic, a curve in JavaScript with a history of
 * accepting what others refuse. Only its binding is loaded here.
 */
import { recover, signRecoverable } from "tiny-secp256k1";
import { type Hex, isContractSignature, KeyFormatError } from "./ethers.ts";
import { keccak } from "./keccak.ts";

/** The two operations. Both throw for what is none of theirs. */
type Curve = {
  readonly sign: (digest: Uint8Array, key: Uint8Array) => { signature: Uint8Array; recovery: number };
  /** The public key, uncompressed. */
  readonly recover: (digest: Uint8Array, signature: Uint8Array, recovery: 0 | 1) => Uint8Array | null;
};

const WASM: Curve = {
  sign: (digest, key) => {
    const { signature, recoveryId } = signRecoverable(digest, key);
    return { signature, recovery: recoveryId };
  },
  recover: (digest, signature, recovery) => recover(digest, signature, recovery, false),
};

const NATIVE = await nativeCurve();

/** What a machine has, the fastest first; named for tests, which hold them against each other. */
export const CURVES: readonly Secp256k1[] = [
  ...(NATIVE === undefined ? [] : [signaturesOf("native", NATIVE)]),
  signaturesOf("wasm", WASM),
];

/** Signing, and looking at signatures. */
export type Secp256k1 = {
  readonly name: "native" | "wasm";
  /** Signs a digest: 65 bytes. Throws KeyFormatError, which never shows the key. */
  readonly sign: (digest: Uint8Array, key: Uint8Array) => Uint8Array;
  /** The 20 bytes of whose key signed a digest; undefined for whatever the contracts would not take. */
  readonly signer: (digest: Uint8Array, signature: Uint8Array) => Uint8Array | undefined;
};

const [{ sign, signer }] = CURVES as readonly [Secp256k1];

/** Signs a digest. Throws KeyFormatError, which never shows the key. */
export const signDigest: Secp256k1["sign"] = sign;

/** Whose key signed a digest. */
export const digestSigner: Secp256k1["signer"] = signer;

/** The bytes of a hex text; what is not hex ends it. */
export function bytesOfHex(hex: Hex): Uint8Array {
  return Buffer.from(hex.slice(2), "hex");
}

/** Bytes as hex. */
export function hexOfBytes(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}

function signaturesOf(name: Secp256k1["name"], curve: Curve): Secp256k1 {
  return {
    name,
    sign(digest, key) {
      let signed: ReturnType<Curve["sign"]>;
      try {
        signed = curve.sign(digest, key);
      } catch {
        throw new KeyFormatError();
      }
      const whole = new Uint8Array(65);
      whole.set(signed.signature);
      whole[64] = 27 + signed.recovery;
      return whole;
    },
    signer(digest, signature) {
      if (!isContractSignature(hexOfBytes(signature))) return undefined;
      try {
        const point = curve.recover(digest, signature.subarray(0, 64), signature[64] === 28 ? 1 : 0);
        return point === null ? undefined : keccak(point.subarray(1)).subarray(12);
      } catch {
        return undefined;
      }
    },
  };
}

/** The binding that the package has for this system and processor; it is built for the usual ones only. */
async function nativeCurve(): Promise<Curve | undefined> {
  try {
    const { default: binding } = await import("secp256k1/bindings.js");
    return {
      sign: (digest, key) => {
        const { signature, recid } = binding.ecdsaSign(digest, key);
        return { signature, recovery: recid };
      },
      recover: (digest, signature, recovery) => binding.ecdsaRecover(signature, recovery, digest, false),
    };
  } catch {
    return undefined;
  }
}
