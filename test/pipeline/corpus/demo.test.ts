import { describe, expect, it } from "vitest";
import { DEMO_CONTRIBUTORS, demoSplit } from "../../../pipeline/corpus/demo.ts";
import { loadMnistPackage } from "../../../pipeline/corpus/mnist.ts";

describe("loadMnistPackage", () => {
  it("holds 10,000 digits of 784 bytes, ink in the middle", () => {
    const { samples, classes } = loadMnistPackage();
    expect([samples.length, classes]).toEqual([10_000, 10]);
    expect(samples.every(({ content }) => content.length === 784)).toBe(true);
    const first = samples[0]?.content ?? new Uint8Array();
    expect(Math.max(...first)).toBeGreaterThan(200);
    expect(first[0]).toBe(0);
    // 0.2 and 0.624 in the package's first digit are the bytes 51 and 159.
    expect([...first.subarray(127, 132)]).toEqual([51, 159, 253, 159, 50]);
  });
});

describe("demoSplit", () => {
  const split = demoSplit("test");
  const ids = (part: keyof typeof split): string[] =>
    (split[part] as readonly { id: string }[]).map(({ id }) => id);

  it("deals every digit once", () => {
    const all = (["contributed", "test", "queries", "publicSamples"] as const).flatMap(ids);
    expect(new Set(all).size).toBe(10_000);
    expect([split.contributed.length, split.test.length, split.queries.length]).toEqual([1024, 2000, 45]);
    expect(all).toHaveLength(10_000);
  });

  it("gives each contributor its count", () => {
    for (const { name, count } of DEMO_CONTRIBUTORS) {
      expect(split.contributed.filter(({ contributor }) => contributor === name)).toHaveLength(count);
    }
  });

  it("changes labels of exactly the two who label at random, to something uniform", () => {
    const truth = new Map(loadMnistPackage().samples.map(({ id, label }) => [id, label]));
    const random = new Set(
      DEMO_CONTRIBUTORS.filter(({ labelsAtRandom }) => labelsAtRandom).map(({ name }) => name),
    );
    expect(random.size).toBe(2);
    const wrong = split.contributed.filter(({ id, label }) => truth.get(id) !== label);
    expect(wrong.every(({ contributor }) => random.has(contributor))).toBe(true);
    expect(wrong.length).toBeGreaterThan(60);
    expect(wrong.length).toBeLessThanOrEqual(86);
  });

  it("depends on the seed alone", () => {
    const labels = (seed: string): string[] =>
      demoSplit(seed).contributed.map(({ id, label }) => `${id}:${label}`);
    expect(labels("test")).toEqual(split.contributed.map(({ id, label }) => `${id}:${label}`));
    expect(labels("other")).not.toEqual(labels("test"));
  });
});
