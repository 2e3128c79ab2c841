/**
 * The queue between machines: the only file that knows pg-boss.
 *
 * Jobs lie in Postgres; a worker takes one with SKIP LOCKED, tells every few seconds that it is alive, and a
 * job whose worker fell silent is given to another. What fails is tried again, later each time; what failed
 * too often goes to the dead letters with its reason. A job's id is the hash of its inputs, so submitting it
 * twice queues it once.
 */
import type { Job, PgBoss } from "pg-boss";

/** A job for the queue; `id` is a UUID, `priority` grows with urgency. */
export type QueuedJob = { readonly id: string; readonly priority: number; readonly data: object };

/** A job that failed too often, and why. */
export type DeadJob = { readonly id: string; readonly reason: string };

/** An open connection to the queues of a server. */
export type JobQueue = {
  /** Queues what is neither waiting nor in hand; what failed or was withdrawn before begins afresh. */
  submit(queue: string, jobs: readonly QueuedJob[]): Promise<void>;
  /** Takes back what nobody has begun. */
  withdraw(queue: string, ids: readonly string[]): Promise<void>;
  /** The dead letters of a queue. */
  dead(queue: string): Promise<DeadJob[]>;
  /** How many jobs wait or are in hand, by queue. */
  waiting(): Promise<Map<string, number>>;
  /**
   * Takes jobs, at most `slots` at a time and the most urgent first, until closed. What `handle` throws is
   * the reason of a failed attempt.
   */
  serve(queue: string, slots: number, handle: (data: object) => Promise<void>): Promise<void>;
  /** Takes no more jobs, waits for those in hand, disconnects. */
  close(): Promise<void>;
};

/** A worker that says nothing for this long is taken for dead. */
const HEARTBEAT_SECONDS = 20;
const RETRIES = 4;
/** Where pg-boss keeps its tables. */
const SCHEMA = "quittance_queue";
const DEAD = "dead";
/** Nothing here runs longer; the heartbeat, not this, tells the living from the dead. */
const LONGEST_SECONDS = 12 * 3_600;
const STOP_TIMEOUT_MS = LONGEST_SECONDS * 1_000;

/** Connects, and makes the queue's tables when they are not there. `notice` hears of trouble that passes. */
export async function openQueue(url: string, notice: (message: string) => void): Promise<JobQueue> {
  // Loaded when it is needed: most commands have no remote workers.
  const { PgBoss } = await import("pg-boss");
  const boss = new PgBoss({
    connectionString: url,
    schema: SCHEMA,
    application_name: "quittance queue",
    max: 3,
    schedule: false,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    useListenNotify: true,
  });
  let last = "";
  boss.on("error", (error) => {
    // The same trouble comes once per slot and second while a server is away: say it once.
    if (error.message === last) return;
    last = error.message;
    notice(`The queue reports: ${error.message}. It keeps trying.`);
  });
  await boss.start();
  const declared = new Map<string, Promise<void>>();
  const declare = (queue: string): Promise<void> => {
    const known = declared.get(queue) ?? declareQueue(boss, queue);
    declared.set(queue, known);
    return known;
  };
  return {
    async submit(queue, jobs) {
      await declare(queue);
      const ids = jobs.map(({ id }) => id);
      const over = await inStates(boss, queue, ids, ["completed", "cancelled", "failed"]);
      if (over.length > 0) await boss.deleteJob(queue, over);
      const letters = await deadOf(boss, queue);
      const mine = letters.filter(({ original }) => ids.includes(original)).map(({ id }) => id);
      if (mine.length > 0) await boss.deleteJob(DEAD, mine);
      await boss.insert(
        queue,
        jobs.map((job) => ({ ...job })),
      );
    },
    async withdraw(queue, ids) {
      const idle = await inStates(boss, queue, ids, ["created", "retry"]);
      if (idle.length > 0) await boss.cancel(queue, idle);
    },
    async dead(queue) {
      return (await deadOf(boss, queue)).map(({ original, reason }) => ({ id: original, reason }));
    },
    async waiting() {
      const { rows } = await boss.getDb().executeSql(
        `SELECT name, count(*)::int AS n FROM ${SCHEMA}.job
         WHERE state IN ('created', 'retry', 'active') GROUP BY name`,
      );
      return new Map((rows as { name: string; n: number }[]).map(({ name, n }) => [name, n]));
    },
    async serve(queue, slots, handle) {
      await declare(queue);
      for (let slot = 0; slot < slots; slot++) {
        const id: string = await boss.work<object>(
          queue,
          {
            batchSize: 1,
            pollingIntervalSeconds: 1,
            notifyPollingIntervalSeconds: 1,
            heartbeatRefreshSeconds: 5,
          },
          async ([job]: Job<object>[]) => {
            // Without this it would wait out the polling interval between two short jobs.
            boss.notifyWorker(id);
            if (job !== undefined) await handle(job.data);
          },
        );
      }
    },
    close: () => boss.stop({ graceful: true, timeout: STOP_TIMEOUT_MS }),
  };
}

async function declareQueue(boss: PgBoss, queue: string): Promise<void> {
  await boss.createQueue(DEAD);
  const settings = {
    retryLimit: RETRIES,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 300,
    expireInSeconds: LONGEST_SECONDS,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    deadLetter: DEAD,
    notify: true,
  };
  await boss.createQueue(queue, settings);
}

async function inStates(
  boss: PgBoss,
  queue: string,
  ids: readonly string[],
  states: readonly string[],
): Promise<string[]> {
  const { rows } = await boss
    .getDb()
    .executeSql(
      `SELECT id FROM ${SCHEMA}.job WHERE name = $1 AND id = ANY($2::uuid[]) AND state::text = ANY($3::text[])`,
      [queue, [...ids], [...states]],
    );
  return (rows as { id: string }[]).map(({ id }) => id);
}

type Letter = { readonly id: string; readonly original: string; readonly reason: string };

async function deadOf(boss: PgBoss, queue: string): Promise<Letter[]> {
  const letters = await boss.findJobs(DEAD);
  return letters
    .filter(({ sourceName }) => sourceName === queue)
    .map(({ id, sourceId, sourceOutput }) => ({
      id,
      original: sourceId ?? "",
      reason: reasonIn(sourceOutput),
    }));
}

/** pg-boss keeps a thrown error as an object; its own reasons are `{ value: { message } }`. */
function reasonIn(output: object | null): string {
  const { name, message, value } = (output ?? {}) as {
    name?: string;
    message?: string;
    value?: { message?: string };
  };
  const text = message ?? value?.message ?? JSON.stringify(output);
  return name === undefined || name === "Error" ? text : `${name}: ${text}`;
}
