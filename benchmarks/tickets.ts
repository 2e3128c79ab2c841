// Accuracy of the text backbone and the ridge head with output codes on BANKING77 (Casanueva and others,
// 2020): 77 intents of online-banking questions.
//
//   train.csv, shuffled by a seed:   the first 2,000 contributed, the other 8,003 public
//   test.csv:                        3,080 questions, asked only here
//
// BANKING77 has no contributors, so they are made up: contributor c of C gets each contributed text with a
// probability in proportion to 1/c. For accuracy they make no difference; who is paid is measured elsewhere.

import { join } from "node:path";
import {
  type Corpus,
  loadCorpus,
  type Sample,
  seededRandom,
  type TextAccuracy,
  type TextAccuracyOptions,
  textAccuracy,
} from "../pipeline/index.ts";

/** BANKING77, dealt. Samples of `contributed` carry a contributor. */
export type TicketSplit = {
  readonly labels: readonly string[];
  readonly contributed: readonly Sample[];
  readonly publicTexts: readonly Sample[];
  readonly test: readonly Sample[];
};

/** How to deal: `limit` keeps so many of the public and of the test texts, for small runs. */
export type SplitOptions = {
  readonly seed?: string;
  readonly contributed?: number;
  readonly contributors?: number;
  readonly limit?: { readonly publicTexts: number; readonly test: number };
};

/** Deals BANKING77 (`train.csv` and `test.csv` in `folder`): the same seed gives the same split. */
export function ticketSplit(folder: string, options: SplitOptions = {}): TicketSplit {
  const { seed = "quittance/tickets", contributed = 2000, contributors = 40, limit } = options;
  const train: Corpus = loadCorpus(join(folder, "train.csv"));
  const labels = train.labels ?? [];
  const test = loadCorpus(join(folder, "test.csv"), { labels });
  const random = seededRandom(seed);
  const order = random.shuffle(train.samples);
  const weights = Array.from({ length: contributors }, (_, c) => 1 / (c + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = (): number => {
    let left = random.uniform() * total;
    for (const [c, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return c;
    }
    return contributors - 1;
  };
  return {
    labels,
    contributed: order
      .slice(0, contributed)
      .map((sample) => ({ ...sample, contributor: `contributor ${drawn() + 1}` })),
    publicTexts: order.slice(contributed, limit && contributed + limit.publicTexts),
    test: random.shuffle(test.samples).slice(0, limit?.test),
  };
}

/**
 * Trains the backbone on the public texts, fits the head on the contributed ones, and asks the test texts.
 *
 * @param folder holds BANKING77's train.csv and test.csv
 * @example (await ticketAccuracy("../shared/data/banking77")).coded.get(32)
 */
export function ticketAccuracy(
  folder: string,
  options: SplitOptions & TextAccuracyOptions = {},
): Promise<TextAccuracy> {
  const { labels, ...split } = ticketSplit(folder, options);
  return textAccuracy({ ...split, classes: labels.length }, options);
}
