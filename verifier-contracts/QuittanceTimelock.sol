// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title QuittanceTimelock
/// @notice Owns what governance decides on, and is the treasury: what it holds leaves by a decision only.
/// @dev OpenZeppelin's, under a name of its own. {Governance} creates it and keeps no role in it.
contract QuittanceTimelock is TimelockController {
    constructor(
        uint256 minDelay,
        address[] memory proposers,
        address[] memory executors,
        address admin
    ) TimelockController(minDelay, proposers, executors, admin) {}
}
