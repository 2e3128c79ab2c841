// `node benchmarks/gas-snapshot.ts --write`: the gas of the economy's calls, kept in a file that a test
// compares with the contracts as they are.
//
// A change that makes a call dearer is then seen by whoever makes it, in the same commit. A fifth of a
// percent is let through: addresses and signatures have more or fewer zero bytes when the deployment changes,
// and call data is paid for by that.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { economyGas } from "./gas-economy.ts";
import type { Figure } from "./types.ts";

const FILE = join(import.meta.dirname, "gas-snapshot.json");

/** Numbers of contributors that are measured, and the one that everything is measured for. */
export const SIZES = [12, 64, 512] as const;
export const MAIN = 64;

/** Gas by figure. */
export type Snapshot = Readonly<Record<string, number>>;

/** The snapshot as it is kept. */
export function readSnapshot(): Snapshot {
  return JSON.parse(readFileSync(FILE, "utf8")) as Snapshot;
}

/** What differs, in words: figures that are new or gone, or that moved by more than a fifth of a percent. */
export function snapshotChanges(kept: Snapshot, measured: readonly Figure[]): readonly string[] {
  const now = new Map(measured.map(({ name, value }) => [name, value]));
  const gone = Object.keys(kept).filter((name) => !now.has(name));
  const moved = [...now].flatMap(([name, value]) => {
    const before = kept[name];
    if (before === undefined) return [`${name} is new: ${value}`];
    return Math.abs(value - before) * 500 > before ? [`${name}: ${before} → ${value}`] : [];
  });
  return [...gone.map((name) => `${name} is gone`), ...moved];
}

async function main(args: readonly string[]): Promise<number> {
  const figures = await economyGas(SIZES, MAIN);
  const changes = snapshotChanges(readSnapshot(), figures);
  for (const change of changes) process.stdout.write(`${change}\n`);
  if (!args.includes("--write")) return changes.length === 0 ? 0 : 1;
  const snapshot = Object.fromEntries(figures.map(({ name, value }) => [name, value]));
  writeFileSync(`${FILE}.tmp`, `${JSON.stringify(snapshot, null, 2)}\n`);
  renameSync(`${FILE}.tmp`, FILE);
  process.stderr.write(`wrote ${relative(process.cwd(), FILE)}\n`);
  return 0;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
