import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeCommit, describeMachine, machineLine } from "../../benchmarks/machine.ts";
import { BENCHMARKS, type BenchmarkEntry } from "../../benchmarks/registry.ts";
import {
  BenchFiguresError,
  BenchUnknownError,
  findBenchmark,
  runBenchmark,
  writeResult,
} from "../../benchmarks/run.ts";
import type { Benchmark, Figure } from "../../benchmarks/types.ts";

const entry = (figures: readonly string[], benchmark: Benchmark): BenchmarkEntry => ({
  name: "sample",
  about: "a stand-in",
  figures,
  load: async () => benchmark,
});
const figure = (name: string, value = 1): Figure => ({ name, value, unit: "s" });

describe("the registry", () => {
  it("lists the benchmarks when a name is unknown", () => {
    expect(() => findBenchmark("circus")).toThrow(BenchUnknownError);
    expect(() => findBenchmark("circus")).toThrow(/circuits, proving, gas, demo/);
    expect(findBenchmark("gas").name).toBe("gas");
  });

  it("promises the figures that documents quote", () => {
    const promised = BENCHMARKS.flatMap((benchmark) => benchmark.figures);
    const again = promised.filter((name, at) => promised.indexOf(name) !== at);
    // The queue's overhead belongs to the jobs and to the service, and is measured by one function.
    expect(again).toEqual(["job.overhead.ms"]);
    for (const circuit of ["inference", "adjoint", "weights"]) {
      for (const name of ["rows", "compile.seconds", "key.seconds", "prove.seconds", "prove.peak_mib"]) {
        expect(promised).toContain(`${circuit}.${name}`);
      }
    }
    for (const name of ["demo.cold.seconds", "demo.warm.seconds", "demo.accuracy", "payout.l1_error"]) {
      expect(promised).toContain(name);
    }
  });
});

describe("a run", () => {
  it("carries command, machine, commit, date and figures", async () => {
    const asked: boolean[] = [];
    const result = await runBenchmark(
      entry(["a"], async ({ full }) => {
        asked.push(full);
        return [figure("a"), figure("b", 2.5)];
      }),
      true,
    );
    expect(asked).toEqual([true]);
    expect(result.command).toBe("npm run bench -- sample --full");
    expect(result.commit).toMatch(/^([0-9a-f]{12}(\+dirty)?|unknown)$/);
    expect(Date.parse(result.date)).not.toBeNaN();
    expect(result.machine.cores).toBeGreaterThan(0);
    expect(result.figures.map((one) => one.name)).toEqual(["a", "b"]);
  });

  it("is refused when a figure is missing, twice there, not finite, or when there is none", async () => {
    const cases: readonly (readonly Figure[])[] = [
      [figure("b")],
      [figure("a"), figure("a")],
      [figure("a", Number.NaN)],
      [figure("a"), figure("b", Number.POSITIVE_INFINITY)],
    ];
    for (const figures of cases) {
      await expect(
        runBenchmark(
          entry(["a"], async () => figures),
          false,
        ),
      ).rejects.toThrow(BenchFiguresError);
    }
    await expect(
      runBenchmark(
        entry([], async () => []),
        false,
      ),
    ).rejects.toThrow(BenchFiguresError);
  });
});

describe("a result", () => {
  it("is written for people and for machines, and marks the small form", async () => {
    const folder = mkdtempSync(join(tmpdir(), "quittance-bench-"));
    try {
      const values = [figure("a.seconds", 1.23456), figure("a.rows", 126_512), figure("a.error", 2.9e-6)];
      const small = await runBenchmark(
        entry(["a.rows"], async () => values),
        false,
      );
      writeResult(small, folder, false);
      expect(readdirSync(folder).sort()).toEqual(["sample.json", "sample.md"]);
      expect(JSON.parse(readFileSync(join(folder, "sample.json"), "utf8"))).toEqual(small);
      const page = readFileSync(join(folder, "sample.md"), "utf8");
      expect(page).toContain("Small form");
      expect(page).toContain("- Command: `npm run bench -- sample`");
      expect(page).toContain(machineLine(small.machine));
      for (const text of ["1.235", "126,512", "2.90e-6"]) expect(page).toContain(`${text} |`);
      writeResult({ ...small, command: "npm run bench -- sample --full" }, folder, true);
      expect(readFileSync(join(folder, "sample.md"), "utf8")).not.toContain("Small form");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("the machine and the commit", () => {
  it("are described without names of hosts, users or folders", () => {
    const machine = describeMachine();
    expect(machine.node).toBe(process.versions.node);
    expect(machineLine(machine)).toMatch(/, \d+ cores?, [\d.]+ GiB, .+, Node \d+\./);
    expect(machineLine(machine)).not.toContain(process.cwd());
  });

  it("are unknown outside a clone rather than wrong", () => {
    const folder = mkdtempSync(join(tmpdir(), "quittance-no-git-"));
    try {
      expect(describeCommit(folder)).toBe("unknown");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
