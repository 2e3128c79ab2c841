/**
 * A chain with everything deployed and people who have coins: what the contracts' tests start from.
 *
 * Proofs come from keys whose secret is known (groth.ts), so the contracts verify real pairings for any
 * statement.
 */
import { expect } from "vitest";
import type { Chain } from "../../pipeline/chain/chain.ts";
import { balanceOf, RevertedError } from "../../pipeline/chain/client.ts";
import { type Contracts, openContracts, signBatch } from "../../pipeline/chain/contracts.ts";
import { type DeployOptions, deployContracts } from "../../pipeline/chain/deploy.ts";
import { type ModelStatement, NO_PARENT } from "../../pipeline/chain/ids.ts";
import { openLocalChain } from "../../pipeline/chain/local.ts";
import { type Accounting, addsUp, type EpochCommitment } from "../../pipeline/chain/types.ts";
import { type Account, accountOf } from "../../pipeline/engine/ethers.ts";
import { type Arithmetic, arithmetic, type TrapdoorKey, trapdoorKey } from "./groth.ts";
import { type Random, randomFrom } from "./random.ts";

export const COIN = 10n ** 18n;
export const GROUP = 2;
export const QUERIES = 3;

/** Features of a record. */
export const DIMENSION = 4;

export type Key = "samples" | "contributors" | "model" | "inference" | "adjoint" | "weights" | "duplicate";
export type World = {
  readonly chain: Chain;
  readonly contracts: Contracts;
  readonly random: Random;
  readonly curve: Arithmetic;
  readonly keys: { readonly [C in Key]: TrapdoorKey };
  readonly emptyQ: bigint;
  readonly nullG: bigint;
  readonly people: {
    readonly operator: Account;
    readonly relayer: Account;
    readonly payers: readonly Account[];
  };
  readonly contributors: readonly Account[];
};
export type Model = {
  readonly id: string;
  readonly statement: ModelStatement;
  readonly accounts: readonly string[];
};
export type Epoch = { readonly number: number; readonly commitment: EpochCommitment };

/** Trapdoor keys for the circuits, as the contracts want them. */
export async function makeKeys(random: Random): Promise<{ curve: Arithmetic; keys: World["keys"] }> {
  const curve = await arithmetic();
  const setup = { alpha: random.field(), beta: random.field(), gamma: random.field() };
  const make = (count: number): TrapdoorKey => trapdoorKey(curve, setup, count, random);
  const training = { samples: make(8), contributors: make(2 + 2 * GROUP), model: make(11) };
  const answers = { inference: make(6), adjoint: make(4), weights: make(1 + 2 * GROUP) };
  return { curve, keys: { ...training, ...answers, duplicate: make(3) } };
}

export function deployOptions(keys: World["keys"], emptyQ: bigint, nullG: bigint): DeployOptions {
  const words = {
    samples: keys.samples.words,
    contributors: keys.contributors.words,
    model: keys.model.words,
    inference: keys.inference.words,
    adjoint: keys.adjoint.words,
    weights: keys.weights.words,
    duplicate: keys.duplicate.words,
  };
  const profile = {
    name: "tiny",
    d: DIMENSION,
    batchRecords: 5,
    queries: QUERIES,
    contributors: GROUP,
    maxSamples: 65_535,
  };
  return { profile, keys: { local: true, words }, emptyQ, nullG };
}

export async function openWorld(seed: string, contributorCount = 3): Promise<World> {
  const random = randomFrom(seed);
  const chain = await openLocalChain({ now: () => 1_800_000_000 });
  const account = (): Account => accountOf(random.hex32());
  const people = { operator: account(), relayer: account(), payers: [account(), account()] };
  for (const { address } of [people.operator, people.relayer, ...people.payers])
    await chain.fund(address, 1000n * COIN);
  const { curve, keys } = await makeKeys(random);
  const [emptyQ, nullG] = [random.field(), random.field()];
  const { deployment } = await deployContracts(chain, people.operator, deployOptions(keys, emptyQ, nullG));
  const contracts = await openContracts(chain, deployment);
  const contributors = Array.from({ length: contributorCount }, account);
  return { chain, contracts, random, curve, keys, emptyQ, nullG, people, contributors };
}

/** A datanet with one signed batch for each contributor, and a model of them. */
export async function makeModel(
  world: World,
  accounts: readonly Account[] = world.contributors,
  feeUnitWei = 7n,
): Promise<Model> {
  const { contracts, people, random } = world;
  const { datanetId } = await contracts.createDatanet(people.operator, random.hex32());
  const batches: bigint[] = [];
  for (const contributor of accounts) {
    const batch = { datanet: datanetId, root: random.field(), count: 4 };
    const signature = await signBatch(contributor, contracts.deployment, batch);
    const signed = { ...batch, contributor: contributor.address, signature };
    batches.push((await contracts.contribute(people.relayer, signed)).batchId);
  }
  return await commitModelOf(
    world,
    datanetId,
    accounts.map((a, i) => ({ account: a.address, batches: [batches[i] as bigint] })),
    feeUnitWei,
  );
}

/** The datanet's version with everything accepted so far, published by its owner if it has to be. */
export async function published(world: World, datanet: bigint): Promise<number> {
  const { owner } = await world.contracts.datanet(datanet);
  const { operator, relayer } = world.people;
  const account = [operator, relayer].find(({ address }) => address === owner);
  if (account === undefined) throw new Error(`datanet ${datanet} is somebody else's: ${owner}`);
  return (await world.contracts.ensureVersion(account, datanet)).version;
}

/** What of a model is more than random numbers. */
export type Commitments = Partial<
  Pick<
    ModelStatement,
    "commitW" | "commitA" | "commitR" | "lambda" | "samples" | "unproven" | "parent" | "token"
  >
> & { readonly commitG?: readonly bigint[] };

/** Commits a model of these members, with batches of 4 records, registered as unproven. */
export async function commitModelOf(
  world: World,
  datanet: bigint,
  members: readonly { account: string; batches: bigint[] }[],
  feeUnitWei = 7n,
  commitments?: Commitments,
): Promise<Model> {
  const { contracts, people, random } = world;
  const statement: ModelStatement = {
    datanet,
    datanetVersion: await published(world, datanet),
    parent: commitments?.parent ?? NO_PARENT,
    backbone: random.hex32(),
    commitW: commitments?.commitW ?? random.field(),
    commitA: commitments?.commitA ?? random.field(),
    commitR: commitments?.commitR ?? random.field(),
    lambda: commitments?.lambda ?? 1000,
    samples: commitments?.samples ?? 4 * members.reduce((sum, member) => sum + member.batches.length, 0),
    token: commitments?.token ?? contracts.deployment.token,
    feeUnit: feeUnitWei,
    unproven: commitments?.unproven ?? true,
    contributors: members.map((member, i) => ({
      ...member,
      commitG: commitments?.commitG?.[i] ?? random.field(),
    })),
  };
  const { modelId } = await contracts.commitModel(people.operator, statement);
  return { id: modelId, statement, accounts: members.map(({ account }) => account) };
}

/** Deposits what is missing and commits an epoch; both payers pay, the second one the odd unit. */
export async function makeEpoch(
  world: World,
  model: Model,
  feeTotals: readonly bigint[] = [100n, 51n],
): Promise<Epoch> {
  const { contracts, people } = world;
  const commitment = makeCommitment(world, feeTotals);
  for (const [i, payer] of people.payers.entries()) {
    const wei = (commitment.feeUnits[i] as bigint) * model.statement.feeUnit;
    if (wei > 0n) await contracts.deposit(payer, model.id, wei);
  }
  const { epoch } = await contracts.commitEpoch(people.operator, model.id, commitment);
  return { number: epoch, commitment };
}

export function makeCommitment(world: World, feeTotals: readonly bigint[]): EpochCommitment {
  const { random, people } = world;
  const fees = feeTotals.reduce((sum, fee) => sum + fee, 0n);
  return {
    receiptsRoots: feeTotals.map(() => random.field()),
    commitQ: feeTotals.map(() => random.field()),
    feeTotals,
    commitY: random.field(),
    payers: people.payers.map(({ address }) => address),
    feeUnits: [fees / 2n, fees - fees / 2n],
  };
}

/** The public inputs that the contract will build for an inference statement. */
export async function inferencePublics(
  world: World,
  model: Model,
  epoch: Epoch,
  index: number,
): Promise<bigint[]> {
  const { commitQ, receiptsRoots, feeTotals } = epoch.commitment;
  return [
    await world.contracts.context(model.id, epoch.number, index),
    model.statement.commitW,
    index === 0 ? world.emptyQ : (commitQ[index - 1] as bigint),
    commitQ[index] as bigint,
    receiptsRoots[index] as bigint,
    feeTotals[index] as bigint,
  ];
}

export function adjointPublics(model: Model, epoch: Epoch): bigint[] {
  const { commitQ, commitY } = epoch.commitment;
  return [model.statement.commitA, commitQ.at(-1) as bigint, commitY, BigInt(model.statement.lambda)];
}

/** A whole group: weights and commitments, filled up. */
export function groupOf(
  world: World,
  model: Model,
  w: readonly bigint[],
  index: number,
): { index: number; w: bigint[]; commitG: bigint[] } {
  const places = Array.from({ length: GROUP }, (_, j) => index * GROUP + j);
  return {
    index,
    w: places.map((place) => w[place] ?? 0n),
    commitG: places.map((place) => model.statement.contributors[place]?.commitG ?? world.nullG),
  };
}

export async function proveInference(
  world: World,
  model: Model,
  epoch: Epoch,
  index: number,
): Promise<bigint[]> {
  return world.keys.inference.prove(await inferencePublics(world, model, epoch, index));
}

export function proveWeights(
  world: World,
  epoch: Epoch,
  group: { w: bigint[]; commitG: bigint[] },
): bigint[] {
  return world.keys.weights.prove([epoch.commitment.commitY, ...group.commitG, ...group.w]);
}

/** Posts every proof of an epoch. */
export async function proveAll(
  world: World,
  model: Model,
  epoch: Epoch,
  w: readonly bigint[],
): Promise<void> {
  const { contracts, people } = world;
  for (let group = 0; group * GROUP < w.length; group++) {
    const whole = groupOf(world, model, w, group);
    await contracts.proveWeights(
      people.relayer,
      model.id,
      epoch.number,
      whole,
      proveWeights(world, epoch, whole),
    );
  }
  const adjoint = world.keys.adjoint.prove(adjointPublics(model, epoch));
  await contracts.proveAdjoint(people.relayer, model.id, epoch.number, adjoint);
  for (const index of epoch.commitment.feeTotals.keys()) {
    const proof = await proveInference(world, model, epoch, index);
    await contracts.proveInference(people.relayer, model.id, epoch.number, index, proof);
  }
}

/** The accounts, and that they are backed by coins and add up to the wei. */
export async function balanced(world: World): Promise<Accounting> {
  const accounts = await world.contracts.accounting();
  expect(addsUp(accounts), `the accounts do not add up: ${Object.entries(accounts).join(" ")}`).toBe(true);
  const held = accounts.unspent + accounts.pools + accounts.carry + accounts.owed;
  expect(await balanceOf(world.chain, world.contracts.deployment.vault)).toBe(held);
  return accounts;
}

/** The call is refused for this reason, and not a wei moves. */
export async function refused(
  world: World,
  work: () => Promise<unknown>,
  reason: string,
): Promise<RevertedError> {
  const before = await balanced(world);
  const error = await work().then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error, `${reason} was expected, and nothing was refused`).toBeInstanceOf(RevertedError);
  expect((error as RevertedError).reason).toBe(reason);
  expect(await balanced(world)).toEqual(before);
  return error as RevertedError;
}
