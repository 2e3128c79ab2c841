// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IValidation} from "../interfaces/IValidation.sol";

/// @title Stakes: whose tokens lie here, and what became of them
/// @dev The totals are exact at every moment; a validator's own record catches up when its votes are
/// settled. What a vote lost left the totals when it was lost, so nobody gains by settling late.
abstract contract Stakes is IValidation, ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// @inheritdoc IValidation
    uint256 public constant UNSTAKE_DELAY = 7 days;

    IERC20 public immutable token;
    /// @notice Who gets what was slashed and is no challenger's.
    address public immutable treasury;

    mapping(address validator => Stake) private _stakes;
    /// @inheritdoc IValidation
    mapping(address challenger => uint256) public rewardOf;
    uint256 private _deposited;
    uint256 private _staked;
    uint256 private _slashed;
    uint256 private _withdrawn;
    uint256 private _rewards;
    /// @dev Not yet swept.
    uint256 private _unswept;

    constructor(IERC20 token_, address treasury_) {
        (token, treasury) = (token_, treasury_);
    }

    /// @inheritdoc IValidation
    function stake(uint128 amount) external nonReentrant {
        _stake(amount);
    }

    /// @inheritdoc IValidation
    /// @dev A permit that somebody else has sent already is as good as one sent here.
    function stakeWithPermit(
        uint128 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        try
            IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s)
        {} catch {}
        _stake(amount);
    }

    /// @inheritdoc IValidation
    /// @dev Another request starts the clock again for everything that is leaving: an old request for a
    /// little is no ticket for more.
    function requestUnstake(uint128 amount) external {
        Stake storage held = _stakes[msg.sender];
        if (amount == 0) revert ValidationZeroAmount();
        if (amount > held.free) revert ValidationInsufficientStake(held.free, amount);
        held.free -= amount;
        held.leaving += amount;
        held.readyAt = uint64(block.timestamp + UNSTAKE_DELAY);
        emit UnstakeRequested(msg.sender, held.leaving, held.readyAt);
    }

    /// @inheritdoc IValidation
    function cancelUnstake() external {
        Stake storage held = _stakes[msg.sender];
        uint128 amount = held.leaving;
        if (amount == 0) revert ValidationNothingLeaving(msg.sender);
        (held.leaving, held.readyAt) = (0, 0);
        held.free += amount;
        emit UnstakeCancelled(msg.sender, amount);
    }

    /// @inheritdoc IValidation
    function withdrawStake() external nonReentrant returns (uint256 amount) {
        Stake storage held = _stakes[msg.sender];
        amount = held.leaving;
        if (amount == 0) revert ValidationNothingLeaving(msg.sender);
        if (block.timestamp < held.readyAt) revert ValidationNotReady(held.readyAt);
        (held.leaving, held.readyAt) = (0, 0);
        _staked -= amount;
        _withdrawn += amount;
        token.safeTransfer(msg.sender, amount);
        emit StakeWithdrawn(msg.sender, amount);
    }

    /// @inheritdoc IValidation
    function claimReward(address challenger) external nonReentrant returns (uint256 amount) {
        amount = rewardOf[challenger];
        if (amount == 0) revert ValidationNothingOwed(challenger);
        rewardOf[challenger] = 0;
        token.safeTransfer(challenger, amount);
        emit RewardClaimed(challenger, amount);
    }

    /// @inheritdoc IValidation
    function sweep() external nonReentrant returns (uint256 amount) {
        amount = _unswept;
        if (amount == 0) revert ValidationNothingOwed(treasury);
        _unswept = 0;
        token.safeTransfer(treasury, amount);
        emit SweptToTreasury(amount);
    }

    /// @inheritdoc IValidation
    function stakeOf(address validator) external view returns (Stake memory) {
        return _stakes[validator];
    }

    /// @inheritdoc IValidation
    function accounting() external view returns (Accounting memory) {
        return Accounting(_deposited, _staked, _slashed, _withdrawn, _rewards, _slashed - _rewards);
    }

    /// @dev Takes weight out of play for a vote.
    function _lock(address validator, uint128 weight) internal {
        Stake storage held = _stakes[validator];
        if (weight > held.free) revert ValidationInsufficientStake(held.free, weight);
        held.free -= weight;
        held.locked += weight;
    }

    /// @dev Gives back what a vote has left; what it lost left the totals before, in {_slash}.
    function _unlock(address validator, uint128 weight, uint128 lost) internal {
        Stake storage held = _stakes[validator];
        held.locked -= weight;
        held.free += weight - lost;
    }

    /// @dev Takes `lost` from the stakes together: `restored` of it goes back to other stakes, `reward` to
    /// the challenger, the rest to the treasury.
    function _slash(uint256 lost, uint256 restored, address challenger, uint256 reward) internal {
        uint256 slashed = lost - restored;
        _staked -= slashed;
        _slashed += slashed;
        _unswept += slashed - reward;
        if (reward == 0) return;
        _rewards += reward;
        rewardOf[challenger] += reward;
    }

    function _stake(uint128 amount) private {
        if (amount == 0) revert ValidationZeroAmount();
        _stakes[msg.sender].free += amount;
        _deposited += amount;
        _staked += amount;
        token.safeTransferFrom(msg.sender, address(this), amount);
        emit Staked(msg.sender, amount);
    }
}
