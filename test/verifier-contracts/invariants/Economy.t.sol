// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EconomyHandler} from "./EconomyHandler.sol";
import {FuzzSelector} from "./Vm.sol";

/// @dev Deposits, vouchers, epochs, settlement and claims of three models.
contract EconomyInvariants {
    EconomyHandler private handler;

    function setUp() external {
        handler = new EconomyHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](16);
        selectors[0] = handler.advance.selector;
        // Epochs take many steps, so most calls are of this kind.
        (selectors[1], selectors[2], selectors[3]) = (selectors[0], selectors[0], selectors[0]);
        selectors[4] = handler.proveAgain.selector;
        selectors[5] = handler.expire.selector;
        selectors[6] = handler.setSplit.selector;
        selectors[7] = handler.deposit.selector;
        selectors[8] = handler.redeem.selector;
        selectors[9] = handler.requestWithdrawal.selector;
        selectors[10] = handler.withdraw.selector;
        selectors[11] = handler.claim.selector;
        selectors[12] = handler.claimAcross.selector;
        selectors[13] = handler.collect.selector;
        selectors[14] = handler.setWindow.selector;
        selectors[15] = handler.delegate.selector;
        targets = new FuzzSelector[](2);
        targets[0] = FuzzSelector(address(handler), selectors);
        bytes4[] memory clock = new bytes4[](1);
        clock[0] = handler.wait.selector;
        targets[1] = FuzzSelector(address(handler), clock);
    }

    function invariant_economy() external view {
        handler.checkBalances();
        handler.checkFunding();
        handler.checkChannels();
    }

    function afterInvariant() external {
        handler.finish(uint256(keccak256(abi.encode(address(this).codehash))));
        handler.checkBalances();
        handler.checkFunding();
        handler.checkChannels();
    }
}
