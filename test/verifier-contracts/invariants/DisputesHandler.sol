// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDisputes} from "../../../verifier-contracts/interfaces/IDisputes.sol";
import {DisputesWorld} from "./DisputesWorld.sol";
import {VM} from "./Vm.sol";

/// @dev Bonds, receipts that are kept or not, and every dispute there is, with pauses and changed windows.
contract DisputesHandler is DisputesWorld {
    // ---- bonds

    function postBond(uint256 modelSeed, uint256 seed) external {
        uint256 m = modelSeed % MODELS;
        _postBond(m, _amount(seed, 9));
    }

    function requestBond(uint256 modelSeed, uint256 seed) external {
        uint256 m = modelSeed % MODELS;
        VM.prank(operator);
        disputes.requestBond(ids[m], uint128(seed % (2 * bonds[m] + 1)));
    }

    function withdrawBond(uint256 modelSeed) external {
        _withdrawBond(modelSeed % MODELS);
    }

    // ---- omission

    function issue(uint256 modelSeed, uint256 payerSeed, uint32 feeUnits, bool kept) external {
        _issue(modelSeed % MODELS, payerSeed % PAYERS, feeUnits % 1_000, kept);
    }

    /// @dev A receipt that was used in a dispute before cannot be used again.
    function omission(uint256 seed) external {
        if (issued.length == 0) return;
        uint256 r = issued.length - 1 - (seed % _min(issued.length, 8));
        Issued storage one = issued[r];
        uint32 units = one.receipt.feeUnits;
        (uint128 stake, uint128 fee, uint128 award) = disputes.omissionTerms(ids[one.model], units);
        _fund(IERC20(tokens[one.model]), one.receipt.payer, address(disputes), stake);
        bytes memory data = abi.encodeCall(disputes.challengeOmission, (one.receipt, one.signature));
        award = uint128(_min(award, disputes.freeBond(ids[one.model])));
        if (one.dispute != 0 || award == 0 || !_timely(one)) {
            _refused(one.receipt.payer, address(disputes), data, "receipts paid once: disputed twice, or untimely");
            return;
        }
        VM.prank(one.receipt.payer);
        one.dispute = disputes.challengeOmission(one.receipt, one.signature);
        _opened(one.dispute, one.model, stake, award, fee);
        caseOf[one.dispute].receipt = r + 1;
    }

    /// @dev The operator answers if it can: the receipt is in the epoch, and there is time.
    function answer(uint256 seed) external {
        uint256 dispute = _openOne(seed);
        if (dispute == 0 || caseOf[dispute].receipt == 0) return;
        Issued storage one = issued[caseOf[dispute].receipt - 1];
        bytes memory data = _answerCall(dispute, one);
        bool able = one.kept && disputes.deadlineOf(dispute) >= block.timestamp && _committed(one);
        if (!able) {
            _refused(operator, address(disputes), data, "disputes end: answered too late, or falsely");
            return;
        }
        (bool success, ) = address(disputes).call(data);
        require(success, "disputes end: an answer in time was refused");
        due[tokens[one.model]][operator] += caseOf[dispute].stake;
        _ended(dispute);
    }

    // ---- batches

    function challengeBatch(uint256 modelSeed, uint256 batchSeed, uint256 payerSeed) external {
        (uint256 m, uint256 b) = (modelSeed % MODELS, batchSeed % BATCHES);
        address challenger = payers[payerSeed % PAYERS];
        uint128 stake = disputes.batchStake(ids[m]);
        _fund(IERC20(tokens[m]), challenger, address(disputes), stake);
        bytes memory data = abi.encodeCall(disputes.challengeBatch, (ids[m], b));
        bool may = !frozen[m] && !proven[m][b] && !guardian.paused() && disputes.challengeOf(ids[m], b) == 0;
        if (!may) {
            _refused(challenger, address(disputes), data, "disputes freeze only what they dispute: twice, or too late");
            return;
        }
        VM.prank(challenger);
        uint256 dispute = disputes.challengeBatch(ids[m], b);
        _opened(dispute, m, stake, 0, 0);
        caseOf[dispute].batch = b + 1;
    }

    function proveBatch(uint256 modelSeed, uint256 batchSeed) external {
        (uint256 m, uint256 b) = (modelSeed % MODELS, batchSeed % BATCHES);
        if (proven[m][b]) return;
        _proveSample(m, b);
        proven[m][b] = true;
    }

    // ---- the end of a dispute

    function resolve(uint256 seed) external {
        uint256 dispute = _openOne(seed);
        if (dispute != 0) _resolve(dispute);
    }

    function equivocate(uint256 modelSeed, uint256 payerSeed) external {
        uint256 m = modelSeed % MODELS;
        address payer = payers[payerSeed % PAYERS];
        IDisputes.Receipt memory a = _receipt(m, payerSeed % PAYERS, 1, uint64(block.timestamp));
        IDisputes.Receipt memory b = _receipt(m, payerSeed % PAYERS, 1, uint64(block.timestamp));
        b.requestId = a.requestId;
        ++b.leaf;
        bytes memory data = abi.encodeCall(
            disputes.reportEquivocation,
            (a, _signed(a), b, _signed(b))
        );
        bytes memory same = abi.encodeCall(disputes.reportEquivocation, (a, _signed(a), a, _signed(a)));
        _refused(payers[0], address(disputes), same, "receipts paid once: a receipt contradicts itself");
        uint256 free = disputes.freeBond(ids[m]);
        if (free > 0) {
            // Whoever shows it, the reward is the payer's.
            VM.prank(payers[2]);
            (bool success, ) = address(disputes).call(data);
            require(success, "an equivocation was refused");
            bonds[m] -= free;
            due[tokens[m]][payer] += free / 2;
            due[tokens[m]][timelock] += free - free / 2;
            // There is something to lose again: what follows is refused for the request alone.
            _postBond(m, 1_000);
        }
        _refused(payers[0], address(disputes), data, "receipts paid once: one request was paid for twice");
    }

    function collect(uint256 tokenSeed, uint256 who) external {
        address[5] memory all = [payers[0], payers[1], payers[2], operator, timelock];
        _collect(tokens[tokenSeed % MODELS], all[who % 5]);
    }

    // ---- the day

    function epoch(uint256 modelSeed) external {
        _turnEpoch(modelSeed % MODELS);
    }

    function pause(bool early) external {
        if (guardian.paused()) {
            if (early) guardian.unpause();
        } else if (block.timestamp >= guardian.readyAt()) guardian.pause();
    }

    function setWindows(uint256 proving, uint256 answering) external {
        VM.prank(timelock);
        schedule.setWindows(_between(proving, 1 days, 30 days), _between(answering, 1 days, 30 days));
    }

    function wait(uint256 seed) external {
        // Mostly hours, sometimes days, now and then longer than a bond's delay.
        uint256 time = seed % 5 == 0 ? _between(seed, 1 days, 9 days) : _between(seed, 1 hours, 1 days);
        VM.warp(block.timestamp + (seed % 16 == 1 ? disputes.BOND_DELAY() : time));
    }

    // ---- what always holds

    function checkBooks() public view {
        uint256[2] memory held;
        for (uint256 m = 0; m < MODELS; ++m) {
            IDisputes.Bond memory bond = disputes.bondOf(ids[m]);
            require(bond.amount == bonds[m], "bonds: not what was posted, withdrawn and lost");
            require(bond.reserved == reserved[m] && reserved[m] <= bonds[m], "bonds: not what disputes may cost");
            require(bond.pending == pending[m], "disputes end: counted otherwise");
            require(models.isFrozen(ids[m]) == frozen[m], "disputes freeze only what they dispute");
            held[m % 2] += bonds[m] + stakes[m];
        }
        address[5] memory all = [payers[0], payers[1], payers[2], operator, timelock];
        for (uint256 t = 0; t < 2; ++t) {
            for (uint256 i = 0; i < 5; ++i) {
                uint256 owed = due[tokens[t]][all[i]];
                require(disputes.collectable(tokens[t], all[i]) == owed, "bonds: somebody was credited otherwise");
                held[t] += owed;
            }
            require(
                IERC20(tokens[t]).balanceOf(address(disputes)) == held[t],
                "bonds: balance is not bonds, stakes and what waits"
            );
        }
    }

    /// @dev Every open dispute keeps its whole window and ends within the bound, whatever pauses and windows
    /// do.
    function checkEnds() external view {
        for (uint256 i = 0; i < running.length; ++i) {
            Case storage c = caseOf[running[i]];
            uint256 deadline = disputes.deadlineOf(running[i]);
            require(deadline >= c.openedAt + c.window, "disputes end: a party lost time");
            uint256 pauses = c.receipt == 0 ? 0 : guardian.MAX_PAUSE() + 1 days;
            require(deadline <= c.openedAt + c.window + pauses, "disputes end: not within the bound");
            require(disputes.disputeOf(running[i]).open, "disputes end: closed by nobody");
        }
    }

    /// @dev At the end anybody resolves every dispute, everybody takes what is theirs, and nothing is left.
    function finish() external {
        VM.warp(block.timestamp + 35 days);
        while (running.length > 0) _resolve(running[running.length - 1]);
        for (uint256 m = 0; m < MODELS; ++m) {
            if (bonds[m] == 0) continue;
            VM.prank(operator);
            disputes.requestBond(ids[m], type(uint128).max);
        }
        VM.warp(block.timestamp + disputes.BOND_DELAY());
        for (uint256 m = 0; m < MODELS; ++m) _withdrawBond(m);
        address[5] memory all = [payers[0], payers[1], payers[2], operator, timelock];
        for (uint256 k = 0; k < 10; ++k) _collect(tokens[k % 2], all[k / 2]);
        checkBooks();
        for (uint256 t = 0; t < 2; ++t) {
            require(IERC20(tokens[t]).balanceOf(address(disputes)) == 0, "bonds: tokens are nobody's");
        }
    }

    function _postBond(uint256 m, uint256 amount) private {
        _fund(IERC20(tokens[m]), operator, address(disputes), amount);
        VM.prank(operator);
        disputes.postBond(ids[m], amount);
        bonds[m] += amount;
    }

    function _withdrawBond(uint256 m) private {
        IDisputes.Bond memory bond = disputes.bondOf(ids[m]);
        uint256 expected = _min(bond.requested, bond.amount);
        if (bond.pending > 0 || expected == 0 || block.timestamp < bond.readyAt) {
            bytes memory data = abi.encodeCall(disputes.withdrawBond, (ids[m]));
            _refused(operator, address(disputes), data, "bonds: withdrawn during a dispute, too early, or nothing");
            return;
        }
        VM.prank(operator);
        require(disputes.withdrawBond(ids[m]) == expected, "bonds: not what was asked for");
        bonds[m] -= expected;
    }

    /// @dev By anybody: an overdue dispute ends, one that runs does not.
    function _resolve(uint256 dispute) private {
        Case storage c = caseOf[dispute];
        bool omitted = c.receipt != 0;
        bool over = block.timestamp > disputes.deadlineOf(dispute);
        bool ends = omitted ? over : over || frozen[c.model] || proven[c.model][c.batch - 1];
        bytes memory data = omitted
            ? abi.encodeCall(disputes.resolveOmission, (dispute))
            : abi.encodeCall(disputes.resolveBatch, (dispute));
        if (!ends) {
            _refused(payers[1], address(disputes), data, "disputes end: before the other party had its time");
            return;
        }
        uint256 free = disputes.freeBond(ids[c.model]);
        (bool success, ) = address(disputes).call(data);
        require(success, "disputes end: one that is over cannot be resolved");
        if (omitted) _lost(c);
        else _batchEnded(c, free);
        _ended(dispute);
        _refused(payers[1], address(disputes), data, "receipts paid once: a dispute was resolved twice");
    }

    function _lost(Case storage c) private {
        Issued storage one = issued[c.receipt - 1];
        require(++one.paid == 1, "receipts paid once: paid again");
        uint256 rest = c.award > c.fee ? (c.award - c.fee) / 2 : 0;
        due[tokens[c.model]][one.receipt.payer] += c.stake + c.award - rest;
        due[tokens[c.model]][timelock] += rest;
        bonds[c.model] -= c.award;
    }

    function _batchEnded(Case storage c, uint256 free) private {
        address token = tokens[c.model];
        if (proven[c.model][c.batch - 1]) {
            due[token][operator] += c.stake;
            return;
        }
        due[token][c.challenger] += c.stake;
        if (frozen[c.model]) return;
        frozen[c.model] = true;
        bonds[c.model] -= free;
        due[token][c.challenger] += free / 2;
        due[token][timelock] += free - free / 2;
    }

    function _collect(address token, address account) private {
        uint256 amount = due[token][account];
        if (amount == 0) return;
        require(disputes.collect(token, account) == amount, "bonds: not what was credited");
        due[token][account] = 0;
    }
}
