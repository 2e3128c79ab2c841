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

    /// @inheritdoc IGroth16Verifier
    bool public immutable keysAreLocal;
    /// @inheritdoc IGroth16Verifier
    bytes32 public immutable transcript;

    mapping(CircuitId => address) private _keys;

    constructor(bool localKeys, bytes32 transcript_, CircuitKey[] memory keys) {
        if (localKeys && block.chainid != 31337 && block.chainid != 1337) {
            revert VerifierLocalKeysOnPublicChain(block.chainid);
        }
        if (localKeys != (transcript_ == 0)) revert VerifierWrongTranscript();
        keysAreLocal = localKeys;
        transcript = transcript_;
        for (uint256 i = 0; i < keys.length; ++i) _register(keys[i], localKeys);
    }

    /// @inheritdoc IGroth16Verifier
    function verify(CircuitId circuit, uint256[8] calldata proof, uint256[] calldata publics) external view {
        uint256[] memory key = _load(circuit);
        uint256 expected = (key.length - HEAD) / 2 - 1;
        if (publics.length != expected) revert VerifierWrongPublicCount(expected, publics.length);
        for (uint256 i = 0; i < 8; ++i) if (proof[i] >= BN254.Q) revert VerifierProofNotCanonical(i);
        bool onCurve = BN254.isG1(proof[0], proof[1]) && BN254.isG1(proof[6], proof[7]);
        if (!onCurve) revert VerifierProofNotOnCurve();

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

    function _register(CircuitKey memory key, bool local) private {
        uint256[] memory words = key.words;
        CircuitId circuit = key.circuit;
        bool wellFormed = words.length >= HEAD + 2 && words.length % 2 == 0;
        if (!wellFormed) revert VerifierMalformedKey(circuit, words.length);
        if (_keys[circuit] != address(0)) revert VerifierDuplicateCircuit(circuit);
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

        bytes memory data = abi.encodePacked(words);
        _keys[circuit] = _store(data);
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
        address store = _keys[circuit];
        if (store == address(0)) revert VerifierUnknownCircuit(circuit);
        words = new uint256[]((store.code.length - 1) / 32);
        assembly ("memory-safe") {
            extcodecopy(store, add(words, 0x20), 1, mul(mload(words), 0x20))
        }
    }
}
