/**
 * Groth16 over BN254: proofs, their verification, and their JSON form. Making them is prove.ts.
 *
 * A proof (A, B, C) holds for public signals x if e(A, B) = e(α, β) · e(IC_0 + Σ x_i IC_i, γ) · e(C, δ).
 *
 * What the engine's verifier leaves open is closed here before it is asked, so that this side accepts exactly
 * what the contract accepts: the number of signals is exact (the engine's would take a list that lost
 * trailing zeros), every signal is below r and every coordinate below q (else one statement has many names),
 * all points are on their curves and B is in the group of order r.
 *
 * A proof is malleable by nature: (−A, −B, C) and any re-randomised (sA, B/s, C) hold for the same statement.
 * Replay protection therefore never looks at a proof's bytes.
 */

import { isInG2 } from "./engine/curve.ts";
import { groth16Verify, type ProofJson, type VerifyingKey } from "./engine/snarkjs.ts";
import { isField } from "./field.ts";

export type { ProofJson, VerifyingKey } from "./engine/snarkjs.ts";

/** Order q of BN254's base field, in which the points' coordinates live. */
export const BASE_FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

export type G1Point = readonly [bigint, bigint];
/** Each coordinate is (c0, c1), standing for c0 + c1·u. */
export type G2Point = readonly [readonly [bigint, bigint], readonly [bigint, bigint]];

/** Affine points, coordinates in [0, q). */
export type Proof = { readonly a: G1Point; readonly b: G2Point; readonly c: G1Point };

/** 3 / (9 + u), the constant of G2's curve y² = x³ + 3/(9 + u). */
const TWIST_B: readonly [bigint, bigint] = [
  19485874751759354771024239261021720505790618469301721065564631296452457478373n,
  266929791119991161246907387137283842545076965332900288569378510910307636690n,
];

/**
 * Whether a proof holds for these signals under this key. Malformed input is `false`, never an exception.
 *
 * @param signals exactly as many as the circuit has public signals, each in [0, r)
 */
export async function verifyProof(
  vkey: VerifyingKey,
  signals: readonly bigint[],
  proof: Proof,
): Promise<boolean> {
  if (signals.length !== vkey.nPublic || vkey.IC.length !== vkey.nPublic + 1) return false;
  if (!signals.every(isField)) return false;
  if (!(await isWellFormed(proof))) return false;
  return groth16Verify(vkey, signals.map(String), proofToJson(proof));
}

/** Whether all three points are canonical, on their curves, and in the groups of order r. */
export async function isWellFormed({ a, b, c }: Proof): Promise<boolean> {
  return isOnG1(a) && isOnG1(c) && isOnG2(b) && (await isInG2(b));
}

/** Whether the coordinates are canonical and satisfy y² = x³ + 3, or are (0, 0), the point at infinity. */
export function isOnG1([x, y]: G1Point): boolean {
  if (!isBase(x) || !isBase(y)) return false;
  return (x === 0n && y === 0n) || (y * y - x * x * x - 3n) % BASE_FIELD === 0n;
}

/** The same on G2's curve; membership in the group of order r is another question, see engine/curve.ts. */
export function isOnG2([x, y]: G2Point): boolean {
  if (![...x, ...y].every(isBase)) return false;
  if ([...x, ...y].every((c) => c === 0n)) return true;
  const cube = multiply(multiply(x, x), x);
  const square = multiply(y, y);
  return [0, 1].every((i) => {
    const difference = (square[i] as bigint) - (cube[i] as bigint) - (TWIST_B[i] as bigint);
    return difference % BASE_FIELD === 0n;
  });
}

/** A proof as snarkjs writes it: decimal strings, projective with a last coordinate of one. */
export function proofToJson({ a, b, c }: Proof): ProofJson {
  return {
    pi_a: [...a.map(String), "1"],
    pi_b: [...b.map((pair) => pair.map(String)), ["1", "0"]],
    pi_c: [...c.map(String), "1"],
    protocol: "groth16",
    curve: "bn128",
  };
}

/**
 * Reads a proof as snarkjs writes it.
 *
 * @throws {ProofFormatError} unless it is a Groth16 proof over BN254 in affine coordinates
 */
export function proofFromJson(json: ProofJson): Proof {
  if (json.protocol !== "groth16" || json.curve !== "bn128")
    throw new ProofFormatError("another kind of proof");
  if (
    json.pi_a[2] !== "1" ||
    json.pi_c[2] !== "1" ||
    json.pi_b[2]?.[0] !== "1" ||
    json.pi_b[2]?.[1] !== "0"
  ) {
    throw new ProofFormatError("a point that is not affine");
  }
  return {
    a: pair(json.pi_a),
    b: [pair(json.pi_b[0] ?? []), pair(json.pi_b[1] ?? [])],
    c: pair(json.pi_c),
  };
}

function pair(coordinates: readonly string[]): [bigint, bigint] {
  const [first, second] = coordinates;
  if (!/^\d{1,78}$/.test(first ?? "") || !/^\d{1,78}$/.test(second ?? "")) {
    throw new ProofFormatError("a coordinate that is not a decimal number");
  }
  return [BigInt(first as string), BigInt(second as string)];
}

function isBase(value: bigint): boolean {
  return value >= 0n && value < BASE_FIELD;
}

/** Product in the extension field, u² = −1. */
function multiply([a, b]: readonly [bigint, bigint], [c, d]: readonly [bigint, bigint]): [bigint, bigint] {
  return [(a * c - b * d) % BASE_FIELD, (a * d + b * c) % BASE_FIELD];
}

/** Not a proof that this code reads. */
export class ProofFormatError extends Error {
  override readonly name = "Groth16.ProofFormat";
  constructor(what: string) {
    super(`The proof has ${what}. Give a Groth16 proof over BN254 as snarkjs writes it.`);
  }
}
