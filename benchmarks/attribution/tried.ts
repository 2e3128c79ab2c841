// What was tried on the way, good or bad, measured again in the same run, so that no choice rests on memory:
// the perceptron's influences with one thing changed at a time, from ensembles that are small and all alike.

import type { Pool } from "../../pipeline/index.ts";
import { formatValue } from "../table.ts";
import type { Figure } from "../types.ts";
import {
  LOGISTIC,
  type MemberOptions,
  PERCEPTRON,
  type Retrained,
  scoreLogistic,
  scorePerceptron,
} from "./networks.ts";
import type { Size } from "./sizes.ts";

/** Figures `tried.*` with what they mean. */
export type Tried = {
  readonly members: number;
  readonly rows: readonly { readonly figure: Figure; readonly about: string }[];
  readonly figures: readonly Figure[];
};

type Choice = { readonly name: string; readonly about: string; readonly options: MemberOptions };

/** One change each. Ranks are `[inputs, outputs]` of each layer. */
const CHOICES: readonly Choice[] = [
  { name: "as_chosen", about: "as in `lds.sample.mlp`, with fewer members", options: {} },
  {
    name: "principal",
    about: "principal directions in place of random signs",
    options: { projection: "principal" },
  },
  {
    name: "small_ranks",
    about: "a quarter of the first layer's features, half of the last's",
    options: {
      ranks: [
        [16, 16],
        [16, 16],
        [16, 10],
      ],
    },
  },
  {
    name: "last_layer",
    about: "the last layer alone in full, next to nothing of the others",
    options: {
      ranks: [
        [2, 2],
        [2, 2],
        [65, 10],
      ],
    },
  },
  { name: "after_training", about: "the network after its last epoch alone", options: { epochs: [50] } },
  { name: "after_10", about: "the network after epoch 10 alone", options: { epochs: [10] } },
  { name: "small_ridge", about: "a twentieth of the ridge", options: { ridge: 0.01 } },
  { name: "large_ridge", about: "ten times the ridge", options: { ridge: 2 } },
  { name: "without_doubts", about: "influences not multiplied by doubts", options: { withoutDoubts: true } },
];

/** How long logistic regression's network is trained, as a part of the published recipe's epochs. */
const LENGTHS = [
  ["lr_as_chosen", 1 / 2, "logistic regression: one network, trained for as many steps as each half"],
  ["lr_all_epochs", 1, "logistic regression: one network, trained for twice as many steps"],
] as const;

/** Measures every choice. */
export async function tryOthers(
  pool: Pool,
  size: Size,
  { logistic, perceptron }: { readonly logistic: Retrained; readonly perceptron: Retrained },
  seed: string,
): Promise<Tried> {
  const rows: { figure: Figure; about: string }[] = [];
  const unit = "mean rank correlation";
  for (const [name, part, about] of LENGTHS) {
    const epochs = LOGISTIC.epochs * part;
    const { score } = await scoreLogistic(size.source, logistic, 1, `${seed}/tried`, epochs);
    rows.push({ figure: { name: `tried.${name}`, unit, ...score }, about });
  }
  for (const { name, about, options } of CHOICES) {
    const epochs = options.epochs?.map((epoch) => Math.min(epoch, size.epochs));
    const changed = epochs ? { ...options, epochs } : options;
    const recipe = { ...PERCEPTRON, epochs: size.epochs };
    const [score] = await scorePerceptron(
      pool,
      size.source,
      perceptron,
      [size.triedMembers],
      `${seed}/tried`,
      recipe,
      changed,
    );
    if (!score) throw new TriedNothingError(name);
    const { value, interval } = score.networks;
    rows.push({ figure: { name: `tried.${name}`, value, unit, interval }, about });
  }
  return { members: size.triedMembers, rows, figures: rows.map(({ figure }) => figure) };
}

/** A section of the page, best first. */
export function triedSection({ members, rows }: Tried): string {
  const sorted = [...rows].sort((a, b) => b.figure.value - a.figure.value);
  return [
    "## What was tried",
    "",
    `The perceptron's score with one thing changed, from ${members} members each, and logistic regression's:`,
    "",
    "| figure | score | what |",
    "| --- | ---: | --- |",
    ...sorted.map(({ figure, about }) => `| \`${figure.name}\` | ${formatValue(figure.value)} | ${about} |`),
  ].join("\n");
}

/** A choice that was not measured. */
export class TriedNothingError extends Error {
  override readonly name = "Attribution.TriedNothing";
  constructor(name: string) {
    super(`${name} was tried with no member: give sizes.ts at least one.`);
  }
}
