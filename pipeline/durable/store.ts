/**
 * Jobs and their results: the ledger in a database, content in a blob store, behind one interface.
 *
 * Opening costs time and memory with the embedded engine, so it happens when the first job is asked for; a
 * command that runs no job never pays for it. Results that an earlier version kept as files in the project's
 * `store` folder are taken over when they are asked for.
 *
 * What is *not* here: receipts, the chain's log, secrets, batches' records and named states. They cannot be
 * made again, so they stay single files that are flushed before anything depends on them (store.ts).
 */
import { hostname } from "node:os";
import { openStore, type Store } from "../store.ts";
import type { Blobs } from "./blobs.ts";
import { type DatabasePlace, openDatabase } from "./database.ts";
import { type Ledger, openLedger } from "./ledger.ts";

/** An open store of jobs. As a {@link Store} it keeps results by key; the rest is for who runs jobs. */
export type JobStore = Store & {
  readonly blobs: Blobs;
  /** This process, in the ledger. */
  readonly worker: string;
  /** Opens the database on first use. Throws what {@link openDatabase} throws. */
  ledger(): Promise<Ledger>;
  /** Runs one attempt at a job and keeps its result: begun, computed, kept, ended. */
  attempt(job: AttemptedJob, compute: () => Promise<Computed>): Promise<Uint8Array>;
  close(): Promise<void>;
};

export type AttemptedJob = { readonly key: string; readonly name: string; readonly label: string };

/** What a job gave, and how long it took. */
export type Computed = { readonly bytes: Uint8Array; readonly seconds: number };

/** The store over a database and blobs. `legacy` is a folder of results of an earlier version. */
export function openJobStore(of: {
  readonly database: DatabasePlace;
  readonly blobs: Blobs;
  readonly legacy?: string;
  readonly notice?: (message: string) => void;
}): JobStore {
  const { database: place, blobs, legacy, notice = () => {} } = of;
  const worker = `${hostname()}:${process.pid}`;
  const files = legacy === undefined ? undefined : openStore(legacy, notice);
  let opening: Promise<{ ledger: Ledger; close(): Promise<void> }> | undefined;
  const opened = (): NonNullable<typeof opening> => {
    opening ??= openDatabase(place).then(
      (database) => ({ ledger: openLedger(database), close: database.close }),
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  const ledger = async (): Promise<Ledger> => (await opened()).ledger;
  const keep = async (name: string, key: string, bytes: Uint8Array, seconds: number) => {
    const blob = await blobs.put(bytes);
    return { key, name, blob, bytes: bytes.length, seconds };
  };
  return {
    blobs,
    worker,
    ledger,
    async get(key) {
      const book = await ledger();
      const made = (await book.made([key])).get(key);
      if (made !== undefined) {
        const bytes = await blobs.get(made.blob);
        if (bytes !== undefined) return bytes;
        notice(`The result ${key} is not in ${blobs.where}; the job is done again.`);
        await book.forget(key);
        return undefined;
      }
      const bytes = files?.get(key);
      if (bytes !== undefined) await book.adopt(await keep("adopted", key, bytes, 0));
      return bytes;
    },
    async put(key, bytes) {
      await (await ledger()).adopt(await keep("", key, bytes, 0));
    },
    async attempt({ key, name, label }, compute) {
      const book = await ledger();
      const attempt = await book.begin(key, label, worker);
      let result: Computed;
      try {
        result = await compute();
        await book.finish(attempt, await keep(name, key, result.bytes, result.seconds));
      } catch (error) {
        const refused = error instanceof Error && error.name === "Worker.Refused";
        // If even this cannot be written, the first error is the one to hear of; the next attempt says
        // `lost`.
        await book.fail(attempt, refused ? "refused" : "failed", reasonOf(error)).catch(() => {});
        throw error;
      }
      return result.bytes;
    },
    async close() {
      const open = opening;
      opening = undefined;
      await (await open?.catch(() => undefined))?.close();
    },
  };
}

/** An error in one line: name and message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
