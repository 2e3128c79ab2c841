/**
 * What an answer costs here, and whether a payment is good (x402 version 2, scheme "quittance-voucher").
 *
 * Checks come in the order of what they cost: the header's form, whom the voucher is for, whose signature it
 * carries (on a thread), what the chain says of the payer's deposit. What the payer owes is told to nobody
 * but the payer: only after its own signature was found good.
 *
 * A voucher may say more than is owed, and is then good for the next answers too: its signature is looked at
 * once. Whoever holds such a voucher can spend it, so it belongs into an encrypted connection.
 */

import type { Answering } from "../answering.ts";
import { quittanceDomain } from "../chain/ids.ts";
import type { ChannelView } from "../chain/types.ts";
import { DUE_SECONDS } from "../due.ts";
import { checksumAddress, codecOf } from "../engine/ethers.ts";
import {
  type PaymentRequired,
  paymentRequiredHeader,
  readPaymentSignature,
  X402HeaderError,
} from "../engine/x402.ts";
import {
  termsToX402,
  VOUCHER_SCHEME,
  VoucherPayloadError,
  type VoucherTerms,
  voucherFromPayload,
} from "../payments/voucher-scheme.ts";
import { type SignedVoucher, termProblems, type VaultAt, voucherDigest } from "../payments/vouchers.ts";
import type { Session } from "../session.ts";
import { ServiceError } from "./errors.ts";
import type { Signers } from "./signers.ts";

/** How long a voucher that is signed now should still hold when it comes back. */
const MARGIN_SECONDS = 3_600;
/** Channels are read from the chain again after this long, and at once where a deposit falls short. */
const CHANNEL_MS = 15_000;
const CHANNEL_AGAIN_MS = 1_000;
const ANSWER_SECONDS = 60;

/** A voucher whose signature is its payer's, and what it was found to be good for. */
export type Payment = { readonly voucher: SignedVoucher; readonly now: number };

/** The till. */
export type Till = {
  /** Price of an answer, in the token's smallest unit. */
  readonly price: bigint;
  /** Reads a payment header and looks at its signature. Throws {@link ServiceError} 402. */
  open(header: string | undefined, url: string): Promise<Payment>;
  /**
   * Throws {@link ServiceError} 402 unless the voucher covers what its payer owes with one more answer. Does
   * not wait: what is true when it returns can be reserved at once.
   */
  check(payment: Payment, url: string): void;
  /** Reads the payer's channel again if the voucher says more than the one that is known can bear. */
  refresh(payment: Payment): Promise<void>;
};

/** Opens the till. */
export function openTill(of: {
  readonly session: Session;
  readonly answering: Answering;
  readonly signers: Signers;
  readonly feeUnits: number;
}): Till {
  const { session, answering, signers, feeUnits } = of;
  const { model, ledger } = answering;
  const { deployment, operator } = session;
  const at: VaultAt = { chainId: session.chain.chainId, vault: deployment.vault };
  const price = BigInt(feeUnits) * model.feeUnitWei;
  const terms = (now: number, owed?: bigint): VoucherTerms => {
    const { name, version } = quittanceDomain(at.chainId, at.vault);
    return {
      chainId: at.chainId,
      token: model.token,
      vault: at.vault,
      operator: operator.address,
      model: model.id,
      epochs: deployment.epochs,
      domain: { name, version },
      feeUnits,
      price,
      minExpiry: now + DUE_SECONDS + MARGIN_SECONDS,
      ...(owed === undefined ? {} : { owed }),
    };
  };
  const refusal = (code: string, error: string, url: string, now: number, owed?: bigint): ServiceError => {
    const required: PaymentRequired = {
      error,
      resource: { url, description: `an answer of model ${model.id}`, mimeType: "application/json" },
      accepts: [termsToX402(terms(now, owed), ANSWER_SECONDS)],
    };
    return new ServiceError(402, code, error, { "payment-required": paymentRequiredHeader(required) });
  };
  const good = new Map<string, string>();
  const isPayers = async (voucher: SignedVoucher): Promise<boolean> => {
    const payer = voucher.payer.toLowerCase();
    const text = `${voucher.cumulative} ${voucher.expiry} ${voucher.signature}`;
    if (good.get(payer) === text) {
      await ledger.load(voucher.payer, CHANNEL_MS);
      return true;
    }
    const signer = await signers.voucherSigner(voucher);
    await ledger.load(voucher.payer, CHANNEL_MS);
    const isGood = ledger.isContract(payer)
      ? await walletAgrees(session, at, voucher)
      : signer?.toLowerCase() === payer;
    if (!isGood) return false;
    good.delete(payer);
    good.set(payer, text);
    for (const first of good.keys()) {
      if (good.size <= MOST_REMEMBERED) break;
      good.delete(first);
    }
    return true;
  };
  const read = (header: string): SignedVoucher => {
    const { accepted, payload } = readPaymentSignature(header);
    if (accepted.scheme !== VOUCHER_SCHEME || accepted.network !== `eip155:${at.chainId}`)
      throw new VoucherPayloadError(`it is ${accepted.scheme} on ${accepted.network}`);
    const voucher = voucherFromPayload(payload);
    // One spelling, so that a payer who writes its address in two ways is not charged as two.
    return {
      ...voucher,
      payer: checksumAddress(voucher.payer.toLowerCase()),
      model: voucher.model.toLowerCase(),
    };
  };
  return {
    price,
    async open(header, url) {
      const now = await ledger.time();
      if (header === undefined)
        throw refusal(
          "payment_required",
          `An answer costs ${price} of the token's smallest unit. Pay with a voucher: see the header payment-required.`,
          url,
          now,
        );
      let voucher: SignedVoucher;
      try {
        voucher = read(header);
      } catch (error) {
        if (!(error instanceof X402HeaderError || error instanceof VoucherPayloadError)) throw error;
        throw refusal("payment_invalid", error.message, url, now);
      }
      const named = { operator: operator.address, model: model.id };
      for (const [what, wanted] of Object.entries(named)) {
        const found = voucher[what as "operator" | "model"];
        if (found.toLowerCase() !== wanted.toLowerCase())
          throw refusal(
            "voucher_refused",
            `The voucher is for ${what} ${found}; sign one for ${wanted}.`,
            url,
            now,
          );
      }
      if (!(await isPayers(voucher)))
        throw refusal(
          "voucher_signature",
          "The voucher's signature is not its payer's. Sign it again.",
          url,
          now,
        );
      return { voucher, now };
    },
    async refresh({ voucher }) {
      const channel = ledger.channel(voucher.payer);
      const isShort = voucher.cumulative > reach(channel);
      if (isShort || (ledger.isContract(voucher.payer) && voucher.cumulative > channel.authorised))
        await ledger.load(voucher.payer, CHANNEL_AGAIN_MS);
    },
    check({ voucher, now }, url) {
      const before = ledger.owed(voucher.payer);
      const problems = termProblems({
        voucher,
        operator: operator.address,
        model: model.id,
        before,
        fee: price,
        channel: ledger.channel(voucher.payer),
        now: BigInt(now),
        chargedBy: BigInt(now + DUE_SECONDS),
      });
      // A contract can take its word back before the epoch redeems it, and would take the epoch along.
      if (ledger.isContract(voucher.payer) && voucher.cumulative > ledger.channel(voucher.payer).authorised)
        problems.push(
          "its payer is a contract: have the vault redeem it first (anybody can), then ask again",
        );
      if (problems.length === 0) return;
      const what = `The voucher is not good: ${problems.join("; ")} (amounts in the token's smallest unit).`;
      throw refusal("voucher_refused", what, url, now, before + price);
    },
  };
}

const MOST_REMEMBERED = 10_000;

/** The most that a voucher can be redeemed for, if no withdrawal is asked for. */
function reach({ deposited, withdrawn, requested }: ChannelView): bigint {
  return deposited - withdrawn - requested;
}

const ERC1271 = codecOf(
  '[{"type":"function","name":"isValidSignature","stateMutability":"view","inputs":[{"name":"hash","type":"bytes32"},{"name":"signature","type":"bytes"}],"outputs":[{"name":"","type":"bytes4"}]}]',
);
const ERC1271_YES = "0x1626ba7e";

/** Whether a payer that is a contract takes the signature for its own. */
async function walletAgrees({ chain }: Session, at: VaultAt, voucher: SignedVoucher): Promise<boolean> {
  const { request } = chain.provider;
  const data = ERC1271.call("isValidSignature", [voucherDigest(at, voucher), voucher.signature]);
  try {
    const said = await request({ method: "eth_call", params: [{ to: voucher.payer, data }, "latest"] });
    return String(said).slice(0, 10) === ERC1271_YES && String(said).length === 66;
  } catch {
    return false;
  }
}
