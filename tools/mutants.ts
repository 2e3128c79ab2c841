// `node tools/mutants.ts [NAME…] [--write]`: breaks the contracts on purpose, one change at a time, and says
// which changes the invariants notice.
//
// Each mutant is a copy of contracts and suites in a folder of its own under .cache, so that nothing can leak
// into the real ones, built without the compiler's optimizer to save time. With --write the table goes to
// benchmarks/results/mutants.md; nothing else writes it. A mutant that does not compile was not caught: the
// list is wrong then, and the run stops.

import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { type Effort, QUICK, runInvariants } from "./forge.ts";
import { MUTANTS, type Mutant } from "./mutants/list.ts";

const ROOT = join(import.meta.dirname, "..");
const FOLDER = join(ROOT, ".cache", "mutants");
const TABLE = join(ROOT, "benchmarks", "results", "mutants.md");
/** A mutant that is caught ends its run at once, so more sequences cost only where nothing is seen. */
const EFFORT: Effort = { ...QUICK, runs: 64 };
const COPIED = ["foundry.toml", "tools/solc.ts", "verifier-contracts", "test/verifier-contracts/invariants"];
const BUILT = /^verifier-contracts\/(?:artifacts|cache)(?:\/|$)/;

/** What a mutant came to. `how` is the first line of what forge said against it. */
export type Verdict = { readonly mutant: Mutant; readonly caught: boolean; readonly how: string };

/** A contract's text with the change made. Throws {@link MutantError} unless the place stands there once. */
export function mutated(text: string, { name, file, from, to }: Mutant): string {
  const places = text.split(from).length - 1;
  if (places !== 1) throw new MutantError(name, `what it changes stands ${places} times in ${file}`);
  return text.replace(from, () => to);
}

/** Runs a mutant's suite on a copy; two at a time need two folders. */
export async function runMutant(mutant: Mutant, effort: Effort = EFFORT, folder = "one"): Promise<Verdict> {
  const root = prepare(folder);
  const path = join(root, mutant.file);
  writeFileSync(path, mutated(readFileSync(path, "utf8"), mutant));
  const [result, ...others] = await runInvariants(effort, { root, suite: mutant.suite, rough: true });
  if (result === undefined || others.length > 0) throw new MutantError(mutant.name, "not one suite ran");
  return { mutant, caught: !result.passed, how: result.reason.split("\n")[0] ?? "" };
}

/** The table of verdicts, in Markdown. */
export function verdictTable(verdicts: readonly Verdict[], { runs, depth }: Effort): string {
  const caught = verdicts.filter((verdict) => verdict.caught).length;
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const rows = verdicts.map(({ mutant, caught, how }) => {
    const file = mutant.file.replace("verifier-contracts/", "");
    return `| ${mutant.invariant} | ${mutant.name} | ${file} | ${caught ? "caught" : "**not caught**"} | ${cell(how)} |`;
  });
  return [
    "# Mutants of the contracts",
    "",
    `${caught} of ${verdicts.length} caught. Written by \`node tools/mutants.ts --write\`: each line is the contracts`,
    `with one change, and up to ${runs} sequences of ${depth} calls of one suite.`,
    "",
    "| invariant | change | file | result | what the suite said |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** A fresh copy; what forge built there before stays, so that only what changed is compiled. */
function prepare(name: string): string {
  const root = join(FOLDER, name);
  mkdirSync(root, { recursive: true });
  for (const part of COPIED) {
    rmSync(join(root, part), { recursive: true, force: true });
    const filter = (path: string): boolean => !BUILT.test(relative(ROOT, path));
    cpSync(join(ROOT, part), join(root, part), { recursive: true, filter });
  }
  rmSync(join(root, "node_modules"), { force: true });
  rmSync(join(root, ".cache", "forge", "failures"), { recursive: true, force: true });
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  return root;
}

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((argument) => argument !== "--write");
  const chosen = names.length === 0 ? MUTANTS : MUTANTS.filter(({ name }) => names.includes(name));
  if (chosen.length < names.length) throw new MutantError(names.join(", "), "no mutant has that name");
  const verdicts: Verdict[] = [];
  for (const mutant of chosen) {
    const verdict = await runMutant(mutant);
    verdicts.push(verdict);
    process.stdout.write(`${verdict.caught ? "caught    " : "NOT CAUGHT"} ${mutant.name}: ${verdict.how}\n`);
  }
  if (args.includes("--write")) writeFileSync(TABLE, verdictTable(verdicts, EFFORT));
  return verdicts.every(({ caught }) => caught) ? 0 : 1;
}

/** A mutant that cannot be made or run. */
export class MutantError extends Error {
  override readonly name = "Mutants.Broken";
  constructor(mutant: string, reason: string) {
    super(`The mutant "${mutant}" is of no use: ${reason}. Repair it in tools/mutants/list.ts.`);
  }
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
