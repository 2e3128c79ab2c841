// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchId, DatanetId, ModelId} from "../Types.sol";
import {IGroth16Verifier} from "./IGroth16Verifier.sol";

/// @title Models: what an operator committed to, and what of it is proven
/// @notice A model is committed with W, A, the remainder R of its optimum and each contributor's gradient G_c
/// as hiding commitments, and with the batches that they are said to come from.
/// @dev `Committed` means exactly that. {ITraining} takes a model through `Proving` to `Proven`: then A and
/// every G_c are those of the batches, and W is their optimum within the bound that is stated for R. A model
/// can instead be registered as `unproven`: it may be used without that proof, and everything says so.
///
/// Batches have to stand in the datanet's version that the statement names, accepted, and not withdrawn when
/// the model is committed; what happens to them later does not touch it. A model that lost a dispute is
/// frozen: it gets no new epochs, and everything that was earned or is under way stays as it is.
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

    /// @param datanetVersion published version that the batches stand in
    /// @param parent the model that this one was made from, say by leaving somebody out; 0 if none. The
    /// operator's statement, and only that such a model exists is checked
    /// @param backbone hash of the frozen backbone's graph
    /// @param commitR commitment of R = Σ G_c − λW. It is fixed here, before the training challenges are
    /// known: a remainder that is chosen later could be fitted to any W
    /// @param samples records in all the batches together
    /// @param token ERC-20 that it is paid in; one that the datanet allows
    /// @param feeUnit what one fee unit costs, in the token's smallest unit
    /// @param unproven registered as unproven: may charge and settle without a training proof
    struct ModelStatement {
        DatanetId datanet;
        uint32 datanetVersion;
        ModelId parent;
        bytes32 backbone;
        uint256 commitW;
        uint256 commitA;
        uint256 commitR;
        uint32 lambda;
        uint32 samples;
        address token;
        uint128 feeUnit;
        bool unproven;
        Contributor[] contributors;
    }

    /// @param contributors how many there are
    /// @param batches how many they have together
    /// @param frozen it lost a dispute: no new epochs
    /// @param verifierVersion whose keys its proofs are for, see {IVerifierRegistry}
    /// @param accountsHash keccak256 of their accounts, a word each
    /// @param rootsHash keccak256(abi.encode(roots)) of all the batches, contributor by contributor
    struct Model {
        address operator;
        uint64 committedAt;
        Status status;
        bool unproven;
        bool frozen;
        address token;
        uint32 contributors;
        uint32 verifierVersion;
        uint32 datanetVersion;
        uint128 feeUnit;
        uint32 lambda;
        uint32 samples;
        uint32 batches;
        uint256 commitW;
        uint256 commitA;
        uint256 commitR;
        DatanetId datanet;
        ModelId parent;
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
    /// @notice A model that charges nothing pays nobody, and what disputes cost is counted in fee units.
    error ModelsZeroFeeUnit();
    error ModelsDuplicateAccount(address account);
    /// @notice A contributor's batches must come in strictly ascending order, which also makes each of them
    /// unique.
    error ModelsBatchOrder(BatchId batch);
    error ModelsForeignBatch(BatchId batch, address account);
    /// @notice The contributor took its consent back.
    error ModelsBatchWithdrawn(BatchId batch);
    /// @notice No accepting verdict, or one that was proven wrong.
    error ModelsBatchNotAccepted(BatchId batch);
    /// @notice The batch was accepted after this version was published.
    error ModelsBatchNotInVersion(BatchId batch, uint32 version);
    /// @notice The datanet does not allow this token.
    error ModelsTokenNotAllowed(address token);
    error ModelsUnknownParent(ModelId parent);
    /// @notice The guardian has paused what is new.
    error ModelsPaused();
    error ModelsOnlyDisputes(address sender);
    error ModelsAlreadyFrozen(ModelId model);
    error ModelsOnlyDeployer(address sender);
    error ModelsAlreadyInitialized();
    /// @notice The batches hold `counted` records, the statement says `stated`, and `max` is the profile's
    /// bound.
    error ModelsWrongSamples(uint256 counted, uint256 stated, uint256 max);

    event ModelCommitted(
        ModelId indexed model,
        address indexed operator,
        uint256 nonce,
        ModelStatement statement
    );

    event ModelFrozen(ModelId indexed model);
    event Initialized(address disputes);

    /// @notice Names the contract that may freeze models, once. The deployer only.
    function initialize(address disputes) external;

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

    /// @notice The party that runs the model.
    function operatorOf(ModelId id) external view returns (address);
    function tokenOf(ModelId id) external view returns (address);
    function feeUnitOf(ModelId id) external view returns (uint128);
    function datanetOf(ModelId id) external view returns (DatanetId);

    /// @notice Whether it lost a dispute: no new epochs, and everything else goes on.
    function isFrozen(ModelId id) external view returns (bool);

    /// @notice The verifier whose keys were current when the model was committed; reverts for an unknown
    /// model.
    function verifierOf(ModelId id) external view returns (IGroth16Verifier);

    /// @notice Freezes a model, for good. {IDisputes} only.
    function freeze(ModelId id) external;

    /// @notice Moves a model on. {ITraining} only.
    function markTraining(ModelId id, Status status) external;

    /// @notice keccak256 of the group's commitments, `groupSize` words, the missing ones `nullG`; 0 beyond
    /// the last group.
    function groupHash(ModelId id, uint256 group) external view returns (bytes32);

    /// @notice keccak256(abi.encode(entries)) of the model's batches `chunkSize · chunk` and on, `chunkSize`
    /// of them or what is left; 0 beyond the last chunk.
    function chunkHash(ModelId id, uint256 chunk) external view returns (bytes32);

    function disputes() external view returns (address);

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
