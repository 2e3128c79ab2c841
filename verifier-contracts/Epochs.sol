// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BN254} from "./BN254.sol";
import {IEpochs} from "./interfaces/IEpochs.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IModels} from "./interfaces/IModels.sol";
import {IVerifierRegistry} from "./interfaces/IVerifierRegistry.sol";
import {IVault} from "./interfaces/IVault.sol";
import {CircuitId, ModelId} from "./Types.sol";
import {Vault} from "./Vault.sol";

/// @title Epochs
/// @dev The only contracts called are this one's own verifier, models and vault, so nothing here can be
/// re-entered. Every loop is bounded by a constant or by what a model's own bounds allow. A statement is
/// marked before its proof is verified, so that one that stands twice in a batch is seen; the verifier is a
/// view, and its refusal undoes the mark.
contract Epochs is IEpochs {
    uint256 public constant MAX_BATCHES = 64;
    uint256 public constant MAX_PAYERS = 256;
    /// @dev A fee has 16 bits in the circuit.
    uint256 private constant MAX_FEE = type(uint16).max;
    /// @inheritdoc IEpochs
    uint256 public constant PROVING_WINDOW = 7 days;

    /// @param emptyQ commitment of the zero Q with salt 0
    /// @param queries most receipts in an `inference` proof
    struct Config {
        IVerifierRegistry registry;
        IModels models;
        CircuitId inference;
        CircuitId adjoint;
        CircuitId weights;
        uint256 emptyQ;
        uint256 queries;
    }

    IModels public immutable models;
    IVault public immutable vault;
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
    mapping(ModelId => mapping(uint256 epoch => mapping(uint256 index => InferenceBatch))) private _batches;
    mapping(ModelId => mapping(uint256 epoch => mapping(uint256 group => bytes32))) private _weights;

    constructor(Config memory config) {
        _checkElement(config.emptyQ);
        (models, vault) = (config.models, new Vault(config.models));
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
    function commitEpoch(ModelId id, EpochCommitment calldata commitment) external returns (uint256 number) {
        IModels.Model memory model = models.model(id);
        if (msg.sender != model.operator) revert EpochsNotOperator(msg.sender, model.operator);
        bool trained = _trained(id);
        number = epochCount[id];
        if (_epochs[id][number].status == Status.Committed) revert EpochsStillOpen(id, number);
        epochCount[id] = ++number;

        uint256 fees = _storeBatches(id, number, commitment);
        uint256 charged = 0;
        for (uint256 i = 0; i < commitment.feeUnits.length; ++i) charged += commitment.feeUnits[i];
        if (charged != fees) revert EpochsFeesDiffer(charged, fees);

        uint256 batches = commitment.receiptsRoots.length;
        uint256 carriedIn = vault.carryOf(id);
        uint256[] memory amounts = _amounts(model, commitment.payers, commitment.feeUnits);
        uint128 pool = vault.charge(id, commitment.payers, amounts);
        _epochs[id][number] = Epoch({
            status: Status.Committed,
            committedAt: uint64(block.timestamp),
            batches: uint32(batches),
            remaining: uint32(batches + 1 + Math.ceilDiv(model.contributors, _groupSize)),
            adjointProven: false,
            pool: pool,
            commitY: commitment.commitY,
            chargesHash: keccak256(abi.encode(commitment.payers, commitment.feeUnits))
        });
        emit EpochCommitted(id, number, pool, carriedIn, commitment, trained);
    }

    /// @inheritdoc IEpochs
    function proveInference(ModelId id, uint256 number, uint256 index, uint256[8] calldata proof) external {
        Epoch storage epoch = _open(id, number);
        models.verifierOf(id).verify(inferenceCircuit, proof, _markInference(epoch, id, number, index));
        --epoch.remaining;
    }

    /// @inheritdoc IEpochs
    function proveAdjoint(ModelId id, uint256 number, uint256[8] calldata proof) external {
        Epoch storage epoch = _open(id, number);
        models.verifierOf(id).verify(adjointCircuit, proof, _markAdjoint(epoch, id, number));
        --epoch.remaining;
    }

    /// @inheritdoc IEpochs
    function proveWeights(
        ModelId id,
        uint256 number,
        uint256 group,
        uint256[] calldata w,
        uint256[] calldata commitG,
        uint256[8] calldata proof
    ) external {
        Epoch storage epoch = _open(id, number);
        uint256[] memory publics = _markWeights(epoch.commitY, id, number, group, w, commitG);
        models.verifierOf(id).verify(weightsCircuit, proof, publics);
        --epoch.remaining;
    }

    /// @inheritdoc IEpochs
    function prove(
        ModelId id,
        uint256 number,
        InferenceProof[] calldata inference,
        uint256[8][] calldata adjoint,
        WeightsProof[] calldata weights
    ) external {
        Epoch storage epoch = _open(id, number);
        uint256 count = inference.length + adjoint.length + weights.length;
        IGroth16Verifier.Item[] memory items = new IGroth16Verifier.Item[](count);
        uint256 filled = 0;
        for (uint256 i = 0; i < inference.length; ++i) {
            uint256[] memory publics = _markInference(epoch, id, number, inference[i].batchIndex);
            items[filled++] = IGroth16Verifier.Item(inferenceCircuit, inference[i].proof, publics);
        }
        for (uint256 i = 0; i < adjoint.length; ++i) {
            uint256[] memory publics = _markAdjoint(epoch, id, number);
            items[filled++] = IGroth16Verifier.Item(adjointCircuit, adjoint[i], publics);
        }
        for (uint256 i = 0; i < weights.length; ++i) {
            items[filled++] = _weightsItem(epoch.commitY, id, number, weights[i]);
        }
        models.verifierOf(id).verifyBatch(items);
        // Every statement is counted once and there are no more of them than that.
        epoch.remaining -= uint32(count);
    }

    /// @inheritdoc IEpochs
    function settle(
        ModelId id,
        uint256 number,
        address[] calldata accounts,
        uint256[] calldata w
    ) external returns (uint256[] memory payouts) {
        Epoch storage epoch = _open(id, number);
        if (epoch.remaining != 0) revert EpochsNotProven(epoch.remaining);
        if (accounts.length != w.length) revert EpochsWrongLength();
        // Elements of an array are padded to words in packed mode, just as the model hashed them.
        bytes32 accountsHash = keccak256(abi.encodePacked(accounts));
        if (accountsHash != models.model(id).accountsHash) revert EpochsWrongAccounts();
        uint256 total = _checkWeights(id, number, w);
        bool trained = _trained(id);

        epoch.status = Status.Settled;
        uint256 pool = epoch.pool;
        payouts = _shares(pool, w, total);
        _pay(id, number, pool, total, accounts, payouts, trained);
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
        uint256 expiresAt = epoch.committedAt + PROVING_WINDOW;
        if (block.timestamp < expiresAt) revert EpochsNotExpired(expiresAt);
        if (keccak256(abi.encode(payers, feeUnits)) != epoch.chargesHash) revert EpochsWrongCharges();
        epoch.status = Status.Expired;
        vault.release(id, payers, _amounts(models.model(id), payers, feeUnits));
        emit EpochExpired(id, number, epoch.pool);
    }

    /// @inheritdoc IEpochs
    function epochInfo(ModelId id, uint256 number) external view returns (Epoch memory) {
        return _epochs[id][number];
    }

    /// @inheritdoc IEpochs
    function inferenceBatch(
        ModelId id,
        uint256 number,
        uint256 index
    ) external view returns (InferenceBatch memory) {
        return _batches[id][number][index];
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

    /// @dev Checks and stores the batches of receipts; returns their fees together.
    function _storeBatches(
        ModelId id,
        uint256 number,
        EpochCommitment calldata commitment
    ) private returns (uint256 fees) {
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
            _batches[id][number][i] = InferenceBatch(
                commitment.receiptsRoots[i],
                commitment.commitQ[i],
                uint64(fee),
                false
            );
        }
    }

    function _amounts(
        IModels.Model memory model,
        address[] calldata payers,
        uint128[] calldata feeUnits
    ) private pure returns (uint256[] memory amounts) {
        amounts = new uint256[](payers.length);
        // 128 bits times 128 bits.
        for (uint256 i = 0; i < payers.length; ++i) amounts[i] = uint256(feeUnits[i]) * model.feeUnit;
    }

    /// @dev Marks the statement as proven and builds its public inputs.
    function _markInference(
        Epoch storage epoch,
        ModelId id,
        uint256 number,
        uint256 index
    ) private returns (uint256[] memory publics) {
        if (index >= epoch.batches) revert EpochsUnknownStatement(index);
        InferenceBatch storage batch = _batches[id][number][index];
        if (batch.proven) revert EpochsAlreadyProven(inferenceCircuit, index);
        batch.proven = true;
        publics = new uint256[](6);
        publics[0] = context(id, number, index);
        publics[1] = models.model(id).commitW;
        publics[2] = index == 0 ? emptyQ : _batches[id][number][index - 1].commitQ;
        publics[3] = batch.commitQ;
        publics[4] = batch.receiptsRoot;
        publics[5] = batch.feeTotal;
        emit InferenceProven(id, number, index);
    }

    function _markAdjoint(
        Epoch storage epoch,
        ModelId id,
        uint256 number
    ) private returns (uint256[] memory publics) {
        if (epoch.adjointProven) revert EpochsAlreadyProven(adjointCircuit, 0);
        epoch.adjointProven = true;
        IModels.Model memory model = models.model(id);
        publics = new uint256[](4);
        publics[0] = model.commitA;
        publics[1] = _batches[id][number][epoch.batches - 1].commitQ;
        publics[2] = epoch.commitY;
        publics[3] = model.lambda;
        emit AdjointProven(id, number);
    }

    function _markWeights(
        uint256 commitY,
        ModelId id,
        uint256 number,
        uint256 group,
        uint256[] calldata w,
        uint256[] calldata commitG
    ) private returns (uint256[] memory publics) {
        if (w.length != _groupSize || commitG.length != _groupSize) revert EpochsWrongLength();
        bytes32 expected = models.groupHash(id, group);
        if (expected == 0) revert EpochsUnknownStatement(group);
        if (_weights[id][number][group] != 0) revert EpochsAlreadyProven(weightsCircuit, group);
        if (keccak256(abi.encodePacked(commitG)) != expected) revert EpochsWrongGroup(group);
        _weights[id][number][group] = keccak256(abi.encodePacked(w));
        publics = _weightsPublics(id, commitY, group, w, commitG);
        emit WeightsProven(id, number, group, w);
    }

    function _weightsItem(
        uint256 commitY,
        ModelId id,
        uint256 number,
        WeightsProof calldata given
    ) private returns (IGroth16Verifier.Item memory) {
        uint256[] memory publics = _markWeights(
            commitY,
            id,
            number,
            given.groupIndex,
            given.w,
            given.commitG
        );
        return IGroth16Verifier.Item(weightsCircuit, given.proof, publics);
    }

    /// @dev commitY, the group's commitments, its weights; and places that nobody has must weigh nothing.
    function _weightsPublics(
        ModelId id,
        uint256 commitY,
        uint256 group,
        uint256[] calldata w,
        uint256[] calldata commitG
    ) private view returns (uint256[] memory publics) {
        uint256 size = _groupSize;
        uint256 contributors = models.model(id).contributors;
        publics = new uint256[](1 + 2 * size);
        publics[0] = commitY;
        for (uint256 j = 0; j < size; ++j) {
            // The circuit keeps weights below 2^112; with the pool's 128 bits nothing that follows can
            // overflow.
            if (w[j] > type(uint112).max) revert EpochsWeightTooLarge(j);
            if (group * size + j >= contributors && w[j] != 0) revert EpochsPaddingWeight(j);
            publics[1 + j] = commitG[j];
            publics[1 + size + j] = w[j];
        }
    }

    /// @dev Σ w = 0, nobody helped: every payout is 0 and the whole pool is carried over.
    function _shares(
        uint256 pool,
        uint256[] calldata w,
        uint256 total
    ) private pure returns (uint256[] memory payouts) {
        payouts = new uint256[](w.length);
        for (uint256 i = 0; i < w.length && total > 0; ++i) payouts[i] = Math.mulDiv(pool, w[i], total);
    }

    function _pay(
        ModelId id,
        uint256 number,
        uint256 pool,
        uint256 total,
        address[] calldata accounts,
        uint256[] memory payouts,
        bool trained
    ) private {
        uint256 carriedOut = vault.distribute(id, accounts, payouts);
        emit EpochSettled(id, number, pool, total, carriedOut, accounts, payouts, trained);
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
