// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {BatchId, DatanetId, ModelId} from "../../../verifier-contracts/Types.sol";
import {IEpochs} from "../../../verifier-contracts/interfaces/IEpochs.sol";
import {IFeeSchedule} from "../../../verifier-contracts/interfaces/IFeeSchedule.sol";
import {IValidation} from "../../../verifier-contracts/interfaces/IValidation.sol";
import {IVault} from "../../../verifier-contracts/interfaces/IVault.sol";
import {System} from "./System.sol";
import {VM} from "./Vm.sol";

/// @dev Three models over two datanets and two tokens, with payers and contributors in common, so that
/// whatever crosses from one to another shows; and the reference: what should be where, kept by plain sums
/// that have nothing in common with how the contracts keep it.
///
/// Model 0: datanet 1, a coin of 6 decimals. Model 1: datanet 1, our own token. Model 2: datanet 2, which
/// validators look after, the coin again.
abstract contract EconomyWorld is System {
    uint256 internal constant MODELS = 3;
    uint256 internal constant PAYERS = 3;
    uint256 internal constant PEOPLE = 5;
    uint256 internal constant BPS = 10_000;

    /// @dev What is known of a payer of a model. `authorised` is the highest that was ever seen, `signed` the
    /// highest that the payer ever signed.
    struct Payer {
        uint256 deposited;
        uint256 charged;
        uint256 withdrawn;
        uint256 authorised;
        uint256 signed;
    }

    /// @dev The epoch that is open, as its operator committed to it.
    struct Open {
        bool open;
        uint256 number;
        uint256 carriedIn;
        uint256 fees;
        uint256 proven;
        IFeeSchedule.Split split;
        IEpochs.EpochCommitment commitment;
        uint256[] w;
    }

    /// @dev Sums over a model's whole life.
    struct Sums {
        uint256 settledFees;
        uint256 shared;
        uint256 payouts;
        uint256 claimed;
        uint256 carry;
        uint256 settled;
    }

    ModelId[3] internal ids;
    address[3] internal tokens;
    uint128[3] internal feeUnits;
    uint256[3] internal sizes = [3, 5, 4];
    DatanetId internal validated;
    address[] internal payers;
    address[] internal people;
    address internal validator;

    Open[3] internal opened;
    Sums[3] internal sums;
    mapping(uint256 model => mapping(uint256 payer => Payer)) internal paid;
    mapping(uint256 model => uint256[5]) internal cumulative;
    mapping(uint256 model => uint256[5]) internal taken;
    /// @dev Of shares of fees: credited and not collected.
    mapping(address token => mapping(address account => uint256)) internal due;
    uint256 internal dueToValidators;
    mapping(uint256 model => mapping(uint256 number => mapping(uint256 statement => bool))) internal marks;

    constructor() {
        for (uint256 i = 0; i < PAYERS; ++i) payers.push(VM.addr(_payerKey(i)));
        for (uint256 i = 0; i < PEOPLE; ++i) people.push(VM.addr(_personKey(i)));
        validator = VM.addr(0x7A11);
        address[] memory both = new address[](2);
        (both[0], both[1]) = (address(coin), address(quit));
        DatanetId plain = _datanet(false, both);
        validated = _datanet(true, both);
        (tokens[0], tokens[1], tokens[2]) = (address(coin), address(quit), address(coin));
        (feeUnits[0], feeUnits[1], feeUnits[2]) = (7, 1e12 + 39, 1);
        BatchId[] memory first = _recordAll(plain, "plain");
        BatchId[] memory second = _recordAll(validated, "validated");
        _validate(second);
        datanets.publish(plain);
        datanets.publish(validated);
        for (uint256 m = 0; m < MODELS; ++m) {
            DatanetId datanet = m < 2 ? plain : validated;
            address token = tokens[m];
            ids[m] = _model(datanet, token, feeUnits[m], _members(m), m < 2 ? first : second);
        }
    }

    function _payerKey(uint256 i) internal pure returns (uint256) {
        return 0xBEEF00 + i;
    }

    function _personKey(uint256 i) internal pure returns (uint256) {
        return 0xCAFE00 + i;
    }

    /// @dev The accounts of a model's contributors, in order.
    function _members(uint256 m) internal view returns (address[] memory members) {
        members = new address[](sizes[m]);
        for (uint256 i = 0; i < members.length; ++i) members[i] = people[i];
    }

    function _recordAll(DatanetId datanet, bytes memory name) private returns (BatchId[] memory batches) {
        batches = new BatchId[](PEOPLE);
        for (uint256 i = 0; i < PEOPLE; ++i) {
            batches[i] = _contribute(datanet, people[i], bytes.concat(name, bytes32(i)));
        }
    }

    /// @dev Every batch is accepted by one validator with all the weight, whose points make it the only one
    /// that validators' shares are for.
    function _validate(BatchId[] memory batches) private {
        _fund(quit, validator, address(validation), 10_000e18);
        VM.prank(validator);
        validation.stake(10_000e18);
        for (uint256 i = 0; i < batches.length; ++i) {
            uint32 number = validation.openRound(batches[i]);
            IValidation.Verdict verdict = IValidation.Verdict.Accept;
            bytes32 hidden = validation.commitmentOf(batches[i], number, validator, verdict, 0, bytes32(i));
            VM.prank(validator);
            validation.commitVerdict(batches[i], hidden, 1_000e18);
        }
        VM.warp(block.timestamp + 1 days);
        for (uint256 i = 0; i < batches.length; ++i) {
            validation.revealVerdict(batches[i], validator, IValidation.Verdict.Accept, 0, bytes32(i));
            validation.closeRound(batches[i]);
        }
        VM.warp(block.timestamp + 15 days);
        for (uint256 i = 0; i < batches.length; ++i) validation.settleVote(batches[i], 1, validator);
    }

    // ---- the reference for earnings: leaves, root and proofs, written again from their description

    function _leaf(uint256 m, address account, uint256 amount) internal view returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(ids[m], account, amount))));
    }

    /// @dev Root of a model's earnings as the reference has them, and the proof of one contributor.
    function _earnings(
        uint256 m,
        uint256 place
    ) internal view returns (bytes32 root, bytes32[] memory proof) {
        bytes32[] memory level = new bytes32[](sizes[m]);
        for (uint256 i = 0; i < level.length; ++i) level[i] = _leaf(m, people[i], cumulative[m][i]);
        bytes32[] memory path = new bytes32[](3);
        uint256 length = 0;
        while (level.length > 1) {
            bytes32[] memory next = new bytes32[]((level.length + 1) / 2);
            for (uint256 i = 0; i < next.length; ++i) {
                bool alone = 2 * i + 1 == level.length;
                next[i] = alone ? level[2 * i] : _node(level[2 * i], level[2 * i + 1]);
            }
            if (place ^ 1 < level.length) path[length++] = level[place ^ 1];
            (level, place) = (next, place / 2);
        }
        root = level[0];
        proof = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) proof[i] = path[i];
    }

    function _claim(uint256 m, uint256 i) internal view returns (IVault.Claim memory) {
        (, bytes32[] memory proof) = _earnings(m, i);
        return IVault.Claim(ids[m], people[i], cumulative[m][i], proof);
    }

    function _owed(uint256 m, uint256 i) internal view returns (uint256) {
        return cumulative[m][i] - taken[m][i];
    }

    /// @dev Inference batches, one adjoint, and the groups of weights.
    function _statements(uint256 m) internal view returns (uint256) {
        return opened[m].commitment.feeTotals.length + 1 + (sizes[m] + GROUP - 1) / GROUP;
    }

    function _balance(address token, address account) internal view returns (uint256) {
        return IERC20(token).balanceOf(account);
    }

    function _node(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(bytes.concat(a, b)) : keccak256(bytes.concat(b, a));
    }
}
