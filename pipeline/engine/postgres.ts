/** Connections to a Postgres server: the only file that knows `pg`. */
import pg from "pg";

/** A bounded pool of connections. */
export type Connections = pg.Pool;

/**
 * A pool for the server that `url` names; connects when it is first used. A connection that breaks while
 * nobody uses it is replaced in silence: whoever needs one next hears of it if the server is really away.
 */
export function openConnections(url: string, most = 3): Connections {
  const pool = new pg.Pool({
    connectionString: url,
    max: most,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 10_000,
    allowExitOnIdle: true,
    application_name: "quittance",
  });
  pool.on("error", () => {});
  // One that breaks while it is in use tells its query too; unheard, the event alone would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** SQLSTATE classes and socket errors after which the same statement may be tried again. */
const PASSING = /^(08...|57P0[1-5]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT|EAI_AGAIN)$/;
/** What `pg` itself says of a connection, without a code. */
const BROKEN = /Connection terminated|timeout exceeded when trying to connect|encountered a connection error/;

/**
 * Whether an error says that the server is away or the connection broke, rather than that the SQL is wrong.
 */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && PASSING.test(code)) return true;
  return BROKEN.test(error.message);
}
