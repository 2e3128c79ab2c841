// The small form of the benchmark: everything runs, and what must hold at any size holds.
import { describe, expect, it } from "vitest";
import peers from "../../../benchmarks/attribution/peers.json" with { type: "json" };
import { PeerFigureError, peersSection } from "../../../benchmarks/attribution/peers.ts";
import { findBenchmark, runBenchmark } from "../../../benchmarks/run.ts";
import { resultTable } from "../../../benchmarks/table.ts";

describe("attribution", () => {
  it("measures every figure, with intervals around it, and duplicates do not pay", async () => {
    const result = await runBenchmark(findBenchmark("attribution"), false);
    const figure = (name: string): number => result.figures.find((one) => one.name === name)?.value as number;
    for (const { name, value, interval } of result.figures) {
      if (!interval) continue;
      expect([name, interval[0] <= interval[1], Number.isFinite(interval[0] + interval[1])]).toEqual([
        name,
        true,
        true,
      ]);
      if (/^(lds|tried|auc)/.test(name)) expect([name, Math.abs(value) <= 1]).toEqual([name, true]);
    }
    expect(figure("lds.sample.head")).toBeGreaterThan(0.7);
    expect(figure("lds.contributor.head")).toBeGreaterThan(0.7);
    expect(figure("paid.copy5.ratio")).toBeLessThanOrEqual(1.05);
    expect(figure("paid.copy5_before.ratio")).toBeGreaterThan(1.5);
    expect(figure("paid.copy_others.ratio")).toBeLessThanOrEqual(0.05);
    expect(figure("paid.split_oracle.ratio")).toBeGreaterThan(1);
    expect(figure("paid.mislabel.share")).toBeLessThan(figure("paid.mislabel.share_if_honest"));
    const page = resultTable(result, false);
    for (const { method, value } of peers.rows) {
      expect([method, page.includes(`${method} | ${value} |`)]).toEqual([method, true]);
    }
    expect(page).toContain("95 % interval");
    expect(page).toContain("What was tried");
  });

  it("refuses a peer's figure that has none of ours beside it", () => {
    expect(() => peersSection([])).toThrow(PeerFigureError);
  });
});
