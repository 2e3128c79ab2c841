// Style as a test: the rules that a reviewer would otherwise repeat. Each rule is first shown a file that
// breaks it, so that it cannot pass by looking at nothing, and then the repository.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isSilentlySkipped, type Lock } from "../tools/portable-lock.ts";
import { assertFindings, hintFindings, mainFindings } from "./tidy/circom.ts";
import { blanked, type Finding, hasExtension, ROOT, repositoryFiles, type SourceFile } from "./tidy/files.ts";
import {
  arrowFindings,
  browserFindings,
  ENGINES,
  engineFindings,
  importsOf,
  staleEngines,
} from "./tidy/imports.ts";
import { leftoverFindings, typescriptFindings, widthFindings, workplaceFindings } from "./tidy/text.ts";

const files = repositoryFiles();
const written = files.filter((file) => file.path !== "package-lock.json");
const typescript = files.filter((file) => hasExtension(file.path, "ts", "tsx"));
const circuits = files.filter((file) => hasExtension(file.path, "circom"));
const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as Lock;

const check = (rule: (file: SourceFile) => readonly Finding[], of: readonly SourceFile[]): void => {
  expect(of.length).toBeGreaterThan(0);
  expect(of.flatMap(rule)).toEqual([]);
};
const broken = (rule: (file: SourceFile) => readonly Finding[], path: string, text: string): number =>
  rule({ path, text }).length;

describe("imports", () => {
  it("finds imports of every form, and none in comments", () => {
    const text = [
      'import { a } from "one";',
      'import type {\n  B,\n} from "two";',
      'export * from "./three.ts";',
      'import "four";',
      'const five = await import("five");',
      'const six = require.resolve("six/file.js");',
      '// import { no } from "comment";',
      '/** @example\n * import { no } from "comment";\n */',
    ].join("\n");
    const found = importsOf({ path: "prover/x.ts", text }).map((entry) => entry.specifier);
    expect(found).toEqual(["one", "two", "./three.ts", "four", "five", "six/file.js"]);
  });

  it("point one way between rooms, and enter another room by its index", () => {
    expect(broken(arrowFindings, "prover/a.ts", 'import { b } from "../pipeline/index.ts";')).toBe(1);
    expect(broken(arrowFindings, "pipeline/cli/a.ts", 'import { b } from "../../prover/field.ts";')).toBe(1);
    expect(broken(arrowFindings, "pipeline/cli/a.ts", 'import { b } from "../../benchmarks/run.ts";')).toBe(
      1,
    );
    expect(broken(arrowFindings, "pipeline/cli/a.ts", 'import { b } from "../../prover/index.ts";')).toBe(0);
    check(arrowFindings, typescript);
  });

  it("reach nothing of Node's from what a browser runs", () => {
    const small = (text: string): readonly SourceFile[] => [
      { path: "prover/browser.ts", text: 'export * from "./a.ts";' },
      { path: "prover/a.ts", text },
    ];
    const found = (text: string): number => browserFindings(small(text), ["prover/browser.ts"]).length;
    expect(found('import { join } from "node:path";')).toBe(1);
    expect(found('import { join } from "path";')).toBe(1);
    expect(found('import { b } from "./missing.ts";')).toBe(1);
    expect(found('import type { b } from "node:fs";\nimport { z } from "zod";')).toBe(0);
    expect(browserFindings(files)).toEqual([]);
  });

  it("enter a room from the explorer by what a browser can run", () => {
    const importing = (address: string): number =>
      broken(arrowFindings, "explorer/src/a.ts", `import { b } from "${address}";`);
    expect(importing("../../pipeline/index.ts")).toBe(1);
    expect(importing("../../pipeline/browser.ts")).toBe(0);
    expect(broken(arrowFindings, "pipeline/a.ts", 'import { b } from "../explorer/src/a.ts";')).toBe(1);
  });

  it("bring in each engine in one file", () => {
    expect(broken(engineFindings, "pipeline/chain/a.ts", 'import { Wallet } from "ethers";')).toBe(1);
    expect(broken(engineFindings, "prover/a.ts", 'const s = await import("snarkjs");')).toBe(1);
    check(engineFindings, typescript);
  });

  it("use every engine of the table where the table says", () => {
    expect(staleEngines([{ path: "pipeline/engine/pool.ts", text: 'import "piscina";' }]).length).toBe(
      Object.keys(ENGINES).length - 1,
    );
    expect(staleEngines(typescript)).toEqual([]);
  });
});

describe("circuits", () => {
  const template = (body: string): string => `template T(n) {\n  signal input x;\n  ${body}\n}`;

  it("assert nothing about a signal", () => {
    expect(broken(assertFindings, "a.circom", template("assert(x < 2**n);"))).toBe(1);
    expect(broken(assertFindings, "a.circom", template("var y = x + 1; var z = y; assert(z != 0);"))).toBe(1);
    expect(broken(assertFindings, "a.circom", template("var m = 2**n; assert(m < 2**250);"))).toBe(0);
    check(assertFindings, circuits);
  });

  it("constrain every hint close by", () => {
    expect(broken(hintFindings, "a.circom", template("signal q;\n  q <-- x / 2;"))).toBe(1);
    expect(broken(hintFindings, "a.circom", template("signal q;\n  q <-- x / 2;\n  2 * q === x;"))).toBe(0);
    expect(broken(hintFindings, "a.circom", template("signal q;\n  q <-- x;\n  UnsignedRange(8)(q);"))).toBe(
      0,
    );
    expect(broken(hintFindings, "a.circom", template("signal q[2];\n  q[0] <-- x;\n  // q === x"))).toBe(1);
    check(hintFindings, circuits);
  });

  it("declare no main component", () => {
    expect(broken(mainFindings, "a.circom", "component main = T(3);")).toBe(1);
    check(mainFindings, circuits);
  });
});

describe("text", () => {
  it("blanks comments and strings but keeps every line", () => {
    const text = 'const a = "https://x//y"; // note\n/* two\nlines */ const b = `// a`;';
    const spaces = (count: number): string => " ".repeat(count);
    const code = `const a = "https://x//y"; ${spaces(7)}\n${spaces(6)}\n${spaces(8)} const b = \`// a\`;`;
    expect(blanked(text)).toBe(code);
    expect(blanked(text, "strings")).toContain("// note\n/* two\nlines */");
    expect(blanked(text, "both")).not.toMatch(/https|note|two|\/\/ a/);
  });

  it("is at most 110 columns wide", () => {
    expect(broken(widthFindings, "a.ts", `${"word ".repeat(30)}\n${"é".repeat(110)}`)).toBe(1);
    expect(broken(widthFindings, "a.ts", `// ${"word ".repeat(30)}`)).toBe(1);
    expect(broken(widthFindings, "a.ts", `fail("${"word ".repeat(30)}");`)).toBe(0);
    check(
      widthFindings,
      files.filter((file) => hasExtension(file.path, "ts", "tsx", "css", "js", "sol", "circom")),
    );
  });

  it("leaves nothing for later", () => {
    expect(broken(leftoverFindings, "a.ts", `// ${"TO"}${"DO"}: later`)).toBe(1);
    check(leftoverFindings, written);
  });

  it("has no enum, no default export and no unchecked type", () => {
    const bad = [
      "export enum A { B }",
      "export default 1;",
      "let x: any;",
      "f(x as any);",
      "let y: Map<string, any>;",
    ];
    for (const line of bad) expect([line, broken(typescriptFindings, "a.ts", line)]).toEqual([line, 1]);
    const good = ["// any: of them", 'const s = "as any";', "const any = { any: 1 }; f(any);"];
    for (const line of good) expect([line, broken(typescriptFindings, "a.ts", line)]).toEqual([line, 0]);
    check(typescriptFindings, typescript);
  });

  it("names no folder, host or paper of the place where it was written", () => {
    const registry = execFileSync("npm", ["config", "get", "registry"], { cwd: ROOT, encoding: "utf8" });
    const hosts = [...new Set([["registry", "npmjs", "org"].join("."), new URL(registry.trim()).host])];
    const folders = ROOT.split("/").length > 2 ? [ROOT] : [];
    const rule = (file: SourceFile): readonly Finding[] => workplaceFindings(file, { folders, hosts });
    const bad = [
      `cd /${"work"}/here`,
      `"/${"home"}/somebody/x"`,
      `https://${hosts[0]}/a`,
      `see DESIGN.${"md"}`,
    ];
    for (const line of bad) expect([line, broken(rule, "a.md", line)]).toEqual([line, 1]);
    check(rule, files);
  });
});

describe("package-lock.json", () => {
  it("names no registry", () => {
    expect(Object.values(lock.packages).filter((entry) => /^https?:/.test(entry.resolved ?? ""))).toEqual([]);
  });

  it("lets npm on Node 20 install every native binding", () => {
    expect(isSilentlySkipped({ optional: true, os: ["linux"], engines: { node: ">= 22" } })).toBe(true);
    const skipped = Object.entries(lock.packages).filter(([, entry]) => isSilentlySkipped(entry));
    expect(skipped.map(([name]) => `${name}: run npm run lock`)).toEqual([]);
  });
});
