// Fast equals slow, sharded equals whole, blocks do not matter, and totals are the proven weights.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openSession } from "../../../../pipeline/engine/ort.ts";
import { scores, weights } from "../../../../pipeline/influence/scores.ts";
import {
  FeaturesFormatError,
  featuresInMemory,
  openFeatures,
  writeFeatures,
} from "../../../../pipeline/influence/scoring/features.ts";
import { scoringGraph, sortByClass } from "../../../../pipeline/influence/scoring/graph.ts";
import { precondition, ScoringInputError, scoringHead } from "../../../../pipeline/influence/scoring/head.ts";
import {
  blockFeeds,
  type ScoringOptions,
  scoreQueries,
} from "../../../../pipeline/influence/scoring/score.ts";
import { answer, fitModel } from "../../../../pipeline/model/model.ts";
import type { LabelledFeatures } from "../../../../pipeline/model/moments.ts";
import { seededRandom } from "../../../../pipeline/random.ts";
import { type DataRecord, loadProfile } from "../../../../prover/index.ts";
import { labelledCase, queryRecords, seeds } from "../../model/cases.ts";
import { best, fittedCase, slowScores } from "./reference.ts";

const profile = loadProfile("default");
const tiny = loadProfile("tiny");

/** Scores float32 and float64 agree on to this part of the largest of a query. */
const SCORE_TOLERANCE = 1e-5;
/** Contributors' totals agree with the proven weights to this part of the sum of their magnitudes. */
const TOTAL_TOLERANCE = 1e-5;

/** Samples sorted by contributor, as a store of features holds them. */
function sortedCase(
  seed: number | string,
  n: number,
  count: number,
  p: typeof profile,
): LabelledFeatures & { runs: { contributor: number; start: number; count: number }[] } {
  const drawn = labelledCase(seed, n, count, p.d, p.m);
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (a, b) => (drawn.contributors[a] as number) - (drawn.contributors[b] as number) || a - b,
  );
  const contributors = order.map((i) => drawn.contributors[i] as number);
  const runs: { contributor: number; start: number; count: number }[] = [];
  for (const [i, contributor] of contributors.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && last.contributor === contributor) last.count++;
    else runs.push({ contributor, start: i, count: 1 });
  }
  return {
    features: Int8Array.from(order.flatMap((i) => [...drawn.features.subarray(i * p.d, (i + 1) * p.d)])),
    labels: order.map((i) => drawn.labels[i] as number),
    contributors,
    count,
    runs,
  };
}

function queriesOf(records: readonly DataRecord[]) {
  return {
    features: Int8Array.from(records.flatMap(({ features }) => [...features])),
    classes: records.map(({ klass }) => klass),
    fees: records.map(({ weight }) => weight),
  };
}

describe("scoreQueries", () => {
  it("ranks as the definition does, in float64, whatever the blocks", async () => {
    await fc.assert(
      fc.asyncProperty(
        seeds,
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 12 }),
        async (seed, n, top) => {
          const input = sortedCase(seed, n, 3, tiny);
          const records = queryRecords(seed, 5, tiny);
          const { model } = await fittedCase(input, records, tiny, 1000);
          const truth = slowScores(input, records, model.w, 1000, tiny);
          const head = scoringHead(model, tiny);
          const samples = featuresInMemory({ d: tiny.d, ...input });
          const random = seededRandom(`blocks/${seed}`);
          const options: ScoringOptions = {
            top,
            blockRows: 1 + random.below(200),
            spanRows: 1 + random.below(400),
            passQueries: 1 + random.below(6),
          };
          const found = await scoreQueries(head, queriesOf(records), samples, options);
          for (const [q, row] of truth.entries()) {
            const scale = Math.max(...row.map(Math.abs));
            for (const [hits, sign] of [
              [found.helped[q] ?? [], 1],
              [found.hurt[q] ?? [], -1],
            ] as const) {
              const expected = best(row, top, sign);
              expect(hits.length).toBe(expected.length);
              // Ties of random int8 data are broken by rounding: scores are compared place by place.
              for (const [place, { sample, score }] of hits.entries()) {
                expect(Math.abs(score - (row[sample] as number))).toBeLessThan(1e-9 * scale);
                expect(Math.abs(score - (row[expected[place] as number] as number))).toBeLessThan(
                  1e-9 * scale,
                );
              }
            }
          }
          const whole = await scoreQueries(head, queriesOf(records), samples, { top });
          expect(found.helped).toEqual(whole.helped);
          expect(found.hurt).toEqual(whole.hurt);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("adds up to the proven weights, at the default profile", async () => {
    const input = sortedCase("totals", 3000, 7, profile);
    const records = queryRecords("totals", 45, profile);
    const { model, adjoint } = await fittedCase(input, records, profile, 32_768);
    const proven = scores(model.gradients, adjoint.y, profile);
    const unit = 2 ** (profile.scaleBits + profile.adjointBits);
    const head = scoringHead(model, profile);
    const found = await scoreQueries(head, queriesOf(records), featuresInMemory({ d: profile.d, ...input }), {
      blockRows: 512,
      spanRows: 1024,
      passQueries: 20,
    });
    const size = proven.reduce((sum, s) => sum + Math.abs(Number(s)) / unit, 0);
    for (const [c, s] of proven.entries()) {
      expect(Math.abs((found.totals[c] as number) - Number(s) / unit)).toBeLessThan(TOTAL_TOLERANCE * size);
    }
    // And so do the shares that follow from them.
    expect(weights(proven).map((w) => w > 0n)).toEqual([...found.totals].map((t) => t > 0));
    // The totals are what they say: fee-weighted sums of the single scores.
    const truth = slowScores(input, records, model.w, 32_768, profile);
    const sums = new Float64Array(7);
    for (const [q, row] of truth.entries()) {
      for (const [i, score] of row.entries()) {
        const c = input.contributors[i] as number;
        sums[c] = (sums[c] as number) + score * (records[q]?.weight ?? 0);
      }
    }
    sums.forEach((sum, c) => {
      expect(Math.abs(sum - Number(proven[c]) / unit)).toBeLessThan(1e-8 * size);
    });
  });

  it("computes every score on the device to the tolerance", async () => {
    const input = sortedCase("whole", 200, 2, profile);
    const records = queryRecords("whole", 30, profile);
    const { model } = await fittedCase(input, records, profile, 32_768);
    const head = scoringHead(model, profile);
    const { classes, features } = queriesOf(records);
    const sorted = sortByClass(classes);
    const d = profile.d;
    const u = precondition(
      head,
      Int8Array.from(sorted.order.flatMap((q) => [...features.subarray(q * d, (q + 1) * d)])),
    );
    const graph = scoringGraph({
      head,
      sorted,
      u,
      fees: new Float64Array(30).fill(1),
      rows: 256,
      leaveOneOut: false,
      whole: true,
    });
    const session = await openSession(graph);
    const rows = await featuresInMemory({ d, ...input }).read(0, 256);
    const out = (await session.run(blockFeeds(rows, 0, 256, d))).scores?.data as Float32Array;
    await session.close();
    const truth = slowScores(input, records, model.w, 32_768, profile);
    for (const [place, q] of sorted.order.entries()) {
      const row = truth[q] as number[];
      const scale = Math.max(...row.map(Math.abs));
      for (let i = 0; i < 200; i++) {
        expect(Math.abs((out[place * 256 + i] as number) - (row[i] as number))).toBeLessThan(
          SCORE_TOLERANCE * scale,
        );
      }
    }
  });

  it("with leave-one-out, says what fitting again without a sample changes", async () => {
    const input = sortedCase("leave", 80, 1, tiny);
    const records = queryRecords("leave", 2, tiny);
    const lambda = 1000;
    const { model } = await fittedCase(input, records, tiny, lambda);
    const found = await scoreQueries(
      scoringHead(model, tiny),
      queriesOf(records),
      featuresInMemory({ d: tiny.d, ...input }),
      {
        top: 80,
        leaveOneOut: true,
      },
    );
    const winning = (w: readonly bigint[], { features, klass }: DataRecord): number =>
      Number(answer(w, features, tiny).scores[klass]) / 2 ** tiny.scaleBits;
    for (const [q, record] of records.entries()) {
      const hits = [...(found.helped[q] ?? []), ...(found.hurt[q] ?? [])];
      expect(hits.length).toBeGreaterThan(70);
      // Both models' weights are rounded to 2^-S: by half a unit each, times features of 128 at most.
      const rounding = (tiny.d * 128) / 2 ** tiny.scaleBits;
      expect(Math.max(...hits.map(({ score }) => Math.abs(score)))).toBeGreaterThan(1000 * rounding);
      for (const { sample, score } of hits.filter((_, at) => at % 9 === 0)) {
        const rest = input.labels.length;
        const others = Array.from({ length: rest }, (_, i) => i).filter((i) => i !== sample);
        const refitted = await fitModel({
          features: Int8Array.from(
            others.flatMap((i) => [...input.features.subarray(i * tiny.d, (i + 1) * tiny.d)]),
          ),
          labels: others.map((i) => input.labels[i] as number),
          contributors: others.map(() => 0),
          count: 1,
          profile: tiny,
          lambda,
        });
        const change = winning(model.w, record) - winning(refitted.w, record);
        expect(Math.abs(change - score)).toBeLessThan(rounding);
      }
    }
  });

  it("takes code words for classes: totals are the proven weights there too", async () => {
    const coded = loadProfile("tiny-codes");
    const input = sortedCase("codes", 400, 3, { ...coded, m: coded.classes });
    const records = queryRecords("codes", 9, { ...coded, m: coded.classes });
    const { model, adjoint } = await fittedCase(input, records, coded, 5000);
    const proven = scores(model.gradients, adjoint.y, coded);
    const unit = 2 ** (coded.scaleBits + coded.adjointBits);
    const found = await scoreQueries(
      scoringHead(model, coded),
      queriesOf(records),
      featuresInMemory({ d: coded.d, ...input }),
    );
    const size = proven.reduce((sum, s) => sum + Math.abs(Number(s)) / unit, 0);
    for (const [c, s] of proven.entries()) {
      expect(Math.abs((found.totals[c] as number) - Number(s) / unit)).toBeLessThan(TOTAL_TOLERANCE * size);
    }
    // One-hot words give the residual's entry itself.
    expect([...scoringHead(model, { ...coded, words: loadProfile("tiny").words }).targets]).toEqual([
      1, 0, 0, 0, 1, 0, 0, 0, 1,
    ]);
  });

  it("refuses what does not fit", async () => {
    const input = sortedCase("refuse", 20, 1, tiny);
    const { model } = await fittedCase(input, queryRecords("refuse", 2, tiny), tiny, 1000);
    const head = scoringHead(model, tiny);
    const samples = featuresInMemory({ d: tiny.d, ...input });
    const features = new Int8Array(4);
    await expect(scoreQueries(head, { features, classes: [3] }, samples)).rejects.toThrow(ScoringInputError);
    await expect(scoreQueries(head, { features, classes: [0, 1] }, samples)).rejects.toThrow(/do not fit/);
    await expect(scoreQueries(head, { features, classes: [0] }, samples, { top: 0 })).rejects.toThrow(/top/);
    const other = featuresInMemory({ d: 5, features: new Int8Array(5), labels: [0] });
    await expect(scoreQueries(head, { features, classes: [0] }, other)).rejects.toThrow(/5 features/);
  });
});

describe("features on the disk", () => {
  it("stream as they lie in memory, sharded or whole, and damage is noticed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "quittance-features-"));
    try {
      const input = sortedCase("disk", 1000, 4, tiny);
      const memory = featuresInMemory({ d: tiny.d, ...input });
      const blocks = [await memory.read(0, 300), await memory.read(300, 1), await memory.read(301, 5000)];
      const manifest = await writeFeatures(folder, { d: tiny.d, classes: tiny.m, runs: input.runs }, blocks);
      expect(manifest.samples).toBe(1000);
      const disk = await openFeatures(folder, { verify: true });
      expect(disk.bytesPerSample).toBe(tiny.d + 1);
      const records = queryRecords("disk", 6, tiny);
      const { model } = await fittedCase(input, records, tiny, 1000);
      const head = scoringHead(model, tiny);
      const from = await scoreQueries(head, queriesOf(records), disk, { blockRows: 64, spanRows: 192 });
      expect({ ...from, looked: 0 }).toEqual({
        ...(await scoreQueries(head, queriesOf(records), memory, { blockRows: 64, spanRows: 192 })),
        looked: 0,
      });
      // Two shards, merged, are the whole.
      const shard = (start: number, end: number) =>
        featuresInMemory({
          d: tiny.d,
          features: input.features.subarray(start * tiny.d, end * tiny.d),
          labels: Array.from(input.labels).slice(start, end),
        });
      const parts = await Promise.all(
        [shard(0, 450), shard(450, 1000)].map((part) => scoreQueries(head, queriesOf(records), part)),
      );
      for (const q of records.keys()) {
        const merged = parts.flatMap((part, s) =>
          (part.helped[q] ?? []).map((hit) => ({ ...hit, sample: hit.sample + s * 450 })),
        );
        merged.sort((a, b) => b.score - a.score || a.sample - b.sample);
        expect(merged.slice(0, 10)).toEqual(from.helped[q]);
      }
      await disk.close();
      const bytes = readFileSync(join(folder, "labels.u8"));
      bytes[7] = (bytes[7] as number) ^ 1;
      writeFileSync(join(folder, "labels.u8"), bytes);
      await expect(openFeatures(folder, { verify: true })).rejects.toThrow(/hash/);
      writeFileSync(join(folder, "labels.u8"), bytes.subarray(1));
      await expect(openFeatures(folder)).rejects.toThrow(FeaturesFormatError);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
