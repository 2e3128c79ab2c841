// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IDatanets} from "../interfaces/IDatanets.sol";
import {IFeeSource} from "../interfaces/IFeeSource.sol";
import {IValidation} from "../interfaces/IValidation.sol";
import {DatanetId} from "../Types.sol";
import {Stakes} from "./Stakes.sol";

/// @title ValidatorFees: shares fees by the weight of right votes, however many validators there are
/// @dev Amounts are kept 10^36 times as large, so that nothing is lost in dividing: `_perPoint` grows with
/// each distribution by the whole quotient of what there is and the points, and the remainder waits. What a
/// validator is owed is the growth since its last visit, times its points; claims pay whole units, and the
/// rest stays the validator's. So what came = paid + owed + waiting, exactly.
///
/// A validator whose points change is brought up to date in every token first, of which a datanet has at most
/// {IDatanets-MAX_TOKENS}. That must never fail, or a hostile token could hold stakes; what may come of a
/// token is therefore bounded by 2^128, and 2^128 · 10^36 < 2^256.
abstract contract ValidatorFees is IValidation, Stakes {
    using SafeERC20 for IERC20;

    uint256 private constant SCALE = 1e36;

    IDatanets public immutable datanets;
    IFeeSource public immutable feeSource;

    /// @inheritdoc IValidation
    mapping(DatanetId => mapping(address validator => uint256)) public pointsOf;
    /// @inheritdoc IValidation
    mapping(DatanetId => uint256) public totalPoints;
    mapping(DatanetId => mapping(address token => uint256)) private _received;
    mapping(DatanetId => mapping(address token => uint256)) private _waiting;
    mapping(DatanetId => mapping(address token => uint256)) private _perPoint;
    mapping(DatanetId => mapping(address token => mapping(address validator => uint256))) private _visited;
    mapping(DatanetId => mapping(address token => mapping(address validator => uint256))) private _owed;

    constructor(IDatanets datanets_, IFeeSource feeSource_) {
        (datanets, feeSource) = (datanets_, feeSource_);
    }

    /// @inheritdoc IValidation
    function distributeFees(DatanetId id, address feeToken) external nonReentrant returns (uint256 amount) {
        _checkToken(id, feeToken);
        uint256 before = IERC20(feeToken).balanceOf(address(this));
        feeSource.pullValidatorFees(id, feeToken);
        // What came, not what was said to come.
        amount = IERC20(feeToken).balanceOf(address(this)) - before;
        uint256 received = _received[id][feeToken] + amount;
        if (received > type(uint128).max) revert ValidationTooMuch(received);
        _received[id][feeToken] = received;
        uint256 pot = _waiting[id][feeToken] + amount * SCALE;
        uint256 total = totalPoints[id];
        if (total != 0) {
            _perPoint[id][feeToken] += pot / total;
            pot %= total;
        }
        _waiting[id][feeToken] = pot;
        emit FeesDistributed(id, feeToken, amount, pot / SCALE);
    }

    /// @inheritdoc IValidation
    function claimFees(
        DatanetId id,
        address feeToken,
        address validator
    ) external nonReentrant returns (uint256 amount) {
        _visit(id, feeToken, validator);
        amount = _owed[id][feeToken][validator] / SCALE;
        if (amount == 0) revert ValidationNothingOwed(validator);
        _owed[id][feeToken][validator] -= amount * SCALE;
        IERC20(feeToken).safeTransfer(validator, amount);
        emit FeesClaimed(id, feeToken, validator, amount);
    }

    /// @inheritdoc IValidation
    function feesOwed(DatanetId id, address feeToken, address validator) external view returns (uint256) {
        return (_owed[id][feeToken][validator] + _grown(id, feeToken, validator)) / SCALE;
    }

    /// @inheritdoc IValidation
    function feesWaiting(DatanetId id, address feeToken) external view returns (uint256) {
        return _waiting[id][feeToken] / SCALE;
    }

    /// @dev Counts a right vote.
    function _credit(DatanetId id, address validator, uint256 weight) internal {
        address[] memory tokens = datanets.tokensOf(id);
        for (uint256 i = 0; i < tokens.length; ++i) _visit(id, tokens[i], validator);
        pointsOf[id][validator] += weight;
        totalPoints[id] += weight;
    }

    function _visit(DatanetId id, address feeToken, address validator) private {
        uint256 perPoint = _perPoint[id][feeToken];
        if (_visited[id][feeToken][validator] == perPoint) return;
        _owed[id][feeToken][validator] += _grown(id, feeToken, validator);
        _visited[id][feeToken][validator] = perPoint;
    }

    function _grown(DatanetId id, address feeToken, address validator) private view returns (uint256) {
        uint256 growth = _perPoint[id][feeToken] - _visited[id][feeToken][validator];
        return pointsOf[id][validator] * growth;
    }

    /// @dev Only tokens of the list are brought up to date when points change.
    function _checkToken(DatanetId id, address feeToken) private view {
        address[] memory tokens = datanets.tokensOf(id);
        for (uint256 i = 0; i < tokens.length; ++i) {
            if (tokens[i] == feeToken) return;
        }
        revert IDatanets.DatanetsUnknownToken(id, feeToken);
    }
}
