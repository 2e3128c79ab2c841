// The curve, as machine code and in WebAssembly, against ethers', signature for signature; and what neither
// the contracts nor these take for a signature.
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accountOf,
  KeyFormatError,
  signTypedData,
  typedDataDigest,
} from "../../../pipeline/engine/ethers.ts";
import {
  bytesOfHex,
  CURVES,
  digestSigner,
  hexOfBytes,
  signDigest,
} from "../../../pipeline/engine/secp256k1.ts";

const DOMAIN = {
  name: "Quittance",
  version: "1",
  chainId: 31_337,
  verifyingContract: `0x${"ab".repeat(20)}`,
};
const TYPES = { Note: [{ name: "text", type: "string" }] };
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const key = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map(hexOfBytes)
  .filter((text) => BigInt(text) > 0n && BigInt(text) < ORDER);
const digestOf = (text: string): Uint8Array => bytesOfHex(typedDataDigest(DOMAIN, TYPES, { text }));

describe.each(CURVES)(`secp256k1, $name`, ({ sign, signer }) => {
  it("makes the bytes that ethers makes, and finds the address again", async () => {
    const property = fc.asyncProperty(key, fc.string(), async (privateKey, text) => {
      const digest = digestOf(text);
      const signature = sign(digest, bytesOfHex(privateKey));
      expect(hexOfBytes(signature)).toBe(await signTypedData(privateKey, DOMAIN, TYPES, { text }));
      const address = signer(digest, signature);
      expect(address && hexOfBytes(address)).toBe(accountOf(privateKey).address.toLowerCase());
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("takes nothing that the contracts would not take", () => {
    const privateKey = `0x${"11".repeat(32)}`;
    const digest = digestOf("hello");
    const found = (signature: string): string | undefined => {
      const address = signer(digest, bytesOfHex(signature));
      return address && hexOfBytes(address);
    };
    const signature = hexOfBytes(sign(digest, bytesOfHex(privateKey)));
    const address = accountOf(privateKey).address.toLowerCase();
    expect(found(signature)).toBe(address);
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
        // No point has this x.
        `0x${"00".repeat(31)}05${"11".repeat(32)}1b`,
      ],
    ];
    for (const form of forms) expect([form, found(form)]).toEqual([form, undefined]);
    expect(found(`${body}${v === "1b" ? "1c" : "1b"}`)).not.toBe(address);
  });

  it("names no key in an error", () => {
    const digest = bytesOfHex(`0x${"77".repeat(32)}`);
    for (const privateKey of [`0x${"00".repeat(32)}`, `0x${"ff".repeat(32)}`, "0x11", "secret"]) {
      expect(() => sign(digest, bytesOfHex(privateKey))).toThrow(KeyFormatError);
      expect(() => sign(digest, bytesOfHex(privateKey))).not.toThrow(privateKey.slice(2));
    }
  });
});

describe("secp256k1", () => {
  it("says the same of any bytes, whoever looks", () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const small = fc.nat({ max: 0xffff }).map((n) => bytesOfHex(`0x${n.toString(16).padStart(64, "0")}`));
    const number = fc.oneof(bytes(32), small);
    const property = fc.property(bytes(32), number, number, fc.constantFrom(27, 28), (digest, r, s, v) => {
      const signature = Uint8Array.from([...r, ...s, v]);
      const said = CURVES.map(({ signer }) => signer(digest, signature));
      for (const one of said) expect(one).toEqual(said[0]);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("is machine code wherever the package has it for the machine", () => {
    const folder = dirname(createRequire(import.meta.url).resolve("secp256k1/bindings.js"));
    const prebuilt = join(folder, "prebuilds", `${process.platform}-${process.arch}`);
    const expected = existsSync(prebuilt) && readdirSync(prebuilt).length > 0 ? "native" : "wasm";
    expect(CURVES[0]?.name).toBe(expected);
    expect([signDigest, digestSigner]).toEqual([CURVES[0]?.sign, CURVES[0]?.signer]);
  });

  it("brings no curve in JavaScript along", () => {
    const { cache } = createRequire(import.meta.url);
    expect(Object.keys(cache).filter((path) => /[\\/]elliptic[\\/.]/.test(path))).toEqual([]);
  });
});
