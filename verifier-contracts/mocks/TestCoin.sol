// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

/// @dev Tests only. A token that anybody may mint, with any number of decimals, and which can be told to
/// misbehave: keep a part of each transfer, refuse a recipient, or call somebody in the middle of one.
contract TestCoin is ERC20, ERC20Permit, ERC3009 {
    uint8 private immutable _decimals;
    uint256 public feeBps;
    mapping(address recipient => bool) public refused;
    address private _hookTarget;
    bytes private _hookData;
    /// @dev What the call from within a transfer came to.
    bool public hookSucceeded;
    bytes4 public hookRefusal;

    error TestCoinRefused(address recipient);

    constructor(uint8 decimals_) ERC20("Test", "TEST") ERC20Permit("Test") {
        _decimals = decimals_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setFee(uint256 bps) external {
        feeBps = bps;
    }

    function setRefused(address recipient, bool is_) external {
        refused[recipient] = is_;
    }

    /// @dev The next transfer calls `target`, once.
    function setHook(address target, bytes calldata data) external {
        (_hookTarget, _hookData) = (target, data);
        (hookSucceeded, hookRefusal) = (false, 0);
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (refused[to]) revert TestCoinRefused(to);
        address target = _hookTarget;
        if (target != address(0)) {
            _hookTarget = address(0);
            (bool success, bytes memory data) = target.call(_hookData);
            (hookSucceeded, hookRefusal) = (success, bytes4(data));
        }
        uint256 fee = from == address(0) ? 0 : (value * feeBps) / 10_000;
        super._update(from, to, value - fee);
        if (fee > 0) super._update(from, address(0), fee);
    }
}
