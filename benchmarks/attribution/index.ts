// `npm run bench -- attribution [--full]`: is the attribution right, and is the money?
//
//   lds.*       foretelling what retraining on halves of the data does (lds.ts, head.ts, networks.ts)
//   auc.*       finding wrong labels (mislabelled.ts)
//   paid.*      what cheating earns (money.ts)
//   accuracy.*  how well the models read (accuracy.ts)
//
// One seed, one command. Peers' published figures (peers.json) are printed beside ours, never measured here.

import { availableParallelism } from "node:os";
import process from "node:process";
import { openPool, type Pool } from "../../pipeline/index.ts";
import type { Figure, Report } from "../types.ts";
import { accuracies } from "./accuracy.ts";
import { featuredDigits } from "./featured.ts";
import { scoreHead } from "./head.ts";
import type { Estimate } from "./lds.ts";
import { mislabelledLogistic, mislabelledPerceptron } from "./mislabelled.ts";
import { playFrauds } from "./money.ts";
import { ceilingOf, LOGISTIC, PERCEPTRON, retrain, scoreLogistic, scorePerceptron } from "./networks.ts";
import { peersSection } from "./peers.ts";
import { FULL, type Size, SMALL } from "./sizes.ts";
import { triedSection, tryOthers } from "./tried.ts";

const SEED = "attribution";
const LDS = "mean rank correlation";

/** Runs the benchmark. */
export async function runAttribution({ full }: { readonly full: boolean }): Promise<Report> {
  const size = full ? FULL : SMALL;
  const log = progress(full);
  const pool = openPool(new URL("./worker.ts", import.meta.url), Math.min(2, availableParallelism()));
  try {
    const head = await headAndMoney(size, log);
    const networks = await networkScores(pool, size, log);
    const wrong = await wrongLabels(pool, size, log);
    log("accuracies");
    const figures = [...networks.figures, ...wrong, ...head, ...(await accuracies({ full }))];
    log("what else was tried");
    const tried = await tryOthers(pool, size, networks, SEED);
    const first = [...figures, ...tried.figures];
    return { figures: ordered(first), notes: [peersSection(first), triedSection(tried)].join("\n\n") };
  } finally {
    await pool.close();
  }
}

async function headAndMoney(size: Size, log: (what: string) => void): Promise<Figure[]> {
  log("backbone and features");
  const featured = await featuredDigits(size.featured);
  try {
    log("the ridge head");
    const head = await scoreHead(featured, size.head, size.halves, SEED);
    log("frauds");
    const money = await playFrauds(featured, size.money, SEED);
    const { mislabelled: lies, ratios } = money;
    const share = (name: string, value: number): Figure => ({ name, value, unit: "share of the pool" });
    return [
      estimate("lds.contributor.head", head.contributor, LDS),
      estimate("lds.sample.head", head.sample, LDS),
      { name: "lds.contributors", value: head.contributors, unit: "writers" },
      share("paid.mislabel.share", lies.share),
      share("paid.mislabel.share_if_honest", lies.honest),
      share("paid.mislabel.share_per_query", lies.perQuery),
      share("paid.mislabel.share_per_query_if_honest", lies.honestPerQuery),
      ...Object.entries(ratios).map(([name, ratio]) =>
        estimate(`paid.${name}.ratio`, ratio, "of an honest share"),
      ),
      { name: "duplicates.refused_honest.share", value: money.refused, unit: "share of honest samples" },
    ];
  } finally {
    await featured.close();
  }
}

async function networkScores(pool: Pool, size: Size, log: (what: string) => void) {
  const { source, halves } = size;
  log("retraining logistic regression");
  const logistic = await retrain(pool, source, LOGISTIC, halves, SEED);
  log("influence of logistic regression");
  const lr = await scoreLogistic(source, logistic, size.logisticNetworks, SEED);
  log("retraining perceptrons");
  const recipe = { ...PERCEPTRON, epochs: size.epochs };
  const perceptron = await retrain(pool, source, recipe, halves, SEED);
  log("an ensemble of perceptrons");
  const scores = await scorePerceptron(pool, source, perceptron, size.ensembles, SEED, recipe);
  const best = scores.at(-1);
  if (best === undefined) throw new AttributionSizeError();
  const figures: Figure[] = [
    estimate("lds.sample.lr", lr.score, LDS),
    estimate("lds.ceiling.lr", lr.ceiling, LDS),
    estimate("lds.sample.mlp", best.networks, LDS),
    ...scores.slice(0, -1).map((some) => estimate(`lds.sample.mlp_${some.members}`, some.networks, LDS)),
    estimate("lds.ceiling.mlp", ceilingOf(perceptron, SEED), LDS),
    { name: "lds.mlp.members", value: best.members, unit: "networks" },
    { name: "lds.halves", value: halves, unit: "halves" },
  ];
  return { figures, logistic, perceptron };
}

async function wrongLabels(pool: Pool, size: Size, log: (what: string) => void): Promise<Figure[]> {
  log("wrong labels");
  return [
    estimate("auc.mislabel.lr", await mislabelledLogistic(size.mislabelled, SEED), "area under the curve"),
    estimate(
      "auc.mislabel.mlp",
      await mislabelledPerceptron(pool, size.mislabelled, size.mislabelledMembers, SEED),
      "area under the curve",
    ),
  ];
}

function estimate(name: string, { value, interval }: Estimate, unit: string): Figure {
  return { name, value, unit, interval };
}

/** By the first part of the name, in the order in which those first appear. */
function ordered(figures: readonly Figure[]): Figure[] {
  const kind = (figure: Figure): string => figure.name.split(".")[0] as string;
  const kinds = [...new Set(figures.map(kind))];
  return kinds.flatMap((one) => figures.filter((figure) => kind(figure) === one));
}

function progress(full: boolean): (what: string) => void {
  const start = performance.now();
  return (what) => {
    if (full) process.stderr.write(`${Math.round((performance.now() - start) / 1000)} s: ${what}\n`);
  };
}

/** A size without any ensemble. */
export class AttributionSizeError extends Error {
  override readonly name = "Attribution.Size";
  constructor() {
    super("No ensemble was asked for: give sizes.ts at least one.");
  }
}
