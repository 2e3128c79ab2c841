// The plan is arithmetic on measurements: here on made-up ones, so that what follows can be checked.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dealModels, makePlan, makespan, PlanSizeError } from "../../benchmarks/plan.ts";
import { type Measured, PlanInputError, readMeasured } from "../../benchmarks/plan-inputs.ts";
import { planPage } from "../../benchmarks/plan-page.ts";
import { loadProfile } from "../../prover/index.ts";

const profile = loadProfile("default");
const demand = { contributors: 500, samples: 200_000, answersADay: 90_000 };

/** Every figure is `value`, except those given by name. */
const measuredAs = (value: number, named: Record<string, number> = {}): Measured => ({
  figure: (_result, figure) => named[figure] ?? value,
  results: [],
});

describe("the plan", () => {
  it("deals every sample to a model that can hold it", () => {
    const models = dealModels(demand, profile);
    const sums = models.map((model) => model.reduce((a, b) => a + b, 0));
    expect(sums.reduce((a, b) => a + b, 0)).toBe(demand.samples);
    expect(models.flat().length).toBe(demand.contributors);
    expect(Math.max(...sums)).toBeLessThanOrEqual(profile.maxSamples);
    expect(models.length).toBe(Math.ceil(demand.samples / profile.maxSamples));
    expect(() => dealModels({ ...demand, contributors: 1 }, profile)).toThrow(PlanSizeError);
  });

  it("lays jobs out as a plain search for the first free slot does", () => {
    const jobs = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 60 });
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 9 }), (seconds, slots) => {
        const free = new Array<number>(slots).fill(0);
        for (const job of seconds) {
          const first = free.indexOf(Math.min(...free));
          free[first] = (free[first] ?? 0) + job;
        }
        expect(makespan(seconds, slots)).toBe(Math.max(...free));
      }),
    );
  });

  it("counts proofs, and needs as many machines as keep up and not one fewer", () => {
    const measured = measuredAs(1, { "machine.cores": 2, "workers.two.speedup": 2, "job.overhead.ms": 0 });
    const slow = measuredAs(1, {
      ...{ "machine.cores": 2, "workers.two.speedup": 2, "job.overhead.ms": 0 },
      "inference.prove.seconds": 500,
    });
    const plan = makePlan(demand, profile, measured);
    expect(plan.epoch.inference).toBeGreaterThanOrEqual(demand.answersADay / profile.queries);
    expect(plan.epoch.adjoint).toBe(plan.epochsADay);
    expect(plan.epochsADay).toBeGreaterThanOrEqual(plan.epoch.inference / 64);
    const wide = makePlan(demand, profile, measured, 1_000_000);
    expect(wide.epochsADay).toBe(plan.models);
    expect(plan.epoch.weights).toBeGreaterThan(wide.epoch.weights);
    expect(plan.training.samples).toBe(plan.batches);
    expect(plan.batches).toBeGreaterThanOrEqual(demand.samples / profile.batchRecords);
    expect(plan.receiptBytesADay).toBe(demand.answersADay);
    const needed = makePlan(demand, profile, slow).machinesToKeepUp;
    expect(needed).toBeGreaterThan(1);
    const proofs = plan.epoch.inference * 500;
    expect(proofs / (2 * needed)).toBeLessThanOrEqual(86_400);
    expect((proofs + plan.epoch.adjoint + plan.epoch.weights) / (2 * (needed - 1))).toBeGreaterThan(86_000);
    const half = makePlan(demand, profile, {
      ...slow,
      figure: (r, f) => slow.figure(r, f) * (f === "machine.cores" ? 2 : 1),
    });
    expect(half.machinesToKeepUp).toBeLessThan(needed);
  });

  it("says which measurement is missing, and how to take it", () => {
    const folder = mkdtempSync(join(tmpdir(), "quittance-plan-"));
    try {
      expect(() => makePlan(demand, profile, readMeasured(folder))).toThrow(PlanInputError);
      writeFileSync(join(folder, "jobs.json"), JSON.stringify({ name: "jobs", figures: [] }));
      expect(() => makePlan(demand, profile, readMeasured(folder))).toThrow(
        /jobs\.json has no figure .*npm run bench -- jobs --full/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is a page with its inputs and its limits", () => {
    const page = planPage(makePlan(demand, profile, measuredAs(1)), profile, []);
    expect(page).toMatch(/A plan for 500 contributors, 200,000 samples and 90,000 answers a day/);
    expect(page).toMatch(/fewest machines that keep up: \*\*\d+\*\*/);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });
});
