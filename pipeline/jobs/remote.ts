/**
 * Jobs on other machines: inputs go to the blob store, jobs to the queue, and this process waits for results.
 *
 * It may be killed and started again at any time. Jobs that are done are found by their keys, those that wait
 * or are in somebody's hand are left alone, and those that failed too often begin afresh. An input holds
 * private data, so it is removed as soon as its result is here.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Ledger } from "../durable/ledger.ts";
import { describeUrl, patiently } from "../durable/patience.ts";
import type { JobStore } from "../durable/store.ts";
import { type JobQueue, openQueue, type QueuedJob } from "../engine/pgboss.ts";
import { canonical, sha256 } from "../store.ts";
import { inOrder, type JobSpec, type Progress } from "./spec.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** What the queue carries: the job's key and where its payload lies. */
export const ticketSchema = z.object({ key: hash, name: z.string(), label: z.string(), input: hash });
export type Ticket = Readonly<z.infer<typeof ticketSchema>>;

/** Uploads and look-ups at a time, and jobs in one statement. */
const SIDE_BY_SIDE = 8;
const PART = 200;
/** Results are asked for this often, and less often the more there are to ask for. */
const POLL_MS = 100;
const POLL_MS_PER_JOB = 0.1;
/** Dead letters and silence are looked for less often than results. */
const LOOK_MS = 2_000;
const SILENCE_MS = 30_000;
/** pg-boss holds priorities as 32-bit integers. */
const MOST_URGENT = 2 ** 31 - 1;

/** A job's id in the queue: a UUID out of its key. */
export function queueId(key: string): string {
  return [key.slice(0, 8), key.slice(8, 12), key.slice(12, 16), key.slice(16, 20), key.slice(20, 32)].join(
    "-",
  );
}

/**
 * Has workers run what is not done yet; returns every job's result by key. Throws {@link DeadLetterError},
 * {@link ResultElsewhereError}, and the signal's reason when it is aborted.
 */
export async function runRemote(of: {
  readonly jobs: readonly JobSpec[];
  readonly store: JobStore;
  readonly url: string;
  readonly queue: string;
  readonly signal: AbortSignal;
  readonly report: Progress;
  readonly notice: (message: string) => void;
  /** Called before anything is queued, with what has to be done. */
  readonly prepare?: (missing: readonly JobSpec[]) => Promise<void>;
}): Promise<Map<string, Uint8Array>> {
  const { store, url, queue: name, signal, report, notice, prepare = async () => {} } = of;
  const ordered = inOrder(of.jobs);
  const total = ordered.reduce((sum, { weight }) => sum + weight, 0);
  const results = new Map<string, Uint8Array>();
  const open = new Map(ordered.map((job) => [job.key, job]));
  let done = 0;
  const take = (key: string, bytes: Uint8Array): void => {
    const job = open.get(key);
    if (job === undefined) return;
    results.set(key, bytes);
    open.delete(key);
    done += job.weight;
    report(done, total, job.label);
  };
  await sideBySide(ordered, async ({ key }) => {
    const bytes = await store.get(key);
    if (bytes !== undefined) take(key, bytes);
  });
  if (open.size === 0) return results;
  const book = await store.ledger();
  const queue = await patiently(describeUrl(url), () => openQueue(url, notice));
  try {
    await prepare([...open.values()]);
    const missing = [...open.values()];
    const put = (jobs: readonly QueuedJob[]): Promise<void> =>
      patiently(describeUrl(url), () => queue.submit(name, jobs));
    const inputs = await submit(put, store, missing, signal);
    const dead = await collect({ queue, name, book, store, open, inputs, take, signal, notice });
    if (dead.size > 0) throw new DeadLetterError(dead);
    return results;
  } finally {
    if (signal.aborted) await queue.withdraw(name, [...open.keys()].map(queueId)).catch(() => {});
    await queue.close().catch(() => {});
  }
}

/** Uploads inputs and queues the jobs, biggest first; returns each job's input. */
async function submit(
  put: (jobs: readonly QueuedJob[]) => Promise<void>,
  store: JobStore,
  jobs: readonly JobSpec[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const inputs = new Map<string, string>();
  for (let start = 0; start < jobs.length; start += PART) {
    signal.throwIfAborted();
    const part = jobs.slice(start, start + PART);
    await sideBySide(part, async ({ key, payload }) => {
      inputs.set(key, await store.blobs.put(Buffer.from(canonical(payload()), "utf8")));
    });
    const queued = part.map((job) => ({
      id: queueId(job.key),
      priority: Math.min(Math.round(job.weight), MOST_URGENT),
      data: {
        key: job.key,
        name: job.name,
        label: job.label,
        input: inputs.get(job.key) ?? "",
      } satisfies Ticket,
    }));
    await put(queued);
  }
  return inputs;
}

/** Does something for every job, a few at a time. */
async function sideBySide(jobs: readonly JobSpec[], work: (job: JobSpec) => Promise<void>): Promise<void> {
  const waiting = jobs.values();
  const slot = async (): Promise<void> => {
    for (const job of waiting) await work(job);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, slot));
}

/** Waits until every job is done or dead. Returns the dead ones: label and reason, by key. */
async function collect(of: {
  readonly queue: JobQueue;
  readonly name: string;
  readonly book: Ledger;
  readonly store: JobStore;
  readonly open: ReadonlyMap<string, JobSpec>;
  readonly inputs: ReadonlyMap<string, string>;
  readonly take: (key: string, bytes: Uint8Array) => void;
  readonly signal: AbortSignal;
  readonly notice: (message: string) => void;
}): Promise<Map<string, string>> {
  const { queue, name, book, store, open, inputs, take, signal, notice } = of;
  const dead = new Map<string, string>();
  let looked = Date.now();
  let heard = Date.now();
  while (open.size > dead.size) {
    signal.throwIfAborted();
    const made = await book.made([...open.keys()]);
    for (const { key, blob } of made.values()) {
      const bytes = await store.blobs.get(blob);
      if (bytes === undefined) throw new ResultElsewhereError(store.blobs.where);
      take(key, bytes);
      dead.delete(key);
      const input = inputs.get(key);
      if (input !== undefined) await store.blobs.remove(input);
    }
    if (made.size > 0) heard = Date.now();
    if (Date.now() - looked > LOOK_MS) {
      looked = Date.now();
      const letters = await queue.dead(name).catch(() => []);
      const byId = new Map(letters.map(({ id, reason }) => [id, reason]));
      for (const [key, { label }] of open) {
        const reason = byId.get(queueId(key));
        if (reason !== undefined) dead.set(key, `${label}: ${reason}`);
      }
    }
    if (Date.now() - heard > SILENCE_MS) {
      heard = Date.now();
      notice(await silence(book, name, [...open.keys()]));
    }
    if (open.size > dead.size) await sleep(POLL_MS + POLL_MS_PER_JOB * open.size);
  }
  return dead;
}

/** Why nothing comes: somebody works on a big job, or nobody takes these. */
async function silence(book: Ledger, name: string, keys: readonly string[]): Promise<string> {
  const attempts = await book.attempts(keys);
  const busy = new Set(attempts.filter(({ outcome }) => outcome === null).map(({ worker }) => worker));
  if (busy.size > 0) return `Waiting for ${busy.size} worker(s): ${[...busy].slice(0, 5).join(", ")}.`;
  return (
    `Nobody takes the ${keys.length} jobs in queue ${name}. Start a worker of this version and profile ` +
    "(quittance worker --queue proofs,features); workers with other circuits refuse them."
  );
}

/** Jobs failed on every try. */
export class DeadLetterError extends Error {
  override readonly name = "Jobs.Dead";
  constructor(dead: ReadonlyMap<string, string>) {
    const reasons = [...dead.values()].slice(0, 3).join("\n  ");
    super(
      `${dead.size} job(s) failed on every try; the rest is done and kept. The reasons:\n  ${reasons}\n` +
        "Remedy them and run the same command again: it tries these jobs afresh.",
    );
  }
}

/** A worker finished a job and its result is not where this process looks. */
export class ResultElsewhereError extends Error {
  override readonly name = "Jobs.ResultElsewhere";
  constructor(where: string) {
    super(
      `A worker's result is not in ${where}. Give workers and this command the same QUITTANCE_BLOBS folder or bucket.`,
    );
  }
}

/** The queue for proofs of circuits of this version: a worker with other circuits never looks there. */
export function proofsQueue(circuits: Readonly<Record<string, { readonly hash: string }>>): string {
  const hashes = Object.entries(circuits)
    .map(([name, { hash }]) => `${name}:${hash}`)
    .sort();
  return `proofs.${sha256(hashes.join("\n")).slice(0, 16)}`;
}
