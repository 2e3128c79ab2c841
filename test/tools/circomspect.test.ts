import { describe, expect, it } from "vitest";
import {
  AnalysisError,
  analyse,
  disagreements,
  type Finding,
  ListError,
  parseAnswers,
  readable,
  SourceError,
  templateSignals,
} from "../../tools/circomspect.ts";

const LIBRARY = `pragma circom 2.1.0;
template Twice() { signal input in; signal output out; out <== in + in; }
template Pair(n) { signal input left; // signal input no;
  signal input right; signal output sum; signal output difference;
  sum <== left + n * right; difference <== left - n * right; }
template Zero(n) { signal input in; in * n === 0; }
`;
const templates = templateSignals([LIBRARY]);

describe("named components", () => {
  const copy = (body: string): string =>
    readable(`template T(n) {\n${body}\n}`, templates).split("\n")[1] ?? "";

  it("knows the signals of every template in their order", () => {
    expect(templates.get("Pair")).toEqual({ inputs: ["left", "right"], outputs: ["sum", "difference"] });
    expect([...templates.keys()]).toEqual(["Twice", "Pair", "Zero"]);
  });

  it("stand for anonymous ones", () => {
    expect(copy("out <== Twice()(in);")).toBe("{ component c1 = Twice(); c1.in <== in; out <== c1.out; }");
    expect(copy("Zero(n + 1)(x[f(1, 2)]);")).toBe("{ component c1 = Zero(n + 1); c1.in <== x[f(1, 2)]; }");
    expect(copy("signal two <== Twice()(in);")).toBe(
      "component c1 = Twice(); c1.in <== in; signal two <== c1.out;",
    );
    expect(copy("(_, d[0]) <== Pair(3)(a[0][1], b);")).toBe(
      "{ component c1 = Pair(3); c1.left <== a[0][1]; c1.right <== b; d[0] <== c1.difference; }",
    );
    expect(copy("for (var i = 0; i < n; i++) z[i] <== Twice()(x[i]);")).toBe(
      "for (var i = 0; i < n; i++) { component c1 = Twice(); c1.in <== x[i]; z[i] <== c1.out; }",
    );
    expect(copy("if (n > 1) { Zero(2)(x); }")).toBe(
      "if (n > 1) { { component c1 = Zero(2); c1.in <== x; } }",
    );
    expect(copy("component c = Twice();")).toBe("component c = Twice();");
  });

  it("stay on their lines, with all that follows", () => {
    const source =
      "template T(n) {\n  /* one\n two */ x <== Pair(1)(\n    a, // first\n    b\n  );\n  y === x;\n}\n";
    const lines = readable(source, templates).split("\n");
    expect(lines[2]).toContain("c1.right <== b");
    expect(lines[6]).toBe("  y === x;");
    expect(lines.length).toBe(source.split("\n").length);
  });

  it("are refused where they cannot be named", () => {
    expect(() => copy("y === Twice()(x) + 1;")).toThrow(SourceError);
  });
});

describe("the analysis", () => {
  const sources = (text: string): Map<string, string> => new Map([["circuits/lib/a.circom", text]]);

  it("sees a mistake beside an anonymous component in a loop, which circomspect alone passes over", async () => {
    const text = `${LIBRARY}template Bad(n) {
  signal input x[n];
  signal y[n];
  for (var i = 0; i < n; i++) {
    y[i] <-- x[i] >> 1;
    Zero(1)(x[i]);
  }
}
`;
    const findings = await analyse(sources(text));
    const { line = 0, rule, code } = findings.find((finding) => finding.code.includes("<--")) ?? {};
    expect([rule, code, text.split("\n")[line - 1]?.trim()]).toEqual([
      "CS0005",
      "y[i] <-- x[i] >> 1;",
      "y[i] <-- x[i] >> 1;",
    ]);
  });

  it("fails on a template that it did not reach", async () => {
    await expect(analyse(sources("pragma circom 2.1.0;\ntemplate T() { signal input x;"))).rejects.toThrow(
      AnalysisError,
    );
    await expect(
      analyse(sources('pragma circom 2.1.0;\ninclude "./nowhere.circom";\ntemplate T(n) { U(n)(3); }\n')),
    ).rejects.toThrow(/passed over circuits\/lib\/a\.circom:3/);
  });
});

describe("the list of answers", () => {
  const finding: Finding = {
    path: "circuits/a.circom",
    line: 3,
    rule: "CS0005",
    code: "x <-- y;",
    text: "no",
  };
  const heading = "## CS0005 in circuits/a.circom: `x <-- y;`";

  it("answers by rule, file and line of code", () => {
    const answers = parseAnswers(`# Title\n\nWords.\n\n${heading}\n\nBecause.\n`);
    expect(answers).toEqual([{ path: finding.path, rule: "CS0005", code: "x <-- y;", text: "Because." }]);
    expect(disagreements([finding, { ...finding, line: 9 }], answers)).toEqual([]);
  });

  it("fails on what is not answered, on what answers nothing and on what says nothing", () => {
    const answers = parseAnswers(`${heading}\n\nBecause.\n`);
    for (const other of [
      { ...finding, rule: "CS0008" },
      { ...finding, path: "circuits/b.circom" },
      { ...finding, code: "x <-- z;" },
    ]) {
      const wrong = disagreements([other], answers);
      expect(wrong.map((line) => /not answered|answers nothing/.exec(line)?.[0])).toEqual([
        "not answered",
        "answers nothing",
      ]);
    }
    expect(disagreements([finding], parseAnswers(`${heading}\n`))).toEqual([
      "says nothing: ## CS0005 in circuits/a.circom: `x <-- y;`",
    ]);
    expect(() => parseAnswers("## An answer\n\nBecause.")).toThrow(ListError);
  });
});
