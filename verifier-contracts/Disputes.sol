// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IDisputes} from "./interfaces/IDisputes.sol";
import {IEpochs} from "./interfaces/IEpochs.sol";
import {IFeeSchedule} from "./interfaces/IFeeSchedule.sol";
import {IModels} from "./interfaces/IModels.sol";
import {IPauseGuardian} from "./interfaces/IPauseGuardian.sol";
import {ITraining} from "./interfaces/ITraining.sol";
import {IVerifierRegistry} from "./interfaces/IVerifierRegistry.sol";
import {Signatures} from "./Signatures.sol";
import {CircuitId, ModelId} from "./Types.sol";

/// @title Disputes
/// @dev Nobody is paid while a dispute is decided: what is won waits in `collectable`, so that no recipient
/// can hold up a decision. For every token, to the last unit: balance = bonds + stakes of open disputes +
/// collectable. A dispute is closed before anything else of it changes.
contract Disputes is IDisputes, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @inheritdoc IDisputes
    uint256 public constant BOND_DELAY = 30 days;
    /// @inheritdoc IDisputes
    uint256 public constant RECEIPT_WINDOW = 14 days;
    /// @dev Between the end of a pause and the end of an omission.
    uint256 private constant AFTER_PAUSE = 1 days;
    uint256 private constant MIN_FEE_UNITS = 100;
    uint256 private constant PENALTY_FACTOR = 10;
    uint256 private constant BATCH_STAKE_UNITS = 10_000;
    uint256 private constant BATCH_STAKE_DIVISOR = 100;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant RECEIPT_TYPE =
        keccak256(
            "Receipt(bytes32 modelId,bool unproven,uint64 epoch,bytes32 requestId,address payer,uint32 feeUnits,uint256 leaf,uint64 dueBy)"
        );

    IEpochs public immutable epochs;
    IModels public immutable models;
    ITraining public immutable training;
    IFeeSchedule public immutable schedule;
    IPauseGuardian public immutable guardian;
    CircuitId public immutable inclusionCircuit;

    /// @inheritdoc IDisputes
    uint256 public disputeCount;
    mapping(uint256 dispute => Dispute) private _disputes;
    mapping(ModelId => Bond) private _bonds;
    /// @inheritdoc IDisputes
    mapping(ModelId => mapping(uint256 batchIndex => uint256 dispute)) public challengeOf;
    /// @inheritdoc IDisputes
    mapping(address token => mapping(address account => uint256)) public collectable;
    mapping(bytes32 digest => bool) private _spentReceipts;
    mapping(ModelId => mapping(address payer => mapping(bytes32 requestId => bool))) private _spentRequests;

    constructor(
        IEpochs epochs_,
        IVerifierRegistry registry,
        ITraining training_,
        IPauseGuardian guardian_,
        CircuitId inclusion
    ) {
        (epochs, models, schedule) = (epochs_, epochs_.models(), epochs_.schedule());
        (training, guardian, inclusionCircuit) = (training_, guardian_, inclusion);
        if (registry.verifierAt(1).publicCount(inclusion) != 3) revert DisputesWrongProfile();
    }

    // ---- bonds

    /// @inheritdoc IDisputes
    function postBond(ModelId model, uint256 amount) external nonReentrant {
        if (!models.exists(model)) revert DisputesUnknownModel(model);
        _take(model, amount);
        _bonds[model].amount += amount.toUint128();
        emit BondPosted(model, msg.sender, amount);
    }

    /// @inheritdoc IDisputes
    function requestBond(ModelId model, uint128 amount) external {
        _onlyOperator(model);
        Bond storage bond = _bonds[model];
        uint256 readyAt = bond.readyAt;
        if (amount > bond.requested) readyAt = block.timestamp + BOND_DELAY;
        if (amount == 0) readyAt = 0;
        (bond.requested, bond.readyAt) = (amount, uint64(readyAt));
        emit BondRequested(model, amount, readyAt);
    }

    /// @inheritdoc IDisputes
    function withdrawBond(ModelId model) external nonReentrant returns (uint256) {
        _onlyOperator(model);
        Bond storage bond = _bonds[model];
        if (bond.pending != 0) revert DisputesBondInDispute(model, bond.pending);
        uint128 amount = uint128(Math.min(bond.requested, bond.amount));
        if (amount == 0) revert DisputesNothingToWithdraw(model);
        if (block.timestamp < bond.readyAt) revert DisputesBondNotReady(bond.readyAt);
        bond.amount -= amount;
        (bond.requested, bond.readyAt) = (0, 0);
        emit BondWithdrawn(model, msg.sender, amount);
        _token(model).safeTransfer(msg.sender, amount);
        return amount;
    }

    // ---- omission

    /// @inheritdoc IDisputes
    function challengeOmission(
        Receipt calldata receipt,
        bytes calldata signature
    ) external nonReentrant returns (uint256 dispute) {
        ModelId model = receipt.modelId;
        if (msg.sender != receipt.payer) revert DisputesNotPayer(msg.sender, receipt.payer);
        bytes32 digest = _checkReceipt(receipt, signature);
        if (_spentReceipts[digest]) revert DisputesReceiptSpent(digest);
        _spentReceipts[digest] = true;
        bool committed = epochs.batchesHashOf(model, receipt.epoch) != 0;
        if (!committed && block.timestamp <= receipt.dueBy) revert DisputesTooEarly(receipt.dueBy);
        uint256 until = receipt.dueBy + RECEIPT_WINDOW;
        if (block.timestamp > until) revert DisputesTooLate(until);

        Dispute memory details = _newDispute(Kind.Omission, model, 0);
        (details.stake, details.fee, details.award) = omissionTerms(model, receipt.feeUnits);
        details.award = uint128(Math.min(details.award, freeBond(model)));
        if (details.award == 0) revert DisputesNothingAtStake(model);
        (details.epoch, details.subject) = (receipt.epoch, receipt.leaf);
        _bonds[model].reserved += details.award;
        dispute = _open(details);
        emit OmissionOpened(dispute, model, msg.sender, digest, details);
        _take(model, details.stake);
    }

    /// @inheritdoc IDisputes
    function answerOmission(
        uint256 dispute,
        IEpochs.Batches calldata batches,
        uint256 batchIndex,
        uint256[8] calldata proof
    ) external {
        Dispute storage d = _openOf(dispute, Kind.Omission);
        uint256 deadline = deadlineOf(dispute);
        if (block.timestamp > deadline) revert DisputesAnswerTooLate(dispute, deadline);
        ModelId model = d.model;
        bytes32 hash = keccak256(abi.encode(batches.receiptsRoots, batches.commitQ, batches.feeTotals));
        bool theirs = hash == epochs.batchesHashOf(model, d.epoch) &&
            batchIndex < batches.receiptsRoots.length;
        if (!theirs) revert DisputesWrongBatches(dispute);
        uint256[] memory publics = new uint256[](3);
        publics[0] = epochs.context(model, d.epoch, batchIndex);
        publics[1] = batches.receiptsRoots[batchIndex];
        publics[2] = d.subject;
        models.verifierOf(model).verify(inclusionCircuit, proof, publics);
        _close(d);
        _bonds[model].reserved -= d.award;
        _answered(dispute, d);
    }

    /// @inheritdoc IDisputes
    function resolveOmission(uint256 dispute) external {
        Dispute storage d = _openOf(dispute, Kind.Omission);
        uint256 deadline = deadlineOf(dispute);
        if (block.timestamp <= deadline) revert DisputesStillOpen(dispute, deadline);
        _close(d);
        Bond storage bond = _bonds[d.model];
        bond.reserved -= d.award;
        bond.amount -= d.award;
        // The fee comes first; of the rest, the treasury has half.
        uint256 toTreasury = Math.saturatingSub(d.award, d.fee) / 2;
        uint256 award = d.award - toTreasury;
        _give(d.model, d.challenger, d.stake + award);
        _give(d.model, schedule.treasury(), toTreasury);
        emit Lost(dispute, d.model, award, toTreasury);
    }

    // ---- unproven batches

    /// @inheritdoc IDisputes
    function challengeBatch(
        ModelId model,
        uint256 batchIndex
    ) external nonReentrant returns (uint256 dispute) {
        if (guardian.paused()) revert DisputesPaused();
        (bool allowed, bool proven) = models.usable(model);
        if (!allowed || proven) revert DisputesNotUnproven(model);
        if (models.isFrozen(model)) revert DisputesModelFrozen(model);
        if (batchIndex >= models.model(model).batches) revert DisputesUnknownBatch(model, batchIndex);
        if (training.sampleProven(model, batchIndex)) revert DisputesAlreadyProven(model, batchIndex);
        if (challengeOf[model][batchIndex] != 0) revert DisputesAlreadyChallenged(model, batchIndex);

        Dispute memory details = _newDispute(Kind.Batch, model, batchStake(model));
        details.subject = batchIndex;
        dispute = _open(details);
        challengeOf[model][batchIndex] = dispute;
        emit BatchChallenged(dispute, model, msg.sender, details);
        _take(model, details.stake);
    }

    /// @inheritdoc IDisputes
    function resolveBatch(uint256 dispute) external {
        Dispute storage d = _openOf(dispute, Kind.Batch);
        (ModelId model, uint256 batchIndex) = (d.model, d.subject);
        bool proven = models.trainingProven(model) || training.sampleProven(model, batchIndex);
        bool frozen = models.isFrozen(model);
        if (!proven && !frozen && block.timestamp <= d.deadline) {
            revert DisputesStillOpen(dispute, d.deadline);
        }
        _close(d);
        challengeOf[model][batchIndex] = 0;
        if (proven) {
            _answered(dispute, d);
            return;
        }
        _give(model, d.challenger, d.stake);
        if (frozen) {
            emit Moot(dispute, model);
            return;
        }
        models.freeze(model);
        (uint256 award, uint256 toTreasury) = _slash(model, d.challenger);
        emit Lost(dispute, model, award, toTreasury);
    }

    // ---- equivocation

    /// @inheritdoc IDisputes
    function reportEquivocation(
        Receipt calldata a,
        bytes calldata signatureA,
        Receipt calldata b,
        bytes calldata signatureB
    ) external {
        ModelId model = a.modelId;
        bool sameRequest = ModelId.unwrap(model) == ModelId.unwrap(b.modelId) &&
            a.payer == b.payer &&
            a.requestId == b.requestId;
        if (!sameRequest || _checkReceipt(a, signatureA) == _checkReceipt(b, signatureB)) {
            revert DisputesNoEquivocation();
        }
        if (_spentRequests[model][a.payer][a.requestId]) revert DisputesEquivocationSpent(model, a.requestId);
        _spentRequests[model][a.payer][a.requestId] = true;
        if (freeBond(model) == 0) revert DisputesNothingAtStake(model);
        (uint256 reward, uint256 toTreasury) = _slash(model, a.payer);
        emit Equivocated(model, a.payer, a.requestId, msg.sender, reward, toTreasury);
    }

    /// @inheritdoc IDisputes
    function collect(address token, address account) external nonReentrant returns (uint256 amount) {
        amount = collectable[token][account];
        if (amount == 0) revert DisputesNothingToCollect(token, account);
        collectable[token][account] = 0;
        emit Collected(token, account, amount);
        IERC20(token).safeTransfer(account, amount);
    }

    // ---- views

    /// @inheritdoc IDisputes
    function bondOf(ModelId model) external view returns (Bond memory) {
        return _bonds[model];
    }

    /// @inheritdoc IDisputes
    function disputeOf(uint256 dispute) external view returns (Dispute memory) {
        return _disputes[dispute];
    }

    /// @inheritdoc IDisputes
    function freeBond(ModelId model) public view returns (uint256) {
        return _bonds[model].amount - _bonds[model].reserved;
    }

    /// @inheritdoc IDisputes
    function deadlineOf(uint256 dispute) public view returns (uint256) {
        Dispute storage d = _disputes[dispute];
        uint256 pausedUntil = guardian.pausedUntil();
        bool moved = d.kind == Kind.Omission && pausedUntil <= d.deadline + guardian.MAX_PAUSE();
        return moved ? Math.max(d.deadline, pausedUntil + AFTER_PAUSE) : d.deadline;
    }

    /// @inheritdoc IDisputes
    function omissionTerms(
        ModelId model,
        uint32 feeUnits
    ) public view returns (uint128 stake, uint128 fee, uint128 award) {
        uint256 feeUnit = models.feeUnitOf(model);
        fee = (feeUnits * feeUnit).toUint128();
        stake = (Math.max(feeUnits, MIN_FEE_UNITS) * feeUnit).toUint128();
        award = (fee + PENALTY_FACTOR * stake).toUint128();
    }

    /// @inheritdoc IDisputes
    function batchStake(ModelId model) public view returns (uint128) {
        uint256 least = BATCH_STAKE_UNITS * models.feeUnitOf(model);
        return Math.max(least, _bonds[model].amount / BATCH_STAKE_DIVISOR).toUint128();
    }

    /// @inheritdoc IDisputes
    function receiptDigest(Receipt calldata receipt) public view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("Quittance"), keccak256("1"), block.chainid, address(epochs))
        );
        // A struct of words encodes as its words.
        return
            MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(RECEIPT_TYPE, receipt)));
    }

    // ---- how

    function _newDispute(
        Kind kind,
        ModelId model,
        uint128 stake
    ) private view returns (Dispute memory details) {
        details.kind = kind;
        details.open = true;
        details.deadline = uint64(block.timestamp + schedule.answerWindow());
        details.challenger = msg.sender;
        details.model = model;
        details.stake = stake;
    }

    function _open(Dispute memory details) private returns (uint256 dispute) {
        dispute = ++disputeCount;
        _disputes[dispute] = details;
        ++_bonds[details.model].pending;
    }

    function _openOf(uint256 dispute, Kind kind) private view returns (Dispute storage d) {
        d = _disputes[dispute];
        if (d.kind != kind) revert DisputesUnknownDispute(dispute);
        if (!d.open) revert DisputesClosed(dispute);
    }

    function _close(Dispute storage d) private {
        d.open = false;
        --_bonds[d.model].pending;
    }

    function _answered(uint256 dispute, Dispute storage d) private {
        _give(d.model, models.operatorOf(d.model), d.stake);
        emit Answered(dispute, d.model);
    }

    /// @dev Takes what of the bond is not put aside, half for `to` and half for the treasury.
    function _slash(ModelId model, address to) private returns (uint256 reward, uint256 toTreasury) {
        uint256 taken = freeBond(model);
        _bonds[model].amount -= uint128(taken);
        reward = taken / 2;
        toTreasury = taken - reward;
        _give(model, to, reward);
        _give(model, schedule.treasury(), toTreasury);
    }

    function _give(ModelId model, address account, uint256 amount) private {
        collectable[models.tokenOf(model)][account] += amount;
    }

    /// @dev Called last, under the guard.
    function _take(ModelId model, uint256 amount) private {
        if (amount == 0) revert DisputesNothingSent();
        IERC20 token = _token(model);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert DisputesTokenTookFee(address(token), amount, received);
    }

    function _checkReceipt(
        Receipt calldata receipt,
        bytes calldata signature
    ) private view returns (bytes32 digest) {
        address operator = models.operatorOf(receipt.modelId);
        digest = receiptDigest(receipt);
        bool signed = Signatures.isSignedBy(operator, digest, signature);
        if (!signed) revert DisputesWrongSignature(operator);
    }

    function _onlyOperator(ModelId model) private view {
        address operator = models.operatorOf(model);
        if (msg.sender != operator) revert DisputesNotOperator(msg.sender, operator);
    }

    function _token(ModelId model) private view returns (IERC20) {
        return IERC20(models.tokenOf(model));
    }
}
