// forge, which runs the contracts' stateful invariants: where it is, and what a run came to.
//
// npm installs one binary for 64-bit Linux and no other, as an optional package; on another machine the
// invariants cannot run, and whoever asks is told so. Its compiler is tools/solc.ts, its settings
// foundry.toml.
//
// The pitfall is a run that checks nothing: forge ends well when no test matches. So the result names every
// invariant with the number of calls that were made, and callers look at both.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";

const ROOT = join(import.meta.dirname, "..");
const PACKAGE = "@foundry-rs/forge-linux-amd64";

/** How often: `runs` sequences of `depth` calls for each suite, and how a run can be repeated. */
export type Effort = { readonly runs: number; readonly depth: number; readonly seed?: string };

/** What is run for every change of the code, and what is run in full: 128,000 calls a suite. */
export const QUICK: Effort = { runs: 12, depth: 250 };
export const FULL: Effort = { runs: 256, depth: 500 };

/** What {@link runInvariants} runs. */
export type RunOptions = { readonly root?: string; readonly suite?: string; readonly rough?: boolean };

/** One suite of invariants after a run. `reason` says what failed, and is empty when nothing did. */
export type SuiteResult = {
  readonly suite: string;
  readonly invariant: string;
  readonly passed: boolean;
  readonly reason: string;
  readonly calls: number;
  readonly reverts: number;
  /** Calls of each action, by its name. */
  readonly actions: ReadonlyMap<string, number>;
};

type Reported = {
  readonly status: string;
  readonly reason: string | null;
  readonly kind?: {
    readonly Invariant?: {
      readonly calls: number;
      readonly reverts: number;
      readonly metrics: Readonly<Record<string, { readonly calls: number }>>;
    };
  };
};
type Report = Readonly<Record<string, { readonly test_results: Readonly<Record<string, Reported>> }>>;

/** The path of the binary that npm installed. Throws {@link ForgeMissingError} where there is none. */
export function forgePath(): string {
  const require = createRequire(import.meta.url);
  try {
    const path = join(dirname(require.resolve(`${PACKAGE}/package.json`)), "bin", "forge");
    if (existsSync(path)) return path;
  } catch {
    // Said below, in words that help.
  }
  throw new ForgeMissingError();
}

/**
 * Runs suites of invariants and returns what each came to; a suite that fails is a result, not an error.
 *
 * @param root folder with foundry.toml, contracts and suites
 * @param suite name of the only suite to build and run; all of them if it is left out
 * @param rough without the optimizer, and without looking for the shortest sequence that fails: for many
 * builds
 * @throws ForgeError when the contracts do not compile, or nothing ran
 */
export async function runInvariants(
  effort: Effort,
  { root = ROOT, suite, rough = false }: RunOptions = {},
): Promise<readonly SuiteResult[]> {
  const seed = effort.seed === undefined ? [] : ["--fuzz-seed", effort.seed];
  const env = {
    FOUNDRY_INVARIANT_RUNS: String(effort.runs),
    FOUNDRY_INVARIANT_DEPTH: String(effort.depth),
    ...(rough ? { FOUNDRY_OPTIMIZER: "false", FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT: "0" } : {}),
  };
  const only = suite === undefined ? [] : ["--match-path", `*/${suite}.t.sol`];
  const { output, errors } = await runForge(["test", "--json", ...only, ...seed], root, env);
  const line = output.split("\n").findLast((text) => text.startsWith('{"test/'));
  if (line === undefined) throw new ForgeError(`${errors}\n${output}`.trim());
  return Object.entries(JSON.parse(line) as Report).flatMap(([path, { test_results }]) =>
    Object.entries(test_results).map(([invariant, result]) => suiteResult(path, invariant, result)),
  );
}

/** Runs forge in a folder, with node_modules' own tools first on the path. */
export async function runForge(
  args: readonly string[],
  root: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
  const path = `${join(ROOT, "node_modules", ".bin")}:${process.env.PATH ?? ""}`;
  const child = spawn(forgePath(), [...args], { cwd: root, env: { ...process.env, ...env, PATH: path } });
  const [output, errors]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (data: Buffer) => output.push(data));
  child.stderr.on("data", (data: Buffer) => errors.push(data));
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(status ?? 1));
  });
  return { code, output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString() };
}

function suiteResult(path: string, invariant: string, { status, reason, kind }: Reported): SuiteResult {
  const run = kind?.Invariant;
  const actions = Object.entries(run?.metrics ?? {}).map(
    ([name, { calls }]) => [name.split(".").at(-1) ?? name, calls] as const,
  );
  return {
    suite: path.split(":").at(-1) ?? path,
    invariant: invariant.replace("()", ""),
    passed: status === "Success",
    reason: status === "Success" ? "" : (reason ?? "a call was refused without a reason"),
    calls: run?.calls ?? 0,
    reverts: run?.reverts ?? 0,
    actions: new Map(actions),
  };
}

/** There is no forge for this machine. */
export class ForgeMissingError extends Error {
  override readonly name = "Forge.Missing";
  constructor() {
    super(`${PACKAGE} is not installed: it exists for 64-bit Linux alone. There, run npm ci.`);
  }
}

/** forge ran no test. */
export class ForgeError extends Error {
  override readonly name = "Forge.Failed";
  constructor(output: string) {
    super(`forge ran no invariant. Repair what it says:\n${output.slice(-4000)}`);
  }
}
