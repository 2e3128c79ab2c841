/**
 * The pipeline's second public face, for browsers: what checks an epoch or a receipt, and the shapes of the
 * public views. Nothing that can be reached from here imports a module of Node's; a test holds it.
 */
import { readVerifyingKeys, type VerifyingKeys } from "../prover/browser.ts";
import { sha256Hex } from "./engine/ethers.ts";

export type { KeyManifest, VerifyingKeys } from "../prover/browser.ts";
export { BundleFormatError, type EpochBundle, parseBundle } from "./bundle-format.ts";
export {
  contentDigest,
  looksLikeReceipt,
  parseReceipt,
  type Receipt,
  ReceiptFormatError,
} from "./receipts.ts";
export type { SiteConfig } from "./site/config.ts";
export { type Check, statementsOf, type VerifyOptions, verifyBundle } from "./verify.ts";
export { type ReceiptEvidence, receiptChecks } from "./verify-receipt.ts";
export type * from "./views/types.ts";

/** Reads the verifying keys that `quittance export` and `quittance serve` publish. Throws like the reader. */
export function parseVerifyingKeys(json: unknown): Promise<VerifyingKeys> {
  return readVerifyingKeys(json, sha256Hex);
}
