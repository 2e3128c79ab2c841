// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title The curve BN254, as far as a Groth16 verifier needs it
/// @notice y² = x³ + 3 over F_q; both groups have the prime order r. Additions, multiplications and
/// pairings are the chain's own precompiles 6, 7 and 8 (EIP-196, EIP-197).
/// @dev The pitfall: the precompiles accept scalars ≥ r, so `x` and `x + r` are one public input to them.
/// They also read (0, 0) as the point at infinity. Both are refused here, before any precompile is called.
library BN254 {
    /// @dev Order of the base field: coordinates are below it.
    uint256 internal constant Q =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;
    /// @dev Order of both groups: scalars, and therefore public inputs, are below it.
    uint256 internal constant R =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @dev The generator of G2 that EIP-197 names, imaginary parts first.
    uint256 internal constant G2_X1 =
        11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 internal constant G2_X0 =
        10857046999023057135944570762232829481370756359578518086990519993285655852781;
    uint256 internal constant G2_Y1 =
        4082367875863433681332203403145435568316851327593401208105741076214120093531;
    uint256 internal constant G2_Y0 =
        8495653923123431417604973247489272438418190587263600148770280649306958101930;

    /// @dev Whether (x, y) is a canonical point of G1 other than infinity. G1 is the whole curve: no
    /// subgroup check.
    function isG1(uint256 x, uint256 y) internal pure returns (bool) {
        if (x >= Q || y >= Q) return false;
        return mulmod(y, y, Q) == addmod(mulmod(mulmod(x, x, Q), x, Q), 3, Q);
    }

    /// @dev Whether the four words are a canonical point of G2, in the subgroup of order r, other than
    /// infinity. The pairing precompile itself refuses whatever is off the curve or outside the subgroup.
    function isG2(uint256 x1, uint256 x0, uint256 y1, uint256 y0) internal view returns (bool) {
        if (x1 >= Q || x0 >= Q || y1 >= Q || y0 >= Q) return false;
        if (x1 == 0 && x0 == 0 && y1 == 0 && y0 == 0) return false;
        uint256[] memory input = new uint256[](6);
        (input[2], input[3], input[4], input[5]) = (x1, x0, y1, y0);
        (bool valid, ) = pairing(input);
        return valid;
    }

    /// @dev (px, py) + scalar · (x, y). `ok` is false only when the precompile refuses its input.
    function addScaled(
        uint256 px,
        uint256 py,
        uint256 x,
        uint256 y,
        uint256 scalar
    ) internal view returns (bool ok, uint256 rx, uint256 ry) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, x)
            mstore(add(free, 0x20), y)
            mstore(add(free, 0x40), scalar)
            ok := staticcall(gas(), 7, free, 0x60, free, 0x40)
            mstore(add(free, 0x40), px)
            mstore(add(free, 0x60), py)
            ok := and(ok, staticcall(gas(), 6, free, 0x80, free, 0x40))
            rx := mload(free)
            ry := mload(add(free, 0x20))
        }
    }

    /// @dev scalar · (x, y). `ok` is false only when the precompile refuses its input.
    function scaled(
        uint256 x,
        uint256 y,
        uint256 scalar
    ) internal view returns (bool ok, uint256 rx, uint256 ry) {
        if (scalar == 1) return (true, x, y);
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, x)
            mstore(add(free, 0x20), y)
            mstore(add(free, 0x40), scalar)
            ok := staticcall(gas(), 7, free, 0x60, free, 0x40)
            rx := mload(free)
            ry := mload(add(free, 0x20))
        }
    }

    /// @dev The y of −(x, y). Infinity, (0, 0), is its own negative.
    function negated(uint256 y) internal pure returns (uint256) {
        return y == 0 ? 0 : Q - y;
    }

    /// @dev Whether Π e(P_i, Q_i) = 1 over the (P_i, Q_i) in `input`, six words each. `valid` is false when
    /// a point is not one.
    function pairing(uint256[] memory input) internal view returns (bool valid, bool isOne) {
        assembly ("memory-safe") {
            let size := mul(mload(input), 0x20)
            valid := staticcall(gas(), 8, add(input, 0x20), size, 0x00, 0x20)
            valid := and(valid, eq(returndatasize(), 0x20))
            isOne := and(valid, eq(mload(0x00), 1))
        }
    }
}
