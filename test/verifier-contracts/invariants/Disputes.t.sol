// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DisputesHandler} from "./DisputesHandler.sol";
import {FuzzSelector} from "./Vm.sol";

/// @dev Bonds and disputes, and that each ends.
contract DisputesInvariants {
    DisputesHandler private handler;

    function setUp() external {
        handler = new DisputesHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](15);
        selectors[0] = handler.postBond.selector;
        selectors[1] = handler.requestBond.selector;
        selectors[2] = handler.withdrawBond.selector;
        selectors[3] = handler.issue.selector;
        selectors[4] = handler.omission.selector;
        selectors[5] = handler.answer.selector;
        selectors[6] = handler.challengeBatch.selector;
        selectors[7] = handler.proveBatch.selector;
        selectors[8] = handler.resolve.selector;
        selectors[9] = handler.equivocate.selector;
        selectors[10] = handler.collect.selector;
        selectors[11] = handler.epoch.selector;
        selectors[12] = handler.pause.selector;
        selectors[13] = handler.setWindows.selector;
        selectors[14] = handler.wait.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function invariant_disputes() external view {
        handler.checkBooks();
        handler.checkEnds();
    }

    function afterInvariant() external {
        handler.finish();
    }
}
