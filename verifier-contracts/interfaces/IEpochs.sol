// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CircuitId, ModelId} from "../Types.sol";
import {IFeeSchedule} from "./IFeeSchedule.sol";
import {IModels} from "./IModels.sol";
import {IVault} from "./IVault.sol";

/// @title Epochs: charge, prove, settle
/// @notice An epoch is a run of paid answers of one model. Its operator commits to the receipts and charges
/// the payers; three kinds of proofs, in any order and from anybody, show that the receipts are answers of
/// the committed model (`inference`, one per batch), that Y is the adjoint of their fee-weighted queries
/// (`adjoint`), and what weight each contributor has (`weights`, one per group). When all are there,
/// anybody settles. Of the fees, the treasury, the operator and the validators get the shares that were in
/// force when the epoch was committed, each rounded down; the contributors get the rest and what earlier
/// epochs carried over: `payout_c = ⌊earnings · w_c / Σ w⌋`. What rounding leaves, less than one unit for
/// each contributor, is carried to the model's next epoch; if nobody helped, all of it is.
/// @dev Public inputs are never taken from the prover: this contract builds them from what was committed
/// before. A statement is its place (model, epoch, circuit, index) and can be proven once, whatever the
/// bytes of the proof.
///
/// An epoch's batches are stored as one hash, for a thousand answers are two dozen batches and a slot costs
/// as much as a fourth of a proof; whoever proves brings the lists again. Its other numbers are what was
/// fixed when it was committed.
interface IEpochs {
    enum Status {
        None,
        Committed,
        Settled,
        Expired
    }

    /// @param receiptsRoots root of each batch's receipts
    /// @param commitQ commitment of Q after each batch; the last one is the epoch's Q
    /// @param feeTotals sum of each batch's fees, in fee units
    /// @param commitY commitment of the adjoint
    /// @param payers who pays
    /// @param feeUnits how much each pays, in fee units; together Σ feeTotals
    struct EpochCommitment {
        uint256[] receiptsRoots;
        uint256[] commitQ;
        uint256[] feeTotals;
        uint256 commitY;
        address[] payers;
        uint128[] feeUnits;
    }

    /// @notice An epoch's batches, as they were committed.
    struct Batches {
        uint256[] receiptsRoots;
        uint256[] commitQ;
        uint256[] feeTotals;
    }

    /// @param expiresAt until when it can only be proven, and not expire
    /// @param batches how many
    /// @param remaining proofs that are still missing
    /// @param provenBatches bit i: the inference proof of batch i is there
    /// @param split of the fees, as it was when the epoch was committed
    /// @param fees what its payers were charged, in the token's smallest unit
    /// @param pool what is shared out: fees and carry
    /// @param batchesHash keccak256(abi.encode(receiptsRoots, commitQ, feeTotals))
    /// @param chargesHash keccak256(abi.encode(payers, feeUnits))
    struct Epoch {
        Status status;
        uint40 committedAt;
        uint40 expiresAt;
        uint8 batches;
        uint32 remaining;
        bool adjointProven;
        uint64 provenBatches;
        IFeeSchedule.Split split;
        uint128 fees;
        uint128 pool;
        uint256 commitY;
        bytes32 batchesHash;
        bytes32 chargesHash;
    }

    /// @notice One `inference` statement and its proof.
    struct InferenceProof {
        uint256 batchIndex;
        uint256[8] proof;
    }

    /// @notice One `weights` statement and its proof.
    /// @param w the weights of the contributors of a group, a word each, zeros for the places that nobody has
    /// @param commitG their gradients' commitments, `nullG` for the places that nobody has
    struct WeightsProof {
        uint256 groupIndex;
        uint256[] w;
        uint256[] commitG;
        uint256[8] proof;
    }

    /// @notice What settling an epoch came to.
    /// @param pool fees and carry
    /// @param earnings what the contributors shared: the pool less treasury's, operator's and validators'
    /// @param root of what they have earned by now, see {IVault-rootOf}
    struct Settlement {
        uint128 pool;
        uint128 earnings;
        uint128 carriedOut;
        bool trainingProven;
        uint256 totalWeight;
        bytes32 root;
    }

    error EpochsWrongProfile();
    /// @notice The guardian has paused what is new.
    error EpochsPaused();
    /// @notice The model lost a dispute: it opens no more epochs.
    error EpochsModelFrozen(ModelId model);
    /// @notice The verifying keys that the model was committed under were retired since.
    error EpochsVersionRetired(uint32 version);
    /// @notice The model's training is not proven, and it was not registered as unproven.
    error EpochsTrainingNotProven(ModelId model);
    error EpochsNotOperator(address sender, address operator);
    error EpochsUnknownEpoch(ModelId model, uint256 epoch);
    /// @notice The model's epoch `epoch` is neither settled nor expired yet.
    error EpochsStillOpen(ModelId model, uint256 epoch);
    /// @notice The epoch was settled or has expired already.
    error EpochsClosed(ModelId model, uint256 epoch);
    error EpochsWrongLength();
    /// @notice An epoch has 1 to `max` batches.
    error EpochsWrongBatchCount(uint256 count, uint256 max);
    error EpochsTooManyPayers(uint256 count, uint256 max);
    error EpochsNotAFieldElement(uint256 value);
    /// @notice No batch of receipts can cost that much.
    error EpochsFeeTooLarge(uint256 batchIndex, uint256 feeTotal);
    /// @notice The payers pay `charged` fee units and the receipts cost `fees`.
    error EpochsFeesDiffer(uint256 charged, uint256 fees);
    /// @notice The lists are not the epoch's batches.
    error EpochsWrongBatches();
    error EpochsUnknownStatement(uint256 index);
    /// @notice This statement was proven before.
    error EpochsAlreadyProven(CircuitId circuit, uint256 index);
    /// @notice The commitments of the group are not the model's.
    error EpochsWrongGroup(uint256 groupIndex);
    error EpochsWeightTooLarge(uint256 index);
    /// @notice A place that no contributor has carries a weight.
    error EpochsPaddingWeight(uint256 index);
    error EpochsNotProven(uint256 remaining);
    error EpochsWrongAccounts();
    /// @notice The weights of the group are not the proven ones.
    error EpochsWrongWeights(uint256 groupIndex);
    error EpochsWrongCharges();
    error EpochsNotExpired(uint256 expiresAt);
    /// @notice Everything is proven: the epoch can be settled, and so cannot expire.
    error EpochsFullyProven(ModelId model, uint256 epoch);

    event EpochCommitted(
        ModelId indexed model,
        uint256 indexed epoch,
        uint256 pool,
        uint256 carriedIn,
        EpochCommitment commitment,
        bool trainingProven
    );
    event InferenceProven(ModelId indexed model, uint256 indexed epoch, uint256 batchIndex);
    event AdjointProven(ModelId indexed model, uint256 indexed epoch);
    event WeightsProven(ModelId indexed model, uint256 indexed epoch, uint256 groupIndex, uint256[] w);
    event EpochSettled(
        ModelId indexed model,
        uint256 indexed epoch,
        Settlement settlement,
        address[] accounts,
        uint256[] payouts
    );
    event EpochExpired(ModelId indexed model, uint256 indexed epoch, uint256 pool);

    /// @notice Opens the model's next epoch and charges its payers, each within its deposit and its redeemed
    /// vouchers. The model's operator only, and only if the model's training is proven or it was registered
    /// as unproven; the event says which. Not for a frozen model, nor in a pause.
    /// @return epoch its number, from 1
    function commitEpoch(
        ModelId model,
        EpochCommitment calldata commitment
    ) external returns (uint256 epoch);

    /// @notice The same, and redeems vouchers before it charges.
    function commitEpochWithVouchers(
        ModelId model,
        EpochCommitment calldata commitment,
        IVault.Voucher[] calldata vouchers,
        bytes[] calldata signatures
    ) external returns (uint256 epoch);

    /// @notice Proves any of an epoch's statements, all of them in one batch: one wrong proof, and none
    /// counts. Anybody may call.
    /// @param batches the epoch's; not looked at if there are only weights
    /// @param inference that batches of receipts are answers of the committed model
    /// @param adjoint none or one: that Y is the adjoint of the epoch's Q
    /// @param weights of groups of contributors
    function prove(
        ModelId model,
        uint256 epoch,
        Batches calldata batches,
        InferenceProof[] calldata inference,
        uint256[8][] calldata adjoint,
        WeightsProof[] calldata weights
    ) external;

    /// @notice Shares the pool out once everything is proven. Anybody may call; nobody is paid here, see
    /// {IVault-claim}.
    /// @param accounts the model's contributors, in its order
    /// @param w their proven weights
    /// @param previous what each of them had earned with the model before, see {IVault-distribute}
    function settle(
        ModelId model,
        uint256 epoch,
        address[] calldata accounts,
        uint256[] calldata w,
        uint256[] calldata previous
    ) external returns (uint256[] memory payouts);

    /// @notice Gives a charged epoch's fees back if its proofs are still missing when its window is over.
    /// Anybody may call; `payers` and `feeUnits` are the committed ones.
    function expire(
        ModelId model,
        uint256 epoch,
        address[] calldata payers,
        uint128[] calldata feeUnits
    ) external;

    /// @notice What binds receipts to this chain, contract, model, epoch and batch:
    /// keccak256(abi.encode("quittance.epoch", chain id, this contract, model, epoch, batchIndex)) without
    /// its last 8 bits.
    function context(ModelId model, uint256 epoch, uint256 batchIndex) external view returns (uint256);

    /// @notice How many epochs a model has had. The last one may be open.
    function epochCount(ModelId model) external view returns (uint256);
    function epochInfo(ModelId model, uint256 epoch) external view returns (Epoch memory);
    /// @notice keccak256 of an epoch's batches; 0 if there is no such epoch.
    function batchesHashOf(ModelId model, uint256 epoch) external view returns (bytes32);
    /// @notice keccak256 of a group's proven weights; 0 until they are proven.
    function weightsHash(ModelId model, uint256 epoch, uint256 groupIndex) external view returns (bytes32);

    /// @notice Commitment of the zero Q with salt 0, with which every epoch starts.
    function emptyQ() external view returns (uint256);
    /// @notice Most receipts in one `inference` proof.
    function queries() external view returns (uint256);
    function models() external view returns (IModels);
    function vault() external view returns (IVault);
    function schedule() external view returns (IFeeSchedule);
}
