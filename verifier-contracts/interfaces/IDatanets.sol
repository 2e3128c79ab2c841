// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchId, DatanetId} from "../Types.sol";

/// @title Datanets: who contributed which batch of records, and when
/// @notice A batch is the sponge root of its record leaves; content never comes here. Its contributor signs
/// it.
/// @dev Leaves are salted, so a root says nothing about its content and two honest batches never share one.
/// Whoever copies a root out of a pending transaction gains nothing (it cannot open it) but does take the
/// root; the remedy is a new salt.
interface IDatanets {
    struct Batch {
        DatanetId datanet;
        address contributor;
        uint256 root;
        uint32 count;
    }

    error DatanetsUnknownDatanet(DatanetId datanet);
    error DatanetsUnknownBatch(BatchId batch);
    /// @notice A batch holds 1 to `max` records.
    error DatanetsWrongCount(uint32 count, uint32 max);
    /// @notice A root is a field element other than zero.
    error DatanetsNotAFieldElement(uint256 root);
    error DatanetsDuplicateRoot(DatanetId datanet, uint256 root);
    /// @notice Neither sent nor signed by the contributor.
    error DatanetsWrongSignature(address contributor);

    event DatanetCreated(DatanetId indexed datanet, address indexed creator, bytes32 metadataHash);
    event Contributed(
        BatchId indexed batch,
        DatanetId indexed datanet,
        address indexed contributor,
        uint256 root,
        uint32 count
    );

    /// @notice Opens a datanet.
    /// @param metadataHash hash of its description, kept elsewhere
    function createDatanet(bytes32 metadataHash) external returns (DatanetId datanet);

    /// @notice Records a batch. Sent by the contributor, or by anybody who holds its signature over
    /// `Batch(uint256 datanet,address contributor,uint256 root,uint32 count)` (EIP-712; ERC-1271 for
    /// contract wallets).
    function contribute(
        DatanetId datanet,
        uint256 root,
        uint32 count,
        address contributor,
        bytes calldata signature
    ) external returns (BatchId batch);

    /// @notice A batch; reverts for a number that was never given.
    function batch(BatchId id) external view returns (Batch memory);

    /// @notice The batch that holds `root` in a datanet, 0 if none does.
    function batchOf(DatanetId datanet, uint256 root) external view returns (BatchId);

    /// @notice What a contributor signs.
    function batchDigest(
        DatanetId datanet,
        address contributor,
        uint256 root,
        uint32 count
    ) external view returns (bytes32);

    function datanetCount() external view returns (uint256);
    function batchCount() external view returns (uint256);

    /// @notice Most records in a batch: what one circuit opens.
    function batchRecords() external view returns (uint32);
}
