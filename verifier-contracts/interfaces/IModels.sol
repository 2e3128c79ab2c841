// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchId, DatanetId, ModelId} from "../Types.sol";

/// @title Models: what an operator committed to, and what of it is proven
/// @notice A model is committed with W, A, the remainder R of its optimum and each contributor's gradient G_c
/// as hiding commitments, and with the batches that they are said to come from.
/// @dev `Committed` means exactly that. {ITraining} takes a model through `Proving` to `Proven`: then A and
/// every G_c are those of the batches, and W is their optimum within the bound that is stated for R. A model
/// can instead be registered as `unproven`: it may be used without that proof, and everything says so.
interface IModels {
    enum Status {
        None,
        Committed,
        Proving,
        Proven
    }

    /// @param account who is paid
    /// @param commitG commitment of its gradient at the optimum
    /// @param batches its batches in the training set, numbers strictly ascending
    struct Contributor {
        address account;
        uint256 commitG;
        BatchId[] batches;
    }

    /// @param root the batch's root
    /// @param count its records
    /// @param contributor place of its contributor among the model's
    struct BatchEntry {
        uint256 root;
        uint32 count;
        uint32 contributor;
    }

    /// @param backbone hash of the frozen backbone's graph
    /// @param commitR commitment of R = Σ G_c − λW. It is fixed here, before the training challenges are
    /// known: a remainder that is chosen later could be fitted to any W
    /// @param samples records in all the batches together
    /// @param feeUnitWei what one fee unit costs
    /// @param unproven registered as unproven: may charge and settle without a training proof
    struct ModelStatement {
        DatanetId datanet;
        bytes32 backbone;
        uint256 commitW;
        uint256 commitA;
        uint256 commitR;
        uint32 lambda;
        uint32 samples;
        uint128 feeUnitWei;
        bool unproven;
        Contributor[] contributors;
    }

    /// @param contributors how many there are
    /// @param batches how many they have together
    /// @param accountsHash keccak256 of their accounts, a word each
    /// @param rootsHash keccak256(abi.encode(roots)) of all the batches, contributor by contributor
    struct Model {
        address operator;
        uint64 committedAt;
        Status status;
        bool unproven;
        uint32 contributors;
        uint128 feeUnitWei;
        uint32 lambda;
        uint32 samples;
        uint32 batches;
        uint256 commitW;
        uint256 commitA;
        uint256 commitR;
        DatanetId datanet;
        bytes32 backbone;
        bytes32 accountsHash;
        bytes32 rootsHash;
    }

    error ModelsUnknownModel(ModelId model);
    error ModelsOnlyTraining(address sender);
    error ModelsWrongProfile();
    /// @notice A model has 1 to `max` contributors, each with at least one batch.
    error ModelsWrongContributorCount(uint256 count, uint256 max);
    error ModelsNoBatches(address account);
    error ModelsNotAFieldElement(uint256 value);
    /// @notice λ = 0 leaves the optimum undetermined.
    error ModelsZeroLambda();
    error ModelsDuplicateAccount(address account);
    /// @notice A contributor's batches must come in strictly ascending order, which also makes each of them
    /// unique.
    error ModelsBatchOrder(BatchId batch);
    error ModelsForeignBatch(BatchId batch, address account);
    /// @notice The batches hold `counted` records, the statement says `stated`, and `max` is the profile's
    /// bound.
    error ModelsWrongSamples(uint256 counted, uint256 stated, uint256 max);

    event ModelCommitted(
        ModelId indexed model,
        address indexed operator,
        uint256 nonce,
        ModelStatement statement
    );

    /// @notice Commits a model; the sender is its operator.
    /// @return model keccak256(abi.encode("quittance.model", chain id, this contract, operator, nonce,
    /// keccak256(abi.encode(statement)))), the nonce counting the operator's models from 0
    function commit(ModelStatement calldata statement) external returns (ModelId model);

    /// @notice The id that `operator`'s model with this nonce gets.
    function modelIdOf(
        address operator,
        uint256 nonce,
        ModelStatement calldata statement
    ) external view returns (ModelId);

    /// @notice A model; reverts for an id that was never committed.
    function model(ModelId id) external view returns (Model memory);
    function exists(ModelId id) external view returns (bool);

    /// @notice Whether the training proof is complete.
    function trainingProven(ModelId id) external view returns (bool);

    /// @notice Whether an epoch of the model may be opened and settled: its training is proven, or it was
    /// registered as unproven.
    function usable(ModelId id) external view returns (bool allowed, bool proven);

    /// @notice Moves a model on. {ITraining} only.
    function markTraining(ModelId id, Status status) external;

    /// @notice keccak256 of the group's commitments, `groupSize` words, the missing ones `nullG`; 0 beyond
    /// the last group.
    function groupHash(ModelId id, uint256 group) external view returns (bytes32);

    /// @notice keccak256(abi.encode(entries)) of the model's batches `chunkSize · chunk` and on, `chunkSize`
    /// of them or what is left; 0 beyond the last chunk.
    function chunkHash(ModelId id, uint256 chunk) external view returns (bytes32);

    /// @notice How many models an operator has committed.
    function nonces(address operator) external view returns (uint256);

    /// @notice Batches in a chunk of the list.
    function chunkSize() external view returns (uint256);
    /// @notice Contributors per `weights` proof and per `contributors` proof.
    function groupSize() external view returns (uint256);
    /// @notice Commitment of the zero gradient with salt 0, which fills up the last group.
    function nullG() external view returns (uint256);
    function maxSamples() external view returns (uint256);
}
