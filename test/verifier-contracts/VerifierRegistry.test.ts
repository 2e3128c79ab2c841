/**
 * VerifierRegistry: new keys for new models, and nothing else.
 *
 * constructor: no circuits / a circuit that the verifier lacks → refused
 * add: not the owner / known / other sizes / local keys after keys of a ceremony → refused
 * verifierAt: 0 or not given yet → refused
 * retire: not the owner / 0 or not given yet / current / retired → refused
 * a retired version's models open no further epoch; the one that is open ends as it would have
 * a model keeps the version that it was committed under, for training and for every epoch
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { read, send } from "../../pipeline/chain/client.ts";
import { openContracts } from "../../pipeline/chain/contracts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { circuitIdOf } from "../../pipeline/chain/ids.ts";
import { type Account, codecOf, joinAbis } from "../../pipeline/engine/ethers.ts";
import { arithmetic, trapdoorKey } from "./groth.ts";
import {
  claimOf,
  DIMENSION,
  GROUP,
  inferencePublics,
  type Model,
  makeEpoch,
  makeKeys,
  makeModel,
  openWorld,
  proveAll,
  QUERIES,
  refused,
  sendProofs,
  settle,
  type World,
} from "./world.ts";

describe("VerifierRegistry", () => {
  let outer: World;
  /** Models and epochs whose registry the operator owns. */
  let world: World;
  let registry: string;
  let owner: Account;
  /** Of the first keys, and of the second. */
  let [old, young]: [Model, Model] = [] as never;
  const no = (work: () => Promise<unknown>, reason: string) => refused(world, work, reason);
  const add = async (verifier: string, by = owner) => {
    const { VerifierRegistry, Groth16Verifier } = await contractArtifacts();
    const data = codecOf(VerifierRegistry.abi).call("add", [verifier]);
    const errors = codecOf(joinAbis([VerifierRegistry.abi, Groth16Verifier.abi]));
    return send(outer.chain, by, { to: registry, data }, errors);
  };
  const verifierOf = async (keys: World["keys"], local = true, drop = 0) => {
    const names = (Object.keys(keys) as (keyof World["keys"])[]).slice(drop);
    const words = names.map((name) => [circuitIdOf("tiny", name), keys[name].words]);
    const transcript = `0x${(local ? "0" : "7").repeat(64)}`;
    const { Groth16Verifier } = await contractArtifacts();
    return (await deployContract(outer.chain, owner, Groth16Verifier, [local, transcript, words])).created;
  };
  const create = async (name: "VerifierRegistry" | "Models" | "Epochs", args: readonly unknown[]) =>
    (await deployContract(outer.chain, owner, (await contractArtifacts())[name], args)).created;
  const view = async (name: "Models" | "Epochs", address: string, method: string) => {
    const codec = codecOf((await contractArtifacts())[name].abi);
    return (await read(outer.chain, { address, codec }, method, [])) as string;
  };

  beforeAll(async () => {
    outer = await openWorld("registry");
    owner = outer.people.operator;
    const { datanets, verifier, guardian, schedule } = outer.contracts.deployment;
    const id = (name: string) => circuitIdOf("tiny", name);
    registry = await create("VerifierRegistry", [owner.address, verifier, Object.keys(outer.keys).map(id)]);
    const training = [id("samples"), id("contributors"), id("model")];
    const models = await create("Models", [
      [datanets, registry, guardian, ...training, DIMENSION, GROUP, outer.nullG, 65_535],
    ]);
    const answers = [id("inference"), id("adjoint"), id("weights")];
    const epochs = await create("Epochs", [
      [registry, models, datanets, schedule, guardian, ...answers, outer.emptyQ, QUERIES],
    ]);
    const vault = await view("Epochs", epochs, "vault");
    const addresses = { registry, models, training: await view("Models", models, "training"), epochs, vault };
    const deployment = { ...outer.contracts.deployment, ...addresses };
    world = { ...outer, contracts: await openContracts(outer.chain, deployment) };
  });
  afterAll(() => outer.chain.close());

  it("begins with a verifier that has every circuit", async () => {
    const { verifier } = outer.contracts.deployment;
    await no(() => create("VerifierRegistry", [owner.address, verifier, []]), "VerifierRegistryNoCircuits");
    const unknown = [circuitIdOf("tiny", "nothing")];
    await no(() => create("VerifierRegistry", [owner.address, verifier, unknown]), "VerifierUnknownCircuit");
    expect(await world.contracts.verifierVersion()).toBe(1);
    expect((await world.contracts.verifierAt(1)).toLowerCase()).toBe(verifier.toLowerCase());
    const codec = codecOf((await contractArtifacts()).VerifierRegistry.abi);
    const circuits = await read(outer.chain, { address: registry, codec }, "circuits", []);
    expect(circuits).toEqual(Object.keys(outer.keys).map((name) => circuitIdOf("tiny", name)));
    for (const version of [0, 2])
      await no(() => world.contracts.verifierAt(version), "VerifierRegistryUnknownVersion");
  });

  it("never lets a new key touch what was accepted before it", async () => {
    const { contracts: c, people } = world;
    old = await makeModel(world);
    const epoch = await makeEpoch(world, old, [100n]);
    const { keys } = await makeKeys(outer.random);
    const second = await verifierOf(keys);
    await no(() => add(second, people.relayer), "OwnableUnauthorizedAccount");
    await no(() => add(outer.contracts.deployment.verifier), "VerifierRegistryKnownVerifier");
    await add(second);
    expect(await c.verifierVersion()).toBe(2);
    young = await makeModel(world);
    expect((await c.verifierOf(old.id)).toLowerCase()).toBe(
      outer.contracts.deployment.verifier.toLowerCase(),
    );
    expect((await c.verifierOf(young.id)).toLowerCase()).toBe(second.toLowerCase());
    expect((await c.model(young.id)).verifierVersion).toBe(2n);

    // The old model's epoch takes the old keys' proofs and refuses the new ones'.
    const publics = await inferencePublics(world, old, epoch, 0);
    const forged = keys.inference.prove(publics);
    await no(
      () => sendProofs(world, old, epoch, { inference: [{ batchIndex: 0, proof: forged }] }),
      "VerifierInvalidBatch",
    );
    await proveAll(world, old, epoch, [20n, 0n, 80n]);
    await settle(world, old, 1, [20n, 0n, 80n]);
    // Its next epoch too.
    const next = await makeEpoch(world, old, [10n]);
    await proveAll(world, old, next, [1n, 2n, 3n]);
    // The young model's epoch takes the new keys' proofs, and refuses the old ones'.
    const fresh = await makeEpoch(world, young, [100n]);
    const stale = world.keys.inference.prove(await inferencePublics(world, young, fresh, 0));
    await no(
      () => sendProofs(world, young, fresh, { inference: [{ batchIndex: 0, proof: stale }] }),
      "VerifierInvalidBatch",
    );
    await proveAll({ ...world, keys }, young, fresh, [20n, 0n, 80n]);
    await settle(world, young, 1, [20n, 0n, 80n]);
  });

  it("retires a version for new epochs, and for nothing that is open or owed", async () => {
    const { contracts: c, people } = world;
    const retire = async (version: number, by = owner) => {
      const codec = codecOf((await contractArtifacts()).VerifierRegistry.abi);
      return send(outer.chain, by, { to: registry, data: codec.call("retire", [version]) }, codec);
    };
    const codec = codecOf((await contractArtifacts()).VerifierRegistry.abi);
    const isRetired = async (version: number) =>
      (await read(outer.chain, { address: registry, codec }, "isRetired", [version])) as boolean;
    await settle(world, old, 2, [1n, 2n, 3n]);
    const open = await makeEpoch(world, old, [100n]);
    await no(() => retire(1, people.relayer), "OwnableUnauthorizedAccount");
    for (const version of [0, 3]) await no(() => retire(version), "VerifierRegistryUnknownVersion");
    await no(() => retire(2), "VerifierRegistryCurrentVersion");
    await retire(1);
    await no(() => retire(1), "VerifierRegistryAlreadyRetired");
    expect([await isRetired(1), await isRetired(2)]).toEqual([true, false]);

    // What is open ends under its keys, and what was earned is paid.
    await proveAll(world, old, open, [20n, 0n, 80n]);
    await settle(world, old, open.number, [20n, 0n, 80n]);
    const claim = await claimOf(world, old, old.accounts[0] as string);
    expect((await c.claim(people.relayer, claim)).amountWei).toBeGreaterThan(0n);
    await no(() => makeEpoch(world, old, [0n]), "EpochsVersionRetired");
    await makeEpoch(world, young, [100n]);
  });

  it("takes no verifier of other sizes, and none with local keys after one from a ceremony", async () => {
    const { keys } = await makeKeys(outer.random);
    await no(async () => add(await verifierOf(keys, true, 1)), "VerifierUnknownCircuit");
    const curve = await arithmetic();
    const setup = { alpha: outer.random.field(), beta: outer.random.field(), gamma: outer.random.field() };
    const wrong = { ...keys, adjoint: trapdoorKey(curve, setup, 5, outer.random) };
    await no(async () => add(await verifierOf(wrong)), "VerifierRegistryWrongCircuit");
    await add(await verifierOf(keys, false));
    const { keys: again } = await makeKeys(outer.random);
    await no(async () => add(await verifierOf(again)), "VerifierRegistryLocalKeys");
  });
});
