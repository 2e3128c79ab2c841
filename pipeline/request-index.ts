/**
 * Which requests were ever answered, and where: what tells a retry from a question.
 *
 *     request → number of a folder, line of its journal, place in the line
 *     folder  → its number, and up to which byte of its journal that is true
 *
 * Journals are the truth and this is derived from them, in a folder that may be deleted at any time. It lies
 * on the disk since it grows with every answer for ever, and neither memory nor the time to start may. What a
 * line holds and how far the folder is indexed are written together, and after the line was flushed: so the
 * index can be behind its journals and is brought up to them when it is opened, by reading what they have
 * beyond. A journal that nothing was added to is not read. One that is shorter than the index knows it, or
 * whose last known line is another (a backup was restored), is indexed anew under a new number: what was
 * known by the old one leads nowhere from then on. An index of another version, or a damaged one, is made
 * anew altogether.
 *
 * After a power cut LevelDB may lack a write in the middle of the last ones. So everything is made durable
 * when an epoch is sealed, and the epochs that are open are held against the index one by one
 * ({@link RequestIndex.check}): they are read then anyway.
 */
import { existsSync, rmSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { type KeyValue, KeyValueError, openKeyValue } from "./engine/level.ts";
import type { LinePlace } from "./journal.ts";
import type { Project } from "./project.ts";
import {
  type AnswerPlace,
  journalLength,
  type PlacedRequest,
  placedRequests,
  receiptFolders,
} from "./receipt-store.ts";
import { writeFileAtomic } from "./store.ts";
import { type Entries, writeBehind } from "./write-behind.ts";

/** An open index. */
export type RequestIndex = {
  /** Where a request's answer is. What was added is found at once. Throws KeyValueError. */
  find(requestId: string): AnswerPlace | undefined;
  /**
   * Notes answers of one line that is on the disk. Never throws: where it fails, `find` does from then on.
   */
  add(requests: readonly PlacedRequest[]): void;
  /** Holds a folder's answers against the index, and indexes it anew where one is not there. */
  check(folder: string, requests: readonly PlacedRequest[]): void;
  /** Makes what was added outlive a power cut. Throws KeyValueError. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

/** How far a journal is indexed: `last` is where the last line begins that is, `length` where it ends. */
type Mark = { readonly number: number; readonly last: number; readonly length: number };

const VERSION = "quittance-requests/1";

/** Where the index of a project lies. */
export function requestIndexFolder(project: Pick<Project, "path">): string {
  return project.path("cache", "requests.level");
}

/**
 * Opens the index of a project's requests and brings it up to the journals. Throws KeyValueError (`busy`
 * where it is open already), JournalDamagedError.
 */
export async function openRequestIndex(
  project: Project,
  notice: (text: string) => void = () => {},
): Promise<RequestIndex> {
  const folder = requestIndexFolder(project);
  const open = async (): Promise<RequestIndex> => {
    if (existsSync(damagedPath(folder))) throw new IndexUnusableError(`${folder} was found damaged.`);
    const map = await openKeyValue(folder);
    try {
      await checkVersion(folder, map);
      return await indexOver(project, map, notice);
    } catch (error) {
      await map.close();
      throw error;
    }
  };
  try {
    return await open();
  } catch (error) {
    const isUnusable = error instanceof KeyValueError && error.reason === "damaged";
    if (!isUnusable && !(error instanceof IndexUnusableError)) throw error;
    notice(`${error.message} The index of requests is made again from the journals.`);
  }
  rmSync(folder, { recursive: true, force: true });
  rmSync(damagedPath(folder), { force: true });
  return await open();
}

/** Stands beside an index in which damage was found while it was used. */
function damagedPath(folder: string): string {
  return `${folder}.damaged`;
}

async function checkVersion(folder: string, map: KeyValue): Promise<void> {
  if (map.get("version") === VERSION) return;
  for await (const _ of map.under("")) throw new IndexUnusableError(`${folder} is of another version.`);
}

async function indexOver(
  project: Project,
  store: KeyValue,
  notice: (text: string) => void,
): Promise<RequestIndex> {
  const map = writeBehind(store, (error) =>
    notice(`${(error as Error).message} Answers go on, and the index is brought up to them then.`),
  );
  const root = project.path("receipts");
  const nameOf = (folder: string): string => relative(root, folder).split(sep).join("/");
  const markOf = (name: string): Mark | undefined => {
    const text = map.get(`folder/${name}`);
    return text === undefined ? undefined : (JSON.parse(text) as Mark);
  };
  /** Entries of requests whose folder has this number. */
  function* entriesOf(number: number, requests: readonly PlacedRequest[]): Entries {
    for (const { requestId, place } of requests) {
      const { index, line } = place;
      const where = line === undefined ? [number, index] : [number, index, line.offset, line.length];
      yield [keyOf(requestId), JSON.stringify(where)];
    }
  }
  /** Everything that a folder holds, under a number that was never used before. */
  const indexAnew = (folder: string): number => {
    const { requests, length } = placedRequests(folder);
    const name = nameOf(folder);
    const number = Number(map.get("next") ?? 1);
    const before = markOf(name);
    map.put([
      ["version", VERSION],
      ["next", String(number + 1)],
      ...(before === undefined ? [] : [[`number/${before.number}`, undefined] as const]),
      [`number/${number}`, name],
      [`folder/${name}`, JSON.stringify({ number, last: lastLine(requests), length } satisfies Mark)],
      ...entriesOf(number, requests),
    ]);
    return requests.length;
  };
  const addLines = (name: string, number: number, requests: readonly PlacedRequest[], length: number): void =>
    map.put([
      ...entriesOf(number, requests),
      [`folder/${name}`, JSON.stringify({ number, last: lastLine(requests), length } satisfies Mark)],
    ]);
  /** What a journal has beyond the index; false where it does not go on from the last line that is known. */
  const addTail = (folder: string, { number, last, length: known }: Mark): boolean => {
    // Where there was no line yet, copies counted, which the first line may have made needless.
    if (known === 0 || journalLength(folder) < known) return false;
    try {
      const { requests, length } = placedRequests(folder, last);
      const isSame = requests
        .filter(({ place }) => place.line?.offset === last)
        .every(({ requestId, place }) => samePlace(find(requestId), place));
      if (!isSame || !requests.some(({ place: { line } }) => line && endOf(line) === known)) return false;
      if (length > known) addLines(nameOf(folder), number, requests, length);
      return true;
    } catch (error) {
      if (error instanceof KeyValueError) throw error;
      // Not lines from there on: reading all of them says whether they are damaged.
      return false;
    }
  };
  const find = (requestId: string): AnswerPlace | undefined => {
    const where = map.get(keyOf(requestId));
    if (where === undefined) return undefined;
    const [number, index, offset, length] = JSON.parse(where) as [number, number, number?, number?];
    const name = map.get(`number/${number}`);
    if (name === undefined) return undefined;
    const folder = join(root, ...name.split("/"));
    return offset === undefined || length === undefined
      ? { folder, index }
      : { folder, index, line: { offset, length } };
  };

  if (map.get("version") === undefined) map.put([["version", VERSION]]);
  const marks = new Map<string, Mark>();
  for await (const [name, text] of store.under("folder/")) marks.set(name, JSON.parse(text) as Mark);
  const isNew = marks.size === 0;
  let added = 0;
  for (const folder of receiptFolders(project)) {
    const name = nameOf(folder);
    const mark = marks.get(name);
    marks.delete(name);
    if (mark !== undefined && journalLength(folder) === mark.length) continue;
    if (mark !== undefined && addTail(folder, mark)) continue;
    added += indexAnew(folder);
    await map.flush();
    if (mark !== undefined && mark.length > 0)
      notice(`The journal in ${folder} is another than the index of requests knew. It was indexed again.`);
  }
  for (const [name, mark] of marks) {
    notice(`${join(root, name)} is gone. Its requests are no longer known: restore it from your backup.`);
    map.put([
      [`folder/${name}`, undefined],
      [`number/${mark.number}`, undefined],
    ]);
  }
  if (isNew && added > 0)
    notice(`The index of requests (${requestIndexFolder(project)}) was made from ${added} answers.`);
  await map.flush();

  let broken: unknown;
  /** An index that has failed knows nothing: taking that for "never answered" would answer twice. */
  const guarded = <T>(work: () => T): T => {
    if (broken !== undefined) throw broken;
    try {
      return work();
    } catch (error) {
      broken = error;
      const isDamage =
        error instanceof SyntaxError || (error instanceof KeyValueError && error.reason === "damaged");
      if (isDamage) writeFileAtomic(damagedPath(requestIndexFolder(project)), `${error.message}\n`);
      throw error;
    }
  };
  const add = (requests: readonly PlacedRequest[]): void => {
    const { folder, line } = requests[0]?.place ?? {};
    if (folder === undefined || line === undefined) return;
    const mark = markOf(nameOf(folder));
    // The first line of an epoch is indexed as a folder.
    if (mark === undefined || mark.length === 0 || mark.length !== line.offset) indexAnew(folder);
    else addLines(nameOf(folder), mark.number, requests, endOf(line));
  };
  return {
    find: (requestId) => guarded(() => find(requestId)),
    add(requests) {
      try {
        guarded(() => add(requests));
      } catch (error) {
        notice(
          `An answer could not be noted in the index of requests (${(error as Error).message}). No request is answered from now on: end this program and start it again.`,
        );
      }
    },
    check(folder, requests) {
      const isKnown = ({ requestId, place }: PlacedRequest): boolean => samePlace(find(requestId), place);
      const end = requests.reduce((last, { place: { line } }) => Math.max(last, line ? endOf(line) : 0), 0);
      // A line that is torn after all was noted, and is to be cut off.
      const isAhead = (markOf(nameOf(folder))?.length ?? 0) !== end;
      if (guarded(() => requests.every(isKnown)) && !isAhead) return;
      notice(`The index of requests was not what ${folder} holds. It was indexed again.`);
      indexAnew(folder);
    },
    flush: () => map.flush(true),
    close: () => map.close(),
  };
}

/** Requests are numbers of 32 bytes; what is not one is looked for as it is. */
function keyOf(requestId: string): string {
  const id = requestId.toLowerCase();
  return /^0x[0-9a-f]{64}$/.test(id)
    ? `r/${Buffer.from(id.slice(2), "hex").toString("base64url")}`
    : `r/0x/${Buffer.from(id).toString("hex")}`;
}

/** Where the last line begins that these are in. */
function lastLine(requests: readonly PlacedRequest[]): number {
  return requests.reduce((last, { place }) => Math.max(last, place.line?.offset ?? 0), 0);
}

function endOf({ offset, length }: LinePlace): number {
  return offset + length;
}

function samePlace(a: AnswerPlace | undefined, b: AnswerPlace): boolean {
  const { folder, index, line } = b;
  return (
    a?.folder === folder &&
    a.index === index &&
    a.line?.offset === line?.offset &&
    a.line?.length === line?.length
  );
}

/** The index is of no use; it is made again, so nobody hears of this but by a notice. */
class IndexUnusableError extends Error {
  override readonly name = "RequestIndex.Unusable";
}
