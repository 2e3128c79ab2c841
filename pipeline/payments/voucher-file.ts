/** A voucher as a file: what a payer hands to an operator, and what `quittance infer --voucher` reads. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { isAddressText } from "../engine/ethers.ts";
import { writeFileAtomic } from "../store.ts";
import type { SignedVoucher, VaultAt } from "./vouchers.ts";

const address = z.string().refine(isAddressText, "an address");
const amount = z.string().regex(/^[0-9]{1,78}$/, "a whole number as a text");
const schema = z.strictObject({
  format: z.literal("quittance-voucher/1"),
  chainId: z.number().int().min(1),
  vault: address,
  payer: address,
  operator: address,
  model: z.string().regex(/^0x[0-9a-fA-F]{64}$/, "32 bytes in hex"),
  cumulative: amount,
  expiry: amount,
  signature: z.string().regex(/^0x([0-9a-fA-F]{2})+$/, "a signature in hex"),
});

/** Writes a voucher. */
export function writeVoucherFile(path: string, at: VaultAt, voucher: SignedVoucher): void {
  const { cumulative, expiry, ...rest } = voucher;
  const file = { format: "quittance-voucher/1", chainId: at.chainId, vault: at.vault, ...rest };
  writeFileAtomic(
    path,
    `${JSON.stringify({ ...file, cumulative: String(cumulative), expiry: String(expiry) }, null, 2)}\n`,
    0o600,
  );
}

/** Reads a voucher. Throws {@link VoucherFileError}. */
export function readVoucherFile(path: string, at: VaultAt): SignedVoucher {
  const text = readFileSync(path, "utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new VoucherFileError(path, (cause as Error).message, cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new VoucherFileError(
      path,
      `${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`,
    );
  }
  const { format: _format, chainId, vault, cumulative, expiry, ...rest } = parsed.data;
  if (chainId !== at.chainId || vault.toLowerCase() !== at.vault.toLowerCase())
    throw new VoucherFileError(path, `it is for vault ${vault} on chain ${chainId}`);
  return { ...rest, cumulative: BigInt(cumulative), expiry: BigInt(expiry) };
}

/** The file is not a voucher for this vault. */
export class VoucherFileError extends Error {
  override readonly name = "Voucher.File";
  constructor(path: string, reason: string, cause?: unknown) {
    super(`${path} is not a voucher for these contracts (${reason}). Ask the payer for another one.`, {
      cause,
    });
  }
}
