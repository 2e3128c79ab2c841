// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {FuzzSelector} from "./Vm.sol";
import {VotesHandler} from "./VotesHandler.sol";

/// @dev The token's supply, and votes.
contract VotesInvariants {
    VotesHandler private handler;

    function setUp() external {
        handler = new VotesHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = handler.transfer.selector;
        selectors[1] = handler.delegate.selector;
        selectors[2] = handler.propose.selector;
        selectors[3] = handler.proposeOnBorrowedVotes.selector;
        selectors[4] = handler.vote.selector;
        selectors[5] = handler.voteOnBorrowedTokens.selector;
        selectors[6] = handler.carryOut.selector;
        selectors[7] = handler.decideAlone.selector;
        selectors[8] = handler.wait.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function invariant_votes() external view {
        handler.checkSupply();
        handler.checkVotes();
    }
}
