// Statements and branches of the contracts that no test reaches, each with the reason why none can, or need
// not.

/** `statement` is a part of the statement's text, with single spaces. */
export type Exception = { readonly file: string; readonly statement: string; readonly why: string };

export const EXCEPTIONS: readonly Exception[] = [
  {
    file: "verifier-contracts/BN254.sol",
    statement: "y == 0 ?",
    why:
      "only infinity has y = 0, and what is negated is a sum of points whose coefficients are hashed from the call: a " +
      "call in which it is infinity would have to be searched for among 2^128",
  },
  {
    file: "verifier-contracts/Groth16Verifier.sol",
    statement: "revert VerifierProofNotOnCurve();",
    why:
      "the end of _refuse: everything that can be wrong with a proof was named before, so it is reached only if a " +
      "precompile fails on points that were just found to be on the curve",
  },
];
