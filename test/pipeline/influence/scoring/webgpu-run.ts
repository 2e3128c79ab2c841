// Scores a fixed case on the provider named by the first argument and prints what was found, as JSON; a
// process of its own, because a provider is native code that may end it.
import process from "node:process";
import { featuresInMemory } from "../../../../pipeline/influence/scoring/features.ts";
import { scoringHead } from "../../../../pipeline/influence/scoring/head.ts";
import { scoreQueries } from "../../../../pipeline/influence/scoring/score.ts";
import { fitModel } from "../../../../pipeline/model/model.ts";
import { loadProfile } from "../../../../prover/index.ts";
import { labelledCase, queryRecords } from "../../model/cases.ts";

const profile = loadProfile("default");
const { features, labels } = labelledCase("webgpu", 700, 1, profile.d, profile.m);
const contributors = labels;
const model = await fitModel({
  features,
  labels,
  contributors: Array.from(contributors, () => 0),
  count: 1,
  profile,
});
const records = queryRecords("webgpu", 20, profile);
const queries = {
  features: Int8Array.from(records.flatMap((record) => [...record.features])),
  classes: records.map(({ klass }) => klass),
  fees: records.map(({ weight }) => weight),
};
const samples = featuresInMemory({ d: profile.d, features, labels });
const results = [];
for (const leaveOneOut of [false, true]) {
  const { helped, hurt, totals } = await scoreQueries(scoringHead(model, profile), queries, samples, {
    blockRows: 256,
    leaveOneOut,
    session: { provider: process.argv[2] ?? "cpu" },
  });
  results.push({ helped, hurt, totals: [...totals] });
}
console.log(JSON.stringify(results));
