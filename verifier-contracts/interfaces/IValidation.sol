// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchId, DatanetId} from "../Types.sol";

/// @title Validation: verdicts on batches, backed by stake
/// @notice A verdict is found in a round: whoever wants to speak stakes weight on a hidden verdict in the
/// commit window, shows it in the reveal window, and the heavier side decides, if enough weight was shown.
/// Nobody sees another's verdict in time to copy it, and a commitment names its validator, so that it cannot
/// be copied either.
///
/// The side that lost, and whoever did not reveal, loses {Parameters.minorityBps} of the weight. A verdict
/// can also be a lie that can be proven: a batch that was accepted holds an exact duplicate. The proof
/// (circuit `duplicate`) rejects the batch whenever it comes; if the earlier record could be known when the
/// round opened and the proof comes within {Parameters.challengeWindow} after the verdict, everybody who
/// accepted loses {Parameters.lieBps} of the weight, and the challenger gets {Parameters.challengerBps} of
/// that.
///
/// Weight is taken out of a validator's free stake for each vote and held until that vote is settled, so that
/// every vote is backed in full, however many there are. Weights are multiples of {WEIGHT_UNIT}, so that
/// every share in basis points is exact: stakes + slashed + withdrawn = deposited, to the last unit.
///
/// Validators whose votes were right share the datanet's validator fees by weight, from the moment that they
/// settle the vote.
/// @dev Rounds keep the parameters that they were opened with; governance changes them for later ones, within
/// the bounds stated here. No loop goes over validators, votes or batches.
interface IValidation {
    enum Verdict {
        None,
        Accept,
        Reject
    }

    /// @notice `Undecided`: a tie, or too little weight was shown. `Disproven`: a proven duplicate ended it
    /// or overturned it.
    enum Outcome {
        None,
        Open,
        Accepted,
        Rejected,
        Undecided,
        Disproven
    }

    /// @param commitWindow seconds, see {MIN_WINDOW} and {MAX_WINDOW}; the two other windows too
    /// @param challengeWindow seconds after the verdict in which a lie costs stake, at most
    /// {MAX_CHALLENGE_WINDOW}
    /// @param minorityBps what the minority and the silent lose, at most {MAX_MINORITY_BPS}
    /// @param lieBps what a proven lie costs, at least {MIN_LIE_BPS}
    /// @param challengerBps what of that the challenger gets, at most {MAX_CHALLENGER_BPS}: one who
    /// challenges its own lie must lose
    /// @param minimumVote least weight of a vote
    /// @param quorum least weight that must be shown for a verdict
    struct Parameters {
        uint32 commitWindow;
        uint32 revealWindow;
        uint32 challengeWindow;
        uint16 minorityBps;
        uint16 lieBps;
        uint16 challengerBps;
        uint128 minimumVote;
        uint128 quorum;
    }

    /// @param challengeEnds when a lie stops costing stake; 0 before the verdict
    /// @param committed weight of all votes, `accepted` and `rejected` what was shown of it
    /// @param lied whether those who accepted were slashed
    struct Round {
        Outcome outcome;
        bool lied;
        uint64 openedAt;
        uint64 commitEnds;
        uint64 revealEnds;
        uint64 challengeEnds;
        uint128 committed;
        uint128 accepted;
        uint128 rejected;
        Parameters parameters;
    }

    struct Vote {
        uint128 weight;
        Verdict verdict;
        bool settled;
        bytes32 commitment;
    }

    /// @param free may be voted with, or unstaked
    /// @param locked weight of votes that are not settled
    /// @param leaving unstaked, and withdrawable from `readyAt`
    struct Stake {
        uint128 free;
        uint128 locked;
        uint128 leaving;
        uint64 readyAt;
    }

    /// @notice deposited = staked + slashed + withdrawn, where slashed = rewards + treasury, both over all
    /// time.
    /// @param staked free, locked and leaving together, less what unsettled votes have lost already
    struct Accounting {
        uint256 deposited;
        uint256 staked;
        uint256 slashed;
        uint256 withdrawn;
        uint256 rewards;
        uint256 treasury;
    }

    /// @notice What a challenger shows.
    /// @param earlier the batch that holds the original; the same as the challenged one if it holds a record
    /// twice
    /// @param challenger who gets the reward; the proof is for this account alone
    struct Challenge {
        BatchId earlier;
        address challenger;
        uint256[8] proof;
    }

    error ValidationWrongProfile();
    /// @notice Parameter number `index`, in the order of {Parameters}, is out of its bounds.
    error ValidationParameterOutOfBounds(uint256 index);
    error ValidationPaused();
    error ValidationZeroAmount();
    error ValidationInsufficientStake(uint256 free, uint256 asked);
    error ValidationNothingLeaving(address validator);
    error ValidationNotReady(uint256 readyAt);
    /// @notice The datanet asks for no verdicts.
    error ValidationNotValidated(BatchId batch);
    /// @notice The batch has its verdict.
    error ValidationDecided(BatchId batch);
    error ValidationWithdrawnBatch(BatchId batch);
    error ValidationRoundOpen(BatchId batch, uint32 round);
    error ValidationNoRound(BatchId batch, uint32 round);
    /// @notice The round takes commitments until `commitEnds`, then reveals until `revealEnds`.
    error ValidationWrongTime(uint256 commitEnds, uint256 revealEnds);
    error ValidationOwnBatch(BatchId batch);
    error ValidationEmptyCommitment();
    /// @notice A weight is a multiple of {WEIGHT_UNIT} and at least the round's minimum.
    error ValidationWrongWeight(uint256 weight, uint256 minimum);
    error ValidationAlreadyCommitted(BatchId batch, address validator);
    error ValidationNoVote(BatchId batch, address validator);
    error ValidationAlreadyRevealed(BatchId batch, address validator);
    error ValidationNoVerdict();
    /// @notice Verdict, reason and salt are not what was committed.
    error ValidationWrongReveal(BatchId batch, address validator);
    error ValidationAlreadySettled(BatchId batch, address validator);
    /// @notice The vote backs its verdict until then.
    error ValidationStillBacking(uint256 until);
    /// @notice A rejected batch needs no proof against it.
    error ValidationAlreadyRejected(BatchId batch);
    /// @notice The original must be in a batch of the same datanet that was contributed earlier, is accepted,
    /// and was not withdrawn when the later one's round opened.
    error ValidationNotEarlier(BatchId earlier, BatchId later);
    error ValidationNothingOwed(address account);
    /// @notice More of a token than any that people use has.
    error ValidationTooMuch(uint256 received);

    event ParametersChanged(Parameters parameters);
    event Staked(address indexed validator, uint256 amount);
    event UnstakeRequested(address indexed validator, uint256 leaving, uint256 readyAt);
    event UnstakeCancelled(address indexed validator, uint256 amount);
    event StakeWithdrawn(address indexed validator, uint256 amount);
    event RoundOpened(BatchId indexed batch, uint32 indexed round, uint256 commitEnds, uint256 revealEnds);
    event VerdictCommitted(
        BatchId indexed batch,
        uint32 indexed round,
        address indexed validator,
        bytes32 commitment,
        uint256 weight
    );
    event VerdictRevealed(
        BatchId indexed batch,
        uint32 indexed round,
        address indexed validator,
        Verdict verdict,
        uint16 reason
    );
    event RoundClosed(
        BatchId indexed batch,
        uint32 indexed round,
        Outcome outcome,
        uint256 accepted,
        uint256 rejected,
        uint256 slashed
    );
    event VoteSettled(
        BatchId indexed batch,
        uint32 indexed round,
        address indexed validator,
        uint256 released,
        uint256 lost
    );
    event DuplicateProven(
        BatchId indexed batch,
        BatchId indexed earlier,
        address indexed challenger,
        uint256 slashed,
        uint256 reward
    );
    event RewardClaimed(address indexed challenger, uint256 amount);
    event SweptToTreasury(uint256 amount);
    /// @param amount what came, `waiting` what of it and of earlier ones is not shared out
    event FeesDistributed(DatanetId indexed datanet, address indexed token, uint256 amount, uint256 waiting);
    event FeesClaimed(
        DatanetId indexed datanet,
        address indexed token,
        address indexed validator,
        uint256 amount
    );

    /// @notice Changes what later rounds are opened with, within the bounds. The owner only.
    function setParameters(Parameters calldata next) external;

    /// @notice Stakes tokens of the sender.
    function stake(uint128 amount) external;

    /// @notice The same with the sender's permit (EIP-2612) in place of an earlier approval.
    function stakeWithPermit(uint128 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Takes free stake out of play; it can be withdrawn {UNSTAKE_DELAY} after the last request.
    function requestUnstake(uint128 amount) external;

    /// @notice Puts everything that is leaving back into play.
    function cancelUnstake() external;

    /// @notice Pays out what left.
    function withdrawStake() external returns (uint256 amount);

    /// @notice Opens a round for a batch without a verdict. Anybody; one at a time, and not for a batch that
    /// was withdrawn.
    function openRound(BatchId batch) external returns (uint32 round);

    /// @notice Commits to a verdict: {commitmentOf}. Once in a round; the weight leaves the free stake.
    function commitVerdict(BatchId batch, bytes32 commitment, uint128 weight) external;

    /// @notice Shows a verdict. Anybody who knows the salt, in the reveal window.
    /// @param reason code for readers, 0 if there is none
    function revealVerdict(
        BatchId batch,
        address validator,
        Verdict verdict,
        uint16 reason,
        bytes32 salt
    ) external;

    /// @notice Ends a round: after its reveal window, or once commitments are over and all are shown.
    /// Anybody.
    function closeRound(BatchId batch) external;

    /// @notice Frees what a vote has left, and counts it for fees if it was right. Anybody; votes that
    /// accepted with the majority back their verdict until the challenge window is over.
    function settleVote(BatchId batch, uint32 round, address validator) external;

    /// @notice Rejects a batch that provably holds an exact duplicate. Anybody, at any time.
    function proveDuplicate(BatchId batch, Challenge calldata challenge) external;

    /// @notice Pays a challenger's rewards to the challenger. Anybody.
    function claimReward(address challenger) external returns (uint256 amount);

    /// @notice Pays what was slashed and not given to challengers to the treasury. Anybody.
    function sweep() external returns (uint256 amount);

    /// @notice Fetches a datanet's validator fees and shares them out by weight; they wait while no vote
    /// counts. Anybody.
    function distributeFees(DatanetId datanet, address token) external returns (uint256 amount);

    /// @notice Pays a validator's share of a datanet's fees to the validator. Anybody.
    function claimFees(
        DatanetId datanet,
        address token,
        address validator
    ) external returns (uint256 amount);

    /// @notice keccak256(abi.encode(d, batch, round, validator, verdict, reason, salt)) with
    /// d = keccak256(abi.encode("quittance.verdict", chain id, this contract)). The salt must be random:
    /// there are few verdicts to guess.
    function commitmentOf(
        BatchId batch,
        uint32 round,
        address validator,
        Verdict verdict,
        uint16 reason,
        bytes32 salt
    ) external view returns (bytes32);

    function parameters() external view returns (Parameters memory);

    /// @notice How many rounds a batch has had. The last one may be open.
    function roundsOf(BatchId batch) external view returns (uint32);
    function round(BatchId batch, uint32 number) external view returns (Round memory);
    function voteOf(BatchId batch, uint32 number, address validator) external view returns (Vote memory);
    function stakeOf(address validator) external view returns (Stake memory);
    function accounting() external view returns (Accounting memory);
    function rewardOf(address challenger) external view returns (uint256);

    /// @notice Weight of a validator's right votes on a datanet, and of all of them together.
    function pointsOf(DatanetId datanet, address validator) external view returns (uint256);
    function totalPoints(DatanetId datanet) external view returns (uint256);

    /// @notice What a validator can claim of the fees that were distributed.
    function feesOwed(DatanetId datanet, address token, address validator) external view returns (uint256);

    /// @notice Fees that were fetched and wait for a vote that counts.
    function feesWaiting(DatanetId datanet, address token) external view returns (uint256);

    function WEIGHT_UNIT() external view returns (uint128);
    function UNSTAKE_DELAY() external view returns (uint256);
    function MIN_WINDOW() external view returns (uint256);
    function MAX_WINDOW() external view returns (uint256);
    function MAX_CHALLENGE_WINDOW() external view returns (uint256);
    function MAX_MINORITY_BPS() external view returns (uint256);
    function MIN_LIE_BPS() external view returns (uint256);
    function MAX_CHALLENGER_BPS() external view returns (uint256);
}
