// The trainer against the same steps written out in float64, with its own order of samples.
import { describe, expect, it } from "vitest";
import { openOutputs } from "../../../benchmarks/attribution/outputs.ts";
import {
  openTrainer,
  type Recipe,
  type Samples,
  TrainerInputError,
} from "../../../benchmarks/attribution/sgd.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { logOdds, SIZES } from "../../pipeline/influence/projected/nets.ts";

const recipe: Recipe = { sizes: SIZES, rate: 0.1, momentum: 0.9, dropout: 0, batch: 7, epochs: 3 };
const random = seededRandom("sgd test");
const samples: Samples = {
  x: Float32Array.from({ length: 30 * SIZES[0] }, () => random.uniform() - 0.5),
  labels: Uint8Array.from({ length: 30 }, () => random.below(SIZES[3])),
  width: SIZES[0],
  classes: SIZES[3],
};
const rows = Array.from({ length: 20 }, (_, i) => (i * 7) % 30);

/** Stochastic gradient descent with momentum as it is usually written: v ← μ v + g, W ← W − rate · v. */
function slow(count: number): Float64Array[] {
  const draws = seededRandom("sgd/one");
  const weights = SIZES.slice(1).map((out, l) => {
    const inputs = SIZES[l] as number;
    return Float64Array.from(
      { length: (inputs + 1) * out },
      () => (2 * draws.uniform() - 1) / Math.sqrt(inputs),
    );
  });
  const velocity = weights.map((w) => new Float64Array(w.length));
  for (let epoch = 0; epoch < count; epoch++) {
    const order = draws.shuffle(rows);
    for (let start = 0; start < order.length; start += recipe.batch) {
      const batch = order.slice(start, start + recipe.batch);
      const gradients = weights.map((w) => new Float64Array(w.length));
      for (const row of batch) addGradient(weights, row, gradients, 1 / batch.length);
      weights.forEach((w, l) => {
        const v = velocity[l] as Float64Array;
        w.forEach((_, at) => {
          v[at] = recipe.momentum * (v[at] as number) + (gradients[l]?.[at] as number);
          w[at] = (w[at] as number) - recipe.rate * (v[at] as number);
        });
      });
    }
  }
  return weights;
}

function addGradient(weights: Float64Array[], row: number, into: Float64Array[], factor: number): void {
  const activations: number[][] = [];
  let a = Array.from(samples.x.subarray(row * SIZES[0], (row + 1) * SIZES[0]));
  weights.forEach((w, l) => {
    const out = SIZES[l + 1] as number;
    activations.push([...a, 1]);
    const z = Array.from({ length: out }, (_, k) =>
      (activations[l] as number[]).reduce((sum, value, j) => sum + value * (w[j * out + k] as number), 0),
    );
    a = l === weights.length - 1 ? z : z.map((value) => Math.max(0, value));
  });
  const sum = a.reduce((total, z) => total + Math.exp(z), 0);
  let delta = a.map((z, k) => Math.exp(z) / sum - (k === samples.labels[row] ? 1 : 0));
  for (let l = weights.length - 1; l >= 0; l--) {
    const [w, out] = [weights[l] as Float64Array, SIZES[l + 1] as number];
    const input = activations[l] as number[];
    const g = into[l] as Float64Array;
    input.forEach((value, j) => {
      delta.forEach((d, k) => {
        g[j * out + k] = (g[j * out + k] as number) + factor * value * d;
      });
    });
    delta = input
      .slice(0, -1)
      .map((value, j) => (value > 0 ? delta.reduce((s, d, k) => s + d * (w[j * out + k] as number), 0) : 0));
  }
}

describe("the trainer", () => {
  it("takes the same steps as float64, and hands out the epochs that are asked for", async () => {
    const trainer = await openTrainer(30, 20, recipe);
    const [early, late] = await trainer.train(samples, rows, "one", [2]);
    const again = await trainer.train(samples, rows, "one");
    const other = await trainer.train(samples, rows, "two");
    await trainer.close();
    for (const [made, epochs] of [
      [early, 2],
      [late, 3],
    ] as const) {
      const expected = slow(epochs);
      made?.forEach((w, l) => {
        w.forEach((value, at) => {
          expect(Math.abs(value - (expected[l]?.[at] as number))).toBeLessThan(2e-5);
        });
      });
    }
    expect(again).toEqual([late]);
    expect(other).not.toEqual([late]);
  });

  it("drops the part of hidden units that it should, and refuses another number of samples", async () => {
    const dropping = { ...recipe, dropout: 0.5 };
    const trainer = await openTrainer(30, 20, dropping);
    const [plain] = await trainer.train(samples, rows, "one");
    expect(plain?.every((w) => w.every(Number.isFinite))).toBe(true);
    const without = await openTrainer(30, 20, recipe);
    expect(await without.train(samples, rows, "one")).not.toEqual([plain]);
    await expect(trainer.train(samples, rows.slice(1), "one")).rejects.toThrow(TrainerInputError);
    await Promise.all([trainer.close(), without.close()]);
  });

  it("says the log-odds that float64 says", async () => {
    const trainer = await openTrainer(30, 20, recipe);
    const weights = (await trainer.train(samples, rows, "one")).at(-1) ?? [];
    await trainer.close();
    const outputs = await openOutputs(SIZES);
    const found = await outputs.logOdds(weights, samples);
    await outputs.close();
    found.forEach((value, i) => {
      const x = samples.x.subarray(i * SIZES[0], (i + 1) * SIZES[0]);
      expect(value).toBeCloseTo(logOdds(weights, x, samples.labels[i] as number).f, 4);
    });
  });
});
