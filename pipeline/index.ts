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
export { circuitIdOf, NO_PARENT } from "./chain/ids.ts";
export { openLocalChain } from "./chain/local.ts";
export type { BatchEntry } from "./chain/proofs.ts";
export * from "./claim.ts";
export { openUi, type Ui } from "./cli/ui.ts";
export * from "./commit.ts";
export * from "./contribute.ts";
export * from "./demo.ts";
export * from "./doctor.ts";
export { type Account, accountOf } from "./engine/ethers.ts";
export * from "./forget.ts";
export * from "./infer.ts";
export * from "./project.ts";
export * from "./prove-training.ts";
export * from "./receipts.ts";
export { renderReport } from "./report/render.ts";
export * from "./session.ts";
export * from "./settle.ts";
export * from "./setup.ts";
export * from "./train.ts";
export * from "./verify.ts";
