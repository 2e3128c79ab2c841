/**
 * The pipeline's public face: projects, training, paid answers, settlement, verification.
 *
 * Only benchmarks and tests import from here.
 */
export { openAgent } from "./agent/agent.ts";
export { AgentLimitError } from "./agent/books.ts";
export { discover, type Health, type ModelOffer } from "./agent/discover.ts";
export * from "./agent/errors.ts";
export { folderStorage } from "./agent/folder.ts";
export { accountSigner, type NodeAgentOptions, openNodeAgent } from "./agent/node.ts";
export { type AgentStorage, memoryStorage } from "./agent/storage.ts";
export type * from "./agent/types.ts";
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
export * from "./contribute.ts";
export * from "./contributions.ts";
export type { Corpus, Sample } from "./corpus/corpus.ts";
export { DEMO_CONTRIBUTORS, DEMO_QUERY_COUNT, demoSplit } from "./corpus/demo.ts";
export {
  type Duplicate,
  type DuplicateInput,
  type Duplicates,
  type Featured,
  findDuplicates,
} from "./corpus/duplicates.ts";
export { loadCorpus } from "./corpus/folder.ts";
export { loadIdx } from "./corpus/idx.ts";
export * from "./demo.ts";
export * from "./doctor.ts";
export { openBlobs } from "./durable/settings.ts";
export { type JobStore, openJobStore } from "./durable/store.ts";
export { type Account, accountOf, codecOf } from "./engine/ethers.ts";
export { type GraphBuilder, graphBuilder, type Tensor } from "./engine/graph.ts";
export { encodeOnnx } from "./engine/onnx.ts";
export { openSession as openGraph, type SessionOptions, tensor } from "./engine/ort.ts";
export { openPool, type Pool } from "./engine/pool.ts";
export { bestProvider, choiceLine, PROVIDERS, type Provider, probe } from "./engine/provider.ts";
export { PAYMENT_SIGNATURE, paymentSignatureHeader, readPaymentRequired } from "./engine/x402.ts";
export { cacheFolder, ROOT } from "./environment.ts";
export * from "./forget.ts";
export * from "./infer.ts";
export { adjoint } from "./influence/adjoint.ts";
export { shares } from "./influence/payouts.ts";
export { layerMoments, openProjector, type Projector } from "./influence/projected/features.ts";
export { type InfluenceEngine, openInfluence } from "./influence/projected/influence.ts";
export { principalProjections, randomProjections, ranksOf } from "./influence/projected/projections.ts";
export { measureSteps, quantiseFeatures } from "./influence/projected/quantise.ts";
export { scores, weights } from "./influence/scores.ts";
export { type Features, openFeatures, type Rows, writeFeatures } from "./influence/scoring/features.ts";
export { type ScoringHead, scoringHead } from "./influence/scoring/head.ts";
export { BLOCK_ROWS, type Scores, scoreQueries } from "./influence/scoring/score.ts";
export { type Provable, type Proved, proveAll } from "./jobs/proving.ts";
export { trainDigits } from "./learn/digits.ts";
export { answers } from "./model/answers.ts";
export { cholesky, solveLower, solveLowerTransposed } from "./model/dense.ts";
export { DEFAULT_LAMBDA, fitHead } from "./model/head.ts";
export { ridged, upperTriangle } from "./model/matrices.ts";
export { accuracyOf, fitModel, fitMoments, type Model } from "./model/model.ts";
export { type Moments, moments, sumMoments } from "./model/moments.ts";
export * from "./payments/consent.ts";
export * from "./payments/earnings.ts";
export { newRequestKey, requestIdOf } from "./payments/request-id.ts";
export { termsFromX402, voucherToPayload } from "./payments/voucher-scheme.ts";
export * from "./payments/vouchers.ts";
export * from "./project.ts";
export * from "./prove-training.ts";
export { type Random, seededRandom } from "./random.ts";
export * from "./receipt-store.ts";
export * from "./receipts.ts";
export { renderReport } from "./report/render.ts";
export * from "./seal.ts";
export { DEFAULT_SETTINGS, type ServiceContext, type ServiceSettings } from "./service/context.ts";
export { createService, type Service, type ServiceOptions } from "./service/service.ts";
export * from "./session.ts";
export * from "./settle.ts";
export * from "./setup.ts";
export { STANDARD_SEED, standardBackbone } from "./standard-backbone.ts";
export * from "./text/accuracy.ts";
export * from "./train.ts";
export * from "./verify.ts";
