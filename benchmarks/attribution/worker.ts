// One thread's part of the work: networks trained, their outputs on the test digits, and their share of an
// ensemble's influences. Sessions and digits are kept from task to task; a task is plain data, so that the
// same task gives the same result in any thread.

import {
  type InfluenceEngine,
  layerMoments,
  measureSteps,
  openInfluence,
  openProjector,
  type Projector,
  principalProjections,
  quantiseFeatures,
  randomProjections,
  ranksOf,
  seededRandom,
} from "../../pipeline/index.ts";
import { type DigitSource, loadDigits, normalised } from "./data.ts";
import { type Outputs, openOutputs } from "./outputs.ts";
import { openTrainer, type Recipe, type Samples, type Trainer, type Weights } from "./sgd.ts";

/** Which digits; `flips` names rows and their wrong labels. */
export type Source = DigitSource & { readonly flips?: readonly (readonly [number, number])[] };

/** Networks to train, and what for. */
export type OutputsTask = {
  readonly source: Source;
  readonly recipe: Recipe;
  readonly runs: readonly { readonly rows: Int32Array; readonly seed: string }[];
};

/** A member of an ensemble: one network, at some of its epochs. */
export type MemberTask = {
  readonly source: Source;
  readonly recipe: Recipe;
  readonly rows: Int32Array;
  readonly seed: string;
  readonly epochs: readonly number[];
  readonly ranks: readonly (readonly [number, number])[];
  readonly ridge: number;
  /** How gradients are projected, `"random"` by default. */
  readonly projection?: "random" | "principal";
  /** Influences on the training digits themselves instead of the test digits. */
  readonly self?: boolean;
};

/** Sums over a member's checkpoints: influences `train × test`, doubts of the training digits. */
export type MemberResult = {
  readonly influences: Float32Array;
  readonly doubts: Float32Array;
  readonly checkpoints: number;
  readonly residual: number;
};

type Digits = { readonly train: Samples; readonly test: Samples };

const digits = new Map<string, Digits>();
const trainers = new Map<string, Promise<Trainer>>();
const projectors = new Map<string, Promise<Projector>>();
const engines = new Map<number, Promise<InfluenceEngine>>();
const outputs = new Map<string, Promise<Outputs>>();

/** The log-odds of the right class of each test digit, one list a run. */
export async function trainOutputs(task: OutputsTask): Promise<Float32Array[]> {
  const { train, test } = digitsOf(task.source);
  const out: Float32Array[] = [];
  for (const { rows, seed } of task.runs) {
    const trainer = await trainerFor(task.source, task.recipe, rows.length);
    const weights = (await trainer.train(train, rows, seed)).at(-1) as Weights;
    const key = JSON.stringify(task.recipe.sizes);
    const engine = await kept(outputs, key, () => openOutputs(task.recipe.sizes));
    out.push(await engine.logOdds(weights, test));
  }
  return out;
}

/** Trains a member and adds up its checkpoints' influences and doubts. */
export async function member(task: MemberTask): Promise<MemberResult> {
  const { source, recipe, rows, seed, epochs, ridge } = task;
  const { train, test } = digitsOf(source);
  const queries = task.self ? train : test;
  const trainer = await trainerFor(source, recipe, rows.length);
  const checkpoints = await trainer.train(train, rows, seed, epochs);
  const ranks = ranksOf(recipe.sizes, task.ranks);
  const widths = ranks.map(([inputs, outs]) => inputs * outs);
  const projector = await kept(projectors, JSON.stringify([recipe.sizes, ranks]), () =>
    openProjector(recipe.sizes, ranks),
  );
  const engine = await kept(engines, projector.width, () => openInfluence(projector.width));
  const influences = new Float32Array(train.labels.length * (task.self ? 1 : queries.labels.length));
  const doubts = new Float32Array(train.labels.length);
  let residual = 0;
  for (const [at, weights] of checkpoints.entries()) {
    const projections =
      task.projection === "principal"
        ? principalProjections(
            recipe.sizes,
            ranks,
            await layerMoments(recipe.sizes, weights, train.x, train.labels),
          )
        : randomProjections(recipe.sizes, ranks, `${seed}/${at}`);
    const own = await projector.features(weights, projections, train.x, train.labels);
    const theirs = task.self
      ? own
      : await projector.features(weights, projections, queries.x, queries.labels);
    const steps = measureSteps(own.values, widths);
    const h = quantiseFeatures(own.values, steps);
    const found = await engine.influences(h, task.self ? h : quantiseFeatures(theirs.values, steps), ridge);
    residual = Math.max(residual, found.residual);
    add(influences, task.self ? diagonal(found.values, train.labels.length) : found.values);
    add(doubts, own.doubts);
  }
  return { influences, doubts, checkpoints: checkpoints.length, residual };
}

function digitsOf(source: Source): Digits {
  const key = JSON.stringify(source);
  const known = digits.get(key);
  if (known) return known;
  const loaded = loadDigits(source);
  const train = normalised(loaded.train);
  for (const [row, label] of source.flips ?? []) train.labels[row] = label;
  const made = { train, test: normalised(loaded.test) };
  digits.set(key, made);
  return made;
}

function trainerFor(source: Source, recipe: Recipe, count: number): Promise<Trainer> {
  return kept(trainers, JSON.stringify([source.train, recipe, count]), () =>
    openTrainer(source.train, count, recipe),
  );
}

async function kept<K, V>(map: Map<K, Promise<V>>, key: K, open: () => Promise<V>): Promise<V> {
  const known = map.get(key) ?? open();
  map.set(key, known);
  return known;
}

function add(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (part[i] as number);
}

function diagonal(values: Float32Array, n: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => values[i * n + i] as number);
}

/** Half of the rows, drawn at random, rising. */
export function halfOf(count: number, seed: string): Int32Array {
  const all = Array.from({ length: count }, (_, i) => i);
  return Int32Array.from(
    seededRandom(seed)
      .shuffle(all)
      .slice(0, Math.floor(count / 2)),
  ).sort();
}
