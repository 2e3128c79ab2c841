/**
 * Receipts: what the operator signs for every answer, and what the payer can check without asking anybody.
 *
 * The signed part (EIP-712, `Receipt(bytes32 modelId,bool unproven,uint64 epoch,bytes32 requestId,address
 * payer,uint32 feeUnits,uint256 leaf,uint64 dueBy)`, domain: the epochs contract) names no question and no
 * answer: the leaf commits to both. `unproven` says that the model is registered as unproven: that its data
 * made it is then only claimed. `dueBy` is when its epoch is committed at the latest: a receipt that is
 * missing there, or whose epoch is late, costs the operator's bond (`IDisputes`). The opening, which only the
 * payer gets, lets the payer recompute the leaf: features of the question, the answer, the content's digest,
 * a random salt and the fee.
 *
 * What a receipt is worth by itself: **attested** (the operator said so). When its epoch is proven, the
 * answer is **proven** to be the committed model's; that the features are the backbone's is **reproducible**
 * by whoever has the content.
 */
import { z } from "zod";
import {
  type DataRecord,
  PROFILE_NAMES,
  type Profile,
  type ProfileName,
  recordLeaf,
} from "../prover/browser.ts";
import { recoverTypedData, sha256Hex, signTypedData, type TypedDomain } from "./engine/ethers.ts";
import { canonical, parsePlain } from "./plain.ts";

/** EIP-712 types of a receipt. */
export const RECEIPT_TYPES = {
  Receipt: [
    { name: "modelId", type: "bytes32" },
    { name: "unproven", type: "bool" },
    { name: "epoch", type: "uint64" },
    { name: "requestId", type: "bytes32" },
    { name: "payer", type: "address" },
    { name: "feeUnits", type: "uint32" },
    { name: "leaf", type: "uint256" },
    { name: "dueBy", type: "uint64" },
  ],
};

/** The signed, publishable part. */
export type SignedReceipt = {
  readonly modelId: string;
  readonly unproven: boolean;
  readonly epoch: number;
  readonly requestId: string;
  readonly payer: string;
  readonly feeUnits: number;
  readonly leaf: bigint;
  /** Seconds since 1970 on the chain's clock. */
  readonly dueBy: number;
  readonly signature: string;
};

/** The payer's copy: the signed part, where it holds, and the opening of the leaf. */
export type Receipt = SignedReceipt & {
  readonly format: "quittance-receipt/2";
  readonly profile: ProfileName;
  readonly chainId: number;
  readonly epochs: string;
  readonly operator: string;
  readonly sequence: number;
  readonly issuedAt: string;
  readonly backbone: string;
  readonly opening: {
    readonly features: Int8Array;
    readonly answer: number;
    readonly digest: bigint;
    readonly salt: bigint;
  };
};

/** Domain of the receipts' signatures. */
export function receiptDomain(chainId: number, epochs: string): TypedDomain {
  return { name: "Quittance", version: "1", chainId, verifyingContract: epochs };
}

/** A content's SHA-256 cut to 248 bits, as records commit to it. */
export function contentDigest(content: Uint8Array): bigint {
  return BigInt(`0x${sha256Hex(content).slice(0, 62)}`);
}

/** The record that a receipt's leaf commits to. */
export function receiptRecord({ opening, feeUnits }: Pick<Receipt, "opening" | "feeUnits">): DataRecord {
  const { features, answer, digest, salt } = opening;
  return { features, klass: answer, digest, salt, weight: feeUnits };
}

/** Signs a receipt with the operator's key. */
export async function signReceipt(key: string, unsigned: Omit<Receipt, "signature">): Promise<Receipt> {
  const signature = await signTypedData(
    key,
    receiptDomain(unsigned.chainId, unsigned.epochs),
    RECEIPT_TYPES,
    signedPart(unsigned),
  );
  return { ...unsigned, signature };
}

/** The address whose key signed this receipt. */
export function receiptSigner(receipt: SignedReceipt, chainId: number, epochs: string): string {
  return recoverTypedData(
    receiptDomain(chainId, epochs),
    RECEIPT_TYPES,
    signedPart(receipt),
    receipt.signature,
  );
}

/** What is signed of a receipt. */
export function signedPart(receipt: Omit<SignedReceipt, "signature">): Record<string, unknown> {
  const { modelId, unproven, epoch, requestId, payer, feeUnits, leaf, dueBy } = receipt;
  return { modelId, unproven, epoch, requestId, payer, feeUnits, leaf, dueBy };
}

/**
 * Checks a payer's copy offline: the operator's signature, and that the opening is what the leaf commits to.
 * With `content`, also that the digest is the content's. Returns what is wrong, in plain words; nothing when
 * all is well.
 */
export function checkReceipt(receipt: Receipt, profile: Profile, content?: Uint8Array): string[] {
  const wrong: string[] = [];
  try {
    if (
      receiptSigner(receipt, receipt.chainId, receipt.epochs).toLowerCase() !== receipt.operator.toLowerCase()
    ) {
      wrong.push("the signature is not the operator's");
    }
  } catch {
    wrong.push("the signature cannot be read");
  }
  if (receipt.opening.features.length !== profile.d) wrong.push(`the opening has not ${profile.d} features`);
  else if (recordLeaf(receiptRecord(receipt), profile) !== receipt.leaf) {
    wrong.push("the opening (features, answer, digest, salt, fee) is not what the signed leaf commits to");
  }
  if (content !== undefined && contentDigest(content) !== receipt.opening.digest) {
    wrong.push("the content is not the one that was asked about");
  }
  return wrong;
}

const receiptSchema = z.strictObject({
  format: z.literal("quittance-receipt/2"),
  profile: z.enum(PROFILE_NAMES),
  chainId: z.number().int().min(1),
  epochs: z.string(),
  operator: z.string(),
  sequence: z.number().int().min(0),
  issuedAt: z.string(),
  backbone: z.string(),
  modelId: z.string(),
  unproven: z.boolean(),
  epoch: z.number().int().min(1),
  requestId: z.string(),
  payer: z.string(),
  feeUnits: z.number().int().min(0),
  leaf: z.bigint(),
  dueBy: z.number().int().min(1),
  signature: z.string(),
  opening: z.strictObject({
    features: z.instanceof(Uint8Array),
    answer: z.number().int().min(0),
    digest: z.bigint(),
    salt: z.bigint(),
  }),
});

/** Texts of receipts that are in hand: one is written into the journal and into the response. */
const TEXTS = new WeakMap<Receipt, string>();

/** The text of a receipt file. */
export function receiptText(receipt: Receipt): string {
  const text = TEXTS.get(receipt) ?? `${canonical(receipt)}\n`;
  TEXTS.set(receipt, text);
  return text;
}

/** Whether a text is meant to be a receipt; whether it is one, {@link parseReceipt} says. */
export function looksLikeReceipt(text: string): boolean {
  return text.includes('"quittance-receipt/2"');
}

/** Reads a receipt file's text. Throws {@link ReceiptFormatError}. */
export function parseReceipt(text: string, where: string): Receipt {
  let value: unknown;
  try {
    value = parsePlain(text);
  } catch (cause) {
    throw new ReceiptFormatError(where, (cause as Error).message, cause);
  }
  return receiptOf(value, where);
}

/** A receipt from what its text holds. Throws {@link ReceiptFormatError}. */
export function receiptOf(value: unknown, where: string): Receipt {
  const parsed = receiptSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ReceiptFormatError(
      where,
      `${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`,
    );
  }
  const { features, ...opening } = parsed.data.opening;
  return {
    ...parsed.data,
    opening: { ...opening, features: Int8Array.from(features, (byte) => (byte << 24) >> 24) },
  };
}

/** The file is not a receipt. */
export class ReceiptFormatError extends Error {
  override readonly name = "Receipt.Format";
  constructor(where: string, reason: string, cause?: unknown) {
    super(`${where} is not a receipt (${reason}). Use the file that "quittance infer" wrote.`, { cause });
  }
}
