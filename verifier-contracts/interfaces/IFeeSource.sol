// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DatanetId} from "../Types.sol";

/// @title Where the validators' share of fees waits for them
interface IFeeSource {
    /// @notice Pays what validators of a datanet earned in a token so far to {IValidation}, which alone may
    /// call.
    /// @return amount what was paid, 0 if there is nothing
    function pullValidatorFees(DatanetId datanet, address token) external returns (uint256 amount);
}
