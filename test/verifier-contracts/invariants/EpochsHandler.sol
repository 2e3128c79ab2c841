// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IEpochs} from "../../../verifier-contracts/interfaces/IEpochs.sol";
import {IFeeSchedule} from "../../../verifier-contracts/interfaces/IFeeSchedule.sol";
import {EconomyWorld} from "./EconomyWorld.sol";
import {IdealVerifier} from "./IdealVerifier.sol";
import {VM} from "./Vm.sol";

/// @dev Epochs from their commitment to settlement or expiry, with honest operators and with ones that try.
abstract contract EpochsHandler is EconomyWorld {
    /// @dev One step of a model's epoch: commits, proves a part of it, proves the rest, or settles.
    function advance(uint256 modelSeed, uint256 seed) external {
        uint256 m = modelSeed % MODELS;
        if (!opened[m].open) _commit(m, seed);
        else if (opened[m].proven < _statements(m)) _prove(m, seed % 3 == 0 ? 1 : 64, seed);
        else _settle(m, seed);
    }

    /// @dev A statement that was proven before cannot be proven again, and one proof fits one place.
    function proveAgain(uint256 modelSeed, uint256 seed) external {
        uint256 m = modelSeed % MODELS;
        Open storage open = opened[m];
        if (!open.open) return;
        uint256 statement = seed % _statements(m);
        if (marks[m][open.number][statement]) {
            bytes memory again = _proveCall(m, open.number, statement);
            _refused(operator, address(epochs), again, "each statement once: proven again");
            return;
        }
        uint256 other = (m + 1) % MODELS;
        if (opened[other].open && opened[other].commitment.feeTotals.length > 0) {
            // The proof of another model's batch does not fit here.
            IEpochs.InferenceProof[] memory one = new IEpochs.InferenceProof[](1);
            one[0] = IEpochs.InferenceProof(0, _inferenceProof(other, 0));
            uint256[8][] memory none;
            bytes memory data = abi.encodeCall(
                epochs.prove,
                (ids[m], open.number, _batches(m), one, none, new IEpochs.WeightsProof[](0))
            );
            _refused(operator, address(epochs), data, "each statement once: a proof of another model's epoch");
        }
    }

    /// @dev After its window an epoch that lacks a proof gives its charges back; before, and twice, it
    /// cannot.
    function expire(uint256 modelSeed, bool wait_) external {
        uint256 m = modelSeed % MODELS;
        Open storage open = opened[m];
        if (!open.open) return;
        if (wait_ && open.proven < _statements(m)) {
            VM.warp(_max(block.timestamp, epochs.epochInfo(ids[m], open.number).expiresAt));
        }
        IEpochs.EpochCommitment memory c = open.commitment;
        bytes memory data = abi.encodeCall(epochs.expire, (ids[m], open.number, c.payers, c.feeUnits));
        bool over = block.timestamp >= epochs.epochInfo(ids[m], open.number).expiresAt;
        if (!over || open.proven == _statements(m)) {
            _refused(operator, address(epochs), data, "claims within funding: expired too early");
            return;
        }
        (bool success, ) = address(epochs).call(data);
        require(success, "an epoch could not expire");
        for (uint256 i = 0; i < c.payers.length; ++i) {
            paid[m][i % PAYERS].charged -= uint256(c.feeUnits[i]) * feeUnits[m];
        }
        sums[m].carry = open.carriedIn;
        open.open = false;
        _refused(operator, address(epochs), data, "claims within funding: expired twice");
    }

    /// @dev The timelock's decision; epochs that are committed keep the split of their day.
    function setSplit(uint16 protocol, uint16 developer, uint16 validators) external {
        VM.prank(timelock);
        schedule.setSplit(
            IFeeSchedule.Split(
                uint16(_between(protocol, 0, 1_000)),
                uint16(_between(developer, 0, 3_000)),
                uint16(_between(validators, 0, 1_000))
            )
        );
    }

    /// @dev The timelock's decision; epochs that are open keep the window of their day.
    function setWindow(uint256 proving) external {
        VM.prank(timelock);
        schedule.setWindows(_between(proving, 1 days, 30 days), 3 days);
    }

    /// @dev Nobody trusts the first verifying keys any more: what is open ends under them all the same.
    function _retire() internal {
        IdealVerifier next = _verifier();
        VM.prank(timelock);
        registry.add(next);
        VM.prank(timelock);
        registry.retire(1);
    }

    /// @dev No model of the retired keys opens another epoch.
    function _tryRetired(uint256 m) internal {
        IEpochs.EpochCommitment memory c;
        (c.payers, c.feeUnits) = (new address[](0), new uint128[](0));
        _fillBatches(c, m, 1, 0);
        c.commitY = 1;
        bytes memory data = abi.encodeCall(epochs.commitEpoch, (ids[m], c));
        _refused(operator, address(epochs), data, "retired keys: an epoch opened under them");
    }

    function _commit(uint256 m, uint256 seed) internal {
        Open storage open = opened[m];
        uint256 batches = _between(seed, 1, 3);
        IEpochs.EpochCommitment memory c;
        c.payers = new address[](PAYERS + 1);
        c.feeUnits = new uint128[](PAYERS + 1);
        uint256 total = 0;
        for (uint256 i = 0; i <= PAYERS; ++i) {
            // The first payer stands in the list twice.
            uint256 p = i % PAYERS;
            c.payers[i] = payers[p];
            uint256 most = vault.chargeable(ids[m], payers[p]) / feeUnits[m];
            if (i == PAYERS) most -= c.feeUnits[0];
            most = _min(most, 10_000_000);
            uint256 kind = _mix(seed, i) % 3;
            uint256 some = kind == 1 ? _mix(seed, 9 + i) % (most + 1) : _min(most, 3);
            c.feeUnits[i] = uint128(kind == 0 ? most : some);
            total += c.feeUnits[i];
        }
        _fillBatches(c, m, batches, total);
        c.commitY = _element(abi.encode("Y", m, seed));
        _overcharge(m, c);
        VM.prank(operator);
        uint256 number = epochs.commitEpoch(ids[m], c);
        require(number == open.number + 1, "epochs are counted one by one");
        (open.open, open.number, open.proven, open.commitment) = (true, number, 0, c);
        (open.carriedIn, open.fees, open.split) = (sums[m].carry, total * feeUnits[m], schedule.split());
        if (m != 2) open.split.validatorsBps = 0;
        sums[m].carry = 0;
        for (uint256 i = 0; i <= PAYERS; ++i) {
            paid[m][i % PAYERS].charged += uint256(c.feeUnits[i]) * feeUnits[m];
        }
        _pickWeights(m, seed);
    }

    /// @dev Proves up to `most` statements that are missing, from a random one on.
    function _prove(uint256 m, uint256 most, uint256 seed) internal {
        uint256 count = _statements(m);
        uint256 number = opened[m].number;
        uint256 first = seed % count;
        for (uint256 k = 0; k < count && most > 0; ++k) {
            uint256 statement = (first + k) % count;
            if (marks[m][number][statement]) continue;
            (bool success, ) = address(epochs).call(_proveCall(m, number, statement));
            require(success, "a true statement was refused");
            marks[m][number][statement] = true;
            ++opened[m].proven;
            --most;
        }
        uint256 remaining = epochs.epochInfo(ids[m], number).remaining;
        require(remaining == count - opened[m].proven, "each statement once: counted otherwise");
    }

    function _settle(uint256 m, uint256 seed) internal {
        Open storage open = opened[m];
        _tryToSettleWrongly(m, seed);
        uint256[] memory payouts = epochs.settle(ids[m], open.number, _members(m), open.w, _cumulative(m));
        (uint256 shared, uint256 earnings) = _share(m);
        uint256 given = _credit(m, payouts, earnings);
        uint256 carry = earnings - given;
        IEpochs.Epoch memory info = epochs.epochInfo(ids[m], open.number);
        require(info.pool == open.fees + open.carriedIn, "claims within funding: the pool is not what came in");
        require(vault.accounting(ids[m]).carry == carry, "dust: it has another owner than the model's carry");
        (bytes32 root, ) = _earnings(m, 0);
        require(vault.rootOf(ids[m]) == root, "leaves never fall: the root is not that of the sums");
        sums[m].settledFees += open.fees;
        sums[m].shared += shared;
        sums[m].payouts += given;
        sums[m].carry = carry;
        ++sums[m].settled;
        open.open = false;
        bytes memory again = _settleCall(m, open.w, _cumulative(m));
        _refused(operator, address(epochs), again, "claims within funding: settled twice");
    }

    function _settleCall(
        uint256 m,
        uint256[] memory w,
        uint256[] memory before
    ) private view returns (bytes memory) {
        return abi.encodeCall(epochs.settle, (ids[m], opened[m].number, _members(m), w, before));
    }

    function _cumulative(uint256 m) internal view returns (uint256[] memory list) {
        list = new uint256[](sizes[m]);
        for (uint256 i = 0; i < list.length; ++i) list[i] = cumulative[m][i];
    }

    function _batches(uint256 m) internal view returns (IEpochs.Batches memory) {
        IEpochs.EpochCommitment storage c = opened[m].commitment;
        return IEpochs.Batches(c.receiptsRoots, c.commitQ, c.feeTotals);
    }

    /// @dev Payouts against the plain reference; what is lost in dividing is less than one unit a recipient.
    function _credit(uint256 m, uint256[] memory payouts, uint256 earnings) private returns (uint256 given) {
        uint256[] memory w = opened[m].w;
        uint256 total = 0;
        uint256 recipients = 0;
        for (uint256 i = 0; i < w.length; ++i) total += w[i];
        for (uint256 i = 0; i < w.length; ++i) {
            if (w[i] > 0) ++recipients;
            uint256 expected = total == 0 ? 0 : (earnings * w[i]) / total;
            require(payouts[i] == expected, "claims within funding: a payout is not its share");
            cumulative[m][i] += payouts[i];
            given += payouts[i];
        }
        require(given <= earnings, "claims within funding: more was given than was earned");
        if (total > 0) require(earnings == given || earnings - given < recipients, "dust: a unit or more each");
    }

    /// @dev Treasury's, operator's and validators' shares by the split of the day of the commitment.
    function _share(uint256 m) private returns (uint256 shared, uint256 earnings) {
        Open storage open = opened[m];
        uint256 protocol = (open.fees * open.split.protocolBps) / BPS;
        uint256 developer = (open.fees * open.split.developerBps) / BPS;
        uint256 validators = (open.fees * open.split.validatorsBps) / BPS;
        due[tokens[m]][timelock] += protocol;
        due[tokens[m]][operator] += developer;
        if (m == 2) dueToValidators += validators;
        shared = protocol + developer + validators;
        earnings = open.fees + open.carriedIn - shared;
    }

    /// @dev With one member's past made smaller, or weights that nobody proved.
    function _tryToSettleWrongly(uint256 m, uint256 seed) private {
        uint256[] memory w = opened[m].w;
        uint256[] memory before = _cumulative(m);
        uint256 place = seed % w.length;
        w[place] += 1;
        bytes memory data = _settleCall(m, w, before);
        _refused(operator, address(epochs), data, "claims within funding: weights that nobody proved");
        if (before[place] == 0) return;
        before[place] -= 1;
        data = _settleCall(m, opened[m].w, before);
        _refused(operator, address(epochs), data, "leaves never fall: a smaller past was taken");
    }

    /// @dev One unit more than a payer's deposit and vouchers allow.
    function _overcharge(uint256 m, IEpochs.EpochCommitment memory honest) private {
        IEpochs.EpochCommitment memory c = abi.decode(abi.encode(honest), (IEpochs.EpochCommitment));
        uint256 most = vault.chargeable(ids[m], payers[1]) / feeUnits[m];
        if (most >= 10_000_000) return;
        uint256 more = most + 1 - c.feeUnits[1];
        c.feeUnits[1] = uint128(most + 1);
        c.feeTotals[0] += more;
        bytes memory data = abi.encodeCall(epochs.commitEpoch, (ids[m], c));
        _refused(operator, address(epochs), data, "paid within deposits: charged more than was authorised");
    }

    function _fillBatches(
        IEpochs.EpochCommitment memory c,
        uint256 m,
        uint256 batches,
        uint256 total
    ) private view {
        c.receiptsRoots = new uint256[](batches);
        c.commitQ = new uint256[](batches);
        c.feeTotals = new uint256[](batches);
        for (uint256 i = 0; i < batches; ++i) {
            c.receiptsRoots[i] = _element(abi.encode("receipts", m, opened[m].number, i));
            c.commitQ[i] = _element(abi.encode("Q", m, opened[m].number, i));
            c.feeTotals[i] = i + 1 < batches ? total / batches : total - (batches - 1) * (total / batches);
        }
    }

    /// @dev Small, huge, and none at all.
    function _pickWeights(uint256 m, uint256 seed) private {
        delete opened[m].w;
        for (uint256 i = 0; i < sizes[m]; ++i) {
            uint256 kind = _mix(seed, 20 + i) % 4;
            uint256 random = _mix(seed, 40 + i);
            opened[m].w.push(kind == 0 || seed % 13 == 0 ? 0 : kind == 1 ? random % 1_000 : random >> 145);
        }
    }

    function _inferenceProof(uint256 m, uint256 index) private view returns (uint256[8] memory) {
        IEpochs.EpochCommitment storage c = opened[m].commitment;
        uint256[] memory publics = new uint256[](6);
        publics[0] = _context(ids[m], opened[m].number, index);
        publics[1] = 11;
        publics[2] = index == 0 ? EMPTY_Q : c.commitQ[index - 1];
        (publics[3], publics[4], publics[5]) = (c.commitQ[index], c.receiptsRoots[index], c.feeTotals[index]);
        return _proof(_circuit("inference"), publics);
    }

    /// @dev The call that proves one statement: batches first, then the adjoint, then the groups.
    function _proveCall(uint256 m, uint256 number, uint256 first) private view returns (bytes memory) {
        uint256 batches = opened[m].commitment.feeTotals.length;
        IEpochs.InferenceProof[] memory inference = new IEpochs.InferenceProof[](first < batches ? 1 : 0);
        uint256[8][] memory adjoint = new uint256[8][](first == batches ? 1 : 0);
        IEpochs.WeightsProof[] memory weights = new IEpochs.WeightsProof[](first > batches ? 1 : 0);
        if (first < batches) inference[0] = IEpochs.InferenceProof(first, _inferenceProof(m, first));
        else if (first == batches) adjoint[0] = _adjointProof(m);
        else weights[0] = _weightsProof(m, first - batches - 1);
        return abi.encodeCall(epochs.prove, (ids[m], number, _batches(m), inference, adjoint, weights));
    }

    function _adjointProof(uint256 m) private view returns (uint256[8] memory) {
        IEpochs.EpochCommitment storage c = opened[m].commitment;
        uint256[] memory publics = new uint256[](4);
        (publics[0], publics[1]) = (12, c.commitQ[c.commitQ.length - 1]);
        (publics[2], publics[3]) = (c.commitY, 1_000);
        return _proof(_circuit("adjoint"), publics);
    }

    function _weightsProof(
        uint256 m,
        uint256 group
    ) private view returns (IEpochs.WeightsProof memory given) {
        uint256[] memory publics = new uint256[](1 + 2 * GROUP);
        publics[0] = opened[m].commitment.commitY;
        (given.groupIndex, given.w, given.commitG) = (group, new uint256[](GROUP), new uint256[](GROUP));
        for (uint256 j = 0; j < GROUP; ++j) {
            uint256 place = group * GROUP + j;
            bool nobody = place >= sizes[m];
            given.w[j] = nobody ? 0 : opened[m].w[place];
            given.commitG[j] = nobody ? NULL_G : _commitG(place);
            (publics[1 + j], publics[1 + GROUP + j]) = (given.commitG[j], given.w[j]);
        }
        given.proof = _proof(_circuit("weights"), publics);
    }
}
