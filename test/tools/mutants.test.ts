/**
 * The mutants themselves: each changes one place, each invariant has one, and two of them are run to see that
 * a suite which lets a broken contract pass would be noticed. `node tools/mutants.ts --write` runs them all.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { QUICK } from "../../tools/forge.ts";
import { MUTANTS } from "../../tools/mutants/list.ts";
import { MutantError, mutated, runMutant, verdictTable } from "../../tools/mutants.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const INVARIANTS = [
  "balances add up exactly",
  "claims of an epoch stay within its funding",
  "nothing crosses epochs, models or datanets",
  "cumulative leaves never fall",
  "claim order and caller do not matter",
  "dust is less than one unit a recipient and has one owner",
  "each statement counts once",
  "paid is at most deposited, in each channel",
  "vouchers only rise, within the deposit",
  "withdrawals wait for an epoch that is open",
  "retired keys open no epoch, and end none",
  "supply is at most the cap",
  "votes taken in the block of a proposal do not count",
  "staked, slashed and withdrawn are what was deposited",
  "each receipt is paid once",
  "an equivocation is paid to its payer",
  "every dispute ends within a bound",
];

describe("mutants", () => {
  it("are there for each invariant", () => {
    expect([...new Set(MUTANTS.map(({ invariant }) => invariant))]).toEqual(INVARIANTS);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  it("each change one place of a contract as it is", () => {
    for (const mutant of MUTANTS) {
      const text = readFileSync(join(ROOT, mutant.file), "utf8");
      expect(mutated(text, mutant), mutant.name).not.toBe(text);
      expect(existsSync(join(ROOT, "test/verifier-contracts/invariants", `${mutant.suite}.t.sol`))).toBe(
        true,
      );
    }
    const [first] = MUTANTS;
    if (first === undefined) throw new Error("no mutants");
    expect(() => mutated("nothing of it", first)).toThrow(MutantError);
  });

  const runs = process.platform === "linux" && process.arch === "x64";
  it.skipIf(!runs).each(["a claim is not marked", "voting power of the proposal's own moment counts"])(
    "%s: caught",
    {
      timeout: 1_200_000,
    },
    async (name) => {
      const mutant = MUTANTS.find((candidate) => candidate.name === name);
      if (mutant === undefined) throw new Error(`no mutant "${name}"`);
      const verdict = await runMutant(mutant, QUICK, "test");
      expect(verdict.caught).toBe(true);
      expect(verdict.how).toMatch(/^[a-z ]+: /);
    },
  );

  it("make a table that names what was not caught", () => {
    const [one, two] = MUTANTS;
    if (one === undefined || two === undefined) throw new Error("no mutants");
    const verdicts = [
      { mutant: one, caught: true, how: "said a | b" },
      { mutant: two, caught: false, how: "" },
    ];
    const table = verdictTable(verdicts, { runs: 1, depth: 2 });
    expect(table).toContain("1 of 2 caught");
    expect(table).toContain("**not caught**");
    expect(table).toContain("a \\| b");
  });
});
