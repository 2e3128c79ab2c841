/**
 * What is known of jobs: which are done, and every attempt at one. Queries only; the tables are in
 * database.ts.
 *
 * A result is written in the same statement that ends its attempt, and only the first one counts: a second
 * worker that computed the same job ends as `twice`, so the ledger cannot hide that work was done twice. An
 * attempt without an end is in flight, or its process is gone; whoever begins the job again marks it `lost`.
 * Beginning and ending are one statement each: a transaction of several would cost a round trip for every
 * one.
 */
import { type Database, sql } from "./database.ts";

/** How an attempt ended: `refused` is for a job that this worker must not do. */
export type Outcome = "done" | "twice" | "failed" | "refused" | "lost";

/** Where a job's result lies and what it cost. */
export type Made = { readonly key: string; readonly blob: string; readonly seconds: number };

/** An attempt as the ledger keeps it; `outcome` is null while it is in flight. */
export type Attempt = {
  readonly key: string;
  readonly label: string;
  readonly worker: string;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  /** By the database's clock. */
  readonly startedAt: Date;
  readonly endedAt: Date | null;
};

export type Ledger = {
  /** Those of `keys` that are done. */
  made(keys: readonly string[]): Promise<Map<string, Made>>;
  /** Notes that `worker` begins the job; returns the attempt's number. */
  begin(key: string, label: string, worker: string): Promise<string>;
  /** Ends an attempt with its result. */
  finish(attempt: string, result: Made & { readonly name: string; readonly bytes: number }): Promise<Outcome>;
  /** Ends an attempt without a result. */
  fail(attempt: string, outcome: "failed" | "refused", reason: string): Promise<void>;
  /** Keeps a result that no attempt of ours made: one of an earlier version's files. */
  adopt(result: Made & { readonly name: string; readonly bytes: number }): Promise<void>;
  /** Forgets a result whose content is gone. */
  forget(key: string): Promise<void>;
  /** Every attempt at these keys (at all jobs when absent), oldest first. */
  attempts(keys?: readonly string[]): Promise<Attempt[]>;
};

/** Statements take at most this many keys at once. */
const PART = 5_000;

/** The ledger in a database. */
export function openLedger(database: Database): Ledger {
  const { run } = database;
  return {
    async made(keys) {
      const found = new Map<string, Made>();
      for (let start = 0; start < keys.length; start += PART) {
        const part = keys.slice(start, start + PART);
        const rows = await run((db) =>
          db.selectFrom("results").select(["key", "blob", "seconds"]).where("key", "in", part).execute(),
        );
        for (const row of rows) found.set(row.key, row);
      }
      return found;
    },
    begin: (key, label, worker) =>
      run(async (db) => {
        const { id } = await db
          .with("before", (cte) =>
            cte
              .updateTable("attempts")
              .set({
                outcome: "lost",
                ended_at: sql`now()`,
                reason: "no sign of life of the worker that had it",
              })
              .where("key", "=", key)
              .where("outcome", "is", null)
              .returning("id"),
          )
          .insertInto("attempts")
          .values({ key, label, worker, ended_at: null, outcome: null, reason: null })
          .returning("id")
          .executeTakeFirstOrThrow();
        return String(id);
      }),
    finish: (attempt, { key, name, blob, bytes, seconds }) =>
      run(async (db) => {
        // A commit whose answer was lost is tried again: the second time finds its own result, and the
        // attempt that is done already.
        const { outcome } = await db
          .with("written", (cte) =>
            cte
              .insertInto("results")
              .columns(["key", "name", "blob", "bytes", "seconds", "worker"])
              .expression((from) =>
                from
                  .selectFrom("attempts")
                  .select([
                    sql<string>`${key}::text`.as("key"),
                    sql<string>`${name}::text`.as("name"),
                    sql<string>`${blob}::text`.as("blob"),
                    sql<number>`${bytes}::integer`.as("bytes"),
                    sql<number>`${seconds}::double precision`.as("seconds"),
                    "worker",
                  ])
                  .where("id", "=", attempt),
              )
              .onConflict((conflict) => conflict.column("key").doNothing())
              .returning("key"),
          )
          .updateTable("attempts")
          .set({
            outcome: sql`CASE WHEN outcome = 'done' OR EXISTS (SELECT 1 FROM written) THEN 'done' ELSE 'twice' END`,
            ended_at: sql`CASE WHEN outcome = 'done' THEN ended_at ELSE now() END`,
            reason: null,
          })
          .where("id", "=", attempt)
          .returning("outcome")
          .executeTakeFirstOrThrow();
        return outcome as Outcome;
      }),
    async fail(attempt, outcome, reason) {
      await run((db) =>
        db
          .updateTable("attempts")
          .set({ outcome, reason: reason.slice(0, 2_000), ended_at: sql`now()` })
          .where("id", "=", attempt)
          .execute(),
      );
    },
    async adopt({ key, name, blob, bytes, seconds }) {
      await run((db) =>
        db
          .insertInto("results")
          .values({ key, name, blob, bytes, seconds, worker: "" })
          .onConflict((conflict) => conflict.column("key").doNothing())
          .execute(),
      );
    },
    async forget(key) {
      await run((db) => db.deleteFrom("results").where("key", "=", key).execute());
    },
    async attempts(keys) {
      const rows = await run((db) => {
        const all = db
          .selectFrom("attempts")
          .select(["key", "label", "worker", "outcome", "reason", "started_at", "ended_at"])
          .orderBy("id");
        return (keys === undefined ? all : all.where("key", "in", [...keys])).execute();
      });
      return rows.map(({ started_at, ended_at, outcome, ...row }) => ({
        ...{ ...row, startedAt: started_at, endedAt: ended_at },
        outcome: outcome as Outcome | null,
      }));
    },
  };
}
