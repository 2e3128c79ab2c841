// One plain line at the very end of a run, `N passed, N failed` (and `, N skipped` if any), for people who
// scroll to the bottom and for scripts that look for one line. vitest's own summary is richer but changes
// with its version and with the terminal.
//
// The pitfall is counting tests alone: a file that does not even load has none, so a run in which everything
// is broken could say "0 failed". A file, suite or hook that fails without a failing test inside counts as
// one failure, and so does an error that escaped every test.

import type { Reporter, TestModule, TestSuite } from "vitest/node";
import { runSeed } from "./seed.ts";

/** Counts over one whole run. */
export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** The last line of a run. */
export function tallyLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Counts a finished run; `escaped` is the number of errors that no test caught. */
export function countRun(modules: readonly TestModule[], escaped: number): Tally {
  let passed = 0;
  let failed = escaped;
  let skipped = 0;
  for (const module of modules) {
    let failedHere = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") passed += 1;
      else if (state === "failed") failedHere += 1;
      else skipped += 1;
    }
    failed += failedHere + failuresOutsideTests(module, failedHere);
  }
  return { passed, failed, skipped };
}

function failuresOutsideTests(module: TestModule, failedTests: number): number {
  const suites: (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
  const broken = suites.filter((suite) => suite.errors().length > 0).length;
  if (broken > 0) return broken;
  return module.state() === "failed" && failedTests === 0 ? 1 : 0;
}

/**
 * The reporter: prints the line after vitest's summary, and with QUITTANCE_NO_SKIP=1 fails a run that skipped
 * anything, since a skipped test is a check that nobody made.
 */
export function tallyReporter(print: (line: string) => void = console.log): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const tally = countRun(modules, unhandledErrors.length);
      if (tally.skipped > 0 && process.env.QUITTANCE_NO_SKIP === "1") {
        process.exitCode = 1;
        for (const name of skippedNames(modules)) print(`skipped: ${name}`);
        print("QUITTANCE_NO_SKIP=1: a run that skips tests fails. Supply what they lack, or remove them.");
      }
      if (tally.failed > 0) print(`Random cases were drawn from QUITTANCE_SEED=${runSeed()}.`);
      print(tallyLine(tally));
    },
  };
}

function* skippedNames(modules: readonly TestModule[]): Iterable<string> {
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state !== "passed" && state !== "failed") yield `${module.relativeModuleId} > ${test.fullName}`;
    }
  }
}
