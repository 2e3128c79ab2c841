// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IFeeSchedule} from "./interfaces/IFeeSchedule.sol";

/// @title FeeSchedule
contract FeeSchedule is IFeeSchedule, Ownable2Step {
    /// @inheritdoc IFeeSchedule
    uint256 public constant MAX_PROTOCOL_BPS = 1_000;
    /// @inheritdoc IFeeSchedule
    uint256 public constant MAX_DEVELOPER_BPS = 3_000;
    /// @inheritdoc IFeeSchedule
    uint256 public constant MAX_VALIDATORS_BPS = 1_000;
    /// @inheritdoc IFeeSchedule
    uint256 public constant MIN_CONTRIBUTORS_BPS = 5_000;
    /// @inheritdoc IFeeSchedule
    uint256 public constant MIN_WINDOW = 1 days;
    /// @inheritdoc IFeeSchedule
    uint256 public constant MAX_WINDOW = 30 days;
    uint256 private constant BPS = 10_000;

    Split private _split;
    /// @inheritdoc IFeeSchedule
    address public treasury;
    /// @inheritdoc IFeeSchedule
    uint256 public provingWindow;
    /// @inheritdoc IFeeSchedule
    uint256 public answerWindow;
    /// @dev When the last epoch ends, at the latest, that may be open under a window of the past.
    uint256 private _openUntil;

    constructor(address owner_, address treasury_, Split memory split_) Ownable(owner_) {
        _setSplit(split_);
        _setTreasury(treasury_);
        _setWindows(7 days, 3 days);
    }

    /// @inheritdoc IFeeSchedule
    function setSplit(Split calldata split_) external onlyOwner {
        _setSplit(split_);
    }

    /// @inheritdoc IFeeSchedule
    function setTreasury(address treasury_) external onlyOwner {
        _setTreasury(treasury_);
    }

    /// @inheritdoc IFeeSchedule
    function setWindows(uint256 provingWindow_, uint256 answerWindow_) external onlyOwner {
        _setWindows(provingWindow_, answerWindow_);
    }

    /// @inheritdoc IFeeSchedule
    function split() external view returns (Split memory) {
        return _split;
    }

    /// @inheritdoc IFeeSchedule
    function withdrawalDelay() external view returns (uint256) {
        uint256 open = Math.saturatingSub(_openUntil, block.timestamp);
        return Math.max(provingWindow, open) + 1 days;
    }

    function _setSplit(Split memory split_) private {
        uint256 taken = uint256(split_.protocolBps) + split_.developerBps + split_.validatorsBps;
        bool bounded = split_.protocolBps <= MAX_PROTOCOL_BPS &&
            split_.developerBps <= MAX_DEVELOPER_BPS &&
            split_.validatorsBps <= MAX_VALIDATORS_BPS &&
            taken + MIN_CONTRIBUTORS_BPS <= BPS;
        if (!bounded) revert FeeScheduleSplitOutOfBounds(split_);
        _split = split_;
        emit SplitChanged(split_);
    }

    function _setTreasury(address treasury_) private {
        if (treasury_ == address(0)) revert FeeScheduleZeroTreasury();
        treasury = treasury_;
        emit TreasuryChanged(treasury_);
    }

    function _setWindows(uint256 provingWindow_, uint256 answerWindow_) private {
        _checkWindow(provingWindow_);
        _checkWindow(answerWindow_);
        _openUntil = Math.max(_openUntil, block.timestamp + provingWindow);
        (provingWindow, answerWindow) = (provingWindow_, answerWindow_);
        emit WindowsChanged(provingWindow_, answerWindow_);
    }

    function _checkWindow(uint256 window) private pure {
        if (window < MIN_WINDOW || window > MAX_WINDOW) {
            revert FeeScheduleWindowOutOfBounds(window, MIN_WINDOW, MAX_WINDOW);
        }
    }
}
