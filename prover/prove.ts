/**
 * Makes Groth16 proofs: runs a circuit's witness generator, then a prover.
 *
 * The prover is our own, single-threaded (fast/prover.ts), or the native rapidsnark where the user has one
 * (engine/rapidsnark.ts). What another program wrote is held against the curves, the witness and the key
 * before it is passed on: a proof for other public signals, or none at all, is refused here and not by a
 * contract an hour later.
 *
 * Functions here are safe to run in pool workers; nothing starts a thread. Keys and witness generators that a
 * worker has read stay with it, up to a budget (engine/files.ts).
 */

import { access } from "node:fs/promises";
import { type Calculator, compileCalculator } from "./engine/calculator.ts";
import { fileCache } from "./engine/files.ts";
import { findRapidsnark, RapidsnarkError, rapidsnarkProve } from "./engine/rapidsnark.ts";
import { fastProve } from "./fast/prover.ts";
import { isWellFormed, type Proof, proofFromJson } from "./groth16.ts";
import { ELEMENT_BYTES, publicsOf, readWtns, readZkeyCounts } from "./proof-files.ts";

export { RapidsnarkError, RapidsnarkMissingError } from "./engine/rapidsnark.ts";

/** A circuit's inputs by name: decimal strings, bigints, nested arrays. */
export type Input = { readonly [signal: string]: unknown };

type Made = { readonly proof: Proof; readonly publics: bigint[] };

/**
 * All keys of the default profile together are 300 MiB; a worker with these and a proof stays below 1 GiB.
 */
const KEYS_BUDGET_BYTES = 768 << 20;
const CALCULATORS_BUDGET_BYTES = 64 << 20;

const keys = fileCache<Uint8Array>(KEYS_BUDGET_BYTES, (bytes) => bytes);
const calculators = fileCache<Calculator>(CALCULATORS_BUDGET_BYTES, compileCalculator);

/**
 * Runs a circuit's witness generator.
 *
 * @returns the witness in circom's wtns format
 * @throws {WitnessError} if the circuit refuses the inputs
 */
export async function calculateWitness(options: {
  readonly wasmPath: string;
  readonly input: Input;
}): Promise<Uint8Array> {
  await mustExist(options.wasmPath);
  try {
    return (await calculators(options.wasmPath))(options.input);
  } catch (cause) {
    throw new WitnessError(cause);
  }
}

/**
 * Makes a proof.
 *
 * @returns the proof and the public signals that the circuit computed
 * @throws {WitnessError} if the circuit refuses the inputs
 * @throws {ProvingError} if the key does not belong to the circuit or cannot be read, or the prover fails
 * @throws {RapidsnarkMissingError} if a rapidsnark is named that cannot be run
 * @example
 * const { statement, input } = adjointWitness({ … });
 * const { proof } = await prove({ zkeyPath: keys.zkeyPath("adjoint"), wasmPath: circuit.wasmPath, input });
 */
export async function prove(options: {
  readonly zkeyPath: string;
  readonly wasmPath: string;
  readonly input: Input;
}): Promise<Made> {
  return proveWitness({ zkeyPath: options.zkeyPath, witness: await calculateWitness(options) });
}

/** Makes a proof from a witness. A witness that breaks a constraint gives a proof that does not verify. */
export async function proveWitness(options: {
  readonly zkeyPath: string;
  readonly witness: Uint8Array;
}): Promise<Made> {
  const { zkeyPath, witness } = options;
  await mustExist(zkeyPath);
  const program = await findRapidsnark();
  try {
    const { wires, publicCount } = await readZkeyCounts(zkeyPath);
    const values = readWtns(witness);
    if (values.length !== wires * ELEMENT_BYTES)
      throw new Error(`the witness has ${values.length / ELEMENT_BYTES} wires, the key ${wires}.`);
    const publics = publicsOf(values, publicCount);
    const proof =
      program === undefined
        ? await fastProve(await keys(zkeyPath), values)
        : await foreignProof(program, zkeyPath, witness, publics);
    return { proof, publics };
  } catch (cause) {
    if (cause instanceof RapidsnarkError) throw cause;
    throw new ProvingError(zkeyPath, cause);
  }
}

/**
 * What makes proofs here: `built-in`, or `rapidsnark` with its path.
 *
 * @throws {RapidsnarkMissingError} if one is named that cannot be run
 */
export async function proverName(): Promise<string> {
  const program = await findRapidsnark();
  return program === undefined ? "built-in" : `rapidsnark (${program})`;
}

/** A proof by another program, checked as far as that goes without a verifying key. */
async function foreignProof(
  program: string,
  zkeyPath: string,
  witness: Uint8Array,
  publics: readonly bigint[],
): Promise<Proof> {
  const made = await rapidsnarkProve(program, zkeyPath, witness);
  if (made.publicSignals.join() !== publics.join())
    throw new RapidsnarkError(program, "names other public signals than the witness has");
  try {
    const proof = proofFromJson(made.proof);
    if (await isWellFormed(proof)) return proof;
  } catch (cause) {
    throw new RapidsnarkError(program, "wrote no Groth16 proof", cause);
  }
  throw new RapidsnarkError(program, "made points that are on no curve");
}

async function mustExist(path: string): Promise<void> {
  try {
    await access(path);
  } catch (cause) {
    throw new MissingFileError(path, cause);
  }
}

/** The circuit's own checks failed while the witness was computed. */
export class WitnessError extends Error {
  override readonly name = "Prove.Witness";
  constructor(cause: unknown) {
    const said = cause instanceof Error ? cause.message : String(cause);
    super(`The circuit refuses these inputs; correct them. It said: ${said.trim()}`, { cause });
  }
}

/** The prover could not make a proof with this key. */
export class ProvingError extends Error {
  override readonly name = "Prove.Proving";
  constructor(zkeyPath: string, cause: unknown) {
    const said = cause instanceof Error ? cause.message : String(cause);
    super(`No proof could be made with ${zkeyPath}: ${said} Check that key and circuit belong together.`, {
      cause,
    });
  }
}

/** A file that proving needs is not there. */
export class MissingFileError extends Error {
  override readonly name = "Prove.MissingFile";
  constructor(path: string, cause: unknown) {
    super(`${path} is missing. Build the circuits and the keys first (quittance setup).`, { cause });
  }
}
