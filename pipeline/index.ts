/**
 * The pipeline's public face: projects, training, paid answers, settlement, verification.
 *
 * Only benchmarks and tests import from here.
 */
export { openBackbone } from "./backbone/backbone.ts";
export { quantise } from "./backbone/quantise.ts";
export * from "./bundle.ts";
export { contractArtifacts } from "./chain/artifacts.ts";
export type { Chain } from "./chain/chain.ts";
export { type Receipt, send } from "./chain/client.ts";
export {
  type Contracts,
  deployContracts,
  deployOptionsOf,
  openContracts,
  signBatch,
  signWithdrawal,
} from "./chain/contracts.ts";
export { deployContract, GOVERNANCE, VALIDATION } from "./chain/deploy.ts";
export type { DatanetTerms, Proposal, Verdict } from "./chain/economy.ts";
export { circuitIdOf, NO_PARENT } from "./chain/ids.ts";
export { openLocalChain } from "./chain/local.ts";
export type { BatchEntry, EpochProofs } from "./chain/proofs.ts";
export { signAuthorisation, signCancellation, signPermit, tokenDomain } from "./chain/token.ts";
export * from "./claim.ts";
export { openUi, type Ui } from "./cli/ui.ts";
export * from "./commit.ts";
export type { Corpus, Sample } from "./corpus/corpus.ts";
export { DEMO_CONTRIBUTORS, DEMO_QUERY_COUNT, demoSplit } from "./corpus/demo.ts";
export { loadCorpus } from "./corpus/folder.ts";
export * from "./demo.ts";
export * from "./doctor.ts";
export { openBlobs } from "./durable/settings.ts";
export { type JobStore, openJobStore } from "./durable/store.ts";
export { type Account, accountOf, codecOf } from "./engine/ethers.ts";
export { cacheFolder } from "./environment.ts";
export * from "./forget.ts";
export * from "./infer.ts";
export { type Provable, type Proved, proveAll } from "./jobs/proving.ts";
export { trainDigits } from "./learn/digits.ts";
export { accuracyOf, fitModel } from "./model/model.ts";
export * from "./payments/earnings.ts";
export * from "./payments/vouchers.ts";
export * from "./project.ts";
export * from "./prove-training.ts";
export { seededRandom } from "./random.ts";
export * from "./receipts.ts";
export { renderReport } from "./report/render.ts";
export * from "./session.ts";
export * from "./settle.ts";
export * from "./setup.ts";
export { standardBackbone } from "./standard-backbone.ts";
export * from "./text/accuracy.ts";
export * from "./train.ts";
export * from "./verify.ts";
