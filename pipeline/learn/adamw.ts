/**
 * AdamW (Loshchilov and Hutter, 2019), as nodes:
 *
 *   m ← β₁ m + g          v ← β₂ v + g²                           (sums, not yet averages)
 *   p ← (1 − η λ) p − α m / (√v + ε′)
 *
 * With `α = η (1 − β₁) / (1 − β₁ᵗ) · r`, `ε′ = ε r` and `r = √((1 − β₂ᵗ) / (1 − β₂))` this is the published
 * rule: the factors of the averages move into three numbers a step, which saves two passes over every
 * parameter. Those numbers are computed in float64 outside the graph and fed with the batch.
 */
import type { Tape, Value } from "./tape.ts";

/** Settings of the optimizer. The learning rate η is given per step. */
export type AdamW = {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** λ, for parameters that decay. Default 0. */
  readonly decay?: number;
};

/** Numbers that a step's {@link rates} hold: `1 − ηλ`, `α`, `ε′`. */
export const RATES = 3;

/** The numbers of step `step` (from 1) at learning rate `rate`. */
export function rates(step: number, rate: number, options: AdamW): [number, number, number] {
  const { beta1, beta2, epsilon, decay } = filled(options);
  const r = Math.sqrt((1 - beta2 ** step) / (1 - beta2));
  const alpha = ((rate * (1 - beta1)) / (1 - beta1 ** step)) * r;
  return [1 - rate * decay, alpha, epsilon * r];
}

/** What one parameter becomes: its new value and its two new sums. */
export function update(
  t: Tape,
  state: { readonly value: Value; readonly m: Value; readonly v: Value },
  gradient: Value,
  step: { readonly keep: Value; readonly alpha: Value; readonly epsilon: Value },
  options: AdamW & { readonly decays: boolean },
): { readonly value: Value; readonly m: Value; readonly v: Value } {
  const { beta1, beta2, decay } = filled(options);
  const { dims } = state.value;
  const op = (name: string, a: Value, b: Value): Value => t.node(name, [a, b], dims);
  const m = op("Add", op("Mul", state.m, t.scalar(beta1)), gradient);
  const v = op("Add", op("Mul", state.v, t.scalar(beta2)), op("Mul", gradient, gradient));
  const root = op("Add", t.node("Sqrt", [v], dims), step.epsilon);
  const move = op("Mul", op("Div", m, root), step.alpha);
  const kept = options.decays && decay > 0 ? op("Mul", state.value, step.keep) : state.value;
  return { value: op("Sub", kept, move), m, v };
}

/** A learning rate that rises for `warmup` steps and then falls along a cosine to zero. */
export function cosineRate(
  peak: number,
  steps: number,
  warmup = Math.min(steps >> 3, 100),
): (step: number) => number {
  return (step) =>
    step < warmup
      ? (peak * (step + 1)) / warmup
      : (peak * (1 + Math.cos((Math.PI * (step - warmup)) / Math.max(1, steps - warmup)))) / 2;
}

function filled({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0 }: AdamW): Required<AdamW> {
  return { beta1, beta2, epsilon, decay };
}
