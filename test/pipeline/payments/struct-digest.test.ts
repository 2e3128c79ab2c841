// Digests of fixed structs, and the hash under them, against ethers' general encoder.
import { hexlify, keccak256 } from "ethers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quittanceDomain } from "../../../pipeline/chain/ids.ts";
import { type TypedTypes, typedDataDigest } from "../../../pipeline/engine/ethers.ts";
import { keccak } from "../../../pipeline/engine/keccak.ts";
import { hexOfBytes } from "../../../pipeline/engine/secp256k1.ts";
import { StructFieldError, structDigest } from "../../../pipeline/payments/struct-digest.ts";
import { VOUCHER_TYPES } from "../../../pipeline/payments/vouchers.ts";
import { RECEIPT_TYPES, receiptDomain } from "../../../pipeline/receipts.ts";

const bytes = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(hexOfBytes);
const uint = (bits: bigint): fc.Arbitrary<bigint> => {
  const most = 2n ** bits - 1n;
  return fc.oneof(fc.bigInt({ min: 0n, max: most }), fc.constantFrom(0n, 1n, most));
};
const number = fc.nat({ max: 0xffff_ffff });
const voucher = fc.record({
  ...{ payer: bytes(20), operator: bytes(20), model: bytes(32), cumulative: uint(256n), expiry: uint(64n) },
});
const receipt = fc.record({
  ...{ modelId: bytes(32), unproven: fc.boolean(), epoch: fc.maxSafeNat(), requestId: bytes(32) },
  ...{ payer: bytes(20), feeUnits: number, leaf: uint(256n), dueBy: fc.maxSafeNat() },
});
const domain = fc
  .tuple(fc.integer({ min: 1 }), bytes(20), fc.boolean())
  .map(([chainId, at, isVault]) => (isVault ? quittanceDomain(chainId, at) : receiptDomain(chainId, at)));

describe("digests of fixed structs", () => {
  const same = (types: TypedTypes, message: fc.Arbitrary<Record<string, unknown>>): void => {
    const property = fc.property(domain, fc.array(message, { minLength: 1, maxLength: 4 }), (at, all) => {
      const digest = structDigest(at, types);
      // One after the other, so that nothing of a message is left in the next one's digest.
      for (const one of all) expect(hexOfBytes(digest(one))).toBe(typedDataDigest(at, types, one));
    });
    fc.assert(property, { numRuns: 100 });
  };

  it("are ethers' digests of vouchers", () => same(VOUCHER_TYPES, voucher));
  it("are ethers' digests of receipts", () => same(RECEIPT_TYPES, receipt));

  it("are of values that fit their fields, and of nothing else", () => {
    const at = quittanceDomain(1, `0x${"ab".repeat(20)}`);
    const digest = structDigest(at, VOUCHER_TYPES);
    const address = `0x${"cd".repeat(20)}`;
    const fits = {
      payer: address,
      operator: address,
      model: `0x${"ef".repeat(32)}`,
      cumulative: 1n,
      expiry: 2n,
    };
    const wrong: Record<string, unknown[]> = {
      payer: [`${address}00`, address.slice(2), `0x${"zz".repeat(20)}`, 5, undefined, `${address} `],
      model: [address, `0x${"g".repeat(64)}`, 1n, null],
      cumulative: [-1n, 2n ** 256n, 1.5, Number.NaN, 2 ** 53, "1", true],
      expiry: [-1, 2n ** 64n, undefined, {}],
    };
    const before = digest(fits);
    for (const [field, values] of Object.entries(wrong))
      for (const value of values)
        expect(() => digest({ ...fits, [field]: value }), `${field} ${value}`).toThrow(StructFieldError);
    expect(() => structDigest(at, RECEIPT_TYPES)({ unproven: 1n })).toThrow(StructFieldError);
    // A message that was refused half-way leaves nothing behind.
    expect(digest(fits)).toEqual(before);
  });

  it("are refused for structs that have more than words", () => {
    const at = quittanceDomain(1, `0x${"ab".repeat(20)}`);
    for (const type of ["string", "bytes", "uint256[]", "Note", "int8", "uint0", "uint264", "bytes4"])
      expect(() => structDigest(at, { Note: [{ name: "x", type }] }), type).toThrow(StructFieldError);
    expect(() => structDigest(at, { ...VOUCHER_TYPES, ...RECEIPT_TYPES })).toThrow(StructFieldError);
  });
});

describe("Keccak in WebAssembly", () => {
  it("is ethers' own, whatever the length", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 600, size: "max" }), (data) => {
      expect(hexOfBytes(keccak(data))).toBe(hexlify(keccak256._(data)));
    });
    fc.assert(property, { numRuns: 200 });
    for (let length = 130; length < 142; length++) {
      const data = new Uint8Array(length).fill(length);
      expect(hexOfBytes(keccak(data))).toBe(hexlify(keccak256._(data)));
    }
    const empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
    expect(hexOfBytes(keccak(new Uint8Array()))).toBe(empty);
  });

  it("is what ethers hashes with once it is loaded, and gives each caller bytes of its own", () => {
    const first = keccak(Uint8Array.of(1));
    const kept = first.slice();
    expect(keccak256(Uint8Array.of(1))).toBe(hexOfBytes(first));
    keccak(Uint8Array.of(2));
    expect(first).toEqual(kept);
  });
});
