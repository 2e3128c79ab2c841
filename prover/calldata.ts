/**
 * Proofs and verifying keys as lists of 256-bit words, in the order of the chain's pairing precompile.
 *
 * snarkjs writes an element c0 + c1·u of the extension field as (c0, c1); the precompile (EIP-197) reads it
 * as (c1, c0). That swap is the only difference, and this file is the only place that makes it.
 */

import type { G1Point, G2Point, Proof, VerifyingKey } from "./groth16.ts";

/** Words of a proof. */
export const PROOF_WORDS = 8;

/**
 * A proof as eight words: a.x, a.y, b.x.c1, b.x.c0, b.y.c1, b.y.c0, c.x, c.y.
 *
 * @example const calldata = proofWords(proof).map((word) => toBeHex(word, 32));
 */
export function proofWords(proof: Proof): bigint[] {
  return [...proof.a, ...g2Words(proof.b), ...proof.c];
}

/** The inverse of {@link proofWords}. */
export function proofFromWords(words: readonly bigint[]): Proof {
  if (words.length !== PROOF_WORDS) throw new WordCountError(PROOF_WORDS, words.length);
  const [ax, ay, bx1, bx0, by1, by0, cx, cy] = words as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  return {
    a: [ax, ay],
    b: [
      [bx0, bx1],
      [by0, by1],
    ],
    c: [cx, cy],
  };
}

/** A verifying key: alpha (2 words), beta (4), gamma (4), delta (4), then each IC point (2). */
export function verifyingKeyWords(vkey: VerifyingKey): bigint[] {
  return [
    ...g1(vkey.vk_alpha_1),
    ...g2Words(g2(vkey.vk_beta_2)),
    ...g2Words(g2(vkey.vk_gamma_2)),
    ...g2Words(g2(vkey.vk_delta_2)),
    ...vkey.IC.flatMap((point) => g1(point)),
  ];
}

function g2Words([x, y]: G2Point): bigint[] {
  return [x[1], x[0], y[1], y[0]];
}

function g1(point: readonly string[]): G1Point {
  return [BigInt(point[0] as string), BigInt(point[1] as string)];
}

function g2(point: readonly (readonly string[])[]): G2Point {
  return [g1(point[0] as readonly string[]), g1(point[1] as readonly string[])];
}

/** A list of words of the wrong length. */
export class WordCountError extends Error {
  override readonly name = "Calldata.WordCount";
  constructor(expected: number, found: number) {
    super(`A proof is ${expected} words; ${found} were given.`);
  }
}
