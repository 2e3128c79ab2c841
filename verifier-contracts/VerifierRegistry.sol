// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IVerifierRegistry} from "./interfaces/IVerifierRegistry.sol";
import {CircuitId} from "./Types.sol";

/// @title VerifierRegistry
/// @dev The owner can append, and retire what is not current. The circuits and the number of their public
/// inputs are those of the first version, which is what the other contracts build public inputs for.
contract VerifierRegistry is IVerifierRegistry, Ownable2Step {
    /// @inheritdoc IVerifierRegistry
    uint32 public current;
    /// @inheritdoc IVerifierRegistry
    mapping(uint32 version => bool) public isRetired;

    CircuitId[] private _circuits;
    mapping(uint32 version => IGroth16Verifier) private _verifiers;
    mapping(IGroth16Verifier => bool) private _known;

    constructor(
        address owner_,
        IGroth16Verifier first,
        CircuitId[] memory circuits_
    ) Ownable(owner_) {
        if (circuits_.length == 0) revert VerifierRegistryNoCircuits();
        _circuits = circuits_;
        // Reverts where the verifier lacks a circuit.
        for (uint256 i = 0; i < circuits_.length; ++i) first.publicCount(circuits_[i]);
        _append(first);
    }

    /// @inheritdoc IVerifierRegistry
    function add(IGroth16Verifier verifier) external onlyOwner returns (uint32 version) {
        if (_known[verifier]) revert VerifierRegistryKnownVerifier(verifier);
        IGroth16Verifier first = _verifiers[1];
        bool weaker = verifier.keysAreLocal() && !_verifiers[current].keysAreLocal();
        if (weaker) revert VerifierRegistryLocalKeys();
        for (uint256 i = 0; i < _circuits.length; ++i) {
            CircuitId circuit = _circuits[i];
            (uint256 expected, uint256 given) = (first.publicCount(circuit), verifier.publicCount(circuit));
            if (expected != given) revert VerifierRegistryWrongCircuit(circuit, expected, given);
        }
        return _append(verifier);
    }

    /// @inheritdoc IVerifierRegistry
    function retire(uint32 version) external onlyOwner {
        if (version == 0 || version > current) revert VerifierRegistryUnknownVersion(version);
        if (version == current) revert VerifierRegistryCurrentVersion(version);
        if (isRetired[version]) revert VerifierRegistryAlreadyRetired(version);
        isRetired[version] = true;
        emit VerifierRetired(version);
    }

    /// @inheritdoc IVerifierRegistry
    function verifierAt(uint32 version) external view returns (IGroth16Verifier verifier) {
        verifier = _verifiers[version];
        if (address(verifier) == address(0)) revert VerifierRegistryUnknownVersion(version);
    }

    /// @inheritdoc IVerifierRegistry
    function circuits() external view returns (CircuitId[] memory) {
        return _circuits;
    }

    function _append(IGroth16Verifier verifier) private returns (uint32 version) {
        version = ++current;
        _verifiers[version] = verifier;
        _known[verifier] = true;
        emit VerifierAdded(version, verifier, verifier.transcript());
    }
}
