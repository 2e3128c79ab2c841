// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BN254} from "./BN254.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IModels} from "./interfaces/IModels.sol";
import {ITraining} from "./interfaces/ITraining.sol";
import {IVerifierRegistry} from "./interfaces/IVerifierRegistry.sol";
import {CircuitId, ModelId} from "./Types.sol";

/// @title Training
/// @dev Created by {Models}. Public inputs are built here, never taken from the prover; the lists that they
/// are built from come as call data and are compared with the hashes that the model stored. The identities
/// are kept as differences that have to end at zero, so nothing is stored that the last proof would not
/// clear.
///
/// A statement is marked before the proofs of its transaction are verified, so that the same statement twice
/// in one transaction is seen. The verifier is called once, is a view, and reverts for everything together.
contract Training is ITraining {
    /// @dev A feature is a signed byte, so a product of two is at most 2^14.
    uint256 private constant FEATURE_SQUARE = 1 << 14;

    struct Config {
        IModels models;
        IVerifierRegistry registry;
        CircuitId samples;
        CircuitId contributors;
        CircuitId model;
        uint256 dimension;
        uint256 groupSize;
        uint256 nullG;
    }

    /// @param gradient Σ value_c − λ·wValue − rValue
    /// @param moments Σ a_b − aValue
    struct Session {
        uint32 round;
        uint32 remaining;
        uint32 batches;
        uint32 contributors;
        bool modelProven;
        uint256 commitV;
        bytes32 seed;
        uint256 gradient;
        uint256 moments;
    }

    /// @dev What one call works on.
    struct Work {
        ModelId id;
        uint32 round;
        uint256 commitV;
        uint256[3] rho;
        IGroth16Verifier.Item[] items;
        uint256 filled;
    }

    IModels public immutable models;
    CircuitId public immutable samplesCircuit;
    CircuitId public immutable contributorsCircuit;
    CircuitId public immutable modelCircuit;
    uint256 public immutable dimension;
    uint256 private immutable _groupSize;
    uint256 private immutable _nullG;

    mapping(ModelId => Session) private _sessions;
    /// @dev Marks of batches, and of groups, of each round.
    mapping(ModelId => mapping(uint32 round => mapping(uint256 word => uint256))) private _samples;
    mapping(ModelId => mapping(uint32 round => mapping(uint256 word => uint256))) private _groups;
    /// @dev Σ g_b − value_c of each contributor.
    mapping(ModelId => mapping(uint32 round => mapping(uint256 contributor => uint256))) private _differences;

    constructor(Config memory config) {
        models = config.models;
        // Every later version of the registry has the same circuits.
        IGroth16Verifier verifier = config.registry.verifierAt(1);
        (samplesCircuit, contributorsCircuit) = (config.samples, config.contributors);
        (modelCircuit, dimension) = (config.model, config.dimension);
        (_groupSize, _nullG) = (config.groupSize, config.nullG);
        bool fits = config.dimension > 0 &&
            verifier.publicCount(config.samples) == 8 &&
            verifier.publicCount(config.contributors) == 2 + 2 * _groupSize &&
            verifier.publicCount(config.model) == 11;
        if (!fits) revert TrainingWrongProfile();
    }

    /// @inheritdoc ITraining
    function begin(ModelId id, uint256 commitV) external {
        IModels.Model memory model = models.model(id);
        if (msg.sender != model.operator) revert TrainingNotOperator(msg.sender, model.operator);
        if (model.status == IModels.Status.Proven) revert TrainingComplete(id);
        if (commitV == 0 || commitV >= BN254.R) revert TrainingNotAFieldElement(commitV);
        uint32 round = _sessions[id].round + 1;
        bytes32 seed = _seed(id, model.rootsHash);
        _sessions[id] = Session({
            round: round,
            remaining: uint32(model.batches + Math.ceilDiv(model.contributors, _groupSize) + 1),
            batches: model.batches,
            contributors: model.contributors,
            modelProven: false,
            commitV: commitV,
            seed: seed,
            gradient: 0,
            moments: 0
        });
        models.markTraining(id, IModels.Status.Proving);
        emit TrainingBegun(id, round, commitV, seed);
    }

    /// @inheritdoc ITraining
    function prove(
        ModelId id,
        SampleChunk[] calldata chunks,
        ContributorsProof[] calldata groups,
        ModelProof[] calldata modelProof
    ) external {
        Session storage session = _sessions[id];
        if (session.round == 0) revert TrainingNotBegun(id);
        if (session.remaining == 0) revert TrainingComplete(id);
        uint256 count = groups.length + modelProof.length;
        for (uint256 i = 0; i < chunks.length; ++i) count += chunks[i].proofs.length;
        Work memory work = Work({
            id: id,
            round: session.round,
            commitV: session.commitV,
            rho: challengesOf(session.seed),
            items: new IGroth16Verifier.Item[](count),
            filled: 0
        });
        for (uint256 i = 0; i < chunks.length; ++i) _addChunk(work, session, chunks[i]);
        for (uint256 i = 0; i < groups.length; ++i) _addGroup(work, session, groups[i]);
        for (uint256 i = 0; i < modelProof.length; ++i) _addModel(work, session, modelProof[i]);
        models.verifierOf(id).verifyBatch(work.items);

        // Every statement is counted once and there are no more of them than that.
        uint32 remaining = session.remaining - uint32(count);
        session.remaining = remaining;
        emit TrainingAdvanced(id, work.round, count, remaining);
        if (remaining == 0) _complete(work, session);
    }

    /// @inheritdoc ITraining
    function progress(ModelId id) external view returns (Progress memory) {
        Session storage session = _sessions[id];
        uint32 round = session.round;
        uint256 groups = Math.ceilDiv(session.contributors, _groupSize);
        return
            Progress({
                round: round,
                remaining: session.remaining,
                batches: session.batches,
                contributors: session.contributors,
                modelProven: session.modelProven,
                commitV: session.commitV,
                seed: session.seed,
                samples: _words(_samples[id][round], session.batches),
                groups: _words(_groups[id][round], groups)
            });
    }

    /// @inheritdoc ITraining
    function sampleProven(ModelId id, uint256 batchIndex) external view returns (bool) {
        uint256 word = _samples[id][_sessions[id].round][batchIndex / 256];
        return (word >> (batchIndex % 256)) & 1 == 1;
    }

    /// @inheritdoc ITraining
    function seedOf(ModelId id) external view returns (bytes32) {
        return _seed(id, models.model(id).rootsHash);
    }

    /// @inheritdoc ITraining
    function challengesOf(bytes32 seed) public pure returns (uint256[3] memory rho) {
        for (uint256 i = 0; i < 3; ++i) rho[i] = uint256(keccak256(abi.encode(seed, i + 1))) >> 8;
    }

    /// @inheritdoc ITraining
    function residualBound(uint256 samples, uint256 lambda) public view returns (uint256) {
        return Math.ceilDiv(dimension * FEATURE_SQUARE * samples + lambda, 2);
    }

    function _addChunk(Work memory work, Session storage session, SampleChunk calldata chunk) private {
        bytes32 expected = models.chunkHash(work.id, chunk.chunk);
        if (expected == 0) revert TrainingUnknownStatement(chunk.chunk);
        if (keccak256(abi.encode(chunk.entries)) != expected) revert TrainingWrongChunk(chunk.chunk);
        uint256 first = chunk.chunk * models.chunkSize();
        uint256 moments = session.moments;
        for (uint256 i = 0; i < chunk.proofs.length; ++i) {
            SampleProof calldata sample = chunk.proofs[i];
            if (sample.index >= chunk.entries.length) revert TrainingUnknownStatement(sample.index);
            _mark(_samples[work.id][work.round], samplesCircuit, first + sample.index);
            _addSample(work, chunk.entries[sample.index], sample);
            moments = addmod(moments, sample.a, BN254.R);
        }
        session.moments = moments;
    }

    function _addSample(
        Work memory work,
        IModels.BatchEntry calldata entry,
        SampleProof calldata sample
    ) private {
        uint256[] memory publics = new uint256[](8);
        (publics[0], publics[1], publics[2]) = (work.rho[0], work.rho[1], work.rho[2]);
        (publics[3], publics[4], publics[5]) = (work.commitV, entry.root, entry.count);
        (publics[6], publics[7]) = (sample.g, sample.a);
        _addItem(work, samplesCircuit, sample.proof, publics);
        _addDifference(work, entry.contributor, sample.g);
    }

    /// @dev Places that nobody has hold the commitment of the zero gradient, whose value is 0.
    function _addGroup(Work memory work, Session storage session, ContributorsProof calldata group) private {
        uint256 size = _groupSize;
        if (group.commitG.length != size || group.values.length != size) revert TrainingWrongLength();
        bytes32 expected = models.groupHash(work.id, group.group);
        if (expected == 0) revert TrainingUnknownStatement(group.group);
        if (keccak256(abi.encodePacked(group.commitG)) != expected) revert TrainingWrongGroup(group.group);
        _mark(_groups[work.id][work.round], contributorsCircuit, group.group);

        uint256[] memory publics = new uint256[](2 + 2 * size);
        (publics[0], publics[1]) = (work.rho[0], work.rho[1]);
        uint256 first = group.group * size;
        uint256 contributors = session.contributors;
        uint256 gradient = session.gradient;
        for (uint256 j = 0; j < size; ++j) {
            uint256 value = group.values[j];
            (publics[2 + j], publics[2 + size + j]) = (group.commitG[j], value);
            if (first + j >= contributors) {
                if (value != 0) revert TrainingPaddingValue(j);
                continue;
            }
            _addDifference(work, first + j, _negative(value));
            gradient = addmod(gradient, value, BN254.R);
        }
        session.gradient = gradient;
        _addItem(work, contributorsCircuit, group.proof, publics);
    }

    function _addModel(Work memory work, Session storage session, ModelProof calldata proof) private {
        if (session.modelProven) revert TrainingAlreadyProven(modelCircuit, 0);
        session.modelProven = true;
        IModels.Model memory model = models.model(work.id);
        uint256[] memory publics = new uint256[](11);
        (publics[0], publics[1], publics[2]) = (work.rho[0], work.rho[1], work.rho[2]);
        (publics[3], publics[4], publics[5]) = (model.commitW, model.commitA, model.commitR);
        (publics[6], publics[7]) = (work.commitV, residualBound(model.samples, model.lambda));
        (publics[8], publics[9], publics[10]) = (proof.wValue, proof.aValue, proof.rValue);
        _addItem(work, modelCircuit, proof.proof, publics);

        uint256 optimum = addmod(mulmod(model.lambda, proof.wValue, BN254.R), proof.rValue, BN254.R);
        session.gradient = addmod(session.gradient, _negative(optimum), BN254.R);
        session.moments = addmod(session.moments, _negative(proof.aValue), BN254.R);
    }

    function _addItem(
        Work memory work,
        CircuitId circuit,
        uint256[8] calldata proof,
        uint256[] memory publics
    ) private pure {
        work.items[work.filled++] = IGroth16Verifier.Item(circuit, proof, publics);
    }

    function _addDifference(Work memory work, uint256 contributor, uint256 value) private {
        mapping(uint256 => uint256) storage differences = _differences[work.id][work.round];
        differences[contributor] = addmod(differences[contributor], value, BN254.R);
    }

    function _mark(mapping(uint256 => uint256) storage marks, CircuitId circuit, uint256 index) private {
        uint256 bit = 1 << (index % 256);
        uint256 word = marks[index / 256];
        if (word & bit != 0) revert TrainingAlreadyProven(circuit, index);
        marks[index / 256] = word | bit;
    }

    function _complete(Work memory work, Session storage session) private {
        mapping(uint256 => uint256) storage differences = _differences[work.id][work.round];
        for (uint256 c = 0; c < session.contributors; ++c) {
            if (differences[c] != 0) revert TrainingWrongGradient(c);
        }
        if (session.gradient != 0) revert TrainingWrongOptimum();
        if (session.moments != 0) revert TrainingWrongMoments();
        models.markTraining(work.id, IModels.Status.Proven);
        emit TrainingProven(work.id, work.round);
    }

    function _seed(ModelId id, bytes32 rootsHash) private view returns (bytes32) {
        return keccak256(abi.encode("quittance.training", block.chainid, address(this), id, rootsHash));
    }

    /// @dev A value that is no field element makes the verifier refuse; until then any residue will do.
    function _negative(uint256 value) private pure returns (uint256) {
        return BN254.R - (value % BN254.R);
    }

    function _words(
        mapping(uint256 => uint256) storage marks,
        uint256 count
    ) private view returns (uint256[] memory words) {
        words = new uint256[](Math.ceilDiv(count, 256));
        for (uint256 i = 0; i < words.length; ++i) words[i] = marks[i];
    }
}
