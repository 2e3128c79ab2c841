// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BN254} from "./BN254.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {CircuitId} from "./Types.sol";

/// @title Groth16Verifier
/// @dev Each verifying key is the code of a contract of its own (one STOP byte, then the words): reading 32
/// words costs a few hundred gas there, and 2,100 each in storage. Nothing here ends a call with assembly's
/// `return`.
contract Groth16Verifier is IGroth16Verifier {
    /// @dev Words before IC: α 2, β 4, γ 4, δ 4.
    uint256 private constant HEAD = 14;
    uint256 private constant BETA = 2;
    uint256 private constant GAMMA = 6;
    uint256 private constant DELTA = 10;

    /// @param store the contract whose code is the key
    /// @param shared whether its α, β and γ are the first key's
    struct Key {
        address store;
        bool shared;
    }

    /// @dev The proofs of a batch that share a key. `scalars` are Σκ and then Σκ·public_j; (x, y) is Σκ·C.
    /// The last three words stand where the precompiles want them: multiply (nextX, nextY, coefficient), then
    /// add.
    struct Group {
        CircuitId circuit;
        uint256[] key;
        uint256[] scalars;
        uint256 x;
        uint256 y;
        uint256 nextX;
        uint256 nextY;
        uint256 coefficient;
    }

    /// @inheritdoc IGroth16Verifier
    bool public immutable keysAreLocal;
    /// @inheritdoc IGroth16Verifier
    bytes32 public immutable transcript;

    uint256 private immutable _keyCount;
    mapping(CircuitId => Key) private _keys;

    constructor(bool localKeys, bytes32 transcript_, CircuitKey[] memory keys) {
        if (localKeys && block.chainid != 31337 && block.chainid != 1337) {
            revert VerifierLocalKeysOnPublicChain(block.chainid);
        }
        if (localKeys != (transcript_ == 0)) revert VerifierWrongTranscript();
        keysAreLocal = localKeys;
        transcript = transcript_;
        _keyCount = keys.length;
        for (uint256 i = 0; i < keys.length; ++i) _register(keys[i], keys[0].words, localKeys);
    }

    /// @inheritdoc IGroth16Verifier
    function verify(CircuitId circuit, uint256[8] calldata proof, uint256[] calldata publics) external view {
        uint256[] memory key = _load(circuit);
        uint256 expected = (key.length - HEAD) / 2 - 1;
        if (publics.length != expected) revert VerifierWrongPublicCount(expected, publics.length);
        _checkProof(proof);

        (uint256 x, uint256 y) = _publicPoint(key, publics);
        uint256[] memory input = new uint256[](24);
        // e(−A, B) · e(α, β) · e(IC, γ) · e(C, δ) = 1. No point of G1 has y = 0, so Q − y is canonical.
        (input[0], input[1]) = (proof[0], BN254.Q - proof[1]);
        for (uint256 i = 0; i < 4; ++i) input[2 + i] = proof[2 + i];
        (input[6], input[7]) = (key[0], key[1]);
        for (uint256 i = 0; i < 4; ++i) input[8 + i] = key[BETA + i];
        (input[12], input[13]) = (x, y);
        for (uint256 i = 0; i < 4; ++i) input[14 + i] = key[GAMMA + i];
        (input[18], input[19]) = (proof[6], proof[7]);
        for (uint256 i = 0; i < 4; ++i) input[20 + i] = key[DELTA + i];
        (bool valid, bool isOne) = BN254.pairing(input);
        if (!valid) revert VerifierProofNotOnCurve();
        if (!isOne) revert VerifierInvalidProof(circuit);
    }

    /// @inheritdoc IGroth16Verifier
    function verifyBatch(Item[] calldata items) external view {
        uint256 count = items.length;
        if (count == 0) revert VerifierEmptyBatch();
        bytes32 seed = _seed();
        Group[] memory groups = _noGroups(_keyCount);
        uint256 used = 0;
        Group memory group = _newGroup(items[0].circuit);
        groups[used++] = group;
        // Room for every key's δ; what is not used is cut off before pairing.
        uint256[] memory input = new uint256[](6 * (count + 2 + _keyCount));
        for (uint256 i = 0; i < count; ++i) {
            Item calldata item = items[i];
            if (CircuitId.unwrap(group.circuit) != CircuitId.unwrap(item.circuit)) {
                uint256 found = _find(groups, used, item.circuit);
                if (found == used) groups[used++] = _newGroup(item.circuit);
                group = groups[found];
            }
            // The first may be 1: only the others' ratios to it matter.
            group.coefficient = i == 0 ? 1 : _coefficient(seed, i);
            if (!_addItem(group, input, i, item)) _refuse(group, item);
        }
        _addKeys(groups, used, input, count);
        assembly ("memory-safe") {
            mstore(input, mul(6, add(count, add(2, used))))
        }
        (bool valid, bool isOne) = BN254.pairing(input);
        if (!valid) revert VerifierProofNotOnCurve();
        if (!isOne) revert VerifierInvalidBatch(count);
    }

    /// @inheritdoc IGroth16Verifier
    function batchable(CircuitId circuit) external view returns (bool) {
        return _keys[circuit].shared;
    }

    /// @inheritdoc IGroth16Verifier
    function publicCount(CircuitId circuit) external view returns (uint256) {
        return (_load(circuit).length - HEAD) / 2 - 1;
    }

    /// @inheritdoc IGroth16Verifier
    function keyHash(CircuitId circuit) external view returns (bytes32) {
        return keccak256(abi.encodePacked(_load(circuit)));
    }

    /// @dev IC_0 + Σ public_i · IC_i, refusing every input that is not below the field's order.
    function _publicPoint(
        uint256[] memory key,
        uint256[] calldata publics
    ) private view returns (uint256 x, uint256 y) {
        (x, y) = (key[HEAD], key[HEAD + 1]);
        for (uint256 i = 0; i < publics.length; ++i) {
            if (publics[i] >= BN254.R) revert VerifierPublicNotCanonical(i);
            bool ok;
            uint256 ic = HEAD + 2 * (i + 1);
            (ok, x, y) = BN254.addScaled(x, y, key[ic], key[ic + 1], publics[i]);
            // Every point was checked when the key was registered, so only a chain without the precompiles
            // gets here.
            assert(ok);
        }
    }

    /// @dev 128 bits for each place.
    function _coefficient(bytes32 seed, uint256 index) private pure returns (uint256 coefficient) {
        assembly ("memory-safe") {
            mstore(0x00, seed)
            mstore(0x20, index)
            coefficient := shr(128, keccak256(0x00, 0x40))
        }
    }

    /// @dev Hash of the whole call: every circuit, proof and public input is read from there and nowhere
    /// else.
    function _seed() private pure returns (bytes32 seed) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            seed := keccak256(free, calldatasize())
        }
    }

    /// @dev An array of nothing yet: Solidity would make a whole group for each place.
    function _noGroups(uint256 count) private pure returns (Group[] memory groups) {
        assembly ("memory-safe") {
            groups := mload(0x40)
            mstore(groups, count)
            mstore(0x40, add(groups, mul(add(count, 1), 0x20)))
        }
    }

    /// @dev The place of a circuit among the first `used` groups; `used` if it is not there.
    function _find(
        Group[] memory groups,
        uint256 used,
        CircuitId circuit
    ) private pure returns (uint256 place) {
        while (place < used && CircuitId.unwrap(groups[place].circuit) != CircuitId.unwrap(circuit)) ++place;
    }

    function _newGroup(CircuitId circuit) private view returns (Group memory group) {
        uint256[] memory key = _load(circuit);
        if (!_keys[circuit].shared) revert VerifierNotBatchable(circuit);
        group = Group(circuit, key, new uint256[]((key.length - HEAD) / 2), 0, 0, 0, 0, 0);
    }

    /// @dev Puts the pair (κ·A, B) into `input` as its pair `index` and adds κ·C, κ and κ·public_j to the
    /// group. False, and nothing of that may be used, unless the item is what {verify} would begin to compute
    /// with: {_refuse} then says why. In assembly because this is all that one more proof costs, pairing
    /// aside.
    function _addItem(
        Group memory group,
        uint256[] memory input,
        uint256 index,
        Item calldata item
    ) private view returns (bool ok) {
        uint256 q = BN254.Q;
        uint256 r = BN254.R;
        assembly ("memory-safe") {
            let coefficient := mload(add(group, 0xe0))
            // Σκ and Σκ·public_j. Circuit 1 word, proof 8 words, then where the public inputs are.
            let scalar := mload(add(group, 0x40))
            let word := add(item, calldataload(add(item, 0x120)))
            let count := calldataload(word)
            ok := eq(add(count, 1), mload(scalar))
            if ok {
                let sum := add(scalar, 0x20)
                mstore(sum, addmod(mload(sum), coefficient, r))
                let delta := sub(sum, word)
                for {
                    let end := add(word, mul(count, 0x20))
                } lt(word, end) {} {
                    word := add(word, 0x20)
                    let value := calldataload(word)
                    ok := and(ok, lt(value, r))
                    sum := add(word, delta)
                    mstore(sum, addmod(mload(sum), mulmod(coefficient, value, r), r))
                }
            }
            let x := calldataload(add(item, 0x20))
            let y := calldataload(add(item, 0x40))
            // y² = x³ + 3, which infinity (0, 0) does not fulfil, with x and y below q.
            ok := and(ok, eq(mulmod(y, y, q), addmod(mulmod(mulmod(x, x, q), x, q), 3, q)))
            ok := and(ok, and(lt(x, q), lt(y, q)))
            let pair := add(input, add(0x20, mul(index, 0xc0)))
            mstore(pair, x)
            mstore(add(pair, 0x20), y)
            x := calldataload(add(item, 0xe0))
            y := calldataload(add(item, 0x100))
            ok := and(ok, eq(mulmod(y, y, q), addmod(mulmod(mulmod(x, x, q), x, q), 3, q)))
            ok := and(ok, and(lt(x, q), lt(y, q)))
            let next := add(group, 0xa0)
            mstore(next, x)
            mstore(add(next, 0x20), y)
            ok := and(ok, and(lt(calldataload(add(item, 0x60)), q), lt(calldataload(add(item, 0x80)), q)))
            ok := and(ok, and(lt(calldataload(add(item, 0xa0)), q), lt(calldataload(add(item, 0xc0)), q)))
            if ok {
                let factor := add(pair, 0x40)
                if sub(coefficient, 1) {
                    mstore(factor, coefficient)
                    ok := staticcall(gas(), 7, pair, 0x60, pair, 0x40)
                    ok := and(ok, staticcall(gas(), 7, next, 0x60, next, 0x40))
                }
                calldatacopy(factor, add(item, 0x60), 0x80)
                let total := add(group, 0x60)
                ok := and(ok, staticcall(gas(), 6, total, 0x80, total, 0x40))
            }
        }
    }

    /// @dev Reverts with what is wrong with an item that {_addItem} did not take.
    function _refuse(Group memory group, Item calldata item) private pure {
        uint256 expected = group.scalars.length - 1;
        uint256[] calldata publics = item.publics;
        if (publics.length != expected) revert VerifierWrongPublicCount(expected, publics.length);
        for (uint256 i = 0; i < expected; ++i) {
            if (publics[i] >= BN254.R) revert VerifierPublicNotCanonical(i);
        }
        _checkProof(item.proof);
        revert VerifierProofNotOnCurve();
    }

    /// @dev Coordinates canonical, A and C on the curve and not infinity. B is the pairing precompile's to
    /// check.
    function _checkProof(uint256[8] calldata proof) private pure {
        for (uint256 i = 0; i < 8; ++i) if (proof[i] >= BN254.Q) revert VerifierProofNotCanonical(i);
        bool onCurve = BN254.isG1(proof[0], proof[1]) && BN254.isG1(proof[6], proof[7]);
        if (!onCurve) revert VerifierProofNotOnCurve();
    }

    /// @dev The pairs (−Σκ·α, β), (−Σκ·IC, γ) and, for each key, (−Σκ·C, δ), from pair `index` on.
    function _addKeys(
        Group[] memory groups,
        uint256 used,
        uint256[] memory input,
        uint256 index
    ) private view {
        uint256[] memory head = groups[0].key;
        uint256 sum = 0;
        (uint256 x, uint256 y) = (0, 0);
        for (uint256 k = 0; k < used; ++k) {
            Group memory group = groups[k];
            sum = addmod(sum, group.scalars[0], BN254.R);
            (x, y) = _addPoints(x, y, group.key, group.scalars);
            _addPair(input, index + 2 + k, group.x, group.y, group.key, DELTA);
        }
        _addPair(input, index + 1, x, y, head, GAMMA);
        bool ok;
        (ok, x, y) = BN254.scaled(head[0], head[1], sum);
        assert(ok);
        _addPair(input, index, x, y, head, BETA);
    }

    /// @dev (x, y) + Σ scalar_j · IC_j: one multiplication for each point, however many proofs there are.
    function _addPoints(
        uint256 x,
        uint256 y,
        uint256[] memory key,
        uint256[] memory scalars
    ) private view returns (uint256 rx, uint256 ry) {
        bool ok = true;
        assembly ("memory-safe") {
            // (x, y), then IC_j and its scalar: multiply the latter, then add both.
            let sum := mload(0x40)
            let next := add(sum, 0x40)
            mstore(sum, x)
            mstore(add(sum, 0x20), y)
            let ic := add(key, mul(add(HEAD, 1), 0x20))
            let scalar := add(scalars, 0x20)
            for {
                let end := add(scalar, mul(mload(scalars), 0x20))
            } lt(scalar, end) {
                scalar := add(scalar, 0x20)
                ic := add(ic, 0x40)
            } {
                mcopy(next, ic, 0x40)
                mstore(add(next, 0x40), mload(scalar))
                ok := and(ok, staticcall(gas(), 7, next, 0x60, next, 0x40))
                ok := and(ok, staticcall(gas(), 6, sum, 0x80, sum, 0x40))
            }
            rx := mload(sum)
            ry := mload(add(sum, 0x20))
        }
        assert(ok);
    }

    /// @dev Writes −(x, y) and the point of G2 that stands at `point` in the key as pair `index`.
    function _addPair(
        uint256[] memory input,
        uint256 index,
        uint256 x,
        uint256 y,
        uint256[] memory key,
        uint256 point
    ) private pure {
        y = BN254.negated(y);
        assembly ("memory-safe") {
            let pair := add(input, add(0x20, mul(index, 0xc0)))
            mstore(pair, x)
            mstore(add(pair, 0x20), y)
            mcopy(add(pair, 0x40), add(key, mul(add(point, 1), 0x20)), 0x80)
        }
    }

    /// @dev Compares α, β and γ with those of the first key.
    function _register(CircuitKey memory key, uint256[] memory first, bool local) private {
        uint256[] memory words = key.words;
        CircuitId circuit = key.circuit;
        bool wellFormed = words.length >= HEAD + 2 && words.length % 2 == 0;
        if (!wellFormed) revert VerifierMalformedKey(circuit, words.length);
        if (_keys[circuit].store != address(0)) revert VerifierDuplicateCircuit(circuit);
        if (!BN254.isG1(words[0], words[1])) revert VerifierKeyPointInvalid(circuit, 0);
        for (uint256 i = BETA; i < HEAD; i += 4) {
            if (!BN254.isG2(words[i], words[i + 1], words[i + 2], words[i + 3])) {
                revert VerifierKeyPointInvalid(circuit, i);
            }
        }
        // A point of IC at infinity would leave its public input out of the statement: refused with the rest.
        for (uint256 i = HEAD; i < words.length; i += 2) {
            if (!BN254.isG1(words[i], words[i + 1])) revert VerifierKeyPointInvalid(circuit, i);
        }
        // δ = ±γ and δ = ±G are told by the x coordinate alone.
        bool likeGamma = words[DELTA] == words[GAMMA] && words[DELTA + 1] == words[GAMMA + 1];
        bool likeG = words[DELTA] == BN254.G2_X1 && words[DELTA + 1] == BN254.G2_X0;
        if (likeGamma || likeG) revert VerifierForgeableKey(circuit);

        bool shared = true;
        for (uint256 i = 0; i < DELTA; ++i) shared = shared && words[i] == first[i];
        bytes memory data = abi.encodePacked(words);
        _keys[circuit] = Key(_store(data), shared);
        emit KeyRegistered(circuit, keccak256(data), (words.length - HEAD) / 2 - 1, local);
    }

    /// @dev Creates a contract whose code is a STOP byte and then `data`. PUSH2 size, DUP1, PUSH1 10,
    /// RETURNDATASIZE (0), CODECOPY, RETURNDATASIZE, RETURN: ten bytes of init code.
    function _store(bytes memory data) private returns (address store) {
        bytes memory prefix = abi.encodePacked(hex"61", uint16(data.length + 1), hex"80600a3d393df3");
        bytes memory init = abi.encodePacked(prefix, hex"00", data);
        assembly ("memory-safe") {
            store := create(0, add(init, 0x20), mload(init))
        }
        assert(store != address(0));
    }

    function _load(CircuitId circuit) private view returns (uint256[] memory words) {
        address store = _keys[circuit].store;
        if (store == address(0)) revert VerifierUnknownCircuit(circuit);
        words = new uint256[]((store.code.length - 1) / 32);
        assembly ("memory-safe") {
            extcodecopy(store, add(words, 0x20), 1, mul(mload(words), 0x20))
        }
    }
}
