// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {QuittanceGovernor} from "./QuittanceGovernor.sol";
import {QuittanceTimelock} from "./QuittanceTimelock.sol";

/// @title Governance: a timelock and its governor, wired in one transaction
/// @notice Governor and timelock need each other's addresses. This contract creates both, makes the governor
/// the only one that may propose and cancel, lets anybody execute what is due, and gives up its own role: at
/// no moment does a person hold the timelock.
/// @dev It has no functions and holds no role once it exists.
contract Governance {
    QuittanceTimelock public immutable timelock;
    QuittanceGovernor public immutable governor;

    /// @param timelockDelay seconds between a decision and its execution
    constructor(IVotes token, uint256 timelockDelay, QuittanceGovernor.Settings memory settings) {
        address[] memory nobody = new address[](0);
        address[] memory anybody = new address[](1);
        timelock = new QuittanceTimelock(timelockDelay, nobody, anybody, address(this));
        governor = new QuittanceGovernor(token, timelock, settings);
        timelock.grantRole(timelock.PROPOSER_ROLE(), address(governor));
        timelock.grantRole(timelock.CANCELLER_ROLE(), address(governor));
        timelock.renounceRole(timelock.DEFAULT_ADMIN_ROLE(), address(this));
    }
}
