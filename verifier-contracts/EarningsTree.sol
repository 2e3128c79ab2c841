// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {ModelId} from "./Types.sol";

/// @title EarningsTree: the root of what a model's contributors have earned
/// @notice Leaf i is `keccak256(keccak256(abi.encode(model, account_i, cumulative_i)))`. Nodes are paired
/// from the left, each pair sorted and hashed; the last node of an odd level moves up as it is. Proofs are
/// those of OpenZeppelin's `MerkleProof`.
/// @dev A leaf is the hash of 32 bytes and a node the hash of 64, so a node can never be read as a leaf, nor
/// can anybody find an entry whose 64 bytes are two nodes. The hashing works in scratch space: a list of 512
/// leaves would otherwise leave a quarter of a megabyte of memory behind, which costs more than the hashes.
library EarningsTree {
    function leafOf(ModelId model, address account, uint256 cumulative) internal pure returns (bytes32 leaf) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, model)
            mstore(add(free, 0x20), and(account, 0xffffffffffffffffffffffffffffffffffffffff))
            mstore(add(free, 0x40), cumulative)
            mstore(0x00, keccak256(free, 0x60))
            leaf := keccak256(0x00, 0x20)
        }
    }

    /// @dev Both lists have the same length, which is not 0.
    function rootOf(
        ModelId model,
        address[] calldata accounts,
        uint256[] memory cumulative
    ) internal pure returns (bytes32) {
        uint256 width = accounts.length;
        bytes32[] memory nodes = new bytes32[](width);
        for (uint256 i = 0; i < width; ++i) nodes[i] = leafOf(model, accounts[i], cumulative[i]);
        while (width > 1) {
            uint256 pairs = width / 2;
            for (uint256 i = 0; i < pairs; ++i) {
                nodes[i] = Hashes.commutativeKeccak256(nodes[2 * i], nodes[2 * i + 1]);
            }
            if (width % 2 == 1) nodes[pairs] = nodes[width - 1];
            width = pairs + (width % 2);
        }
        return nodes[0];
    }
}
