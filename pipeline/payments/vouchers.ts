/**
 * Vouchers: what a payer signs with every request, and what an operator checks before it answers.
 *
 * A voucher says how much the payer owes a model **in all**, so the newest one is worth all before it, and a
 * thousand tiny payments settle as one signature in an epoch (`IVault.Voucher`, EIP-712, domain: the vault).
 *
 * The pitfall is on the operator's side: a signature is not money. {@link voucherProblems} therefore looks at
 * the channel too: what is deposited, what epochs have charged, and whether a withdrawal will be ready before
 * the voucher can be redeemed and charged. An operator that serves without looking serves on credit.
 */
import { quittanceDomain } from "../chain/ids.ts";
import type { ChannelView } from "../chain/types.ts";
import {
  type Account,
  type Hex,
  isContractSignature,
  recoverTypedData,
  signTypedData,
  typedDataDigest,
} from "../engine/ethers.ts";

/** EIP-712 types of a voucher. */
export const VOUCHER_TYPES = {
  Voucher: [
    { name: "payer", type: "address" },
    { name: "operator", type: "address" },
    { name: "model", type: "bytes32" },
    { name: "cumulative", type: "uint256" },
    { name: "expiry", type: "uint64" },
  ],
};

/** EIP-712 types of an account's order to pay its earnings to another address. */
export const CLAIM_TO_TYPES = {
  ClaimTo: [
    { name: "model", type: "bytes32" },
    { name: "account", type: "address" },
    { name: "to", type: "address" },
    { name: "cumulative", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

/** `IVault.Voucher`. `cumulative` in the token's smallest unit, `expiry` in seconds. */
export type Voucher = {
  readonly payer: string;
  readonly operator: string;
  readonly model: Hex;
  readonly cumulative: bigint;
  readonly expiry: bigint;
};
export type SignedVoucher = Voucher & { readonly signature: Hex };

/** What an account signs so that its earnings go to `to`. */
export type ClaimOrder = {
  readonly model: Hex;
  readonly account: string;
  readonly to: string;
  readonly cumulative: bigint;
  readonly deadline: bigint;
};

/** Where vouchers are redeemed. */
export type VaultAt = { readonly chainId: number; readonly vault: string };

/** Signs a voucher as its payer; `payer` may be an account whose code accepts this key (ERC-1271). */
export async function signVoucher(
  key: Account,
  at: VaultAt,
  voucher: Omit<Voucher, "payer"> & { readonly payer?: string },
): Promise<SignedVoucher> {
  const whole = { ...voucher, payer: voucher.payer ?? key.address };
  const signature = await signTypedData(key.privateKey, domainOf(at), VOUCHER_TYPES, whole);
  return { ...whole, signature };
}

/** What a payer signs, as `Vault.voucherDigest`. */
export function voucherDigest(at: VaultAt, voucher: Voucher): Hex {
  return typedDataDigest(domainOf(at), VOUCHER_TYPES, { ...voucher });
}

/** Whose key signed a voucher; `undefined` for bytes that the vault would not take for a signature. */
export function voucherSigner(at: VaultAt, { signature, ...voucher }: SignedVoucher): string | undefined {
  if (!isContractSignature(signature)) return undefined;
  try {
    return recoverTypedData(domainOf(at), VOUCHER_TYPES, voucher, signature);
  } catch {
    return undefined;
  }
}

/** Signs an order for {@link ClaimOrder}, as the account itself. */
export async function signClaimTo(key: Account, at: VaultAt, order: ClaimOrder): Promise<Hex> {
  return await signTypedData(key.privateKey, domainOf(at), CLAIM_TO_TYPES, order);
}

/** What an account signs, as `Vault.claimToDigest`. */
export function claimOrderDigest(at: VaultAt, order: ClaimOrder): Hex {
  return typedDataDigest(domainOf(at), CLAIM_TO_TYPES, { ...order });
}

/** Whose key signed an order; `undefined` for bytes that the vault would not take for a signature. */
export function claimOrderSigner(at: VaultAt, order: ClaimOrder, signature: Hex): string | undefined {
  if (!isContractSignature(signature)) return undefined;
  try {
    return recoverTypedData(domainOf(at), CLAIM_TO_TYPES, { ...order }, signature);
  } catch {
    return undefined;
  }
}

/** An order as wallets are asked to sign it (`eth_signTypedData_v4`), with the domain's types. */
export function claimOrderData(at: VaultAt, { cumulative, deadline, ...order }: ClaimOrder) {
  const EIP712Domain = [
    { name: "name", type: "string" },
    { name: "version", type: "string" },
    { name: "chainId", type: "uint256" },
    { name: "verifyingContract", type: "address" },
  ];
  return {
    domain: domainOf(at),
    types: { EIP712Domain, ...CLAIM_TO_TYPES },
    primaryType: "ClaimTo",
    message: { ...order, cumulative: String(cumulative), deadline: String(deadline) },
  };
}

/**
 * Who agreed to a voucher: the payer's own key, for good, or only the code at its address (`consent.ts`).
 */
export type Consent = "key" | "code";

/** What a voucher is held against. */
export type VoucherTerms = {
  readonly voucher: Voucher;
  /** Undefined where nobody did. */
  readonly consent: Consent | undefined;
  readonly operator: string;
  readonly model: Hex;
  /** What the payer owes before this answer. */
  readonly before: bigint;
  readonly fee: bigint;
  readonly channel: ChannelView;
  /** Seconds since 1970, and by when the operator will have charged what it serves now. */
  readonly now: bigint;
  readonly chargedBy: bigint;
};

/**
 * What keeps an operator from answering on a voucher, in plain words; nothing when it is good for `fee`.
 *
 * What only code agreed to it can deny before the epoch redeems it, and would take the epoch along. So such a
 * voucher is good once the vault has redeemed it, which nobody takes back.
 */
export function voucherProblems(of: VoucherTerms): string[] {
  const { voucher, channel, consent } = of;
  const wrong: string[] = [];
  if (consent === undefined) wrong.push("the signature is not the payer's");
  if (consent === "code" && voucher.cumulative > channel.authorised)
    wrong.push(
      "only code at the payer's address agrees to it, not the payer's key, and code can change its mind: have the vault redeem it first (quittance voucher redeem, by anybody)",
    );
  if (voucher.operator.toLowerCase() !== of.operator.toLowerCase())
    wrong.push(`it is for operator ${voucher.operator}`);
  if (voucher.model.toLowerCase() !== of.model.toLowerCase()) wrong.push(`it is for model ${voucher.model}`);
  if (voucher.cumulative < of.before + of.fee)
    wrong.push(`it says ${voucher.cumulative} in all, and ${of.before + of.fee} are owed with this answer`);
  if (voucher.expiry < of.chargedBy) wrong.push("it expires before it will be redeemed");
  const backing = backingOf(channel, of.chargedBy);
  if (voucher.cumulative > channel.charged + backing)
    wrong.push(
      `${channel.charged} are charged and ${backing} can be by then: it is for ${voucher.cumulative}, so the payer has to deposit more`,
    );
  return wrong;
}

/** What of a deposit will be in the operator's reach at a time: no withdrawal has taken it out by then. */
export function backingOf(channel: ChannelView, time: bigint): bigint {
  const unspent = channel.deposited - channel.charged - channel.withdrawn;
  if (channel.requested === 0n || time < channel.readyAt) return unspent;
  return unspent > channel.requested ? unspent - channel.requested : 0n;
}

function domainOf({ chainId, vault }: VaultAt) {
  return quittanceDomain(chainId, vault);
}
