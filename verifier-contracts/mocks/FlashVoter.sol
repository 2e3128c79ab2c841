// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";

/// @dev Tests only. Borrows tokens, makes them votes, uses them, and gives them back, all in one transaction.
contract FlashVoter {
    /// @dev What the governor answered: the weight of a vote, or the reason of its refusal.
    uint256 public weight;
    bytes public refusal;

    function propose(IERC20 token, IGovernor governor, address lender, uint256 amount) external {
        _borrow(token, lender, amount);
        address[] memory targets = new address[](1);
        targets[0] = address(governor);
        try governor.propose(targets, new uint256[](1), new bytes[](1), "mine") returns (uint256) {
            refusal = "";
        } catch (bytes memory data) {
            refusal = data;
        }
        require(token.transfer(lender, amount), "no");
    }

    function vote(
        IERC20 token,
        IGovernor governor,
        uint256 proposal,
        address lender,
        uint256 amount
    ) external {
        _borrow(token, lender, amount);
        weight = governor.castVote(proposal, 1);
        require(token.transfer(lender, amount), "no");
    }

    /// @dev Holds votes at the end of this transaction.
    function hold(IERC20 token, address lender, uint256 amount) external {
        _borrow(token, lender, amount);
    }

    function _borrow(IERC20 token, address lender, uint256 amount) private {
        require(token.transferFrom(lender, address(this), amount), "no");
        IVotes(address(token)).delegate(address(this));
    }
}
