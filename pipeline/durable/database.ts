/**
 * The database of jobs: embedded in a folder of the project, or a Postgres server that several machines
 * share. The same SQL runs on both; kysely writes it, and this is the only file that knows kysely.
 *
 *   results   a job's key → the hash of what it gave, in the blob store; written once
 *   attempts  every time somebody began a job, and how that ended: the ledger that shows that nothing was
 *             done twice but what was in flight
 *
 * A statement that fails because the server is away is tried again for a while; then the run ends with an
 * error that says so. Every change here is one statement or one transaction, so that ending anywhere is safe.
 */

import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type Generated, Kysely, PGliteDialect, PostgresDialect, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { openEmbedded } from "../engine/pglite.ts";
import { openConnections } from "../engine/postgres.ts";
import { describeUrl, PATIENCE_MS, patiently } from "./patience.ts";

/** The tables. Times are set by the database. */
export type Tables = {
  readonly results: {
    readonly key: string;
    readonly name: string;
    readonly blob: string;
    readonly bytes: number;
    readonly seconds: number;
    readonly worker: string;
    readonly made_at: Generated<Date>;
  };
  readonly attempts: {
    readonly id: Generated<string>;
    readonly key: string;
    readonly label: string;
    readonly worker: string;
    readonly started_at: Generated<Date>;
    readonly ended_at: Date | null;
    readonly outcome: string | null;
    readonly reason: string | null;
  };
};

/** The queries that the ledger writes. */
export type Queries = Kysely<Tables>;
export { sql } from "kysely";

/** An open database. */
export type Database = {
  readonly kind: "embedded" | "server";
  /**
   * Runs `work`; again and again for `patienceMs` while the server is away. Throws {@link
   * DatabaseLostError}, {@link DatabaseFullError}.
   */
  run<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

/** Where the database is. */
export type DatabasePlace =
  | { readonly url: string }
  | { readonly folder: string; readonly cache: string; readonly notice?: (message: string) => void };

const SCHEMA = "quittance";

const migrations: Readonly<Record<string, Migration>> = {
  "1-jobs": {
    async up(db) {
      await db.schema
        .createTable("results")
        .addColumn("key", "text", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("blob", "text", (column) => column.notNull())
        .addColumn("bytes", "integer", (column) => column.notNull())
        .addColumn("seconds", "double precision", (column) => column.notNull())
        .addColumn("worker", "text", (column) => column.notNull())
        .addColumn("made_at", "timestamptz", (column) => column.notNull().defaultTo(sql`now()`))
        .execute();
      await db.schema
        .createTable("attempts")
        .addColumn("id", "bigserial", (column) => column.primaryKey())
        .addColumn("key", "text", (column) => column.notNull())
        .addColumn("label", "text", (column) => column.notNull())
        .addColumn("worker", "text", (column) => column.notNull())
        .addColumn("started_at", "timestamptz", (column) => column.notNull().defaultTo(sql`now()`))
        .addColumn("ended_at", "timestamptz")
        .addColumn("outcome", "text")
        .addColumn("reason", "text")
        .execute();
      await db.schema.createIndex("attempts_key").on("attempts").column("key").execute();
    },
  },
};

/**
 * Opens the database and brings its tables up to date. Throws {@link DatabaseLostError}, {@link
 * DatabaseFullError}, {@link DatabaseBrokenError}.
 */
export async function openDatabase(place: DatabasePlace, patienceMs = PATIENCE_MS): Promise<Database> {
  const server = "url" in place;
  const where = server ? describeUrl(place.url) : place.folder;
  const root = new Kysely<Tables>({
    dialect: server
      ? new PostgresDialect({ pool: openConnections(place.url) })
      : new PGliteDialect({ pglite: await embedded(place.folder, place.cache) }),
  });
  const queries = root.withSchema(SCHEMA);
  const run: Database["run"] = async (work) => {
    try {
      return await (server ? patiently(where, () => work(queries), patienceMs) : work(queries));
    } catch (error) {
      if (!server) throw await embeddedError(error, place.folder);
      throw (error as { code?: unknown }).code === "53100" ? new DatabaseFullError(where, error) : error;
    }
  };
  try {
    await run(() => migrate(root));
  } catch (error) {
    await root.destroy().catch(() => {});
    throw error;
  }
  return { kind: server ? "server" : "embedded", run, close: () => root.destroy() };
}

async function embedded(folder: string, cache: string): ReturnType<typeof openEmbedded> {
  try {
    return await openEmbedded(folder, cache);
  } catch (error) {
    throw await embeddedError(error, folder);
  }
}

async function migrate(root: Kysely<Tables>): Promise<void> {
  const provider = { getMigrations: async () => ({ ...migrations }) };
  const migrator = new Migrator({ db: root.withSchema(SCHEMA), provider, migrationTableSchema: SCHEMA });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

/** What an error of the embedded engine means: it reports a full disk as a panic of its own. */
async function embeddedError(error: unknown, folder: string): Promise<Error> {
  const text = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | undefined)?.code;
  const { bavail, bsize } = await statfs(dirname(folder)).catch(() => ({ bavail: 1, bsize: 2 ** 30 }));
  const isFull = code === "ENOSPC" || code === "53100" || /No space left|ENOSPC/.test(text);
  if (isFull || bavail * bsize < 2 ** 20) return new DatabaseFullError(folder, error);
  return new DatabaseBrokenError(folder, error);
}

/** No room for the database. */
export class DatabaseFullError extends Error {
  override readonly name = "Database.Full";
  constructor(where: string, cause: unknown) {
    super(
      `The disk of ${where} is full. What was finished is kept: free some space and run the same command again.`,
      { cause },
    );
  }
}

/** The embedded database cannot be read or written. */
export class DatabaseBrokenError extends Error {
  override readonly name = "Database.Broken";
  constructor(folder: string, cause: unknown) {
    super(
      `The database of jobs in ${folder} does not work (${cause instanceof Error ? cause.message : String(cause)}). ` +
        "It holds only results that can be made again: move the folder away and run the same command again.",
      { cause },
    );
  }
}
