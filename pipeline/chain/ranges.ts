/**
 * Logs of many blocks from a node that does not give them all at once.
 *
 * Nodes bound what one `eth_getLogs` may ask for: so many blocks, so many results, so many bytes, so much
 * time, and each says so in words of its own. The words are not read. Whatever is answered to a range of more
 * than one block with an error is asked for again in halves, and the width that worked is the width of the
 * next question. It doubles again after some answers, since results lie thick in one place and thin in
 * another; each doubling that was refused makes the next one rarer, so that a bound of blocks, which never
 * moves, costs a handful of refusals in all.
 *
 * Two refusals are not about the range. A node that answers nothing at all is told from one that gave up on
 * this question by a question that is always small; and HTTP 429 is waited for. One range at a time, in
 * order: a second one side by side would only meet the same bound.
 */
import { quantity } from "../engine/ethers.ts";
import type { Chain } from "./chain.ts";
import type { RpcLog } from "./client.ts";
import { RpcError, RpcResponseError } from "./rpc.ts";

/** The logs of some blocks: all that lie in `from` to `to`, both included. */
export type Range = { readonly from: number; readonly to: number; readonly logs: readonly RpcLog[] };

/** Reads ranges, and remembers how wide they may be. */
export type RangeReader = {
  /**
   * Logs of contracts in the blocks `from` to `to`, range after range. Throws {@link BlockRefusedError},
   * {@link BusyError}, and what a chain throws that does not answer.
   */
  read(of: {
    readonly addresses: readonly string[];
    readonly from: number;
    readonly to: number;
  }): AsyncGenerator<Range>;
};

/** Answers of full width before a wider range is tried; twice as many after each one that was refused. */
const PATIENCE = 4;
const MOST_PATIENCE = 4_096;
/** How often a node that is busy is asked again; the pauses double from a second on. */
const BUSY_TRIES = 6;
const BUSY_MS = 1_000;

const HTTP_TOO_MANY_REQUESTS = 429;

/**
 * Opens the reader of a chain.
 *
 * @param pause waits so many milliseconds
 */
export function openRanges(chain: Chain, pause: (ms: number) => Promise<void> = sleep): RangeReader {
  let width = Number.POSITIVE_INFINITY;
  /** The last width of which a whole range was answered. */
  let worked = width;
  /** Whether the width was doubled and has not been answered yet. */
  let grown = false;
  let patience = PATIENCE;
  let streak = 0;

  const ask = async (addresses: readonly string[], from: number, to: number): Promise<readonly RpcLog[]> => {
    const filter = { address: [...addresses], fromBlock: quantity(from), toBlock: quantity(to) };
    for (let tries = 1; ; tries++) {
      try {
        const logs = await chain.provider.request({ method: "eth_getLogs", params: [filter] });
        if (!Array.isArray(logs)) throw new NoLogsError();
        return logs as RpcLog[];
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (tries === BUSY_TRIES) throw new BusyError(error);
        await pause(BUSY_MS * 2 ** (tries - 1));
      }
    }
  };
  const accepted = (asked: number): void => {
    if (asked < width) return;
    worked = width;
    if (grown) patience = Math.max(PATIENCE, patience / 2);
    grown = ++streak === patience;
    if (!grown) return;
    streak = 0;
    width *= 2;
  };
  const refused = (asked: number): void => {
    if (grown) patience = Math.min(patience * 2, MOST_PATIENCE);
    grown = false;
    streak = 0;
    width = Math.ceil(asked / 2);
  };
  return {
    async *read({ addresses, from, to }) {
      for (let at = from; at <= to; ) {
        const end = Math.min(to, at + width - 1);
        let logs: readonly RpcLog[];
        try {
          logs = await ask(addresses, at, end);
        } catch (error) {
          if (error instanceof BusyError) throw error;
          if (error instanceof RpcError && !(await answers(chain))) throw error;
          if (end === at) {
            width = worked;
            throw new BlockRefusedError(at, error);
          }
          refused(end - at + 1);
          continue;
        }
        accepted(end - at + 1);
        yield { from: at, to: end, logs };
        at = end + 1;
      }
    },
  };
}

/** Whether a node answers what is always small. */
async function answers(chain: Chain): Promise<boolean> {
  try {
    await chain.provider.request({ method: "eth_chainId" });
    return true;
  } catch {
    return false;
  }
}

function isBusy(error: unknown): boolean {
  const isRpc = error instanceof RpcError || error instanceof RpcResponseError;
  return isRpc && error.status === HTTP_TOO_MANY_REQUESTS;
}

/** Waits. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A node does not give the logs of a single block. */
export class BlockRefusedError extends Error {
  override readonly name = "Logs.BlockRefused";
  constructor(block: number, cause: unknown) {
    super(
      `The node refuses the logs of block ${block} alone (${(cause as Error).message}). ` +
        "Ask another one, that keeps logs so far back: its address goes where this one's came from.",
      { cause },
    );
  }
}

/** A node keeps saying that it is asked too much. */
export class BusyError extends Error {
  override readonly name = "Logs.Busy";
  constructor(cause: unknown) {
    super(
      `The node says that it is asked too often, ${BUSY_TRIES} times in a row (${(cause as Error).message}). ` +
        "Run the same again later, or ask a node of your own.",
      { cause },
    );
  }
}

/** What should be a list of logs is none. */
export class NoLogsError extends Error {
  override readonly name = "Logs.None";
  constructor() {
    super("eth_getLogs gave no list. Ask another node.");
  }
}
