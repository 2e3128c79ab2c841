// Signatures of a few and of a crowd, here and on threads: each gets its own answer, whoever gave it.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountOf } from "../../../pipeline/engine/ethers.ts";
import { bytesOfHex } from "../../../pipeline/engine/secp256k1.ts";
import type { OpenReceipt } from "../../../pipeline/payments/signing.ts";
import { type SignedVoucher, signVoucher, voucherSigner } from "../../../pipeline/payments/vouchers.ts";
import { checkReceipt, signReceipt } from "../../../pipeline/receipts.ts";
import { openSigners, type Signers } from "../../../pipeline/service/signers.ts";
import { loadProfile } from "../../../prover/index.ts";

const AT = { chainId: 31_337, vault: `0x${"ab".repeat(20)}` };
const operator = accountOf(`0x${"22".repeat(32)}`);
const payers = [1, 2, 3].map((i) => accountOf(`0x${String(i).repeat(64)}`));

describe("signers", () => {
  let signers: Signers;
  beforeAll(() => {
    signers = openSigners(AT, 2);
  });
  afterAll(() => signers.close());

  /** A voucher of one of the payers, as it was signed or spoiled afterwards. */
  const made = async (cumulative: number, payer: number, spoiled: string): Promise<SignedVoucher> => {
    const key = payers[payer] as (typeof payers)[number];
    const rest = { operator: operator.address, model: `0x${"cd".repeat(32)}`, expiry: 1n };
    const voucher = await signVoucher(key, AT, { ...rest, cumulative: BigInt(cumulative) });
    if (spoiled === "amount") return { ...voucher, cumulative: voucher.cumulative + 1n };
    if (spoiled === "zeros") return { ...voucher, signature: `0x${"00".repeat(64)}1b` };
    return spoiled === "short" ? { ...voucher, signature: voucher.signature.slice(0, 130) } : voucher;
  };
  const vouchers = fc.array(
    fc.tuple(
      fc.nat({ max: 1_000 }),
      fc.nat({ max: 2 }),
      fc.constantFrom("", "", "", "amount", "zeros", "short"),
    ),
    { minLength: 1, maxLength: 60, size: "max" },
  );

  it("tell each voucher its signer, in whatever company it comes", async () => {
    const property = fc.asyncProperty(vouchers, async (wanted) => {
      const all = await Promise.all(wanted.map((one) => made(...one)));
      const found = await Promise.all(all.map((voucher) => signers.voucherSigner(voucher)));
      const expected = all.map((voucher) => voucherSigner(AT, voucher)?.toLowerCase());
      expect(found).toEqual(expected);
      for (const [index, [, payer, spoiled]] of wanted.entries())
        if (spoiled === "") expect(found[index]).toBe(payers[payer]?.address.toLowerCase());
    });
    await fc.assert(property, { numRuns: 8 });
  });

  it("make each receipt's leaf and signature, in order", async () => {
    const profile = loadProfile("tiny");
    const where = { profile: "tiny" as const, chainId: AT.chainId, epochs: `0x${"ef".repeat(20)}` };
    const open = (index: number): OpenReceipt => ({
      ...{ modelId: `0x${"cd".repeat(32)}`, unproven: index % 2 === 0, epoch: 1 + index },
      ...{
        requestId: `0x${String(10 + index).repeat(32)}`,
        payer: operator.address,
        feeUnits: index,
        dueBy: 1_000,
      },
      opening: {
        features: Int8Array.from({ length: profile.d }, (_, i) => ((index * 31 + i * 7) << 24) >> 24),
        ...{ answer: index % profile.classes, digest: BigInt(index), salt: 2n ** 200n + BigInt(index) },
      },
    });
    for (const count of [0, 1, 8, 9, 17, 64]) {
      const receipts = Array.from({ length: count }, (_, index) => open(index));
      const seals = await signers.signAll({ key: bytesOfHex(operator.privateKey), ...where, receipts });
      expect(seals).toHaveLength(count);
      const rest = { format: "quittance-receipt/2" as const, operator: operator.address, issuedAt: "now" };
      for (const [sequence, seal] of seals.entries()) {
        const unsigned = {
          ...(receipts[sequence] as OpenReceipt),
          ...where,
          ...rest,
          sequence,
          backbone: "",
        };
        expect(checkReceipt({ ...unsigned, ...seal }, profile)).toEqual([]);
        const alone = await signReceipt(operator.privateKey, { ...unsigned, leaf: seal.leaf });
        expect(seal.signature).toBe(alone.signature);
      }
    }
  });
});
