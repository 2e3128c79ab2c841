// Looking at a known key's signature says yes exactly where recovering the signer names that key.

import { SigningKey } from "ethers";
import fc from "fast-check";
import { expect, it } from "vitest";
import { knownKey } from "../../../pipeline/engine/secp256k1.ts";

const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const hex = (value: bigint): string => value.toString(16).padStart(64, "0");
const scalar = fc.bigInt({ min: 1n, max: N - 1n });
const word = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n });

/** As the chain does it: 65 bytes, v of 27 or 28, low s. */
function recovered(digest: string, signature: string): string | undefined {
  if (!/^0x[0-9a-f]{128}1[bc]$/.test(signature)) return undefined;
  try {
    return SigningKey.recoverPublicKey(digest, signature);
  } catch {
    return undefined;
  }
}

it("agrees with recovery on signatures, and on every way to bend one", () => {
  let yes = 0;
  fc.assert(
    fc.property(scalar, word, word, scalar, fc.nat(), (secret, message, other, noise, choice) => {
      const key = new SigningKey(`0x${hex(secret)}`);
      const digest = `0x${hex(message)}`;
      const good = key.sign(digest);
      const [r, s, v] = [BigInt(good.r), BigInt(good.s), good.v];
      const made = (r1: bigint, s1: bigint, v1: number): string => `0x${hex(r1)}${hex(s1)}${v1.toString(16)}`;
      const bent = [
        made(r, s, v),
        made(r, s, 55 - v),
        made(r, N - s, v),
        made(r, N - s, 55 - v),
        made(noise, s, v),
        made(r, noise, v),
        made(0n, s, v),
        made(r, 0n, v),
        made(N, s, v),
        made((r + 1n) % N, s, v),
        made(r, s, 29),
        made(r, s, v).slice(0, -2),
        new SigningKey(`0x${hex(noise)}`).sign(digest).serialized,
      ];
      const known = knownKey(key.publicKey);
      expect(known.signed(digest, made(r, s, v))).toBe(true);
      for (const signature of bent) {
        for (const at of choice % 3 === 0 ? [digest, `0x${hex(other)}`, `0x${hex(0n)}`] : [digest]) {
          const said = known.signed(at, signature);
          expect([at, signature, said]).toEqual([at, signature, recovered(at, signature) === key.publicKey]);
          if (said) yes += 1;
        }
      }
    }),
    { numRuns: 25 },
  );
  expect(yes).toBeGreaterThanOrEqual(25);
});

it("takes no bytes for a key that are none", () => {
  expect(() => knownKey(`0x04${"00".repeat(64)}`)).toThrow();
  expect(() => knownKey(`0x04${"11".repeat(64)}`)).toThrow();
});
