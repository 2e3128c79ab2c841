/**
 * What was bought in this browser: question, answer, receipt, and the secret key that each was bought with.
 * Kept here and sent nowhere; whoever clears the browser's storage forgets it.
 */
import type { PaidAnswer } from "../../pipeline/browser.ts";

/** A purchase. `question` is a text, or a picture's pixels in base64. */
export type Purchase = {
  readonly key: string;
  readonly requestId: string;
  readonly model: string;
  readonly epoch: number;
  readonly question: string;
  readonly answerName: string;
  readonly at: number;
};

const NAME = "quittance-purchases";
/** Most purchases that are remembered. */
const MOST = 200;

/** What was bought here, the newest first. */
export function purchases(): readonly Purchase[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(NAME) ?? "[]");
    return Array.isArray(kept) ? (kept as readonly Purchase[]) : [];
  } catch {
    return [];
  }
}

/** Remembers a purchase. */
export function remember(question: string, { key, receipt, answerName }: PaidAnswer): Purchase {
  const { requestId, modelId: model, epoch } = receipt;
  const purchase = { key, requestId, model, epoch, question, answerName, at: Math.floor(Date.now() / 1_000) };
  const kept = [purchase, ...purchases().filter((one) => one.requestId !== requestId)].slice(0, MOST);
  localStorage.setItem(NAME, JSON.stringify(kept));
  return purchase;
}
