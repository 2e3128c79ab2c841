// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BN254} from "./BN254.sol";
import {IDatanets} from "./interfaces/IDatanets.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IModels} from "./interfaces/IModels.sol";
import {IPauseGuardian} from "./interfaces/IPauseGuardian.sol";
import {ITraining} from "./interfaces/ITraining.sol";
import {IVerifierRegistry} from "./interfaces/IVerifierRegistry.sol";
import {Training} from "./Training.sol";
import {BatchId, CircuitId, DatanetId, ModelId} from "./Types.sol";

/// @title Models
/// @dev Only hashes of the lists are stored: whoever settles an epoch brings the lists again. A batch is
/// used once because a contributor's batches ascend, a batch has one contributor, and accounts are
/// distinct.
contract Models is IModels {
    /// @dev Bounds every loop over a model's contributors. Settling credits each of them in one
    /// transaction, about 25,000 gas each, and a transaction may cost 2^24 gas at most (EIP-7825).
    uint256 public constant MAX_CONTRIBUTORS = 512;

    /// @inheritdoc IModels
    uint256 public constant chunkSize = 16;

    /// @param dimension features of a record
    struct Config {
        IDatanets datanets;
        IVerifierRegistry registry;
        IPauseGuardian guardian;
        CircuitId samples;
        CircuitId contributors;
        CircuitId model;
        uint256 dimension;
        uint256 groupSize;
        uint256 nullG;
        uint256 maxSamples;
    }

    /// @dev What {_checkContributors} gathers.
    struct Gathered {
        uint256 samples;
        address[] accounts;
        BatchEntry[] entries;
        uint256[] roots;
        uint256 filled;
        uint32 version;
        uint64 accepted;
    }

    IDatanets public immutable datanets;
    IVerifierRegistry public immutable registry;
    IPauseGuardian public immutable guardian;
    ITraining public immutable training;
    /// @inheritdoc IModels
    uint256 public immutable groupSize;
    /// @inheritdoc IModels
    uint256 public immutable nullG;
    /// @inheritdoc IModels
    uint256 public immutable maxSamples;
    address private immutable _deployer;
    /// @inheritdoc IModels
    address public disputes;

    /// @inheritdoc IModels
    mapping(address operator => uint256) public nonces;
    mapping(ModelId => Model) private _models;
    mapping(ModelId => mapping(uint256 group => bytes32)) private _groups;
    mapping(ModelId => mapping(uint256 chunk => bytes32)) private _chunks;

    constructor(Config memory config) {
        bool fits = config.groupSize > 0 && config.groupSize <= MAX_CONTRIBUTORS && config.maxSamples > 0;
        if (!fits) revert ModelsWrongProfile();
        _checkElement(config.nullG);
        (datanets, groupSize, nullG) = (config.datanets, config.groupSize, config.nullG);
        (maxSamples, _deployer) = (config.maxSamples, msg.sender);
        (registry, guardian) = (config.registry, config.guardian);
        training = new Training(
            Training.Config({
                models: this,
                registry: config.registry,
                samples: config.samples,
                contributors: config.contributors,
                model: config.model,
                dimension: config.dimension,
                groupSize: config.groupSize,
                nullG: config.nullG
            })
        );
    }

    /// @inheritdoc IModels
    function initialize(address disputes_) external {
        if (msg.sender != _deployer) revert ModelsOnlyDeployer(msg.sender);
        if (disputes != address(0) || disputes_ == address(0)) revert ModelsAlreadyInitialized();
        disputes = disputes_;
        emit Initialized(disputes_);
    }

    /// @inheritdoc IModels
    function commit(ModelStatement calldata statement) external returns (ModelId id) {
        if (guardian.paused()) revert ModelsPaused();
        uint256 nonce = nonces[msg.sender]++;
        id = modelIdOf(msg.sender, nonce, statement);
        uint256 count = statement.contributors.length;
        if (count == 0 || count > MAX_CONTRIBUTORS) {
            revert ModelsWrongContributorCount(count, MAX_CONTRIBUTORS);
        }
        if (statement.lambda == 0) revert ModelsZeroLambda();
        if (statement.feeUnit == 0) revert ModelsZeroFeeUnit();
        if (!datanets.isToken(statement.datanet, statement.token)) {
            revert ModelsTokenNotAllowed(statement.token);
        }
        if (ModelId.unwrap(statement.parent) != 0 && !exists(statement.parent)) {
            revert ModelsUnknownParent(statement.parent);
        }
        _checkElement(statement.commitW);
        _checkElement(statement.commitA);
        _checkElement(statement.commitR);

        Gathered memory gathered = _checkContributors(statement);
        bytes32 accountsHash = keccak256(abi.encodePacked(gathered.accounts));
        _checkDistinct(gathered.accounts);
        _hashGroups(id, statement.contributors);
        _hashChunks(id, gathered.entries);
        _models[id] = Model({
            operator: msg.sender,
            committedAt: uint64(block.timestamp),
            status: Status.Committed,
            unproven: statement.unproven,
            frozen: false,
            token: statement.token,
            contributors: uint32(count),
            verifierVersion: registry.current(),
            datanetVersion: statement.datanetVersion,
            feeUnit: statement.feeUnit,
            lambda: statement.lambda,
            samples: statement.samples,
            // No more than there are samples, which have 32 bits.
            batches: uint32(gathered.entries.length),
            commitW: statement.commitW,
            commitA: statement.commitA,
            commitR: statement.commitR,
            datanet: statement.datanet,
            parent: statement.parent,
            backbone: statement.backbone,
            accountsHash: accountsHash,
            rootsHash: keccak256(abi.encode(gathered.roots))
        });
        emit ModelCommitted(id, msg.sender, nonce, statement);
    }

    /// @inheritdoc IModels
    function markTraining(ModelId id, Status status) external {
        if (msg.sender != address(training)) revert ModelsOnlyTraining(msg.sender);
        _models[id].status = status;
    }

    /// @inheritdoc IModels
    function freeze(ModelId id) external {
        if (msg.sender != disputes) revert ModelsOnlyDisputes(msg.sender);
        if (!exists(id)) revert ModelsUnknownModel(id);
        if (_models[id].frozen) revert ModelsAlreadyFrozen(id);
        _models[id].frozen = true;
        emit ModelFrozen(id);
    }

    /// @inheritdoc IModels
    function operatorOf(ModelId id) external view returns (address) {
        return _known(id).operator;
    }

    /// @inheritdoc IModels
    function tokenOf(ModelId id) external view returns (address) {
        return _known(id).token;
    }

    /// @inheritdoc IModels
    function feeUnitOf(ModelId id) external view returns (uint128) {
        return _known(id).feeUnit;
    }

    /// @inheritdoc IModels
    function datanetOf(ModelId id) external view returns (DatanetId) {
        return _known(id).datanet;
    }

    /// @inheritdoc IModels
    function isFrozen(ModelId id) external view returns (bool) {
        return _known(id).frozen;
    }

    /// @inheritdoc IModels
    function verifierOf(ModelId id) external view returns (IGroth16Verifier) {
        return registry.verifierAt(_known(id).verifierVersion);
    }

    /// @inheritdoc IModels
    function model(ModelId id) external view returns (Model memory) {
        return _known(id);
    }

    /// @inheritdoc IModels
    function trainingProven(ModelId id) external view returns (bool) {
        return _models[id].status == Status.Proven;
    }

    /// @inheritdoc IModels
    function usable(ModelId id) external view returns (bool allowed, bool proven) {
        proven = _models[id].status == Status.Proven;
        allowed = proven || _models[id].unproven;
    }

    /// @inheritdoc IModels
    function chunkHash(ModelId id, uint256 chunk) external view returns (bytes32) {
        return _chunks[id][chunk];
    }

    /// @inheritdoc IModels
    function groupHash(ModelId id, uint256 group) external view returns (bytes32) {
        return _groups[id][group];
    }

    /// @inheritdoc IModels
    function modelIdOf(
        address operator,
        uint256 nonce,
        ModelStatement calldata statement
    ) public view returns (ModelId) {
        bytes32 hash = keccak256(abi.encode(statement));
        bytes memory all = abi.encode("quittance.model", block.chainid, address(this), operator, nonce, hash);
        return ModelId.wrap(keccak256(all));
    }

    /// @inheritdoc IModels
    function exists(ModelId id) public view returns (bool) {
        return _models[id].status != Status.None;
    }

    /// @dev Batches theirs, counts adding up.
    function _checkContributors(
        ModelStatement calldata statement
    ) private view returns (Gathered memory gathered) {
        Contributor[] calldata list = statement.contributors;
        uint256 batches = 0;
        for (uint256 i = 0; i < list.length; ++i) batches += list[i].batches.length;
        gathered.accounts = new address[](list.length);
        gathered.entries = new BatchEntry[](batches);
        gathered.roots = new uint256[](batches);
        gathered.version = statement.datanetVersion;
        gathered.accepted = datanets.version(statement.datanet, statement.datanetVersion).accepted;
        for (uint256 i = 0; i < list.length; ++i) {
            _checkElement(list[i].commitG);
            gathered.accounts[i] = list[i].account;
            _checkBatches(statement.datanet, list[i], uint32(i), gathered);
        }
        uint256 samples = gathered.samples;
        if (samples != statement.samples || samples > maxSamples) {
            revert ModelsWrongSamples(samples, statement.samples, maxSamples);
        }
    }

    function _checkBatches(
        DatanetId datanet,
        Contributor calldata contributor,
        uint32 place,
        Gathered memory gathered
    ) private view {
        if (contributor.batches.length == 0) revert ModelsNoBatches(contributor.account);
        uint256 previous = 0;
        for (uint256 j = 0; j < contributor.batches.length; ++j) {
            BatchId id = contributor.batches[j];
            if (BatchId.unwrap(id) <= previous) revert ModelsBatchOrder(id);
            previous = BatchId.unwrap(id);
            IDatanets.Standing memory batch = datanets.standing(id);
            bool own = batch.contributor == contributor.account && batch.datanet == datanet;
            if (!own) revert ModelsForeignBatch(id, contributor.account);
            _checkAdmitted(id, batch, gathered);
            gathered.entries[gathered.filled] = BatchEntry(batch.root, batch.count, place);
            gathered.roots[gathered.filled++] = batch.root;
            gathered.samples += batch.count;
        }
    }

    function _checkAdmitted(
        BatchId id,
        IDatanets.Standing memory batch,
        Gathered memory gathered
    ) private pure {
        if (batch.withdrawn) revert ModelsBatchWithdrawn(id);
        if (batch.status != IDatanets.BatchStatus.Accepted) revert ModelsBatchNotAccepted(id);
        if (batch.position > gathered.accepted) revert ModelsBatchNotInVersion(id, gathered.version);
    }

    function _known(ModelId id) private view returns (Model storage known) {
        known = _models[id];
        if (known.status == Status.None) revert ModelsUnknownModel(id);
    }

    /// @dev Sorts `accounts`.
    function _checkDistinct(address[] memory accounts) private pure {
        Arrays.sort(accounts);
        for (uint256 i = 1; i < accounts.length; ++i) {
            if (accounts[i] == accounts[i - 1]) revert ModelsDuplicateAccount(accounts[i]);
        }
    }

    function _hashChunks(ModelId id, BatchEntry[] memory entries) private {
        for (uint256 first = 0; first < entries.length; first += chunkSize) {
            uint256 size = Math.min(chunkSize, entries.length - first);
            BatchEntry[] memory chunk = new BatchEntry[](size);
            for (uint256 j = 0; j < size; ++j) chunk[j] = entries[first + j];
            _chunks[id][first / chunkSize] = keccak256(abi.encode(chunk));
        }
    }

    function _hashGroups(ModelId id, Contributor[] calldata list) private {
        uint256[] memory commits = new uint256[](groupSize);
        for (uint256 first = 0; first < list.length; first += groupSize) {
            for (uint256 j = 0; j < groupSize; ++j) {
                commits[j] = first + j < list.length ? list[first + j].commitG : nullG;
            }
            _groups[id][first / groupSize] = keccak256(abi.encodePacked(commits));
        }
    }

    function _checkElement(uint256 value) private pure {
        if (value == 0 || value >= BN254.R) revert ModelsNotAFieldElement(value);
    }
}
