// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title PauseGuardian: stops what is new, for a while
/// @notice The guardian can pause at once; new models, new epochs, new rounds of validation and new
/// challenges of unproven models ask {paused} first. What is under way is never stopped: no proof, reveal,
/// answer, settlement, claim, refund or withdrawal asks.
/// @dev A pause ends by itself after {MAX_PAUSE}, and after it the guardian has to wait {COOLDOWN}: a
/// guardian that turned bad can delay, and cannot hold the system for ransom. Governance appoints and removes
/// the guardian, and can end a pause.
interface IPauseGuardian {
    error PauseGuardianOnlyGuardian(address sender);
    error PauseGuardianOnlyGuardianOrOwner(address sender);
    /// @notice The guardian's last pause was too short a time ago.
    error PauseGuardianCoolingDown(uint256 readyAt);
    error PauseGuardianNotPaused();

    event GuardianAppointed(address indexed guardian);
    event Paused(uint256 until);
    event Unpaused();

    /// @notice Pauses for {MAX_PAUSE}. The guardian only, and once in {MAX_PAUSE} + {COOLDOWN}.
    function pause() external;

    /// @notice Ends a pause. The guardian or the owner.
    function unpause() external;

    /// @notice Appoints the guardian; zero for none. The owner only.
    function appoint(address guardian) external;

    /// @notice Whether new things are stopped now.
    function paused() external view returns (bool);
    function guardian() external view returns (address);
    function pausedUntil() external view returns (uint256);

    /// @notice When the guardian may pause again.
    function readyAt() external view returns (uint256);
    function MAX_PAUSE() external view returns (uint256);
    function COOLDOWN() external view returns (uint256);
}
