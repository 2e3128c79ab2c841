/**
 * The receipts that an agent holds, and the check that each passes before it is one of them. What does not
 * check out is kept too, apart, as evidence.
 */
import { requestIdOf } from "../payments/request-id.ts";
import { parseReceipt, type Receipt, receiptText } from "../receipts.ts";
import type { Counterparty, Pending } from "./books.ts";
import { receiptName, receiptProblems, receiptsPrefix } from "./check.ts";
import { AgentReceiptError } from "./errors.ts";
import type { AgentStorage } from "./storage.ts";
import type { AgentOptions, Question } from "./types.ts";

/**
 * Checks what came for a request and keeps it; returns the receipt and its name in the storage. Throws {@link
 * AgentReceiptError}.
 */
export async function keepChecked(of: {
  readonly storage: AgentStorage;
  readonly profile: AgentOptions["profile"];
  readonly payer: string;
  readonly now: number;
  readonly counterparty: Counterparty;
  readonly request: Pending;
  /** The body of the answer. */
  readonly body: unknown;
}): Promise<{ readonly receipt: Receipt; readonly kept: string }> {
  const { storage, request, counterparty, payer, now } = of;
  const requestId = requestIdOf(counterparty.model, request.key);
  const body = (of.body ?? {}) as { receipt?: unknown };
  const wrong: string[] = [];
  try {
    const receipt = parseReceipt(JSON.stringify(body.receipt ?? null), "The answer's receipt");
    const profile = await of.profile(receipt.profile);
    const content = contentBytes(request);
    const { epoch } = request;
    wrong.push(...receiptProblems({ receipt, profile, content, payer, counterparty, requestId, epoch, now }));
    if (wrong.length === 0) {
      const kept = receiptName(receipt);
      await storage.write(kept, receiptText(receipt));
      return { receipt, kept };
    }
  } catch (error) {
    if (!(error instanceof Error) || !/^(Receipt|Profile)\./.test(error.name)) throw error;
    wrong.push(error.message);
  }
  const evidence = `refused/${requestId.slice(2)}`;
  await storage.write(evidence, `${JSON.stringify(body)}\n`);
  throw new AgentReceiptError(wrong, evidence);
}

/** The receipts of a model that a storage holds, of one epoch or of all. */
export async function heldReceipts(storage: AgentStorage, model: string, epoch?: number): Promise<Receipt[]> {
  const prefix = `${receiptsPrefix(model)}${epoch === undefined ? "" : `${epoch}/`}`;
  const receipts: Receipt[] = [];
  for (const name of await storage.list(prefix))
    receipts.push(parseReceipt((await storage.read(name)) ?? "", name));
  return receipts;
}

/** A question as the books hold it: texts as they are, bytes in base64. */
export function heldQuestion(question: Question): Pick<Pending, "kind" | "content"> {
  if (typeof question === "string") return { kind: "text", content: question };
  let text = "";
  for (const byte of question) text += String.fromCharCode(byte);
  return { kind: "bytes", content: btoa(text) };
}

/** A question as the service takes it. */
export function sentQuestion({ kind, content }: Pending): { text: string } | { base64: string } {
  return kind === "text" ? { text: content } : { base64: content };
}

/** A question as its receipt's digest sees it. */
function contentBytes({ kind, content }: Pending): Uint8Array {
  if (kind === "text") return new TextEncoder().encode(content);
  return Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
}
