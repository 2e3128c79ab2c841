/**
 * What has happened on the chain so far, and when.
 *
 * Views are made from events rather than from many calls: who earned and claimed how much, which batches
 * stand in which version and when, all of it is in the logs. `chain/events.ts` reads them once and follows
 * them; times of blocks and costs of transactions are kept here, until the chain takes another course.
 */

import type { Chain } from "../chain/chain.ts";
import { blockAt, gasOf, type Head } from "../chain/client.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { PlacedLog } from "../chain/events.ts";
import type { TransactionView } from "./types.ts";

/** The chain up to a block. */
export type History = {
  readonly head: Head;
  readonly events: readonly PlacedLog[];
  /** Time of a block. Throws {@link BlockGoneError}. */
  readonly at: (block: number) => Promise<number>;
  /** A transaction of these events, for a list. */
  readonly transaction: (what: string, of: PlacedLog) => Promise<TransactionView>;
};

/** Reads what is new, and gives all of it. */
export type HistoryReader = { readonly refresh: () => Promise<History> };

/** Opens the history of a session's chain. */
export function openHistory({
  chain,
  contracts,
}: {
  readonly chain: Chain;
  readonly contracts: Pick<Contracts, "happened">;
}): HistoryReader {
  let last: History | undefined;
  let course = -1;
  let known = lookup(chain);
  return {
    async refresh() {
      const reading = await contracts.happened();
      if (reading.course !== course) known = lookup(chain);
      else if (last?.head.hash === reading.head.hash) return last;
      course = reading.course;
      last = { head: reading.head, events: reading.events, ...known };
      return last;
    },
  };
}

/** Times and costs, each asked for once. */
function lookup(chain: Chain): Pick<History, "at" | "transaction"> {
  const times = new Map<number, number>();
  const gas = new Map<string, number>();
  const at = async (number: number): Promise<number> => {
    const time = times.get(number) ?? (await blockAt(chain, number))?.at;
    if (time === undefined) throw new BlockGoneError(number);
    times.set(number, time);
    return time;
  };
  return {
    at,
    transaction: async (what, { transaction: hash, block }) => {
      const used = gas.get(hash) ?? (await gasOf(chain, hash)) ?? 0;
      gas.set(hash, used);
      return { what, hash, block, at: await at(block), gas: used };
    },
  };
}

/** The events of a name, of one model if it is given. */
export function eventsOf({ events }: History, name: string, model?: string): readonly PlacedLog[] {
  return events.filter(
    (event) =>
      event.name === name && (model === undefined || String(event.args.model).toLowerCase() === model),
  );
}

/** A block that an event was in is no longer there. */
export class BlockGoneError extends Error {
  override readonly name = "History.BlockGone";
  constructor(block: number) {
    super(`Block ${block} is not on the chain any more: the chain took another course meanwhile. Ask again.`);
  }
}
