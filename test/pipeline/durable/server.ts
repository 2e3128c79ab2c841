// Whether tests with a Postgres server can run here.

import { ServerMissingError, serverBinaries } from "../../../benchmarks/postgres.ts";

export { type PrivateServer, startServer } from "../../../benchmarks/postgres.ts";

/** Why tests with a server cannot run here, or undefined. Under QUITTANCE_NO_SKIP=1 that is an error. */
export function noServer(): string | undefined {
  if (serverBinaries() !== undefined) return undefined;
  const missing = new ServerMissingError();
  if (process.env["QUITTANCE_NO_SKIP"] === "1") throw missing;
  process.stderr.write(`skipped: ${missing.message}\n`);
  return missing.message;
}
