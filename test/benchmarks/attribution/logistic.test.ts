// Influence for logistic regression against the Hessian written out and solved in float64.
import { expect, it } from "vitest";
import { logisticInfluences } from "../../../benchmarks/attribution/logistic.ts";
import type { Samples } from "../../../benchmarks/attribution/sgd.ts";
import { cholesky, solveLower, solveLowerTransposed } from "../../../pipeline/model/dense.ts";
import { seededRandom } from "../../../pipeline/random.ts";

const [WIDTH, CLASSES] = [3, 3];
const SIZE = (WIDTH + 1) * CLASSES;

function draw(seed: string, n: number): Samples {
  const random = seededRandom(seed);
  return {
    x: Float32Array.from({ length: n * WIDTH }, () => 2 * random.uniform() - 1),
    labels: Uint8Array.from({ length: n }, () => random.below(CLASSES)),
    width: WIDTH,
    classes: CLASSES,
  };
}

/** Extended content, probabilities, and the gradient of the log-likelihood, `(width + 1) × classes`. */
function at({ x, labels }: Samples, i: number, w: Float32Array) {
  const a = [...x.subarray(i * WIDTH, (i + 1) * WIDTH), 1];
  const z = [0, 1, 2].map((k) =>
    a.reduce((sum, value, j) => sum + value * (w[j * CLASSES + k] as number), 0),
  );
  const sum = z.reduce((total, value) => total + Math.exp(value), 0);
  const p = z.map((value) => Math.exp(value) / sum);
  const g = a.flatMap((value) => p.map((pk, k) => value * ((k === labels[i] ? 1 : 0) - pk)));
  return { a, p, g };
}

it("is ∇f_qᵀ (H + μ I)⁻¹ ∇f_i", async () => {
  const [train, queries] = [draw("train", 25), draw("queries", 4)];
  const random = seededRandom("weights");
  const w = Float32Array.from({ length: SIZE }, () => 2 * random.uniform() - 1);
  const damping = 0.05;
  const { values, residual } = await logisticInfluences([w], train, queries, damping);
  expect(residual).toBeLessThan(1e-3);
  const h = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < 25; i++) {
    const { a, p } = at(train, i, w);
    for (let r = 0; r < SIZE; r++) {
      for (let c = 0; c < SIZE; c++) {
        const [jr, kr, jc, kc] = [Math.floor(r / CLASSES), r % CLASSES, Math.floor(c / CLASSES), c % CLASSES];
        const curve = (kr === kc ? (p[kr] as number) : 0) - (p[kr] as number) * (p[kc] as number);
        h[r * SIZE + c] = (h[r * SIZE + c] as number) + ((a[jr] as number) * (a[jc] as number) * curve) / 25;
      }
    }
  }
  for (let r = 0; r < SIZE; r++) h[r * SIZE + r] = (h[r * SIZE + r] as number) + damping;
  const factor = cholesky(h, SIZE) as Float64Array;
  let largest = 0;
  for (let q = 0; q < 4; q++) {
    const b = Float64Array.from(at(queries, q, w).g);
    const z = solveLowerTransposed(factor, solveLower(factor, b, SIZE, 1), SIZE, 1);
    for (let i = 0; i < 25; i++) {
      const exact = at(train, i, w).g.reduce((sum, value, j) => sum + value * (z[j] as number), 0);
      largest = Math.max(largest, Math.abs(exact));
      expect(Math.abs((values[i * 4 + q] as number) - exact)).toBeLessThan(1e-3);
    }
  }
  expect(largest).toBeGreaterThan(0.1);
});
