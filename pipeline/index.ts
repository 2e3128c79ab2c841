/**
 * The pipeline's public face: projects, training, paid answers, settlement, verification.
 *
 * Only benchmarks and tests import from here.
 */
export * from "./bundle.ts";
export * from "./claim.ts";
export * from "./demo.ts";
export * from "./doctor.ts";
export * from "./infer.ts";
export * from "./project.ts";
export * from "./receipts.ts";
export * from "./session.ts";
export * from "./settle.ts";
export * from "./setup.ts";
export * from "./train.ts";
export * from "./verify.ts";
