/**
 * From projected gradients to what a profile's circuits prove over: `d` int8 features a sample, one class.
 *
 *   h = round(Vᵀ φ / step)        V: the d leading directions of Σ φ φᵀ over public samples
 *
 * With these as features and m = 1 (every sample's class is 0, for every target is the same: more of this
 * output), the head's algebra is the network's, word by word:
 *
 *   A = Σ h hᵀ     w = round(2^S A_λ⁻¹ Σ h)     e_i = 2^S − wᵀh_i     G_c = Σ_{i of c} h_i e_i
 *   Q = Σ_q f_q h_q     Y = round(2^T A_λ⁻¹ Q)     s_c = ⟨G_c, Y⟩
 *
 * w is the linearised network's fit of "every margin is one" and e_i how far sample i is from it: the ridge's
 * own doubt in place of 1 − p. So model, adjoint and weights circuits hold as they are. There is no constant
 * feature: with one, w would fit all targets by it alone and nobody would have any influence. V and step are
 * public, like a backbone, and the features of a content are reproducible by whoever has it and the network.
 *
 * d features are far fewer than the thousand that serve attribution best; what that costs is measured.
 */
import { leading } from "./projections.ts";
import { measureSteps, quantiseFeatures, type Steps } from "./quantise.ts";

/** The public projection from `width` projected gradients to `d` features. */
export type Reduction = {
  readonly width: number;
  readonly d: number;
  /** `width × d`, row-major. */
  readonly directions: Float64Array;
  readonly steps: Steps;
};

/** Finds the directions and the step from samples (`n × width`, row-major) that nobody is paid for. */
export function fitReduction(values: Float32Array, width: number, d: number): Reduction {
  if (!(d >= 1 && d <= width) || values.length === 0 || values.length % width !== 0) {
    throw new ReductionError(
      `${values.length} values cannot be reduced from ${width} to ${d}: give whole rows, and d at most ${width}.`,
    );
  }
  const directions = leading(secondMoments(values, width), width, d);
  const unquantised = { width, d, directions };
  return { ...unquantised, steps: measureSteps(along(values, unquantised), [d]) };
}

/** Features of samples, `n × d`. */
export function reduceFeatures(values: Float32Array, reduction: Reduction): Int8Array {
  return quantiseFeatures(along(values, reduction), reduction.steps);
}

function along(
  values: Float32Array,
  { width, d, directions }: Pick<Reduction, "width" | "d" | "directions">,
): Float32Array {
  const n = values.length / width;
  const out = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      let sum = 0;
      for (let k = 0; k < width; k++)
        sum += (values[i * width + k] as number) * (directions[k * d + j] as number);
      out[i * d + j] = sum;
    }
  }
  return out;
}

function secondMoments(values: Float32Array, width: number): Float64Array {
  const out = new Float64Array(width * width);
  for (let start = 0; start < values.length; start += width) {
    for (let j = 0; j < width; j++) {
      const left = values[start + j] as number;
      if (left === 0) continue;
      for (let k = 0; k < width; k++) {
        out[j * width + k] = (out[j * width + k] as number) + left * (values[start + k] as number);
      }
    }
  }
  return out;
}

/** Gradients that cannot be reduced. */
export class ReductionError extends Error {
  override readonly name = "Projected.ReductionError";
}
