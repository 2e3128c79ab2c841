/**
 * Makes Groth16 proofs: runs a circuit's witness generator, then a prover.
 *
 * The prover is our own, single-threaded (fast/prover.ts), or the native rapidsnark where the user has one
 * (engine/rapidsnark.ts); QUITTANCE_PROVER says which, and `snarkjs` there asks for the reference. What
 * another program wrote is held against the curves, the witness and the key before it is passed on; a proof
 * by any of them is verified. A proof for other public signals, or one that does not hold, is refused here
 * and not by a contract an hour later.
 *
 * Functions here are safe to run in pool workers; nothing starts a thread. Keys and witness generators that a
 * worker has read stay with it, up to a budget (engine/files.ts).
 */

import { access } from "node:fs/promises";
import { type Calculator, compileCalculator } from "./engine/calculator.ts";
import { fileCache } from "./engine/files.ts";
import {
  findRapidsnark,
  RAPIDSNARK_VARIABLE,
  RapidsnarkError,
  RapidsnarkMissingError,
  rapidsnarkProve,
} from "./engine/rapidsnark.ts";
import { groth16Prove, type ProofJson } from "./engine/snarkjs.ts";
import { fastProve, type ProvingStage } from "./fast/prover.ts";
import { isWellFormed, type Proof, proofFromJson, type VerifyingKey, verifyProof } from "./groth16.ts";
import { verifyingKeyOf } from "./own-key.ts";
import { ELEMENT_BYTES, publicsOf, readWtns, readZkeyCounts } from "./proof-files.ts";

export { RapidsnarkError, RapidsnarkMissingError } from "./engine/rapidsnark.ts";

/** A circuit's inputs by name: decimal strings, bigints, nested arrays. */
export type Input = { readonly [signal: string]: unknown };

type Made = { readonly proof: Proof; readonly publics: bigint[] };

/** Names the prover, see {@link chooseProver}. */
export const PROVER_VARIABLE = "QUITTANCE_PROVER";

/** What makes the proofs. */
export type Prover =
  | { readonly kind: "built-in" | "snarkjs" }
  | { readonly kind: "rapidsnark"; readonly program: string };

/** For who wants to know more of a proof, or where its time goes. */
export type ProvingOptions = {
  /** Instead of what the environment says. */
  readonly prover?: Prover | undefined;
  /** False for tests that want a proof that does not hold. Checking takes hundredths of a second. */
  readonly check?: boolean | undefined;
  /** Told of each part of the built-in prover's work when it is done. */
  readonly lap?: ((stage: ProvingStage | "read") => void) | undefined;
};

/**
 * All keys of the default profile together are 300 MiB; a worker with these and a proof stays below 1 GiB.
 */
const KEYS_BUDGET_BYTES = 768 << 20;
const CALCULATORS_BUDGET_BYTES = 64 << 20;

/** A key's bytes, and the verifying key in them. */
type LoadedKey = { readonly zkey: Uint8Array; readonly vkey: VerifyingKey };

const keys = fileCache<LoadedKey>(KEYS_BUDGET_BYTES, async (zkey) => ({
  zkey,
  vkey: await verifyingKeyOf(zkey),
}));
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
 * @throws {ProverChoiceError} if the environment names no prover that there is
 * @throws {RapidsnarkMissingError} if a rapidsnark is named that cannot be run
 * @throws {InvalidProofError} if the proof does not hold
 * @example
 * const { statement, input } = adjointWitness({ … });
 * const { proof } = await prove({ zkeyPath: keys.zkeyPath("adjoint"), wasmPath: circuit.wasmPath, input });
 */
export async function prove(
  options: { readonly zkeyPath: string; readonly wasmPath: string; readonly input: Input } & ProvingOptions,
): Promise<Made> {
  return proveWitness({ ...options, witness: await calculateWitness(options) });
}

/** Makes a proof from a witness. Throws what {@link prove} throws; a false witness is an invalid proof. */
export async function proveWitness(
  options: { readonly zkeyPath: string; readonly witness: Uint8Array } & ProvingOptions,
): Promise<Made> {
  const { zkeyPath, check = true } = options;
  await mustExist(zkeyPath);
  const prover = options.prover ?? (await chooseProver());
  const { vkey, ...made } = await madeBy(prover, options);
  if (check && !(await verifyProof(vkey, made.publics, made.proof)))
    throw new InvalidProofError(zkeyPath, proverLabel(prover));
  return made;
}

async function madeBy(
  prover: Prover,
  { zkeyPath, witness, lap }: { readonly zkeyPath: string; readonly witness: Uint8Array } & ProvingOptions,
): Promise<Made & { readonly vkey: VerifyingKey }> {
  try {
    const { wires, publicCount } = await readZkeyCounts(zkeyPath);
    const values = readWtns(witness);
    if (values.length !== wires * ELEMENT_BYTES)
      throw new Error(`the witness has ${values.length / ELEMENT_BYTES} wires, the key ${wires}.`);
    const publics = publicsOf(values, publicCount);
    const { zkey, vkey } = await keys(zkeyPath);
    lap?.("read");
    if (prover.kind === "rapidsnark") {
      const { program } = prover;
      const made = await rapidsnarkProve(program, zkeyPath, witness);
      const refuse = (what: string, cause?: unknown): Error => new RapidsnarkError(program, what, cause);
      return { proof: await accepted(made, publics, refuse), publics, vkey };
    }
    if (prover.kind === "built-in") return { proof: await fastProve(zkey, values, lap), publics, vkey };
    const refuse = (what: string, cause?: unknown): Error => new Error(`snarkjs ${what}.`, { cause });
    return { proof: await accepted(await groth16Prove(zkey, witness), publics, refuse), publics, vkey };
  } catch (cause) {
    if (cause instanceof RapidsnarkError) throw cause;
    throw new ProvingError(zkeyPath, cause);
  }
}

/**
 * What makes proofs: QUITTANCE_PROVER is `built-in`, `snarkjs` or `rapidsnark`; unset, it is rapidsnark where
 * there is one, and the built-in prover otherwise.
 *
 * @throws {ProverChoiceError} if it is something else
 * @throws {RapidsnarkMissingError} if rapidsnark is asked for, or named, and cannot be run
 */
export async function chooseProver(environment = process.env): Promise<Prover> {
  const named = environment[PROVER_VARIABLE]?.trim() || undefined;
  if (named === "built-in" || named === "snarkjs") return { kind: named };
  if (named !== undefined && named !== "rapidsnark") throw new ProverChoiceError(named);
  const program = await findRapidsnark(environment);
  if (program !== undefined) return { kind: "rapidsnark", program };
  if (named === undefined) return { kind: "built-in" };
  throw new RapidsnarkMissingError(environment[RAPIDSNARK_VARIABLE]?.trim() || "rapidsnark", PROVER_VARIABLE);
}

/** What makes proofs here, for people. Throws what {@link chooseProver} throws. */
export async function proverName(): Promise<string> {
  return proverLabel(await chooseProver());
}

function proverLabel(prover: Prover): string {
  return prover.kind === "rapidsnark" ? `rapidsnark (${prover.program})` : prover.kind;
}

/** A proof by other code, checked as far as that goes without a verifying key. */
async function accepted(
  made: { readonly proof: ProofJson; readonly publicSignals: readonly string[] },
  publics: readonly bigint[],
  refuse: (what: string, cause?: unknown) => Error,
): Promise<Proof> {
  if (made.publicSignals.join() !== publics.join())
    throw refuse("names other public signals than the witness has");
  let proof: Proof;
  try {
    proof = proofFromJson(made.proof);
  } catch (cause) {
    throw refuse("wrote no Groth16 proof", cause);
  }
  if (!(await isWellFormed(proof))) throw refuse("made points that are on no curve");
  return proof;
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

/** A finished proof does not hold. */
export class InvalidProofError extends Error {
  override readonly name = "Prove.InvalidProof";
  constructor(zkeyPath: string, prover: string) {
    super(
      `The proof that ${prover} made with ${zkeyPath} does not hold, and is not used. Either the witness or the ` +
        `key is damaged (run "quittance setup" again), or the prover or this machine is at fault: set ` +
        `${PROVER_VARIABLE}=snarkjs to prove with the reference.`,
    );
  }
}

/** QUITTANCE_PROVER names no prover. */
export class ProverChoiceError extends Error {
  override readonly name = "Prove.Choice";
  constructor(named: string) {
    super(`${PROVER_VARIABLE} is "${named}"; set it to built-in, snarkjs or rapidsnark, or unset it.`);
  }
}

/** A file that proving needs is not there. */
export class MissingFileError extends Error {
  override readonly name = "Prove.MissingFile";
  constructor(path: string, cause: unknown) {
    super(`${path} is missing. Build the circuits and the keys first (quittance setup).`, { cause });
  }
}
