/**
 * Receipts, for everybody and for their payers.
 *
 * Everybody may see what is signed: it names no question and no answer, and stands in the epoch's bundle
 * anyway. The opening belongs to whoever bought the answer. The proof of that is the idempotency key: the
 * number of a request is its hash, so the key that hashes to it can only be the purchaser's. A receipt that
 * was bought on the command line has no key; whoever holds all of it knows the salt of its opening, which
 * nobody else but the operator does.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { explainReceipts } from "../../explain.ts";
import { requestIdOf } from "../../payments/request-id.ts";
import { className, projectLabels } from "../../project-labels.ts";
import { type Receipt, receiptText } from "../../receipts.ts";
import { receiptAt } from "../../request-receipt.ts";
import { explanationView } from "../../views/explanation.ts";
import type { App, ServiceContext } from "../context.ts";
import { busy, notFound, ServiceError } from "../errors.ts";
import { errorSchema, route } from "../route.ts";
import { assuranceOf, assuranceSchema } from "./infer.ts";

const paramsSchema = z.object({
  requestId: z.string().regex(/^0x[0-9a-fA-F]{64}$/, "a request's number: 0x and 64 hex digits"),
});
const headersSchema = z.object({
  authorization: z
    .string()
    .optional()
    .describe(
      "`Receipt KEY`, with the purchase's idempotency key, or `Opening SALT`, with its receipt's salt",
    ),
});
const publicSchema = z.object({
  modelId: z.string(),
  unproven: z.boolean(),
  epoch: z.number().int(),
  requestId: z.string(),
  payer: z.string(),
  feeUnits: z.number().int(),
  leaf: z.string().describe("commits to question, answer and fee"),
  dueBy: z.number().int(),
  signature: z.string(),
});
const receiptSchema = z.object({
  receipt: publicSchema.or(z.record(z.unknown())),
  answer: z.number().int().optional(),
  answerName: z.string().optional(),
  model: z.string(),
  assurance: assuranceSchema,
  dueBy: z.number().int(),
});

/** Explanations that are made at a time, and remembered. */
const MOST_WAITING = 8;
const MOST_KEPT = 64;

/** Adds the routes. */
export function receiptRoutes(app: App, context: ServiceContext): void {
  const { answering, project, profile } = context;
  const labels = projectLabels(project);
  const receiptOf = (requestId: string): Receipt => {
    const place = answering.find(requestId);
    if (place === undefined)
      throw notFound(
        "No answer of that number was given here. The number is a hash of the model's id and your key.",
      );
    return receiptAt(requestId, place);
  };
  const isPurchaser = (receipt: Receipt, authorization: string | undefined): boolean => {
    if (authorization === undefined) return false;
    const salt = /^Opening ([0-9]{1,78})$/.exec(authorization)?.[1];
    if (salt !== undefined) {
      if (sameText(salt, String(receipt.opening.salt))) return true;
      throw new ServiceError(403, "wrong_key", "This salt is of another receipt. Use this request's own.");
    }
    const key = /^Receipt ([A-Za-z0-9_-]{16,128})$/.exec(authorization)?.[1];
    if (key === undefined)
      throw new ServiceError(
        401,
        "bad_authorization",
        "Send authorization: Receipt KEY, with the idempotency key, or Opening SALT, with the receipt's.",
        {
          "www-authenticate": "Receipt",
        },
      );
    if (requestIdOf(receipt.modelId, key) !== receipt.requestId.toLowerCase())
      throw new ServiceError(
        403,
        "wrong_key",
        "This key is of another request. Use the one that the answer was bought with.",
      );
    return true;
  };
  route(app, {
    method: "GET",
    url: "/receipts/:requestId",
    summary: "a receipt: its signed part, or all of it and the answer for whoever bought it",
    tag: "answers",
    params: paramsSchema,
    headers: headersSchema,
    answers: {
      200: { description: "the receipt", schema: receiptSchema },
      403: { description: "the key is of another request", schema: errorSchema },
    },
    handle({ params, headers, reply }) {
      const receipt = receiptOf(params.requestId);
      const { modelId: model, dueBy } = receipt;
      const rest = { model, assurance: assuranceOf(receipt), dueBy };
      if (!isPurchaser(receipt, headers.authorization)) return { receipt: signedOf(receipt), ...rest };
      const { answer } = receipt.opening;
      const more = { answer, answerName: className(labels, answer), ...rest };
      return reply
        .header("cache-control", "private, no-store")
        .type("application/json; charset=utf-8")
        .send(`{"receipt":${receiptText(receipt).trimEnd()},${JSON.stringify(more).slice(1)}`);
    },
  });

  const kept = new Map<string, unknown>();
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time: an explanation looks at every training sample. */
  const explain = async (receipt: Receipt): Promise<unknown> => {
    const { requestId } = receipt;
    const known = kept.get(requestId);
    if (known !== undefined) return known;
    if (waiting >= MOST_WAITING)
      throw busy("queue_full", "Too many explanations are being made. Ask again.", 5);
    waiting += 1;
    const made = last.then(async () => {
      const [explanation] = await explainReceipts({ project, profile, receipts: [receipt] });
      if (explanation === undefined) throw new Error("unreachable: one receipt has one explanation");
      return explanationView(explanation);
    });
    last = made.catch(() => {});
    try {
      const view = await made;
      kept.set(requestId, view);
      for (const first of kept.keys()) {
        if (kept.size <= MOST_KEPT) break;
        kept.delete(first);
      }
      return view;
    } finally {
      waiting -= 1;
    }
  };
  route(app, {
    method: "GET",
    url: "/receipts/:requestId/explanation",
    summary: "what taught this answer; for whoever bought it",
    tag: "answers",
    params: paramsSchema,
    headers: headersSchema,
    answers: {
      200: { description: "samples that helped and hurt, contributors", schema: z.record(z.unknown()) },
      401: { description: "the key is missing", schema: errorSchema },
      403: { description: "the key is of another request", schema: errorSchema },
    },
    async handle({ params, headers, reply }) {
      const receipt = receiptOf(params.requestId);
      if (!isPurchaser(receipt, headers.authorization))
        throw new ServiceError(
          401,
          "key_needed",
          "Only whoever bought the answer may see this. Send authorization: Receipt KEY, with the idempotency key.",
          { "www-authenticate": "Receipt" },
        );
      reply.header("cache-control", "private, no-store");
      return explain(receipt);
    },
  });
}

/** Whether two texts are equal, in a time that does not say where they differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function signedOf(receipt: Receipt): z.infer<typeof publicSchema> {
  const { modelId, unproven, epoch, requestId, payer, feeUnits, leaf, dueBy, signature } = receipt;
  return { modelId, unproven, epoch, requestId, payer, feeUnits, leaf: String(leaf), dueBy, signature };
}
