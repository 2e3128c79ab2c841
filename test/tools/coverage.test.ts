/** What the count of statements says of a file, and of those that nobody reached. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
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
    expect(file).toEqual({ path: "x.sol", statements: 2, missed: [{ line: 3, text: "c();" }] });
    expect(coverageOf("x.sol", text, statements, new Set(["1", "2"])).missed).toEqual([]);
    const table = coverageTable([file]);
    expect(table).toContain("| x.sol | 2 | 1 | 1 | 50.0 % |");
    expect(table).toContain("x.sol:3 `c();`: **no reason given**");
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
