/**
 * Models, what the economy adds to a statement.
 *
 * commit
 *   paused / token not allowed / unknown parent / no such version → refused
 *   a batch that is pending, rejected, withdrawn, or accepted after the version → refused
 *   a batch that is rejected or withdrawn later → the model stays as it is
 * initialize: not the deployer / zero / again → refused
 * freeze: not disputes / unknown model / again → refused; what is under way goes on
 * operatorOf, tokenOf, feeUnitOf, datanetOf, isFrozen, verifierOf: unknown model → refused
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signWithdrawal } from "../../pipeline/chain/contracts.ts";
import { NO_PARENT } from "../../pipeline/chain/ids.ts";
import type { Account } from "../../pipeline/engine/ethers.ts";
import {
  duplicateProof,
  newBatch,
  newDatanet,
  openValidators,
  runRound,
  type Validators,
} from "./validators.ts";
import { COIN, commitModelOf, type Model, makeModel, openWorld, refused, type World } from "./world.ts";

const VERDICT = { weight: 1000n * COIN };

describe("Models, with datanets that ask for verdicts", () => {
  let outer: Validators;
  /** With models on the second set of datanets. */
  let world: Validators;
  let author: Account;
  const c = () => world.contracts;
  const no = (work: () => Promise<unknown>, reason: string) => refused(outer, work, reason);
  const accepted = async (datanet: bigint): Promise<bigint> => {
    const id = await newBatch(world, datanet, author);
    await runRound(world, id, [{ ...VERDICT, verdict: 1 }]);
    return id;
  };
  const commit = (datanet: bigint, batches: bigint[], over: object = {}) =>
    commitModelOf(world, datanet, [{ account: author.address, batches }], 7n, {
      samples: 3 * batches.length,
      ...over,
    });

  beforeAll(async () => {
    outer = await openValidators("models economy");
    const { contractArtifacts } = await import("../../pipeline/chain/artifacts.ts");
    const { deployContract } = await import("../../pipeline/chain/deploy.ts");
    const { openContracts } = await import("../../pipeline/chain/contracts.ts");
    const { circuitIdOf } = await import("../../pipeline/chain/ids.ts");
    const { chain, people, nullG, contracts } = outer;
    const { datanets, registry, guardian } = contracts.deployment;
    const circuits = ["samples", "contributors", "model"].map((name) => circuitIdOf("tiny", name));
    const { created: models } = await deployContract(
      chain,
      people.operator,
      (await contractArtifacts()).Models,
      [[datanets, registry, guardian, ...circuits, 4, 2, nullG, 65_535]],
    );
    world = { ...outer, contracts: await openContracts(chain, { ...contracts.deployment, models }) };
    author = world.contributors[0] as Account;
  });
  afterAll(() => outer.chain.close());

  it("take accepted batches of the version that they name, in a token that the datanet allows", async () => {
    const datanet = await newDatanet(world, { tokens: [world.money] });
    const batch = await accepted(datanet);
    await no(() => commit(datanet, [batch]), "ModelsTokenNotAllowed");
    const model = await commit(datanet, [batch], { token: world.money });
    expect((await c().tokenOf(model.id)).toLowerCase()).toBe(world.money.toLowerCase());
    expect(await c().datanetOf(model.id)).toBe(datanet);
    expect(await c().feeUnitOf(model.id)).toBe(7n);
    expect(await c().operatorOf(model.id)).toBe(world.people.operator.address);
    expect(await c().isFrozen(model.id)).toBe(false);
    expect((await c().verifierOf(model.id)).toLowerCase()).toBe(c().deployment.verifier.toLowerCase());
    // What the datanet stops later, this model keeps.
    await c().allowToken(world.people.operator, datanet, world.money, false);
    await no(() => commit(datanet, [batch], { token: world.money }), "ModelsTokenNotAllowed");
    expect((await c().tokenOf(model.id)).toLowerCase()).toBe(world.money.toLowerCase());
  });

  it("take no batch without a verdict, with a rejection, or accepted after the version", async () => {
    const datanet = await newDatanet(world);
    const good = await accepted(datanet);
    const [pending, rejected] = [
      await newBatch(world, datanet, author),
      await newBatch(world, datanet, author),
    ];
    await runRound(world, rejected, [{ ...VERDICT, verdict: 2 }]);
    await no(() => commit(datanet, [good, pending]), "ModelsBatchNotAccepted");
    await no(() => commit(datanet, [good, rejected]), "ModelsBatchNotAccepted");
    const { statement } = await commit(datanet, [good]);
    const late = await accepted(datanet);
    const contributors = [{ account: author.address, commitG: 5n, batches: [good, late] }];
    await no(
      () => c().commitModel(world.people.operator, { ...statement, samples: 6, contributors }),
      "ModelsBatchNotInVersion",
    );
    await no(
      () => c().commitModel(world.people.operator, { ...statement, datanetVersion: 9 }),
      "DatanetsUnknownVersion",
    );
    await commit(datanet, [good, late]);
  });

  it("take no batch that was withdrawn or proven a duplicate; a model from before is not touched", async () => {
    const datanet = await newDatanet(world);
    const [kept, taken, copy] = [await accepted(datanet), await accepted(datanet), await accepted(datanet)];
    const before = await commit(datanet, [kept, taken, copy]);
    const stored = await c().model(before.id);
    const signature = await signWithdrawal(author, c().deployment, taken);
    await c().withdrawBatch(world.people.relayer, taken, signature);
    await no(() => commit(datanet, [kept, taken]), "ModelsBatchWithdrawn");
    const challenger = world.people.payers[0] as Account;
    const proof = await duplicateProof(world, kept, copy, challenger.address);
    await c().proveDuplicate(challenger, copy, { earlier: kept, challenger: challenger.address, proof });
    await no(() => commit(datanet, [kept, copy]), "ModelsBatchNotAccepted");
    expect(await c().model(before.id)).toEqual(stored);
    const child = await commit(datanet, [kept], { parent: before.id });
    expect((await c().model(child.id)).parent).toBe(before.id);
  });

  it("are frozen by disputes alone, once, and for good", async () => {
    const { operator, relayer } = world.people;
    const tell = (by: Account, method: string, args: readonly unknown[]) =>
      world.tell(by, "Models", c().deployment.models, method, args);
    const datanet = await newDatanet(world);
    const { id } = await commit(datanet, [await accepted(datanet)]);
    await no(() => tell(operator, "freeze", [id]), "ModelsOnlyDisputes");
    await no(() => tell(relayer, "initialize", [operator.address]), "ModelsOnlyDeployer");
    await no(() => tell(operator, "initialize", [`0x${"0".repeat(40)}`]), "ModelsAlreadyInitialized");
    // An account stands where the contract of disputes will.
    await tell(operator, "initialize", [relayer.address]);
    await no(() => tell(operator, "initialize", [operator.address]), "ModelsAlreadyInitialized");
    await no(() => tell(operator, "freeze", [id]), "ModelsOnlyDisputes");
    await no(() => tell(relayer, "freeze", [world.random.hex32()]), "ModelsUnknownModel");
    await tell(relayer, "freeze", [id]);
    expect(await c().isFrozen(id)).toBe(true);
    await no(() => tell(relayer, "freeze", [id]), "ModelsAlreadyFrozen");
    expect(await c().operatorOf(id)).toBe(operator.address);
  });
});

describe("Models, parents and pauses", () => {
  let world: World;
  let model: Model;
  const c = () => world.contracts;
  const no = (work: () => Promise<unknown>, reason: string) => refused(world, work, reason);
  const operator = () => world.people.operator;
  beforeAll(async () => {
    world = await openWorld("models disputes");
    model = await makeModel(world);
  });
  afterAll(() => world.chain.close());

  it("name a parent that exists, or none", async () => {
    const { statement } = model;
    expect((await c().model(model.id)).parent).toBe(NO_PARENT);
    const unknown = { ...statement, parent: world.random.hex32() };
    await no(() => c().commitModel(operator(), unknown), "ModelsUnknownParent");
    const child = await c().commitModel(operator(), { ...statement, parent: model.id });
    expect((await c().model(child.modelId)).parent).toBe(model.id);
  });

  it("are not committed while the guardian pauses", async () => {
    await c().pause(operator());
    await no(() => c().commitModel(operator(), model.statement), "ModelsPaused");
    await c().unpause(operator());
    await c().commitModel(operator(), model.statement);
  });

  it("are asked about by id, and an unknown one is refused", async () => {
    const unknown = world.random.hex32();
    for (const ask of ["operatorOf", "tokenOf", "feeUnitOf", "datanetOf", "isFrozen", "verifierOf"] as const)
      await no(() => c()[ask](unknown) as Promise<unknown>, "ModelsUnknownModel");
  });
});
