/**
 * An order to pay earnings elsewhere, as a file: its owner writes it, anybody may hand it in. One without a
 * signature waits for a contract wallet's; `typedData` is what such a wallet's own tools sign.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Hex, isAddressText } from "../engine/ethers.ts";
import { writeFileAtomic } from "../store.ts";
import { type ClaimOrder, claimOrderData, type VaultAt } from "./vouchers.ts";

const address = z.string().refine(isAddressText, "an address");
const amount = z.string().regex(/^[0-9]{1,78}$/, "a whole number as a text");
const schema = z.strictObject({
  format: z.literal("quittance-claim/1"),
  chainId: z.number().int().min(1),
  vault: address,
  model: z.string().regex(/^0x[0-9a-fA-F]{64}$/, "32 bytes in hex"),
  account: address,
  to: address,
  cumulative: amount,
  deadline: amount,
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{2})+$/, "a signature in hex")
    .optional(),
  /** For people and wallets; what is handed in are the fields above. */
  typedData: z.unknown().optional(),
});

/** An order, signed or not. */
export type ClaimOrderFile = ClaimOrder & { readonly signature?: Hex };

/** Writes an order. */
export function writeOrderFile(path: string, { chainId, vault }: VaultAt, file: ClaimOrderFile): void {
  const { signature, ...order } = file;
  const content = {
    ...{ format: "quittance-claim/1", chainId, vault, ...order },
    ...{ cumulative: String(order.cumulative), deadline: String(order.deadline) },
    ...(signature === undefined ? { typedData: claimOrderData({ chainId, vault }, order) } : { signature }),
  };
  writeFileAtomic(path, `${JSON.stringify(content, null, 2)}\n`, 0o600);
}

/** Reads an order. Throws {@link OrderFileError}. */
export function readOrderFile(path: string, at: VaultAt): ClaimOrderFile {
  const text = readFileSync(path, "utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new OrderFileError(path, (cause as Error).message, cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new OrderFileError(
      path,
      `${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`,
    );
  }
  const { chainId, vault, model, account, to, cumulative, deadline, signature } = parsed.data;
  if (chainId !== at.chainId || vault.toLowerCase() !== at.vault.toLowerCase())
    throw new OrderFileError(path, `it is for vault ${vault} on chain ${chainId}`);
  return {
    ...{ model, account, to, cumulative: BigInt(cumulative), deadline: BigInt(deadline) },
    ...(signature === undefined ? {} : { signature }),
  };
}

/** Reads a signature that a wallet's own tools made: hexadecimal text. Throws {@link OrderFileError}. */
export function readSignatureFile(path: string): Hex {
  const text = readFileSync(path, "utf8").trim();
  if (!/^0x([0-9a-fA-F]{2})+$/.test(text)) throw new OrderFileError(path, "it holds no signature in hex");
  return text;
}

/** The file is not an order for this vault. */
export class OrderFileError extends Error {
  override readonly name = "Claim.OrderFile";
  constructor(path: string, reason: string, cause?: unknown) {
    super(
      `${path} is not an order to claim at this deployment (${reason}). Its owner writes one with "quittance claim --to ADDRESS --out FILE".`,
      { cause },
    );
  }
}
