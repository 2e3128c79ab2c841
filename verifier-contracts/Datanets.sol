// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BN254} from "./BN254.sol";
import {IDatanets} from "./interfaces/IDatanets.sol";
import {Signatures} from "./Signatures.sol";
import {BatchId, DatanetId} from "./Types.sol";

/// @title Datanets
/// @dev Signatures carry no nonce: a root can be recorded once per datanet and a batch withdrawn once, so
/// there is nothing to replay.
///
/// A version is a length of the order of acceptance. Whether a batch belongs to it is one comparison, however
/// many there are, and nothing has to be copied when it is published.
contract Datanets is IDatanets, EIP712 {
    bytes32 private constant BATCH_TYPE =
        keccak256("Batch(uint256 datanet,address contributor,uint256 root,uint32 count)");
    bytes32 private constant WITHDRAWAL_TYPE = keccak256("Withdrawal(uint256 batch,address contributor)");

    /// @inheritdoc IDatanets
    /// @dev Bounds what {Validation} does for each token of a datanet when a validator earns.
    uint256 public constant MAX_TOKENS = 8;

    /// @dev Two slots that every model reads for each of its batches, and one more for the times. 2^40
    /// datanets, and 2^32 batches in each, are more than any chain will record.
    struct Packed {
        address contributor;
        uint16 count;
        uint40 datanet;
        uint32 position;
        uint8 state;
        uint256 root;
        uint64 decidedAt;
        uint64 withdrawnAt;
    }

    /// @dev Of `state`; the other bits are the {BatchStatus}.
    uint8 private constant WITHDRAWN = 0x80;

    address private immutable _deployer;
    /// @inheritdoc IDatanets
    uint32 public immutable batchRecords;
    /// @inheritdoc IDatanets
    address public validation;
    /// @inheritdoc IDatanets
    uint256 public datanetCount;
    /// @inheritdoc IDatanets
    uint256 public batchCount;

    mapping(BatchId => Packed) private _batches;
    mapping(DatanetId => mapping(uint256 root => BatchId)) private _byRoot;
    mapping(DatanetId => Datanet) private _datanets;
    mapping(DatanetId => mapping(uint32 number => Version)) private _versions;
    mapping(DatanetId => address[]) private _tokens;
    /// @inheritdoc IDatanets
    mapping(DatanetId => mapping(address token => bool)) public isToken;
    mapping(DatanetId => mapping(address contributor => bool)) private _allowed;

    constructor(uint32 batchRecords_) EIP712("Quittance", "1") {
        if (batchRecords_ == 0 || batchRecords_ > type(uint16).max) revert DatanetsWrongProfile();
        batchRecords = batchRecords_;
        _deployer = msg.sender;
    }

    /// @inheritdoc IDatanets
    function initialize(address validation_) external {
        if (msg.sender != _deployer) revert DatanetsOnlyDeployer(msg.sender);
        if (validation != address(0) || validation_ == address(0)) revert DatanetsAlreadyInitialized();
        validation = validation_;
        emit Initialized(validation_);
    }

    /// @inheritdoc IDatanets
    function createDatanet(Terms calldata terms) external returns (DatanetId id) {
        uint256 count = terms.tokens.length;
        if (count == 0 || count > MAX_TOKENS) revert DatanetsWrongTokenCount(count, MAX_TOKENS);
        id = DatanetId.wrap(++datanetCount);
        Datanet storage created = _datanets[id];
        created.owner = msg.sender;
        created.policy = terms.policy;
        created.validated = terms.validated;
        created.termsHash = keccak256(abi.encode(terms));
        for (uint256 i = 0; i < count; ++i) {
            if (isToken[id][terms.tokens[i]]) revert DatanetsDuplicateToken(terms.tokens[i]);
            _addToken(id, terms.tokens[i]);
        }
        emit DatanetCreated(id, msg.sender, terms);
    }

    /// @inheritdoc IDatanets
    function transferDatanet(DatanetId id, address to) external {
        Datanet storage owned = _owned(id);
        owned.pendingOwner = to;
        emit OwnershipOffered(id, msg.sender, to);
    }

    /// @inheritdoc IDatanets
    function acceptDatanet(DatanetId id) external {
        Datanet storage offered = _known(id);
        if (msg.sender != offered.pendingOwner) revert DatanetsNotPendingOwner(id, msg.sender);
        address from = offered.owner;
        (offered.owner, offered.pendingOwner) = (msg.sender, address(0));
        emit OwnershipTransferred(id, from, msg.sender);
    }

    /// @inheritdoc IDatanets
    function allowContributor(DatanetId id, address contributor, bool allowed) external {
        if (_owned(id).policy != Policy.Allowlist) revert DatanetsNoAllowlist(id);
        _allowed[id][contributor] = allowed;
        emit ContributorAllowed(id, contributor, allowed);
    }

    /// @inheritdoc IDatanets
    function allowToken(DatanetId id, address token, bool allowed) external {
        _owned(id);
        if (isToken[id][token] != allowed) {
            if (!allowed) isToken[id][token] = false;
            else if (_wasToken(id, token)) isToken[id][token] = true;
            else _addToken(id, token);
        }
        emit TokenAllowed(id, token, allowed);
    }

    /// @inheritdoc IDatanets
    function contribute(
        DatanetId id,
        uint256 root,
        uint32 count,
        address contributor,
        bytes calldata signature
    ) external returns (BatchId added) {
        bool validated = _known(id).validated;
        if (count == 0 || count > batchRecords) revert DatanetsWrongCount(count, batchRecords);
        if (root == 0 || root >= BN254.R) revert DatanetsNotAFieldElement(root);
        if (BatchId.unwrap(_byRoot[id][root]) != 0) revert DatanetsDuplicateRoot(id, root);
        // contributor = 0 can be neither sender nor signer, so it is refused here too.
        _checkConsent(contributor, batchDigest(id, contributor, root, count), signature);
        if (!isContributor(id, contributor)) revert DatanetsNotAdmitted(id, contributor);
        added = BatchId.wrap(++batchCount);
        _byRoot[id][root] = added;
        Packed storage packed = _batches[added];
        packed.contributor = contributor;
        packed.count = uint16(count);
        packed.datanet = SafeCast.toUint40(DatanetId.unwrap(id));
        packed.state = uint8(BatchStatus.Pending);
        packed.root = root;
        emit Contributed(added, id, contributor, root, count);
        if (!validated) _accept(added, packed, id);
    }

    /// @inheritdoc IDatanets
    function withdrawBatch(BatchId id, bytes calldata signature) external {
        Packed storage packed = _recorded(id);
        if (packed.state & WITHDRAWN != 0) revert DatanetsAlreadyWithdrawn(id);
        address contributor = packed.contributor;
        _checkConsent(contributor, withdrawalDigest(id, contributor), signature);
        packed.state |= WITHDRAWN;
        packed.withdrawnAt = uint64(block.timestamp);
        emit BatchWithdrawn(id, DatanetId.wrap(packed.datanet), contributor);
    }

    /// @inheritdoc IDatanets
    function publish(DatanetId id) external returns (uint32 number) {
        Datanet storage owned = _owned(id);
        number = owned.versions;
        // Version 0 holds nothing.
        if (owned.accepted == _versions[id][number].accepted) revert DatanetsNothingNew(id);
        owned.versions = ++number;
        _versions[id][number] = Version(owned.accepted, uint64(block.timestamp), owned.head);
        emit VersionPublished(id, number, owned.accepted, owned.head);
    }

    /// @inheritdoc IDatanets
    function decide(BatchId id, bool accepted) external {
        if (msg.sender != validation) revert DatanetsOnlyValidation(msg.sender);
        Packed storage packed = _recorded(id);
        BatchStatus status = _statusOf(packed.state);
        bool open = status == BatchStatus.Pending || (!accepted && status == BatchStatus.Accepted);
        if (!open) revert DatanetsAlreadyDecided(id, status);
        packed.decidedAt = uint64(block.timestamp);
        if (accepted) {
            _accept(id, packed, DatanetId.wrap(packed.datanet));
        } else {
            packed.state = (packed.state & WITHDRAWN) | uint8(BatchStatus.Rejected);
            emit BatchRejected(id, DatanetId.wrap(packed.datanet));
        }
    }

    /// @inheritdoc IDatanets
    function batch(BatchId id) external view returns (Batch memory) {
        Packed storage packed = _recorded(id);
        return
            Batch({
                datanet: DatanetId.wrap(packed.datanet),
                contributor: packed.contributor,
                root: packed.root,
                count: packed.count,
                status: _statusOf(packed.state),
                position: packed.position,
                decidedAt: packed.decidedAt,
                withdrawnAt: packed.withdrawnAt
            });
    }

    /// @inheritdoc IDatanets
    function standing(BatchId id) external view returns (Standing memory) {
        Packed storage packed = _recorded(id);
        return
            Standing({
                datanet: DatanetId.wrap(packed.datanet),
                contributor: packed.contributor,
                root: packed.root,
                count: packed.count,
                status: _statusOf(packed.state),
                withdrawn: packed.state & WITHDRAWN != 0,
                position: packed.position
            });
    }

    /// @inheritdoc IDatanets
    function batchOf(DatanetId id, uint256 root) external view returns (BatchId) {
        return _byRoot[id][root];
    }

    /// @inheritdoc IDatanets
    function datanet(DatanetId id) external view returns (Datanet memory) {
        return _known(id);
    }

    /// @inheritdoc IDatanets
    function version(DatanetId id, uint32 number) external view returns (Version memory found) {
        found = _versions[id][number];
        if (found.accepted == 0) revert DatanetsUnknownVersion(id, number);
    }

    /// @inheritdoc IDatanets
    function tokensOf(DatanetId id) external view returns (address[] memory) {
        return _tokens[id];
    }

    /// @inheritdoc IDatanets
    function isContributor(DatanetId id, address account) public view returns (bool) {
        Datanet storage known = _known(id);
        if (known.policy == Policy.Open) return true;
        return known.policy == Policy.Owner ? account == known.owner : _allowed[id][account];
    }

    /// @inheritdoc IDatanets
    function batchDigest(
        DatanetId id,
        address contributor,
        uint256 root,
        uint32 count
    ) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(BATCH_TYPE, id, contributor, root, count)));
    }

    /// @inheritdoc IDatanets
    function withdrawalDigest(BatchId id, address contributor) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(WITHDRAWAL_TYPE, id, contributor)));
    }

    /// @dev A batch that was withdrawn before its verdict takes no place.
    function _accept(BatchId id, Packed storage packed, DatanetId owner) private {
        uint8 withdrawn = packed.state & WITHDRAWN;
        packed.state = withdrawn | uint8(BatchStatus.Accepted);
        Datanet storage known = _datanets[owner];
        if (withdrawn == 0) {
            packed.position = SafeCast.toUint32(++known.accepted);
            known.head = keccak256(
                abi.encode(known.head, id, packed.root, packed.count, packed.contributor)
            );
        }
        emit BatchAccepted(id, owner, packed.position, known.head);
    }

    function _addToken(DatanetId id, address token) private {
        if (token.code.length == 0) revert DatanetsNotAToken(token);
        uint256 count = _tokens[id].length;
        if (count == MAX_TOKENS) revert DatanetsWrongTokenCount(count + 1, MAX_TOKENS);
        _tokens[id].push(token);
        isToken[id][token] = true;
    }

    function _wasToken(DatanetId id, address token) private view returns (bool) {
        address[] storage tokens = _tokens[id];
        for (uint256 i = 0; i < tokens.length; ++i) {
            if (tokens[i] == token) return true;
        }
        return false;
    }

    function _checkConsent(address contributor, bytes32 digest, bytes calldata signature) private view {
        if (msg.sender == contributor) return;
        bool signed = Signatures.isSignedBy(contributor, digest, signature);
        if (!signed) revert DatanetsWrongSignature(contributor);
    }

    function _statusOf(uint8 state) private pure returns (BatchStatus) {
        return BatchStatus(state & ~WITHDRAWN);
    }

    function _known(DatanetId id) private view returns (Datanet storage known) {
        known = _datanets[id];
        if (known.owner == address(0)) revert DatanetsUnknownDatanet(id);
    }

    function _owned(DatanetId id) private view returns (Datanet storage owned) {
        owned = _known(id);
        if (msg.sender != owned.owner) revert DatanetsNotOwner(id, msg.sender);
    }

    function _recorded(BatchId id) private view returns (Packed storage packed) {
        packed = _batches[id];
        if (packed.count == 0) revert DatanetsUnknownBatch(id);
    }
}
