/** The trainer: AdamW against plain loops, one way of running against the other, and training that learns. */
import { describe, expect, it } from "vitest";
import { cosineRate, rates } from "../../../pipeline/learn/adamw.ts";
import { crossEntropy, oneHot, relu } from "../../../pipeline/learn/functions.ts";
import { uniform, zeros } from "../../../pipeline/learn/initial.ts";
import { dense, mean, mul, square, sub, sum, sumOver } from "../../../pipeline/learn/operators.ts";
import type { Value } from "../../../pipeline/learn/tape.ts";
import { openTrainer, TrainerFeedError, type TrainerSpec } from "../../../pipeline/learn/trainer.ts";
import { seededRandom } from "../../../pipeline/random.ts";

const v = (values: Readonly<Record<string, Value>>, name: string): Value => values[name] as Value;

/** Is a point inside a ring? No line says so. */
function ring(seed: string, count: number) {
  const random = seededRandom(seed);
  const x = Float32Array.from({ length: 2 * count }, () => 2 * random.uniform() - 1);
  const y = BigInt64Array.from({ length: count }, (_, i) => {
    const radius = Math.hypot(x[2 * i] as number, x[2 * i + 1] as number);
    return radius > 0.35 && radius < 0.8 ? 1n : 0n;
  });
  return { x, y };
}

const BATCH = 32;
const classifier = (options: Partial<TrainerSpec> = {}): TrainerSpec => {
  const random = seededRandom("ring");
  return {
    name: "ring",
    parameters: {
      w1: { dims: [2, 48], values: uniform(random, [2, 48], 2) },
      b1: { dims: [48], values: zeros([48]) },
      w2: { dims: [48, 2], values: uniform(random, [48, 2], 48) },
      b2: { dims: [2], values: zeros([2]) },
    },
    batch: { x: { type: "float", dims: [BATCH, 2] }, y: { type: "int64", dims: [BATCH] } },
    loss: (t, p, { x, y }) => {
      const hidden = relu(t, dense(t, x as Value, v(p, "w1"), v(p, "b1")));
      return mean(t, crossEntropy(t, dense(t, hidden, v(p, "w2"), v(p, "b2")), oneHot(t, y as Value, 2)));
    },
    optimizer: { decay: 0.01 },
    ...options,
  };
};
const feed = (step: number) => ring(`batch/${step}`, BATCH);

describe("AdamW", () => {
  it("equals the published rule in plain loops", async () => {
    const target = [0.5, -1, 2];
    const first = [1, 1, 1];
    const weight = [1, 3, 0.1];
    const options = { beta1: 0.8, beta2: 0.95, epsilon: 1e-6, decay: 0.1 };
    const rate = (step: number): number => 0.05 / (1 + step);
    const trainer = await openTrainer({
      name: "plain",
      parameters: { p: { dims: [3], values: Float32Array.from(first), decays: true } },
      batch: { c: { type: "float", dims: [3] } },
      loss: (t, { p }, { c }) => {
        const away = sub(t, p as Value, t.constant([3], Float32Array.from(target)));
        return sum(t, mul(t, square(t, away), c as Value));
      },
      optimizer: options,
      stepsPerRun: 4,
    });
    const losses = await trainer.train({ steps: 10, rate, feed: () => ({ c: Float32Array.from(weight) }) });
    const p = [...first];
    const m = [0, 0, 0];
    const s = [0, 0, 0];
    for (let step = 1; step <= 10; step++) {
      let loss = 0;
      for (let i = 0; i < 3; i++) {
        const away = (p[i] as number) - (target[i] as number);
        const g = 2 * away * (weight[i] as number);
        loss += away * away * (weight[i] as number);
        m[i] = options.beta1 * (m[i] as number) + (1 - options.beta1) * g;
        s[i] = options.beta2 * (s[i] as number) + (1 - options.beta2) * g * g;
        const mHat = (m[i] as number) / (1 - options.beta1 ** step);
        const sHat = (s[i] as number) / (1 - options.beta2 ** step);
        const kept = (p[i] as number) * (1 - rate(step - 1) * options.decay);
        p[i] = kept - (rate(step - 1) * mHat) / (Math.sqrt(sHat) + options.epsilon);
      }
      expect(losses[step - 1]).toBeCloseTo(loss, 5);
    }
    Array.from(trainer.parameters().p?.data as Float32Array).forEach((value, i) => {
      expect(value).toBeCloseTo(p[i] as number, 5);
    });
    await trainer.close();
  });

  it("has a warm-up and a fall to zero", () => {
    const rate = cosineRate(1, 100, 10);
    expect([rate(0), rate(9), rate(10)]).toEqual([0.1, 1, 1]);
    expect(rate(99)).toBeLessThan(0.001);
    expect(rates(1, 0.1, { decay: 0.5 })[0]).toBeCloseTo(0.95, 12);
  });
});

describe("the trainer", () => {
  it("learns what no line separates", async () => {
    const trainer = await openTrainer(classifier());
    const done: number[] = [];
    const losses = await trainer.train({
      steps: 1200,
      rate: cosineRate(0.02, 1200),
      feed,
      onProgress: (part) => done.push(part),
    });
    expect(losses).toHaveLength(1200);
    expect(done.at(-1)).toBe(1);
    const average = (part: Float32Array): number => part.reduce((a, b) => a + b) / part.length;
    expect(average(losses.subarray(0, 20))).toBeGreaterThan(0.6);
    expect(average(losses.subarray(1100))).toBeLessThan(0.2);
    await trainer.close();
  });

  it("gives the same bits again, in other portions, and without Loop", async () => {
    const results: Float32Array[] = [];
    const ways: Partial<TrainerSpec>[] = [{}, {}, { stepsPerRun: 7 }, { loop: false }];
    for (const way of ways) {
      const trainer = await openTrainer(classifier(way));
      const run = { rate: cosineRate(0.02, 40), feed };
      await trainer.train({ ...run, steps: 25 });
      await trainer.train({ ...run, steps: 15 });
      results.push(trainer.parameters().w1?.data as Float32Array);
      await trainer.close();
    }
    for (const other of results.slice(1)) expect(other).toEqual(results[0]);
  });

  it("trains many models at once as it trains each alone, from shared data", async () => {
    const models = 3;
    const data = ring("shared", 200);
    const shared = {
      all: { type: "float", dims: [200, 2], data: data.x } as const,
      classes: { type: "int64", dims: [200], data: data.y } as const,
    };
    const weights = (m: number) => uniform(seededRandom(`model/${m}`), [2, 2], 2);
    const rows = (m: number, step: number) => {
      const random = seededRandom(`rows/${m}/${step}`);
      return Array.from({ length: 8 }, () => BigInt(random.below(200)));
    };
    const spec = (which: readonly number[]): TrainerSpec => ({
      name: "many",
      parameters: {
        w: {
          dims: [which.length, 2, 2],
          values: Float32Array.from(which.flatMap((m) => [...weights(m)])),
        },
        b: { dims: [which.length, 1, 2], values: zeros([which.length, 1, 2]) },
      },
      shared,
      batch: { rows: { type: "int64", dims: [which.length, 8] } },
      loss: (t, p, x) => {
        const inputs = t.node("Gather", [v(x, "all"), v(x, "rows")], [which.length, 8, 2]);
        const labels = t.node("Gather", [v(x, "classes"), v(x, "rows")], [which.length, 8], {}, "int64");
        const losses = crossEntropy(t, dense(t, inputs, v(p, "w"), v(p, "b")), oneHot(t, labels, 2));
        return sumOver(t, losses, [0, 1]);
      },
    });
    const train = async (which: readonly number[]): Promise<number[]> => {
      const trainer = await openTrainer(spec(which));
      const feedRows = (step: number) => ({
        rows: BigInt64Array.from(which.flatMap((m) => rows(m, step))),
      });
      await trainer.train({ steps: 30, rate: () => 0.01, feed: feedRows });
      await trainer.close();
      return Array.from(trainer.parameters().w?.data as Float32Array);
    };
    const together = await train([...Array(models).keys()]);
    for (let m = 0; m < models; m++) {
      const alone = await train([m]);
      alone.forEach((value, i) => {
        expect(together[4 * m + i]).toBeCloseTo(value, 5);
      });
    }
  });

  it("refuses values that do not fit, and stops when told", async () => {
    const bad = classifier();
    const short = { ...bad.parameters, b1: { dims: [48], values: zeros([3]) } };
    await expect(openTrainer({ ...bad, parameters: short })).rejects.toThrow(TrainerFeedError);
    const trainer = await openTrainer(classifier());
    const run = { steps: 1, rate: () => 0.1 };
    await expect(trainer.train({ ...run, feed: () => ({ x: new Float32Array(3) }) })).rejects.toThrow(
      /x has 3/,
    );
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(trainer.train({ ...run, feed, signal })).rejects.toThrow("stop");
    await trainer.close();
  });
});
