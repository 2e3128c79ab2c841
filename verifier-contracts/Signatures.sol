// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Signatures
/// @dev Whether an account signed: its key first, its code only where the key did not.
///
/// An ordinary account can delegate to code, and back, at any time (EIP-7702). Whoever asks code wherever
/// there is some, as OpenZeppelin's {SignatureChecker} does, lets such an account take back what it signed:
/// it buys on a voucher, and then delegates to code that denies it. So a signature that recovers to the
/// account is good whatever code is there. A delegating account's key keeps full control of it, and no key is
/// known for the address of a contract that was created.
///
/// What is left to code is its own choice, and revocable: a contract wallet, or the code that an account
/// delegates to, may accept other keys today and none tomorrow.
library Signatures {
    /// @dev Whether `signature` over `digest` is `signer`'s now: 65 bytes of ECDSA with the smaller s, which
    /// stay good for ever, or whatever the code at `signer` accepts at this moment (ERC-1271).
    function isSignedBy(
        address signer,
        bytes32 digest,
        bytes calldata signature
    ) internal view returns (bool) {
        (address recovered, ECDSA.RecoverError failed, ) = ECDSA.tryRecoverCalldata(digest, signature);
        // What fails recovers to zero, which an account may be said to be.
        if (failed == ECDSA.RecoverError.NoError && recovered == signer) return true;
        if (signer.code.length == 0) return false;
        return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }
}
