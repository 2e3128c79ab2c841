/**
 * Looks at signatures of a key that is known already. The only importer of @noble/curves.
 *
 * Recovering a key from a signature costs two milliseconds, and a payer who buys a thousand answers has the
 * same key each time. With a table of the key's multiples, the equation that the recovered key would satisfy
 * is checked in a third of that:
 *
 *     u1 = z/s,  u2 = r/s (mod n),   u1·G + u2·Q = R   with  x(R) = r  and  y(R) of the parity that v says
 *
 * This holds exactly if Q is what recovering gives, so it says yes where ethers would, and no where ethers
 * would name somebody else. The pitfall is to leave out the parity, as plain ECDSA does: a signature with
 * the other v would pass here, and name somebody else on chain. Everything in it is public, so nothing needs
 * constant time.
 */
import { secp256k1 } from "@noble/curves/secp256k1";
import type { Hex } from "./ethers.ts";

const { ProjectivePoint: Point } = secp256k1;
const N = secp256k1.CURVE.n;
/** Bits of a window of the table: 832 points a key. */
const WINDOW = 5;
const FORM = /^0x[0-9a-f]{128}1[bc]$/i;

/** A key and its table. */
export type KnownKey = {
  /** Whether recovering the signer of a digest (32 bytes) from a signature (65 bytes) gives this key. */
  signed(digest: Hex, signature: Hex): boolean;
};

/** Makes the table of a public key (hex, with `0x`). */
export function knownKey(publicKey: Hex): KnownKey {
  const key = Point.fromHex(publicKey.slice(2));
  key.assertValidity();
  key._setWindowSize(WINDOW);
  return {
    signed(digest, signature) {
      if (!FORM.test(signature)) return false;
      const r = BigInt(signature.slice(0, 66));
      const s = BigInt(`0x${signature.slice(66, 130)}`);
      if (r === 0n || r >= N || s === 0n || s > N / 2n) return false;
      const inverse = invert(s);
      const [u1, u2] = [(BigInt(digest) * inverse) % N, (r * inverse) % N];
      const sum = key.multiply(u2).add(u1 === 0n ? Point.ZERO : Point.BASE.multiply(u1));
      if (sum.equals(Point.ZERO)) return false;
      const { x, y } = sum.toAffine();
      return x === r && (y & 1n) === (signature.toLowerCase().endsWith("1c") ? 1n : 0n);
    },
  };
}

/** The inverse modulo the group's order, by Euclid. */
function invert(value: bigint): bigint {
  let [a, b, x, y] = [value % N, N, 1n, 0n];
  while (a !== 0n) {
    const quotient = b / a;
    [a, b, x, y] = [b - quotient * a, a, y - quotient * x, x];
  }
  return ((y % N) + N) % N;
}
