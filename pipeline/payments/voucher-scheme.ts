/**
 * Our scheme within x402, `quittance-voucher`: what a server asks for, and what a client pays with.
 *
 * x402's own scheme `exact` moves the price of every answer on chain. An answer here costs less than moving
 * money does, so a payment is a voucher (`vouchers.ts`): one signature over what the payer owes in all.
 * `amount` is what one answer costs; `extra` has everything that the voucher must name. Where a voucher falls
 * short, `owed` says what the next one has to say in all; only the payer's own signature is told that.
 *
 * Nothing here needs Node.
 */
import { z } from "zod";
import type { Hex } from "../engine/ethers.ts";
import type { PaymentTerms } from "../engine/x402.ts";
import type { SignedVoucher } from "./vouchers.ts";

/** The scheme's name. */
export const VOUCHER_SCHEME = "quittance-voucher";

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "an address");
const hex32 = z.string().regex(/^0x[0-9a-fA-F]{64}$/, "32 bytes in hex");
/** At most 256 bits, and no second spelling of the same number. */
const amount = z.string().regex(/^(0|[1-9][0-9]{0,77})$/, "a whole number as a text");

const extraSchema = z.object({
  operator: address,
  model: hex32,
  vault: address,
  epochs: address,
  domain: z.object({ name: z.string(), version: z.string() }),
  feeUnits: z.number().int().min(1).max(0xffff_ffff),
  minExpiry: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  owed: amount.optional(),
});

/** What a voucher for one answer has to say. */
export type VoucherTerms = {
  readonly chainId: number;
  readonly token: string;
  readonly vault: string;
  readonly operator: string;
  readonly model: Hex;
  readonly epochs: string;
  readonly domain: { readonly name: string; readonly version: string };
  /** Price of one answer, in fee units and in the token's smallest unit. */
  readonly feeUnits: number;
  readonly price: bigint;
  /** Seconds since 1970: a voucher that expires earlier is refused. */
  readonly minExpiry: number;
  /** What the next voucher has to say in all; only after one that fell short. */
  readonly owed?: bigint;
};

/** The terms as x402 says them. */
export function termsToX402(terms: VoucherTerms, maxTimeoutSeconds: number): PaymentTerms {
  const { operator, model, vault, epochs, domain, feeUnits, minExpiry, owed } = terms;
  return {
    scheme: VOUCHER_SCHEME,
    network: `eip155:${terms.chainId}`,
    amount: String(terms.price),
    asset: terms.token,
    payTo: vault,
    maxTimeoutSeconds,
    extra: {
      ...{ operator, model, vault, epochs, domain, feeUnits, minExpiry },
      ...(owed === undefined ? {} : { owed: String(owed) }),
    },
  };
}

/** Our scheme among those that a server accepts. Throws {@link VoucherTermsError}. */
export function termsFromX402(accepts: readonly PaymentTerms[]): {
  readonly terms: VoucherTerms;
  readonly accepted: PaymentTerms;
} {
  const accepted = accepts.find(({ scheme }) => scheme === VOUCHER_SCHEME);
  if (accepted === undefined)
    throw new VoucherTermsError(`it takes ${accepts.map(({ scheme }) => scheme).join(", ")}`);
  const chainId = Number(/^eip155:([1-9][0-9]{0,15})$/.exec(accepted.network)?.[1]);
  if (!Number.isSafeInteger(chainId)) throw new VoucherTermsError(`the network is ${accepted.network}`);
  const extra = extraSchema.safeParse(accepted.extra);
  const price = amount.safeParse(accepted.amount);
  const token = address.safeParse(accepted.asset);
  for (const [where, parsed] of Object.entries({ extra, amount: price, asset: token })) {
    if (parsed.success) continue;
    const issue = parsed.error.issues[0];
    throw new VoucherTermsError(
      `${[where, ...(issue?.path ?? [])].join(".")}: ${issue?.message ?? "not valid"}`,
    );
  }
  const { owed, ...rest } = extra.data as z.infer<typeof extraSchema>;
  if (rest.vault.toLowerCase() !== accepted.payTo.toLowerCase())
    throw new VoucherTermsError("it is to be paid to another address than the vault");
  const terms: VoucherTerms = {
    ...rest,
    chainId,
    token: accepted.asset,
    price: BigInt(accepted.amount),
    ...(owed === undefined ? {} : { owed: BigInt(owed) }),
  };
  return { terms, accepted };
}

const payloadSchema = z.strictObject({
  payer: address,
  operator: address,
  model: hex32,
  cumulative: amount,
  expiry: z.string().regex(/^(0|[1-9][0-9]{0,19})$/, "seconds as a text"),
  signature: z.string().regex(/^0x([0-9a-fA-F]{2}){1,4096}$/, "a signature in hex"),
});

/** A voucher as the payload of a payment. */
export function voucherToPayload(voucher: SignedVoucher): Record<string, unknown> {
  const { payer, operator, model, cumulative, expiry, signature } = voucher;
  return { payer, operator, model, cumulative: String(cumulative), expiry: String(expiry), signature };
}

/** Reads a payment's voucher. Throws {@link VoucherPayloadError}; signature and sense are not checked. */
export function voucherFromPayload(payload: unknown): SignedVoucher {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new VoucherPayloadError(`${issue?.path.join(".") || "payload"}: ${issue?.message ?? "not valid"}`);
  }
  const { cumulative, expiry, ...rest } = parsed.data;
  const voucher = { ...rest, cumulative: BigInt(cumulative), expiry: BigInt(expiry) };
  if (voucher.cumulative >> 256n !== 0n) throw new VoucherPayloadError("cumulative: above 256 bits");
  if (voucher.expiry >> 64n !== 0n) throw new VoucherPayloadError("expiry: above 64 bits");
  return voucher;
}

/** A server that asks for a payment that we cannot make. */
export class VoucherTermsError extends Error {
  override readonly name = "Voucher.Terms";
  constructor(reason: string) {
    super(
      `The service does not ask for a voucher that can be signed (${reason}). Is this address a Quittance service of this version?`,
    );
  }
}

/** A payment that is no voucher. */
export class VoucherPayloadError extends Error {
  override readonly name = "Voucher.Payload";
  constructor(reason: string) {
    super(
      `The payment is not a voucher (${reason}). Send payer, operator, model, cumulative, expiry and signature.`,
    );
  }
}
