/**
 * `GET /terms`: what an answer costs and what a voucher for it has to say, to whoever would rather know
 * before it asks. The 402 of `POST /infer` says the same, and stays: that is how x402 begins. But a browser
 * writes every refusal on its console, and a question need not travel twice.
 */
import { z } from "zod";
import { paymentRequiredJson } from "../../engine/x402.ts";
import { VOUCHER_SCHEME } from "../../payments/voucher-scheme.ts";
import type { App, ServiceContext } from "../context.ts";
import { route } from "../route.ts";

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);

const acceptedSchema = z.object({
  scheme: z.literal(VOUCHER_SCHEME),
  network: z.string().describe("eip155: and the chain's id"),
  amount: z.string().describe("what one answer costs, in the token's smallest unit"),
  asset: address.describe("the token"),
  payTo: address.describe("the vault"),
  maxTimeoutSeconds: z.number().int(),
  extra: z.object({
    operator: address,
    model: z.string(),
    vault: address,
    epochs: address.describe("the contract that receipts are signed for"),
    domain: z.object({ name: z.string(), version: z.string() }).describe("EIP-712, of vouchers"),
    feeUnits: z.number().int(),
    minExpiry: z.number().int().describe("seconds since 1970: a voucher that expires earlier is refused"),
  }),
});

const termsSchema = z.object({
  x402Version: z.literal(2),
  resource: z.object({ url: z.string(), description: z.string(), mimeType: z.string() }),
  accepts: z.array(acceptedSchema),
});

/** Adds the route. */
export function termsRoutes(app: App, { till }: ServiceContext): void {
  route(app, {
    method: "GET",
    url: "/terms",
    summary: "what an answer costs, as the 402 of POST /infer says it (x402, scheme quittance-voucher)",
    tag: "answers",
    answers: { 200: { description: "for `payment-signature`", schema: termsSchema } },
    async handle({ request, reply }) {
      reply.header("cache-control", "no-store");
      return paymentRequiredJson(await till.terms(`${request.protocol}://${request.host}/infer`));
    },
  });
}
