// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BN254} from "./BN254.sol";
import {IDatanets} from "./interfaces/IDatanets.sol";
import {IEpochs} from "./interfaces/IEpochs.sol";
import {IFeeSchedule} from "./interfaces/IFeeSchedule.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IModels} from "./interfaces/IModels.sol";
import {IPauseGuardian} from "./interfaces/IPauseGuardian.sol";
import {IVerifierRegistry} from "./interfaces/IVerifierRegistry.sol";
import {IVault} from "./interfaces/IVault.sol";
import {CircuitId, ModelId} from "./Types.sol";
import {Vault} from "./Vault.sol";

/// @title Epochs
/// @dev The only contracts called are this system's own, which call no token on the way, so nothing here can
/// be re-entered. Every loop is bounded by a constant or by what a model's own bounds allow. A statement is
/// marked before its proof is verified, so that one that stands twice in a batch is seen; the verifier is a
/// view, and its refusal undoes the mark.
contract Epochs is IEpochs {
    /// @dev As many as `provenBatches` has bits.
    uint256 public constant MAX_BATCHES = 64;
    uint256 public constant MAX_PAYERS = 256;
    /// @dev A fee has 16 bits in the circuit.
    uint256 private constant MAX_FEE = type(uint16).max;
    uint256 private constant BPS = 10_000;

    /// @param emptyQ commitment of the zero Q with salt 0
    /// @param queries most receipts in an `inference` proof
    struct Config {
        IVerifierRegistry registry;
        IModels models;
        IDatanets datanets;
        IFeeSchedule schedule;
        IPauseGuardian guardian;
        CircuitId inference;
        CircuitId adjoint;
        CircuitId weights;
        uint256 emptyQ;
        uint256 queries;
    }

    /// @dev What one call of {prove} works on.
    struct Work {
        ModelId id;
        uint256 number;
        IModels.Model model;
        IGroth16Verifier.Item[] items;
        uint256 filled;
    }

    IModels public immutable models;
    IVerifierRegistry public immutable registry;
    IDatanets public immutable datanets;
    IVault public immutable vault;
    IFeeSchedule public immutable schedule;
    IPauseGuardian public immutable guardian;
    CircuitId public immutable inferenceCircuit;
    CircuitId public immutable adjointCircuit;
    CircuitId public immutable weightsCircuit;
    /// @inheritdoc IEpochs
    uint256 public immutable emptyQ;
    /// @inheritdoc IEpochs
    uint256 public immutable queries;
    uint256 private immutable _groupSize;

    /// @inheritdoc IEpochs
    mapping(ModelId => uint256) public epochCount;
    mapping(ModelId => mapping(uint256 epoch => Epoch)) private _epochs;
    mapping(ModelId => mapping(uint256 epoch => mapping(uint256 group => bytes32))) private _weights;

    constructor(Config memory config) {
        _checkElement(config.emptyQ);
        (models, datanets, schedule) = (config.models, config.datanets, config.schedule);
        (registry, guardian) = (config.registry, config.guardian);
        vault = new Vault(config.models, config.datanets, config.schedule);
        // Every later version of the registry has the same circuits.
        IGroth16Verifier verifier = config.registry.verifierAt(1);
        inferenceCircuit = config.inference;
        adjointCircuit = config.adjoint;
        weightsCircuit = config.weights;
        (emptyQ, queries, _groupSize) = (config.emptyQ, config.queries, config.models.groupSize());
        bool fits = config.queries > 0 &&
            verifier.publicCount(config.inference) == 6 &&
            verifier.publicCount(config.adjoint) == 4 &&
            verifier.publicCount(config.weights) == 1 + 2 * _groupSize;
        if (!fits) revert EpochsWrongProfile();
    }

    /// @inheritdoc IEpochs
    function commitEpoch(
        ModelId id,
        EpochCommitment calldata commitment
    ) external returns (uint256 number) {
        return _commit(id, commitment);
    }

    /// @inheritdoc IEpochs
    function commitEpochWithVouchers(
        ModelId id,
        EpochCommitment calldata commitment,
        IVault.Voucher[] calldata vouchers,
        bytes[] calldata signatures
    ) external returns (uint256 number) {
        vault.redeem(vouchers, signatures);
        return _commit(id, commitment);
    }

    /// @inheritdoc IEpochs
    function prove(
        ModelId id,
        uint256 number,
        Batches calldata batches,
        InferenceProof[] calldata inference,
        uint256[8][] calldata adjoint,
        WeightsProof[] calldata weights
    ) external {
        Epoch storage epoch = _open(id, number);
        uint256 count = inference.length + adjoint.length + weights.length;
        Work memory work = Work({
            id: id,
            number: number,
            model: models.model(id),
            items: new IGroth16Verifier.Item[](count),
            filled: 0
        });
        if (inference.length + adjoint.length > 0) _checkBatches(epoch, batches);
        for (uint256 i = 0; i < inference.length; ++i) _addInference(work, epoch, batches, inference[i]);
        for (uint256 i = 0; i < adjoint.length; ++i) _addAdjoint(work, epoch, batches, adjoint[i]);
        for (uint256 i = 0; i < weights.length; ++i) _addWeights(work, epoch.commitY, weights[i]);
        models.verifierOf(id).verifyBatch(work.items);
        // Every statement is counted once and there are no more of them than that.
        epoch.remaining -= uint32(count);
    }

    /// @inheritdoc IEpochs
    function settle(
        ModelId id,
        uint256 number,
        address[] calldata accounts,
        uint256[] calldata w,
        uint256[] calldata previous
    ) external returns (uint256[] memory payouts) {
        Epoch storage epoch = _open(id, number);
        if (epoch.remaining != 0) revert EpochsNotProven(epoch.remaining);
        if (accounts.length != w.length) revert EpochsWrongLength();
        (Settlement memory result, IVault.Shares memory shares) = _checkSettlement(id, number, accounts, w);
        epoch.status = Status.Settled;
        payouts = _payouts(result.earnings, w, result.totalWeight);
        (result.carriedOut, result.root) = vault.distribute(id, shares, accounts, previous, payouts);
        emit EpochSettled(id, number, result, accounts, payouts);
    }

    /// @inheritdoc IEpochs
    function expire(
        ModelId id,
        uint256 number,
        address[] calldata payers,
        uint128[] calldata feeUnits
    ) external {
        Epoch storage epoch = _open(id, number);
        if (epoch.remaining == 0) revert EpochsFullyProven(id, number);
        if (block.timestamp < epoch.expiresAt) revert EpochsNotExpired(epoch.expiresAt);
        if (keccak256(abi.encode(payers, feeUnits)) != epoch.chargesHash) revert EpochsWrongCharges();
        epoch.status = Status.Expired;
        vault.release(id, payers, _amounts(models.feeUnitOf(id), payers, feeUnits));
        emit EpochExpired(id, number, epoch.pool);
    }

    /// @inheritdoc IEpochs
    function epochInfo(ModelId id, uint256 number) external view returns (Epoch memory) {
        return _epochs[id][number];
    }

    /// @inheritdoc IEpochs
    function batchesHashOf(ModelId id, uint256 number) external view returns (bytes32) {
        return _epochs[id][number].batchesHash;
    }

    /// @inheritdoc IEpochs
    function weightsHash(ModelId id, uint256 number, uint256 group) external view returns (bytes32) {
        return _weights[id][number][group];
    }

    /// @inheritdoc IEpochs
    function context(ModelId id, uint256 number, uint256 index) public view returns (uint256) {
        bytes memory place = abi.encode("quittance.epoch", block.chainid, address(this), id, number, index);
        return uint256(keccak256(place)) >> 8;
    }

    function _commit(ModelId id, EpochCommitment calldata commitment) private returns (uint256 number) {
        if (guardian.paused()) revert EpochsPaused();
        IModels.Model memory model = models.model(id);
        if (msg.sender != model.operator) revert EpochsNotOperator(msg.sender, model.operator);
        if (model.frozen) revert EpochsModelFrozen(id);
        if (registry.isRetired(model.verifierVersion)) revert EpochsVersionRetired(model.verifierVersion);
        bool trained = _trained(id);
        number = epochCount[id];
        if (_epochs[id][number].status == Status.Committed) revert EpochsStillOpen(id, number);
        epochCount[id] = ++number;

        uint256 feeUnits = _checkCommitment(commitment);
        uint256 charged = 0;
        for (uint256 i = 0; i < commitment.feeUnits.length; ++i) charged += commitment.feeUnits[i];
        if (charged != feeUnits) revert EpochsFeesDiffer(charged, feeUnits);

        uint256[] memory amounts = _amounts(model.feeUnit, commitment.payers, commitment.feeUnits);
        uint128 pool = vault.charge(id, commitment.payers, amounts);
        // The vault's pool is fees and carry, and has 128 bits.
        uint128 fees = uint128(feeUnits * model.feeUnit);
        _store(_epochs[id][number], model, commitment, fees, pool);
        emit EpochCommitted(id, number, pool, pool - fees, commitment, trained);
    }

    function _store(
        Epoch storage epoch,
        IModels.Model memory model,
        EpochCommitment calldata commitment,
        uint128 fees,
        uint128 pool
    ) private {
        uint256 batches = commitment.receiptsRoots.length;
        IFeeSchedule.Split memory split = schedule.split();
        // Where nobody has to validate, nobody is paid for it.
        if (!datanets.datanet(model.datanet).validated) split.validatorsBps = 0;
        epoch.status = Status.Committed;
        epoch.committedAt = uint40(block.timestamp);
        epoch.expiresAt = uint40(block.timestamp + schedule.provingWindow());
        epoch.batches = uint8(batches);
        epoch.remaining = uint32(batches + 1 + Math.ceilDiv(model.contributors, _groupSize));
        epoch.split = split;
        (epoch.fees, epoch.pool) = (fees, pool);
        epoch.commitY = commitment.commitY;
        epoch.batchesHash = keccak256(
            abi.encode(commitment.receiptsRoots, commitment.commitQ, commitment.feeTotals)
        );
        epoch.chargesHash = keccak256(abi.encode(commitment.payers, commitment.feeUnits));
    }

    /// @dev Checks lengths, ranges and bounds; returns the batches' fees together.
    function _checkCommitment(EpochCommitment calldata commitment) private view returns (uint256 fees) {
        uint256 count = commitment.receiptsRoots.length;
        if (count == 0 || count > MAX_BATCHES) revert EpochsWrongBatchCount(count, MAX_BATCHES);
        bool fits = commitment.commitQ.length == count &&
            commitment.feeTotals.length == count &&
            commitment.payers.length == commitment.feeUnits.length;
        if (!fits) revert EpochsWrongLength();
        if (commitment.payers.length > MAX_PAYERS) {
            revert EpochsTooManyPayers(commitment.payers.length, MAX_PAYERS);
        }
        _checkElement(commitment.commitY);
        for (uint256 i = 0; i < count; ++i) {
            _checkElement(commitment.receiptsRoots[i]);
            _checkElement(commitment.commitQ[i]);
            uint256 fee = commitment.feeTotals[i];
            if (fee > queries * MAX_FEE) revert EpochsFeeTooLarge(i, fee);
            fees += fee;
        }
    }

    function _amounts(
        uint128 feeUnit,
        address[] calldata payers,
        uint128[] calldata feeUnits
    ) private pure returns (uint256[] memory amounts) {
        amounts = new uint256[](payers.length);
        // 128 bits times 128 bits.
        for (uint256 i = 0; i < payers.length; ++i) amounts[i] = uint256(feeUnits[i]) * feeUnit;
    }

    function _checkBatches(Epoch storage epoch, Batches calldata batches) private view {
        bytes32 hash = keccak256(abi.encode(batches.receiptsRoots, batches.commitQ, batches.feeTotals));
        if (hash != epoch.batchesHash) revert EpochsWrongBatches();
    }

    /// @dev Each of these three marks a statement as proven and adds it, with the public inputs that it must
    /// have.
    function _addInference(
        Work memory work,
        Epoch storage epoch,
        Batches calldata batches,
        InferenceProof calldata given
    ) private {
        uint256 index = given.batchIndex;
        if (index >= epoch.batches) revert EpochsUnknownStatement(index);
        uint64 bit = uint64(1) << uint64(index);
        uint64 marks = epoch.provenBatches;
        if (marks & bit != 0) revert EpochsAlreadyProven(inferenceCircuit, index);
        epoch.provenBatches = marks | bit;
        uint256[] memory publics = new uint256[](6);
        publics[0] = context(work.id, work.number, index);
        publics[1] = work.model.commitW;
        publics[2] = index == 0 ? emptyQ : batches.commitQ[index - 1];
        publics[3] = batches.commitQ[index];
        publics[4] = batches.receiptsRoots[index];
        publics[5] = batches.feeTotals[index];
        _addItem(work, inferenceCircuit, given.proof, publics);
        emit InferenceProven(work.id, work.number, index);
    }

    function _addAdjoint(
        Work memory work,
        Epoch storage epoch,
        Batches calldata batches,
        uint256[8] calldata proof
    ) private {
        if (epoch.adjointProven) revert EpochsAlreadyProven(adjointCircuit, 0);
        epoch.adjointProven = true;
        uint256[] memory publics = new uint256[](4);
        publics[0] = work.model.commitA;
        publics[1] = batches.commitQ[epoch.batches - 1];
        publics[2] = epoch.commitY;
        publics[3] = work.model.lambda;
        _addItem(work, adjointCircuit, proof, publics);
        emit AdjointProven(work.id, work.number);
    }

    function _addWeights(Work memory work, uint256 commitY, WeightsProof calldata given) private {
        (ModelId id, uint256 group) = (work.id, given.groupIndex);
        if (given.w.length != _groupSize || given.commitG.length != _groupSize) revert EpochsWrongLength();
        bytes32 expected = models.groupHash(id, group);
        if (expected == 0) revert EpochsUnknownStatement(group);
        if (_weights[id][work.number][group] != 0) revert EpochsAlreadyProven(weightsCircuit, group);
        if (keccak256(abi.encodePacked(given.commitG)) != expected) revert EpochsWrongGroup(group);
        _weights[id][work.number][group] = keccak256(abi.encodePacked(given.w));
        uint256[] memory publics = _weightsPublics(work.model.contributors, commitY, given);
        _addItem(work, weightsCircuit, given.proof, publics);
        emit WeightsProven(id, work.number, group, given.w);
    }

    /// @dev commitY, the group's commitments, its weights; and places that nobody has must weigh nothing.
    function _weightsPublics(
        uint256 contributors,
        uint256 commitY,
        WeightsProof calldata given
    ) private view returns (uint256[] memory publics) {
        uint256 size = _groupSize;
        publics = new uint256[](1 + 2 * size);
        publics[0] = commitY;
        for (uint256 j = 0; j < size; ++j) {
            // The circuit keeps weights below 2^112; with the pool's 128 bits nothing that follows can
            // overflow.
            if (given.w[j] > type(uint112).max) revert EpochsWeightTooLarge(j);
            bool nobody = given.groupIndex * size + j >= contributors;
            if (nobody && given.w[j] != 0) revert EpochsPaddingWeight(j);
            publics[1 + j] = given.commitG[j];
            publics[1 + size + j] = given.w[j];
        }
    }

    function _addItem(
        Work memory work,
        CircuitId circuit,
        uint256[8] calldata proof,
        uint256[] memory publics
    ) private pure {
        work.items[work.filled++] = IGroth16Verifier.Item(circuit, proof, publics);
    }

    /// @dev That accounts and weights are the model's and the proven ones; and what follows from them.
    function _checkSettlement(
        ModelId id,
        uint256 number,
        address[] calldata accounts,
        uint256[] calldata w
    ) private view returns (Settlement memory result, IVault.Shares memory shares) {
        Epoch storage epoch = _epochs[id][number];
        IModels.Model memory model = models.model(id);
        // Elements of an array are padded to words in packed mode, just as the model hashed them.
        if (keccak256(abi.encodePacked(accounts)) != model.accountsHash) revert EpochsWrongAccounts();
        result.totalWeight = _checkWeights(id, number, w);
        result.trainingProven = _trained(id);
        result.pool = epoch.pool;
        (shares, result.earnings) = _split(epoch, model);
    }

    /// @dev What of the pool goes to whom. Carry was split when it came in, so only fees are split here.
    function _split(
        Epoch storage epoch,
        IModels.Model memory model
    ) private view returns (IVault.Shares memory shares, uint128 earnings) {
        IFeeSchedule.Split memory split = epoch.split;
        uint256 fees = epoch.fees;
        shares = IVault.Shares({
            treasury: schedule.treasury(),
            operator: model.operator,
            datanet: model.datanet,
            protocol: uint128((fees * split.protocolBps) / BPS),
            developer: uint128((fees * split.developerBps) / BPS),
            validators: uint128((fees * split.validatorsBps) / BPS)
        });
        earnings = epoch.pool - shares.protocol - shares.developer - shares.validators;
    }

    /// @dev Σ w = 0, nobody helped: every payout is 0 and everything is carried over.
    function _payouts(
        uint256 earnings,
        uint256[] calldata w,
        uint256 total
    ) private pure returns (uint256[] memory payouts) {
        payouts = new uint256[](w.length);
        // 128 bits times 112 bits.
        for (uint256 i = 0; i < w.length && total > 0; ++i) payouts[i] = (earnings * w[i]) / total;
    }

    /// @dev Compares `w` with the proven weights, group by group; returns their sum.
    function _checkWeights(
        ModelId id,
        uint256 number,
        uint256[] calldata w
    ) private view returns (uint256 total) {
        uint256 size = _groupSize;
        uint256[] memory slice = new uint256[](size);
        for (uint256 first = 0; first < w.length; first += size) {
            for (uint256 j = 0; j < size; ++j) slice[j] = first + j < w.length ? w[first + j] : 0;
            uint256 group = first / size;
            bytes32 sliceHash = keccak256(abi.encodePacked(slice));
            if (sliceHash != _weights[id][number][group]) revert EpochsWrongWeights(group);
            // Proven weights are below 2^112 and there are at most 512 of them.
            for (uint256 j = 0; j < size; ++j) total += slice[j];
        }
    }

    /// @dev Refuses a model whose training should be proven and is not; tells whether it is.
    function _trained(ModelId id) private view returns (bool proven) {
        bool allowed;
        (allowed, proven) = models.usable(id);
        if (!allowed) revert EpochsTrainingNotProven(id);
    }

    function _open(ModelId id, uint256 number) private view returns (Epoch storage epoch) {
        epoch = _epochs[id][number];
        if (epoch.status == Status.None) revert EpochsUnknownEpoch(id, number);
        if (epoch.status != Status.Committed) revert EpochsClosed(id, number);
    }

    function _checkElement(uint256 value) private pure {
        if (value == 0 || value >= BN254.R) revert EpochsNotAFieldElement(value);
    }
}
