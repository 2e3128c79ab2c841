// What the plan is made from: results of full benchmark runs, and the contract's own bound.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchmarkResult } from "./types.ts";

/** Measured values by `result/figure`; asking for one that is not there throws {@link PlanInputError}. */
export type Measured = {
  figure(result: string, figure: string): number;
  readonly results: readonly BenchmarkResult[];
};

/** How many inference proofs an epoch may have: the contract's own constant. */
export function epochBatches(): number {
  const source = readFileSync(join(import.meta.dirname, "..", "verifier-contracts", "Epochs.sol"), "utf8");
  return Number(/MAX_BATCHES = (\d+);/.exec(source)?.[1] ?? Number.NaN);
}

/** Reads the results of full runs in a folder; a figure is looked up when it is needed. */
export function readMeasured(folder: string): Measured {
  const results = new Map<string, BenchmarkResult>();
  const load = (name: string): BenchmarkResult => {
    const known = results.get(name);
    if (known !== undefined) return known;
    try {
      const result = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as BenchmarkResult;
      results.set(name, result);
      return result;
    } catch (cause) {
      throw new PlanInputError(name, "is missing or unreadable", cause);
    }
  };
  return {
    figure(result, figure) {
      const value = load(result).figures.find(({ name }) => name === figure)?.value;
      if (value === undefined) throw new PlanInputError(result, `has no figure ${figure}`);
      return value;
    },
    get results() {
      return [...results.values()];
    },
  };
}

/** A measurement that the plan is made from is not there. */
export class PlanInputError extends Error {
  override readonly name = "Plan.Input";
  constructor(result: string, reason: string, cause?: unknown) {
    super(
      `benchmarks/results/${result}.json ${reason}. Measure it first: npm run bench -- ${result} --full`,
      { cause },
    );
  }
}
