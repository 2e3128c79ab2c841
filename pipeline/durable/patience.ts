/**
 * Patience with a server that is away: a restart takes seconds, a failover about a minute. What may be tried
 * again is tried again for two minutes; then whoever waits is told, and the run can be started again later.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isConnectionLost } from "../engine/postgres.ts";

export const PATIENCE_MS = 120_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A restart is over by then, mostly; who waits longer is told why. */
const QUIET_MS = 3_000;

/** Servers that somebody was told about. */
const told = new Set<string>();

/**
 * Runs `work`, again while the connection is lost and `patienceMs` lasts, and says on the standard error that
 * it waits, once that takes seconds. Throws {@link DatabaseLostError}, and at once what is no lost
 * connection.
 *
 * @param where the server in words, without a password: it is printed
 * @param quietMs what is waited before anything is said
 */
export async function patiently<T>(
  where: string,
  work: () => Promise<T>,
  patienceMs = PATIENCE_MS,
  quietMs = QUIET_MS,
): Promise<T> {
  const begin = Date.now();
  const end = begin + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const result = await work();
      if (told.delete(where)) say(`${capital(where)} is back.`);
      return result;
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      const now = Date.now();
      if (now + pauseMs > end) {
        told.delete(where);
        throw new DatabaseLostError(where, error);
      }
      // Several may wait for the same server: one of them says so.
      if (now - begin >= quietMs && !told.has(where)) {
        told.add(where);
        const seconds = Math.ceil((end - now) / 1_000);
        say(`Waiting for ${where} (${reasonOf(error)}), for at most ${seconds} s more.`);
      }
      await sleep(pauseMs);
    }
  }
}

const say = (text: string): void => void process.stderr.write(`  ${text}\n`);
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
const reasonOf = (error: unknown): string => (error as { code?: string }).code ?? "connection lost";

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
      `No connection to ${where} (${reasonOf(cause)}). ` +
        "What was finished is kept. Start the server, check DATABASE_URL, and run the same command again.",
      { cause },
    );
  }
}
