// `npm run bench -- NAME [--full]`: runs one benchmark and writes NAME.md for people and NAME.json for
// machines.
//
// Every figure that a document quotes comes from here with the command, machine, commit and date that
// produced it. The small form exists so that a benchmark cannot rot unnoticed (tests run it); its numbers say
// nothing about the real sizes, so it never touches the results of a full run: those stand in
// benchmarks/results, small ones in .cache/bench.

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { describeCommit, describeMachine } from "./machine.ts";
import { BENCHMARKS, type BenchmarkEntry } from "./registry.ts";
import { resultTable } from "./table.ts";
import type { BenchmarkResult, Figure } from "./types.ts";

const ROOT = join(import.meta.dirname, "..");
const RESULTS = "benchmarks/results";

/** Finds a benchmark by name. Throws {@link BenchUnknownError} with the names there are. */
export function findBenchmark(name: string, entries: readonly BenchmarkEntry[] = BENCHMARKS): BenchmarkEntry {
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new BenchUnknownError(name, entries);
  return entry;
}

/**
 * Runs one benchmark and checks its figures: the promised names are all there, no name twice, every value
 * finite. Throws {@link BenchFiguresError} when they are not.
 */
export async function runBenchmark(entry: BenchmarkEntry, full: boolean): Promise<BenchmarkResult> {
  const benchmark = await entry.load();
  const commit = describeCommit(ROOT, [RESULTS]);
  const measured = await benchmark({ full });
  const { figures, notes } = "figures" in measured ? measured : { figures: measured, notes: undefined };
  checkFigures(entry, figures);
  return {
    name: entry.name,
    command: `npm run bench -- ${entry.name}${full ? " --full" : ""}`,
    machine: describeMachine(),
    commit,
    date: new Date().toISOString(),
    figures,
    ...(notes === undefined ? {} : { notes }),
  };
}

function checkFigures(entry: BenchmarkEntry, figures: readonly Figure[]): void {
  const names = figures.map((figure) => figure.name);
  const missing = entry.figures.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new BenchFiguresError(entry.name, `does not report ${missing.join(", ")}`);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new BenchFiguresError(entry.name, `reports ${twice.join(", ")} twice`);
  const broken = figures.filter((figure) => !Number.isFinite(figure.value)).map((figure) => figure.name);
  if (broken.length > 0)
    throw new BenchFiguresError(entry.name, `has no finite value for ${broken.join(", ")}`);
  if (figures.length === 0) throw new BenchFiguresError(entry.name, "reports nothing");
}

/** Writes NAME.md and NAME.json into a folder, each whole or not at all; returns their paths. */
export function writeResult(result: BenchmarkResult, folder: string, full: boolean): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const contents = { md: resultTable(result, full), json: `${JSON.stringify(result, null, 2)}\n` };
  return Object.entries(contents).map(([extension, text]) => {
    const path = join(folder, `${result.name}.${extension}`);
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
    return path;
  });
}

const USAGE = `Usage: npm run bench -- NAME [--full]

${BENCHMARKS.map((entry) => `  ${entry.name.padEnd(10)}${entry.about}`).join("\n")}

Without --full a small form runs that proves the benchmark still works; its numbers are not for quoting.
`;

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((argument) => !argument.startsWith("-"));
  const options = args.filter((argument) => argument.startsWith("-"));
  if (options.includes("--help") || options.includes("-h")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const unknown = options.filter((option) => option !== "--full");
  const [name] = names;
  if (name === undefined || names.length > 1 || unknown.length > 0) {
    process.stderr.write(unknown.length > 0 ? `Unknown option ${unknown.join(" ")}.\n${USAGE}` : USAGE);
    return 2;
  }
  const full = options.includes("--full");
  const result = await runBenchmark(findBenchmark(name), full);
  const paths = writeResult(result, join(ROOT, full ? RESULTS : ".cache/bench"), full);
  process.stdout.write(`${resultTable(result, full)}\n`);
  for (const path of paths) process.stderr.write(`wrote ${relative(ROOT, path)}\n`);
  return 0;
}

/** A name that is not in the registry. */
export class BenchUnknownError extends Error {
  override readonly name = "Bench.Unknown";
  constructor(name: string, entries: readonly BenchmarkEntry[]) {
    super(
      `There is no benchmark "${name}". Choose one of: ${entries.map((entry) => entry.name).join(", ")}.`,
    );
  }
}

/** A benchmark that did not report what it promises. */
export class BenchFiguresError extends Error {
  override readonly name = "Bench.Figures";
  constructor(name: string, reason: string) {
    super(
      `The benchmark "${name}" ${reason}. Repair it, or the list of its figures in benchmarks/registry.ts.`,
    );
  }
}

if (import.meta.main) {
  try {
    // Engines may leave worker threads behind; a finished benchmark ends all the same.
    process.exit(await main(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${error instanceof BenchUnknownError ? error.message : (error as Error).stack}\n`);
    process.exit(1);
  }
}
