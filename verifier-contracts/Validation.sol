// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDatanets} from "./interfaces/IDatanets.sol";
import {IFeeSource} from "./interfaces/IFeeSource.sol";
import {IPauseGuardian} from "./interfaces/IPauseGuardian.sol";
import {IValidation} from "./interfaces/IValidation.sol";
import {IVerifierRegistry} from "./interfaces/IVerifierRegistry.sol";
import {BatchId, CircuitId} from "./Types.sol";
import {Stakes} from "./validation/Stakes.sol";
import {ValidatorFees} from "./validation/ValidatorFees.sol";

/// @title Validation
/// @dev The owner can set parameters of later rounds, within bounds, and nothing else: no stake, vote or
/// verdict is in its hands. A round cannot be moved once it is open, and a batch has one at a time, so every
/// party keeps its whole window.
///
/// What is slashed is worked out for the whole round at once, when it closes or is disproven, from the sums
/// of its weights; votes are settled one by one later, with the same shares. Weights are multiples of 10,000
/// units and shares are in basis points, so the one is exactly the sum of the others.
contract Validation is IValidation, ValidatorFees, Ownable2Step {
    /// @inheritdoc IValidation
    uint128 public constant WEIGHT_UNIT = 10_000;
    /// @inheritdoc IValidation
    uint256 public constant MIN_WINDOW = 1 hours;
    /// @inheritdoc IValidation
    uint256 public constant MAX_WINDOW = 7 days;
    /// @inheritdoc IValidation
    uint256 public constant MAX_CHALLENGE_WINDOW = 60 days;
    /// @inheritdoc IValidation
    uint256 public constant MAX_MINORITY_BPS = 1_000;
    /// @inheritdoc IValidation
    /// @dev Half of the least lie still covers what the minority gets back: 2,000 − 1,000 ≥ 1,000.
    uint256 public constant MIN_LIE_BPS = 2_000;
    /// @inheritdoc IValidation
    uint256 public constant MAX_CHALLENGER_BPS = 5_000;
    /// @dev A tenth of the token's supply: more could put verdicts out of reach.
    uint256 private constant MAX_QUORUM = 100_000_000e18;
    uint256 private constant BPS = 10_000;

    struct Config {
        IERC20 token;
        IDatanets datanets;
        IVerifierRegistry registry;
        IPauseGuardian guardian;
        IFeeSource feeSource;
        address treasury;
        address owner;
        CircuitId duplicate;
        Parameters parameters;
    }

    IVerifierRegistry public immutable registry;
    IPauseGuardian public immutable guardian;
    CircuitId public immutable duplicateCircuit;

    Parameters private _parameters;
    /// @inheritdoc IValidation
    mapping(BatchId => uint32) public roundsOf;
    mapping(BatchId => mapping(uint32 number => Round)) private _rounds;
    mapping(BatchId => mapping(uint32 number => mapping(address validator => Vote))) private _votes;

    constructor(
        Config memory config
    )
        Stakes(config.token, config.treasury)
        ValidatorFees(config.datanets, config.feeSource)
        Ownable(config.owner)
    {
        (registry, guardian) = (config.registry, config.guardian);
        duplicateCircuit = config.duplicate;
        // Every later version of the registry has the same circuits.
        if (config.registry.verifierAt(1).publicCount(config.duplicate) != 3) revert ValidationWrongProfile();
        _setParameters(config.parameters);
    }

    /// @inheritdoc IValidation
    function setParameters(Parameters calldata next) external onlyOwner {
        _setParameters(next);
    }

    /// @inheritdoc IValidation
    function openRound(BatchId batch) external returns (uint32 number) {
        if (guardian.paused()) revert ValidationPaused();
        IDatanets.Batch memory found = datanets.batch(batch);
        if (!datanets.datanet(found.datanet).validated) revert ValidationNotValidated(batch);
        if (found.status != IDatanets.BatchStatus.Pending) revert ValidationDecided(batch);
        if (found.withdrawnAt != 0) revert ValidationWithdrawnBatch(batch);
        number = roundsOf[batch];
        if (_rounds[batch][number].outcome == Outcome.Open) revert ValidationRoundOpen(batch, number);
        roundsOf[batch] = ++number;
        Round storage round_ = _rounds[batch][number];
        Parameters memory now_ = _parameters;
        round_.outcome = Outcome.Open;
        round_.openedAt = uint64(block.timestamp);
        round_.commitEnds = uint64(block.timestamp + now_.commitWindow);
        round_.revealEnds = round_.commitEnds + now_.revealWindow;
        round_.parameters = now_;
        emit RoundOpened(batch, number, round_.commitEnds, round_.revealEnds);
    }

    /// @inheritdoc IValidation
    function commitVerdict(BatchId batch, bytes32 commitment, uint128 weight) external {
        (Round storage round_, uint32 number) = _openRound(batch);
        if (block.timestamp >= round_.commitEnds) {
            revert ValidationWrongTime(round_.commitEnds, round_.revealEnds);
        }
        if (commitment == 0) revert ValidationEmptyCommitment();
        uint256 least = round_.parameters.minimumVote;
        if (weight < least || weight % WEIGHT_UNIT != 0) revert ValidationWrongWeight(weight, least);
        if (datanets.batch(batch).contributor == msg.sender) revert ValidationOwnBatch(batch);
        Vote storage vote = _votes[batch][number][msg.sender];
        if (vote.weight != 0) revert ValidationAlreadyCommitted(batch, msg.sender);
        _lock(msg.sender, weight);
        (vote.weight, vote.commitment) = (weight, commitment);
        round_.committed += weight;
        emit VerdictCommitted(batch, number, msg.sender, commitment, weight);
    }

    /// @inheritdoc IValidation
    function revealVerdict(
        BatchId batch,
        address validator,
        Verdict verdict,
        uint16 reason,
        bytes32 salt
    ) external {
        (Round storage round_, uint32 number) = _openRound(batch);
        bool early = block.timestamp < round_.commitEnds;
        if (early || block.timestamp >= round_.revealEnds) {
            revert ValidationWrongTime(round_.commitEnds, round_.revealEnds);
        }
        Vote storage vote = _votes[batch][number][validator];
        if (vote.weight == 0) revert ValidationNoVote(batch, validator);
        if (vote.verdict != Verdict.None) revert ValidationAlreadyRevealed(batch, validator);
        if (verdict == Verdict.None) revert ValidationNoVerdict();
        bytes32 shown = commitmentOf(batch, number, validator, verdict, reason, salt);
        if (shown != vote.commitment) revert ValidationWrongReveal(batch, validator);
        vote.verdict = verdict;
        if (verdict == Verdict.Accept) round_.accepted += vote.weight;
        else round_.rejected += vote.weight;
        emit VerdictRevealed(batch, number, validator, verdict, reason);
    }

    /// @inheritdoc IValidation
    function closeRound(BatchId batch) external {
        (Round storage round_, uint32 number) = _openRound(batch);
        (uint256 accepted, uint256 rejected) = (round_.accepted, round_.rejected);
        uint256 silent = round_.committed - accepted - rejected;
        uint256 due = silent == 0 ? round_.commitEnds : round_.revealEnds;
        if (block.timestamp < due) revert ValidationWrongTime(round_.commitEnds, round_.revealEnds);
        Parameters memory fixed_ = round_.parameters;
        uint256 losing = silent;
        Outcome outcome = Outcome.Undecided;
        if (accepted + rejected >= fixed_.quorum && accepted != rejected) {
            outcome = accepted > rejected ? Outcome.Accepted : Outcome.Rejected;
            losing += accepted > rejected ? rejected : accepted;
        }
        uint256 lost = (losing * fixed_.minorityBps) / BPS;
        round_.outcome = outcome;
        round_.challengeEnds = uint64(block.timestamp + fixed_.challengeWindow);
        _slash(lost, 0, address(0), 0);
        if (outcome != Outcome.Undecided) datanets.decide(batch, outcome == Outcome.Accepted);
        emit RoundClosed(batch, number, outcome, accepted, rejected, lost);
    }

    /// @inheritdoc IValidation
    function settleVote(BatchId batch, uint32 number, address validator) external {
        Round storage round_ = _rounds[batch][number];
        Outcome outcome = round_.outcome;
        if (outcome == Outcome.None) revert ValidationNoRound(batch, number);
        if (outcome == Outcome.Open) revert ValidationRoundOpen(batch, number);
        Vote storage vote = _votes[batch][number][validator];
        if (vote.weight == 0) revert ValidationNoVote(batch, validator);
        if (vote.settled) revert ValidationAlreadySettled(batch, validator);
        // Who accepted backs the verdict; who rejected may yet turn out to have been right.
        bool backing = outcome == Outcome.Accepted && vote.verdict != Verdict.None;
        if (backing && block.timestamp <= round_.challengeEnds) {
            revert ValidationStillBacking(round_.challengeEnds);
        }
        vote.settled = true;
        (uint256 lossBps, bool right) = _result(round_, vote.verdict);
        uint128 weight = vote.weight;
        uint128 lost = uint128((weight * lossBps) / BPS);
        _unlock(validator, weight, lost);
        if (right) _credit(datanets.batch(batch).datanet, validator, weight);
        emit VoteSettled(batch, number, validator, weight - lost, lost);
    }

    /// @inheritdoc IValidation
    function proveDuplicate(BatchId batch, Challenge calldata challenge) external {
        IDatanets.Batch memory later = datanets.batch(batch);
        if (!datanets.datanet(later.datanet).validated) revert ValidationNotValidated(batch);
        if (later.status == IDatanets.BatchStatus.Rejected) revert ValidationAlreadyRejected(batch);
        uint32 number = roundsOf[batch];
        Round storage round_ = _rounds[batch][number];
        (uint256 root, bool known) = _original(batch, later, challenge.earlier, round_.openedAt);
        uint256[] memory publics = new uint256[](3);
        (publics[0], publics[1]) = (root, later.root);
        publics[2] = uint256(uint160(challenge.challenger));
        registry.verifierAt(registry.current()).verify(duplicateCircuit, challenge.proof, publics);

        (uint256 lost, uint256 reward) = _disprove(round_, known, challenge.challenger);
        datanets.decide(batch, false);
        emit DuplicateProven(batch, challenge.earlier, challenge.challenger, lost, reward);
    }

    /// @inheritdoc IValidation
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc IValidation
    function round(BatchId batch, uint32 number) external view returns (Round memory) {
        return _rounds[batch][number];
    }

    /// @inheritdoc IValidation
    function voteOf(BatchId batch, uint32 number, address validator) external view returns (Vote memory) {
        return _votes[batch][number][validator];
    }

    /// @inheritdoc IValidation
    function commitmentOf(
        BatchId batch,
        uint32 number,
        address validator,
        Verdict verdict,
        uint16 reason,
        bytes32 salt
    ) public view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode("quittance.verdict", block.chainid, address(this)));
        return keccak256(abi.encode(domain, batch, number, validator, verdict, reason, salt));
    }

    /// @dev Ends or overturns the round if its verdict was, or was going to be, wrong. Returns what the liars
    /// lose and what of it the challenger gets. A verdict whose challenge window is over, or that nobody
    /// could know to be wrong, costs nobody anything.
    function _disprove(
        Round storage round_,
        bool known,
        address challenger
    ) private returns (uint256 lost, uint256 reward) {
        bool open = round_.outcome == Outcome.Open;
        bool backed = round_.outcome == Outcome.Accepted && block.timestamp <= round_.challengeEnds;
        if (!open && !(backed && known)) return (0, 0);
        round_.outcome = Outcome.Disproven;
        if (!known) return (0, 0);
        Parameters memory fixed_ = round_.parameters;
        round_.lied = true;
        lost = (uint256(round_.accepted) * fixed_.lieBps) / BPS;
        reward = (lost * fixed_.challengerBps) / BPS;
        // Who rejected lost a share when the round was closed, and gets it back.
        uint256 restored = open ? 0 : (uint256(round_.rejected) * fixed_.minorityBps) / BPS;
        _slash(lost, restored, challenger, reward);
    }

    /// @dev The root of the batch with the original, and whether whoever accepted the later one could know
    /// it: its own batch, or one that was accepted before the round opened. A batch that never got a verdict
    /// counts for nothing, or somebody could hide an original there and sell its copy to validators.
    function _original(
        BatchId batch,
        IDatanets.Batch memory later,
        BatchId earlierId,
        uint256 openedAt
    ) private view returns (uint256 root, bool known) {
        if (BatchId.unwrap(earlierId) == BatchId.unwrap(batch)) return (later.root, true);
        IDatanets.Batch memory earlier = datanets.batch(earlierId);
        bool before = BatchId.unwrap(earlierId) < BatchId.unwrap(batch);
        bool stands = earlier.status == IDatanets.BatchStatus.Accepted &&
            (earlier.withdrawnAt == 0 || (openedAt != 0 && earlier.withdrawnAt > openedAt));
        if (!before || !stands || !(earlier.datanet == later.datanet)) {
            revert ValidationNotEarlier(earlierId, batch);
        }
        return (earlier.root, earlier.decidedAt < openedAt);
    }

    function _openRound(BatchId batch) private view returns (Round storage round_, uint32 number) {
        number = roundsOf[batch];
        round_ = _rounds[batch][number];
        if (round_.outcome != Outcome.Open) revert ValidationNoRound(batch, number);
    }

    /// @dev What share of its weight a vote lost, and whether it was right.
    function _result(Round storage round_, Verdict verdict) private view returns (uint256, bool) {
        Outcome outcome = round_.outcome;
        Parameters memory fixed_ = round_.parameters;
        // A round that was disproven before it closed punishes nobody for silence.
        if (verdict == Verdict.None) return (round_.challengeEnds == 0 ? 0 : fixed_.minorityBps, false);
        if (outcome == Outcome.Undecided) return (0, false);
        if (outcome == Outcome.Disproven) {
            if (verdict == Verdict.Reject) return (0, true);
            return (round_.lied ? fixed_.lieBps : 0, false);
        }
        bool right = (outcome == Outcome.Accepted) == (verdict == Verdict.Accept);
        return (right ? 0 : fixed_.minorityBps, right);
    }

    function _setParameters(Parameters memory next) private {
        _within(0, next.commitWindow, MIN_WINDOW, MAX_WINDOW);
        _within(1, next.revealWindow, MIN_WINDOW, MAX_WINDOW);
        _within(2, next.challengeWindow, MIN_WINDOW, MAX_CHALLENGE_WINDOW);
        _within(3, next.minorityBps, 1, MAX_MINORITY_BPS);
        _within(4, next.lieBps, MIN_LIE_BPS, BPS);
        _within(5, next.challengerBps, 0, MAX_CHALLENGER_BPS);
        _within(6, next.minimumVote, WEIGHT_UNIT, MAX_QUORUM);
        _within(7, next.quorum, next.minimumVote, MAX_QUORUM);
        _parameters = next;
        emit ParametersChanged(next);
    }

    function _within(uint256 index, uint256 value, uint256 least, uint256 most) private pure {
        if (value < least || value > most) revert ValidationParameterOutOfBounds(index);
    }
}
