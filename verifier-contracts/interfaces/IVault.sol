// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ModelId} from "../Types.sol";

/// @title Vault: holds the coins, and knows whose each of them is
/// @notice Payers deposit for one model; an epoch moves what they owe into the model's pool; settling
/// credits the pool to contributors and leaves the dust as the model's carry; contributors are paid when
/// anybody claims for them.
/// @dev `deposited = withdrawn + unspent + pools + carry + owed + claimed`, at all times and to the wei. A
/// deposit is also the most that the model's operator can ever charge that payer: there is no credit. A
/// withdrawal is asked for first, so that answers already served can still be charged; once its delay has
/// passed, what was asked for is out of the operator's reach, even if an open epoch holds it just then and
/// gives it back later.
interface IVault {
    /// @notice Every coin that came in, by what it is now.
    struct Accounting {
        uint256 deposited;
        uint256 withdrawn;
        uint256 unspent;
        uint256 pools;
        uint256 carry;
        uint256 owed;
        uint256 claimed;
    }

    error VaultOnlyEpochs(address sender);
    error VaultUnknownModel(ModelId model);
    error VaultNothingDeposited();
    /// @notice The payer has `chargeable` to be charged, and `amount` was asked for.
    error VaultInsufficientDeposit(address payer, uint256 chargeable, uint256 amount);
    error VaultPoolOpen(ModelId model);
    /// @notice More was to be given away than the pool holds.
    error VaultPoolExceeded(ModelId model, uint256 pool, uint256 amount);
    error VaultNothingToWithdraw(ModelId model, address payer);
    error VaultWithdrawalNotReady(uint256 readyAt);
    error VaultNothingOwed(ModelId model, address account);
    error VaultMoreThanOwed(uint256 owed, uint256 amount);
    /// @notice The recipient did not take the payment; it is still owed.
    error VaultPaymentRefused(address recipient, uint256 amount);

    event Deposited(ModelId indexed model, address indexed payer, uint256 amount);
    event WithdrawalRequested(ModelId indexed model, address indexed payer, uint256 amount, uint256 readyAt);
    event Withdrawn(ModelId indexed model, address indexed payer, uint256 amount);
    event Charged(ModelId indexed model, address indexed payer, uint256 amount);
    event Refunded(ModelId indexed model, address indexed payer, uint256 amount);
    event Claimed(ModelId indexed model, address indexed account, uint256 amount);
    /// @notice A payment within {claimMany} was not taken; it is still owed.
    event PaymentRefused(ModelId indexed model, address indexed account, uint256 amount);

    /// @notice Adds to the sender's deposit for a model.
    function deposit(ModelId model) external payable;

    /// @notice Asks for up to `amount` of the sender's deposit back. Replaces an earlier request and its
    /// clock; 0 cancels. May exceed what is there now: an open epoch may give some back later.
    function requestWithdrawal(ModelId model, uint128 amount) external;

    /// @notice Pays what a request that is {WITHDRAWAL_DELAY} old can be paid now; the rest of the request
    /// stays.
    function withdraw(ModelId model) external returns (uint256 amount);

    /// @notice Pays `account` everything that it is owed from a model. Anybody may call.
    function claim(ModelId model, address account) external returns (uint256 amount);

    /// @notice Pays the sender exactly `amount` of what it is owed.
    function claimAmount(ModelId model, uint256 amount) external;

    /// @notice Pays several accounts. One that is owed nothing is passed over; one that refuses keeps what
    /// it is owed.
    function claimMany(ModelId model, address[] calldata accounts) external returns (uint256 amount);

    /// @notice Moves charges and the carry into the model's pool. Epochs only.
    function charge(
        ModelId model,
        address[] calldata payers,
        uint256[] calldata amounts
    ) external returns (uint128 pool);

    /// @notice Credits the pool to accounts; what is left of it becomes the carry. Epochs only, whose event
    /// names every payout: an event for each account here would only say it again, at a price.
    function distribute(
        ModelId model,
        address[] calldata accounts,
        uint256[] calldata amounts
    ) external returns (uint128 carry);

    /// @notice Gives charges back to their payers' deposits; what is left becomes the carry again. Epochs
    /// only.
    function release(ModelId model, address[] calldata payers, uint256[] calldata amounts) external;

    function accounting() external view returns (Accounting memory);
    /// @notice A payer's deposit for a model that no epoch has charged.
    function unspent(ModelId model, address payer) external view returns (uint256);
    /// @notice The part of it that an operator can charge now.
    function chargeable(ModelId model, address payer) external view returns (uint256);
    /// @notice A payer's request: how much, and from when on it is paid. Zeros if there is none.
    function withdrawal(ModelId model, address payer) external view returns (uint256 amount, uint256 readyAt);
    function earned(ModelId model, address account) external view returns (uint256);
    function claimed(ModelId model, address account) external view returns (uint256);
    function owed(ModelId model, address account) external view returns (uint256);
    /// @notice What the model's open epoch holds.
    function poolOf(ModelId model) external view returns (uint256);
    /// @notice What earlier epochs left for the model's next one.
    function carryOf(ModelId model) external view returns (uint256);
    function WITHDRAWAL_DELAY() external view returns (uint256);
}
