// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IGroth16Verifier} from "../interfaces/IGroth16Verifier.sol";
import {CircuitId} from "../Types.sol";

/// @dev Tests only: believes every proof, so that settlement can be tried with any weights at all.
contract TrustingVerifier is IGroth16Verifier {
    mapping(CircuitId => uint256) private _counts;

    constructor(CircuitId[] memory circuits, uint256[] memory counts) {
        for (uint256 i = 0; i < circuits.length; ++i) _counts[circuits[i]] = counts[i];
    }

    function verify(CircuitId circuit, uint256[8] calldata, uint256[] calldata publics) external view {
        if (publics.length != _counts[circuit]) revert VerifierWrongPublicCount(_counts[circuit], publics.length);
    }

    function publicCount(CircuitId circuit) external view returns (uint256) {
        return _counts[circuit];
    }

    function keysAreLocal() external pure returns (bool) {
        return true;
    }

    function transcript() external pure returns (bytes32) {
        return 0;
    }

    function keyHash(CircuitId) external pure returns (bytes32) {
        return 0;
    }
}
