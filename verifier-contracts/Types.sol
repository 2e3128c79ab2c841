// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

// Ids that the compiler keeps apart: a batch's number can never be passed where a datanet's is asked for.
// Commitments and roots stay plain `uint256` field elements, because they travel in arrays that are hashed
// and handed to the verifier word for word.

/// @dev Number of a datanet, from 1.
type DatanetId is uint256;

/// @dev Number of a contributed batch, from 1, over all datanets.
type BatchId is uint256;

/// @dev keccak256 of a model's statement; see {IModels-commit}.
type ModelId is bytes32;

/// @dev keccak256 of "quittance/PROFILE/CIRCUIT".
type CircuitId is bytes32;

function sameDatanet(DatanetId a, DatanetId b) pure returns (bool) {
    return DatanetId.unwrap(a) == DatanetId.unwrap(b);
}

using {sameDatanet as ==} for DatanetId global;
