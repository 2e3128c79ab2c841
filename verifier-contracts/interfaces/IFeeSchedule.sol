// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title FeeSchedule: what governance may set about payments, and how far
/// @notice An epoch's fees are split: so much to the protocol's treasury, to the model's operator (its
/// developer) and to the datanet's validators; the contributors share what is left, at least half. Its owner
/// is meant to be the timelock of the governor.
/// @dev Whoever needs a value takes a snapshot when its own clock starts ({IEpochs-commitEpoch},
/// {IVault-requestWithdrawal}, a dispute's opening), so a change never reaches what has begun. Nothing here
/// can move coins.
interface IFeeSchedule {
    /// @notice In basis points of an epoch's fees. Contributors have the rest.
    struct Split {
        uint16 protocolBps;
        uint16 developerBps;
        uint16 validatorsBps;
    }

    /// @notice A share above its bound, or less than half left for contributors.
    error FeeScheduleSplitOutOfBounds(Split split);
    /// @notice A window must lie within `min` and `max` seconds.
    error FeeScheduleWindowOutOfBounds(uint256 window, uint256 min, uint256 max);
    error FeeScheduleZeroTreasury();

    event SplitChanged(Split split);
    event TreasuryChanged(address indexed treasury);
    event WindowsChanged(uint256 provingWindow, uint256 answerWindow);

    /// @notice Sets the split of epochs that are committed from now on. Owner only.
    function setSplit(Split calldata split_) external;

    /// @notice Sets who receives the protocol's share of epochs that are settled from now on. Owner only.
    function setTreasury(address treasury_) external;

    /// @notice Sets the windows of what begins from now on. Owner only.
    function setWindows(uint256 provingWindow_, uint256 answerWindow_) external;

    function split() external view returns (Split memory);
    function treasury() external view returns (address);
    /// @notice Seconds in which an epoch must be proven, from its commitment.
    function provingWindow() external view returns (uint256);
    /// @notice Seconds in which a disputed operator must answer.
    function answerWindow() external view returns (uint256);
    /// @notice Seconds between asking for a deposit back and getting it: {provingWindow} and a day. An open
    /// epoch blocks the operator's next one for {provingWindow} at most, so every operator keeps a day to
    /// charge what it served before the request. After the window was shortened it is longer for as long as
    /// an epoch of the longer window may be open.
    function withdrawalDelay() external view returns (uint256);
    function MAX_PROTOCOL_BPS() external view returns (uint256);
    function MAX_DEVELOPER_BPS() external view returns (uint256);
    function MAX_VALIDATORS_BPS() external view returns (uint256);
    function MIN_CONTRIBUTORS_BPS() external view returns (uint256);
    function MIN_WINDOW() external view returns (uint256);
    function MAX_WINDOW() external view returns (uint256);
}
