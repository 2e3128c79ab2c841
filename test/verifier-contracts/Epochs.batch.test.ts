/** Epochs, several proofs in one call: they count as the single calls would count them, or not at all. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EpochProofs } from "../../pipeline/chain/proofs.ts";
import { rerandomise } from "./groth.ts";
import * as W from "./world.ts";

describe("Epochs.prove", () => {
  let world: W.World;
  let model: W.Model;
  let epoch: W.Epoch;
  let proofs: Required<EpochProofs>;
  const w = [30n, 0n, 70n];

  beforeAll(async () => {
    world = await W.openWorld("epochs-batch");
  });
  afterAll(() => world.chain.close());
  beforeEach(async () => {
    model = await W.makeModel(world);
    epoch = await W.makeEpoch(world, model);
    proofs = await W.allProofs(world, model, epoch, w);
  });

  const prove = (sent: EpochProofs, number = epoch.number) => W.sendProofs(world, model, epoch, sent, number);
  const state = async () => ({
    epoch: await world.contracts.epoch(model.id, epoch.number),
    weights: [
      await world.contracts.weightsHash(model.id, epoch.number, 0),
      await world.contracts.weightsHash(model.id, epoch.number, 1),
    ],
  });

  it("leaves what the single calls leave, with the same events, and settles", async () => {
    const sent = await prove(proofs);
    const batched = await state();
    expect(batched.epoch).toMatchObject({ remaining: 0n, adjointProven: true });
    expect(batched.epoch.provenBatches).toBe(0b11n);
    expect(sent.logs.map(({ name }) => name)).toEqual([
      "InferenceProven",
      "InferenceProven",
      "AdjointProven",
      "WeightsProven",
      "WeightsProven",
    ]);
    const hashes = batched.weights;
    const settled = await W.settle(world, model, epoch.number, w);
    expect(settled.payoutsWei).toEqual([317n, 0n, 739n]);

    epoch = await W.makeEpoch(world, model);
    await W.proveAll(world, model, epoch, w);
    expect((await state()).weights).toEqual(hashes);
  });

  it("takes any part in any order, beside the single calls", async () => {
    const [first, second] = proofs.inference;
    const [group] = proofs.weights;
    if (first === undefined || second === undefined || group === undefined)
      throw new Error("two were expected");
    await prove({ inference: [second], adjoint: proofs.adjoint });
    expect((await state()).epoch.remaining).toBe(3n);
    await prove({ inference: [first] });
    await prove({ weights: [...proofs.weights].reverse() });
    expect((await state()).epoch.remaining).toBe(0n);
  });

  it("counts no statement twice, in one call or over several, whatever the bytes", async () => {
    const twice = <T extends { readonly proof: readonly bigint[] }>(item: T | undefined): T[] => {
      if (item === undefined) throw new Error("an item was expected");
      return [item, { ...item, proof: rerandomise(world.curve, item.proof, 3n) }];
    };
    const again: EpochProofs[] = [
      { inference: twice(proofs.inference[1]) },
      { weights: twice(proofs.weights[0]) },
    ];
    for (const sent of again) await W.refused(world, () => prove(sent), "EpochsAlreadyProven");
    expect((await state()).epoch.remaining).toBe(5n);
    await prove(proofs);
    for (const sent of [
      { inference: proofs.inference },
      { adjoint: proofs.adjoint },
      { weights: proofs.weights },
    ]) {
      await W.refused(world, () => prove(sent), "EpochsAlreadyProven");
    }
  });

  it("counts nothing if one proof is wrong, whichever", async () => {
    const before = await state();
    const wrong = world.keys.samples.prove(Array.from({ length: 8 }, world.random.field));
    const spoil = <T extends { readonly proof: readonly bigint[] }>(list: readonly T[], index: number): T[] =>
      list.map((item, i) => (i === index ? { ...item, proof: wrong } : item));
    const sent: EpochProofs[] = [
      { ...proofs, inference: spoil(proofs.inference, 0) },
      { ...proofs, inference: spoil(proofs.inference, 1) },
      { ...proofs, adjoint: wrong },
      { ...proofs, weights: spoil(proofs.weights, 0) },
      { ...proofs, weights: spoil(proofs.weights, 1) },
    ];
    for (const one of sent) await W.refused(world, () => prove(one), "VerifierInvalidBatch");
    expect(await state()).toEqual(before);
    await prove(proofs);
  });

  it("builds the public inputs itself: weights that are not the proven ones are refused", async () => {
    const [group, rest] = proofs.weights;
    if (group === undefined || rest === undefined) throw new Error("two groups were expected");
    const more = { ...group, w: [31n, 0n] };
    await W.refused(world, () => prove({ weights: [more, rest] }), "VerifierInvalidBatch");
    const foreign = { ...group, commitG: rest.commitG };
    await W.refused(world, () => prove({ weights: [foreign] }), "EpochsWrongGroup");
    await W.refused(world, () => prove({ weights: [{ ...rest, w: [70n, 1n] }] }), "EpochsPaddingWeight");
    await W.refused(world, () => prove({ weights: [{ ...group, index: 2 }] }), "EpochsUnknownStatement");
    await W.refused(
      world,
      () => prove({ inference: [{ batchIndex: 2, proof: group.proof }] }),
      "EpochsUnknownStatement",
    );
    const swapped = proofs.inference.map((item, i) => ({ ...item, batchIndex: 1 - i }));
    await W.refused(world, () => prove({ inference: swapped }), "VerifierInvalidBatch");
  });

  it("refuses a call without proofs, and an epoch that is not open", async () => {
    await W.refused(world, () => prove({}), "VerifierEmptyBatch");
    await W.refused(world, () => prove(proofs, epoch.number + 1), "EpochsUnknownEpoch");
    await prove(proofs);
    await W.settle(world, model, epoch.number, w);
    await W.refused(world, () => prove(proofs), "EpochsClosed");
  });
});
