// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DatanetId, ModelId} from "../Types.sol";
import {IFeeSource} from "./IFeeSource.sol";

/// @title Vault: holds the coins, and knows whose each of them is
/// @notice Payers deposit the model's token and sign a voucher with every request: one signature that says
/// how much they owe that model in all. Anybody may redeem vouchers; an epoch charges a payer no more than
/// its vouchers and its deposit allow. Settling credits the fee split and writes the root of what every
/// contributor has earned so far ({EarningsTree}); anybody may claim for its owner, who keeps the right
/// for good.
/// @dev For every model, at all times and to the last unit:
/// `deposited = withdrawn + unspent + pool + carry + shared + owed + claimed`.
///
/// For every payer of a model: `charged <= authorised <= deposited`, and `authorised` only grows. A voucher
/// is cumulative, so an old one adds nothing, and what was redeemed for an epoch that expired can be charged
/// again.
///
/// A withdrawal is asked for first. Its delay is longer than an open epoch can last, so that the operator can
/// still redeem and charge what it served; once it has passed, what was asked for is out of the operator's
/// reach, redeemed vouchers included, even if an open epoch holds it just then and gives it back later.
///
/// Tokens that keep a part of a transfer are refused when they arrive; tokens whose balances change by
/// themselves are for the datanet's owner not to allow.
interface IVault is IFeeSource {
    /// @notice Every unit of a model's token that came in, by what it is now. `shared` was credited to
    /// treasury, operator and validators; `owed` are contributors' earnings that nobody has claimed yet.
    struct Accounting {
        uint256 deposited;
        uint256 withdrawn;
        uint256 unspent;
        uint256 pool;
        uint256 carry;
        uint256 shared;
        uint256 owed;
        uint256 claimed;
    }

    /// @notice What a payer signs (EIP-712, this contract's domain): that it owes the model `cumulative` in
    /// all, all earlier answers included.
    /// @param operator the model's operator, named so that the payer sees whom it pays
    /// @param cumulative in the token's smallest unit
    /// @param expiry until when it can be redeemed
    struct Voucher {
        address payer;
        address operator;
        ModelId model;
        uint256 cumulative;
        uint64 expiry;
    }

    /// @param deposited all that the payer ever deposited for the model
    /// @param charged what epochs took of it
    /// @param authorised the most that redeemed vouchers let epochs take, over all time
    /// @param withdrawn what it took back
    struct Channel {
        uint128 deposited;
        uint128 charged;
        uint128 authorised;
        uint128 withdrawn;
        uint128 requested;
        uint64 readyAt;
    }

    /// @notice One claim of {claimMany}.
    struct Claim {
        ModelId model;
        address account;
        uint256 cumulative;
        bytes32[] proof;
    }

    /// @notice What settling an epoch gives to whom.
    /// @param treasury who receives `protocol`
    /// @param operator who receives `developer`
    /// @param datanet whose validators receive `validators`
    struct Shares {
        address treasury;
        address operator;
        DatanetId datanet;
        uint128 protocol;
        uint128 developer;
        uint128 validators;
    }

    error VaultOnlyEpochs(address sender);
    error VaultOnlyValidation(address sender);
    error VaultUnknownModel(ModelId model);
    error VaultNothingDeposited();
    /// @notice The token handed over `received` where `amount` was sent.
    error VaultTokenTookFee(address token, uint256 amount, uint256 received);
    error VaultWrongLength();
    /// @notice The voucher names another operator than the model's.
    error VaultWrongOperator(address operator, address expected);
    error VaultVoucherExpired(address payer, uint256 expiry);
    error VaultWrongSignature(address signer);
    error VaultSignatureExpired(uint256 deadline);
    /// @notice Of the payer's deposit `chargeable` can be charged, its redeemed vouchers considered, and
    /// `amount` was asked for.
    error VaultInsufficientDeposit(address payer, uint256 chargeable, uint256 amount);
    error VaultPoolOpen(ModelId model);
    /// @notice More was to be given away than the pool holds.
    error VaultPoolExceeded(ModelId model, uint256 pool, uint256 amount);
    error VaultNothingToWithdraw(ModelId model, address payer);
    error VaultWithdrawalNotReady(uint256 readyAt);
    /// @notice What was said to be earned before is not what the model's root holds.
    error VaultWrongEarnings(ModelId model);
    /// @notice The proof does not lead to the model's root: it is another's, or from before its last epoch.
    error VaultWrongProof(ModelId model, address account);
    error VaultNothingOwed(ModelId model, address account);
    error VaultNothingToCollect(address token, address account);
    error VaultZeroRecipient();

    event Deposited(ModelId indexed model, address indexed payer, uint256 amount);
    event VoucherRedeemed(ModelId indexed model, address indexed payer, uint256 authorised);
    event WithdrawalRequested(ModelId indexed model, address indexed payer, uint256 amount, uint256 readyAt);
    event Withdrawn(ModelId indexed model, address indexed payer, uint256 amount);
    event Charged(ModelId indexed model, address indexed payer, uint256 amount);
    event Refunded(ModelId indexed model, address indexed payer, uint256 amount);
    event EarningsRoot(ModelId indexed model, bytes32 root);
    event Shared(ModelId indexed model, address indexed token, Shares shares);
    event Claimed(ModelId indexed model, address indexed account, address indexed to, uint256 amount);
    /// @notice A payment within {claimMany} was not taken; it is still owed.
    event PaymentRefused(ModelId indexed model, address indexed account, uint256 amount);
    event Collected(address indexed token, address indexed account, uint256 amount);
    event ValidatorFeesPulled(DatanetId indexed datanet, address indexed token, uint256 amount);

    /// @notice Adds `amount` of the model's token to the sender's deposit for it.
    function deposit(ModelId model, uint256 amount) external;

    /// @notice The same with an ERC-2612 permit in place of an approval.
    function depositWithPermit(
        ModelId model,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Deposits for `payer`, who signed an ERC-3009 `ReceiveWithAuthorization` to this contract.
    /// Anybody may send it; its nonce is {authorizationNonce}, which ties it to the model.
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
    ) external;

    /// @notice Raises what epochs may charge payers to what their vouchers say, and never above what they
    /// deposited. Anybody may call. A voucher that adds nothing is passed over unread.
    /// @param signatures one for each voucher: the payer's key's, which no code at its address can deny, or
    /// what that code accepts (ERC-1271)
    function redeem(Voucher[] calldata vouchers, bytes[] calldata signatures) external;

    /// @notice Asks for up to `amount` of the sender's deposit back, ready after
    /// {IFeeSchedule-withdrawalDelay}. It replaces an earlier request: asking for less keeps that one's
    /// clock, asking for more starts it again, 0 cancels. May exceed what is there now: an open epoch may
    /// give some back later.
    function requestWithdrawal(ModelId model, uint128 amount) external;

    /// @notice Pays what a request whose time has come can be paid now; the rest of the request stays.
    function withdraw(ModelId model) external returns (uint256 amount);

    /// @notice Pays `account` what it has earned with a model and not received yet. Anybody may call.
    /// @param cumulative all that it has earned, as its leaf says
    /// @param proof from its leaf to {rootOf}
    function claim(
        ModelId model,
        address account,
        uint256 cumulative,
        bytes32[] calldata proof
    ) external returns (uint256 amount);

    /// @notice Pays many accounts, of any models. One that has nothing to come is passed over; one whose
    /// token refuses the payment keeps what it is owed.
    function claimMany(Claim[] calldata claims) external returns (uint256 paid);

    /// @notice Pays what `account` has earned to `to` instead. Sent by the account itself, or by anybody who
    /// holds its signature over `ClaimTo(bytes32 model,address account,address to,uint256 cumulative,uint256
    /// deadline)` (EIP-712; its key's, or ERC-1271). It works once: `cumulative` is paid then.
    function claimTo(
        Claim calldata claim_,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 amount);

    /// @notice Pays a treasury or an operator its shares of fees in a token. Anybody may call.
    function collect(address token, address account) external returns (uint256 amount);

    /// @notice Moves charges and the carry into the model's pool. Epochs only.
    function charge(
        ModelId model,
        address[] calldata payers,
        uint256[] calldata amounts
    ) external returns (uint128 pool);

    /// @notice Credits the shares and the contributors' payouts from the pool, and writes the new root; what
    /// is left becomes the carry. Epochs only, whose event names every payout.
    /// @param accounts the model's contributors, in its order
    /// @param previous what each of them had earned before, which must be what the current root holds
    function distribute(
        ModelId model,
        Shares calldata shares,
        address[] calldata accounts,
        uint256[] calldata previous,
        uint256[] calldata payouts
    ) external returns (uint128 carry, bytes32 root);

    /// @notice Gives charges back to their payers' deposits; what is left becomes the carry again. Epochs
    /// only.
    function release(ModelId model, address[] calldata payers, uint256[] calldata amounts) external;

    /// @notice The root of what a model's contributors have earned; 0 before its first settlement.
    function rootOf(ModelId model) external view returns (bytes32);
    function accounting(ModelId model) external view returns (Accounting memory);
    function channel(ModelId model, address payer) external view returns (Channel memory);
    /// @notice A payer's deposit for a model that no epoch has charged.
    function unspent(ModelId model, address payer) external view returns (uint256);
    /// @notice The part of it that no withdrawal has put out of the operator's reach.
    function available(ModelId model, address payer) external view returns (uint256);
    /// @notice What an epoch can charge the payer now: {available}, and within its redeemed vouchers.
    function chargeable(ModelId model, address payer) external view returns (uint256);
    function claimed(ModelId model, address account) external view returns (uint256);
    /// @notice What {collect} would pay.
    function collectable(address token, address account) external view returns (uint256);
    /// @notice What the validators of a datanet can pull.
    function validatorFees(DatanetId datanet, address token) external view returns (uint256);
    /// @notice Shares in a token that were credited, of all models, and not collected or pulled yet.
    function uncollected(address token) external view returns (uint256);
    /// @notice The ERC-3009 nonce of a deposit: keccak256(abi.encode("quittance.deposit", model, salt)).
    function authorizationNonce(ModelId model, bytes32 salt) external pure returns (bytes32);
    /// @notice What a payer signs.
    function voucherDigest(Voucher calldata voucher) external view returns (bytes32);
    /// @notice What an account signs for {claimTo}.
    function claimToDigest(
        ModelId model,
        address account,
        address to,
        uint256 cumulative,
        uint256 deadline
    ) external view returns (bytes32);
}
