/**
 * The contracts' stateful invariants, in forge: random sequences of what payers, operators, contributors,
 * validators, voters and the clock may do, and after each call whether the books still are what a plain
 * reference says. Handlers never call what has to be refused without saying so, and any other refusal fails.
 *
 * Each suite gets 3,000 calls here and 128,000 with QUITTANCE_INVARIANTS=full, which takes minutes and is
 * what `.ci/run` asks for. The seed is new each time; a failure shows it with the shortest sequence of calls.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FULL, forgePath, QUICK, runInvariants } from "../../tools/forge.ts";

const effort = process.env.QUITTANCE_INVARIANTS === "full" ? FULL : QUICK;
const SUITES = ["DisputesInvariants", "EconomyInvariants", "StakesInvariants", "VotesInvariants"];

/** There is a binary for this machine, so it has to be installed. */
const runs = process.platform === "linux" && process.arch === "x64";

describe.skipIf(!runs)("stateful invariants", () => {
  it(`hold for ${effort.runs} sequences of ${effort.depth} calls in each suite`, {
    timeout: 1_800_000,
  }, async () => {
    const results = await runInvariants(effort);
    expect(results.map(({ suite }) => suite).sort()).toEqual(SUITES);
    for (const { suite, passed, reason, calls, reverts, actions } of results) {
      expect({ suite, passed, reason, calls, reverts }).toEqual({
        ...{ suite, passed: true, reason: "" },
        ...{ calls: effort.runs * effort.depth, reverts: 0 },
      });
      for (const [action, times] of actions) expect(times, `${suite}.${action}`).toBeGreaterThan(0);
      console.log(`${suite}: ${calls} calls of ${actions.size} actions`);
    }
  });

  it("run the binary that the lock file names", () => {
    const { optionalDependencies } = JSON.parse(
      readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
    ) as { optionalDependencies: Record<string, string> };
    expect(Object.keys(optionalDependencies).some((name) => forgePath().includes(name))).toBe(true);
  });
});
