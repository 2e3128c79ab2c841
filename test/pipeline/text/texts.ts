/**
 * Support tickets of five kinds for tests, from a seed: a phrase of the class, and words that say nothing.
 */
import { seededRandom } from "../../../pipeline/random.ts";

export const CLASSES = ["card_lost", "fee_wrong", "login_broken", "refund_late", "transfer_failed"] as const;

const PHRASES: Readonly<Record<(typeof CLASSES)[number], readonly string[]>> = {
  card_lost: ["my card is lost", "I cannot find my card", "the card was stolen"],
  fee_wrong: ["you charged a wrong fee", "why this fee", "the fee is too high"],
  login_broken: ["I cannot log in", "the login page hangs", "my password is not taken"],
  refund_late: ["my refund has not come", "where is the refund", "still waiting for a refund"],
  transfer_failed: ["the transfer failed", "my transfer was declined", "money transfer did not work"],
};
const FILLERS = [
  "please",
  "help",
  "today",
  "again",
  "since monday",
  "thanks",
  "hello",
  "urgent",
  "ÄÖÜ",
  "ok?",
];

export type Ticket = { readonly text: string; readonly category: (typeof CLASSES)[number] };

/** `count` tickets, the classes in turn. */
export function tickets(seed: string, count: number): Ticket[] {
  const random = seededRandom(`tickets/${seed}`);
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  return Array.from({ length: count }, (_, i) => {
    const category = CLASSES[i % CLASSES.length] as (typeof CLASSES)[number];
    const words = [pick(FILLERS), pick(PHRASES[category]), pick(FILLERS), pick(FILLERS)];
    return { text: `${words.join(" ")}, "${random.below(1000)}"`, category };
  });
}

/** A CSV of tickets; every row's contributor is one of these in turn, if there are any. */
export function ticketCsv(rows: readonly Ticket[], contributors: readonly string[] = []): string {
  const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const head = contributors.length === 0 ? "text,category" : "text,category,contributor";
  const lines = rows.map(({ text, category }, i) => {
    const name = contributors.length === 0 ? "" : `,${contributors[i % contributors.length]}`;
    return `${cell(text)},${category}${name}`;
  });
  return `${head}\n${lines.join("\n")}\n`;
}
