/**
 * The only importer of @x402/core: the headers of an HTTP payment, version 2, as typed objects.
 *
 * x402 is how a server says 402 and what it wants (PAYMENT-REQUIRED), how a client pays (PAYMENT-SIGNATURE)
 * and how the server says that it was paid (PAYMENT-RESPONSE); each is JSON in base64. What a payment is made
 * of is the scheme's matter (`pipeline/payments/voucher-scheme.ts` has ours).
 *
 * The pitfall: the library's decoders parse and believe. Everything that came over the wire is checked here
 * against the library's schemas before anybody sees it, and what fails is a typed error, never a
 * `SyntaxError`.
 */
import {
  decodePaymentRequiredHeader,
  decodePaymentResponseHeader,
  decodePaymentSignatureHeader,
  encodePaymentRequiredHeader,
  encodePaymentResponseHeader,
  encodePaymentSignatureHeader,
} from "@x402/core/http";
import { PaymentPayloadV2Schema, PaymentRequiredV2Schema, z } from "@x402/core/schemas";

/** Names of the headers, in lower case as Node gives them. */
export const PAYMENT_REQUIRED = "payment-required";
export const PAYMENT_SIGNATURE = "payment-signature";
export const PAYMENT_RESPONSE = "payment-response";

/** The version of x402 that is spoken here. */
export const X402_VERSION = 2;

/** What a server takes as payment; `amount` in the token's smallest unit, `network` like `eip155:1`. */
export type PaymentTerms = {
  readonly scheme: string;
  readonly network: `${string}:${string}`;
  readonly amount: string;
  readonly asset: string;
  readonly payTo: string;
  readonly maxTimeoutSeconds: number;
  readonly extra: Readonly<Record<string, unknown>>;
};

/** A demand for payment. */
export type PaymentRequired = {
  readonly error?: string;
  /** What is paid for. */
  readonly resource: { readonly url: string; readonly description?: string; readonly mimeType?: string };
  readonly accepts: readonly PaymentTerms[];
};

/** A payment: the terms it accepts, and what the scheme says. */
export type Payment = {
  readonly accepted: PaymentTerms;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** What became of a payment. */
export type PaymentResponse = {
  readonly success: boolean;
  /** Hash of the transaction that settled it; empty where nothing was sent. */
  readonly transaction: string;
  readonly network: `${string}:${string}`;
  readonly payer?: string;
  readonly errorReason?: string;
  readonly extra?: Readonly<Record<string, unknown>>;
};

const responseSchema = z.object({
  success: z.boolean(),
  transaction: z.string(),
  network: z.string().min(3).includes(":"),
  payer: z.string().optional(),
  errorReason: z.string().optional(),
  extra: z.record(z.unknown()).optional(),
});

/** The text of a PAYMENT-REQUIRED header. */
export function paymentRequiredHeader(required: PaymentRequired): string {
  return encodePaymentRequiredHeader(mutable({ x402Version: X402_VERSION, ...required }));
}

/** The same as the JSON of an answer that is no refusal. */
export function paymentRequiredJson(required: PaymentRequired): PaymentRequired & { x402Version: number } {
  return { x402Version: X402_VERSION, ...required };
}

/** Reads a PAYMENT-REQUIRED header. Throws {@link X402HeaderError}. */
export function readPaymentRequired(header: string): PaymentRequired {
  return requiredOf(
    read(PAYMENT_REQUIRED, header, (text) =>
      PaymentRequiredV2Schema.parse(decodePaymentRequiredHeader(text)),
    ),
  );
}

/** Reads what {@link paymentRequiredJson} made; undefined for anything else. */
export function paymentRequiredOf(json: unknown): PaymentRequired | undefined {
  const parsed = PaymentRequiredV2Schema.safeParse(json);
  return parsed.success ? requiredOf(parsed.data) : undefined;
}

function requiredOf(of: z.infer<typeof PaymentRequiredV2Schema>): PaymentRequired {
  const { error, resource, accepts } = of;
  const { url, description, mimeType } = resource;
  return {
    ...(error === undefined ? {} : { error }),
    resource: {
      url,
      ...(description === undefined ? {} : { description }),
      ...(mimeType === undefined ? {} : { mimeType }),
    },
    accepts: accepts.map(termsOf),
  };
}

/** The text of a PAYMENT-SIGNATURE header. */
export function paymentSignatureHeader(payment: Payment): string {
  return encodePaymentSignatureHeader(mutable({ x402Version: X402_VERSION, ...payment }));
}

/** Reads a PAYMENT-SIGNATURE header. Throws {@link X402HeaderError}. */
export function readPaymentSignature(header: string): Payment {
  const { accepted, payload } = read(PAYMENT_SIGNATURE, header, (text) =>
    PaymentPayloadV2Schema.parse(decodePaymentSignatureHeader(text)),
  );
  return { accepted: termsOf(accepted), payload };
}

/** The text of a PAYMENT-RESPONSE header. */
export function paymentResponseHeader(response: PaymentResponse): string {
  return encodePaymentResponseHeader(mutable(response));
}

/** Reads a PAYMENT-RESPONSE header. Throws {@link X402HeaderError}. */
export function readPaymentResponse(header: string): PaymentResponse {
  return read(PAYMENT_RESPONSE, header, (text) =>
    responseSchema.parse(decodePaymentResponseHeader(text)),
  ) as PaymentResponse;
}

type LibraryTerms = z.infer<typeof PaymentPayloadV2Schema>["accepted"];

/** The schema looked for the colon, which its type does not say. */
function termsOf({ network, extra, ...rest }: LibraryTerms): PaymentTerms {
  return { ...rest, network: network as `${string}:${string}`, extra: extra ?? {} };
}

function read<T>(header: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (cause) {
    throw new X402HeaderError(header, reasonOf(cause), cause);
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof z.ZodError) {
    const issue = cause.issues[0];
    return `${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`;
  }
  return "not JSON in base64";
}

/** The library's types are of mutable objects; it changes none of them. */
function mutable<T>(value: unknown): T {
  return value as T;
}

/** A payment header that cannot be read. */
export class X402HeaderError extends Error {
  override readonly name = "X402.Header";
  constructor(header: string, reason: string, cause?: unknown) {
    super(`The header ${header} is not what x402 version 2 says (${reason}). Send JSON in base64.`, {
      cause,
    });
  }
}
