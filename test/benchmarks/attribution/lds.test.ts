import { describe, expect, it } from "vitest";
import {
  areaUnderCurve,
  bootstrap,
  ceiling,
  lds,
  predictions,
  spearman,
} from "../../../benchmarks/attribution/lds.ts";
import { seededRandom } from "../../../pipeline/random.ts";

/** 12 halves of 30 samples; outputs that are sums of influences plus noise. */
function additive(noise: number) {
  const random = seededRandom("additive");
  const [n, q] = [30, 8];
  const influences = Float64Array.from({ length: n * q }, () => random.uniform() - 0.5);
  const all = Array.from({ length: n }, (_, i) => i);
  const halves = Array.from({ length: 12 }, () => random.shuffle(all).slice(0, 15));
  const exact = predictions(halves, influences, q);
  const measured = exact.map((row) => row.map((value) => value + noise * (random.uniform() - 0.5)));
  return { halves, influences, q, exact, measured };
}

describe("the linear datamodeling score", () => {
  it("is one for what adds up, whatever the scale, and minus one for its opposite", () => {
    const { halves, influences, q, exact } = additive(0);
    expect(lds(exact, exact, "one").value).toBeCloseTo(1, 12);
    expect(lds(exact, exact, "one").interval[1]).toBe(1);
    const turned = exact.map((row) => row.map((value) => -Math.exp(value)));
    expect(lds(exact, turned, "minus one").value).toBeCloseTo(-1, 12);
    const half = predictions(halves, influences, q, new Float64Array(30).fill(0.5));
    expect(lds(half, exact, "half").value).toBeCloseTo(1, 12);
  });

  it("falls with noise, inside its interval, and the ceiling falls with it", () => {
    const [least, little, much] = [additive(0.05), additive(0.5), additive(6)];
    const close = lds(least.exact, least.measured, "close");
    expect(close.value).toBeGreaterThan(0.98);
    expect(close.interval[0]).toBeLessThan(close.value);
    expect(close.interval[1]).toBeGreaterThanOrEqual(close.value);
    const [a, b] = [lds(little.exact, little.measured, "a"), lds(much.exact, much.measured, "b")];
    expect(a.value).toBeGreaterThan(b.value);
    for (const { value, interval } of [a, b]) {
      expect(interval[0]).toBeLessThan(interval[1]);
      expect(value).toBeGreaterThan(interval[0]);
      expect(value).toBeLessThan(interval[1]);
    }
    const of = (of: typeof little) => ceiling(of.measured, additive(0).exact, "c").value;
    expect(of(little)).toBeGreaterThan(of(much));
    expect(lds(a ? little.exact : [], little.measured, "a")).toEqual(a);
  });

  it("weighs a sample by its factor", () => {
    const [row] = predictions([[0, 2]], [1, 10, 2, 20, 3, 30], 2, [1, 0, 2]);
    expect([...(row as Float64Array)]).toEqual([7, 70]);
  });
});

describe("statistics", () => {
  it("rank with shared ranks for equal values", () => {
    expect(spearman([1, 2, 3, 4], [10, 20, 40, 30])).toBeCloseTo(0.8, 12);
    // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: covariance 4.5, variances 4.5 and 5.
    expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
    expect(spearman([1, 1, 1], [1, 2, 3])).toBe(0);
  });

  it("measure the area under the curve", () => {
    const item = (score: number, marked: boolean) => ({ score, marked });
    const mixed = [item(3, true), item(2, false), item(1, true), item(0, false)];
    expect(areaUnderCurve(mixed)).toBe(0.75);
    expect(areaUnderCurve(mixed.map(({ marked }) => item(marked ? 1 : 0, marked)))).toBe(1);
    expect(areaUnderCurve(mixed.map(({ marked }) => item(7, marked)))).toBe(0.5);
  });

  it("bootstrap a mean about as widely as theory says", () => {
    const random = seededRandom("bootstrap");
    const values = Array.from({ length: 400 }, () => random.uniform());
    const mean = (list: readonly number[]): number => list.reduce((sum, v) => sum + v, 0) / list.length;
    const { value, interval } = bootstrap(values, mean, "mean");
    const error = 1 / Math.sqrt(12 * 400);
    expect(value).toBe(mean(values));
    expect((interval[1] - interval[0]) / (2 * 1.96 * error)).toBeCloseTo(1, 0);
  });
});
