/**
 * Redeeming a voucher by itself: the vault then holds for good what the payer agreed to.
 *
 * An epoch redeems the vouchers that it needs when it is committed, so most never come here. A contract
 * wallet's must: what only code agreed to it may deny later, and nobody answers on it before (`consent.ts`).
 *
 * The pitfall is what the vault does not say. It takes a voucher that is larger than the deposit, and caps
 * it there without a word; it passes over one that says no more than it knows. Both are told here, before
 * anything is sent.
 */
import type { Chain } from "../chain/chain.ts";
import { clockOf, codeAt } from "../chain/client.ts";
import type { ChannelView } from "../chain/types.ts";
import { timeText } from "../dates.ts";
import { sameAddress } from "../engine/ethers.ts";
import type { Session } from "../session.ts";
import { voucherConsent } from "./consent.ts";
import { backingOf, type SignedVoucher, type VaultAt, voucherSigner } from "./vouchers.ts";

/** A voucher that the vault would redeem in full, and what it has of the payer. */
export type Redeemable = {
  readonly channel: ChannelView;
  /** The vault has redeemed as much of this payer already: there is nothing to send. */
  readonly known: boolean;
};

/**
 * Holds a voucher against the chain. Throws {@link NotRedeemableError}.
 *
 * @param operator whoever is at work as an operator; undefined for anybody else, who may redeem too
 */
export async function redeemable(of: {
  readonly chain: Chain;
  readonly contracts: Pick<Session["contracts"], "modelExists" | "operatorOf" | "channel">;
  readonly at: VaultAt;
  readonly voucher: SignedVoucher;
  readonly operator: string | undefined;
}): Promise<Redeemable> {
  const { chain, contracts, at, voucher, operator } = of;
  const { model, payer } = voucher;
  if (!(await contracts.modelExists(model)))
    throw new NotRedeemableError(`model ${model} does not exist here`, "Ask the payer which one it means.");
  const expected = await contracts.operatorOf(model);
  if (!sameAddress(voucher.operator, expected))
    throw new NotRedeemableError(
      `it is for operator ${voucher.operator}, and the model's is ${expected}`,
      "Ask the payer for one that names the model's operator.",
    );
  if (operator !== undefined && !sameAddress(voucher.operator, operator))
    throw new NotRedeemableError(
      `it is for operator ${voucher.operator}, and yours is the key of ${operator}`,
      "It pays that operator, who can redeem it, and so can its payer.",
    );
  const channel = await contracts.channel(model, payer);
  if (voucher.cumulative <= channel.authorised) return { channel, known: true };
  const code = await codeAt(chain, payer);
  const signer = voucherSigner(at, voucher);
  const consent = await voucherConsent({ chain, at, voucher, signer, hasCode: code !== "0x" });
  if (consent === undefined)
    throw new NotRedeemableError(
      `the signature is not that of ${payer}${code === "0x" ? "" : ", nor does the code there agree to it"}`,
      "Ask the payer to sign again.",
    );
  const now = BigInt(await clockOf(chain));
  if (now > voucher.expiry)
    throw new NotRedeemableError(`it expired at ${timeText(voucher.expiry)}`, "Ask the payer for another.");
  const most = channel.charged + backingOf(channel, now);
  if (voucher.cumulative > most)
    throw new NotRedeemableError(
      `it says ${voucher.cumulative} in all, and the deposit can bear ${most} (amounts in the token's smallest unit)`,
      `The payer deposits ${voucher.cumulative - most} more, or signs another over at most ${most}.`,
    );
  return { channel, known: false };
}

/** A voucher that the vault would refuse, or not redeem in full. */
export class NotRedeemableError extends Error {
  override readonly name = "Voucher.NotRedeemable";
  constructor(reason: string, remedy: string) {
    super(`This voucher cannot be redeemed: ${reason}. ${remedy} Nothing was sent.`);
  }
}
