// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// @title QuittanceToken
/// @notice The token that validators stake, that votes, and that models may be paid in. One billion exist,
/// all of them since the first moment: nothing here can mint, and nobody owns the contract.
/// @dev Votes are counted by time, not by block number, so that voting periods mean the same on every chain.
/// Voting power has to be delegated, to oneself or another, before it counts.
contract QuittanceToken is ERC20, ERC20Permit, ERC20Votes, ERC3009 {
    /// @notice What exists, in the smallest unit.
    uint256 public constant CAP = 1_000_000_000 * 1e18;

    /// @param holder who gets all of it
    constructor(address holder) ERC20("Quittance", "QUIT") ERC20Permit("Quittance") {
        _mint(holder, CAP);
    }

    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function nonces(address account) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(account);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
