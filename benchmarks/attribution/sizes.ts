// How large the benchmark is: in full, as documents quote it, and small, as tests run it.

import type { DigitSource } from "./data.ts";
import type { FeaturedSize } from "./featured.ts";
import type { MoneySize } from "./money.ts";

/** Everything that makes a run long. */
export type Size = {
  /** Digits of the protocol for networks. */
  readonly source: DigitSource;
  readonly halves: number;
  /** Epochs of a perceptron that is retrained. */
  readonly epochs: number;
  readonly logisticNetworks: number;
  /** Members of ensembles, rising; the last is the one that counts. */
  readonly ensembles: readonly number[];
  readonly featured: FeaturedSize;
  readonly head: { readonly train: number; readonly test: number };
  readonly money: MoneySize;
  readonly mislabelled: DigitSource;
  readonly mislabelledMembers: number;
  /** Members of the ensembles with which other choices are tried. */
  readonly triedMembers: number;
};

/** The published protocol: 5,000 digits to train with, 500 to ask, 50 halves. */
export const FULL: Size = {
  source: { train: 5_000, test: 500 },
  halves: 50,
  epochs: 50,
  logisticNetworks: 2,
  ensembles: [1, 10, 50],
  featured: { train: 5_000, test: 2_000, publicFrom: 20_000, publicCount: 40_000, steps: 1_000 },
  head: { train: 5_000, test: 500 },
  money: { train: 5_000, queries: 1_000, cheats: 16, fewest: 15 },
  mislabelled: { train: 1_000, test: 1 },
  mislabelledMembers: 20,
  triedMembers: 3,
};

/** Seconds in all. */
export const SMALL: Size = {
  source: { train: 200, test: 20 },
  halves: 6,
  epochs: 3,
  logisticNetworks: 1,
  ensembles: [1, 2],
  featured: { train: 400, test: 100, publicFrom: 20_000, publicCount: 600, steps: 60 },
  head: { train: 400, test: 40 },
  money: { train: 400, queries: 60, cheats: 2, fewest: 5 },
  mislabelled: { train: 100, test: 1 },
  mislabelledMembers: 2,
  triedMembers: 1,
};
