// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchId, DatanetId} from "../../../verifier-contracts/Types.sol";
import {IDatanets} from "../../../verifier-contracts/interfaces/IDatanets.sol";
import {IValidation} from "../../../verifier-contracts/interfaces/IValidation.sol";
import {System} from "./System.sol";
import {VM} from "./Vm.sol";

/// @dev Four validators, rounds over many batches, honest verdicts and lies, and those who prove the lies.
/// The reference counts tokens where they move: into stakes, out of them, and out of what was slashed.
contract StakesHandler is System {
    uint256 private constant VALIDATORS = 4;
    uint256 private constant MAX_OPEN = 12;

    DatanetId private datanet;
    address[4] private validators;
    BatchId[] private batches;
    /// @dev Votes that are not settled yet.
    struct Ballot {
        uint256 batch;
        uint32 round;
        uint256 validator;
        IValidation.Verdict verdict;
    }
    Ballot[] private ballots;
    mapping(uint256 batch => mapping(uint32 round => mapping(uint256 validator => bool))) private voted;

    uint256 private deposited;
    uint256 private withdrawn;
    uint256 private rewarded;
    uint256 private swept;

    constructor() {
        address[] memory tokens = new address[](1);
        tokens[0] = address(coin);
        datanet = _datanet(true, tokens);
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            validators[i] = VM.addr(0xF00D00 + i);
            _stake(i, 5_000e18);
        }
    }

    function stake(uint256 who, uint256 seed) external {
        _stake(who % VALIDATORS, _amount(seed, 22));
    }

    function leave(uint256 who, uint256 seed) external {
        address validator = validators[who % VALIDATORS];
        uint256 free = validation.stakeOf(validator).free;
        bytes memory data = abi.encodeCall(validation.requestUnstake, (uint128(free + 1)));
        _refused(validator, address(validation), data, "stakes: more leaves than is free");
        if (free == 0) return;
        VM.prank(validator);
        validation.requestUnstake(uint128(_between(seed, 1, free)));
    }

    function stay(uint256 who) external {
        address validator = validators[who % VALIDATORS];
        if (validation.stakeOf(validator).leaving == 0) return;
        VM.prank(validator);
        validation.cancelUnstake();
    }

    function withdraw(uint256 who) external {
        _withdraw(who % VALIDATORS);
    }

    /// @dev Somebody else's batch, and a round for it.
    function open() external {
        if (ballots.length > MAX_OPEN * VALIDATORS) return;
        batches.push(_contribute(datanet, address(this), abi.encode(batches.length)));
        validation.openRound(batches[batches.length - 1]);
    }

    /// @dev Round again for a batch that got no verdict.
    function openAgain(uint256 seed) external {
        if (batches.length == 0) return;
        BatchId batch = batches[seed % batches.length];
        bool pending = datanets.batch(batch).status == IDatanets.BatchStatus.Pending;
        if (pending && _outcome(batch) == IValidation.Outcome.Undecided) validation.openRound(batch);
    }

    function commit(uint256 who, uint256 seed) external {
        (uint256 v, uint256 b) = (who % VALIDATORS, _recent(seed));
        if (b == type(uint256).max) return;
        BatchId batch = batches[b];
        uint32 number = validation.roundsOf(batch);
        IValidation.Round memory r = validation.round(batch, number);
        if (r.outcome != IValidation.Outcome.Open || block.timestamp >= r.commitEnds) return;
        uint256 units = validation.stakeOf(validators[v]).free / 10_000;
        if (units < 1e16) return;
        uint128 weight = uint128(_between(_mix(seed, 2), 1e16, units) * 10_000);
        IValidation.Verdict verdict = IValidation.Verdict(1 + (_mix(seed, 1) % 2));
        bytes32 hidden = validation.commitmentOf(batch, number, validators[v], verdict, 0, bytes32(v));
        bytes memory data = abi.encodeCall(validation.commitVerdict, (batch, hidden, weight));
        if (voted[b][number][v]) {
            _refused(validators[v], address(validation), data, "stakes: voted twice in a round");
            return;
        }
        VM.prank(validators[v]);
        validation.commitVerdict(batch, hidden, weight);
        voted[b][number][v] = true;
        ballots.push(Ballot(b, number, v, verdict));
    }

    function reveal(uint256 seed) external {
        if (ballots.length > 0) _reveal(ballots[seed % ballots.length]);
    }

    function _reveal(Ballot memory ballot) private {
        BatchId batch = batches[ballot.batch];
        IValidation.Round memory r = validation.round(batch, ballot.round);
        bool time = block.timestamp >= r.commitEnds && block.timestamp < r.revealEnds;
        if (r.outcome != IValidation.Outcome.Open || !time) return;
        address validator = validators[ballot.validator];
        if (validation.voteOf(batch, ballot.round, validator).verdict != IValidation.Verdict.None) return;
        bytes32 salt = bytes32(ballot.validator);
        validation.revealVerdict(batch, validator, ballot.verdict, 0, salt);
    }

    function close(uint256 seed) external {
        uint256 b = _recent(seed);
        if (b == type(uint256).max) return;
        IValidation.Round memory r = validation.round(batches[b], validation.roundsOf(batches[b]));
        bool all = r.committed == r.accepted + r.rejected && block.timestamp >= r.commitEnds;
        bool due = all || block.timestamp >= r.revealEnds;
        if (r.outcome == IValidation.Outcome.Open && due) validation.closeRound(batches[b]);
    }

    /// @dev A whole round at once: validators who can all accept a new batch, which stands then.
    function judge(uint256 seed) external {
        if (ballots.length > MAX_OPEN * VALIDATORS) return;
        batches.push(_contribute(datanet, address(this), abi.encode(batches.length)));
        uint256 b = batches.length - 1;
        uint32 number = validation.openRound(batches[b]);
        uint256 first = ballots.length;
        for (uint256 v = 0; v < VALIDATORS; ++v) {
            if (validation.stakeOf(validators[v]).free < 200e18 || _mix(seed, v) % 4 == 0) continue;
            IValidation.Verdict accept = IValidation.Verdict.Accept;
            address validator = validators[v];
            bytes32 hidden = validation.commitmentOf(batches[b], number, validator, accept, 0, bytes32(v));
            VM.prank(validator);
            validation.commitVerdict(batches[b], hidden, 200e18);
            voted[b][number][v] = true;
            ballots.push(Ballot(b, number, v, accept));
        }
        VM.warp(block.timestamp + 1 days);
        for (uint256 i = first; i < ballots.length; ++i) _reveal(ballots[i]);
        validation.closeRound(batches[b]);
        // Whoever accepted cannot take its stake out of it now.
        if (ballots.length > first) _settleVote(ballots.length - 1);
    }

    function settleVote(uint256 seed) external {
        if (ballots.length > 0) _settleVote(seed % ballots.length);
    }

    /// @dev A batch that repeats a record of its own, or of one that was accepted before.
    function disprove(uint256 seed, bool own) external {
        uint256 later = _recent(seed);
        if (later == type(uint256).max) return;
        uint256 earlier = own ? later : _mix(seed, 7) % (later + 1);
        if (_outcome(batches[later]) == IValidation.Outcome.Disproven) return;
        if (datanets.batch(batches[later]).status == IDatanets.BatchStatus.Rejected) return;
        bool accepted = datanets.batch(batches[earlier]).status == IDatanets.BatchStatus.Accepted;
        if (!accepted && earlier != later) return;
        address challenger = VM.addr(0xFACE + (seed % 3));
        uint256[] memory publics = new uint256[](3);
        publics[0] = datanets.batch(batches[earlier]).root;
        publics[1] = datanets.batch(batches[later]).root;
        publics[2] = uint160(challenger);
        validation.proveDuplicate(
            batches[later],
            IValidation.Challenge(batches[earlier], challenger, _proof(_circuit("duplicate"), publics))
        );
    }

    function takeReward(uint256 seed) external {
        _reward(VM.addr(0xFACE + (seed % 3)));
    }

    function sweep() external {
        IValidation.Accounting memory a = validation.accounting();
        if (a.treasury == swept) return;
        swept += validation.sweep();
    }

    function wait(uint256 seed) external {
        // Mostly hours, sometimes weeks.
        bool long = seed % 4 == 0;
        uint256 time = long ? _between(seed, 1 days, 16 days) : _between(seed, 1 hours, 14 hours);
        VM.warp(block.timestamp + time);
    }

    function checkStakes() public view {
        IValidation.Accounting memory a = validation.accounting();
        require(
            a.deposited == a.staked + a.slashed + a.withdrawn,
            "stakes: staked, slashed and withdrawn are not what was deposited"
        );
        require(a.slashed == a.rewards + a.treasury, "stakes: what was slashed is not rewards and treasury");
        require(a.deposited == deposited && a.withdrawn == withdrawn, "stakes: the sums are not what was done");
        uint256 held = a.staked + (a.rewards - rewarded) + (a.treasury - swept);
        require(quit.balanceOf(address(validation)) == held, "stakes: the balance is not what the sums say");
    }

    /// @dev At the end every round is closed, every vote settled and every stake withdrawn; nothing is left.
    function finish() external {
        VM.warp(block.timestamp + 3 days);
        for (uint256 b = 0; b < batches.length; ++b) {
            if (_outcome(batches[b]) == IValidation.Outcome.Open) validation.closeRound(batches[b]);
        }
        VM.warp(block.timestamp + 15 days);
        while (ballots.length > 0) _settleVote(ballots.length - 1);
        for (uint256 v = 0; v < VALIDATORS; ++v) {
            IValidation.Stake memory held = validation.stakeOf(validators[v]);
            require(held.locked == 0, "stakes: something is locked without a vote");
            if (held.free == 0) continue;
            VM.prank(validators[v]);
            validation.requestUnstake(held.free);
        }
        VM.warp(block.timestamp + 7 days);
        for (uint256 v = 0; v < VALIDATORS; ++v) _withdraw(v);
        for (uint256 i = 0; i < 3; ++i) _reward(VM.addr(0xFACE + i));
        if (validation.accounting().treasury > swept) swept += validation.sweep();
        checkStakes();
        require(validation.accounting().staked == 0, "stakes: a stake is nobody's");
        require(quit.balanceOf(address(validation)) == 0, "stakes: tokens are nobody's");
    }

    function _settleVote(uint256 place) private {
        Ballot memory ballot = ballots[place];
        BatchId batch = batches[ballot.batch];
        IValidation.Round memory r = validation.round(batch, ballot.round);
        if (r.outcome == IValidation.Outcome.Open) return;
        address validator = validators[ballot.validator];
        bool shown = validation.voteOf(batch, ballot.round, validator).verdict != IValidation.Verdict.None;
        bool accepted = r.outcome == IValidation.Outcome.Accepted;
        bool backing = accepted && shown && block.timestamp <= r.challengeEnds;
        bytes memory data = abi.encodeCall(validation.settleVote, (batch, ballot.round, validator));
        if (!backing) {
            (bool success, ) = address(validation).call(data);
            require(success, "stakes: a vote could not be settled");
            ballots[place] = ballots[ballots.length - 1];
            ballots.pop();
        }
        _refused(validator, address(validation), data, "stakes: a vote was settled twice, or while it backs");
    }

    function _stake(uint256 v, uint256 amount) private {
        _fund(quit, validators[v], address(validation), amount);
        VM.prank(validators[v]);
        validation.stake(uint128(amount));
        deposited += amount;
    }

    function _withdraw(uint256 v) private {
        IValidation.Stake memory held = validation.stakeOf(validators[v]);
        if (held.leaving == 0 || block.timestamp < held.readyAt) {
            bytes memory data = abi.encodeCall(validation.withdrawStake, ());
            _refused(validators[v], address(validation), data, "stakes: withdrawn too early, or nothing");
            return;
        }
        uint256 before = quit.balanceOf(validators[v]);
        VM.prank(validators[v]);
        validation.withdrawStake();
        require(quit.balanceOf(validators[v]) - before == held.leaving, "stakes: not what was leaving");
        withdrawn += held.leaving;
    }

    function _reward(address challenger) private {
        if (validation.rewardOf(challenger) > 0) rewarded += validation.claimReward(challenger);
    }

    function _outcome(BatchId batch) private view returns (IValidation.Outcome) {
        return validation.round(batch, validation.roundsOf(batch)).outcome;
    }

    /// @dev One of the last few batches, or none.
    function _recent(uint256 seed) private view returns (uint256) {
        uint256 count = batches.length;
        if (count == 0) return type(uint256).max;
        return count - 1 - (seed % _min(count, MAX_OPEN));
    }
}
