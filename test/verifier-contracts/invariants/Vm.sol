// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @dev What forge offers at its own address, as far as it is used here.
interface Vm {
    function warp(uint256 timestamp) external;
    function prank(address sender) external;
    function etch(address account, bytes calldata code) external;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function addr(uint256 key) external pure returns (address account);
}

Vm constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

/// @dev What forge asks a contract with invariants: which functions of which contracts it may call.
struct FuzzSelector {
    address addr;
    bytes4[] selectors;
}
