/**
 * The demo's cast: who holds which of the 10,000 digits.
 *
 *   1,024 contributed, by twelve people of very unequal size, two of whom label at random
 *   2,000 to test with, 45 to pay for
 *   the rest public: the backbone may learn from those, and nobody is paid for them
 *
 * One seeded shuffle deals all of them, so the parts never overlap. A mislabeller's labels are drawn
 * uniformly and independently of the digit, which leaves about one in ten right by chance; which two do so
 * was fixed before anything was measured, and nothing downstream is told.
 */
import { seededRandom } from "../random.ts";
import type { Sample } from "./corpus.ts";
import { loadMnistPackage } from "./mnist.ts";

/** One of the demo's contributors. `labelsAtRandom` is for the report: no computation reads it. */
export type DemoContributor = {
  readonly name: string;
  readonly count: number;
  readonly labelsAtRandom: boolean;
};

/** The demo's parts. Samples of `contributed` carry their contributor, and the label that it gave. */
export type DemoSplit = {
  readonly contributors: readonly DemoContributor[];
  readonly contributed: readonly Sample[];
  readonly test: readonly Sample[];
  readonly queries: readonly Sample[];
  readonly publicSamples: readonly Sample[];
  readonly shape: readonly number[];
  readonly classes: number;
};

/** Twelve contributors, 1,024 digits; the two who label at random hold 86 of them (8.4 %). */
export const DEMO_CONTRIBUTORS: readonly DemoContributor[] = [
  { name: "Amara", count: 260, labelsAtRandom: false },
  { name: "Bruno", count: 190, labelsAtRandom: false },
  { name: "Chiyo", count: 140, labelsAtRandom: false },
  { name: "Dmitri", count: 104, labelsAtRandom: false },
  { name: "Esther", count: 80, labelsAtRandom: false },
  { name: "Farid", count: 64, labelsAtRandom: false },
  { name: "Greta", count: 52, labelsAtRandom: true },
  { name: "Hiro", count: 40, labelsAtRandom: false },
  { name: "Ines", count: 34, labelsAtRandom: true },
  { name: "Jonas", count: 28, labelsAtRandom: false },
  { name: "Kaya", count: 20, labelsAtRandom: false },
  { name: "Leila", count: 12, labelsAtRandom: false },
];

/** Digits held back to measure accuracy with. */
export const DEMO_TEST_COUNT = 2000;
/** Paid queries: one inference proof's worth at the default profile. */
export const DEMO_QUERY_COUNT = 45;

/**
 * Deals the digits of the `mnist` package.
 *
 * @example
 * ```ts
 * const { contributed, publicSamples } = demoSplit("quittance/demo");
 * ```
 */
export function demoSplit(seed: string | number): DemoSplit {
  const corpus = loadMnistPackage();
  const random = seededRandom(`split/${seed}`);
  const dealt = random.shuffle(corpus.samples);
  let next = 0;
  const take = (count: number): Sample[] => {
    next += count;
    return dealt.slice(next - count, next);
  };

  const contributed = DEMO_CONTRIBUTORS.flatMap(({ name, count, labelsAtRandom }) =>
    take(count).map((sample): Sample => {
      const label = labelsAtRandom ? random.below(corpus.classes) : sample.label;
      return { ...sample, label, contributor: name };
    }),
  );
  const test = take(DEMO_TEST_COUNT);
  const queries = take(DEMO_QUERY_COUNT);
  const { shape, classes } = corpus;
  return {
    contributors: DEMO_CONTRIBUTORS,
    contributed,
    test,
    queries,
    publicSamples: dealt.slice(next),
    shape,
    classes,
  };
}

/** Digits as a file of questions (JSONL), for whoever wants to ask the demonstration's model more. */
export function questionsFile(samples: readonly Sample[]): string {
  const lines = samples.map(({ id, label, content }) =>
    JSON.stringify({ id, label, base64: Buffer.from(content).toString("base64") }),
  );
  return `${lines.join("\n")}\n`;
}
