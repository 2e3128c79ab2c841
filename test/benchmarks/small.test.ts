// The small form of the benchmarks, so that one that nobody has run for a month still works. `runBenchmark`
// itself refuses a run that leaves out a promised figure or reports one that is not finite.

import { describe, expect, it } from "vitest";
import { findBenchmark, runBenchmark } from "../../benchmarks/run.ts";
import { noServer } from "../pipeline/durable/server.ts";

const reason = noServer();

describe("small benchmarks", () => {
  it.each(["circuits", "learn", "demo", "scoring"])(
    "%s reports every figure that it promises",
    async (name) => {
      const { figures } = await runBenchmark(findBenchmark(name), false);
      for (const { name: figure, value, unit } of figures) {
        expect([figure, Number.isFinite(value) && value >= 0, unit !== ""]).toEqual([figure, true, true]);
      }
      const rows = figures.filter((figure) => figure.name.endsWith(".rows") || figure.unit === "gas");
      if (name === "circuits") expect(rows.length).toBeGreaterThan(0);
      for (const { name: figure, value } of rows) {
        expect([figure, Number.isInteger(value) && value > 0]).toEqual([figure, true]);
      }
    },
  );

  it.skipIf(reason !== undefined)(
    `service reports every figure that it promises${reason ?? ""}`,
    async () => {
      const { figures } = await runBenchmark(findBenchmark("service"), false);
      // A difference between two halves of a run, as growth is, may be of either sign.
      for (const { name: figure, value, unit } of figures.filter(({ name }) => !name.includes("growth")))
        expect([figure, Number.isFinite(value) && value > 0, unit !== ""]).toEqual([figure, true, true]);
    },
  );

  it.skipIf(reason !== undefined)(`jobs reports every figure that it promises${reason ?? ""}`, async () => {
    const { figures } = await runBenchmark(findBenchmark("jobs"), false);
    for (const { name: figure, value, unit } of figures) {
      expect([figure, Number.isFinite(value) && value > 0, unit !== ""]).toEqual([figure, true, true]);
    }
  });
});
