// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CircuitId} from "../Types.sol";

/// @title Checks Groth16 proofs over BN254 for a fixed set of circuits
/// @notice `e(A, B) = e(α, β) · e(IC_0 + Σ public_i · IC_i, γ) · e(C, δ)`.
/// @dev Keys are fixed when the contract is created; nobody can add or change one. A proof says nothing
/// about who may use it or whether it was used before: proofs can be re-randomised by anybody, so whoever
/// calls this keeps its own account of which *statements* were used.
///
/// Keys of one setup share α, β and γ. Then n proofs of any of their circuits are checked together: with
/// coefficients κ_i that nobody can know before all of them are fixed,
/// `Π e(κ_i·A_i, B_i) = e(Σκ_i·α, β) · e(Σκ_i·IC(i), γ) · Π_key e(Σκ_i·C_i, δ_key)`,
/// which is n + 2 + (number of keys) pairings instead of 4n. If a single proof is wrong this holds with
/// probability 2^-128 at most, whatever the others are: a sum with fixed coefficients would let two errors
/// cancel.
interface IGroth16Verifier {
    /// @param circuit which circuit the key is for
    /// @param words α (2), β (4), γ (4), δ (4), then IC (2 each), G2 coordinates imaginary part first
    struct CircuitKey {
        CircuitId circuit;
        uint256[] words;
    }

    /// @notice One proof of a batch, as {verify} takes them.
    struct Item {
        CircuitId circuit;
        uint256[8] proof;
        uint256[] publics;
    }

    /// @notice Keys from a locally known secret let whoever made them forge proofs; this chain is not a
    /// local one.
    error VerifierLocalKeysOnPublicChain(uint256 chainId);
    /// @notice Keys that are not local name the transcript of their ceremony; local keys have none.
    error VerifierWrongTranscript();
    /// @notice A key has at least α, β, γ, δ and IC_0, and two words for each point of IC.
    error VerifierMalformedKey(CircuitId circuit, uint256 words);
    error VerifierDuplicateCircuit(CircuitId circuit);
    /// @notice The key's point that starts at `word` is not canonical, not on the curve, or the point at
    /// infinity.
    error VerifierKeyPointInvalid(CircuitId circuit, uint256 word);
    /// @notice δ is ±γ or ± the generator: nobody contributed to this key, and anybody can forge proofs for
    /// it.
    error VerifierForgeableKey(CircuitId circuit);
    error VerifierUnknownCircuit(CircuitId circuit);
    error VerifierWrongPublicCount(uint256 expected, uint256 given);
    /// @notice Public input `index` is not below the field's order.
    error VerifierPublicNotCanonical(uint256 index);
    /// @notice Word `index` of the proof is not below the order of the base field.
    error VerifierProofNotCanonical(uint256 index);
    /// @notice A, B or C is not a point of its group.
    error VerifierProofNotOnCurve();
    /// @notice The points are well-formed, and they do not prove this statement.
    error VerifierInvalidProof(CircuitId circuit);

    error VerifierEmptyBatch();
    /// @notice The circuit's key is of another setup than the first one's: it is verified singly, by
    /// {verify}.
    error VerifierNotBatchable(CircuitId circuit);
    /// @notice Every proof of the batch is well-formed, and at least one of them proves nothing.
    error VerifierInvalidBatch(uint256 count);

    event KeyRegistered(CircuitId indexed circuit, bytes32 keyHash, uint256 publicCount, bool local);

    /// @notice Returns if `proof` proves the statement `publics` of `circuit`, and reverts with the reason
    /// otherwise.
    /// @param proof A.x, A.y, B.x (imaginary, real), B.y (imaginary, real), C.x, C.y
    function verify(CircuitId circuit, uint256[8] calldata proof, uint256[] calldata publics) external view;

    /// @notice Returns if every item is what {verify} would take, and reverts otherwise. One wrong proof,
    /// wherever it stands, makes the whole call revert; it does not say which. A proof may stand there twice.
    function verifyBatch(Item[] calldata items) external view;

    /// @notice Whether {verifyBatch} takes proofs of this circuit.
    function batchable(CircuitId circuit) external view returns (bool);

    /// @notice Whether the keys were built from a secret that somebody knows. True on development chains
    /// only.
    function keysAreLocal() external view returns (bool);

    /// @notice Hash of the ceremony's transcript, zero for local keys.
    function transcript() external view returns (bytes32);

    /// @notice How many public inputs a circuit has. Reverts for a circuit without a key.
    function publicCount(CircuitId circuit) external view returns (uint256);

    /// @notice keccak256 of the key's words.
    function keyHash(CircuitId circuit) external view returns (bytes32);
}
