/**
 * The whole on real digits: the demonstration's split, and a slice of mnist-writers with its writers as
 * contributors.
 *
 * Accuracy on the 2,000 test digits must be at least 0.95.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { type Backbone, openBackbone } from "../../../pipeline/backbone/backbone.ts";
import type { Sample } from "../../../pipeline/corpus/corpus.ts";
import { demoSplit } from "../../../pipeline/corpus/demo.ts";
import { loadCorpus } from "../../../pipeline/corpus/folder.ts";
import { adjoint } from "../../../pipeline/influence/adjoint.ts";
import { payoutsFloat64 } from "../../../pipeline/influence/float64.ts";
import { shareDistance, shares } from "../../../pipeline/influence/payouts.ts";
import { queriesMatrix } from "../../../pipeline/influence/queries.ts";
import { scores, weights } from "../../../pipeline/influence/scores.ts";
import { accuracyOf, answers, fitModel } from "../../../pipeline/model/model.ts";
import { referenceGradient } from "../../../pipeline/model/reference.ts";
import { STANDARD_SEED, standardBackbone } from "../../../pipeline/standard-backbone.ts";
import { loadProfile } from "../../../prover/index.ts";
import { dataFolder } from "../corpus/data.ts";
import { samplesOf } from "./cases.ts";

const profile = loadProfile("default");
const split = demoSplit(STANDARD_SEED);
let backbone: Backbone;

beforeAll(async () => {
  backbone = await openBackbone(await standardBackbone(profile.d));
  return () => backbone.close();
});

const featuresOf = (samples: readonly Sample[]) => backbone.features(samples.map(({ content }) => content));

async function trained(samples: readonly Sample[]) {
  const names = [...new Set(samples.map(({ contributor }) => contributor))];
  const input = {
    features: await featuresOf(samples),
    labels: samples.map(({ label }) => label),
    contributors: samples.map(({ contributor }) => names.indexOf(contributor)),
    count: names.length,
  };
  return { names, input, model: await fitModel({ ...input, profile }) };
}

/** Shares of the pool by integers and by float64, for queries of 100 units each. */
async function paid({ input, model }: Awaited<ReturnType<typeof trained>>, queries: readonly Sample[]) {
  const { d, m } = profile;
  const h = await featuresOf(queries);
  const classes = await answers(model.w, h, profile);
  const records = queries.map((_, i) => {
    const features = h.subarray(i * d, (i + 1) * d);
    return { features, klass: classes[i] as number, digest: 0n, salt: 0n, weight: 100 };
  });
  const { y } = adjoint(model.a, model.lambda, queriesMatrix(records, profile), profile);
  const influence = scores(model.gradients, y, profile);
  const float = payoutsFloat64({ ...input, d, m, lambda: model.lambda, queries: records });
  return { influence, integer: shares(weights(influence)), float };
}

describe("the demonstration's digits", () => {
  it("are recognised, and payouts are within 1e-5 of float64 ones", async () => {
    const whole = await trained(split.contributed);
    const test = await featuresOf(split.test);
    const labels = split.test.map(({ label }) => label);
    expect(await accuracyOf(whole.model.w, test, labels, profile)).toBeGreaterThanOrEqual(0.95);
    const { influence, integer, float } = await paid(whole, split.queries);
    expect(influence).toHaveLength(12);
    expect(shareDistance(integer, float)).toBeLessThanOrEqual(1e-5);
  });
});

describe("mnist-writers", () => {
  it("trains with writers as contributors, and their gradients equal the reference", async () => {
    const folder = dataFolder("mnist-writers");
    const corpus = loadCorpus(folder, { limit: 400, classes: 10 });
    const whole = await trained(corpus.samples);
    expect(whole.names.length).toBeGreaterThan(50);
    expect(whole.names.every((name) => /^writer-\d+$/.test(name))).toBe(true);
    for (const c of [0, 1, whole.names.length - 1]) {
      const own = samplesOf(whole.input, c, profile.d);
      const expected = referenceGradient(own, whole.model.w, profile.scaleBits, profile);
      expect(whole.model.gradients[c]).toEqual(expected);
    }
    const unseen = loadCorpus(folder, { part: "test", limit: 500, classes: 10 }).samples;
    const labels = unseen.map(({ label }) => label);
    expect(await accuracyOf(whole.model.w, await featuresOf(unseen), labels, profile)).toBeGreaterThanOrEqual(
      0.85,
    );
    const { integer, float } = await paid(whole, unseen.slice(0, 45));
    // Many writers with a handful of digits each: the noise of rounding W adds up over all of them.
    expect(shareDistance(integer, float)).toBeLessThanOrEqual(1e-5);
  });
});
