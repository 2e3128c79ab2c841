// One lie of each kind with real keys and real proofs: see training-lies.test.ts for all of them.
import { afterAll, beforeAll, expect, it } from "vitest";
import { keepRecords } from "../../pipeline/records.ts";
import type { DataRecord } from "../../prover/index.ts";
import { randomFrom, SEED, sampleRecord } from "../circuits/cases.ts";
import {
  bundleOf,
  type Contribution,
  commitFit,
  contribute,
  doubts,
  type Fit,
  fitOf,
  openShop,
  PROFILE,
  posted,
  proven,
  type Shop,
  statementsOf,
  told,
} from "./shop.ts";

const random = randomFrom(SEED);
const draw = (size: number): DataRecord[] =>
  Array.from({ length: size }, () => sampleRecord(random, PROFILE));
let shop: Shop;
let of: { datanet: bigint; contributions: Contribution[] };
let honest: Fit;
beforeAll(async () => {
  shop = await openShop("real lies", "real");
  of = await contribute(shop, [[draw(5)], [draw(3)]]);
  honest = fitOf(
    of.contributions.map(({ records }) => records),
    5000n,
  );
});
afterAll(() => shop.close());

it(`refuses real proofs about other samples, and takes honest ones (seed ${SEED})`, async () => {
  const model = await commitFit(shop, of, honest);
  const one = of.contributions[0] as Contribution;
  const root = one.batches[0]?.root as bigint;
  const [first, ...rest] = one.records[0] as [DataRecord, ...DataRecord[]];
  keepRecords(shop.project, root, [{ ...first, klass: (first.klass + 1) % PROFILE.m }, ...rest]);
  const lying = await proven(shop, await statementsOf(shop, model));
  expect(await posted(shop, model, lying)).toBe("VerifierInvalidBatch");
  expect(Object.keys(await doubts(shop, bundleOf(shop, model, lying)))).toContain("samples proofs");
  keepRecords(shop.project, root, [first, ...rest]);
  const made = await proven(shop, await statementsOf(shop, model));
  expect(await doubts(shop, bundleOf(shop, model, made))).toEqual({});
  expect(await posted(shop, model, made)).toBe("accepted");
});

it("refuses real proofs of the right statements where an identity fails: (1), (2) and (3)", async () => {
  const moved = (values: readonly bigint[] | undefined, by: bigint) =>
    (values ?? []).map((value, i) => (i === 7 ? value + by : value));
  const [g0, g1] = honest.gradients;
  const lies: [Fit, string][] = [
    [{ ...honest, gradients: [moved(g0, 1n), moved(g1, -1n)] }, "TrainingWrongGradient"],
    [{ ...honest, r: moved(honest.r, 1n) }, "TrainingWrongOptimum"],
    [{ ...honest, a: moved(honest.a, 1n) }, "TrainingWrongMoments"],
  ];
  for (const [fit, onChain] of lies) {
    const answer = await told(shop, of, fit);
    expect(answer).toMatchObject({ onChain, proven: false });
    expect(Object.keys(answer.offline)).toEqual(["training"]);
  }
});
