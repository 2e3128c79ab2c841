// A small rectified network in float64, written out sample by sample: the reference of projected gradients.
import { seededRandom } from "../../../../pipeline/random.ts";

/** Widths of the network of these tests. */
export const SIZES = [6, 5, 4, 3] as const;

/** Weights `(in + 1) × out` of each layer. */
export function smallNetwork(seed: string): Float32Array[] {
  const random = seededRandom(seed);
  return SIZES.slice(1).map((out, l) =>
    Float32Array.from({ length: ((SIZES[l] as number) + 1) * out }, () => 2 * random.uniform() - 1),
  );
}

/** Contents and classes. */
export function smallSamples(seed: string, n: number): { x: Float32Array; labels: Uint8Array } {
  const random = seededRandom(seed);
  return {
    x: Float32Array.from({ length: n * SIZES[0] }, () => 2 * random.uniform() - 1),
    labels: Uint8Array.from({ length: n }, () => random.below(SIZES[3])),
  };
}

/** log p/(1 − p) of the label, and 1 − p. */
export function logOdds(
  weights: readonly ArrayLike<number>[],
  x: ArrayLike<number>,
  label: number,
): { f: number; doubt: number } {
  let a = Array.from(x);
  weights.forEach((w, l) => {
    const out = SIZES[l + 1] as number;
    const extended = [...a, 1];
    const z = Array.from({ length: out }, (_, k) =>
      extended.reduce((sum, value, j) => sum + value * (w[j * out + k] as number), 0),
    );
    a = l === weights.length - 1 ? z : z.map((value) => Math.max(0, value));
  });
  const others = a.reduce((sum, value, k) => sum + (k === label ? 0 : Math.exp(value)), 0);
  const own = Math.exp(a[label] as number);
  return { f: Math.log(own / others), doubt: others / (own + others) };
}

/** The gradient of the log-odds by all weights, layer by layer, by central differences. */
export function numericalGradient(
  weights: readonly Float32Array[],
  x: ArrayLike<number>,
  label: number,
  step = 1e-5,
): Float64Array[] {
  const real = weights.map((w) => Float64Array.from(w));
  return real.map((w) =>
    w.map((value, at) => {
      const moved = (by: number): number => {
        w[at] = value + by;
        const { f } = logOdds(real, x, label);
        w[at] = value;
        return f;
      };
      return (moved(step) - moved(-step)) / (2 * step);
    }),
  );
}
