/**
 * Patience with a server that is away: a restart takes seconds, a failover about a minute. What may be tried
 * again is tried again for two minutes; then whoever waits is told, and the run can be started again later.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isConnectionLost } from "../engine/postgres.ts";

export const PATIENCE_MS = 120_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Runs `work`, again while the connection is lost and `patienceMs` lasts. Throws {@link DatabaseLostError},
 * and at once what is no lost connection.
 */
export async function patiently<T>(
  where: string,
  work: () => Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      if (Date.now() + pauseMs > end) throw new DatabaseLostError(where, error);
      await sleep(pauseMs);
    }
  }
}

/** Host and database of an address, never its user or password. */
export function describeUrl(url: string): string {
  try {
    const { hostname, port, pathname, searchParams } = new URL(url);
    const host = hostname || searchParams.get("host") || "local socket";
    return `the Postgres server ${host}${port && `:${port}`}, database ${pathname.slice(1) || "(default)"}`;
  } catch {
    return "the Postgres server of DATABASE_URL";
  }
}

/** The server went away and did not come back. */
export class DatabaseLostError extends Error {
  override readonly name = "Database.Lost";
  constructor(where: string, cause: unknown) {
    super(
      `No connection to ${where} (${(cause as { code?: string }).code ?? "connection lost"}). ` +
        "What was finished is kept. Start the server, check DATABASE_URL, and run the same command again.",
      { cause },
    );
  }
}
