// Documents against the product: every command that they show is one, with those options; every script and
// file that they name is there; and the command that a page for users begins with works.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BENCHMARKS } from "../benchmarks/registry.ts";
import { ROOT } from "../pipeline/environment.ts";
import { CLI, digitFolder, quittance } from "./pipeline/cli/fixtures.ts";

const PAGES = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
const DOCUMENTS = ["README.md", "ARCHITECTURE.md", ...PAGES.map((name) => join("docs", name))];
const textOf = (document: string): string => readFileSync(join(ROOT, document), "utf8");

/** Lines of the blocks of code of a document, without what follows a `#`. */
function codeOf(document: string): string[] {
  const blocks = textOf(document).match(/^```\w*\n[\s\S]*?^```/gm) ?? [];
  return blocks.flatMap((block) =>
    block
      .split("\n")
      .slice(1, -1)
      .map((line) => line.replace(/\s+#.*$/, "").trim()),
  );
}

/** Calls of the tool that a document shows, in blocks and within lines: the words after `quittance`. */
function callsOf(document: string): string[][] {
  const inline = (textOf(document).match(/`(?:npx )?quittance [^`\n]+`/g) ?? []).map((text) =>
    text.slice(1, -1),
  );
  return [...codeOf(document), ...inline]
    .flatMap((line) => line.split(/ && | \| /))
    .flatMap((line) => {
      const call = /^(?:[A-Z_]+=\S+ +)*(?:npx )?quittance ([a-z].*)$/.exec(line)?.[1];
      return call === undefined ? [] : [call.split(/\s+/).filter((word) => word !== "&")];
    });
}

/** The help of a command and of its subcommand, by the words that name them. */
const helps = new Map<string, { readonly text: string; readonly subcommands: readonly string[] }>();
function helpOf(
  path: string,
): { readonly text: string; readonly subcommands: readonly string[] } | undefined {
  const known = helps.get(path);
  if (known !== undefined) return known;
  const { code, out } = quittance([...path.split(" ").filter(Boolean), "--help"]);
  if (code !== 0 || !out.startsWith(`Usage: quittance ${path}`)) return undefined;
  const list = out.split("\nCommands:\n")[1] ?? "";
  const subcommands = [...list.matchAll(/^ {2}([a-z]+)\b/gm)].map((match) => match[1] ?? "");
  helps.set(path, { text: out, subcommands });
  return helps.get(path);
}

/** What is wrong with a call, judged by the tool's own help. */
function problemOf(words: readonly string[]): string | undefined {
  const [name = "", second = ""] = words;
  if (!(helpOf("")?.subcommands ?? []).includes(name)) return `there is no command ${name}`;
  const path = (helpOf(name)?.subcommands ?? []).includes(second) ? `${name} ${second}` : name;
  const help = helpOf(path)?.text ?? "";
  const unknown = words.find((word) => /^--[a-z]/.test(word) && !new RegExp(`${word}\\b`).test(help));
  return unknown === undefined ? undefined : `quittance ${path} has no ${unknown}`;
}

describe.each(DOCUMENTS)("%s", (document) => {
  it("shows commands that exist, with options that they have", () => {
    const wrong = callsOf(document).flatMap((words) => problemOf(words) ?? []);
    expect(wrong).toEqual([]);
  });

  it("names scripts, benchmarks and files that are there", () => {
    const text = textOf(document);
    const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
    for (const [, script = ""] of text.matchAll(/npm run ([a-z]+)/g))
      expect(Object.keys(scripts)).toContain(script);
    const benches = [...text.matchAll(/npm run bench -- ([a-z|]+)/g)].flatMap(([, names = ""]) =>
      names.split("|"),
    );
    for (const name of benches) expect(BENCHMARKS.map((entry) => entry.name)).toContain(name);
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? "");
    for (const link of links) expect(existsSync(join(ROOT, dirname(document), link)), link).toBe(true);
  });
});

describe("the pages for users", () => {
  const folder = mkdtempSync(join(tmpdir(), "quittance-docs-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeAll(() => {
    // What `npm run demo` leaves, at the tiny profile: a project with a settled epoch, and its bundle.
    const project = join(folder, "out", "demo");
    const data = digitFolder(join(folder, "digits"), 70, 6);
    for (const args of [
      ["train", "--profile", "tiny", "--data", data],
      ["infer", "--data", data, "--payer", "alice", "--limit", "4"],
      ["settle"],
    ]) {
      const run = quittance([...args, "--project", project]);
      expect(run.code, run.err).toBe(0);
    }
    mkdirSync(join(folder, "out"), { recursive: true });
    cpSync(join(project, "out", "epoch-1.json"), join(folder, "out", "epoch-1.json"));
  });

  it("run TypeScript by the Node that the packages bring, since the machine's own may be too old", () => {
    const texts = [...DOCUMENTS, "verifier-contracts/README.md", "examples/agent.ts"].map(textOf);
    const typed = texts.flatMap((text) => text.match(/[^\n`]*\bnode [\w/.-]+\.ts/g) ?? []);
    expect(typed.length).toBeGreaterThan(3);
    expect(typed.filter((call) => !call.includes("npx node "))).toEqual([]);
  });

  it("are one for each kind of user", () => {
    expect([...PAGES].sort()).toEqual(
      ["agent.md", "auditor.md", "contributor.md", "prover.md", "regulator.md", "verifier.md"].sort(),
    );
  });

  it.each(PAGES)("%s begins with a command that works", (page) => {
    const [, first = ""] = /^# [^\n]+\n\n```\n([^\n]+)\n/.exec(textOf(join("docs", page))) ?? [];
    const commands = first.split(" && ").filter((command) => command !== "npm run demo");
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const [npx, tool, ...args] = command.split(/\s+/);
      expect([npx, tool]).toEqual(["npx", "quittance"]);
      const run = spawnSync(process.execPath, [CLI, ...args], {
        cwd: folder,
        encoding: "utf8",
        timeout: 120_000,
      });
      expect(run.status, `${command}\n${run.stdout}${run.stderr}`).toBe(0);
    }
  });
});
