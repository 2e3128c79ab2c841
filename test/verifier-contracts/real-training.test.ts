/**
 * The training proof with the real circuits of the tiny profile: what the prover states is what the contract
 * asks for, at the challenges that the contract derives, and the contract's identities hold for an honest
 * training.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { honestInput } from "../../benchmarks/inputs.ts";
import { type SampleTraining, sampleTraining, trainingInputs } from "../../benchmarks/sample-training.ts";
import type { Chain } from "../../pipeline/chain/chain.ts";
import { type Contracts, type Item, openContracts } from "../../pipeline/chain/contracts.ts";
import { deployContracts, deployOptionsOf } from "../../pipeline/chain/deploy.ts";
import { circuitIdOf, NO_PARENT, rhoOf, trainingSeed } from "../../pipeline/chain/ids.ts";
import { openLocalChain } from "../../pipeline/chain/local.ts";
import type { BatchEntry } from "../../pipeline/chain/proofs.ts";
import { type Account, accountOf } from "../../pipeline/engine/ethers.ts";
import { cacheFolder } from "../../pipeline/environment.ts";
import {
  buildCircuit,
  CIRCUIT_NAMES,
  type Circuit,
  type CircuitInput,
  type CircuitName,
  checkTrainingIdentities,
  FIELD,
  type Keys,
  loadProfile,
  makeLocalKeys,
  proofWords,
  prove,
  residualBound,
} from "../../prover/index.ts";
import { randomFrom } from "./random.ts";
import { COIN } from "./world.ts";

const profile = loadProfile("tiny");
/** Records of each contributor's one batch; the second group of contributors has an empty place. */
const COUNTS = [5, 1, 3];

describe("a real training", () => {
  const random = randomFrom("real-training");
  let folder: string;
  let circuits: Record<CircuitName, Circuit>;
  let keys: Keys;
  let chain: Chain;
  let contracts: Contracts;
  let operator: Account;
  let training: SampleTraining;
  let batches: BatchEntry[];
  let modelId: string;

  const words = async (circuit: CircuitName, input: CircuitInput): Promise<bigint[]> => {
    const { wasmPath } = circuits[circuit];
    return proofWords((await prove({ zkeyPath: keys.zkeyPath(circuit), wasmPath, input })).proof);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-training-"));
    const built: Circuit[] = [];
    for (const circuit of CIRCUIT_NAMES)
      built.push(await buildCircuit({ profile: "tiny", circuit, cacheDir: cacheFolder() }));
    circuits = Object.fromEntries(built.map((circuit) => [circuit.name, circuit])) as typeof circuits;
    keys = await makeLocalKeys({ circuits: built, dir: join(folder, "keys") });
    chain = await openLocalChain({ now: () => 1_800_000_000 });
    operator = accountOf(random.hex32());
    await chain.fund(operator.address, 100n * COIN);
    const { deployment } = await deployContracts(chain, operator, deployOptionsOf(profile, keys));
    contracts = await openContracts(chain, deployment);

    training = sampleTraining(profile, COUNTS, "real-training");
    const { datanetId } = await contracts.createDatanet(operator, random.hex32());
    const members = [];
    batches = [];
    for (const [contributor, root] of training.roots.entries()) {
      const account = accountOf(random.hex32());
      await chain.fund(account.address, COIN);
      const entry = { root, count: COUNTS[contributor] ?? 0, contributor };
      const batch = { datanet: datanetId, root, count: entry.count, contributor: account.address };
      const { batchId } = await contracts.contribute(account, { ...batch, signature: "0x" });
      const commitG = training.commitG[contributor] ?? 0n;
      members.push({ account: account.address, commitG, batches: [batchId] });
      batches.push(entry);
    }
    const { commitW, commitA, commitR, lambda } = training;
    const committed = await contracts.commitModel(operator, {
      datanet: datanetId,
      datanetVersion: (await contracts.ensureVersion(operator, datanetId)).version,
      parent: NO_PARENT,
      backbone: random.hex32(),
      commitW,
      commitA,
      commitR,
      lambda: Number(lambda),
      samples: 9,
      token: contracts.deployment.token,
      feeUnit: 1n,
      unproven: false,
      contributors: members,
    });
    modelId = committed.modelId;
  });
  afterAll(async () => {
    await chain.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("is proven on chain, statement by statement, and holds off chain too", async () => {
    const { chainId, training: contract } = contracts.deployment;
    const rho = rhoOf(trainingSeed({ chainId, training: contract, modelId, roots: training.roots }));
    const inputs = trainingInputs(profile, training, rho);
    await contracts.beginTraining(operator, modelId, inputs.commitV);
    for (const [index, { input, g, a }] of inputs.samples.entries()) {
      const samples = [{ index, g, a, proof: await words("samples", input) }];
      await contracts.proveTraining(operator, modelId, { batches, samples });
    }
    const contributors = [];
    for (const [group, { input, commitG, values }] of inputs.groups.entries()) {
      contributors.push({ group, commitG, values, proof: await words("contributors", input) });
    }
    const { input, ...values } = inputs.model;
    const model = { ...values, proof: await words("model", input) };
    const lie = { ...model, wValue: (model.wValue + 1n) % FIELD };
    const sent = contracts.proveTraining(operator, modelId, { batches, contributors, model: lie });
    await expect(sent).rejects.toMatchObject({ reason: "VerifierInvalidBatch" });
    const last = await contracts.proveTraining(operator, modelId, { batches, contributors, model });
    expect(last).toMatchObject({ proven: true });
    expect(await contracts.trainingProven(modelId)).toBe(true);

    const value = inputs.groups.flatMap((group) => group.values);
    const problem = checkTrainingIdentities({
      profile,
      lambda: training.lambda,
      contributors: inputs.samples.map(({ g, a }, c) => ({ value: value[c] ?? 0n, batches: [{ g, a }] })),
      model: values,
    });
    expect(problem).toBeUndefined();
  });

  it("is bounded alike in TypeScript and Solidity", async () => {
    for (const [samples, lambda] of [
      [9, 4096],
      [1, 1],
      [65_535, 4_294_967_295],
    ] as const) {
      const bound = residualBound(profile, samples, BigInt(lambda));
      expect(await contracts.residualBound(samples, lambda)).toBe(bound);
    }
  });

  it("shares a batch with proofs of every other circuit, and one wrong public input spoils it", async () => {
    const items: Item[] = [];
    for (const name of CIRCUIT_NAMES) {
      const { input, publics } = honestInput("tiny", name, "real-training");
      items.push({ circuit: circuitIdOf("tiny", name), proof: await words(name, input), publics });
    }
    await contracts.verifyBatch(items);
    for (const [i, item] of items.entries()) {
      await contracts.verify(item.circuit, item.proof, item.publics);
      const publics = item.publics.map((x, k) => (k === i % item.publics.length ? (x + 1n) % FIELD : x));
      const spoilt = items.map((other, k) => (k === i ? { ...item, publics } : other));
      await expect(contracts.verifyBatch(spoilt)).rejects.toMatchObject({ reason: "VerifierInvalidBatch" });
    }
  });
});
