/**
 * What has happened on the chain so far, read once: each refresh asks only for the blocks since the last one.
 *
 * Views are made from events rather than from many calls: who earned and claimed how much, which batches
 * stand in which version and when, all of it is in the logs. A chain that took another course since (the
 * block that was last looked at has another hash) is read again from the start.
 */
import { gasOf, type Head, headOf, type PlacedLog } from "../chain/client.ts";
import type { Session } from "../session.ts";
import type { TransactionView } from "./types.ts";

/** The chain up to a block. */
export type History = {
  readonly head: Head;
  readonly events: readonly PlacedLog[];
  /** Time of a block. */
  readonly at: (block: number) => Promise<number>;
  /** A transaction of these events, for a list. */
  readonly transaction: (what: string, of: PlacedLog) => Promise<TransactionView>;
};

/** Reads what is new, and gives all of it. */
export type HistoryReader = { readonly refresh: () => Promise<History> };

/** Opens the history of a session's chain. */
export function openHistory({ chain, contracts }: Pick<Session, "chain" | "contracts">): HistoryReader {
  const times = new Map<number, number>();
  const gas = new Map<string, number>();
  let last: History | undefined;
  const at = async (block: number): Promise<number> => {
    const known = times.get(block) ?? (await headOf(chain, block)).at;
    times.set(block, known);
    return known;
  };
  const transaction: History["transaction"] = async (what, { transaction: hash, block }) => {
    const used = gas.get(hash) ?? (await gasOf(chain, hash)) ?? 0;
    gas.set(hash, used);
    return { what, hash, block, at: await at(block), gas: used };
  };
  const continues = async (before: History, head: Head): Promise<boolean> =>
    head.number >= before.head.number && (await headOf(chain, before.head.number)).hash === before.head.hash;
  return {
    async refresh() {
      const head = await headOf(chain);
      if (last?.head.hash === head.hash) return last;
      const before = last !== undefined && (await continues(last, head)) ? last : undefined;
      if (before === undefined) times.clear();
      const from = before === undefined ? 0 : before.head.number + 1;
      const fresh = await contracts.eventsBetween({ from, to: head.number });
      last = { head, events: [...(before?.events ?? []), ...fresh], at, transaction };
      return last;
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
