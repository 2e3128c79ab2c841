// A private Postgres server in a temporary folder, for measurements and tests: Debian's binaries, a unix
// socket and no network. As root it runs as the user `postgres`, since the server refuses to run as root.

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A server that nobody else uses. */
export type PrivateServer = {
  /** An empty database of its own on this server: its address. */
  database(): string;
  start(): void;
  /** Ends the server at once, as a crash does: connections break, nothing is flushed. */
  crash(): void;
  /** Breaks every connection; the server goes on. */
  dropConnections(): void;
  /** Removes the server and its data. */
  remove(): void;
};

const LIBRARY = "/usr/lib/postgresql";

/** The folder of the server's binaries, or undefined. */
export function serverBinaries(): string | undefined {
  if (!existsSync(LIBRARY)) return undefined;
  return readdirSync(LIBRARY)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(LIBRARY, version, "bin"))
    .find((folder) => existsSync(join(folder, "initdb")));
}

/** Starts a server. Throws {@link ServerMissingError}. */
export function startServer(): PrivateServer {
  const bin = serverBinaries();
  if (bin === undefined) throw new ServerMissingError();
  const folder = mkdtempSync(join(tmpdir(), "quittance-pg-"));
  chmodSync(folder, 0o777);
  const data = join(folder, "data");
  const asServer = (program: string, ...args: string[]): void => {
    const path = join(bin, program);
    const root = process.getuid?.() === 0;
    const [command, rest] = root ? ["runuser", ["-u", "postgres", "--", path, ...args]] : [path, args];
    execFileSync(command as string, rest as string[], {
      stdio: ["ignore", "ignore", "inherit"],
      cwd: folder,
    });
  };
  asServer("initdb", "-D", data, "-U", "quittance", "-A", "trust", "-N", "--no-locale", "-E", "UTF8");
  const start = (): void =>
    asServer("pg_ctl", "-D", data, "-w", "-l", join(folder, "log"), "-o", `-h '' -k ${folder} -F`, "start");
  const stop = (): void => asServer("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop");
  start();
  const query = (sql: string): void => {
    const psql = join(bin, "psql");
    spawnSync(psql, ["-h", folder, "-U", "quittance", "-d", "postgres", "-c", sql], { stdio: "ignore" });
  };
  let databases = 0;
  return {
    database() {
      const name = `test${++databases}`;
      query(`CREATE DATABASE ${name}`);
      return `postgres://quittance@/${name}?host=${encodeURIComponent(folder)}`;
    },
    start,
    crash: stop,
    dropConnections: () =>
      query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"),
    remove() {
      try {
        stop();
      } catch {
        // It was down already.
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** There are no binaries of a Postgres server. */
export class ServerMissingError extends Error {
  override readonly name = "Postgres.Missing";
  constructor() {
    super("The Debian package postgresql is missing: apt-get install postgresql");
  }
}
