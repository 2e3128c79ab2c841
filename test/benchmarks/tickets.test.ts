import { expect, it } from "vitest";
import { ticketAccuracy, ticketSplit } from "../../benchmarks/tickets.ts";
import { NGRAMS } from "../../pipeline/text/ngrams.ts";
import { dataFolder } from "../pipeline/corpus/data.ts";

it("deals BANKING77 into parts that do not overlap, the same for a seed", () => {
  const folder = dataFolder("banking77");
  const split = ticketSplit(folder);
  expect([split.contributed.length, split.publicTexts.length, split.test.length]).toEqual([2000, 8003, 3080]);
  expect(split.labels.length).toBe(77);
  const ids = [...split.contributed, ...split.publicTexts].map(({ id }) => id);
  expect(new Set(ids).size).toBe(10_003);
  const counts = Map.groupBy(split.contributed, ({ contributor }) => contributor);
  expect(counts.size).toBe(40);
  expect(counts.get("contributor 1")?.length).toBeGreaterThan(
    5 * (counts.get("contributor 30")?.length ?? 0),
  );
  expect(ticketSplit(folder)).toEqual(split);
  expect(ticketSplit(folder, { seed: "other" }).contributed).not.toEqual(split.contributed);
});

it("measures a small network on a part of BANKING77: far above chance, and all heads", async () => {
  const found = await ticketAccuracy(dataFolder("banking77"), {
    contributed: 600,
    limit: { publicTexts: 1500, test: 400 },
    spec: { ...NGRAMS, buckets: 2048 },
    hidden: 64,
    features: [32],
  });
  expect(found).toMatchObject({ tested: 400, contributed: 600, publicTexts: 1500 });
  const [coded, oneHot] = [found.coded.get(32) ?? 0, found.oneHot.get(32) ?? 0];
  for (const accuracy of [coded, oneHot, found.softmax]) expect(accuracy).toBeLessThanOrEqual(1);
  // One in 77 is right by chance.
  expect(found.softmax).toBeGreaterThan(0.4);
  expect(coded).toBeGreaterThan(found.softmax - 0.1);
});
