/** Models: what an operator may commit to. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { signBatch } from "../../pipeline/chain/contracts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { circuitIdOf, contextOf, type ModelStatement, modelIdOf } from "../../pipeline/chain/ids.ts";
import { MODEL_STATUS } from "../../pipeline/chain/types.ts";
import type { Account } from "../../pipeline/engine/ethers.ts";
import { R } from "./groth.ts";
import { type Model, makeModel, openWorld, refused, type World } from "./world.ts";

describe("Models", () => {
  let world: World;
  let model: Model;

  beforeAll(async () => {
    world = await openWorld("models");
    model = await makeModel(world);
  });
  afterAll(() => world.chain.close());

  const commit = (statement: ModelStatement, by = world.people.operator): Promise<unknown> =>
    world.contracts.commitModel(by, statement);
  const members = (
    change: (list: ModelStatement["contributors"]) => ModelStatement["contributors"],
  ): ModelStatement => ({
    ...model.statement,
    contributors: change(model.statement.contributors),
  });
  const first = (): ModelStatement["contributors"][number] => {
    const [member] = model.statement.contributors;
    if (member === undefined) throw new Error("the model has no contributors");
    return member;
  };

  it("stores what was committed, and says that training is not proven", async () => {
    const stored = await world.contracts.model(model.id);
    expect(MODEL_STATUS[Number(stored.status)]).toBe("committed");
    expect(await world.contracts.trainingProven(model.id)).toBe(false);
    expect(stored.token.toLowerCase()).toBe(world.contracts.deployment.token.toLowerCase());
    expect(stored).toMatchObject({
      operator: world.people.operator.address,
      contributors: 3n,
      samples: 12n,
      lambda: 1000n,
      commitW: model.statement.commitW,
      commitA: model.statement.commitA,
      backbone: model.statement.backbone,
      feeUnit: 7n,
      datanetVersion: 1n,
      verifierVersion: 1n,
      frozen: false,
      datanet: model.statement.datanet,
    });
  });

  it("gives ids that TypeScript computes too, for models, contexts and circuits", async () => {
    const { chainId, models, epochs } = world.contracts.deployment;
    const operator = world.people.operator.address;
    for (const nonce of [0n, 1n, 77n]) {
      const id = modelIdOf({ chainId, models, operator, nonce, statement: model.statement });
      expect(await world.contracts.modelIdOf(operator, nonce, model.statement)).toBe(id);
      if (nonce === 0n) expect(id).toBe(model.id);
    }
    for (const [epoch, batchIndex] of [
      [1, 0],
      [1, 1],
      [7, 63],
    ] as const) {
      const context = contextOf({ chainId, epochs, modelId: model.id, epoch, batchIndex });
      expect(await world.contracts.context(model.id, epoch, batchIndex)).toBe(context);
      expect(context).toBeLessThan(1n << 248n);
    }
    expect(circuitIdOf("tiny", "weights")).not.toBe(circuitIdOf("default", "weights"));
  });

  it("gives the same statement another id the second time, and another operator", async () => {
    const again = await world.contracts.commitModel(world.people.operator, model.statement);
    const other = await world.contracts.commitModel(world.people.relayer, model.statement);
    expect(new Set([model.id, again.modelId, other.modelId]).size).toBe(3);
    expect([again.nonce, other.nonce]).toEqual([1n, 0n]);
    expect(await world.contracts.modelNonce(world.people.operator.address)).toBe(2n);
  });

  it("refuses a model without contributors, a contributor without batches, and one account twice", async () => {
    await refused(world, () => commit(members(() => [])), "ModelsWrongContributorCount");
    await refused(
      world,
      () => commit(members((list) => [{ ...first(), batches: [] }, ...list.slice(1)])),
      "ModelsNoBatches",
    );
    const twice = { ...members((list) => [...list, first()]), samples: 16 };
    await refused(world, () => commit(twice), "ModelsDuplicateAccount");
  });

  it("refuses more contributors than a settlement could pay in one transaction", async () => {
    const many = members(() => Array.from({ length: 513 }, first));
    await refused(world, () => commit(many), "ModelsWrongContributorCount");
  });

  it("refuses batches of others, of other datanets, unknown ones, and a batch twice", async () => {
    const [a, b, c] = model.statement.contributors;
    if (a === undefined || b === undefined || c === undefined)
      throw new Error("three contributors were expected");
    await refused(
      world,
      () => commit(members(() => [{ ...a, batches: b.batches }, b, c])),
      "ModelsForeignBatch",
    );
    await refused(
      world,
      () => commit(members(() => [{ ...a, batches: [...a.batches, ...a.batches] }, b, c])),
      "ModelsBatchOrder",
    );
    await refused(world, () => commit(members(() => [{ ...a, batches: [0n] }, b, c])), "ModelsBatchOrder");
    await refused(
      world,
      () => commit(members(() => [{ ...a, batches: [999n] }, b, c])),
      "DatanetsUnknownBatch",
    );

    const datanet = (await world.contracts.createDatanet(world.people.operator, world.random.hex32()))
      .datanetId;
    const batch = { datanet, root: world.random.field(), count: 4, contributor: a.account };
    const signature = await signBatch(world.contributors[0] as Account, world.contracts.deployment, batch);
    const { batchId } = await world.contracts.contribute(world.people.relayer, { ...batch, signature });
    await refused(
      world,
      () => commit(members(() => [{ ...a, batches: [batchId] }, b, c])),
      "ModelsForeignBatch",
    );
    await refused(world, () => commit({ ...model.statement, datanet }), "DatanetsUnknownVersion");
    await world.contracts.publishDatanet(world.people.operator, datanet);
    await refused(world, () => commit({ ...model.statement, datanet }), "ModelsForeignBatch");
  });

  it("is created for a profile that there can be", async () => {
    const { Models } = await contractArtifacts();
    const { datanets, registry, guardian } = world.contracts.deployment;
    const circuits = ["samples", "contributors", "model"].map((name) => circuitIdOf("tiny", name));
    const create = (group: number, most: number) =>
      deployContract(world.chain, world.people.operator, Models, [
        [datanets, registry, guardian, ...circuits, 4, group, world.nullG, most],
      ]);
    for (const [group, most] of [
      [0, 65_535],
      [513, 65_535],
      [2, 0],
    ] as const)
      await refused(world, () => create(group, most), "ModelsWrongProfile");
  });

  it("refuses a wrong number of samples, λ = 0, no price and commitments that are no field elements", async () => {
    await refused(world, () => commit({ ...model.statement, samples: 11 }), "ModelsWrongSamples");
    await refused(world, () => commit({ ...model.statement, lambda: 0 }), "ModelsZeroLambda");
    await refused(world, () => commit({ ...model.statement, feeUnit: 0n }), "ModelsZeroFeeUnit");
    for (const value of [0n, R, R + 1n]) {
      await refused(world, () => commit({ ...model.statement, commitW: value }), "ModelsNotAFieldElement");
      await refused(world, () => commit({ ...model.statement, commitA: value }), "ModelsNotAFieldElement");
      const bad = members((list) => [{ ...first(), commitG: value }, ...list.slice(1)]);
      await refused(world, () => commit(bad), "ModelsNotAFieldElement");
    }
    await refused(world, () => world.contracts.model(world.random.hex32()), "ModelsUnknownModel");
  });
});
