/**
 * snarkjs behind a few functions of ours: Groth16, and the phase-2 steps of a ceremony.
 *
 * Every call first puts one single-threaded curve in the place where snarkjs looks for its own
 * (engine/curve.ts says why); nothing here starts a thread, leaves one behind, or keeps the process alive.
 * Proofs run side by side by running in workers. Files can be in memory, as snarkjs's `{ type: "mem" }`.
 *
 * Pitfall: snarkjs reports some failures by returning -1 or false, some by printing; both become exceptions
 * here.
 */

import * as snarkjs from "snarkjs";
import { shareSingleThreadCurve } from "./curve.ts";

/** A Groth16 proof in snarkjs's own JSON form. */
export type ProofJson = snarkjs.ProofJson;

/** A verifying key in snarkjs's own JSON form: decimal strings, G2 coordinates as (c0, c1). */
export type VerifyingKey = {
  readonly protocol: "groth16";
  readonly curve: "bn128";
  readonly nPublic: number;
  readonly vk_alpha_1: readonly string[];
  readonly vk_beta_2: readonly (readonly string[])[];
  readonly vk_gamma_2: readonly (readonly string[])[];
  readonly vk_delta_2: readonly (readonly string[])[];
  readonly IC: readonly (readonly string[])[];
};

/** A proof by snarkjs, which fast/prover.ts is tested against: key and witness as files in memory. */
export async function groth16Prove(
  zkey: Uint8Array,
  wtns: Uint8Array,
): Promise<{ readonly proof: ProofJson; readonly publicSignals: readonly string[] }> {
  await shareSingleThreadCurve();
  return snarkjs.groth16.prove({ type: "mem", data: zkey }, { type: "mem", data: wtns });
}

/** snarkjs's verifier as it is: it ignores what is missing at the end of `publicSignals`. See groth16.ts. */
export async function groth16Verify(
  vkey: VerifyingKey,
  publicSignals: readonly string[],
  proof: ProofJson,
): Promise<boolean> {
  await shareSingleThreadCurve();
  return snarkjs.groth16.verify(vkey, publicSignals, proof);
}

/** The verifying key inside a zkey, without the pairing e(α, β) that snarkjs adds and nobody here reads. */
export async function exportVkey(zkeyPath: string): Promise<VerifyingKey> {
  await shareSingleThreadCurve();
  const { vk_alphabeta_12: _, ...vkey } = await snarkjs.zKey.exportVerificationKey(zkeyPath);
  return vkey as VerifyingKey;
}

/**
 * A powers-of-tau file of one's own: one contribution, prepared for phase 2. Half a second at 2^6, a minute
 * at 2^12: for tests and for groups that trust whoever runs it.
 */
export async function makePtau(ptauPath: string, power: number, entropy: string): Promise<void> {
  const curve = await shareSingleThreadCurve();
  const [empty, contributed] = [memory(), memory()];
  await snarkjs.powersOfTau.newAccumulator(curve, power, empty, SILENT);
  await snarkjs.powersOfTau.contribute(empty, contributed, "quittance", entropy, SILENT);
  await snarkjs.powersOfTau.preparePhase2(contributed, ptauPath, SILENT);
}

/**
 * Checks every contribution of a powers-of-tau file. Seconds at 2^10, hours at 2^20. Files that are verified
 * come as bytes: snarkjs's verifiers leave open what they opened, and a browser has no files.
 */
export async function verifyPtau(ptau: Uint8Array): Promise<boolean> {
  await shareSingleThreadCurve();
  // snarkjs calls its logger without asking whether there is one.
  return snarkjs.powersOfTau.verify({ type: "mem", data: ptau }, SILENT);
}

/**
 * The key that phase 2 starts from. Anybody can forge proofs under it: δ = γ until the first contribution.
 */
export async function startPhase2(r1csPath: string, ptauPath: string, zkeyPath: string): Promise<Uint8Array> {
  await shareSingleThreadCurve();
  const problems: string[] = [];
  const collect = (message: string): void => void problems.push(message);
  const hash = await snarkjs.zKey.newZKey(r1csPath, ptauPath, zkeyPath, { ...SILENT, error: collect });
  if (hash === -1) throw new EngineError(problems.join("; "));
  return hash;
}

export async function contributePhase2(
  from: string,
  to: string,
  name: string,
  entropy: string,
): Promise<Uint8Array> {
  await shareSingleThreadCurve();
  return snarkjs.zKey.contribute(from, to, name, entropy);
}

export async function beaconPhase2(
  from: string,
  to: string,
  name: string,
  beacon: { readonly hex: string; readonly iterationsExp: number },
): Promise<Uint8Array> {
  await shareSingleThreadCurve();
  const problems: string[] = [];
  const collect = (message: string): void => void problems.push(message);
  const logger = { ...SILENT, error: collect };
  const hash = await snarkjs.zKey.beacon(from, to, name, beacon.hex, beacon.iterationsExp, logger);
  if (hash === false) throw new EngineError(problems.join("; "));
  return hash;
}

/** Whether a zkey comes from this circuit and this powers-of-tau file by contributions that are all valid. */
export async function verifyPhase2(r1csPath: string, ptau: Uint8Array, zkey: Uint8Array): Promise<boolean> {
  await shareSingleThreadCurve();
  const inMemory = (data: Uint8Array) => ({ type: "mem" as const, data });
  return snarkjs.zKey.verifyFromR1cs(r1csPath, inMemory(ptau), inMemory(zkey), SILENT);
}

function memory(): { type: "mem"; data?: Uint8Array } {
  return { type: "mem" };
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** snarkjs gave up without an exception of its own. */
export class EngineError extends Error {
  override readonly name = "Snarkjs.Failed";
  constructor(what: string) {
    super(`snarkjs gave up: ${what || "no reason given"}.`);
  }
}
