// The curve in WebAssembly against ethers', signature for signature; and what neither the contracts nor this
// take for a signature.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accountOf,
  KeyFormatError,
  signTypedData,
  typedDataDigest,
} from "../../../pipeline/engine/ethers.ts";
import { digestSigner, signDigest } from "../../../pipeline/engine/secp256k1.ts";

const seed = randomBytes(4).readInt32BE();
const DOMAIN = {
  name: "Quittance",
  version: "1",
  chainId: 31_337,
  verifyingContract: `0x${"ab".repeat(20)}`,
};
const TYPES = { Note: [{ name: "text", type: "string" }] };
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString("hex")}`;
const key = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map(hex)
  .filter((text) => BigInt(text) > 0n && BigInt(text) < ORDER);

describe(`secp256k1 in WebAssembly (seed ${seed})`, () => {
  it("makes the bytes that ethers makes, and finds the address again", async () => {
    const property = fc.asyncProperty(key, fc.string(), async (privateKey, text) => {
      const digest = typedDataDigest(DOMAIN, TYPES, { text });
      const signature = signDigest(privateKey, digest);
      expect(signature).toBe(await signTypedData(privateKey, DOMAIN, TYPES, { text }));
      expect(digestSigner(digest, signature)).toBe(accountOf(privateKey).address);
    });
    await fc.assert(property, { seed, numRuns: 60 });
  });

  it("takes nothing that the contracts would not take", () => {
    const privateKey = `0x${"11".repeat(32)}`;
    const digest = typedDataDigest(DOMAIN, TYPES, { text: "hello" });
    const signature = signDigest(privateKey, digest);
    const { address } = accountOf(privateKey);
    expect(digestSigner(digest, signature)).toBe(address);
    const [body, v] = [signature.slice(0, 130), signature.slice(130)];
    const s = BigInt(`0x${signature.slice(66, 130)}`);
    const otherS = `${signature.slice(0, 66)}${(ORDER - s).toString(16).padStart(64, "0")}`;
    const forms = [
      ...[body, `${body}${v === "1b" ? "00" : "01"}`, `${body}${v === "1b" ? "25" : "26"}`],
      ...[
        `${otherS}1b`,
        `${otherS}1c`,
        `${signature}00`,
        "0x",
        "",
        `0x${"00".repeat(64)}1b`,
        `0x${"ff".repeat(64)}1b`,
      ],
    ];
    for (const form of forms) expect([form, digestSigner(digest, form)]).toEqual([form, undefined]);
    expect(digestSigner(digest, `${body}${v === "1b" ? "1c" : "1b"}`)).not.toBe(address);
  });

  it("names no key in an error", () => {
    const digest = `0x${"77".repeat(32)}`;
    for (const privateKey of [`0x${"00".repeat(32)}`, `0x${"ff".repeat(32)}`, "0x11", "secret"]) {
      expect(() => signDigest(privateKey, digest)).toThrow(KeyFormatError);
      expect(() => signDigest(privateKey, digest)).not.toThrow(privateKey.slice(2));
    }
  });
});
