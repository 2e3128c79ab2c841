// The counting that the last line of every run rests on, with stand-ins for vitest's modules: the cases that
// matter (a file that does not load, a hook that throws) are awkward to bring about inside a passing run.

import { describe, expect, it } from "vitest";
import type { TestModule } from "vitest/node";
import { countRun, tallyLine, tallyReporter } from "./reporter.ts";

type State = "passed" | "failed" | "skipped" | "pending";

function moduleOf(states: readonly State[], ownErrors = 0, suiteErrors: readonly number[] = []): TestModule {
  const tests = states.map((state, index) => ({ fullName: `test ${index}`, result: () => ({ state }) }));
  const failed = states.includes("failed") || ownErrors > 0 || suiteErrors.some((count) => count > 0);
  const stand: unknown = {
    relativeModuleId: "a.test.ts",
    state: () => (failed ? "failed" : "passed"),
    errors: () => Array.from({ length: ownErrors }, () => ({ message: "no" })),
    children: {
      allTests: () => tests,
      allSuites: () => suiteErrors.map((count) => ({ errors: () => Array.from({ length: count }) })),
    },
  };
  return stand as TestModule;
}

describe("the last line", () => {
  it("names skipped tests only when there are any", () => {
    expect(tallyLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
    expect(tallyLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
  });

  it("counts tests over all files, and what never ran as skipped", () => {
    const modules = [moduleOf(["passed", "failed"]), moduleOf(["passed", "skipped", "pending"])];
    expect(countRun(modules, 0)).toEqual({ passed: 2, failed: 1, skipped: 2 });
  });

  it("counts what fails outside a test", () => {
    expect(countRun([moduleOf([], 1)], 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(countRun([moduleOf(["skipped"], 0, [1, 0])], 0)).toEqual({ passed: 0, failed: 1, skipped: 1 });
    expect(countRun([moduleOf(["passed"])], 2)).toEqual({ passed: 1, failed: 2, skipped: 0 });
  });

  it("fails a run that skipped, where that is asked for", () => {
    const [variable, code] = [process.env.QUITTANCE_NO_SKIP, process.exitCode];
    const lines: string[] = [];
    const report = tallyReporter((line) => lines.push(line));
    try {
      process.env.QUITTANCE_NO_SKIP = "1";
      report.onTestRunEnd?.([moduleOf(["passed"])], [], "passed");
      expect(process.exitCode).toBe(code);
      report.onTestRunEnd?.([moduleOf(["passed", "skipped"])], [], "passed");
      expect(process.exitCode).toBe(1);
      expect(lines.at(-1)).toBe("1 passed, 0 failed, 1 skipped");
      expect(lines).toContain("skipped: a.test.ts > test 1");
    } finally {
      process.exitCode = code;
      if (variable === undefined) delete process.env.QUITTANCE_NO_SKIP;
      else process.env.QUITTANCE_NO_SKIP = variable;
    }
  });
});
