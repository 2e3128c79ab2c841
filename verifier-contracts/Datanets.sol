// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BN254} from "./BN254.sol";
import {IDatanets} from "./interfaces/IDatanets.sol";
import {BatchId, DatanetId} from "./Types.sol";

/// @title Datanets
/// @dev A signature carries no nonce: the root can be recorded once per datanet, so there is nothing to
/// replay.
contract Datanets is IDatanets, EIP712 {
    bytes32 private constant BATCH_TYPE =
        keccak256("Batch(uint256 datanet,address contributor,uint256 root,uint32 count)");

    /// @dev Two slots: contributor, count and datanet share the first.
    struct Packed {
        address contributor;
        uint32 count;
        uint64 datanet;
        uint256 root;
    }

    /// @inheritdoc IDatanets
    uint32 public immutable batchRecords;
    /// @inheritdoc IDatanets
    uint256 public datanetCount;
    /// @inheritdoc IDatanets
    uint256 public batchCount;

    mapping(BatchId => Packed) private _batches;
    mapping(DatanetId => mapping(uint256 root => BatchId)) private _byRoot;

    constructor(uint32 batchRecords_) EIP712("Quittance", "1") {
        batchRecords = batchRecords_;
    }

    /// @inheritdoc IDatanets
    function createDatanet(bytes32 metadataHash) external returns (DatanetId datanet) {
        datanet = DatanetId.wrap(++datanetCount);
        emit DatanetCreated(datanet, msg.sender, metadataHash);
    }

    /// @inheritdoc IDatanets
    function contribute(
        DatanetId datanet,
        uint256 root,
        uint32 count,
        address contributor,
        bytes calldata signature
    ) external returns (BatchId id) {
        uint256 number = DatanetId.unwrap(datanet);
        if (number == 0 || number > datanetCount) revert DatanetsUnknownDatanet(datanet);
        if (count == 0 || count > batchRecords) revert DatanetsWrongCount(count, batchRecords);
        if (root == 0 || root >= BN254.R) revert DatanetsNotAFieldElement(root);
        if (BatchId.unwrap(_byRoot[datanet][root]) != 0) revert DatanetsDuplicateRoot(datanet, root);
        // contributor = 0 can be neither sender nor signer, so it is refused here too.
        if (msg.sender != contributor) {
            bytes32 digest = batchDigest(datanet, contributor, root, count);
            bool signed = SignatureChecker.isValidSignatureNow(contributor, digest, signature);
            if (!signed) revert DatanetsWrongSignature(contributor);
        }
        id = BatchId.wrap(++batchCount);
        _byRoot[datanet][root] = id;
        _batches[id] = Packed(contributor, count, SafeCast.toUint64(number), root);
        emit Contributed(id, datanet, contributor, root, count);
    }

    /// @inheritdoc IDatanets
    function batch(BatchId id) external view returns (Batch memory) {
        Packed storage packed = _batches[id];
        if (packed.count == 0) revert DatanetsUnknownBatch(id);
        return Batch(DatanetId.wrap(packed.datanet), packed.contributor, packed.root, packed.count);
    }

    /// @inheritdoc IDatanets
    function batchOf(DatanetId datanet, uint256 root) external view returns (BatchId) {
        return _byRoot[datanet][root];
    }

    /// @inheritdoc IDatanets
    function batchDigest(
        DatanetId datanet,
        address contributor,
        uint256 root,
        uint32 count
    ) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(BATCH_TYPE, datanet, contributor, root, count)));
    }
}
