// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchId, DatanetId} from "../Types.sol";

/// @title Datanets: who contributed which batch of records, under which terms, and who took it back
/// @notice A batch is the sponge root of its record leaves; content and digests of content never come here.
/// Its contributor signs it. Batches that are accepted line up in a datanet's draft; its owner publishes the
/// draft as a version, which never changes. A contributor can take its consent back: models that come later
/// may not use the batch, and a tombstone stays.
/// @dev Leaves are salted, so a root says nothing about its content and two honest batches never share one.
/// Whoever copies a root out of a pending transaction gains nothing (it cannot open it) but does take the
/// root; the remedy is a new salt.
///
/// Terms are fixed when a datanet is created, because contributors agree to them by signing. Only the list of
/// contributors, the tokens that may be paid in, and the owner can change, and none of them touches what was
/// recorded.
interface IDatanets {
    /// @notice Who may contribute: anybody, whom the owner allows, or the owner alone.
    enum Policy {
        Open,
        Allowlist,
        Owner
    }

    /// @notice `Accepted` from the start where the datanet asks for no validation.
    enum BatchStatus {
        None,
        Pending,
        Accepted,
        Rejected
    }

    /// @param metadataURI where its description is, `metadataHash` the hash of what is found there
    /// @param licence under which contributors give their records, an SPDX expression or a URI
    /// @param validated whether batches need an accepting verdict before a model may use them
    /// @param tokens ERC-20 tokens that models of this datanet may be paid in, at least one
    struct Terms {
        string metadataURI;
        bytes32 metadataHash;
        string licence;
        Policy policy;
        bool validated;
        address[] tokens;
    }

    /// @param versions how many were published
    /// @param accepted batches that were accepted so far, over all versions and the draft
    /// @param head hash chain over them: head' = keccak256(abi.encode(head, batch, root, count, contributor))
    /// @param termsHash keccak256(abi.encode(terms)) of what it was created with
    struct Datanet {
        address owner;
        address pendingOwner;
        Policy policy;
        bool validated;
        uint32 versions;
        uint64 accepted;
        bytes32 head;
        bytes32 termsHash;
    }

    /// @param accepted the version holds the batches accepted up to this one, in the order of acceptance
    /// @param head the hash chain at that point
    struct Version {
        uint64 accepted;
        uint64 publishedAt;
        bytes32 head;
    }

    /// @param position its place in the order of acceptance, from 1; 0 if it never was
    /// @param decidedAt when it got its verdict; 0 if it has none, or needs none
    /// @param withdrawnAt when its contributor took its consent back; 0 if it did not
    struct Batch {
        DatanetId datanet;
        address contributor;
        uint256 root;
        uint32 count;
        BatchStatus status;
        uint64 position;
        uint64 decidedAt;
        uint64 withdrawnAt;
    }

    /// @notice What a model has to know of a batch; cheaper to read than all of it.
    struct Standing {
        DatanetId datanet;
        address contributor;
        uint256 root;
        uint32 count;
        BatchStatus status;
        bool withdrawn;
        uint64 position;
    }

    error DatanetsUnknownDatanet(DatanetId datanet);
    error DatanetsUnknownBatch(BatchId batch);
    /// @notice A batch's records fit 16 bits.
    error DatanetsWrongProfile();
    error DatanetsUnknownVersion(DatanetId datanet, uint32 version);
    /// @notice A batch holds 1 to `max` records.
    error DatanetsWrongCount(uint32 count, uint32 max);
    /// @notice A root is a field element other than zero.
    error DatanetsNotAFieldElement(uint256 root);
    error DatanetsDuplicateRoot(DatanetId datanet, uint256 root);
    /// @notice Neither sent nor signed by the contributor.
    error DatanetsWrongSignature(address contributor);
    /// @notice The datanet's policy does not let this account contribute.
    error DatanetsNotAdmitted(DatanetId datanet, address contributor);
    error DatanetsNotOwner(DatanetId datanet, address sender);
    error DatanetsNotPendingOwner(DatanetId datanet, address sender);
    /// @notice Contributors are listed only where the policy is `Allowlist`.
    error DatanetsNoAllowlist(DatanetId datanet);
    /// @notice A datanet names 1 to `max` tokens, over its whole life.
    error DatanetsWrongTokenCount(uint256 count, uint256 max);
    error DatanetsDuplicateToken(address token);
    /// @notice There is no contract at this address, so it is no token.
    error DatanetsNotAToken(address token);
    error DatanetsUnknownToken(DatanetId datanet, address token);
    /// @notice Nothing was accepted since the last version.
    error DatanetsNothingNew(DatanetId datanet);
    error DatanetsAlreadyWithdrawn(BatchId batch);
    error DatanetsOnlyValidation(address sender);
    /// @notice The batch is no longer open for this decision.
    error DatanetsAlreadyDecided(BatchId batch, BatchStatus status);
    error DatanetsOnlyDeployer(address sender);
    error DatanetsAlreadyInitialized();

    event Initialized(address validation);
    event DatanetCreated(DatanetId indexed datanet, address indexed owner, Terms terms);
    event OwnershipOffered(DatanetId indexed datanet, address indexed owner, address indexed to);
    event OwnershipTransferred(DatanetId indexed datanet, address indexed from, address indexed to);
    event ContributorAllowed(DatanetId indexed datanet, address indexed contributor, bool allowed);
    event TokenAllowed(DatanetId indexed datanet, address indexed token, bool allowed);
    event Contributed(
        BatchId indexed batch,
        DatanetId indexed datanet,
        address indexed contributor,
        uint256 root,
        uint32 count
    );
    event BatchAccepted(BatchId indexed batch, DatanetId indexed datanet, uint64 position, bytes32 head);
    event BatchRejected(BatchId indexed batch, DatanetId indexed datanet);
    event BatchWithdrawn(BatchId indexed batch, DatanetId indexed datanet, address indexed contributor);
    event VersionPublished(
        DatanetId indexed datanet,
        uint32 indexed version,
        uint64 accepted,
        bytes32 head
    );

    /// @notice Names the contract that decides on batches, once. The deployer only.
    function initialize(address validation) external;

    /// @notice Opens a datanet; the sender owns it.
    function createDatanet(Terms calldata terms) external returns (DatanetId datanet);

    /// @notice Offers the datanet to another owner, who has to accept it; zero takes the offer back.
    function transferDatanet(DatanetId datanet, address to) external;
    function acceptDatanet(DatanetId datanet) external;

    /// @notice Lets an account contribute from now on, or stops it. What it contributed stays.
    function allowContributor(DatanetId datanet, address contributor, bool allowed) external;

    /// @notice Lets later models be paid in a token, or stops it. Models that name it already keep it.
    function allowToken(DatanetId datanet, address token, bool allowed) external;

    /// @notice Records a batch. Sent by the contributor, or by anybody who holds its signature over
    /// `Batch(uint256 datanet,address contributor,uint256 root,uint32 count)` (EIP-712; its key's, or
    /// ERC-1271).
    function contribute(
        DatanetId datanet,
        uint256 root,
        uint32 count,
        address contributor,
        bytes calldata signature
    ) external returns (BatchId batch);

    /// @notice Takes consent back, for good. Sent by the contributor, or by anybody who holds its signature
    /// over `Withdrawal(uint256 batch,address contributor)`. Models committed before are not touched.
    function withdrawBatch(BatchId batch, bytes calldata signature) external;

    /// @notice Freezes what was accepted so far as the datanet's next version. The owner only.
    /// @return version its number, from 1
    function publish(DatanetId datanet) external returns (uint32 version);

    /// @notice Accepts a pending batch, or rejects one that is pending or was accepted. {IValidation} only.
    function decide(BatchId batch, bool accepted) external;

    /// @notice A batch; reverts for a number that was never given.
    function batch(BatchId id) external view returns (Batch memory);

    /// @notice What a model has to know of a batch; reverts for a number that was never given.
    function standing(BatchId id) external view returns (Standing memory);

    /// @notice The batch that holds `root` in a datanet, 0 if none does.
    function batchOf(DatanetId datanet, uint256 root) external view returns (BatchId);

    /// @notice A datanet; reverts for a number that was never given.
    function datanet(DatanetId id) external view returns (Datanet memory);

    /// @notice A published version; reverts for a number that was never given.
    function version(DatanetId datanet, uint32 number) external view returns (Version memory);

    function isContributor(DatanetId datanet, address account) external view returns (bool);
    function isToken(DatanetId datanet, address token) external view returns (bool);

    /// @notice Every token that was ever allowed, at most {MAX_TOKENS}.
    function tokensOf(DatanetId datanet) external view returns (address[] memory);

    /// @notice What a contributor signs to contribute.
    function batchDigest(
        DatanetId datanet,
        address contributor,
        uint256 root,
        uint32 count
    ) external view returns (bytes32);

    /// @notice What a contributor signs to withdraw.
    function withdrawalDigest(BatchId batch, address contributor) external view returns (bytes32);

    function validation() external view returns (address);
    function datanetCount() external view returns (uint256);
    function batchCount() external view returns (uint256);

    /// @notice Most records in a batch: what one circuit opens.
    function batchRecords() external view returns (uint32);
    function MAX_TOKENS() external view returns (uint256);
}
