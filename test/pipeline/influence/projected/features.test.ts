import { describe, expect, it } from "vitest";
import { graphBuilder } from "../../../../pipeline/engine/graph.ts";
import { encodeOnnx } from "../../../../pipeline/engine/onnx.ts";
import { openSession, tensor } from "../../../../pipeline/engine/ort.ts";
import {
  kronecker,
  layerMoments,
  openProjector,
  ProjectorShapeError,
} from "../../../../pipeline/influence/projected/features.ts";
import {
  leading,
  principalProjections,
  randomProjections,
  randomSigns,
  ranksOf,
} from "../../../../pipeline/influence/projected/projections.ts";
import {
  measureSteps,
  QuantiseShapeError,
  quantiseFeatures,
} from "../../../../pipeline/influence/projected/quantise.ts";
import { symmetricEigen } from "../../../../pipeline/model/dense.ts";
import { seededRandom } from "../../../../pipeline/random.ts";
import { logOdds, numericalGradient, SIZES, smallNetwork, smallSamples } from "./nets.ts";

const FULL: [number, number][] = [
  [99, 99],
  [99, 99],
  [99, 99],
];
const weights = smallNetwork("features");
const { x, labels } = smallSamples("features", 12);
const content = (i: number): Float32Array => x.subarray(i * SIZES[0], (i + 1) * SIZES[0]);

describe("projected gradients", () => {
  it("are the gradient of the log-odds where nothing is projected away", async () => {
    const ranks = ranksOf(SIZES, FULL);
    const projector = await openProjector(SIZES, ranks);
    const { values, doubts, width } = await projector.features(
      weights,
      randomProjections(SIZES, ranks, "all"),
      x,
      labels,
    );
    await projector.close();
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i] as number;
      const expected = numericalGradient(weights, content(i), label).flatMap((gradient, l) => {
        // Ours is [out, in], the weights are [in, out].
        const [rows, out] = [(SIZES[l] as number) + 1, SIZES[l + 1] as number];
        return Array.from(
          { length: rows * out },
          (_, at) => gradient[(at % rows) * out + Math.floor(at / rows)],
        );
      });
      const own = values.subarray(i * width, (i + 1) * width);
      expect(own.length).toBe(expected.length);
      own.forEach((value, at) => {
        expect(Math.abs(value - (expected[at] as number))).toBeLessThan(1e-4);
      });
      expect(doubts[i]).toBeCloseTo(logOdds(weights, content(i), label).doubt, 5);
    }
  });

  it("are Kronecker products of both projections", async () => {
    const ranks: [number, number][] = [
      [3, 2],
      [2, 2],
      [5, 3],
    ];
    const [whole, small] = [
      await openProjector(SIZES, ranksOf(SIZES, FULL)),
      await openProjector(SIZES, ranks),
    ];
    const projections = randomProjections(SIZES, ranks, "some");
    const all = await whole.features(weights, randomProjections(SIZES, FULL, "all"), x, labels);
    const some = await small.features(weights, projections, x, labels);
    await Promise.all([whole.close(), small.close()]);
    for (let i = 0; i < labels.length; i++) {
      let from = 0;
      let to = 0;
      projections.forEach(({ inputs, outputs, ranks: [ki, ko] }, l) => {
        const [rows, out] = [(SIZES[l] as number) + 1, SIZES[l + 1] as number];
        for (let o = 0; o < ko; o++) {
          for (let k = 0; k < ki; k++) {
            let sum = 0;
            for (let a = 0; a < out; a++) {
              for (let b = 0; b < rows; b++) {
                const gradient = all.values[i * all.width + from + a * rows + b] as number;
                sum += (outputs[a * ko + o] as number) * gradient * (inputs[b * ki + k] as number);
              }
            }
            expect(Math.abs((some.values[i * some.width + to + o * ki + k] as number) - sum)).toBeLessThan(
              1e-4,
            );
          }
        }
        from += rows * out;
        to += ki * ko;
      });
    }
  });

  it("add up over positions", async () => {
    const g = graphBuilder("positions");
    const a = g.input("a", "float", ["n", 3, 4]);
    const delta = g.input("delta", "float", ["n", 3, 5]);
    const pi = g.constant("pi", "float", [4, 4], randomSigns(4, 4, ""));
    const po = g.constant("po", "float", [5, 5], randomSigns(5, 5, ""));
    g.output(kronecker(g, a, delta, pi, po, "x", 20, true), "phi", "float", ["n", 20]);
    const session = await openSession(encodeOnnx(g.build()));
    const random = seededRandom("positions");
    const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.uniform() - 0.5);
    const [av, dv] = [draw(2 * 3 * 4), draw(2 * 3 * 5)];
    const { phi } = await session.run({
      a: tensor("float", av, [2, 3, 4]),
      delta: tensor("float", dv, [2, 3, 5]),
    });
    await session.close();
    const values = phi?.data as Float32Array;
    for (let i = 0; i < 2; i++) {
      for (let o = 0; o < 5; o++) {
        for (let k = 0; k < 4; k++) {
          let sum = 0;
          for (let t = 0; t < 3; t++)
            sum += (dv[(i * 3 + t) * 5 + o] as number) * (av[(i * 3 + t) * 4 + k] as number);
          expect(values[i * 20 + o * 4 + k]).toBeCloseTo(sum, 5);
        }
      }
    }
  });

  it("refuse classes, contents and ranks that do not fit", async () => {
    const ranks = ranksOf(SIZES, FULL);
    const projector = await openProjector(SIZES, ranks);
    const projections = randomProjections(SIZES, ranks, "all");
    await expect(projector.features(weights, projections, x, [9, ...labels.subarray(1)])).rejects.toThrow(
      ProjectorShapeError,
    );
    await expect(projector.features(weights, projections, x.subarray(1), labels)).rejects.toThrow(/contents/);
    await projector.close();
    await expect(openProjector(SIZES, ranks.slice(1))).rejects.toThrow(ProjectorShapeError);
  });
});

describe("projections", () => {
  it("of random signs keep inner products on average", () => {
    const random = seededRandom("inner");
    const [u, v] = [0, 1].map(() => Float64Array.from({ length: 40 }, () => random.uniform()));
    const inner = u?.reduce((sum, value, i) => sum + value * (v?.[i] as number), 0) as number;
    const draws = Array.from({ length: 400 }, (_, draw) => {
      const p = randomSigns(40, 8, `draw ${draw}`);
      const along = (w: Float64Array, c: number): number =>
        w.reduce((sum, value, i) => sum + value * (p[i * 8 + c] as number), 0);
      return Array.from(
        { length: 8 },
        (_, c) => along(u as Float64Array, c) * along(v as Float64Array, c),
      ).reduce((sum, value) => sum + value, 0);
    });
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    const deviation = Math.sqrt(draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length);
    expect(Math.abs(mean - inner)).toBeLessThan((4 * deviation) / Math.sqrt(draws.length));
    expect(randomSigns(40, 8, "draw 1")).not.toEqual(randomSigns(40, 8, "draw 2"));
  });

  it("find the leading directions that Jacobi's rotations find", async () => {
    const moments = await layerMoments(SIZES, weights, x, labels);
    const n = SIZES[0] + 1;
    const matrix = moments[0]?.inputs as Float64Array;
    const ours = leading(matrix, n, 2, 200);
    const { vectors } = symmetricEigen(matrix, n);
    for (let c = 0; c < 2; c++) {
      let dot = 0;
      for (let i = 0; i < n; i++) dot += (ours[i * 2 + c] as number) * (vectors[c * n + i] as number);
      expect(Math.abs(dot)).toBeCloseTo(1, 6);
    }
    const [first] = principalProjections(
      SIZES,
      [
        [2, 2],
        [2, 2],
        [2, 2],
      ],
      moments,
    );
    expect(first?.ranks).toEqual([2, 2]);
    expect(first?.inputs.length).toBe(2 * n);
  });
});

describe("quantised gradients", () => {
  it("are within half a step, but for the few that are cut", () => {
    const random = seededRandom("quantise");
    const values = Float32Array.from(
      { length: 4000 * 5 },
      (_, i) => (random.uniform() - 0.5) * (i % 5 < 2 ? 1 : 100),
    );
    values[0] = 1e6;
    const steps = measureSteps(values, [2, 3]);
    const h = quantiseFeatures(values, steps);
    expect(h[0]).toBe(127);
    let cut = 0;
    h.forEach((value, i) => {
      const step = steps.steps[i % 5 < 2 ? 0 : 1] as number;
      if (Math.abs(value) === 127) cut++;
      else expect(Math.abs(value * step - (values[i] as number))).toBeLessThanOrEqual(step / 2 + 1e-6);
    });
    // A value in a thousand is cut, and 127 itself has a half step on its near side.
    expect(cut).toBeGreaterThan(0);
    expect(cut / h.length).toBeLessThan(0.01);
    expect(() => quantiseFeatures(values.subarray(1), steps)).toThrow(QuantiseShapeError);
  });
});
