/**
 * An agent's books: with whom it deals, what it asked for, and the highest sum it ever signed.
 *
 *     next voucher = base + asked        signed ≤ base + budget
 *
 * `asked` is the price of every request that was not plainly refused, those in flight included; `base` is
 * what the payer owed before these books began. A voucher is money once it left, so `signed` is written
 * before it does, and what a service claims to be owed is never believed above this count: an operator that
 * says "you owe more" is told so to its face, not paid.
 *
 * Requests in flight stand in the books with their keys and contents. An agent that was killed asks them
 * again with the same keys: the service answers and charges each once.
 *
 * The functions here are pure; `openBooks` keeps what they return.
 */
import { z } from "zod";
import type { VoucherTerms } from "../payments/voucher-scheme.ts";
import type { AgentStorage } from "./storage.ts";

const amount = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,77})$/)
  .transform(BigInt);

/** With whom an agent deals: fixed at the first use, and compared at every later one. */
export type Counterparty = Pick<
  VoucherTerms,
  "chainId" | "operator" | "model" | "vault" | "epochs" | "token" | "feeUnits"
> & { readonly price: bigint };

const counterpartySchema = z.strictObject({
  chainId: z.number().int(),
  operator: z.string(),
  model: z.string(),
  vault: z.string(),
  epochs: z.string(),
  token: z.string(),
  feeUnits: z.number().int(),
  price: amount,
});

const pendingSchema = z.strictObject({
  key: z.string(),
  price: amount,
  kind: z.enum(["text", "bytes"]),
  content: z.string(),
  epoch: z.number().int(),
});

/** A request that has no answer yet. */
export type Pending = z.infer<typeof pendingSchema>;

const booksSchema = z.strictObject({
  format: z.literal("quittance-agent/1"),
  payer: z.string(),
  with: counterpartySchema,
  base: amount,
  asked: amount,
  signed: amount,
  answered: z.number().int(),
  pending: z.array(pendingSchema),
});

/** The books of one payer with one model. Amounts in the token's smallest unit. */
export type Books = z.infer<typeof booksSchema>;

/** Books that begin. */
export function newBooks(payer: string, counterparty: Counterparty, base: bigint): Books {
  const { chainId, operator, model, vault, epochs, token, feeUnits, price } = counterparty;
  return {
    format: "quittance-agent/1",
    payer,
    with: { chainId, operator, model, vault, epochs, token, feeUnits, price },
    base,
    asked: 0n,
    signed: 0n,
    answered: 0,
    pending: [],
  };
}

/** What the next voucher says in all. */
export const owedBy = (books: Books): bigint => books.base + books.asked;

/** Puts a request into the books. Throws {@link AgentLimitError} if the budget does not cover it. */
export function reserve(books: Books, request: Pending, budget: bigint): Books {
  const asked = books.asked + request.price;
  if (asked > budget) throw new AgentLimitError(budget, books.asked, request.price, books.answered);
  return { ...books, asked, pending: [...books.pending, request] };
}

/** Notes that a voucher over all that is owed now is about to leave. */
export function willSign(books: Books): Books {
  const owed = owedBy(books);
  return owed > books.signed ? { ...books, signed: owed } : books;
}

/** A request was answered and is paid for. */
export function answered(books: Books, key: string): Books {
  if (!books.pending.some((request) => request.key === key)) return books;
  return { ...without(books, key), answered: books.answered + 1 };
}

/** A request was plainly refused: nothing was answered, nothing is owed for it. */
export function refused(books: Books, key: string): Books {
  const request = books.pending.find((one) => one.key === key);
  if (request === undefined) return books;
  return { ...without(books, key), asked: books.asked - request.price };
}

function without(books: Books, key: string): Books {
  return { ...books, pending: books.pending.filter((request) => request.key !== key) };
}

/** What is different about a service; nothing when it is the one that the books know. */
export function changesIn(books: Books, now: Counterparty): string[] {
  const same = (a: unknown, b: unknown): boolean => String(a).toLowerCase() === String(b).toLowerCase();
  const names = ["chainId", "operator", "model", "vault", "epochs", "token"] as const;
  return names
    .filter((name) => !same(books.with[name], now[name]))
    .map((name) => `${name} was ${books.with[name]} and is ${now[name]}`);
}

/** Books on a storage. */
export type BookKeeper = {
  /** As they stand; undefined before the first use. */
  look(): Promise<Books | undefined>;
  /** Changes them, alone and durably. */
  change(step: (books: Books | undefined) => Books): Promise<Books>;
};

/** A payer's books, with one operator and model. Throws {@link BooksDamagedError} for unreadable ones. */
export function openBooks(storage: AgentStorage, payer: string): BookKeeper {
  const name = `books/${payer.slice(2)}`.toLowerCase();
  const look = async (): Promise<Books | undefined> => {
    const text = await storage.read(name);
    if (text === undefined) return undefined;
    try {
      return booksSchema.parse(JSON.parse(text));
    } catch (cause) {
      throw new BooksDamagedError(name, cause);
    }
  };
  return {
    look,
    change: (step) =>
      storage.exclusively(async () => {
        const before = await look();
        const after = step(before);
        if (after !== before) await storage.write(name, textOf(after));
        return after;
      }),
  };
}

const textOf = (books: Books): string =>
  `${JSON.stringify(books, (_, value) => (typeof value === "bigint" ? String(value) : value), 1)}\n`;

/** The budget is used up. Not a defect: an agent stops here. */
export class AgentLimitError extends Error {
  override readonly name = "Agent.Limit";
  readonly budget: bigint;
  readonly spent: bigint;
  /** Of the next answer. */
  readonly price: bigint;
  readonly answers: number;
  constructor(budget: bigint, spent: bigint, price: bigint, answers: number) {
    super(
      `The budget of ${budget} does not cover the next answer: ${spent} are spent (${answers} answers) and it ` +
        `costs ${price}. ` +
        "Open the agent with a larger budget to go on (amounts in the token's smallest unit).",
    );
    this.budget = budget;
    this.spent = spent;
    this.price = price;
    this.answers = answers;
  }
}

/** The books cannot be read. */
export class BooksDamagedError extends Error {
  override readonly name = "Agent.BooksDamaged";
  constructor(name: string, cause: unknown) {
    super(
      `The agent's books ${name} cannot be read. Restore them from a backup: without them it does not know what it signed. ` +
        "Or remove them and open the agent with owedBefore, the sum that its payer owes by now.",
      { cause },
    );
  }
}
