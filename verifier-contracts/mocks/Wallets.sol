// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IDatanets} from "../interfaces/IDatanets.sol";
import {IVault} from "../interfaces/IVault.sol";
import {DatanetId, ModelId} from "../Types.sol";

/// @dev Tests only. A contract wallet whose owner signs for it (ERC-1271), and which can be told how to
/// take payments.
contract TestWallet is IERC1271 {
    enum Mood {
        Accept,
        Refuse,
        Reenter,
        BurnGas
    }

    address public immutable owner;
    Mood public mood;
    IVault private _vault;
    ModelId private _model;
    /// @dev What the attempt to claim again from within a payment came to.
    bool public reentered;
    bytes4 public refusal;

    constructor(address owner_) {
        owner = owner_;
    }

    receive() external payable {
        if (mood == Mood.Refuse) revert("no");
        if (mood == Mood.BurnGas) while (true) {}
        if (mood == Mood.Reenter) {
            bytes memory data;
            (reentered, data) = address(_vault).call(abi.encodeCall(IVault.claim, (_model, address(this))));
            refusal = bytes4(data);
        }
    }

    function setMood(Mood mood_, IVault vault, ModelId model) external {
        (mood, _vault, _model) = (mood_, vault, model);
    }

    function contribute(IDatanets datanets, DatanetId datanet, uint256 root, uint32 count) external {
        datanets.contribute(datanet, root, count, address(this), "");
    }

    function deposit(IVault vault, ModelId model) external payable {
        vault.deposit{value: msg.value}(model);
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (address signer, ECDSA.RecoverError failed, ) = ECDSA.tryRecover(hash, signature);
        bool valid = failed == ECDSA.RecoverError.NoError && signer == owner;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
