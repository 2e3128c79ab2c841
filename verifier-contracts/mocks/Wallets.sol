// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IDatanets} from "../interfaces/IDatanets.sol";
import {DatanetId} from "../Types.sol";

/// @dev Tests only. A contract wallet that does what anybody tells it to, and whose owner signs for it
/// (ERC-1271).
contract TestWallet is IERC1271 {
    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function execute(address target, bytes calldata data) external returns (bytes memory) {
        return Address.functionCall(target, data);
    }

    function contribute(IDatanets datanets, DatanetId datanet, uint256 root, uint32 count) external {
        datanets.contribute(datanet, root, count, address(this), "");
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (address signer, ECDSA.RecoverError failed, ) = ECDSA.tryRecover(hash, signature);
        bool valid = failed == ECDSA.RecoverError.NoError && signer == owner;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
