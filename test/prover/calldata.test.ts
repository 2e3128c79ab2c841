import { describe, expect, it } from "vitest";
import {
  PROOF_WORDS,
  proofFromWords,
  proofWords,
  verifyingKeyWords,
  WordCountError,
} from "../../prover/calldata.ts";
import type { Proof, VerifyingKey } from "../../prover/groth16.ts";

const proof: Proof = {
  a: [1n, 2n],
  b: [
    [3n, 4n],
    [5n, 6n],
  ],
  c: [7n, 8n],
};

const vkey: VerifyingKey = {
  protocol: "groth16",
  curve: "bn128",
  nPublic: 1,
  vk_alpha_1: ["1", "2", "1"],
  vk_beta_2: [
    ["3", "4"],
    ["5", "6"],
    ["1", "0"],
  ],
  vk_gamma_2: [
    ["7", "8"],
    ["9", "10"],
    ["1", "0"],
  ],
  vk_delta_2: [
    ["11", "12"],
    ["13", "14"],
    ["1", "0"],
  ],
  IC: [
    ["15", "16", "1"],
    ["17", "18", "1"],
  ],
};

describe("calldata", () => {
  it("puts a proof's words in the order of the pairing precompile: the imaginary part first", () => {
    expect(proofWords(proof)).toEqual([1n, 2n, 4n, 3n, 6n, 5n, 7n, 8n]);
  });

  it("reads them back", () => {
    expect(proofFromWords(proofWords(proof))).toEqual(proof);
    expect(() => proofFromWords([1n])).toThrow(WordCountError);
    expect(proofWords(proof)).toHaveLength(PROOF_WORDS);
  });

  it("puts a verifying key as alpha, beta, gamma, delta, IC", () => {
    const expected = [1, 2, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 15, 16, 17, 18].map(BigInt);
    expect(verifyingKeyWords(vkey)).toEqual(expected);
  });
});
