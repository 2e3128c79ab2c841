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
import { checksumAddress } from "../engine/ethers.ts";
import {
  type PaymentRequired,
  paymentRequiredHeader,
  readPaymentSignature,
  X402HeaderError,
} from "../engine/x402.ts";
import { voucherConsent } from "../payments/consent.ts";
import {
  termsToX402,
  VOUCHER_SCHEME,
  VoucherPayloadError,
  type VoucherTerms,
  voucherFromPayload,
} from "../payments/voucher-scheme.ts";
import { type Consent, type SignedVoucher, type VaultAt, voucherProblems } from "../payments/vouchers.ts";
import type { Session } from "../session.ts";
import { ServiceError } from "./errors.ts";
import type { Signers } from "./signers.ts";

/** How long a voucher that is signed now should still hold when it comes back. */
const MARGIN_SECONDS = 3_600;
/** Channels are read from the chain again after this long, and at once where a deposit falls short. */
const CHANNEL_MS = 15_000;
const CHANNEL_AGAIN_MS = 1_000;
const ANSWER_SECONDS = 60;

/** A voucher that its payer agreed to, in which way, and when that was found. */
export type Payment = { readonly voucher: SignedVoucher; readonly consent: Consent; readonly now: number };

/** The till. */
export type Till = {
  /** Price of an answer, in the token's smallest unit. */
  readonly price: bigint;
  /** What an answer at this address costs, and what a voucher must say: as a 402 says it, to anybody. */
  terms(url: string): Promise<PaymentRequired>;
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
  const required = (url: string, now: number, owed?: bigint): PaymentRequired => ({
    resource: { url, description: `an answer of model ${model.id}`, mimeType: "application/json" },
    accepts: [termsToX402(terms(now, owed), ANSWER_SECONDS)],
  });
  const refusal = (code: string, error: string, url: string, now: number, owed?: bigint): ServiceError => {
    const header = paymentRequiredHeader({ error, ...required(url, now, owed) });
    return new ServiceError(402, code, error, { "payment-required": header });
  };
  const good = new Map<string, { readonly text: string; readonly consent: Consent }>();
  const consentTo = async (voucher: SignedVoucher): Promise<Consent | undefined> => {
    const payer = voucher.payer.toLowerCase();
    const text = `${voucher.cumulative} ${voucher.expiry} ${voucher.signature}`;
    const known = good.get(payer);
    if (known?.text === text) {
      await ledger.load(voucher.payer, CHANNEL_MS);
      return known.consent;
    }
    const signer = await signers.voucherSigner(voucher);
    // The payer may have come to delegate to code that accepts another's signature.
    const isKeys = signer?.toLowerCase() === payer;
    await ledger.load(voucher.payer, isKeys ? CHANNEL_MS : CHANNEL_AGAIN_MS);
    const hasCode = ledger.hasCode(payer);
    const consent = await voucherConsent({ chain: session.chain, at, voucher, signer, hasCode });
    if (consent === undefined) return undefined;
    good.delete(payer);
    good.set(payer, { text, consent });
    for (const first of good.keys()) {
      if (good.size <= MOST_REMEMBERED) break;
      good.delete(first);
    }
    return consent;
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
    terms: async (url) => required(url, await ledger.time()),
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
      const consent = await consentTo(voucher);
      if (consent === undefined)
        throw refusal(
          "voucher_signature",
          "The voucher's signature is not its payer's. Sign it again.",
          url,
          now,
        );
      return { voucher, consent, now };
    },
    async refresh({ voucher, consent }) {
      const channel = ledger.channel(voucher.payer);
      const isShort = voucher.cumulative > reach(channel);
      if (isShort || (consent === "code" && voucher.cumulative > channel.authorised))
        await ledger.load(voucher.payer, CHANNEL_AGAIN_MS);
    },
    check({ voucher, consent, now }, url) {
      const before = ledger.owed(voucher.payer);
      const problems = voucherProblems({
        voucher,
        consent,
        operator: operator.address,
        model: model.id,
        before,
        fee: price,
        channel: ledger.channel(voucher.payer),
        now: BigInt(now),
        chargedBy: BigInt(now + DUE_SECONDS),
      });
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
