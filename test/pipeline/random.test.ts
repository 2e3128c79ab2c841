import { describe, expect, it } from "vitest";
import { RandomBoundError, seededRandom } from "../../pipeline/random.ts";

describe("seededRandom", () => {
  it("gives the same stream for the same seed and another for another", () => {
    const draw = (seed: string | number): number[] => Array.from({ length: 8 }, seededRandom(seed).u32);
    expect(draw("a")).toEqual(draw("a"));
    expect(draw("a")).not.toEqual(draw("b"));
    expect(draw(1)).toEqual(draw("1"));
  });

  it("is pinned, so that a split made today is the split made next year", () => {
    const random = seededRandom("quittance");
    expect([random.u32(), random.u32(), random.u32()]).toMatchInlineSnapshot(`
      [
        1688313255,
        1015562302,
        1662800655,
      ]
    `);
  });

  it("draws below a bound, each value about equally often", () => {
    const random = seededRandom("bound");
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) {
      const value = random.below(7);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(() => random.below(0)).toThrow(RandomBoundError);
    expect(() => random.below(1.5)).toThrow(RandomBoundError);
  });

  it("gives uniforms in [0, 1) with mean a half", () => {
    const random = seededRandom("uniform");
    const values = Array.from({ length: 20_000 }, random.uniform);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(Math.abs(values.reduce((a, b) => a + b) / values.length - 0.5)).toBeLessThan(0.01);
  });

  it("shuffles a copy that holds the same items", () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const shuffled = seededRandom("s").shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
  });
});
