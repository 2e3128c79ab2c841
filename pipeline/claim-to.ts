/**
 * Earnings paid elsewhere, at their owner's word: a transaction of its own, or an order that anybody hands in
 * (EIP-712), signed by the owner's key or accepted by the code at its address (ERC-1271).
 *
 * The pitfall: an order names all that its account has earned so far. After the next settlement the leaf is
 * another, and an order that was not handed in is worth nothing; whoever hands it in late is told so.
 */
import { chainTime, codeAt } from "./chain/client.ts";
import { NotAContributorError } from "./claim.ts";
import { timeText } from "./dates.ts";
import type { Desk } from "./desk.ts";
import { type Account, type Hex, sameAddress } from "./engine/ethers.ts";
import { consentOf } from "./payments/consent.ts";
import { type EarningsProof, earningsProof } from "./payments/earnings.ts";
import type { ClaimOrderFile } from "./payments/order-file.ts";
import { type ClaimOrder, claimOrderDigest, claimOrderSigner, signClaimTo } from "./payments/vouchers.ts";

type Paid = { readonly account: string; readonly to: string; readonly paidWei: bigint };
type AtVault = Pick<Desk, "chain" | "contracts" | "deployment" | "record">;

/** What is owed to an account, and all that it has earned. Throws {@link NothingOwedError}. */
async function leafOf(
  { contracts }: AtVault,
  model: Hex,
  account: string,
): Promise<EarningsProof & { readonly owed: bigint }> {
  const accounts = await contracts.contributorsOf(model);
  if (!accounts.some((one) => sameAddress(one, account))) throw new NotAContributorError(account);
  const leaf = earningsProof(await contracts.earnings(model, accounts), account);
  const owed = leaf.cumulative - (await contracts.claimed(model, leaf.account));
  if (owed <= 0n) throw new NothingOwedError(leaf.account);
  return { ...leaf, owed };
}

/**
 * The owner itself sends its earnings elsewhere. Throws {@link NotAContributorError}, {@link
 * NothingOwedError}.
 */
export async function claimElsewhere(
  session: AtVault,
  owner: Account,
  { model, to }: { readonly model: Hex; readonly to: string },
): Promise<Paid> {
  const { owed: _owed, ...leaf } = await leafOf(session, model, owner.address);
  const deadline = BigInt(await chainTime(session.chain)) + 86_400n;
  const mined = await session.contracts.claimTo(owner, { model, ...leaf }, to, deadline);
  session.record("claim elsewhere", mined);
  return { account: leaf.account, to, paidWei: mined.amountWei };
}

/**
 * An order over all that an account has earned so far. It is signed if `key` is the account's, or one that
 * the code at its address accepts; an account with code may also sign later. Throws {@link
 * WrongOwnerError}, {@link NotAContributorError}, {@link NothingOwedError}.
 *
 * @param seconds how long the order can be handed in
 */
export async function makeOrder(
  session: AtVault,
  of: {
    readonly model: Hex;
    readonly account: string;
    readonly to: string;
    readonly seconds: number;
    readonly key: Account | undefined;
  },
): Promise<ClaimOrderFile & { readonly owed: bigint }> {
  const { model, to, key } = of;
  const { account, cumulative, owed } = await leafOf(session, model, of.account);
  const deadline = BigInt((await chainTime(session.chain)) + of.seconds);
  const order: ClaimOrder = { model, account, to, cumulative, deadline };
  if (key !== undefined) {
    const signature = await signClaimTo(key, session.deployment, order);
    if (await isOrdered(session, { ...order, signature })) return { ...order, owed, signature };
  }
  if ((await codeAt(session.chain, account)) === "0x") throw new WrongOwnerError(account);
  return { ...order, owed };
}

/**
 * Hands in an order, as anybody. Throws {@link OrderUnsignedError}, {@link OrderExpiredError}, {@link
 * OrderStaleError}, {@link NotAContributorError}, {@link NothingOwedError}.
 */
export async function handInOrder(
  session: AtVault,
  sender: () => Account,
  order: ClaimOrderFile,
): Promise<Paid> {
  const { model, account, to, cumulative, deadline, signature } = order;
  const { owed: _owed, ...leaf } = await leafOf(session, model, account);
  if (BigInt(await chainTime(session.chain)) > deadline) throw new OrderExpiredError(deadline);
  if (leaf.cumulative !== cumulative) throw new OrderStaleError(account);
  if (signature === undefined || !(await isOrdered(session, { ...order, signature })))
    throw new OrderUnsignedError(account, signature !== undefined);
  const mined = await session.contracts.claimTo(sender(), { model, ...leaf }, to, deadline, signature);
  session.record("claim elsewhere", mined);
  return { account: leaf.account, to, paidWei: mined.amountWei };
}

/** Whether the vault would take the order for the account's. */
async function isOrdered(
  { chain, deployment }: AtVault,
  { signature, model, account, to, cumulative, deadline }: ClaimOrder & { readonly signature: Hex },
): Promise<boolean> {
  const order = { model, account, to, cumulative, deadline };
  const consent = await consentOf({
    ...{ chain, account, signature, digest: claimOrderDigest(deployment, order) },
    signer: claimOrderSigner(deployment, order, signature),
    hasCode: true,
  });
  return consent !== undefined;
}

/** Everything was claimed. */
export class NothingOwedError extends Error {
  override readonly name = "Claim.NothingOwed";
  constructor(account: string) {
    super(`Nothing is owed to ${account} now: what it earned was claimed, or no epoch has paid it yet.`);
  }
}

/** The key is another's. */
export class WrongOwnerError extends Error {
  override readonly name = "Claim.WrongOwner";
  constructor(account: string) {
    super(
      `Only ${account} itself can have its earnings paid elsewhere: put its key into QUITTANCE_CONTRIBUTOR_KEY (on a local chain: name it with --account).`,
    );
  }
}

/** Nobody signed, or not the owner. */
export class OrderUnsignedError extends Error {
  override readonly name = "Claim.OrderUnsigned";
  constructor(account: string, signed: boolean) {
    super(
      signed
        ? `The order's signature is not of ${account}, nor does code at that address accept it. Ask its owner for another one.`
        : `The order waits for the signature of ${account}: have the wallet sign its typedData, and give the signature with --signature FILE.`,
    );
  }
}

/** The order's time is over. */
export class OrderExpiredError extends Error {
  override readonly name = "Claim.OrderExpired";
  constructor(deadline: bigint) {
    super(`The order could be handed in until ${timeText(deadline)}. Its owner has to sign another one.`);
  }
}

/** Another epoch was settled since. */
export class OrderStaleError extends Error {
  override readonly name = "Claim.OrderStale";
  constructor(account: string) {
    super(
      `${account} has earned another sum than the order names: an epoch was settled since. Its owner has to sign another one.`,
    );
  }
}
