/**
 * Calls of the contracts that money goes through: tokens, the vault, the fee schedule and disputes.
 * `openContracts` joins them with those of models and epochs.
 *
 * Each write returns what the transaction cost; a refusal is a `RevertedError` with the contract's own
 * reason. Amounts are in the model's token's smallest unit.
 */
import type { Account, Hex } from "../engine/ethers.ts";
import type { ClaimOrder, SignedVoucher, Voucher } from "../payments/vouchers.ts";
import type { Receipt } from "./client.ts";
import type { Words } from "./proofs.ts";
import type * as T from "./types.ts";

type ContractKey = "vault" | "disputes" | "schedule" | "models";
/** What calls are made of; `…At` speak to the ERC-20 at an address. */
export type PaymentParts = {
  readonly write: (
    account: Account,
    to: ContractKey,
    method: string,
    args: readonly unknown[],
  ) => Promise<Receipt>;
  readonly view: <V>(to: ContractKey, method: string, ...args: readonly unknown[]) => Promise<V>;
  readonly event: (receipt: Receipt, name: string) => Readonly<Record<string, unknown>>;
  readonly writeToken: (
    account: Account,
    token: string,
    method: string,
    args: readonly unknown[],
  ) => Promise<Receipt>;
  readonly viewToken: <V>(token: string, method: string, ...args: readonly unknown[]) => Promise<V>;
  readonly addresses: { readonly vault: string; readonly disputes: string };
};

/** A claim, as `IVault.Claim`. */
export type Claim = {
  readonly model: Hex;
  readonly account: string;
  readonly cumulative: bigint;
  readonly proof: readonly Hex[];
};

/** A deposit that its payer signed and anybody may send: an ERC-3009 authorisation to the vault. */
export type DepositAuthorisation = {
  readonly payer: string;
  readonly amount: bigint;
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly salt: Hex;
  readonly v: number;
  readonly r: Hex;
  readonly s: Hex;
};

/** Any ERC-20. */
export function tokenCalls({ writeToken, viewToken }: PaymentParts) {
  const allowance = (token: string, owner: string, spender: string) =>
    viewToken<bigint>(token, "allowance", owner, spender);
  const approve = (account: Account, token: string, spender: string, amount: bigint) =>
    writeToken(account, token, "approve", [spender, amount]);
  return {
    erc20Balance: (token: string, account: string) => viewToken<bigint>(token, "balanceOf", account),
    erc20Decimals: async (token: string) => Number(await viewToken<bigint>(token, "decimals")),
    erc20Symbol: (token: string) => viewToken<string>(token, "symbol"),
    erc20Allowance: allowance,
    erc20Approve: approve,
    erc20Transfer: (account: Account, token: string, to: string, amount: bigint) =>
      writeToken(account, token, "transfer", [to, amount]),
    /** Allows `spender` to take `amount` if it may not yet. */
    ensureAllowance: async (
      account: Account,
      token: string,
      spender: string,
      amount: bigint,
    ): Promise<Receipt | undefined> => {
      if ((await allowance(token, account.address, spender)) >= amount) return undefined;
      return await approve(account, token, spender, amount);
    },
  };
}

/** Deposits, vouchers, withdrawals, earnings and claims. */
export function vaultCalls(parts: PaymentParts) {
  const { write, view, event, addresses } = parts;
  const { ensureAllowance } = tokenCalls(parts);
  return {
    /** Deposits, and approves the vault first where that is needed. */
    deposit: async (account: Account, modelId: Hex, amount: bigint): Promise<Receipt> => {
      const exists = await view<boolean>("models", "exists", modelId);
      if (exists && amount > 0n) {
        const token = await view<string>("models", "tokenOf", modelId);
        await ensureAllowance(account, token, addresses.vault, amount);
      }
      return await write(account, "vault", "deposit", [modelId, amount]);
    },
    depositWithPermit: (
      account: Account,
      modelId: Hex,
      amount: bigint,
      deadline: bigint,
      { v, r, s }: { readonly v: number; readonly r: Hex; readonly s: Hex },
    ) => write(account, "vault", "depositWithPermit", [modelId, amount, deadline, v, r, s]),
    depositWithAuthorization: (account: Account, modelId: Hex, d: DepositAuthorisation) => {
      const args = [d.payer, d.amount, d.validAfter, d.validBefore, d.salt, d.v, d.r, d.s];
      return write(account, "vault", "depositWithAuthorization", [modelId, ...args]);
    },
    authorizationNonce: (modelId: Hex, salt: Hex) => view<Hex>("vault", "authorizationNonce", modelId, salt),
    redeem: (account: Account, vouchers: readonly SignedVoucher[]) =>
      write(account, "vault", "redeem", voucherArguments(vouchers)),
    voucherDigest: (voucher: Voucher) => view<Hex>("vault", "voucherDigest", voucher),
    requestWithdrawal: (account: Account, modelId: Hex, amount: bigint) =>
      write(account, "vault", "requestWithdrawal", [modelId, amount]),
    withdraw: (account: Account, modelId: Hex) => write(account, "vault", "withdraw", [modelId]),
    channel: (modelId: Hex, payer: string) => view<T.ChannelView>("vault", "channel", modelId, payer),
    unspent: (modelId: Hex, payer: string) => view<bigint>("vault", "unspent", modelId, payer),
    /** What of a deposit is in the operator's reach: look at it before serving an answer. */
    available: (modelId: Hex, payer: string) => view<bigint>("vault", "available", modelId, payer),
    /** What an epoch can charge now: available, and within redeemed vouchers. */
    chargeable: (modelId: Hex, payer: string) => view<bigint>("vault", "chargeable", modelId, payer),

    /** The root of what a model's contributors have earned; zeros before its first settlement. */
    earningsRoot: (modelId: Hex) => view<Hex>("vault", "rootOf", modelId),
    claimed: (modelId: Hex, account: string) => view<bigint>("vault", "claimed", modelId, account),
    claim: async (account: Account, claim: Claim): Promise<Receipt & { amountWei: bigint }> => {
      const args = [claim.model, claim.account, claim.cumulative, claim.proof];
      const receipt = await write(account, "vault", "claim", args);
      return { ...receipt, amountWei: event(receipt, "Claimed").amount as bigint };
    },
    claimMany: (account: Account, claims: readonly Claim[]) => write(account, "vault", "claimMany", [claims]),
    /** `signature` may be `0x` where the account itself sends. */
    claimTo: async (
      account: Account,
      claim: Claim,
      to: string,
      deadline: bigint,
      signature: Hex = "0x",
    ): Promise<Receipt & { amountWei: bigint }> => {
      const receipt = await write(account, "vault", "claimTo", [claim, to, deadline, signature]);
      return { ...receipt, amountWei: event(receipt, "Claimed").amount as bigint };
    },
    claimToDigest: (o: ClaimOrder) =>
      view<Hex>("vault", "claimToDigest", o.model, o.account, o.to, o.cumulative, o.deadline),
    /** Pays a treasury or an operator its shares of fees. */
    collectShares: (account: Account, token: string, to: string) =>
      write(account, "vault", "collect", [token, to]),
    collectableShares: (token: string, account: string) =>
      view<bigint>("vault", "collectable", token, account),
    validatorFees: (datanet: bigint, token: string) => view<bigint>("vault", "validatorFees", datanet, token),
    uncollectedShares: (token: string) => view<bigint>("vault", "uncollected", token),
    carryOf: async (modelId: Hex) => (await view<T.Accounting>("vault", "accounting", modelId)).carry,
    poolOf: async (modelId: Hex) => (await view<T.Accounting>("vault", "accounting", modelId)).pool,
    /** Every unit of a model's token that came in, by what it is now. `deposited` is the sum of the rest. */
    accounting: (modelId: Hex) => view<T.Accounting>("vault", "accounting", modelId),
  };
}

/** What governance sets about fees. */
export function scheduleCalls({ write, view }: PaymentParts) {
  return {
    feeSplit: () => view<T.FeeSplit>("schedule", "split"),
    setFeeSplit: (account: Account, split: { readonly [K in keyof T.FeeSplit]: number | bigint }) =>
      write(account, "schedule", "setSplit", [split]),
    treasury: () => view<string>("schedule", "treasury"),
    setTreasury: (account: Account, treasury: string) =>
      write(account, "schedule", "setTreasury", [treasury]),
    setWindows: (account: Account, provingSeconds: number, answerSeconds: number) =>
      write(account, "schedule", "setWindows", [provingSeconds, answerSeconds]),
    provingWindow: async () => Number(await view<bigint>("schedule", "provingWindow")),
    answerWindow: async () => Number(await view<bigint>("schedule", "answerWindow")),
    withdrawalDelay: async () => Number(await view<bigint>("schedule", "withdrawalDelay")),
  };
}

/** Bonds, and what can cost them. */
export function disputeCalls(parts: PaymentParts) {
  const { write, view, event, addresses } = parts;
  const { ensureAllowance } = tokenCalls(parts);
  const fund = async (account: Account, modelId: Hex, amount: bigint): Promise<void> => {
    const token = await view<string>("models", "tokenOf", modelId);
    await ensureAllowance(account, token, addresses.disputes, amount);
  };
  const opened = (receipt: Receipt, name: string): Receipt & { dispute: bigint } => ({
    ...receipt,
    dispute: event(receipt, name).dispute as bigint,
  });
  return {
    /** Posts a bond, and approves it first where that is needed. */
    postBond: async (account: Account, modelId: Hex, amount: bigint): Promise<Receipt> => {
      if (await view<boolean>("models", "exists", modelId)) await fund(account, modelId, amount);
      return await write(account, "disputes", "postBond", [modelId, amount]);
    },
    requestBond: (account: Account, modelId: Hex, amount: bigint) =>
      write(account, "disputes", "requestBond", [modelId, amount]),
    withdrawBond: (account: Account, modelId: Hex) => write(account, "disputes", "withdrawBond", [modelId]),
    bondOf: (modelId: Hex) => view<T.BondView>("disputes", "bondOf", modelId),
    freeBond: (modelId: Hex) => view<bigint>("disputes", "freeBond", modelId),
    omissionTerms: (modelId: Hex, feeUnits: number) =>
      view<T.OmissionTerms>("disputes", "omissionTerms", modelId, feeUnits),
    batchStake: (modelId: Hex) => view<bigint>("disputes", "batchStake", modelId),
    /** Stakes what the challenge takes, and approves it first where that is needed. */
    challengeOmission: async (account: Account, receipt: T.ReceiptArgs, signature: Hex) => {
      if (await view<boolean>("models", "exists", receipt.modelId)) {
        const terms = await view<T.OmissionTerms>(
          "disputes",
          "omissionTerms",
          receipt.modelId,
          receipt.feeUnits,
        );
        await fund(account, receipt.modelId, terms.stake);
      }
      return opened(
        await write(account, "disputes", "challengeOmission", [receipt, signature]),
        "OmissionOpened",
      );
    },
    answerOmission: (account: Account, dispute: bigint, batches: T.Batches, index: number, proof: Words) =>
      write(account, "disputes", "answerOmission", [dispute, batches, index, proof]),
    resolveOmission: (account: Account, dispute: bigint) =>
      write(account, "disputes", "resolveOmission", [dispute]),
    challengeBatch: async (account: Account, modelId: Hex, index: number) => {
      if (await view<boolean>("models", "exists", modelId))
        await fund(account, modelId, await view<bigint>("disputes", "batchStake", modelId));
      return opened(await write(account, "disputes", "challengeBatch", [modelId, index]), "BatchChallenged");
    },
    resolveBatch: (account: Account, dispute: bigint) =>
      write(account, "disputes", "resolveBatch", [dispute]),
    reportEquivocation: (
      account: Account,
      a: T.ReceiptArgs,
      signatureA: Hex,
      b: T.ReceiptArgs,
      signatureB: Hex,
    ) => write(account, "disputes", "reportEquivocation", [a, signatureA, b, signatureB]),
    collectAward: (account: Account, token: string, to: string) =>
      write(account, "disputes", "collect", [token, to]),
    collectableAward: (token: string, account: string) =>
      view<bigint>("disputes", "collectable", token, account),
    disputeOf: (dispute: bigint) => view<T.DisputeView>("disputes", "disputeOf", dispute),
    disputeCount: () => view<bigint>("disputes", "disputeCount"),
    disputeDeadline: (dispute: bigint) => view<bigint>("disputes", "deadlineOf", dispute),
    challengeOf: (modelId: Hex, index: number) => view<bigint>("disputes", "challengeOf", modelId, index),
    receiptDigest: (receipt: T.ReceiptArgs) => view<Hex>("disputes", "receiptDigest", receipt),
  };
}

/** Vouchers and signatures as the contracts take them: two lists. */
export function voucherArguments(vouchers: readonly SignedVoucher[]): [readonly Voucher[], readonly Hex[]] {
  return [
    vouchers.map(({ signature: _, ...voucher }) => voucher),
    vouchers.map(({ signature }) => signature),
  ];
}
