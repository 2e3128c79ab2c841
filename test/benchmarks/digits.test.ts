// The accuracy of digits in its small form: the parts do not overlap, and training makes a difference.
import { describe, expect, it } from "vitest";
import { digitParts, digitsAccuracy } from "../../benchmarks/digits.ts";
import { dataFolder } from "../pipeline/corpus/data.ts";

describe("the accuracy of digits", () => {
  it("is measured on people who taught nothing", () => {
    dataFolder("mnist-writers");
    const { publicSamples, contributed, test } = digitParts(false);
    const writers = (part: typeof test): Set<string> => new Set(part.map(({ contributor }) => contributor));
    expect([publicSamples.length, contributed.length, test.length]).toEqual([2000, 300, 500]);
    for (const [a, b] of [
      [publicSamples, contributed],
      [publicSamples, test],
      [contributed, test],
    ] as const)
      expect([...writers(a)].filter((writer) => writers(b).has(writer))).toEqual([]);
  });

  it("is better with training than without", async () => {
    const figures = await digitsAccuracy({ full: false });
    const value = (name: string): number => figures.find((figure) => figure.name === name)?.value ?? 0;
    expect(value("accuracy.digits")).toBeGreaterThan(0.8);
    expect(value("accuracy.digits_mlp")).toBeGreaterThan(0.8);
    expect(value("accuracy.digits")).toBeGreaterThan(value("accuracy.digits_untrained"));
  });
});
