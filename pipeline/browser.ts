/**
 * The pipeline's second public face, for browsers: what checks an epoch or a receipt, and the shapes of the
 * public views. Nothing that can be reached from here imports a module of Node's; a test holds it.
 */
import { readVerifyingKeys, type VerifyingKeys } from "../prover/browser.ts";
import { sha256Hex } from "./engine/ethers.ts";

export { type KeyManifest, loadProfile, type VerifyingKeys } from "../prover/browser.ts";
export { openAgent } from "./agent/agent.ts";
export { AgentOwedError } from "./agent/errors.ts";
export type { AgentStorage } from "./agent/storage.ts";
export type { Agent, AgentSigner, PaidAnswer } from "./agent/types.ts";
export { BundleFormatError, type EpochBundle, parseBundle } from "./bundle-format.ts";
export type { Chain } from "./chain/chain.ts";
export { send } from "./chain/client.ts";
export { type CheckMark, checkMark } from "./check-mark.ts";
export { type Account, accountOf, signTypedData } from "./engine/ethers.ts";
export {
  channelCall,
  channelOf,
  type DepositAt,
  depositCalls,
  type PayerCall,
  unsigned,
} from "./payments/deposit-calls.ts";
export { KEY_PATTERN, requestIdOf } from "./payments/request-id.ts";
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
