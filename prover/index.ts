/**
 * The prover's public face: field and commitments, statements and witnesses, compiled circuits, keys,
 * Groth16.
 *
 * Other rooms import from here and from nowhere deeper.
 */

export * from "./algebra.ts";
export * from "./artifacts.ts";
export * from "./calldata.ts";
export * from "./codes.ts";
export * from "./commitments.ts";
export { CompileError } from "./engine/circom.ts";
export { shareSingleThreadCurve } from "./engine/curve.ts";
export { PROVING_STAGES, type ProvingStage } from "./fast/prover.ts";
export * from "./field.ts";
export * from "./groth16.ts";
export * from "./keys/ceremony.ts";
export * from "./keys/local.ts";
export * from "./keys/manifest.ts";
export * from "./keys/verifying.ts";
export * from "./poseidon.ts";
export * from "./profile.ts";
export * from "./prove.ts";
export * from "./statements.ts";
export * from "./training.ts";
export * from "./witness.ts";
export * from "./witness-duplicate.ts";
export * from "./witness-inclusion.ts";
export * from "./witness-training.ts";
