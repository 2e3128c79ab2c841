/**
 * `POST /infer`: an answer for a voucher.
 *
 * The order is what makes a retry safe: first the key (an answer that exists is given again, whatever is paid
 * with it), then the payment, then the queue.
 */
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { PAYMENT_RESPONSE, PAYMENT_SIGNATURE, paymentResponseHeader } from "../../engine/x402.ts";
import { KEY_PATTERN, requestIdOf } from "../../payments/request-id.ts";
import { className, projectLabels } from "../../project-labels.ts";
import { type Receipt, receiptText } from "../../receipts.ts";
import type { App, ServiceContext } from "../context.ts";
import type { Served } from "../desk.ts";
import { notFound, ServiceError } from "../errors.ts";
import { errorSchema, route } from "../route.ts";

const MOST_BYTES = 700_000;

const bodySchema = z.strictObject({
  content: z.union([
    z.strictObject({ text: z.string().min(1).max(MOST_BYTES) }),
    z.strictObject({ pixels: z.array(z.number().int().min(0).max(255)).min(1).max(250_000) }),
    z.strictObject({ base64: z.string().min(1).max(1_000_000) }),
  ]),
  model: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/, "a model's id: 0x and 64 hex digits")
    .optional()
    .describe("the model that is meant; the one that is served where it is left out"),
});
type Body = z.infer<typeof bodySchema>;

/** The key of a purchase, as a header. */
export const keySchema = z
  .string({
    required_error:
      "needed: a random key of 16 to 128 url-safe characters, kept secret, the same for a retry",
  })
  .regex(KEY_PATTERN, "16 to 128 url-safe characters (letters, digits, _ and -), random and kept secret");

const headersSchema = z.object({
  "idempotency-key": keySchema,
  [PAYMENT_SIGNATURE]: z
    .string()
    .optional()
    .describe("x402 payment: a voucher, as the 402 answer asks for it"),
});

/** What is sure about an answer, and what is not. */
export const assuranceSchema = z.object({
  answer: z.string(),
  fee: z.string(),
  features: z.string(),
  training: z.string(),
});

const answerSchema = z.object({
  receipt: z.record(z.unknown()).describe("as `quittance verify` reads it: save it as a file"),
  answer: z.number().int(),
  answerName: z.string(),
  model: z.string(),
  assurance: assuranceSchema,
  dueBy: z.number().int().describe("seconds since 1970: when its epoch is committed at the latest"),
});

/** The words that hold for an answer before its epoch is proven. */
export function assuranceOf({ unproven }: Pick<Receipt, "unproven">): z.infer<typeof assuranceSchema> {
  return {
    answer: "attested until its epoch is proven",
    fee: "attested until its epoch is proven",
    features: "reproducible by whoever has the content and the backbone",
    training: unproven
      ? "attested: the model is registered as unproven"
      : "proven when its first epoch is settled",
  };
}

/** Adds the route. */
export function inferRoutes(app: App, context: ServiceContext): void {
  const { model, desk, till, settings, session, metrics } = context;
  const labels = projectLabels(context.project);
  const network = `eip155:${session.chain.chainId}` as const;
  const told = ({ receipt, replayed }: Served, reply: FastifyReply): FastifyReply => {
    metrics.answered(replayed);
    if (replayed) reply.header("idempotent-replayed", "true");
    const rest = {
      answer: receipt.opening.answer,
      answerName: className(labels, receipt.opening.answer),
      model: receipt.modelId,
      assurance: assuranceOf(receipt),
      dueBy: receipt.dueBy,
    };
    return reply
      .header("cache-control", "private, no-store")
      .type("application/json; charset=utf-8")
      .send(`{"receipt":${receiptText(receipt).trimEnd()},${JSON.stringify(rest).slice(1)}`);
  };
  route(app, {
    method: "POST",
    url: "/infer",
    summary: "an answer, paid with a voucher (x402, scheme quittance-voucher)",
    tag: "answers",
    headers: headersSchema,
    body: bodySchema,
    answers: {
      200: {
        description: "the answer and its receipt; also for a retry, which pays nothing",
        schema: answerSchema,
      },
      402: { description: "what to pay: the header payment-required says", schema: errorSchema },
      409: { description: "the key was used for another content", schema: errorSchema },
      429: { description: "too fast", schema: errorSchema },
      503: {
        description: "not now: ask again after retry-after seconds, with the same key",
        schema: errorSchema,
      },
    },
    async handle({ headers, body, request, reply }) {
      if (body.model !== undefined && body.model.toLowerCase() !== model.id.toLowerCase())
        throw notFound(`Model ${body.model} is not served here. GET /models says which one is.`);
      const content = contentOf(body.content, context);
      if (!settings.receipts) {
        const klass = await desk.peek(content);
        return { answer: klass, answerName: className(labels, klass), model: model.id };
      }
      const requestId = requestIdOf(model.id, headers["idempotency-key"]);
      const before = desk.replay(requestId, content);
      if (before !== undefined) return told(before, reply);
      const url = `${request.protocol}://${request.host}/infer`;
      const payment = await till.open(headers[PAYMENT_SIGNATURE], url);
      const served = await desk.ask({ requestId, content, payment, url });
      if (!served.replayed)
        reply.header(
          PAYMENT_RESPONSE,
          paymentResponseHeader({
            success: true,
            transaction: "",
            network,
            payer: served.receipt.payer,
            extra: { cumulative: String(payment.voucher.cumulative) },
          }),
        );
      return told(served, reply);
    },
  });
}

/** The bytes that are asked about, of the form that the model reads. Throws {@link ServiceError} 400. */
function contentOf(content: Body["content"], { answering }: ServiceContext): Uint8Array {
  const { text, inputSize } = answering.backbone;
  if (text !== "text" in content)
    throw new ServiceError(
      400,
      "wrong_content",
      text
        ? 'This model reads texts: send {"content":{"text":"…"}}.'
        : `This model reads ${inputSize} bytes: send pixels or base64.`,
    );
  if ("text" in content) return new TextEncoder().encode(content.text);
  const bytes = "pixels" in content ? Uint8Array.from(content.pixels) : bytesOf(content.base64);
  if (bytes.length !== inputSize)
    throw new ServiceError(
      400,
      "wrong_content",
      `The content has ${bytes.length} bytes and the model reads ${inputSize}. Resize it.`,
    );
  return bytes;
}

function bytesOf(base64: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64))
    throw new ServiceError(400, "bad_request", "body.content.base64: not base64. Use the standard alphabet.");
  return new Uint8Array(Buffer.from(base64, "base64"));
}
