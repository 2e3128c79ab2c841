// What follows the words of a code: targets, answers, gradients, queries and payouts, against the
// definitions.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adjoint } from "../../../pipeline/influence/adjoint.ts";
import { payoutsFloat64 } from "../../../pipeline/influence/float64.ts";
import { shareDistance, shares } from "../../../pipeline/influence/payouts.ts";
import { QueryError, queriesMatrix } from "../../../pipeline/influence/queries.ts";
import { scores, weights } from "../../../pipeline/influence/scores.ts";
import { answer, answers } from "../../../pipeline/model/answers.ts";
import { fitModel } from "../../../pipeline/model/model.ts";
import { MomentsInputError, moments } from "../../../pipeline/model/moments.ts";
import { referenceCross, referenceGradient } from "../../../pipeline/model/reference.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { addQueries, type DataRecord, loadProfile, type Profile } from "../../../prover/index.ts";
import { labelledCase, queryRecords, samplesOf, seeds } from "./cases.ts";

const tiny = loadProfile("tiny-codes");
const tickets = loadProfile("tickets32");

/** Labelled features over all the classes that a profile's code has. */
function coded(seed: number | string, n: number, count: number, { d, classes }: Profile) {
  return labelledCase(seed, n, count, d, classes);
}

describe.each([tiny, tickets])("with the code of $name", (profile) => {
  const { d, m, classes, words } = profile;

  it("cross moments and gradients equal sums over samples in BigInt", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const input = coded(seed, 40, 3, profile);
        const parts = await moments(input, profile);
        const model = await fitModel({ ...input, profile, lambda: 2000 });
        parts.forEach((part, c) => {
          const samples = samplesOf(input, c, d);
          expect(Array.from(part.b, BigInt)).toEqual(referenceCross(samples, profile));
          expect(model.gradients[c]).toEqual(referenceGradient(samples, model.w, profile.scaleBits, profile));
        });
      }),
      { numRuns: 5 },
    );
  });

  it("the fast answers are the nearest words, ties to the first class, at the widest weights", async () => {
    for (let seed = 0; seed < 5; seed++) {
      const random = seededRandom(`coded/${seed}`);
      const { features } = coded(seed, 20, 1, profile);
      const top = 2 ** (profile.wBits - 1 - 4 * seed);
      const w = Array.from({ length: d * m }, () => BigInt(random.below(2 * top) - top));
      const fast = await answers(w, features, profile);
      fast.forEach((klass, i) => {
        const one = answer(w, features.subarray(i * d, (i + 1) * d), profile);
        expect(klass).toBe(one.klass);
        // |s − 2^S·word|², the definition.
        const distances = words.map((word) =>
          word.reduce((sum, value, j) => {
            const off = (one.scores[j] as bigint) - (BigInt(value) << BigInt(profile.scaleBits));
            return sum + off * off;
          }, 0n),
        );
        expect(distances.every((other) => (distances[klass] as bigint) <= other)).toBe(true);
      });
    }
    // No features, no scores: padding is answered with class 0.
    expect([...(await answers(new Array(d * m).fill(0n), new Int8Array(d), profile))]).toEqual([0]);
  });

  it("the queries' matrix is the one that statements are made of", () => {
    const records = queryRecords("coded", 9, { ...profile, m: classes });
    const q = queriesMatrix(records, profile);
    expect(q).toEqual(addQueries(new Array<bigint>(d * m).fill(0n), records, profile));
    for (let j = 0; j < d; j++) {
      for (let k = 0; k < m; k++) {
        const sum = records.reduce(
          (total, { features, weight, klass }) =>
            total + weight * (features[j] as number) * (words[klass]?.[k] as number),
          0,
        );
        expect(q[j * m + k]).toBe(BigInt(sum));
      }
    }
    const [record] = records as [DataRecord];
    expect(() => queriesMatrix([{ ...record, klass: classes }], profile)).toThrow(QueryError);
  });

  it("integer payouts are the float64 ones", async () => {
    const input = coded("coded-float", 300, 5, profile);
    const records = queryRecords("coded-float", 12, { ...profile, m: classes });
    const model = await fitModel({ ...input, profile });
    const { y } = adjoint(model.a, model.lambda, queriesMatrix(records, profile), profile);
    const integer = shares(weights(scores(model.gradients, y, profile)));
    const float = payoutsFloat64({ ...input, d, m, words, lambda: model.lambda, queries: records });
    expect(float.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(shareDistance(integer, float)).toBeLessThan(1e-5);
  });

  it("classes beyond the code are refused", async () => {
    const input = { ...coded("beyond", 10, 1, profile), labels: new Array<number>(10).fill(classes) };
    await expect(moments(input, profile)).rejects.toThrow(MomentsInputError);
  });
});

describe("one-hot words", () => {
  it("are the default of the float64 payouts", () => {
    const profile = loadProfile("tiny");
    const { d, m, words } = profile;
    const input = labelledCase("unit", 60, 3, d, m);
    const queries = queryRecords("unit", 5, profile);
    const given = payoutsFloat64({ ...input, d, m, lambda: 1000, queries, words });
    expect(payoutsFloat64({ ...input, d, m, lambda: 1000, queries })).toEqual(given);
  });
});
