/**
 * Groth16's prover over BN254, single-threaded: from a zkey and a witness to a proof.
 *
 *    A = α + Σ w_i·A_i + rδ      B = β + Σ w_i·B_i + sδ
 *    C = Σ w_i·C_i + Σ h_i·H_i + sA + rB − rsδ
 *
 * w is the witness, r and s are random and hide it, and h are the values of (a·b − c) on the odd half of the
 * doubled domain, where the zkey's H_i are Lagrange polynomials divided by the vanishing one; a, b and c are
 * the matrices' products with w, c taken as a∘b. That choice of H is snarkjs's, whose keys these are.
 *
 * The time goes into five sums of multiples (multiexp.ts) and six transforms (transform.ts), on arithmetic of
 * our own (limbs.ts): three to four times as fast as snarkjs's on one thread. snarkjs is the reference in the
 * tests. A few dozen operations on single points at the end are left to the curve's library.
 *
 * Nothing here depends on the witness in its control flow that would show outside of the process; it is not
 * written to resist somebody who measures inside it.
 */

import { randomBytes } from "node:crypto";
import type { Curve } from "../engine/curve.ts";
import { FIELD } from "../field.ts";
import type { Proof } from "../groth16.ts";
import { ELEMENT_BYTES, ProofFileError } from "../proof-files.ts";
import { type Key, readKey } from "./key.ts";
import { prepareTransforms, quotients } from "./quotient.ts";
import { openWorkshop } from "./sums.ts";

/** The parts of the work, in their order. */
export const PROVING_STAGES = ["key", "a", "b1", "b2", "c", "quotient", "h", "assembly"] as const;
export type ProvingStage = (typeof PROVING_STAGES)[number];

/**
 * Proves.
 *
 * @param zkey a Groth16 key over BN254 as snarkjs writes it
 * @param witness wires in standard form, 32 bytes each, as many as the key has
 * @param lap is told of each part when it is done, for who measures
 * @throws {ProofFileError} if the key is not whole or the witness is of another length
 */
export async function fastProve(
  zkey: Uint8Array,
  witness: Uint8Array,
  lap: (stage: ProvingStage) => void = () => {},
): Promise<Proof> {
  const key = readKey(zkey);
  if (witness.length !== key.wires * ELEMENT_BYTES)
    throw new ProofFileError("the witness", "has another number of wires than the key");
  // A copy starts where words can be read from.
  const wires = new Uint8Array(witness);
  const workshop = await openWorkshop();
  const { curve, sums } = workshop;
  prepareTransforms(workshop, key.power);
  const after = <T>(stage: ProvingStage, part: T): T => {
    lap(stage);
    return part;
  };
  lap("key");
  const proof = assembled(curve, key, {
    a: after("a", sums("g1", key.a, wires)),
    b1: after("b1", sums("g1", key.b1, wires)),
    b2: after("b2", sums("g2", key.b2, wires)),
    c: after("c", sums("g1", key.c, wires.subarray(ELEMENT_BYTES * (key.publicCount + 1)))),
    h: after("h", sums("g1", key.h, after("quotient", quotients(workshop, key, wires)))),
  });
  lap("assembly");
  return proof;
}

function assembled(
  { G1, G2 }: Curve,
  { points }: Key,
  parts: Readonly<Record<"a" | "b1" | "b2" | "c" | "h", Uint8Array>>,
): Proof {
  const [r, s] = [randomScalar(), randomScalar()];
  const a = G1.add(G1.add(parts.a, points.alpha1), G1.timesScalar(points.delta1, bytesOf(r)));
  const b2 = G2.add(G2.add(parts.b2, points.beta2), G2.timesScalar(points.delta2, bytesOf(s)));
  const b1 = G1.add(G1.add(parts.b1, points.beta1), G1.timesScalar(points.delta1, bytesOf(s)));
  const c = [
    parts.h,
    G1.timesScalar(a, bytesOf(s)),
    G1.timesScalar(b1, bytesOf(r)),
    G1.timesScalar(points.delta1, bytesOf(FIELD - ((r * s) % FIELD))),
  ].reduce((sum, part) => G1.add(sum, part), parts.c);
  const affine = (group: Curve["G1"], point: Uint8Array): unknown =>
    (group.toObject(group.toAffine(point)) as unknown[]).slice(0, 2);
  return { a: affine(G1, a), b: affine(G2, b2), c: affine(G1, c) } as Proof;
}

/** A uniform scalar: 128 bits more than it has leave no bias. */
function randomScalar(): bigint {
  return BigInt(`0x${randomBytes(48).toString("hex")}`) % FIELD;
}

function bytesOf(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse());
}
