// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IVault} from "../../../verifier-contracts/interfaces/IVault.sol";
import {EpochsHandler} from "./EpochsHandler.sol";
import {VM} from "./Vm.sol";

/// @dev What payers and those who earned do, and the books against the reference.
contract EconomyHandler is EpochsHandler {
    uint256 private constant DIGITS = 10;

    // ---- payers

    function deposit(uint256 modelSeed, uint256 payerSeed, uint256 seed) external {
        (uint256 m, uint256 p) = (modelSeed % MODELS, payerSeed % PAYERS);
        uint256 amount = _amount(seed, DIGITS) * (tokens[m] == address(quit) ? 1e9 : 1);
        _fund(IERC20(tokens[m]), payers[p], address(vault), amount);
        VM.prank(payers[p]);
        vault.deposit(ids[m], amount);
        paid[m][p].deposited += amount;
    }

    /// @dev A voucher for more or less than before, valid or not.
    function redeem(uint256 modelSeed, uint256 payerSeed, uint256 seed, uint8 kind) external {
        (uint256 m, uint256 p) = (modelSeed % MODELS, payerSeed % PAYERS);
        Payer storage payer = paid[m][p];
        uint256 most = 2 * payer.deposited + 1;
        IVault.Voucher[] memory vouchers = new IVault.Voucher[](1);
        uint256 sum = kind % 4 == 0 ? payer.deposited : _mix(seed, 2) % most;
        uint64 expiry = uint64(block.timestamp + 1 days);
        vouchers[0] = IVault.Voucher(payers[p], operator, ids[m], sum, expiry);
        uint256 key = _payerKey(p);
        bool raises = _min(sum, payer.deposited) > payer.authorised;
        bytes[] memory signatures = new bytes[](1);
        if (kind % 8 >= 6 && raises) {
            // Too late, or another's signature.
            if (kind % 8 == 6) vouchers[0].expiry = uint64(block.timestamp - 1);
            else key = _payerKey((p + 1) % PAYERS);
            signatures[0] = _sign(key, vault.voucherDigest(vouchers[0]));
            bytes memory data = abi.encodeCall(vault.redeem, (vouchers, signatures));
            _refused(operator, address(vault), data, "vouchers: one that is not valid was taken");
            return;
        }
        signatures[0] = _sign(key, vault.voucherDigest(vouchers[0]));
        if (sum > payer.signed) payer.signed = sum;
        try vault.redeem(vouchers, signatures) {} catch {
            revert("vouchers: one that its payer signed was refused");
        }
        uint256 expected = raises ? _min(sum, payer.deposited) : payer.authorised;
        uint256 authorised = vault.channel(ids[m], payers[p]).authorised;
        require(authorised == expected, "vouchers: not the larger of before and now, within the deposit");
        payer.authorised = authorised;
    }

    /// @dev A payer comes to delegate to code that answers nothing (here it stands at its own address), or
    /// stops: what it signed is worth the same.
    function delegate(uint256 payerSeed) external {
        address payer = payers[payerSeed % PAYERS];
        VM.etch(payer, payer.code.length == 0 ? bytes(hex"00") : bytes(""));
    }

    function requestWithdrawal(uint256 modelSeed, uint256 payerSeed, uint256 seed) external {
        (uint256 m, uint256 p) = (modelSeed % MODELS, payerSeed % PAYERS);
        uint256 before = vault.channel(ids[m], payers[p]).requested;
        VM.prank(payers[p]);
        vault.requestWithdrawal(ids[m], uint128(seed % (2 * paid[m][p].deposited + 1)));
        IVault.Channel memory c = vault.channel(ids[m], payers[p]);
        if (!opened[m].open || c.requested <= before) return;
        uint256 ends = epochs.epochInfo(ids[m], opened[m].number).expiresAt;
        require(c.readyAt >= ends + 1 days, "withdrawals wait: not for an epoch that was open");
    }

    function withdraw(uint256 modelSeed, uint256 payerSeed) external {
        _withdraw(modelSeed % MODELS, payerSeed % PAYERS);
    }

    // ---- who earned

    /// @dev Somebody claims for somebody, alone or with others; nothing is left to claim the second time.
    function claim(uint256 modelSeed, uint256 personSeed, uint256 seed) external {
        uint256 m = modelSeed % MODELS;
        uint256 i = personSeed % sizes[m];
        IVault.Claim memory one = _claim(m, i);
        if (_owed(m, i) == 0) {
            bytes memory data = _claimCall(one);
            _refused(people[i], address(vault), data, "claims within funding: claimed twice");
            return;
        }
        _pay(m, i, one, seed % 3, _mix(seed, 3) % PEOPLE);
    }

    /// @dev What was earned with one model opens nothing of another, nor does a larger sum or another
    /// account.
    function claimAcross(uint256 modelSeed, uint256 personSeed, uint256 seed) external {
        uint256 m = modelSeed % MODELS;
        uint256 i = personSeed % sizes[m];
        if (_owed(m, i) == 0) return;
        IVault.Claim memory one = _claim(m, i);
        if (seed % 3 == 0) one.model = ids[(m + 1) % MODELS];
        else if (seed % 3 == 1) one.cumulative += 1;
        else one.account = people[(i + 1) % PEOPLE];
        bytes memory data = _claimCall(one);
        _refused(people[i], address(vault), data, "nothing crosses: claimed with what is another's");
    }

    /// @dev Shares of treasury and operator, and of validators through {Validation}.
    function collect(uint256 tokenSeed, uint256 who) external {
        address token = tokenSeed % 2 == 0 ? address(coin) : address(quit);
        if (who % 3 == 2) _collectForValidators();
        else _collect(token, who % 3 == 0 ? timelock : operator);
    }

    function wait(uint256 seed) external {
        VM.warp(block.timestamp + _between(seed, 1 hours, 5 days));
    }

    // ---- the books

    function checkBalances() external view {
        uint256 coins = 0;
        uint256 tokens_ = 0;
        for (uint256 m = 0; m < MODELS; ++m) {
            IVault.Accounting memory a = vault.accounting(ids[m]);
            uint256 inside = a.unspent + a.pool + a.carry + a.owed;
            require(
                a.deposited == a.withdrawn + inside + a.shared + a.claimed,
                "balances add up: a model's books do not"
            );
            if (tokens[m] == address(coin)) coins += inside;
            else tokens_ += inside;
            _checkModel(m, a);
        }
        _checkToken(address(coin), coins, dueToValidators);
        _checkToken(address(quit), tokens_, 0);
    }

    function checkFunding() external view {
        for (uint256 m = 0; m < MODELS; ++m) {
            Sums storage s = sums[m];
            uint256 carriedIn = opened[m].open ? opened[m].carriedIn : s.carry;
            require(
                s.settledFees == s.shared + s.payouts + carriedIn,
                "claims within funding: epochs gave other than they had"
            );
            require(s.claimed <= s.payouts, "claims within funding: more was claimed than was earned");
            require(s.claimed == vault.accounting(ids[m]).claimed, "claims within funding: counted otherwise");
        }
    }

    function checkChannels() external view {
        for (uint256 m = 0; m < MODELS; ++m) {
            for (uint256 p = 0; p < PAYERS; ++p) {
                Payer storage payer = paid[m][p];
                IVault.Channel memory c = vault.channel(ids[m], payers[p]);
                require(
                    c.charged + c.withdrawn <= c.deposited && c.charged <= c.authorised,
                    "paid within deposits: more was charged than deposited or authorised"
                );
                require(c.authorised <= c.deposited, "paid within deposits: authorised beyond the deposit");
                require(
                    c.authorised >= payer.authorised && c.authorised <= payer.signed,
                    "vouchers: authorised fell, or is above what was signed"
                );
                require(
                    c.deposited == payer.deposited &&
                        c.charged == payer.charged &&
                        c.withdrawn == payer.withdrawn,
                    "paid within deposits: a channel is not the sum of what was done"
                );
            }
        }
    }

    /// @dev At the end everybody takes what is theirs, in a random order, called by anybody: each has then
    /// received the sum of its payouts, and nothing is left but what models carry over.
    function finish(uint256 seed) external {
        _retire();
        for (uint256 m = 0; m < MODELS; ++m) {
            if (opened[m].open) {
                _prove(m, 64, seed);
                _settle(m, seed);
            }
            _tryRetired(m);
        }
        for (uint256 k = 0; k < MODELS * PEOPLE; ++k) {
            uint256 place = (_mix(seed, 5) + k * 7) % (MODELS * PEOPLE);
            (uint256 m, uint256 i) = (place / PEOPLE, place % PEOPLE);
            if (i < sizes[m] && _owed(m, i) > 0) _pay(m, i, _claim(m, i), _mix(seed, k) % 3, k % PEOPLE);
        }
        for (uint256 k = 0; k < MODELS * PAYERS; ++k) {
            VM.prank(payers[k % PAYERS]);
            vault.requestWithdrawal(ids[k / PAYERS], type(uint128).max);
        }
        VM.warp(block.timestamp + schedule.withdrawalDelay());
        for (uint256 k = 0; k < MODELS * PAYERS; ++k) _withdraw(k / PAYERS, k % PAYERS);
        for (uint256 k = 0; k < 4; ++k) {
            _collect(k % 2 == 0 ? address(coin) : address(quit), k / 2 == 0 ? timelock : operator);
        }
        _collectForValidators();
        uint256 coins = sums[0].carry + sums[2].carry;
        require(_balance(address(coin), address(vault)) == coins, "balances add up: coins were left or lacked");
        require(_balance(address(quit), address(vault)) == sums[1].carry, "balances add up: tokens were left");
    }

    // ---- how

    function _claimCall(IVault.Claim memory one) private view returns (bytes memory) {
        return abi.encodeCall(vault.claim, (one.model, one.account, one.cumulative, one.proof));
    }

    /// @dev Pays person `i` by one of three ways; the caller gets nothing.
    function _pay(uint256 m, uint256 i, IVault.Claim memory one, uint256 way, uint256 caller) private {
        uint256 owed = _owed(m, i);
        uint256 before = _balance(tokens[m], people[i]);
        uint256 callers = _balance(tokens[m], people[caller]);
        if (way == 0) {
            VM.prank(people[caller]);
            vault.claim(one.model, one.account, one.cumulative, one.proof);
        } else if (way == 1) {
            IVault.Claim[] memory many = new IVault.Claim[](2);
            (many[0], many[1]) = (one, one);
            VM.prank(people[caller]);
            vault.claimMany(many);
        } else {
            uint256 end = type(uint256).max;
            bytes32 digest = vault.claimToDigest(one.model, one.account, people[i], one.cumulative, end);
            bytes memory signature = _sign(_personKey(i), digest);
            VM.prank(people[caller]);
            vault.claimTo(one, people[i], end, signature);
        }
        require(_balance(tokens[m], people[i]) - before == owed, "order and caller: not what was owed");
        bool unchanged = caller == i || _balance(tokens[m], people[caller]) == callers;
        require(unchanged, "order and caller: the caller gained");
        taken[m][i] += owed;
        sums[m].claimed += owed;
    }

    function _withdraw(uint256 m, uint256 p) private {
        IVault.Channel memory c = vault.channel(ids[m], payers[p]);
        uint256 expected = _min(c.requested, c.deposited - c.charged - c.withdrawn);
        if (expected == 0 || block.timestamp < c.readyAt) {
            bytes memory data = abi.encodeCall(vault.withdraw, (ids[m]));
            _refused(payers[p], address(vault), data, "paid within deposits: withdrawn too early, or nothing");
            return;
        }
        uint256 before = _balance(tokens[m], payers[p]);
        VM.prank(payers[p]);
        vault.withdraw(ids[m]);
        require(_balance(tokens[m], payers[p]) - before == expected, "balances add up: a withdrawal differs");
        paid[m][p].withdrawn += expected;
    }

    function _collect(address token, address account) private {
        uint256 amount = due[token][account];
        if (amount == 0) {
            bytes memory data = abi.encodeCall(vault.collect, (token, account));
            _refused(account, address(vault), data, "balances add up: collected what nobody was credited");
            return;
        }
        require(vault.collect(token, account) == amount, "balances add up: a share is not what it should be");
        due[token][account] = 0;
    }

    function _collectForValidators() private {
        uint256 amount = validation.distributeFees(validated, address(coin));
        require(amount == dueToValidators, "nothing crosses: validators got other than their datanet's share");
        dueToValidators = 0;
        uint256 owed = validation.feesOwed(validated, address(coin), validator);
        if (owed > 0) validation.claimFees(validated, address(coin), validator);
    }

    function _checkModel(uint256 m, IVault.Accounting memory a) private view {
        (uint256 deposited, uint256 withdrawn, uint256 unspent) = (0, 0, 0);
        for (uint256 p = 0; p < PAYERS; ++p) {
            Payer storage payer = paid[m][p];
            deposited += payer.deposited;
            withdrawn += payer.withdrawn;
            unspent += payer.deposited - payer.charged - payer.withdrawn;
        }
        bool same = a.deposited == deposited && a.withdrawn == withdrawn && a.unspent == unspent;
        require(same, "balances add up: payers' sums differ");
        uint256 pool = opened[m].open ? opened[m].fees + opened[m].carriedIn : 0;
        bool held = a.pool == pool && a.carry == sums[m].carry && a.shared == sums[m].shared;
        require(held, "balances add up: pool, carry or shares differ");
    }

    function _checkToken(address token, uint256 inside, uint256 validators) private view {
        uint256 uncollected = due[token][timelock] + due[token][operator] + validators;
        require(vault.uncollected(token) == uncollected, "balances add up: shares differ");
        require(
            _balance(token, address(vault)) == inside + uncollected,
            "balances add up: the vault holds other than its books say"
        );
    }
}
