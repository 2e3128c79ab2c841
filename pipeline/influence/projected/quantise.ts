/**
 * Projected gradients as bytes, so that they enter the same integer algebra as every other feature.
 *
 * A gradient's length varies by orders of magnitude between samples, and layers differ too. One step size a
 * block of columns (a layer) keeps directions and relative lengths inside the block; it is set so that one
 * value in a thousand is cut, because a step that spares the largest value of all would round most of the
 * others away. Blocks so come to the same scale, which the ridge takes as its prior.
 */

/** A step size for each block of columns. `widths` add up to the features' width. */
export type Steps = { readonly widths: readonly number[]; readonly steps: readonly number[] };

const CUT = 0.001;
const LARGEST = 127;

/** Step sizes from (public or training) features, `n × width` row-major. */
export function measureSteps(values: Float32Array, widths: readonly number[]): Steps {
  const width = widths.reduce((sum, w) => sum + w, 0);
  let from = 0;
  const steps = widths.map((w) => {
    const at = largestBut(values, width, from, w);
    from += w;
    return at > 0 ? at / LARGEST : 1;
  });
  return { widths, steps };
}

/** Rounds to int8, cutting what is beyond ±127. */
export function quantiseFeatures(values: Float32Array, { widths, steps }: Steps): Int8Array {
  const width = widths.reduce((sum, w) => sum + w, 0);
  if (values.length % width !== 0) {
    throw new QuantiseShapeError(
      `${values.length} values are not rows of ${width}: measure the steps again.`,
    );
  }
  const inverse = new Float64Array(width);
  let at = 0;
  widths.forEach((w, block) => {
    inverse.fill(1 / (steps[block] as number), at, at + w);
    at += w;
  });
  const out = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const rounded = Math.round((values[i] as number) * (inverse[i % width] as number));
    out[i] = Math.max(-LARGEST, Math.min(LARGEST, rounded));
  }
  return out;
}

/** The magnitude that {@link CUT} of a block's values exceed, from a sample of them. */
function largestBut(values: Float32Array, width: number, from: number, count: number): number {
  const rows = values.length / width;
  const stride = Math.max(1, Math.floor((rows * count) / 200_000));
  const magnitudes: number[] = [];
  for (let i = 0; i < rows * count; i += stride) {
    magnitudes.push(Math.abs(values[Math.floor(i / count) * width + from + (i % count)] as number));
  }
  const sorted = Float64Array.from(magnitudes).sort();
  return sorted[Math.floor((sorted.length - 1) * (1 - CUT))] ?? 0;
}

/** Features that are no whole rows. */
export class QuantiseShapeError extends Error {
  override readonly name = "Projected.QuantiseShapeError";
}
