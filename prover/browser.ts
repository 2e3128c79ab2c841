/**
 * The prover's second public face, for browsers: what verifies, and nothing that proves, compiles or makes
 * keys. Nothing that can be reached from here imports a module of Node's; a test holds it.
 */

export * from "./algebra.ts";
export * from "./codes.ts";
export * from "./commitments.ts";
export * from "./field.ts";
export * from "./groth16.ts";
export * from "./keys/verifying.ts";
export * from "./poseidon.ts";
export * from "./profile.ts";
export * from "./statements.ts";
export * from "./training.ts";
