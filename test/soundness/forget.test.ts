// Forgetting is exact: what is left is, integer for integer, what a fresh fit of the others' samples gives,
// and it is proven and settled like any other model.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ModelState } from "../../pipeline/commit.ts";
import { forgetContributors } from "../../pipeline/forget.ts";
import { answerQueries } from "../../pipeline/infer.ts";
import { settleEpoch } from "../../pipeline/settle.ts";
import { verifyBundle } from "../../pipeline/verify.ts";
import { randomFrom, SEED, sampleRecord } from "../circuits/cases.ts";
import { fitOf, fitSamples, openShop, PROFILE, type Shop, train, UI } from "./shop.ts";

const LAMBDA = 4000;
const random = randomFrom(SEED);
const data = [[5, 1], [4], [3]].map((sizes) =>
  sizes.map((size) => Array.from({ length: size }, () => sampleRecord(random, PROFILE))),
);
const rest = [data[0] ?? [], data[2] ?? []];
let shop: Shop;
let parent: ModelState;
let model: ModelState;
const forget = (names: string[]): Promise<ModelState> =>
  forgetContributors({ project: shop.project, session: shop.session, ui: UI, forget: names });
beforeAll(async () => {
  shop = await openShop(`forget/${SEED}`, "real");
  parent = await train(shop, data, LAMBDA);
  model = await forget(["writer-2"]);
});
afterAll(() => shop.close());

it(`equals a fresh fit of the others, integer for integer (seed ${SEED})`, async () => {
  const fresh = await fitSamples(rest, LAMBDA);
  const byHand = fitOf(rest, BigInt(LAMBDA));
  expect(model.w).toEqual(fresh.w);
  expect(model.a).toEqual(fresh.a);
  expect(model.residual).toEqual(fresh.residual);
  const gradients = model.contributors.map(({ gradient }) => gradient);
  expect(gradients).toEqual(fresh.gradients);
  // And the reference, which goes sample by sample: A exactly, G as W has it; the two W may round
  // differently.
  expect(model.a).toEqual(byHand.a);
  expect(model.samples).toBe(9);
  expect(model.w).not.toEqual(parent.w);
  expect(gradients[0]).not.toEqual(parent.contributors[0]?.gradient);
});

it("names its parent, which the project keeps, and takes over the others' batches", () => {
  expect(model.parent).toBe(parent.id);
  expect(model.id).not.toBe(parent.id);
  expect(shop.project.readState<ModelState>(`lineage/${parent.id.slice(2, 18)}`)?.id).toBe(parent.id);
  expect(shop.project.readState<ModelState>("model")?.id).toBe(model.id);
  expect(model.contributors.map(({ name, batches }) => [name, batches])).toEqual(
    parent.contributors.filter(({ name }) => name !== "writer-2").map(({ name, batches }) => [name, batches]),
  );
});

it("refuses to forget a stranger, everybody, or anybody while answers wait to be settled", async () => {
  await expect(forget(["writer-2"])).rejects.toMatchObject({ name: "Forget.Unknown" });
  const accounts = model.contributors.map(({ account }) => account.toLowerCase());
  await expect(forget(accounts)).rejects.toMatchObject({ name: "Forget.NobodyLeft" });
  const queries = [{ content: new Uint8Array(784).fill(9), payer: "alice", feeUnits: 12 }];
  await answerQueries({ project: shop.project, session: shop.session, queries, ui: UI });
  await expect(forget(["writer-1"])).rejects.toMatchObject({ name: "Forget.OpenReceipts" });
});

it("is proven, settles, and pays those who are left", async () => {
  const { project, session } = shop;
  const { bundle } = await settleEpoch({ project, session, ui: UI });
  expect(await session.contracts.trainingProven(model.id)).toBe(true);
  expect((await verifyBundle(bundle, session.keys)).filter(({ ok }) => !ok)).toEqual([]);
  const kept = model.contributors.map(({ account }) => account);
  expect(bundle.model.contributors.map(({ account }) => account)).toEqual(kept);
  expect(kept).not.toContain(parent.contributors[1]?.account);
});
