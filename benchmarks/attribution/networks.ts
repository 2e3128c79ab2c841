// Networks that are trained whole, by the published protocol (Deng et al., dattri, 2024): logistic regression
// and a perceptron 784-128-64-10 on the first 5,000 digits, each trained again on random halves, once a half,
// each time from another start. The recipes are dattri's: its dattri_retrain script and training functions.
//
// Our members are other networks, on other halves, than those that are foretold. Ridge, damping, ranks and
// epochs were chosen on halves and networks of another seed.

import type { Pool } from "../../pipeline/index.ts";
import { loadDigits, normalised } from "./data.ts";
import { ceiling, type Estimate, lds, predictions, type Table } from "./lds.ts";
import { logisticInfluences } from "./logistic.ts";
import { openTrainer, type Recipe, type Weights } from "./sgd.ts";
import { halfOf, type MemberResult, type MemberTask, type OutputsTask, type Source } from "./worker.ts";

/** Logistic regression as dattri trains it. */
export const LOGISTIC: Recipe = {
  sizes: [784, 10],
  rate: 0.01,
  momentum: 0,
  dropout: 0,
  batch: 32,
  epochs: 20,
};

/** The perceptron as dattri trains it. */
export const PERCEPTRON: Recipe = {
  sizes: [784, 128, 64, 10],
  rate: 0.01,
  momentum: 0.9,
  dropout: 0.1,
  batch: 64,
  epochs: 50,
};

/** Of an ensemble's members: they need no more epochs than the last that is looked at. */
export const MEMBER = {
  epochs: [5, 10],
  ranks: [
    [32, 32],
    [16, 16],
    [32, 10],
  ] as readonly (readonly [number, number])[],
  ridge: 0.2,
} as const;

/** Damping of logistic regression's Hessian. */
export const DAMPING = 0.08;

/** What one network's retraining gave, twice over for the ceiling. */
export type Retrained = {
  readonly halves: readonly Int32Array[];
  readonly first: Table;
  readonly second: Table;
};

/** Trains on each of `count` halves, twice, from different starts. */
export async function retrain(
  pool: Pool,
  source: Source,
  recipe: Recipe,
  count: number,
  seed: string,
): Promise<Retrained> {
  const halves = Array.from({ length: count }, (_, i) => halfOf(source.train, `${seed}/half/${i}`));
  const run = (which: number): Promise<Float32Array[]> =>
    inParts(halves, 5, (part, from) => {
      const runs = part.map((rows, i) => ({
        rows,
        seed: `${seed}/${recipe.sizes.length}/${from + i}/${which}`,
      }));
      return pool.run<Float32Array[]>("trainOutputs", { source, recipe, runs } satisfies OutputsTask);
    });
  const [first, second] = await Promise.all([run(0), run(1)]);
  return { halves, first, second };
}

/** The score of influences, and what the best could reach. */
export type NetworkScore = {
  readonly score: Estimate;
  readonly ceiling: Estimate;
  readonly residual: number;
};

/**
 * Logistic regression: influence with the exact Hessian, at a few networks trained on everything for as many
 * steps as a half is trained for, because training stops early and what is foretold stopped as early.
 */
export async function scoreLogistic(
  source: Source,
  { halves, first, second }: Retrained,
  networks: number,
  seed: string,
  epochs = LOGISTIC.epochs / 2,
): Promise<NetworkScore> {
  const digits = loadDigits(source);
  const [train, test] = [normalised(digits.train), normalised(digits.test)];
  const n = train.labels.length;
  const q = test.labels.length;
  const trainer = await openTrainer(n, n, { ...LOGISTIC, epochs });
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const sum = new Float32Array(n * q);
  let residual = 0;
  for (let i = 0; i < networks; i++) {
    const weights = (await trainer.train(train, all, `${seed}/logistic/${i}`)).at(-1) as Weights;
    const found = await logisticInfluences(weights, train, test, DAMPING);
    for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + (found.values[at] as number);
    residual = Math.max(residual, found.residual);
  }
  await trainer.close();
  return {
    score: lds(predictions(halves, sum, q), first, `${seed}/logistic`),
    ceiling: ceilingOf({ halves, first, second }, seed),
    residual,
  };
}

/** What may differ from {@link MEMBER}. */
export type MemberOptions = Partial<Pick<MemberTask, "epochs" | "ranks" | "ridge" | "projection">> & {
  /** Leave out the samples' doubts. */
  readonly withoutDoubts?: boolean;
};

/** What the best influences could reach on these halves. */
export function ceilingOf({ first, second }: Retrained, seed: string): Estimate {
  return ceiling(first, second, `${seed}/ceiling`);
}

/** The perceptron: one score a size of ensemble, the largest last. */
export async function scorePerceptron(
  pool: Pool,
  source: Source,
  { halves, first }: Retrained,
  ensembles: readonly number[],
  seed: string,
  recipe = PERCEPTRON,
  options: MemberOptions = {},
): Promise<{ readonly members: number; readonly networks: Estimate; readonly residual: number }[]> {
  const q = source.test;
  const sum = new Float32Array(source.train * q);
  const doubts = new Float32Array(source.train);
  let residual = 0;
  const { withoutDoubts = false, ...chosen } = options;
  const task = { ...MEMBER, ...chosen };
  const out: { members: number; networks: Estimate; residual: number }[] = [];
  const most = Math.max(...ensembles);
  const add = (member: MemberResult): void => {
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (member.influences[i] as number);
    for (let i = 0; i < doubts.length; i++) doubts[i] = (doubts[i] as number) + (member.doubts[i] as number);
    residual = Math.max(residual, member.residual);
  };
  let next = Promise.resolve();
  await Promise.all(
    Array.from({ length: most }, async (_, i) => {
      const rows = halfOf(source.train, `${seed}/member/${i}`);
      const short = { ...recipe, epochs: Math.max(...task.epochs) };
      const result = pool.run<MemberResult>("member", {
        source,
        recipe: short,
        rows,
        seed: `${seed}/member/${i}`,
        ...task,
      } satisfies MemberTask);
      // Members are added in order, so that the sum does not depend on which thread was faster.
      const before = next;
      next = Promise.all([before, result]).then(([, member]) => {
        add(member);
        if (!ensembles.includes(i + 1)) return;
        const networks = lds(
          predictions(halves, sum, q, withoutDoubts ? undefined : doubts),
          first,
          `${seed}/perceptron`,
        );
        out.push({ members: i + 1, networks, residual });
      });
      await next;
    }),
  );
  return out;
}

/** Runs parts of a list and puts their results together in order. */
async function inParts<T, R>(
  items: readonly T[],
  size: number,
  run: (part: readonly T[], from: number) => Promise<R[]>,
): Promise<R[]> {
  const parts: Promise<R[]>[] = [];
  for (let from = 0; from < items.length; from += size) parts.push(run(items.slice(from, from + size), from));
  return (await Promise.all(parts)).flat();
}
