/**
 * The verifying key that a proving key holds: what a finished proof is checked against before it leaves.
 *
 * zkey: section 2 has α, β, γ, δ behind the counts, section 3 the points for the constant one and the public
 * signals, all affine in the curve's Montgomery form. What snarkjs exports from a key is the same; here no
 * file is opened a second time.
 *
 * It says that a proof belongs to the key it was made with. That the key is the right one is the manifest's
 * part (keys/manifest.ts).
 */

import { shareSingleThreadCurve } from "./engine/curve.ts";
import type { VerifyingKey } from "./groth16.ts";
import { ELEMENT_BYTES, ProofFileError, readSections } from "./proof-files.ts";

const [G1_BYTES, G2_BYTES] = [2 * ELEMENT_BYTES, 4 * ELEMENT_BYTES];

/**
 * Reads it.
 *
 * @throws {ProofFileError} if it is no whole Groth16 key
 */
export async function verifyingKeyOf(zkey: Uint8Array): Promise<VerifyingKey> {
  const sections = readSections(zkey, "zkey");
  const [header, inputs] = [sections.get(2), sections.get(3)];
  const counts = 2 * (4 + ELEMENT_BYTES);
  if (header === undefined || header.length < counts + 12 + 3 * G1_BYTES + 3 * G2_BYTES)
    throw new ProofFileError("the key", "ends too early");
  const nPublic = header.readUInt32LE(counts + 4);
  if (inputs?.length !== (nPublic + 1) * G1_BYTES)
    throw new ProofFileError("the key", "has a wrong number of public signals");
  const { G1, G2 } = await shareSingleThreadCurve();
  const g1 = (bytes: Buffer, at: number): string[] =>
    (G1.toObject(new Uint8Array(bytes.subarray(at, at + G1_BYTES))) as bigint[]).slice(0, 2).map(String);
  const g2 = (at: number): string[][] =>
    (G2.toObject(new Uint8Array(header.subarray(at, at + G2_BYTES))) as bigint[][])
      .slice(0, 2)
      .map((pair) => pair.map(String));
  // α1, β1, β2, γ2, δ1, δ2
  const alpha = counts + 12;
  const beta = alpha + 2 * G1_BYTES;
  const gamma = beta + G2_BYTES;
  const delta = gamma + G2_BYTES + G1_BYTES;
  return {
    protocol: "groth16",
    curve: "bn128",
    nPublic,
    vk_alpha_1: [...g1(header, alpha), "1"],
    vk_beta_2: [...g2(beta), ["1", "0"]],
    vk_gamma_2: [...g2(gamma), ["1", "0"]],
    vk_delta_2: [...g2(delta), ["1", "0"]],
    IC: Array.from({ length: nPublic + 1 }, (_, i) => [...g1(inputs, i * G1_BYTES), "1"]),
  };
}
