// Finding wrong labels: a tenth of the first thousand labels is replaced by wrong ones, networks are trained
// on all of it, and samples are ordered by how much they prop up themselves, their self-influence. The score
// is the area under the ROC curve: the chance that a wrong label ranks above a right one.
//
// For logistic regression that is g_iᵀ (H + μ I)⁻¹ g_i; for the perceptron φ_iᵀ (A + λ I)⁻¹ φ_i · doubt_i
// over an ensemble of halves: a network that has not seen a sample doubts its wrong label most of all.

import { type Pool, seededRandom } from "../../pipeline/index.ts";
import { type DigitSource, loadDigits, normalised } from "./data.ts";
import { areaUnderCurve, bootstrap, type Estimate } from "./lds.ts";
import { logisticInfluences } from "./logistic.ts";
import { DAMPING, LOGISTIC, MEMBER, PERCEPTRON } from "./networks.ts";
import { openTrainer, type Weights } from "./sgd.ts";
import { halfOf, type MemberResult, type MemberTask, type Source } from "./worker.ts";

type Item = { readonly score: number; readonly marked: boolean };

/** A tenth of the labels, replaced by another class each. */
export function flips(digits: DigitSource, seed: string): (readonly [number, number])[] {
  const { train } = loadDigits(digits);
  const random = seededRandom(`flips/${seed}`);
  const rows = random.shuffle(train.map((_, i) => i)).slice(0, Math.floor(train.length / 10));
  return rows.map((row) => [row, ((train[row]?.label as number) + 1 + random.below(9)) % 10] as const);
}

/** Area under the curve for logistic regression. */
export async function mislabelledLogistic(digits: DigitSource, seed: string): Promise<Estimate> {
  const changed = flips(digits, seed);
  const train = normalised(loadDigits(digits).train);
  for (const [row, label] of changed) train.labels[row] = label;
  const n = train.labels.length;
  const recipe = { ...LOGISTIC, batch: 64 };
  const trainer = await openTrainer(n, n, recipe);
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const weights = (await trainer.train(train, all, `${seed}/mislabelled`)).at(-1) as Weights;
  await trainer.close();
  const { values } = await logisticInfluences(weights, train, train, DAMPING);
  return estimate(changed, (i) => values[i * n + i] as number, n, `${seed}/logistic`);
}

/** Area under the curve for the perceptron, with an ensemble of `members`. */
export async function mislabelledPerceptron(
  pool: Pool,
  digits: DigitSource,
  members: number,
  seed: string,
): Promise<Estimate> {
  const changed = flips(digits, seed);
  const source: Source = { ...digits, flips: changed };
  const n = digits.train;
  const results = await Promise.all(
    Array.from({ length: members }, (_, i) =>
      pool.run<MemberResult>("member", {
        source,
        recipe: { ...PERCEPTRON, epochs: 20 },
        rows: halfOf(n, `${seed}/mislabelled/${i}`),
        seed: `${seed}/mislabelled/${i}`,
        ranks: MEMBER.ranks,
        ridge: MEMBER.ridge,
        epochs: [],
        self: true,
      } satisfies MemberTask),
    ),
  );
  const sum = (list: (result: MemberResult) => Float32Array, i: number): number =>
    results.reduce((total, result) => total + (list(result)[i] as number), 0);
  const score = (i: number): number => sum((r) => r.influences, i) * sum((r) => r.doubts, i);
  return estimate(changed, score, n, `${seed}/perceptron`);
}

function estimate(
  changed: readonly (readonly [number, number])[],
  score: (i: number) => number,
  n: number,
  seed: string,
): Estimate {
  const wrong = new Set(changed.map(([row]) => row));
  const items = Array.from({ length: n }, (_, i): Item => ({ score: score(i), marked: wrong.has(i) }));
  return bootstrap(items, areaUnderCurve, seed);
}
