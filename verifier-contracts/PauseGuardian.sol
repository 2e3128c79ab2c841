// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IPauseGuardian} from "./interfaces/IPauseGuardian.sol";

/// @title PauseGuardian
/// @dev Ending a pause early does not shorten the wait for the next one, or a guardian could chain them.
contract PauseGuardian is IPauseGuardian, Ownable2Step {
    /// @inheritdoc IPauseGuardian
    uint256 public constant MAX_PAUSE = 3 days;
    /// @inheritdoc IPauseGuardian
    uint256 public constant COOLDOWN = 7 days;

    /// @inheritdoc IPauseGuardian
    address public guardian;
    /// @inheritdoc IPauseGuardian
    uint256 public pausedUntil;
    /// @inheritdoc IPauseGuardian
    uint256 public readyAt;

    constructor(address owner_, address guardian_) Ownable(owner_) {
        guardian = guardian_;
        emit GuardianAppointed(guardian_);
    }

    /// @inheritdoc IPauseGuardian
    function pause() external {
        if (msg.sender != guardian) revert PauseGuardianOnlyGuardian(msg.sender);
        if (block.timestamp < readyAt) revert PauseGuardianCoolingDown(readyAt);
        pausedUntil = block.timestamp + MAX_PAUSE;
        readyAt = pausedUntil + COOLDOWN;
        emit Paused(pausedUntil);
    }

    /// @inheritdoc IPauseGuardian
    function unpause() external {
        if (msg.sender != guardian && msg.sender != owner()) {
            revert PauseGuardianOnlyGuardianOrOwner(msg.sender);
        }
        if (!paused()) revert PauseGuardianNotPaused();
        pausedUntil = block.timestamp;
        emit Unpaused();
    }

    /// @inheritdoc IPauseGuardian
    function appoint(address guardian_) external onlyOwner {
        guardian = guardian_;
        emit GuardianAppointed(guardian_);
    }

    /// @inheritdoc IPauseGuardian
    function paused() public view returns (bool) {
        return block.timestamp < pausedUntil;
    }
}
