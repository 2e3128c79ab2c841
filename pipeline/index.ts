/**
 * The pipeline's public face: projects, training, paid answers, settlement, verification.
 *
 * Only benchmarks and tests import from here.
 */
export * from "./bundle.ts";
export {
  type Contracts,
  deployContracts,
  deployOptionsOf,
  openContracts,
  signBatch,
} from "./chain/contracts.ts";
export { circuitIdOf } from "./chain/ids.ts";
export { openLocalChain } from "./chain/local.ts";
export type { BatchEntry } from "./chain/proofs.ts";
export * from "./claim.ts";
export { openUi, type Ui } from "./cli/ui.ts";
export * from "./commit.ts";
export { demoSplit } from "./corpus/demo.ts";
export * from "./demo.ts";
export * from "./doctor.ts";
export { openBlobs } from "./durable/settings.ts";
export { type JobStore, openJobStore } from "./durable/store.ts";
export { type Account, accountOf } from "./engine/ethers.ts";
export * from "./forget.ts";
export * from "./infer.ts";
export { type Provable, type Proved, proveAll } from "./jobs/proving.ts";
export * from "./project.ts";
export * from "./prove-training.ts";
export * from "./receipts.ts";
export { renderReport } from "./report/render.ts";
export * from "./session.ts";
export * from "./settle.ts";
export * from "./setup.ts";
export * from "./train.ts";
export * from "./verify.ts";
