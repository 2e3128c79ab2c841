// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {StakesHandler} from "./StakesHandler.sol";
import {FuzzSelector} from "./Vm.sol";

/// @dev Stakes, rounds of hidden verdicts, and what lies cost.
contract StakesInvariants {
    StakesHandler private handler;

    function setUp() external {
        handler = new StakesHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](15);
        selectors[0] = handler.stake.selector;
        selectors[1] = handler.leave.selector;
        selectors[2] = handler.stay.selector;
        selectors[3] = handler.withdraw.selector;
        selectors[4] = handler.open.selector;
        selectors[5] = handler.openAgain.selector;
        selectors[6] = handler.commit.selector;
        selectors[7] = handler.reveal.selector;
        selectors[8] = handler.close.selector;
        selectors[9] = handler.settleVote.selector;
        selectors[10] = handler.disprove.selector;
        selectors[11] = handler.takeReward.selector;
        selectors[12] = handler.sweep.selector;
        selectors[13] = handler.wait.selector;
        selectors[14] = handler.judge.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function invariant_stakes() external view {
        handler.checkStakes();
    }

    function afterInvariant() external {
        handler.finish();
    }
}
