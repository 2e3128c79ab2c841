// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CircuitId} from "../Types.sol";
import {IGroth16Verifier} from "./IGroth16Verifier.sol";

/// @title VerifierRegistry: which verifying keys there have been
/// @notice Governance may add a verifier with new keys. A model keeps the version that was current when it
/// was committed, for its training and for all its epochs: a new key never touches what was accepted before
/// it, and no version can be changed or taken away. A version that is no longer trusted can be retired: its
/// models open no further epoch, and what they opened before ends as it would have.
interface IVerifierRegistry {
    error VerifierRegistryNoCircuits();
    error VerifierRegistryUnknownVersion(uint32 version);
    error VerifierRegistryKnownVerifier(IGroth16Verifier verifier);
    /// @notice The verifier's key for this circuit takes another number of public inputs than the first
    /// version's.
    error VerifierRegistryWrongCircuit(CircuitId circuit, uint256 expected, uint256 given);
    /// @notice Keys that somebody could forge with do not follow keys from a ceremony.
    error VerifierRegistryLocalKeys();
    /// @notice The version that new models get cannot be retired: add another first.
    error VerifierRegistryCurrentVersion(uint32 version);
    error VerifierRegistryAlreadyRetired(uint32 version);

    event VerifierAdded(uint32 indexed version, IGroth16Verifier indexed verifier, bytes32 transcript);
    event VerifierRetired(uint32 indexed version);

    /// @notice Adds a verifier; models that are committed from now on use it. The owner only.
    /// @return version its number
    function add(IGroth16Verifier verifier) external returns (uint32 version);

    /// @notice Ends the use of an older version for new epochs, for good. The owner only.
    function retire(uint32 version) external;

    /// @notice Whether models of a version can open no further epoch.
    function isRetired(uint32 version) external view returns (bool);

    /// @notice The newest version, from 1.
    function current() external view returns (uint32);

    /// @notice A version's verifier; reverts for a number that was never given.
    function verifierAt(uint32 version) external view returns (IGroth16Verifier);

    /// @notice The circuits that every verifier has keys for.
    function circuits() external view returns (CircuitId[] memory);
}
