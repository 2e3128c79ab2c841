// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IGroth16Verifier} from "../../../verifier-contracts/interfaces/IGroth16Verifier.sol";
import {CircuitId} from "../../../verifier-contracts/Types.sol";

/// @dev The only stand-in: an ideal verifier. The proof of a statement is the statement's own hash, so a
/// proof fits its circuit and its public inputs, each of them, and nothing else; who may make one is the
/// handlers' affair. Whether real proofs are sound is tested elsewhere, with real proofs.
contract IdealVerifier is IGroth16Verifier {
    mapping(CircuitId => uint256) public publicCount;
    bool public constant keysAreLocal = true;
    bytes32 public constant transcript = 0;

    constructor(CircuitId[] memory circuits, uint256[] memory counts) {
        for (uint256 i = 0; i < circuits.length; ++i) publicCount[circuits[i]] = counts[i];
    }

    function verify(CircuitId circuit, uint256[8] calldata proof, uint256[] calldata publics) external view {
        _check(circuit, proof, publics);
    }

    function verifyBatch(Item[] calldata items) external view {
        if (items.length == 0) revert VerifierEmptyBatch();
        for (uint256 i = 0; i < items.length; ++i) _check(items[i].circuit, items[i].proof, items[i].publics);
    }

    function batchable(CircuitId) external pure returns (bool) {
        return true;
    }

    function keyHash(CircuitId circuit) external pure returns (bytes32) {
        return CircuitId.unwrap(circuit);
    }

    function _check(CircuitId circuit, uint256[8] calldata proof, uint256[] calldata publics) private view {
        if (publics.length != publicCount[circuit]) {
            revert VerifierWrongPublicCount(publicCount[circuit], publics.length);
        }
        bytes32 statement = keccak256(abi.encode(circuit, publics));
        if (proof[0] != uint256(statement)) revert VerifierInvalidProof(circuit);
    }
}
