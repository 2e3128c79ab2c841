/**
 * Signatures that move tokens without a transaction of their owner: EIP-2612 permits, which allow, and
 * EIP-3009 authorisations, which pay.
 *
 * The difference that matters: permits are numbered, and one that is late blocks the next; authorisations
 * carry a random nonce, so any number of them can be on their way at once. `receive…` can be sent by the
 * recipient alone, so that nobody can run ahead of a contract that wants to be paid and called in one step:
 * prefer it to `transfer…` wherever a contract is paid.
 */
import { type Account, type Hex, signTypedData, type TypedDomain } from "../engine/ethers.ts";
import type { Split } from "./economy.ts";

const PERMIT_TYPES = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

const AUTHORISATION = [
  { name: "from", type: "address" },
  { name: "to", type: "address" },
  { name: "value", type: "uint256" },
  { name: "validAfter", type: "uint256" },
  { name: "validBefore", type: "uint256" },
  { name: "nonce", type: "bytes32" },
];
const CANCEL_TYPES = {
  CancelAuthorization: [
    { name: "authorizer", type: "address" },
    { name: "nonce", type: "bytes32" },
  ],
};

/** A payment that its payer signs and somebody else sends. Times in seconds, exclusive. */
export type Authorisation = {
  readonly to: string;
  readonly value: bigint;
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  /** 32 random bytes: each can be used once. */
  readonly nonce: Hex;
};

/** A token's EIP-712 domain. Ours is called "Quittance", version "1"; others name theirs in EIP-5267. */
export function tokenDomain(chainId: number, token: string, name = "Quittance", version = "1"): TypedDomain {
  return { name, version, chainId, verifyingContract: token };
}

/** Lets `spender` take `value`, until `deadline` (seconds). `nonce` is the token's `nonces(owner)`. */
export async function signPermit(
  owner: Account,
  domain: TypedDomain,
  permit: {
    readonly spender: string;
    readonly value: bigint;
    readonly nonce: bigint;
    readonly deadline: bigint;
  },
): Promise<Split> {
  return split(
    await signTypedData(owner.privateKey, domain, PERMIT_TYPES, { owner: owner.address, ...permit }),
  );
}

/** Pays by signature: `"receive"` for the recipient alone to send, `"transfer"` for anybody. */
export async function signAuthorisation(
  from: Account,
  domain: TypedDomain,
  kind: "transfer" | "receive",
  authorisation: Authorisation,
): Promise<Split> {
  const type = kind === "receive" ? "ReceiveWithAuthorization" : "TransferWithAuthorization";
  const message = { from: from.address, ...authorisation };
  return split(await signTypedData(from.privateKey, domain, { [type]: AUTHORISATION }, message));
}

/** Takes an authorisation back before it is used. */
export async function signCancellation(from: Account, domain: TypedDomain, nonce: Hex): Promise<Split> {
  return split(
    await signTypedData(from.privateKey, domain, CANCEL_TYPES, { authorizer: from.address, nonce }),
  );
}

/** A 65-byte signature in its parts. */
export function split(signature: Hex): Split {
  return {
    r: signature.slice(0, 66),
    s: `0x${signature.slice(66, 130)}`,
    v: Number.parseInt(signature.slice(130), 16),
  };
}
