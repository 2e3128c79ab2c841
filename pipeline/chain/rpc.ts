/**
 * A chain behind a JSON-RPC address.
 *
 * Plain `fetch`, one request a call: the work here is a few dozen transactions an epoch. A request that
 * gets no answer within the timeout fails; whoever sent a transaction asks for its receipt again before
 * sending anything twice.
 */
import type { Chain, Provider } from "./chain.ts";
import { NotLocalError } from "./chain.ts";

const TIMEOUT_MS = 30_000;

/** Opens a chain by its address and asks for its id. Throws {@link RpcError} if nothing sensible answers. */
export async function openRpcChain(options: { readonly url: string }): Promise<Chain> {
  let nextId = 1;
  const provider: Provider = {
    request: async ({ method, params }) => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: nextId++, method, params: params ?? [] });
      const answer = await post(options.url, method, body);
      if (answer.error !== undefined) throw new RpcResponseError(method, answer.error, answer.status);
      return answer.result;
    },
  };
  const chainId = Number(await provider.request({ method: "eth_chainId" }));
  if (!Number.isSafeInteger(chainId) || chainId <= 0)
    throw new RpcError(options.url, "eth_chainId gave no number");
  return {
    kind: "rpc",
    chainId,
    provider,
    fund: async () => {
      throw new NotLocalError("make coins");
    },
    travel: async () => {
      throw new NotLocalError("move its clock");
    },
    close: async () => {},
  };
}

type RpcAnswer = { result?: unknown; error?: { code?: number; message?: string; data?: unknown } };

async function post(
  url: string,
  method: string,
  body: string,
): Promise<RpcAnswer & { readonly status: number }> {
  let status: number | undefined;
  const headers = { "content-type": "application/json" };
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    status = response.status;
    const answer = jsonOf(await response.text());
    if (answer === null || (answer.result === undefined && answer.error === undefined))
      throw new Error(`HTTP ${status} without a JSON-RPC answer`);
    return { ...answer, status };
  } catch (cause) {
    throw new RpcError(url, `${method}: ${(cause as Error).message}`, cause, status);
  }
}

/** A proxy in front of a node says what it has to say in HTML, or in nothing at all. */
function jsonOf(text: string): RpcAnswer | null {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === "object" ? (answer as RpcAnswer | null) : null;
  } catch {
    return null;
  }
}

/** Nothing sensible answers at the address. `status` is HTTP's, where there was an answer at all. */
export class RpcError extends Error {
  override readonly name = "Rpc.Unreachable";
  readonly status: number | undefined;
  constructor(url: string, reason: string, cause?: unknown, status?: number) {
    super(
      `The chain at ${url} does not answer (${reason}). Check the address and that the node is running.`,
      { cause },
    );
    this.status = status;
  }
}

/**
 * The node answered with an error. `data` holds a contract's revert data, if there is any; `status` is
 * HTTP's.
 */
export class RpcResponseError extends Error {
  override readonly name = "Rpc.Response";
  readonly code: number;
  readonly data: unknown;
  readonly status: number | undefined;
  constructor(method: string, error: { code?: number; message?: string; data?: unknown }, status?: number) {
    super(`${method}: ${error.message ?? "refused without a reason"}`);
    this.code = error.code ?? 0;
    this.data = error.data;
    this.status = status;
  }
}
