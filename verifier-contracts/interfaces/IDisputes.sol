// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ModelId} from "../Types.sol";
import {IEpochs} from "./IEpochs.sol";

/// @title Disputes: what an operator stands for with a bond
/// @notice An operator posts a bond for a model, in the model's own token: then a fee can be given back in
/// what it was paid in, and no price has to be asked for. Three things cost it:
/// - *Omission.* A payer holds a receipt that the operator signed, and the receipt's epoch does not contain
///   it, or was not committed by the time that the receipt names. The payer stakes about its fee and asks;
///   the operator shows, in zero knowledge (`inclusion`), that the receipt's leaf is among a batch of the
///   epoch, and gets the stake; or does not within the window, and the payer gets its stake, its fee and half
///   of the penalty, the treasury the other half.
/// - *An unproven batch.* Where a model may be used without a training proof, anybody can demand the proof of
///   any of its batches ({ITraining}, `samples`) against a stake. No proof within the window: the model is
///   frozen and the bond slashed, half to the challenger, half to the treasury.
/// - *Equivocation.* Two different receipts for one request of one payer, both signed: the bond is slashed at
///   once, half to that payer, half to the treasury. Whoever shows them gets nothing: a reward for that could
///   be taken by anybody who copies them out of a pending transaction.
///
/// The treasury's halves are there because an operator can sign receipts for itself and lose to itself: a
/// bond never comes back whole that way.
/// @dev Every dispute has one move, the operator's, and ends: an omission {answerWindow} after it was opened,
/// or a day after a pause that began before then (a pause stops epochs, so time must be left to commit one;
/// that adds four days at most, see {IPauseGuardian}); a batch {answerWindow} after. A dispute touches its
/// receipt or its batch only: other disputes, epochs and claims go on. Its part of the bond is put aside when
/// an omission is opened; slashing takes only what is not put aside.
///
/// What a receipt is worth is **attested**: this contract makes the operator's signature cost something, and
/// only as much as the bond holds. Whoever accepts receipts looks at {freeBond} and at the receipt's `dueBy`:
/// a bond cannot leave within {BOND_DELAY} of the request, so a `dueBy` within two weeks is covered. Only a
/// receipt that recovers to the operator's own address is attested: no code that the operator delegates to
/// later can deny it. What only the operator's code accepts (ERC-1271) it can deny again; such receipts are
/// worth as much as that code is trusted.
interface IDisputes {
    enum Kind {
        None,
        Omission,
        Batch
    }

    /// @notice What an operator signs for an answer (EIP-712, domain of {IEpochs}).
    /// @param unproven whether the model is registered as unproven
    /// @param epoch whose receipts will contain it
    /// @param requestId the payer's own number for the request
    /// @param leaf of the record; commits to question, answer and fee
    /// @param dueBy when its epoch is committed at the latest
    struct Receipt {
        ModelId modelId;
        bool unproven;
        uint64 epoch;
        bytes32 requestId;
        address payer;
        uint32 feeUnits;
        uint256 leaf;
        uint64 dueBy;
    }

    /// @param reserved what open omissions have put aside of it
    /// @param requested what the operator asked back, ready at `readyAt`
    /// @param pending open disputes of the model
    struct Bond {
        uint128 amount;
        uint128 reserved;
        uint128 requested;
        uint64 readyAt;
        uint32 pending;
    }

    /// @param deadline until when the operator can answer
    /// @param stake what the challenger put in
    /// @param award what an omission takes from the bond
    /// @param fee what of it is the fee
    /// @param subject the receipt's leaf, or the batch's place in the model
    struct Dispute {
        Kind kind;
        bool open;
        uint64 deadline;
        uint64 epoch;
        address challenger;
        ModelId model;
        uint128 stake;
        uint128 award;
        uint128 fee;
        uint256 subject;
    }

    error DisputesWrongProfile();
    error DisputesPaused();
    error DisputesUnknownModel(ModelId model);
    error DisputesNotOperator(address sender, address operator);
    error DisputesNothingSent();
    error DisputesTokenTookFee(address token, uint256 amount, uint256 received);
    error DisputesNothingToWithdraw(ModelId model);
    error DisputesBondNotReady(uint256 readyAt);
    /// @notice The bond stays while a dispute of its model is open.
    error DisputesBondInDispute(ModelId model, uint256 pending);
    error DisputesNotPayer(address sender, address payer);
    error DisputesWrongSignature(address operator);
    /// @notice The receipt was disputed before.
    error DisputesReceiptSpent(bytes32 digest);
    /// @notice The receipt's epoch is not committed, and need not be before `dueBy`.
    error DisputesTooEarly(uint256 dueBy);
    error DisputesTooLate(uint256 until);
    /// @notice There is no free bond to take anything from.
    error DisputesNothingAtStake(ModelId model);
    error DisputesUnknownDispute(uint256 dispute);
    error DisputesClosed(uint256 dispute);
    error DisputesStillOpen(uint256 dispute, uint256 deadline);
    error DisputesAnswerTooLate(uint256 dispute, uint256 deadline);
    /// @notice The lists are not the batches of the receipt's epoch, or it has no such batch.
    error DisputesWrongBatches(uint256 dispute);
    /// @notice The model's training is proven, or it has to be before the model is used.
    error DisputesNotUnproven(ModelId model);
    error DisputesModelFrozen(ModelId model);
    error DisputesUnknownBatch(ModelId model, uint256 batchIndex);
    error DisputesAlreadyProven(ModelId model, uint256 batchIndex);
    error DisputesAlreadyChallenged(ModelId model, uint256 batchIndex);
    /// @notice The receipts are not two different ones for one request.
    error DisputesNoEquivocation();
    error DisputesEquivocationSpent(ModelId model, bytes32 requestId);
    error DisputesNothingToCollect(address token, address account);

    event BondPosted(ModelId indexed model, address indexed from, uint256 amount);
    event BondRequested(ModelId indexed model, uint256 amount, uint256 readyAt);
    event BondWithdrawn(ModelId indexed model, address indexed operator, uint256 amount);
    event OmissionOpened(
        uint256 indexed dispute,
        ModelId indexed model,
        address indexed payer,
        bytes32 digest,
        Dispute details
    );
    event BatchChallenged(
        uint256 indexed dispute,
        ModelId indexed model,
        address indexed challenger,
        Dispute details
    );
    /// @notice The operator answered, and has the challenger's stake.
    event Answered(uint256 indexed dispute, ModelId indexed model);
    /// @notice The operator did not; `award` went from the bond to the challenger, `toTreasury` to the
    /// treasury.
    event Lost(uint256 indexed dispute, ModelId indexed model, uint256 award, uint256 toTreasury);
    /// @notice The model was frozen before: nothing is left to decide, and the stake goes back.
    event Moot(uint256 indexed dispute, ModelId indexed model);
    event Equivocated(
        ModelId indexed model,
        address indexed payer,
        bytes32 requestId,
        address reporter,
        uint256 reward,
        uint256 toTreasury
    );
    event Collected(address indexed token, address indexed account, uint256 amount);

    /// @notice Adds to a model's bond, in the model's token. Anybody may; it becomes the operator's.
    function postBond(ModelId model, uint256 amount) external;

    /// @notice Asks for up to `amount` of the bond back. Operator only. Asking for less keeps an earlier
    /// request's clock, asking for more starts it again, 0 cancels.
    function requestBond(ModelId model, uint128 amount) external;

    /// @notice Pays a request that is {BOND_DELAY} old, if no dispute of the model is open. Operator only.
    function withdrawBond(ModelId model) external returns (uint256 amount);

    /// @notice Says that the receipt's epoch does not contain it. The receipt's payer only, once it is
    /// committed or overdue, and until {RECEIPT_WINDOW} after `dueBy`.
    function challengeOmission(
        Receipt calldata receipt,
        bytes calldata signature
    ) external returns (uint256 dispute);

    /// @notice Shows that batch `batchIndex` of the receipt's epoch contains its leaf. Anybody may call,
    /// until {deadlineOf}.
    /// @param batches the epoch's, as they were committed
    /// @param proof of `inclusion`: context, receiptsRoot, leaf
    function answerOmission(
        uint256 dispute,
        IEpochs.Batches calldata batches,
        uint256 batchIndex,
        uint256[8] calldata proof
    ) external;

    /// @notice Ends an omission that nobody answered in time. Anybody may call.
    function resolveOmission(uint256 dispute) external;

    /// @notice Demands the proof of a batch of an unproven model. Anybody may, against {batchStake}.
    /// @param batchIndex its place in the model's list of batches
    function challengeBatch(ModelId model, uint256 batchIndex) external returns (uint256 dispute);

    /// @notice Ends the challenge of a batch: at once if the batch is proven or the model frozen by now, and
    /// when its window is over in any case. Anybody may call.
    function resolveBatch(uint256 dispute) external;

    /// @notice Shows two different receipts that the operator signed for one request of one payer, whom the
    /// reward is for. Anybody may call.
    function reportEquivocation(
        Receipt calldata a,
        bytes calldata signatureA,
        Receipt calldata b,
        bytes calldata signatureB
    ) external;

    /// @notice Pays `account` what disputes gave it in a token. Anybody may call.
    function collect(address token, address account) external returns (uint256 amount);

    function bondOf(ModelId model) external view returns (Bond memory);
    /// @notice What of a model's bond is not put aside for open omissions.
    function freeBond(ModelId model) external view returns (uint256);
    function disputeOf(uint256 dispute) external view returns (Dispute memory);
    function disputeCount() external view returns (uint256);
    /// @notice Until when the operator can answer; a pause moves an omission's.
    function deadlineOf(uint256 dispute) external view returns (uint256);
    /// @notice The open challenge of a batch; 0 if there is none.
    function challengeOf(ModelId model, uint256 batchIndex) external view returns (uint256 dispute);
    /// @notice What a payer stakes on an omission, the fee, and what an omission takes from a bond that
    /// holds enough: the fee and ten times the stake. The stake is the fee, or 100 fee units if that is more.
    function omissionTerms(
        ModelId model,
        uint32 feeUnits
    ) external view returns (uint128 stake, uint128 fee, uint128 award);
    /// @notice What challenging a batch takes: 10,000 fee units, or a hundredth of the bond if that is more.
    function batchStake(ModelId model) external view returns (uint128);
    function collectable(address token, address account) external view returns (uint256);
    /// @notice What an operator signs for an answer.
    function receiptDigest(Receipt calldata receipt) external view returns (bytes32);
    function BOND_DELAY() external view returns (uint256);
    function RECEIPT_WINDOW() external view returns (uint256);
}
