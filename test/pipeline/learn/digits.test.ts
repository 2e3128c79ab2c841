/** Training digits: from a seed the same network, on any number of threads, and one that has learned. */
import { describe, expect, it } from "vitest";
import { openBackbone } from "../../../pipeline/backbone/backbone.ts";
import { quantise } from "../../../pipeline/backbone/quantise.ts";
import { demoSplit } from "../../../pipeline/corpus/demo.ts";
import { distorter } from "../../../pipeline/learn/augment.ts";
import { trainDigits } from "../../../pipeline/learn/digits.ts";
import { accuracyOf, fitModel } from "../../../pipeline/model/model.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { loadProfile } from "../../../prover/index.ts";

const split = demoSplit("learn");
const publicSamples = split.publicSamples.slice(0, 1500);
const profile = loadProfile("default");

async function accuracy(kind: "conv" | "mlp", steps: number): Promise<number> {
  const network = await trainDigits(publicSamples, { kind, steps, rate: 3e-3 });
  const { onnx } = await quantise(
    network,
    publicSamples.slice(0, 300).map(({ content }) => content),
  );
  const backbone = await openBackbone(onnx);
  const contributed = split.contributed.slice(0, 400);
  const test = split.test.slice(0, 500);
  const model = await fitModel({
    features: await backbone.features(contributed.map(({ content }) => content)),
    labels: contributed.map(({ label }) => label),
    contributors: contributed.map(() => 0),
    count: 1,
    profile,
  });
  const features = await backbone.features(test.map(({ content }) => content));
  await backbone.close();
  return accuracyOf(
    model.w,
    features,
    test.map(({ label }) => label),
    profile,
  );
}

describe("digit networks", () => {
  it.each(["conv", "mlp"] as const)("%s: training, not chance, makes the features", async (kind) => {
    const trained = await accuracy(kind, 120);
    expect(trained).toBeGreaterThan(0.85);
    expect(trained).toBeGreaterThan((await accuracy(kind, 0)) + 0.05);
  });

  it("are the same bits from the same seed and number of threads, and others from another", async () => {
    const train = async (seed: string, threads: number) => {
      const network = await trainDigits(publicSamples, { steps: 6, seed, d: 5, session: { threads } });
      return network.layers.map((layer) => ("weights" in layer ? [...layer.weights.subarray(0, 40)] : []));
    };
    const first = await train("one", 1);
    expect(await train("one", 1)).toEqual(first);
    expect(await train("one", 2)).toEqual(await train("one", 2));
    expect(await train("two", 1)).not.toEqual(first);
  });

  it("report progress and stop when told", async () => {
    const done: number[] = [];
    const onProgress = (part: number): void => void done.push(part);
    await trainDigits(publicSamples, { kind: "mlp", steps: 40, onProgress });
    expect(done).toEqual([0.8, 1]);
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(trainDigits(publicSamples, { steps: 40, signal })).rejects.toThrow("stop");
  });
});

describe("distortions", () => {
  it("keep the ink and its place, and differ every time", () => {
    const distort = distorter(28);
    const random = seededRandom("ink");
    const image = split.test[0]?.content as Uint8Array;
    const ink = (pixels: Uint8Array): number => pixels.reduce((sum, value) => sum + value, 0);
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const out = new Uint8Array(784 + 10).fill(7);
      distort(image, random, out, 5);
      const copy = out.subarray(5, 789);
      expect(ink(copy) / ink(image)).toBeGreaterThan(0.6);
      expect(ink(copy) / ink(image)).toBeLessThan(1.6);
      expect([...out.subarray(0, 5), ...out.subarray(789)]).toEqual(new Array(10).fill(7));
      seen.add(String(copy));
    }
    expect(seen.size).toBe(20);
    const blank = new Uint8Array(784);
    distort(new Uint8Array(784), random, blank, 0);
    expect(ink(blank)).toBe(0);
  });
});
