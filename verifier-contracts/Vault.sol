// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IModels} from "./interfaces/IModels.sol";
import {IVault} from "./interfaces/IVault.sol";
import {ModelId} from "./Types.sol";

/// @title Vault
/// @dev Created by {Epochs}, which alone may charge, distribute and release. It does not trust it with more
/// than it needs: a pool can only be filled from deposits, and no more can leave it than went in. Amounts
/// of coins fit 128 bits by many orders of magnitude; {SafeCast} guards the one door through which they
/// enter.
contract Vault is IVault, ReentrancyGuard {
    using SafeCast for uint256;

    /// @inheritdoc IVault
    uint256 public constant WITHDRAWAL_DELAY = 1 days;

    struct Deposit {
        uint128 unspent;
        uint128 requested;
        uint64 readyAt;
    }

    struct Entitlement {
        uint128 earned;
        uint128 claimed;
    }

    struct Purse {
        uint128 pool;
        uint128 carry;
    }

    /// @dev Pairs that change together share a slot.
    struct Totals {
        uint128 deposited;
        uint128 unspent;
        uint128 pools;
        uint128 carry;
        uint128 owed;
        uint128 claimed;
        uint128 withdrawn;
    }

    address public immutable epochs;
    IModels public immutable models;

    Totals private _totals;
    mapping(ModelId => Purse) private _purses;
    mapping(ModelId => mapping(address payer => Deposit)) private _deposits;
    mapping(ModelId => mapping(address account => Entitlement)) private _entitlements;

    modifier onlyEpochs() {
        if (msg.sender != epochs) revert VaultOnlyEpochs(msg.sender);
        _;
    }

    constructor(IModels models_) {
        (epochs, models) = (msg.sender, models_);
    }

    /// @inheritdoc IVault
    function deposit(ModelId model) external payable nonReentrant {
        if (!models.exists(model)) revert VaultUnknownModel(model);
        if (msg.value == 0) revert VaultNothingDeposited();
        uint128 amount = msg.value.toUint128();
        _deposits[model][msg.sender].unspent += amount;
        _totals.deposited += amount;
        _totals.unspent += amount;
        emit Deposited(model, msg.sender, amount);
    }

    /// @inheritdoc IVault
    function requestWithdrawal(ModelId model, uint128 amount) external nonReentrant {
        Deposit storage held = _deposits[model][msg.sender];
        uint256 readyAt = amount == 0 ? 0 : block.timestamp + WITHDRAWAL_DELAY;
        held.requested = amount;
        held.readyAt = uint64(readyAt);
        emit WithdrawalRequested(model, msg.sender, amount, readyAt);
    }

    /// @inheritdoc IVault
    function withdraw(ModelId model) external nonReentrant returns (uint256) {
        Deposit storage held = _deposits[model][msg.sender];
        uint128 amount = uint128(Math.min(held.requested, held.unspent));
        if (amount == 0) revert VaultNothingToWithdraw(model, msg.sender);
        if (block.timestamp < held.readyAt) revert VaultWithdrawalNotReady(held.readyAt);
        held.requested -= amount;
        held.unspent -= amount;
        _totals.unspent -= amount;
        _totals.withdrawn += amount;
        _payOrRevert(msg.sender, amount);
        emit Withdrawn(model, msg.sender, amount);
        return amount;
    }

    /// @inheritdoc IVault
    function claim(ModelId model, address account) external nonReentrant returns (uint256) {
        uint128 amount = _owed(model, account);
        if (amount == 0) revert VaultNothingOwed(model, account);
        _spend(model, account, amount);
        _payOrRevert(account, amount);
        emit Claimed(model, account, amount);
        return amount;
    }

    /// @inheritdoc IVault
    function claimAmount(ModelId model, uint256 amount) external nonReentrant {
        uint128 available = _owed(model, msg.sender);
        if (available == 0 || amount == 0) revert VaultNothingOwed(model, msg.sender);
        if (amount > available) revert VaultMoreThanOwed(available, amount);
        _spend(model, msg.sender, uint128(amount));
        _payOrRevert(msg.sender, amount);
        emit Claimed(model, msg.sender, amount);
    }

    /// @inheritdoc IVault
    function claimMany(
        ModelId model,
        address[] calldata accounts
    ) external nonReentrant returns (uint256 total) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            uint128 amount = _owed(model, accounts[i]);
            if (amount == 0) continue;
            _spend(model, accounts[i], amount);
            if (_pay(accounts[i], amount)) {
                total += amount;
                emit Claimed(model, accounts[i], amount);
            } else {
                _entitlements[model][accounts[i]].claimed -= amount;
                _totals.owed += amount;
                _totals.claimed -= amount;
                emit PaymentRefused(model, accounts[i], amount);
            }
        }
    }

    /// @inheritdoc IVault
    function charge(
        ModelId model,
        address[] calldata payers,
        uint256[] calldata amounts
    ) external onlyEpochs nonReentrant returns (uint128 pool) {
        Purse storage purse = _purses[model];
        if (purse.pool != 0) revert VaultPoolOpen(model);
        uint256 sum = 0;
        for (uint256 i = 0; i < payers.length; ++i) {
            uint256 available = chargeable(model, payers[i]);
            if (amounts[i] > available) revert VaultInsufficientDeposit(payers[i], available, amounts[i]);
            _deposits[model][payers[i]].unspent -= uint128(amounts[i]);
            sum += amounts[i];
            emit Charged(model, payers[i], amounts[i]);
        }
        uint128 carried = purse.carry;
        pool = carried + sum.toUint128();
        (purse.pool, purse.carry) = (pool, 0);
        _totals.unspent -= uint128(sum);
        _totals.pools += pool;
        _totals.carry -= carried;
    }

    /// @inheritdoc IVault
    function distribute(
        ModelId model,
        address[] calldata accounts,
        uint256[] calldata amounts
    ) external onlyEpochs nonReentrant returns (uint128 carried) {
        uint128 sum = 0;
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (amounts[i] == 0) continue;
            uint128 amount = amounts[i].toUint128();
            _entitlements[model][accounts[i]].earned += amount;
            sum += amount;
        }
        carried = _close(model, sum);
        _totals.owed += sum;
    }

    /// @inheritdoc IVault
    function release(
        ModelId model,
        address[] calldata payers,
        uint256[] calldata amounts
    ) external onlyEpochs nonReentrant {
        uint128 sum = 0;
        for (uint256 i = 0; i < payers.length; ++i) {
            uint128 amount = amounts[i].toUint128();
            _deposits[model][payers[i]].unspent += amount;
            sum += amount;
            emit Refunded(model, payers[i], amount);
        }
        _close(model, sum);
        _totals.unspent += sum;
    }

    /// @inheritdoc IVault
    function accounting() external view returns (Accounting memory) {
        Totals memory t = _totals;
        return Accounting(t.deposited, t.withdrawn, t.unspent, t.pools, t.carry, t.owed, t.claimed);
    }

    /// @inheritdoc IVault
    function unspent(ModelId model, address payer) external view returns (uint256) {
        return _deposits[model][payer].unspent;
    }

    /// @inheritdoc IVault
    function withdrawal(
        ModelId model,
        address payer
    ) external view returns (uint256 amount, uint256 readyAt) {
        Deposit storage held = _deposits[model][payer];
        return held.requested == 0 ? (0, 0) : (held.requested, held.readyAt);
    }

    /// @inheritdoc IVault
    function earned(ModelId model, address account) external view returns (uint256) {
        return _entitlements[model][account].earned;
    }

    /// @inheritdoc IVault
    function claimed(ModelId model, address account) external view returns (uint256) {
        return _entitlements[model][account].claimed;
    }

    /// @inheritdoc IVault
    function owed(ModelId model, address account) external view returns (uint256) {
        return _owed(model, account);
    }

    /// @inheritdoc IVault
    function poolOf(ModelId model) external view returns (uint256) {
        return _purses[model].pool;
    }

    /// @inheritdoc IVault
    function carryOf(ModelId model) external view returns (uint256) {
        return _purses[model].carry;
    }

    /// @inheritdoc IVault
    function chargeable(ModelId model, address payer) public view returns (uint256) {
        Deposit storage held = _deposits[model][payer];
        if (held.requested == 0 || block.timestamp < held.readyAt) return held.unspent;
        return Math.saturatingSub(held.unspent, held.requested);
    }

    /// @dev Empties the pool of which `spent` was given away: the rest is the model's carry.
    function _close(ModelId model, uint128 spent) private returns (uint128 carried) {
        Purse storage purse = _purses[model];
        uint128 pool = purse.pool;
        if (spent > pool) revert VaultPoolExceeded(model, pool, spent);
        carried = pool - spent;
        (purse.pool, purse.carry) = (0, carried);
        _totals.pools -= pool;
        _totals.carry += carried;
    }

    function _owed(ModelId model, address account) private view returns (uint128) {
        Entitlement storage held = _entitlements[model][account];
        return held.earned - held.claimed;
    }

    function _spend(ModelId model, address account, uint128 amount) private {
        _entitlements[model][account].claimed += amount;
        _totals.owed -= amount;
        _totals.claimed += amount;
    }

    /// @dev The recipient's return data is never copied: it could be made as long as to exhaust the gas.
    function _pay(address recipient, uint256 amount) private returns (bool) {
        return LowLevelCall.callNoReturn(recipient, amount, "");
    }

    function _payOrRevert(address recipient, uint256 amount) private {
        if (!_pay(recipient, amount)) revert VaultPaymentRefused(recipient, amount);
    }
}
