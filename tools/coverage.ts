// `node tools/coverage.ts [--write]`: which statements, lines and branches of the contracts the tests in
// test/verifier-contracts reach, and every one that they do not, with the reason.
//
// Hardhat instruments the contracts (`coverage: true`), and the tests run as they are, in a copy of the
// project in which the file that starts Hardhat is changed: the real one needs no switch for it. It counts
// statements, and knows nothing of branches; so in the copy each side of a branch holds a statement that does
// nothing (coverage/branches.ts), and is counted with the others.
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
import { type Inserted, MARKER, markBranches } from "./coverage/branches.ts";
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

const BLANK = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*/;

/** A statement, or a side of a branch. */
type Part = { readonly line: number; readonly text: string; readonly branch: boolean };

/** One contract: what there is to reach, and what no test reached. `lines` are those with a statement. */
export type FileCoverage = {
  readonly path: string;
  readonly statements: number;
  readonly lines: number;
  readonly branches: number;
  readonly missed: readonly Part[];
};

/**
 * What of a file was reached, given the tags of all statements that were.
 *
 * @param inserted what was written into the text to mark branches; it counts as branches, or not at all
 */
export function coverageOf(
  path: string,
  text: string,
  statements: readonly Statement[],
  reached: ReadonlySet<string>,
  inserted: readonly Inserted[] = [],
): FileCoverage {
  const parts = statements.flatMap(({ tag, startUtf16, endUtf16 }) => {
    // Hardhat's statements begin with the blanks and comments before them.
    const from = startUtf16 + (BLANK.exec(text.slice(startUtf16, endUtf16))?.[0].length ?? 0);
    const line = text.slice(0, from).split("\n").length;
    const code = text.slice(from, endUtf16).replace(/\s+/g, " ").trim();
    const mark = inserted.find(({ start, end }) => start <= from && from < end);
    // What was inserted around the markers is nobody's statement.
    if (mark !== undefined && !MARKER.test(code)) return [];
    return [{ line, text: mark?.marker ?? code, branch: mark !== undefined, reached: reached.has(tag) }];
  });
  const of = (branch: boolean) => parts.filter((part) => part.branch === branch);
  return {
    path,
    statements: of(false).length,
    lines: new Set(of(false).map(({ line }) => line)).size,
    branches: of(true).length,
    missed: parts.filter((part) => !part.reached).map(({ line, text, branch }) => ({ line, text, branch })),
  };
}

/** The reason why a statement is not reached, or undefined where nobody gave one. */
export function reasonFor(path: string, text: string): string | undefined {
  return EXCEPTIONS.find((exception) => exception.file === path && text.includes(exception.statement))?.why;
}

/** The table, and every statement that no test reached. */
export function coverageTable(files: readonly FileCoverage[]): string {
  const rows = [...files, totalOf(files)].map(({ path, statements, lines, branches, missed }) => {
    const [code, sides] = [missed.filter(({ branch }) => !branch), missed.filter(({ branch }) => branch)];
    const dark = new Set(code.map(({ line }) => `${line}`)).size;
    const cells = [share(statements, code.length), share(lines, dark), share(branches, sides.length)];
    return `| ${path} | ${cells.join(" | ")} |`;
  });
  const missed = files.flatMap(({ path, missed }) =>
    missed.map(({ line, text }) => {
      const code = text.length > 90 ? `${text.slice(0, 90)}…` : text;
      return `- ${path}:${line} \`${code}\`: ${reasonFor(path, text) ?? "**no reason given**"}`;
    }),
  );
  return [
    "# Statements, lines and branches of the contracts that tests reach",
    "",
    "Written by `node tools/coverage.ts --write`: Hardhat's count over test/verifier-contracts, mocks left out. Branches are",
    "both sides of every `if` and every `c ? a : b`, and `try` and `catch`; `&&`, `||` and assembly are not counted.",
    "",
    "| contract | statements | lines | branches |",
    "|---|--:|--:|--:|",
    ...rows,
    "",
    "## Not reached",
    "",
    ...(missed.length === 0 ? ["Nothing."] : missed),
    "",
  ].join("\n");
}

function share(all: number, missed: number): string {
  return all === 0 ? "–" : `${all - missed} of ${all} (${((100 * (all - missed)) / all).toFixed(1)} %)`;
}

/** All files as one; lines of different files stay different. */
function totalOf(files: readonly FileCoverage[]): FileCoverage {
  const sum = (of: "statements" | "lines" | "branches") => files.reduce((all, file) => all + file[of], 0);
  const missed = files.flatMap((file, i) =>
    file.missed.map((part) => ({ ...part, line: part.line + i / files.length })),
  );
  return {
    ...{ path: "**all**", statements: sum("statements"), lines: sum("lines"), branches: sum("branches") },
    missed,
  };
}

/** Makes the copy; returns what was written into each contract. */
function prepare(): ReadonlyMap<string, readonly Inserted[]> {
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
  const contracts = listed.split("\0").filter((name) => /^verifier-contracts\/(?!mocks).*\.sol$/.test(name));
  return new Map(
    contracts.map((name) => {
      const { text, inserted } = markBranches(readFileSync(join(COPY, name), "utf8"), name);
      writeFileSync(join(COPY, name), text);
      return [name, inserted];
    }),
  );
}

function collect(marks: ReadonlyMap<string, readonly Inserted[]>): readonly FileCoverage[] {
  const metadata = JSON.parse(readFileSync(join(COPY, "coverage.json"), "utf8")) as [string, Statement[]][];
  const folder = join(COPY, "coverage", "data", "tests");
  const reached = new Set(
    readdirSync(folder).flatMap((name) => Object.keys(JSON.parse(readFileSync(join(folder, name), "utf8")))),
  );
  return metadata
    .filter(([path]) => path.startsWith("verifier-contracts/") && !path.includes("/mocks/"))
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([path, statements]) =>
      coverageOf(path, readFileSync(join(COPY, path), "utf8"), statements, reached, marks.get(path)),
    )
    .filter(({ statements }) => statements > 0);
}

function main(args: readonly string[]): number {
  const marks = prepare();
  const path = `${join(ROOT, "node_modules", ".bin")}:${process.env.PATH ?? ""}`;
  spawnSync("vitest", ["run", "test/verifier-contracts", "--exclude", "**/invariants.test.ts"], {
    ...{ cwd: COPY, stdio: ["ignore", "inherit", "inherit"] as const, env: { ...process.env, PATH: path } },
  });
  const files = collect(marks);
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
