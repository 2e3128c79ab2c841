// `node tools/coverage.ts [--write]`: which statements of the contracts the tests in test/verifier-contracts
// reach, and every one that they do not, with the reason.
//
// Hardhat instruments the contracts (`coverage: true`), and the tests run as they are, in a copy of the
// project in which the file that starts Hardhat is changed: the real one needs no switch for it. It
// counts statements and lines. Branches are not counted by it, but nearly every branch of these contracts is
// a statement of its own (`if (…) revert …;`), and what stands after it runs when the branch is not taken.
//
// Instrumented contracts are larger and dearer, so tests that measure gas may fail in the copy; what they
// reached counts all the same. With --write the table goes to benchmarks/results/coverage.md.

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { EXCEPTIONS } from "./coverage/exceptions.ts";

const ROOT = join(import.meta.dirname, "..");
const COPY = join(ROOT, ".cache", "coverage");
const TABLE = join(ROOT, "benchmarks", "results", "coverage.md");

/**
 * What is changed in the copy. Without limits of ours Hardhat sets none: instrumented contracts are large.
 */
const EDITS: readonly (readonly [file: string, from: string, to: string])[] = [
  ["hardhat.config.ts", "      allowUnlimitedContractSize: false,\n", ""],
  ["hardhat.config.ts", "      blockGasLimit: 60_000_000n,\n", ""],
  [
    "pipeline/chain/local.ts",
    "createHardhatRuntimeEnvironment(config, {}, ROOT)",
    "createHardhatRuntimeEnvironment(config, { coverage: true }, ROOT)",
  ],
  [
    "pipeline/chain/local.ts",
    "run({ quiet: true, force: false, noTests: true });",
    `run({ quiet: true, force: true, noTests: true });
    const { filesMetadata } = (runtime as unknown as { _coverage: any })._coverage;
    const files = [...filesMetadata].map(([path, all]) => [path, [...all.values()]]);
    (await import("node:fs")).writeFileSync(\`\${ROOT}coverage.json\`, JSON.stringify(files));`,
  ],
  [
    "pipeline/chain/local.ts",
    'return await runtime.network.create({ network: "local", override: { chainId, initialDate } });',
    `const opened = await runtime.network.create({ network: "local", override: { chainId, initialDate } });
  const close = async () => {
    await opened.close();
    await (runtime as unknown as { _coverage: any })._coverage.saveData("tests");
  };
  return { provider: opened.provider as Provider, close };`,
  ],
];

/** A statement, by its place in the text. */
export type Statement = { readonly tag: string; readonly startUtf16: number; readonly endUtf16: number };

/** One contract: how many statements there are, and those that no test reached. */
export type FileCoverage = {
  readonly path: string;
  readonly statements: number;
  readonly missed: readonly { readonly line: number; readonly text: string }[];
};

/** What of a file was reached, given the tags of all statements that were. */
export function coverageOf(
  path: string,
  text: string,
  statements: readonly Statement[],
  reached: ReadonlySet<string>,
): FileCoverage {
  const missed = statements
    .filter(({ tag }) => !reached.has(tag))
    .map(({ startUtf16, endUtf16 }) => ({
      line: text.slice(0, startUtf16).split("\n").length,
      text: text.slice(startUtf16, endUtf16).replace(/\s+/g, " "),
    }));
  return { path, statements: statements.length, missed };
}

/** The reason why a statement is not reached, or undefined where nobody gave one. */
export function reasonFor(path: string, text: string): string | undefined {
  return EXCEPTIONS.find((exception) => exception.file === path && text.includes(exception.statement))?.why;
}

/** The table, and every statement that no test reached. */
export function coverageTable(files: readonly FileCoverage[]): string {
  const rows = files.map(({ path, statements, missed }) => {
    const lines = new Set(missed.map(({ line }) => line)).size;
    const share =
      statements === 0 ? "–" : `${((100 * (statements - missed.length)) / statements).toFixed(1)} %`;
    return `| ${path} | ${statements} | ${missed.length} | ${lines} | ${share} |`;
  });
  const missed = files.flatMap(({ path, missed }) =>
    missed.map(({ line, text }) => {
      const code = text.length > 90 ? `${text.slice(0, 90)}…` : text;
      return `- ${path}:${line} \`${code}\`: ${reasonFor(path, text) ?? "**no reason given**"}`;
    }),
  );
  return [
    "# Statements of the contracts that tests reach",
    "",
    "Written by `node tools/coverage.ts --write`: Hardhat's count over test/verifier-contracts, mocks left out.",
    "",
    "| contract | statements | not reached | on lines | reached |",
    "|---|--:|--:|--:|--:|",
    ...rows,
    "",
    "## Not reached",
    "",
    ...(missed.length === 0 ? ["Nothing."] : missed),
    "",
  ].join("\n");
}

function prepare(): void {
  rmSync(COPY, { recursive: true, force: true });
  const listed = spawnSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).stdout;
  for (const path of listed.split("\0").filter((name) => name !== "")) {
    mkdirSync(dirname(join(COPY, path)), { recursive: true });
    copyFileSync(join(ROOT, path), join(COPY, path));
  }
  symlinkSync(join(ROOT, "node_modules"), join(COPY, "node_modules"));
  mkdirSync(join(COPY, ".cache"));
  for (const name of readdirSync(join(ROOT, ".cache"))) {
    const own = ["coverage", "mutants", "forge"].includes(name);
    if (!own) symlinkSync(join(ROOT, ".cache", name), join(COPY, ".cache", name));
  }
  for (const [name, from, to] of EDITS) {
    const text = readFileSync(join(COPY, name), "utf8");
    if (text.split(from).length !== 2) throw new CoverageError(`${name} has no "${from}"`);
    writeFileSync(
      join(COPY, name),
      text.replace(from, () => to),
    );
  }
}

function collect(): readonly FileCoverage[] {
  const metadata = JSON.parse(readFileSync(join(COPY, "coverage.json"), "utf8")) as [string, Statement[]][];
  const folder = join(COPY, "coverage", "data", "tests");
  const reached = new Set(
    readdirSync(folder).flatMap((name) => Object.keys(JSON.parse(readFileSync(join(folder, name), "utf8")))),
  );
  return metadata
    .filter(([path]) => path.startsWith("verifier-contracts/") && !path.includes("/mocks/"))
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([path, statements]) =>
      coverageOf(path, readFileSync(join(COPY, path), "utf8"), statements, reached),
    )
    .filter(({ statements }) => statements > 0);
}

function main(args: readonly string[]): number {
  prepare();
  const path = `${join(ROOT, "node_modules", ".bin")}:${process.env.PATH ?? ""}`;
  spawnSync("vitest", ["run", "test/verifier-contracts", "--exclude", "**/invariants.test.ts"], {
    ...{ cwd: COPY, stdio: ["ignore", "inherit", "inherit"] as const, env: { ...process.env, PATH: path } },
  });
  const files = collect();
  const table = coverageTable(files);
  process.stdout.write(table);
  if (args.includes("--write")) writeFileSync(TABLE, table);
  const unexplained = files.some((file) =>
    file.missed.some(({ text }) => reasonFor(file.path, text) === undefined),
  );
  return unexplained ? 1 : 0;
}

/** The copy cannot be made. */
export class CoverageError extends Error {
  override readonly name = "Coverage.Broken";
  constructor(reason: string) {
    super(`Coverage cannot be counted: ${reason}. Repair EDITS in tools/coverage.ts.`);
  }
}

if (import.meta.main) process.exit(main(process.argv.slice(2)));
