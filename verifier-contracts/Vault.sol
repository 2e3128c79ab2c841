// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EarningsTree} from "./EarningsTree.sol";
import {IDatanets} from "./interfaces/IDatanets.sol";
import {IFeeSchedule} from "./interfaces/IFeeSchedule.sol";
import {IFeeSource} from "./interfaces/IFeeSource.sol";
import {IModels} from "./interfaces/IModels.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Signatures} from "./Signatures.sol";
import {DatanetId, ModelId} from "./Types.sol";

/// @title Vault
/// @dev Created by {Epochs}, which alone may charge, distribute and release. It does not trust it with more
/// than it needs: a pool can only be filled from deposits that vouchers authorise, no more can leave it than
/// went in, and what a contributor has earned can only grow.
///
/// Every amount is bounded by what came in, and {SafeCast} guards that door: sums are checked arithmetic, and
/// casts elsewhere are of numbers that were compared with such a sum just before, or that a leaf of the root
/// shows. Tokens are called last, and the guard is held by every function that calls one.
contract Vault is IVault, EIP712, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    bytes32 private constant VOUCHER_TYPE =
        keccak256("Voucher(address payer,address operator,bytes32 model,uint256 cumulative,uint64 expiry)");
    bytes32 private constant CLAIM_TO_TYPE =
        keccak256("ClaimTo(bytes32 model,address account,address to,uint256 cumulative,uint256 deadline)");

    /// @dev A model's books. `earned` is what contributors were credited over all time, `owed` what of it
    /// nobody has claimed. What changes together shares a slot; a claim touches the first two. That `owed`
    /// has 96 bits bounds all that a model can take in, at 79 billion of a token with 18 decimals.
    struct Books {
        bytes32 root;
        IERC20 token;
        uint96 owed;
        uint128 deposited;
        uint128 withdrawn;
        uint128 unspent;
        uint128 pool;
        uint128 carry;
        uint128 shared;
        uint128 earned;
    }

    address public immutable epochs;
    IDatanets public immutable datanets;
    IModels public immutable models;
    IFeeSchedule public immutable schedule;

    mapping(ModelId => Books) private _books;
    mapping(ModelId => mapping(address payer => Channel)) private _channels;
    /// @inheritdoc IVault
    mapping(ModelId => mapping(address account => uint256)) public claimed;
    /// @inheritdoc IVault
    mapping(address token => mapping(address account => uint256)) public collectable;
    /// @inheritdoc IVault
    mapping(DatanetId => mapping(address token => uint256)) public validatorFees;
    /// @inheritdoc IVault
    mapping(address token => uint256) public uncollected;

    modifier onlyEpochs() {
        if (msg.sender != epochs) revert VaultOnlyEpochs(msg.sender);
        _;
    }

    constructor(
        IModels models_,
        IDatanets datanets_,
        IFeeSchedule schedule_
    ) EIP712("Quittance", "1") {
        (epochs, models, datanets, schedule) = (msg.sender, models_, datanets_, schedule_);
    }

    // ---- payers

    /// @inheritdoc IVault
    function deposit(ModelId model, uint256 amount) external nonReentrant {
        _depositFromSender(model, amount);
    }

    /// @inheritdoc IVault
    function depositWithPermit(
        ModelId model,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        IERC20 token = _tokenOf(model);
        // Whoever copies a permit out of the pool of transactions can only use it up, for the same approval.
        try
            IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s)
        {} catch {}
        _depositFromSender(model, amount);
    }

    /// @inheritdoc IVault
    function depositWithAuthorization(
        ModelId model,
        address payer,
        uint256 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        IERC20 token = _tokenOf(model);
        bytes32 nonce = authorizationNonce(model, salt);
        uint256 before = token.balanceOf(address(this));
        IERC3009(address(token)).receiveWithAuthorization(
            payer,
            address(this),
            amount,
            validAfter,
            validBefore,
            nonce,
            v,
            r,
            s
        );
        _credit(model, token, payer, amount, before);
    }

    /// @inheritdoc IVault
    function redeem(Voucher[] calldata vouchers, bytes[] calldata signatures) external nonReentrant {
        if (vouchers.length != signatures.length) revert VaultWrongLength();
        for (uint256 i = 0; i < vouchers.length; ++i) _redeem(vouchers[i], signatures[i]);
    }

    /// @inheritdoc IVault
    function requestWithdrawal(ModelId model, uint128 amount) external {
        Channel storage held = _channels[model][msg.sender];
        uint256 readyAt = held.readyAt;
        if (amount > held.requested) readyAt = block.timestamp + schedule.withdrawalDelay();
        if (amount == 0) readyAt = 0;
        (held.requested, held.readyAt) = (amount, uint64(readyAt));
        emit WithdrawalRequested(model, msg.sender, amount, readyAt);
    }

    /// @inheritdoc IVault
    function withdraw(ModelId model) external nonReentrant returns (uint256) {
        Channel storage held = _channels[model][msg.sender];
        uint128 amount = uint128(Math.min(held.requested, _unspent(held)));
        if (amount == 0) revert VaultNothingToWithdraw(model, msg.sender);
        if (block.timestamp < held.readyAt) revert VaultWithdrawalNotReady(held.readyAt);
        held.requested -= amount;
        held.withdrawn += amount;
        Books storage books = _books[model];
        books.unspent -= amount;
        books.withdrawn += amount;
        emit Withdrawn(model, msg.sender, amount);
        books.token.safeTransfer(msg.sender, amount);
        return amount;
    }

    // ---- who earned

    /// @inheritdoc IVault
    function claim(
        ModelId model,
        address account,
        uint256 cumulative,
        bytes32[] calldata proof
    ) external nonReentrant returns (uint256) {
        (uint96 amount, IERC20 token) = _spend(model, account, cumulative, proof);
        if (amount == 0) revert VaultNothingOwed(model, account);
        emit Claimed(model, account, account, amount);
        token.safeTransfer(account, amount);
        return amount;
    }

    /// @inheritdoc IVault
    function claimMany(Claim[] calldata claims) external nonReentrant returns (uint256 paid) {
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata one = claims[i];
            (uint96 amount, IERC20 token) = _spend(one.model, one.account, one.cumulative, one.proof);
            if (amount == 0) continue;
            if (token.trySafeTransfer(one.account, amount)) {
                paid += amount;
                emit Claimed(one.model, one.account, one.account, amount);
            } else {
                claimed[one.model][one.account] -= amount;
                _books[one.model].owed += amount;
                emit PaymentRefused(one.model, one.account, amount);
            }
        }
    }

    /// @inheritdoc IVault
    function claimTo(
        Claim calldata claim_,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant returns (uint256) {
        (ModelId model, address account) = (claim_.model, claim_.account);
        if (to == address(0)) revert VaultZeroRecipient();
        if (block.timestamp > deadline) revert VaultSignatureExpired(deadline);
        if (msg.sender != account) {
            bytes32 digest = claimToDigest(model, account, to, claim_.cumulative, deadline);
            _checkSignature(account, digest, signature);
        }
        (uint96 amount, IERC20 token) = _spend(model, account, claim_.cumulative, claim_.proof);
        if (amount == 0) revert VaultNothingOwed(model, account);
        emit Claimed(model, account, to, amount);
        token.safeTransfer(to, amount);
        return amount;
    }

    /// @inheritdoc IVault
    function collect(address token, address account) external nonReentrant returns (uint256 amount) {
        amount = collectable[token][account];
        if (amount == 0) revert VaultNothingToCollect(token, account);
        collectable[token][account] = 0;
        uncollected[token] -= amount;
        emit Collected(token, account, amount);
        IERC20(token).safeTransfer(account, amount);
    }

    /// @inheritdoc IFeeSource
    function pullValidatorFees(
        DatanetId datanet,
        address token
    ) external nonReentrant returns (uint256 amount) {
        if (msg.sender != datanets.validation()) revert VaultOnlyValidation(msg.sender);
        amount = validatorFees[datanet][token];
        if (amount == 0) return 0;
        validatorFees[datanet][token] = 0;
        uncollected[token] -= amount;
        emit ValidatorFeesPulled(datanet, token, amount);
        IERC20(token).safeTransfer(msg.sender, amount);
    }

    // ---- epochs

    /// @inheritdoc IVault
    function charge(
        ModelId model,
        address[] calldata payers,
        uint256[] calldata amounts
    ) external onlyEpochs nonReentrant returns (uint128 pool) {
        Books storage books = _books[model];
        if (books.pool != 0) revert VaultPoolOpen(model);
        uint256 sum = 0;
        for (uint256 i = 0; i < payers.length; ++i) {
            uint256 most = chargeable(model, payers[i]);
            if (amounts[i] > most) revert VaultInsufficientDeposit(payers[i], most, amounts[i]);
            _channels[model][payers[i]].charged += uint128(amounts[i]);
            sum += amounts[i];
            emit Charged(model, payers[i], amounts[i]);
        }
        pool = books.carry + sum.toUint128();
        books.unspent -= uint128(sum);
        (books.pool, books.carry) = (pool, 0);
    }

    /// @inheritdoc IVault
    function distribute(
        ModelId model,
        Shares calldata shares,
        address[] calldata accounts,
        uint256[] calldata previous,
        uint256[] calldata payouts
    ) external onlyEpochs nonReentrant returns (uint128 carry, bytes32 root) {
        Books storage books = _books[model];
        _checkEarnings(model, books.root, accounts, previous);
        (uint256[] memory cumulative, uint96 earned) = _addUp(previous, payouts);
        root = EarningsTree.rootOf(model, accounts, cumulative);
        uint128 shared = _share(model, books.token, shares);
        carry = _close(books, model, shared + earned);
        books.shared += shared;
        books.owed += earned;
        books.earned += earned;
        books.root = root;
        emit EarningsRoot(model, root);
    }

    /// @inheritdoc IVault
    function release(
        ModelId model,
        address[] calldata payers,
        uint256[] calldata amounts
    ) external onlyEpochs nonReentrant {
        uint128 sum = 0;
        for (uint256 i = 0; i < payers.length; ++i) {
            uint128 amount = amounts[i].toUint128();
            _channels[model][payers[i]].charged -= amount;
            sum += amount;
            emit Refunded(model, payers[i], amount);
        }
        Books storage books = _books[model];
        _close(books, model, sum);
        books.unspent += sum;
    }

    // ---- views

    /// @inheritdoc IVault
    function rootOf(ModelId model) external view returns (bytes32) {
        return _books[model].root;
    }

    /// @inheritdoc IVault
    function accounting(ModelId model) external view returns (Accounting memory) {
        Books memory b = _books[model];
        return
            Accounting(
                b.deposited,
                b.withdrawn,
                b.unspent,
                b.pool,
                b.carry,
                b.shared,
                b.owed,
                b.earned - b.owed
            );
    }

    /// @inheritdoc IVault
    function channel(ModelId model, address payer) external view returns (Channel memory) {
        return _channels[model][payer];
    }

    /// @inheritdoc IVault
    function unspent(ModelId model, address payer) external view returns (uint256) {
        return _unspent(_channels[model][payer]);
    }

    /// @inheritdoc IVault
    function available(ModelId model, address payer) external view returns (uint256) {
        return _available(_channels[model][payer]);
    }

    /// @inheritdoc IVault
    function chargeable(ModelId model, address payer) public view returns (uint256) {
        Channel storage held = _channels[model][payer];
        return Math.min(_available(held), held.authorised - held.charged);
    }

    /// @inheritdoc IVault
    function authorizationNonce(ModelId model, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode("quittance.deposit", model, salt));
    }

    /// @inheritdoc IVault
    function voucherDigest(Voucher calldata voucher) public view returns (bytes32) {
        // A struct of words encodes as its words.
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPE, voucher)));
    }

    /// @inheritdoc IVault
    function claimToDigest(
        ModelId model,
        address account,
        address to,
        uint256 cumulative,
        uint256 deadline
    ) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(abi.encode(CLAIM_TO_TYPE, model, account, to, cumulative, deadline))
            );
    }

    // ---- how

    function _depositFromSender(ModelId model, uint256 amount) private {
        IERC20 token = _tokenOf(model);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        _credit(model, token, msg.sender, amount, before);
    }

    /// @dev After the token has moved: what is credited is what arrived. Re-entering is the guard's to
    /// refuse.
    function _credit(ModelId model, IERC20 token, address payer, uint256 sent, uint256 before) private {
        if (sent == 0) revert VaultNothingDeposited();
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != sent) revert VaultTokenTookFee(address(token), sent, received);
        Books storage books = _books[model];
        uint128 amount = sent.toUint128();
        books.token = token;
        books.deposited = (books.deposited + sent).toUint96();
        books.unspent += amount;
        _channels[model][payer].deposited += amount;
        emit Deposited(model, payer, amount);
    }

    function _redeem(Voucher calldata voucher, bytes calldata signature) private {
        (ModelId model, address payer) = (voucher.model, voucher.payer);
        Channel storage held = _channels[model][payer];
        uint256 raised = Math.min(voucher.cumulative, held.deposited);
        if (raised <= held.authorised) return;
        if (block.timestamp > voucher.expiry) revert VaultVoucherExpired(payer, voucher.expiry);
        address operator = models.operatorOf(model);
        if (voucher.operator != operator) revert VaultWrongOperator(voucher.operator, operator);
        _checkSignature(payer, voucherDigest(voucher), signature);
        held.authorised = uint128(raised);
        emit VoucherRedeemed(model, payer, raised);
    }

    /// @dev Before a model's first settlement nobody has earned anything, and there is no root.
    function _checkEarnings(
        ModelId model,
        bytes32 root,
        address[] calldata accounts,
        uint256[] calldata previous
    ) private pure {
        if (previous.length != accounts.length) revert VaultWrongLength();
        bool same = true;
        if (root == 0) for (uint256 i = 0; i < previous.length; ++i) same = same && previous[i] == 0;
        else same = EarningsTree.rootOf(model, accounts, previous) == root;
        if (!same) revert VaultWrongEarnings(model);
    }

    function _addUp(
        uint256[] calldata previous,
        uint256[] calldata payouts
    ) private pure returns (uint256[] memory cumulative, uint96 earned) {
        cumulative = new uint256[](previous.length);
        uint256 sum = 0;
        for (uint256 i = 0; i < previous.length; ++i) {
            sum += payouts[i];
            cumulative[i] = previous[i] + payouts[i];
        }
        earned = sum.toUint96();
    }

    /// @dev Credits treasury, operator and validators; returns the sum.
    function _share(ModelId model, IERC20 token, Shares calldata shares) private returns (uint128 sum) {
        sum = shares.protocol + shares.developer + shares.validators;
        if (sum == 0) return 0;
        address key = address(token);
        collectable[key][shares.treasury] += shares.protocol;
        collectable[key][shares.operator] += shares.developer;
        if (shares.validators > 0) validatorFees[shares.datanet][key] += shares.validators;
        uncollected[key] += sum;
        emit Shared(model, key, shares);
    }

    /// @dev Empties the pool of which `spent` was given away: the rest is the model's carry.
    function _close(Books storage books, ModelId model, uint128 spent) private returns (uint128 carry) {
        uint128 pool = books.pool;
        if (spent > pool) revert VaultPoolExceeded(model, pool, spent);
        carry = pool - spent;
        (books.pool, books.carry) = (0, carry);
    }

    /// @dev Marks everything that the leaf says as claimed and returns what was not before, with its token,
    /// which shares a slot with what is owed and is read with it.
    function _spend(
        ModelId model,
        address account,
        uint256 cumulative,
        bytes32[] calldata proof
    ) private returns (uint96 amount, IERC20 token) {
        Books storage books = _books[model];
        bytes32 leaf = EarningsTree.leafOf(model, account, cumulative);
        // No leaf can be made to hash to the 0 that stands for "no root yet".
        if (!MerkleProof.verifyCalldata(proof, books.root, leaf)) revert VaultWrongProof(model, account);
        mapping(address account => uint256) storage before = claimed[model];
        amount = uint96(cumulative - before[account]);
        if (amount == 0) return (0, token);
        before[account] = cumulative;
        uint96 owed;
        (token, owed) = (books.token, books.owed);
        books.owed = owed - amount;
    }

    function _checkSignature(address signer, bytes32 digest, bytes calldata signature) private view {
        if (!Signatures.isSignedBy(signer, digest, signature)) revert VaultWrongSignature(signer);
    }

    function _tokenOf(ModelId model) private view returns (IERC20) {
        if (!models.exists(model)) revert VaultUnknownModel(model);
        return IERC20(models.tokenOf(model));
    }

    function _unspent(Channel storage held) private view returns (uint128) {
        return held.deposited - held.charged - held.withdrawn;
    }

    /// @dev A request is out of reach once its time has come.
    function _available(Channel storage held) private view returns (uint256) {
        uint256 rest = _unspent(held);
        if (held.requested == 0 || block.timestamp < held.readyAt) return rest;
        return Math.saturatingSub(rest, held.requested);
    }
}
