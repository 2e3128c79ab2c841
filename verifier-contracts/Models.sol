// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {BN254} from "./BN254.sol";
import {IDatanets} from "./interfaces/IDatanets.sol";
import {IModels} from "./interfaces/IModels.sol";
import {BatchId, ModelId} from "./Types.sol";

/// @title Models
/// @dev Only hashes of the lists are stored: whoever settles an epoch brings the lists again. A batch is
/// used once because a contributor's batches ascend, a batch has one contributor, and accounts are
/// distinct.
contract Models is IModels {
    /// @dev Bounds every loop over a model's contributors. Settling credits each of them in one
    /// transaction, about 25,000 gas each, and a transaction may cost 2^24 gas at most (EIP-7825).
    uint256 public constant MAX_CONTRIBUTORS = 600;

    IDatanets public immutable datanets;
    /// @inheritdoc IModels
    uint256 public immutable groupSize;
    /// @inheritdoc IModels
    uint256 public immutable nullG;
    /// @inheritdoc IModels
    uint256 public immutable maxSamples;

    /// @inheritdoc IModels
    mapping(address operator => uint256) public nonces;
    mapping(ModelId => Model) private _models;
    mapping(ModelId => mapping(uint256 group => bytes32)) private _groups;

    constructor(IDatanets datanets_, uint256 groupSize_, uint256 nullG_, uint256 maxSamples_) {
        if (groupSize_ == 0 || groupSize_ > MAX_CONTRIBUTORS || maxSamples_ == 0) revert ModelsWrongProfile();
        if (nullG_ == 0 || nullG_ >= BN254.R) revert ModelsNotAFieldElement(nullG_);
        (datanets, groupSize, nullG, maxSamples) = (datanets_, groupSize_, nullG_, maxSamples_);
    }

    /// @inheritdoc IModels
    function commit(ModelStatement calldata statement) external returns (ModelId id) {
        uint256 nonce = nonces[msg.sender]++;
        id = modelIdOf(msg.sender, nonce, statement);
        uint256 count = statement.contributors.length;
        if (count == 0 || count > MAX_CONTRIBUTORS) {
            revert ModelsWrongContributorCount(count, MAX_CONTRIBUTORS);
        }
        if (statement.lambda == 0) revert ModelsZeroLambda();
        _checkElement(statement.commitW);
        _checkElement(statement.commitA);

        bytes32 accountsHash = _checkContributors(statement);
        _hashGroups(id, statement.contributors);
        _models[id] = Model({
            operator: msg.sender,
            committedAt: uint64(block.timestamp),
            status: Status.Committed,
            contributors: uint32(count),
            feeUnitWei: statement.feeUnitWei,
            lambda: statement.lambda,
            samples: statement.samples,
            commitW: statement.commitW,
            commitA: statement.commitA,
            datanet: statement.datanet,
            backbone: statement.backbone,
            accountsHash: accountsHash
        });
        emit ModelCommitted(id, msg.sender, nonce, statement);
    }

    /// @inheritdoc IModels
    function model(ModelId id) external view returns (Model memory) {
        if (!exists(id)) revert ModelsUnknownModel(id);
        return _models[id];
    }

    /// @inheritdoc IModels
    function trainingProven(ModelId id) external view returns (bool) {
        return _models[id].status == Status.Proven;
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

    /// @dev Accounts distinct, batches theirs, counts adding up. Returns the hash of the accounts.
    function _checkContributors(
        ModelStatement calldata statement
    ) private view returns (bytes32 accountsHash) {
        Contributor[] calldata list = statement.contributors;
        address[] memory accounts = new address[](list.length);
        uint256 samples = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            _checkElement(list[i].commitG);
            accounts[i] = list[i].account;
            samples += _checkBatches(statement, list[i]);
        }
        if (samples != statement.samples || samples > maxSamples) {
            revert ModelsWrongSamples(samples, statement.samples, maxSamples);
        }
        accountsHash = keccak256(abi.encodePacked(accounts));
        Arrays.sort(accounts);
        for (uint256 i = 1; i < accounts.length; ++i) {
            if (accounts[i] == accounts[i - 1]) revert ModelsDuplicateAccount(accounts[i]);
        }
    }

    function _checkBatches(
        ModelStatement calldata statement,
        Contributor calldata contributor
    ) private view returns (uint256 samples) {
        if (contributor.batches.length == 0) revert ModelsNoBatches(contributor.account);
        uint256 previous = 0;
        for (uint256 j = 0; j < contributor.batches.length; ++j) {
            BatchId id = contributor.batches[j];
            if (BatchId.unwrap(id) <= previous) revert ModelsBatchOrder(id);
            previous = BatchId.unwrap(id);
            IDatanets.Batch memory batch = datanets.batch(id);
            bool own = batch.contributor == contributor.account && batch.datanet == statement.datanet;
            if (!own) revert ModelsForeignBatch(id, contributor.account);
            samples += batch.count;
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
