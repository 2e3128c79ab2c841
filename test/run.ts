// `npm test`: one run of vitest and then the end of the process.
//
// vitest's own command waits for the event loop to drain after closing; a library that keeps a handle open (a
// curve with worker threads, a chain) would hold a finished run for ever. Here the process ends as soon as
// vitest has closed or had its time to. Arguments are vitest's own: `npm test -- test/prover`, `npm test --
// -t "forged"`.

import { delimiter, join } from "node:path";
import process from "node:process";
import { parseCLI, startVitest } from "vitest/node";

const CLOSE_TIMEOUT_MS = 30_000;

const root = join(import.meta.dirname, "..");
process.chdir(root);
// Tests start the tool and its compilers as children: those must find this project's own before the
// machine's.
process.env.PATH = [join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter);

const { filter, options } = parseCLI(["vitest", "run", ...process.argv.slice(2)]);
const vitest = await startVitest(filter, { ...options, watch: false, run: true });
setTimeout(() => {
  console.error("vitest did not close in time; ending the process.");
  process.exit(process.exitCode ?? 1);
}, CLOSE_TIMEOUT_MS).unref();
await vitest.close();
process.exit(process.exitCode ?? 0);
