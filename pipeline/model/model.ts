/**
 * Training, whole: labelled features in, the integers that everything after uses out.
 *
 * Everything returned is exact, and `Σ_c G_c = λW + R_W` holds to the last bit: it is checked here once more,
 * because a commitment to a wrong gradient could not be taken back.
 */
import type { Profile } from "../../prover/index.ts";
import type { SessionOptions } from "../engine/ort.ts";
import { gradients } from "./gradients.ts";
import { DEFAULT_LAMBDA, fitHead } from "./head.ts";
import { RangeExceededError, upperTriangle } from "./matrices.ts";
import { type LabelledFeatures, type Moments, moments, sumMoments } from "./moments.ts";

export { accuracyOf, answer, answers } from "./answers.ts";

/** A trained model, in integers. Matrices are row-major; `a` is the upper triangle. */
export type Model = {
  readonly w: readonly bigint[];
  readonly a: readonly bigint[];
  readonly b: readonly bigint[];
  /** `G_c`, `d × m` each, in the order of the contributors' indices. */
  readonly gradients: readonly (readonly bigint[])[];
  /** `R_W = Σ_c G_c − λW`. */
  readonly residual: readonly bigint[];
  readonly lambda: number;
  readonly samples: number;
};

/**
 * Fits a model.
 *
 * @example
 * ```ts
 * const { w, gradients } = await fitModel({ features, labels, contributors, count: 12, profile });
 * ```
 * @throws RangeExceededError, LambdaError, MomentsInputError, SystemSingularError
 */
export async function fitModel(
  input: LabelledFeatures & {
    readonly profile: Profile;
    readonly lambda?: number;
    readonly session?: SessionOptions;
  },
): Promise<Model & { readonly parts: readonly Moments[] }> {
  const { profile, lambda = DEFAULT_LAMBDA, session = {} } = input;
  checkCount(input.labels.length, profile);
  const parts = await moments(input, profile, session);
  return { ...(await fitMoments({ parts, lambda, profile, session })), parts };
}

/**
 * Fits a model from what is known of each contributor's samples: no sample is looked at again. Leaving a
 * contributor out is leaving its moments out of the sum, so forgetting is exact.
 *
 * @throws RangeExceededError, LambdaError, SystemSingularError, GradientBalanceError
 */
export async function fitMoments(input: {
  readonly parts: readonly Moments[];
  readonly lambda: number;
  readonly profile: Profile;
  readonly session?: SessionOptions;
}): Promise<Model> {
  const { parts, lambda, profile, session = {} } = input;
  const total = sumMoments(parts, profile);
  checkCount(total.samples, profile);
  const a = upperTriangle(total.a, profile.d);
  const b = Array.from(total.b, BigInt);
  const { w, residual } = fitHead({ a, b, lambda, profile });
  const perContributor = await gradients(parts, w, profile, session);
  residual.forEach((left, at) => {
    const sum = perContributor.reduce((total, g) => total + (g[at] as bigint), 0n);
    if (sum !== BigInt(lambda) * (w[at] as bigint) + left) {
      throw new GradientBalanceError(
        `The gradients do not balance at entry ${at}: this ONNX Runtime does not compute int64 exactly. Reinstall it.`,
      );
    }
  });
  return { w, a, b, gradients: perContributor, residual, lambda, samples: total.samples };
}

function checkCount(samples: number, profile: Profile): void {
  if (samples <= profile.maxSamples) return;
  throw new RangeExceededError(
    `${samples} samples and the profile allows ${profile.maxSamples}: take fewer.`,
  );
}

/** Gradients that do not add up to `λW + R_W`. */
export class GradientBalanceError extends Error {
  override readonly name = "Model.GradientBalanceError";
}
