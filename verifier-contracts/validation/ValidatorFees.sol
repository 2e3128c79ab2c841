// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IDatanets} from "../interfaces/IDatanets.sol";
import {IFeeSource} from "../interfaces/IFeeSource.sol";
import {IValidation} from "../interfaces/IValidation.sol";
import {DatanetId} from "../Types.sol";
import {Stakes} from "./Stakes.sol";

/// @title ValidatorFees: shares fees by the weight of right votes, however many validators there are
/// @dev `_perPoint` grows with each distribution by amount · 2^127 / points. What a validator is owed is the
/// growth since its last visit, times its points; a validator whose points change is brought up to date in
/// every token first, of which a datanet has at most {IDatanets-MAX_TOKENS}. Rounding is always down for
/// validators: what cannot be divided waits for the next distribution.
abstract contract ValidatorFees is IValidation, Stakes {
    using SafeERC20 for IERC20;

    uint256 private constant SCALE = 1 << 127;

    IDatanets public immutable datanets;
    IFeeSource public immutable feeSource;

    /// @inheritdoc IValidation
    mapping(DatanetId => mapping(address validator => uint256)) public pointsOf;
    /// @inheritdoc IValidation
    mapping(DatanetId => uint256) public totalPoints;
    /// @inheritdoc IValidation
    mapping(DatanetId => mapping(address token => uint256)) public feesWaiting;
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
        uint256 pot = feesWaiting[id][feeToken] + amount;
        uint256 total = totalPoints[id];
        uint256 shared = 0;
        if (total != 0) {
            uint256 growth = Math.mulDiv(pot, SCALE, total);
            _perPoint[id][feeToken] += growth;
            shared = Math.mulDiv(growth, total, SCALE, Math.Rounding.Ceil);
        }
        feesWaiting[id][feeToken] = pot - shared;
        emit FeesDistributed(id, feeToken, shared, pot - shared);
    }

    /// @inheritdoc IValidation
    function claimFees(
        DatanetId id,
        address feeToken,
        address validator
    ) external nonReentrant returns (uint256 amount) {
        _visit(id, feeToken, validator);
        amount = _owed[id][feeToken][validator];
        if (amount == 0) revert ValidationNothingOwed(validator);
        _owed[id][feeToken][validator] = 0;
        IERC20(feeToken).safeTransfer(validator, amount);
        emit FeesClaimed(id, feeToken, validator, amount);
    }

    /// @inheritdoc IValidation
    function feesOwed(DatanetId id, address feeToken, address validator) external view returns (uint256) {
        return _owed[id][feeToken][validator] + _grown(id, feeToken, validator);
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
        return Math.mulDiv(pointsOf[id][validator], growth, SCALE);
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
