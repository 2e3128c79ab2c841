/**
 * What the contracts' events say, read once and then followed.
 *
 * Reading begins at the block of the deployment: there was nothing before it, and real chains have tens of
 * millions of blocks before ours. What was read is kept as long as the session is open, and the next reading
 * asks for what has come since, and once more for the last {@link DEPTH} blocks. Those are asked twice
 * because an address is often many nodes: one of them may name a block as the latest before another one,
 * which answers the next question, has its logs, and gives an empty list for it instead of an error.
 *
 * The chain may also take another course. Whether it did is told by hashes: as long as the block that was the
 * latest stands, so does everything before it. If it does not stand, the block {@link DEPTH} before it is
 * looked at, and if that has gone too, everything is read again. A reading ends with one more look: if the
 * chain changed course while it was read, it is read again.
 */
import type { Codec, DecodedLog, Hex } from "../engine/ethers.ts";
import type { Chain } from "./chain.ts";
import { blockAt, type Head, headOf, type RpcLog, type Target } from "./client.ts";
import { openRanges, sleep } from "./ranges.ts";

/** An event with the block and the transaction that it is of. */
export type PlacedLog = DecodedLog & { readonly block: number; readonly transaction: Hex };

/** All events of some contracts up to a block, in the order in which they happened. */
export type Reading = {
  readonly head: Head;
  readonly events: readonly PlacedLog[];
  /** Another number as soon as blocks that were read before are no longer the chain's. */
  readonly course: number;
};

/** Follows the events of contracts. */
export type EventReader = {
  /**
   * All events of some contracts so far. Throws {@link UnsteadyError}, {@link NotYetDeployedError}, and what
   * ranges.ts throws.
   */
  read(targets: readonly Target[]): Promise<Reading>;
};

/**
 * Blocks behind the latest that are read again: deeper than a chain commonly changes, or its nodes differ.
 */
export const DEPTH = 64;
const TRIES = 5;
/** Between two of them: a node that lags behind the others has caught up. */
const RETRY_MS = 1_000;

/**
 * Opens the reader of a chain. One reading at a time; whoever asks for contracts that another reading covers
 * shares it.
 *
 * @param from block of the deployment; nothing is asked about earlier ones
 */
export function openEvents(
  chain: Chain,
  {
    from = 0,
    pause = sleep,
  }: { readonly from?: number; readonly pause?: (ms: number) => Promise<void> } = {},
): EventReader {
  const ranges = openRanges(chain, pause);
  const cursors: Cursor[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  const covering = (targets: readonly Target[]): Cursor => {
    const found = cursors.find(({ codecs }) => targets.every(({ address }) => codecs.has(lower(address))));
    if (found !== undefined) return found;
    const cursor = newCursor(targets, from);
    cursors.push(cursor);
    return cursor;
  };
  const refresh = async (cursor: Cursor): Promise<Head> => {
    for (let tries = 0; tries < TRIES; tries++) {
      const head = await headOf(chain);
      if (head.number < from) throw new NotYetDeployedError(from, head.number);
      const { aim } = cursor;
      if (cursor.complete && aim?.head.hash === head.hash) return head;
      cursor.complete = false;
      await forget(chain, cursor, from);
      cursor.aim = { head, floor: await floorOf(chain, head, from) };
      const { addresses } = cursor;
      for await (const range of ranges.read({ addresses, from: cursor.read + 1, to: head.number })) {
        for (const log of range.logs) cursor.entries.push(...entryOf(cursor, log));
        cursor.read = range.to;
      }
      cursor.complete = await stands(chain, head);
      if (cursor.complete) return head;
      await pause(RETRY_MS);
    }
    throw new UnsteadyError();
  };
  return {
    read(targets) {
      const work = turn.then(async () => {
        const cursor = covering(targets);
        const head = await refresh(cursor);
        const wanted = new Set(targets.map(({ address }) => lower(address)));
        const events = cursor.entries.flatMap(({ of, log }) => (wanted.has(of) && log ? [log] : []));
        return { head, events, course: cursor.course };
      });
      turn = work.catch(() => {});
      return work;
    },
  };
}

/** A log as it was read; `log` is absent where it is no event that we know. */
type Entry = { readonly key: string; readonly of: string; readonly block: number; readonly log?: PlacedLog };

/** How far some contracts' logs were read. */
type Cursor = {
  readonly addresses: readonly string[];
  readonly codecs: ReadonlyMap<string, Codec>;
  /** The latest block when reading began, and one {@link DEPTH} before it, if the deployment is as old. */
  aim?: { readonly head: Head; readonly floor: Head | undefined };
  /** The last block whose logs are in `entries`. */
  read: number;
  /** Whether that is the latest, which still stood afterwards: not where a reading was cut off. */
  complete: boolean;
  entries: Entry[];
  /** Entries that are read again: what is the same stays the same object, which others may know. */
  again: Map<string, Entry>;
  course: number;
};

function newCursor(targets: readonly Target[], from: number): Cursor {
  const codecs = new Map(targets.map(({ address, codec }) => [lower(address), codec]));
  const addresses = targets.map(({ address }) => address);
  return { addresses, codecs, read: from - 1, complete: false, entries: [], again: new Map(), course: 0 };
}

/** Forgets what has to be read again. */
async function forget(chain: Chain, cursor: Cursor, from: number): Promise<void> {
  const { aim, read } = cursor;
  if (aim === undefined) return;
  const { head, floor } = aim;
  let keep = from - 1;
  if (await stands(chain, head)) keep = Math.min(read, Math.max(keep, head.number - DEPTH));
  else {
    cursor.course += 1;
    if (floor !== undefined && (await stands(chain, floor))) keep = Math.min(read, floor.number);
  }
  const dropped = cursor.entries.filter(({ block }) => block > keep);
  cursor.again = new Map(dropped.map((entry) => [entry.key, entry]));
  cursor.entries = cursor.entries.filter(({ block }) => block <= keep);
  cursor.read = keep;
}

async function stands(chain: Chain, { number, hash }: Head): Promise<boolean> {
  return (await blockAt(chain, number))?.hash === hash;
}

async function floorOf(chain: Chain, head: Head, from: number): Promise<Head | undefined> {
  const number = head.number - DEPTH;
  return number < from ? undefined : await blockAt(chain, number);
}

function entryOf({ codecs, again }: Cursor, log: RpcLog): Entry[] {
  const of = lower(log.address);
  const codec = codecs.get(of);
  if (codec === undefined) return [];
  const key = `${log.blockHash}/${log.logIndex}`;
  const known = again.get(key);
  if (known !== undefined) return [known];
  const [decoded, block] = [codec.log(log), Number(log.blockNumber)];
  const placed = decoded && { ...decoded, block, transaction: log.transactionHash };
  return [{ key, of, block, ...(placed === undefined ? {} : { log: placed }) }];
}

const lower = (address: string): string => address.toLowerCase();

/** The chain changes course faster than it can be read. */
export class UnsteadyError extends Error {
  override readonly name = "Events.Unsteady";
  constructor() {
    super(
      `The chain changed course while its events were read, ${TRIES} times in a row. Try again, or ask another node.`,
    );
  }
}

/** The deployment is of a block that the node has not. */
export class NotYetDeployedError extends Error {
  override readonly name = "Events.NotYetDeployed";
  constructor(block: number, head: number) {
    super(
      `The contracts were deployed in block ${block}, and this node is at ${head}. ` +
        'Wait until it has caught up, ask another one, or check the deployment file ("quittance deploy --check").',
    );
  }
}
