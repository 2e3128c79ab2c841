import { describe, expect, it } from "vitest";
import { makespan } from "../../benchmarks/proving.ts";
import { findBenchmark, runBenchmark } from "../../benchmarks/run.ts";

describe("the proving benchmark", () => {
  it("accounts for all of a proof's time, and for every proof of the demonstration", async () => {
    const { figures } = await runBenchmark(findBenchmark("proving"), false);
    const value = (name: string): number => figures.find((figure) => figure.name === name)?.value as number;
    for (const circuit of ["samples", "weights"]) {
      const stages = ["witness", "key", "a", "b1", "b2", "c", "quotient", "h", "assembly"];
      const sum = stages.reduce((total, stage) => total + value(`proving.${circuit}.${stage}.seconds`), 0);
      expect(value(`proving.${circuit}.total.seconds`)).toBeCloseTo(sum, 9);
    }
    // 1,024 digits in batches of five, groups of two, 45 questions by three: the tiny profile's.
    const batches = 52 + 38 + 28 + 21 + 16 + 13 + 11 + 8 + 7 + 6 + 4 + 3;
    expect(value("graph.proofs")).toBe(batches + 6 + 1 + 15 + 1 + 6);
    expect(value("graph.workers2.seconds")).toBeLessThanOrEqual(value("graph.workers1.seconds"));
    expect(value("graph.critical_path.seconds")).toBeLessThanOrEqual(value("graph.workers2.seconds"));
  });

  it("gives each worker the longest job that is left", () => {
    expect(makespan([3, 3, 2, 2, 2], 2)).toBe(7);
    expect(makespan([1, 5, 1], 1)).toBe(7);
    expect(makespan([1, 5, 1], 9)).toBe(5);
  });
});
