/**
 * Requests that are sent again until they are answered: after a lost connection, a full queue (503), a rate
 * limit (429) or a defect of the server (500), later each time, and not before the server said.
 *
 * Sending again is safe for reading, and for asking because a purchase carries its key: the service answers
 * and charges a key once. What is final (200, 402, 404, 409, …) is handed to the caller.
 */

/** How a request is repeated. */
export type Patience = {
  /** How often it is sent at most. */
  readonly attempts: number;
  /** The first pause; each later one is twice as long, and up to half of it is chance. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
  /** How long one answer may take. */
  readonly timeoutMs: number;
};

export const PATIENCE: Patience = { attempts: 9, pauseMs: 200, longestPauseMs: 15_000, timeoutMs: 60_000 };

/** An answer: its status, headers, and body as JSON (undefined where it is none). */
export type Reply = {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: unknown;
};

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** No service answers with more than this. */
const LARGEST_BODY = 64 * 2 ** 20;

/** Sends until there is a final answer. Throws {@link UnreachableError}, and the signal's reason. */
export async function send(of: {
  readonly fetch: Fetch;
  readonly url: string;
  readonly init: RequestInit;
  readonly patience: Patience;
  readonly signal?: AbortSignal | undefined;
}): Promise<Reply> {
  const { url, init, patience, signal } = of;
  let last: unknown;
  for (let attempt = 0; attempt < patience.attempts; attempt++) {
    signal?.throwIfAborted();
    let wanted = 0;
    try {
      const limit = AbortSignal.timeout(patience.timeoutMs);
      const stop = signal === undefined ? limit : AbortSignal.any([limit, signal]);
      const response = await of.fetch(url, { ...init, signal: stop });
      const reply = await replyOf(response);
      if (!isPassing(reply.status)) return reply;
      last = new Error(`HTTP ${reply.status}${messageOf(reply)}`);
      wanted = retryAfterMs(reply.header("retry-after"));
    } catch (error) {
      signal?.throwIfAborted();
      last = error;
    }
    if (attempt + 1 < patience.attempts) await pause(pauseMs(patience, attempt, wanted), signal);
  }
  throw new UnreachableError(url, last);
}

/** What a server may say differently the next time. */
function isPassing(status: number): boolean {
  return status === 429 || status >= 500;
}

async function replyOf(response: Response): Promise<Reply> {
  const length = Number(response.headers.get("content-length") ?? "0");
  if (length > LARGEST_BODY) throw new Error(`the answer has ${length} bytes`);
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.status, header: (name) => response.headers.get(name) ?? undefined, body };
}

/** What a server's error says, for a message of our own. */
export function messageOf({ body }: Pick<Reply, "body">): string {
  const { error } = (body ?? {}) as { error?: { message?: unknown } | string };
  const text = typeof error === "string" ? error : error?.message;
  return typeof text === "string" ? `: ${text.slice(0, 500)}` : "";
}

/** A server's code for an error. */
export function codeOf({ body }: Pick<Reply, "body">): string | undefined {
  const { error } = (body ?? {}) as { error?: { code?: unknown } };
  return typeof error?.code === "string" ? error.code : undefined;
}

/** Seconds or a date, as HTTP has it. */
function retryAfterMs(text: string | undefined): number {
  if (text === undefined) return 0;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const date = Date.parse(text);
  return Number.isFinite(date) ? Math.max(0, date - Date.now()) : 0;
}

function pauseMs({ pauseMs: first, longestPauseMs }: Patience, attempt: number, wanted: number): number {
  const own = Math.min(longestPauseMs, first * 2 ** attempt);
  // A server may ask for patience, not for standstill.
  return Math.max(own * (0.5 + Math.random() / 2), Math.min(wanted, longestPauseMs));
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Nobody answered, for as long as patience lasted. */
export class UnreachableError extends Error {
  override readonly name = "Agent.Unreachable";
  constructor(url: string, cause: unknown) {
    const detail = cause instanceof Error ? causeText(cause) : String(cause);
    super(
      `${new URL(url).origin} gives no answer (${detail}). A request that may have been paid is kept in the books: ` +
        "open the agent again later and call resume().",
      { cause },
    );
  }
}

/** `fetch failed` hides the reason behind it. */
function causeText(error: Error): string {
  const inner = (error as { cause?: { code?: string; message?: string } }).cause;
  return inner?.code ?? inner?.message ?? error.message;
}
