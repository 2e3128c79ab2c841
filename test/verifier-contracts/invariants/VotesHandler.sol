// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {QuittanceGovernor} from "../../../verifier-contracts/QuittanceGovernor.sol";
import {IFeeSchedule} from "../../../verifier-contracts/interfaces/IFeeSchedule.sol";
import {System} from "./System.sol";
import {VM} from "./Vm.sol";

/// @dev Holders who transfer, delegate, propose and vote, and one who only ever borrows. The reference keeps
/// everybody's voting power at every second by itself and says what a vote may weigh.
contract VotesHandler is System {
    uint256 private constant HOLDERS = 5;
    /// @dev Has tokens only between two transactions of one block, or for a second.
    uint256 private constant BORROWER = 4;
    uint256 private constant LATEST_END = VOTING_DELAY + 3 days + 1 days;

    struct Power {
        uint256 time;
        uint256 votes;
    }

    struct Proposal {
        uint256 id;
        uint256 at;
        IFeeSchedule.Split split;
        bool executed;
    }

    QuittanceGovernor private immutable governor;
    address[5] private holders;
    uint256[5] private held;
    /// @dev 1 + the holder that votes for this one; 0: nobody.
    uint256[5] private delegated;
    mapping(uint256 holder => Power[]) private history;
    Proposal[] private proposals;
    mapping(uint256 proposal => mapping(uint256 holder => bool)) private voted;
    IFeeSchedule.Split private decided;

    constructor() {
        governor = governance.governor();
        decided = schedule.split();
        for (uint256 i = 0; i < HOLDERS; ++i) {
            holders[i] = VM.addr(0xD0E00 + i);
            if (i == BORROWER) continue;
            quit.transfer(holders[i], (i + 1) * 10_000_000e18);
            held[i] = (i + 1) * 10_000_000e18;
            _delegate(i, i);
        }
        VM.warp(block.timestamp + 1);
    }

    function transfer(uint256 from, uint256 to, uint256 seed) external {
        (uint256 a, uint256 b) = (from % BORROWER, to % BORROWER);
        _transfer(a, b, seed % (held[a] + 1));
    }

    function delegate(uint256 from, uint256 to) external {
        _delegate(from % BORROWER, to % HOLDERS);
    }

    /// @dev Whoever had too little a second ago cannot propose, whatever it has now.
    function propose(uint256 who, uint256 seed) external {
        _propose(who % HOLDERS, seed);
    }

    /// @dev Borrows in the block of a proposal, for the proposal or to have votes in that block.
    function proposeOnBorrowedVotes(uint256 lenderSeed, uint256 seed) external {
        uint256 lender = lenderSeed % BORROWER;
        uint256 amount = held[lender];
        _transfer(lender, BORROWER, amount);
        _delegate(BORROWER, BORROWER);
        _propose(seed % 2 == 0 ? BORROWER : _mix(seed, 1) % BORROWER, seed);
        VM.warp(block.timestamp + 1);
        _transfer(BORROWER, lender, amount);
    }

    function vote(uint256 who, uint256 seed) external {
        uint256 p = _active(seed);
        if (p != type(uint256).max) _vote(who % HOLDERS, p, seed);
    }

    /// @dev Borrows for the time of one vote.
    function voteOnBorrowedTokens(uint256 lenderSeed, uint256 seed) external {
        uint256 p = _active(seed);
        if (p == type(uint256).max) return;
        uint256 lender = lenderSeed % BORROWER;
        uint256 amount = held[lender];
        _transfer(lender, BORROWER, amount);
        _delegate(BORROWER, BORROWER);
        _vote(BORROWER, p, seed);
        _transfer(BORROWER, lender, amount);
    }

    /// @dev Takes a decision further: into the timelock, and out of it.
    function carryOut(uint256 seed) external {
        if (proposals.length == 0) return;
        Proposal storage p = proposals[seed % proposals.length];
        IGovernor.ProposalState state = governor.state(p.id);
        (address[] memory to, uint256[] memory values, bytes[] memory data) = _action(p.split);
        bytes32 hash = keccak256(_description(seed % proposals.length));
        if (state == IGovernor.ProposalState.Succeeded) {
            governor.queue(to, values, data, hash);
        } else if (state == IGovernor.ProposalState.Queued && block.timestamp >= governor.proposalEta(p.id)) {
            governor.execute(to, values, data, hash);
            (p.executed, decided) = (true, p.split);
        } else {
            bytes memory call = abi.encodeCall(governor.execute, (to, values, data, hash));
            _refused(address(this), address(governor), call, "votes: carried out without a decision, or at once");
        }
    }

    /// @dev Nobody but the timelock decides.
    function decideAlone(uint256 who) external {
        bytes memory data = abi.encodeCall(schedule.setSplit, (IFeeSchedule.Split(0, 0, 0)));
        _refused(holders[who % HOLDERS], address(schedule), data, "votes: decided without a vote");
    }

    function wait(uint256 seed) external {
        bool short = seed % 3 == 0;
        VM.warp(block.timestamp + (short ? _between(seed, 1, 10) : _between(seed, 1 hours, 30 hours)));
    }

    function checkSupply() external view {
        require(quit.totalSupply() <= quit.CAP(), "supply: above the cap");
        uint256 sum = quit.balanceOf(address(this));
        for (uint256 i = 0; i < HOLDERS; ++i) {
            require(quit.balanceOf(holders[i]) == held[i], "supply: a balance is not what was done");
            sum += held[i];
        }
        require(sum == quit.totalSupply(), "supply: balances are not the supply");
    }

    function checkVotes() external view {
        for (uint256 i = 0; i < HOLDERS; ++i) {
            require(quit.getVotes(holders[i]) == _votesAt(i, block.timestamp), "votes: not what was delegated");
        }
        IFeeSchedule.Split memory split = schedule.split();
        require(
            split.protocolBps == decided.protocolBps && split.developerBps == decided.developerBps,
            "votes: something else was decided"
        );
        for (uint256 i = proposals.length; i > 0 && i + 3 > proposals.length; --i) {
            uint256 end = governor.proposalDeadline(proposals[i - 1].id);
            require(end <= proposals[i - 1].at + LATEST_END, "votes: a vote has no end");
        }
    }

    function _propose(uint256 who, uint256 seed) private {
        uint16 developer = uint16(_mix(seed, 3) % 3_000);
        IFeeSchedule.Split memory split = IFeeSchedule.Split(uint16(seed % 1_000), developer, 0);
        (address[] memory to, uint256[] memory values, bytes[] memory data) = _action(split);
        string memory text = string(_description(proposals.length));
        if (_votesAt(who, block.timestamp - 1) < 1e18) {
            bytes memory call = abi.encodeCall(governor.propose, (to, values, data, text));
            _refused(holders[who], address(governor), call, "votes: proposed with votes of the same block");
            return;
        }
        VM.prank(holders[who]);
        uint256 id = governor.propose(to, values, data, text);
        proposals.push(Proposal(id, block.timestamp, split, false));
    }

    function _vote(uint256 who, uint256 p, uint256 seed) private {
        Proposal storage proposal = proposals[p];
        uint8 support = uint8(_mix(seed, 4) % 4 == 0 ? 0 : 1);
        if (voted[p][who]) {
            bytes memory call = abi.encodeCall(governor.castVote, (proposal.id, support));
            _refused(holders[who], address(governor), call, "votes: voted twice");
            return;
        }
        VM.prank(holders[who]);
        uint256 weight = governor.castVote(proposal.id, support);
        voted[p][who] = true;
        uint256 due = _votesAt(who, proposal.at + VOTING_DELAY);
        require(weight == due, "votes: not those of the moment when voting began");
    }

    function _transfer(uint256 a, uint256 b, uint256 amount) private {
        VM.prank(holders[a]);
        quit.transfer(holders[b], amount);
        held[a] -= amount;
        held[b] += amount;
        _note();
    }

    function _delegate(uint256 from, uint256 to) private {
        VM.prank(holders[from]);
        quit.delegate(holders[to]);
        delegated[from] = to + 1;
        _note();
    }

    /// @dev Adds up everybody's voting power anew, as of this second.
    function _note() private {
        for (uint256 i = 0; i < HOLDERS; ++i) {
            uint256 votes = 0;
            for (uint256 j = 0; j < HOLDERS; ++j) if (delegated[j] == i + 1) votes += held[j];
            Power[] storage log = history[i];
            uint256 length = log.length;
            if (length > 0 && log[length - 1].time == block.timestamp) log[length - 1].votes = votes;
            else if (length == 0 || log[length - 1].votes != votes) log.push(Power(block.timestamp, votes));
        }
    }

    function _votesAt(uint256 who, uint256 time) private view returns (uint256) {
        Power[] storage log = history[who];
        for (uint256 i = log.length; i > 0; --i) if (log[i - 1].time <= time) return log[i - 1].votes;
        return 0;
    }

    function _active(uint256 seed) private view returns (uint256) {
        uint256 count = proposals.length;
        for (uint256 k = 0; k < _min(count, 4); ++k) {
            uint256 p = count - 1 - (((seed % 4) + k) % _min(count, 4));
            if (governor.state(proposals[p].id) == IGovernor.ProposalState.Active) return p;
        }
        return type(uint256).max;
    }

    function _action(
        IFeeSchedule.Split memory split
    ) private view returns (address[] memory to, uint256[] memory values, bytes[] memory data) {
        (to, values, data) = (new address[](1), new uint256[](1), new bytes[](1));
        (to[0], data[0]) = (address(schedule), abi.encodeCall(schedule.setSplit, (split)));
    }

    function _description(uint256 number) private pure returns (bytes memory) {
        return bytes.concat("proposal ", bytes32(number));
    }
}
