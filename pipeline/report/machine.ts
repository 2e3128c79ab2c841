// Where a figure was measured. A number without its machine cannot be compared with anything, so every result
// carries these facts; a report of a run shows them too. Names of users, hosts and folders are left out on
// purpose.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";
import process from "node:process";

/** The facts of a machine that a figure was measured on. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly os: string;
  readonly node: string;
};

const GIB = 2 ** 30;

/** The machine that this process runs on. */
export function describeMachine(): Machine {
  const cores = availableParallelism();
  return {
    cpu: cpus()[0]?.model.trim() || "unknown processor",
    cores,
    memoryGib: Math.round((totalmem() / GIB) * 10) / 10,
    os: `${distribution()} (${type()} ${release().split(".").slice(0, 2).join(".")}, ${arch()})`,
    node: process.versions.node,
  };
}

/** One line for people: processor, cores, memory, system, Node. */
export function machineLine(machine: Machine): string {
  const cores = `${machine.cores} ${machine.cores === 1 ? "core" : "cores"}`;
  return `${machine.cpu}, ${cores}, ${machine.memoryGib} GiB, ${machine.os}, Node ${machine.node}`;
}

/**
 * The commit that is checked out, with `+dirty` when the work tree differs from it, or `unknown` outside a
 * clone. Paths in `ignore` (the results that a benchmark itself writes) do not count as differences.
 */
export function describeCommit(root: string, ignore: readonly string[] = []): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const commit = git("rev-parse", "HEAD").slice(0, 12);
    const pathspec = [".", ...ignore.map((path) => `:(exclude)${path}`)];
    return git("status", "--porcelain", "--", ...pathspec) === "" ? commit : `${commit}+dirty`;
  } catch {
    return "unknown";
  }
}

function distribution(): string {
  try {
    const line = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync("/etc/os-release", "utf8"));
    return line?.[1] ?? type();
  } catch {
    return type();
  }
}
