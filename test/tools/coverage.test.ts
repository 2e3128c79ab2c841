/** What the count of statements says of a file, and of those that nobody reached. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { markBranches } from "../../tools/coverage/branches.ts";
import { EXCEPTIONS } from "../../tools/coverage/exceptions.ts";
import { coverageOf, coverageTable, reasonFor } from "../../tools/coverage.ts";

const ROOT = join(import.meta.dirname, "..", "..");

describe("coverage", () => {
  const text = "a();\nif (b)\n  c();\n";
  const statements = [
    { tag: "1", startUtf16: 0, endUtf16: 4 },
    { tag: "2", startUtf16: 14, endUtf16: 18 },
  ];

  it("names the lines that were not reached", () => {
    const file = coverageOf("x.sol", text, statements, new Set(["1"]));
    const missed = [{ line: 3, text: "c();", branch: false }];
    expect(file).toEqual({ path: "x.sol", statements: 2, lines: 2, branches: 0, missed });
    expect(coverageOf("x.sol", text, statements, new Set(["1", "2"])).missed).toEqual([]);
    const table = coverageTable([file]);
    expect(table).toContain("| x.sol | 1 of 2 (50.0 %) | 1 of 2 (50.0 %) | – |");
    expect(table).toContain("x.sol:3 `c();`: **no reason given**");
  });

  it("marks both sides of every branch, adds no line, and counts markers as branches alone", () => {
    const source = `// SPDX-License-Identifier: MIT
import {X} from "./nowhere.sol";
contract C {
    function f(uint a, uint[] memory b) external returns (uint) {
        if (a > 3) if (a > 4) return 1; // ≥ 5
        for (uint i = 0; i < a; ++i) b[i] = i == 0 ? a : i;
        if (a == 1) { return 2; } else if (a == 2) a = 3; else a = 4;
        try this.f(a, b) {} catch {}
        return a < 2 ? 0 : 1;
    }
}
`;
    const { text, inserted } = markBranches(source);
    const lines = text.split("\n");
    expect(lines).toHaveLength(source.split("\n").length);
    expect(lines[4]).toBe(
      '        if (a > 3) { "taken"; if (a > 4) { "taken"; return 1; } else { "not taken"; } } else { "not taken"; } // ≥ 5',
    );
    expect(lines[5]).toContain('{ if (i == 0) { "first"; } else { "second"; } b[i] = i == 0 ? a : i; }');
    expect(lines[6]).toContain('{ "taken"; return 2; } else { "not taken"; if (a == 2) { "taken"; a = 3; }');
    expect(lines[7]).toContain('try this.f(a, b) { "tried";} catch { "caught";}');
    const markers = inserted.filter(({ marker }) => marker !== "");
    expect(markers).toHaveLength(14);
    const statements = [...text.matchAll(/"[a-z ]+";|return 1;/g)].map((found, i) => ({
      tag: String(i),
      startUtf16: found.index - 1,
      endUtf16: found.index + found[0].length,
    }));
    const file = coverageOf("c.sol", text, statements, new Set(["0"]), inserted);
    expect(file).toMatchObject({ statements: 1, branches: 14 });
    expect(file.missed).toContainEqual({ line: 5, text: "not taken: if (a > 4)", branch: true });
    expect(file.missed.filter(({ branch }) => branch)).toHaveLength(13);
  });

  it("gives a reason for statements that are still there", () => {
    for (const { file, statement, why } of EXCEPTIONS) {
      const code = readFileSync(join(ROOT, file), "utf8").replace(/\s+/g, " ");
      expect(code, `${file}: ${statement}`).toContain(statement);
      expect(reasonFor(file, statement)).toBe(why);
    }
    expect(reasonFor("x.sol", "c();")).toBeUndefined();
  });
});
