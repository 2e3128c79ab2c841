// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchId, DatanetId, ModelId} from "../../../verifier-contracts/Types.sol";
import {IDisputes} from "../../../verifier-contracts/interfaces/IDisputes.sol";
import {IEpochs} from "../../../verifier-contracts/interfaces/IEpochs.sol";
import {IModels} from "../../../verifier-contracts/interfaces/IModels.sol";
import {ITraining} from "../../../verifier-contracts/interfaces/ITraining.sol";
import {System} from "./System.sol";
import {VM} from "./Vm.sol";

/// @dev Four unproven models of one operator, paid in two tokens, its receipts, and the reference: what bonds
/// hold, what disputes may cost and who is owed what.
abstract contract DisputesWorld is System {
    uint256 internal constant MODELS = 4;
    uint256 internal constant PAYERS = 3;
    uint256 internal constant BATCHES = 5;

    /// @dev A receipt that the operator signed. `kept`: it is in the epoch's root.
    struct Issued {
        IDisputes.Receipt receipt;
        bytes signature;
        uint256 model;
        bool kept;
        uint256 dispute;
        uint256 paid;
    }

    /// @dev A dispute; `receipt` and `batch` count from 1, one of them is 0.
    struct Case {
        uint256 model;
        uint256 receipt;
        uint256 batch;
        address challenger;
        uint256 openedAt;
        uint256 window;
        uint256 stake;
        uint256 award;
        uint256 fee;
    }

    ModelId[4] internal ids;
    address[4] internal tokens;
    address[] internal payers;
    IModels.BatchEntry[][4] internal entries;

    Issued[] internal issued;
    uint256[] internal running;
    mapping(uint256 dispute => Case) internal caseOf;
    uint256[4] internal bonds;
    uint256[4] internal reserved;
    uint256[4] internal pending;
    uint256[4] internal stakes;
    bool[4] internal frozen;
    mapping(uint256 model => mapping(uint256 batch => bool)) internal proven;
    mapping(address token => mapping(address account => uint256)) internal due;
    uint256 private requests;

    constructor() {
        address[] memory both = new address[](2);
        (both[0], both[1]) = (address(coin), address(quit));
        for (uint256 i = 0; i < PAYERS; ++i) payers.push(VM.addr(0xBEEF00 + i));
        DatanetId datanet = _datanet(false, both);
        address[] memory people = new address[](BATCHES);
        BatchId[] memory batches = new BatchId[](BATCHES);
        for (uint256 i = 0; i < BATCHES; ++i) {
            people[i] = VM.addr(0xCAFE00 + i);
            batches[i] = _contribute(datanet, people[i], abi.encode("batch", i));
        }
        datanets.publish(datanet);
        for (uint256 m = 0; m < MODELS; ++m) {
            tokens[m] = m % 2 == 0 ? address(coin) : address(quit);
            ids[m] = _model(datanet, tokens[m], m < 2 ? 3 : 1_000, people, batches);
            for (uint256 i = 0; i < BATCHES; ++i) {
                entries[m].push(IModels.BatchEntry(datanets.batch(batches[i]).root, 4, uint32(i)));
            }
            VM.prank(operator);
            training.begin(ids[m], 5);
        }
    }

    // ---- receipts and epochs

    function _receipt(
        uint256 m,
        uint256 payer,
        uint32 feeUnits,
        uint64 dueBy
    ) internal returns (IDisputes.Receipt memory) {
        uint64 number = uint64(epochs.epochCount(ids[m]) + 1);
        uint256 leaf = _element(abi.encode("leaf", ++requests));
        bytes32 request = bytes32(requests);
        return IDisputes.Receipt(ids[m], true, number, request, payers[payer], feeUnits, leaf, dueBy);
    }

    function _signed(IDisputes.Receipt memory receipt) internal view returns (bytes memory) {
        return _sign(OPERATOR_KEY, disputes.receiptDigest(receipt));
    }

    function _issue(uint256 m, uint256 payer, uint32 feeUnits, bool kept) internal {
        IDisputes.Receipt memory receipt = _receipt(m, payer, feeUnits, uint64(block.timestamp + 5 days));
        Issued storage one = issued.push();
        (one.receipt, one.signature) = (receipt, _signed(receipt));
        (one.model, one.kept) = (m, kept);
    }

    /// @dev Commits the next epoch, without fees, or lets the one that is open expire.
    function _turnEpoch(uint256 m) internal {
        uint256 number = epochs.epochCount(ids[m]);
        IEpochs.Epoch memory info = epochs.epochInfo(ids[m], number);
        if (info.status == IEpochs.Status.Committed) {
            if (block.timestamp < info.expiresAt) return;
            epochs.expire(ids[m], number, new address[](0), new uint128[](0));
            return;
        }
        IEpochs.Batches memory b = _batchesOf(m, number + 1);
        IEpochs.EpochCommitment memory c;
        (c.receiptsRoots, c.commitQ, c.feeTotals, c.commitY) = (b.receiptsRoots, b.commitQ, b.feeTotals, 9);
        bytes memory data = abi.encodeCall(epochs.commitEpoch, (ids[m], c));
        if (frozen[m] || guardian.paused()) {
            _refused(operator, address(epochs), data, "disputes freeze only what they dispute: an epoch opened");
            return;
        }
        VM.prank(operator);
        (bool success, ) = address(epochs).call(data);
        require(success, "disputes freeze only what they dispute: an epoch could not open");
    }

    function _batchesOf(uint256 m, uint256 number) internal pure returns (IEpochs.Batches memory b) {
        (b.receiptsRoots, b.commitQ, b.feeTotals) = (new uint256[](1), new uint256[](1), new uint256[](1));
        b.receiptsRoots[0] = _element(abi.encode("root", m, number));
        b.commitQ[0] = 8;
    }

    function _committed(Issued storage one) internal view returns (bool) {
        return epochs.batchesHashOf(ids[one.model], one.receipt.epoch) != 0;
    }

    /// @dev Whether a payer may complain now: the epoch is there or overdue, and the receipt not too old.
    function _timely(Issued storage one) internal view returns (bool) {
        bool overdue = block.timestamp > one.receipt.dueBy;
        uint256 until = one.receipt.dueBy + disputes.RECEIPT_WINDOW();
        return (_committed(one) || overdue) && block.timestamp <= until;
    }

    /// @dev The operator's answer: the proof that the receipt is there, if it is; else that of another.
    function _answerCall(uint256 dispute, Issued storage one) internal view returns (bytes memory) {
        (uint256 m, uint256 number) = (one.model, one.receipt.epoch);
        IEpochs.Batches memory b = _batchesOf(m, number);
        uint256[] memory publics = new uint256[](3);
        publics[0] = _context(ids[m], number, 0);
        publics[1] = b.receiptsRoots[0];
        publics[2] = one.kept ? one.receipt.leaf : 1;
        return abi.encodeCall(disputes.answerOmission, (dispute, b, 0, _proof(_circuit("inclusion"), publics)));
    }

    /// @dev The `samples` statement of one batch of a model that is not proven as a whole.
    function _proveSample(uint256 m, uint256 batch) internal {
        uint256[3] memory challenges = training.challengesOf(training.seedOf(ids[m]));
        uint256[] memory publics = new uint256[](8);
        (publics[0], publics[1], publics[2]) = (challenges[0], challenges[1], challenges[2]);
        (publics[3], publics[4], publics[5]) = (5, entries[m][batch].root, 4);
        (publics[6], publics[7]) = (21, 22);
        ITraining.SampleChunk[] memory chunks = new ITraining.SampleChunk[](1);
        chunks[0].entries = entries[m];
        chunks[0].proofs = new ITraining.SampleProof[](1);
        ITraining.SampleProof memory proof = chunks[0].proofs[0];
        (proof.index, proof.g, proof.a) = (batch, 21, 22);
        proof.proof = _proof(_circuit("samples"), publics);
        training.prove(ids[m], chunks, new ITraining.ContributorsProof[](0), new ITraining.ModelProof[](0));
    }

    // ---- disputes

    function _opened(uint256 dispute, uint256 m, uint128 stake, uint128 award, uint128 fee) internal {
        running.push(dispute);
        Case storage c = caseOf[dispute];
        (c.model, c.challenger) = (m, disputes.disputeOf(dispute).challenger);
        (c.openedAt, c.window) = (block.timestamp, schedule.answerWindow());
        (c.stake, c.award, c.fee) = (stake, award, fee);
        ++pending[m];
        stakes[m] += stake;
        reserved[m] += award;
    }

    function _ended(uint256 dispute) internal {
        Case storage c = caseOf[dispute];
        --pending[c.model];
        stakes[c.model] -= c.stake;
        reserved[c.model] -= c.award;
        for (uint256 i = 0; i < running.length; ++i) {
            if (running[i] != dispute) continue;
            running[i] = running[running.length - 1];
            running.pop();
            return;
        }
    }

    function _openOne(uint256 seed) internal view returns (uint256) {
        return running.length == 0 ? 0 : running[seed % running.length];
    }
}
