/**
 * A chain with everything deployed and people who have coins: what the contracts' tests start from.
 *
 * Proofs come from keys whose secret is known (groth.ts), so the contracts verify real pairings for any
 * statement.
 */
import { expect } from "vitest";
import type { Chain } from "../../pipeline/chain/chain.ts";
import { chainTime, type Receipt, RevertedError } from "../../pipeline/chain/client.ts";
import { type Contracts, openContracts, signBatch } from "../../pipeline/chain/contracts.ts";
import { type DeployOptions, deployContracts } from "../../pipeline/chain/deploy.ts";
import { type ModelStatement, NO_PARENT } from "../../pipeline/chain/ids.ts";
import { openLocalChain } from "../../pipeline/chain/local.ts";
import type { Claim } from "../../pipeline/chain/payments.ts";
import type { EpochProofs } from "../../pipeline/chain/proofs.ts";
import {
  type Accounting,
  addsUp,
  type EpochCommitment,
  type ReceiptArgs,
  type Settlement,
} from "../../pipeline/chain/types.ts";
import { type Account, accountOf, type Hex, signTypedData } from "../../pipeline/engine/ethers.ts";
import { earningsProof } from "../../pipeline/payments/earnings.ts";
import { type SignedVoucher, signVoucher } from "../../pipeline/payments/vouchers.ts";
import { RECEIPT_TYPES, receiptDomain } from "../../pipeline/receipts.ts";
import { type Arithmetic, arithmetic, type TrapdoorKey, trapdoorKey } from "./groth.ts";
import { type Random, randomFrom } from "./random.ts";

export const COIN = 10n ** 18n;
export const GROUP = 2;
export const QUERIES = 3;

/** Features of a record. */
export const DIMENSION = 4;

export type Key =
  | "samples"
  | "contributors"
  | "model"
  | "inference"
  | "adjoint"
  | "weights"
  | "duplicate"
  | "inclusion";
/** What a world can be opened with: the profile's sizes, and how fees are split. */
export type WorldOptions = {
  readonly group?: number;
  readonly queries?: number;
  readonly fees?: DeployOptions["fees"];
  /** A chain that somebody else opened and closes; one of its own if left out. */
  readonly chain?: Chain;
  /** False: the operator keeps all of the token, as after a deployment. */
  readonly endowed?: boolean;
};
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
  /** Contributors per weights proof. */
  readonly group: number;
  /** Every model that was committed, and its token: what the vault's books are summed over. */
  readonly models: Map<string, string>;
};
export type Model = {
  readonly id: string;
  readonly statement: ModelStatement;
  readonly accounts: readonly string[];
};
export type Epoch = { readonly number: number; readonly commitment: EpochCommitment };

/** Trapdoor keys for the circuits, as the contracts want them. */
export async function makeKeys(
  random: Random,
  group = GROUP,
): Promise<{ curve: Arithmetic; keys: World["keys"] }> {
  const curve = await arithmetic();
  const setup = { alpha: random.field(), beta: random.field(), gamma: random.field() };
  const make = (count: number): TrapdoorKey => trapdoorKey(curve, setup, count, random);
  const training = { samples: make(8), contributors: make(2 + 2 * group), model: make(11) };
  const answers = { inference: make(6), adjoint: make(4), weights: make(1 + 2 * group) };
  return { curve, keys: { ...training, ...answers, duplicate: make(3), inclusion: make(3) } };
}

export function deployOptions(
  keys: World["keys"],
  emptyQ: bigint,
  nullG: bigint,
  options: WorldOptions = {},
): DeployOptions {
  const words = {
    samples: keys.samples.words,
    contributors: keys.contributors.words,
    model: keys.model.words,
    inference: keys.inference.words,
    adjoint: keys.adjoint.words,
    weights: keys.weights.words,
    duplicate: keys.duplicate.words,
    inclusion: keys.inclusion.words,
  };
  const profile = {
    name: "tiny",
    d: DIMENSION,
    batchRecords: 5,
    queries: options.queries ?? QUERIES,
    contributors: options.group ?? GROUP,
    maxSamples: 65_535,
  };
  const fees = options.fees === undefined ? {} : { fees: options.fees };
  return { profile, keys: { local: true, words }, emptyQ, nullG, ...fees };
}

export async function openWorld(
  seed: string,
  contributorCount = 3,
  options: WorldOptions = {},
): Promise<World> {
  const random = randomFrom(seed);
  const chain = options.chain ?? (await openLocalChain({ now: () => 1_800_000_000 }));
  const account = (): Account => accountOf(random.hex32());
  const people = { operator: account(), relayer: account(), payers: [account(), account()] };
  for (const { address } of [people.operator, people.relayer, ...people.payers])
    await chain.fund(address, 1000n * COIN);
  const group = options.group ?? GROUP;
  const { curve, keys } = await makeKeys(random, group);
  const [emptyQ, nullG] = [random.field(), random.field()];
  const wanted = deployOptions(keys, emptyQ, nullG, options);
  const { deployment } = await deployContracts(chain, people.operator, wanted);
  const contracts = await openContracts(chain, deployment);
  for (const { address } of options.endowed === false ? [] : [people.relayer, ...people.payers])
    await contracts.erc20Transfer(people.operator, deployment.token, address, 1_000_000n * COIN);
  const contributors = Array.from({ length: contributorCount }, account);
  const models = new Map<string, string>();
  return { chain, contracts, random, curve, keys, emptyQ, nullG, people, contributors, group, models };
}

/** A datanet with one signed batch for each contributor, and a model of them. */
export async function makeModel(
  world: World,
  accounts: readonly Account[] = world.contributors,
  feeUnitWei = 7n,
  token = world.contracts.deployment.token,
): Promise<Model> {
  const { contracts, people, random } = world;
  const terms = { tokens: [token] };
  const { datanetId } = await contracts.createDatanet(people.operator, random.hex32(), terms);
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
    { token },
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
  world.models.set(modelId, statement.token);
  return { id: modelId, statement, accounts: members.map(({ account }) => account) };
}

/** A receipt of the model's first epoch, due in three days. */
export async function receiptFor(
  world: World,
  model: Model,
  payer: Account,
  over: Partial<ReceiptArgs> = {},
): Promise<ReceiptArgs> {
  return {
    ...{ modelId: model.id, unproven: true, epoch: 1, requestId: world.random.hex32() },
    ...{ payer: payer.address, feeUnits: 500, leaf: world.random.field() },
    dueBy: (await chainTime(world.chain)) + 3 * 86_400,
    ...over,
  };
}

/** Signs a receipt, as the operator does or pretends to. */
export function signReceipt(
  { chain, contracts }: World,
  receipt: ReceiptArgs,
  by: Account,
  epochs = contracts.deployment.epochs,
): Promise<Hex> {
  return signTypedData(by.privateKey, receiptDomain(chain.chainId, epochs), RECEIPT_TYPES, { ...receipt });
}

/** A voucher of a payer for what it was charged so far and `amount` more. */
export async function voucherFor(
  world: World,
  model: Model,
  payer: Account,
  amount: bigint,
): Promise<SignedVoucher> {
  const { charged } = await world.contracts.channel(model.id, payer.address);
  return await signVoucher(payer, world.contracts.deployment, {
    operator: world.people.operator.address,
    model: model.id,
    cumulative: charged + amount,
    expiry: 10n ** 11n,
  });
}

/** Vouchers of both payers for what a commitment charges them. */
export async function vouchersFor(
  world: World,
  model: Model,
  commitment: EpochCommitment,
): Promise<SignedVoucher[]> {
  const signed: SignedVoucher[] = [];
  for (const payer of world.people.payers) {
    const units = commitment.feeUnits.filter((_, i) => commitment.payers[i] === payer.address);
    const sum = units.reduce((total, unit) => total + unit, 0n);
    signed.push(await voucherFor(world, model, payer, sum * model.statement.feeUnit));
  }
  return signed;
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
  const vouchers = await vouchersFor(world, model, commitment);
  const { epoch } = await contracts.commitEpoch(people.operator, model.id, commitment, vouchers);
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
  const places = Array.from({ length: world.group }, (_, j) => index * world.group + j);
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

/** Every proof of an epoch. */
export async function allProofs(
  world: World,
  model: Model,
  epoch: Epoch,
  w: readonly bigint[],
): Promise<Required<EpochProofs>> {
  const inference = [];
  for (const batchIndex of epoch.commitment.feeTotals.keys())
    inference.push({ batchIndex, proof: await proveInference(world, model, epoch, batchIndex) });
  const adjoint = world.keys.adjoint.prove(adjointPublics(model, epoch));
  const weights = Array.from({ length: Math.ceil(w.length / world.group) }, (_, index) => {
    const whole = groupOf(world, model, w, index);
    return { ...whole, proof: proveWeights(world, epoch, whole) };
  });
  return { inference, adjoint, weights };
}

/** Sends any of an epoch's proofs. */
export function sendProofs(
  world: World,
  model: Pick<Model, "id">,
  epoch: Epoch,
  proofs: EpochProofs,
  number = epoch.number,
): Promise<Receipt> {
  return world.contracts.proveEpoch(world.people.relayer, model.id, number, epoch.commitment, proofs);
}

/** Posts every proof of an epoch. */
export async function proveAll(
  world: World,
  model: Model,
  epoch: Epoch,
  w: readonly bigint[],
): Promise<void> {
  await sendProofs(world, model, epoch, await allProofs(world, model, epoch, w));
}

/** Settles an epoch, with what was earned before as the events tell it. */
export async function settle(
  world: World,
  model: Model,
  number: number,
  w: readonly bigint[],
  accounts = model.accounts,
): Promise<Receipt & Settlement> {
  const { cumulative } = await world.contracts.earnings(model.id, model.accounts);
  return await world.contracts.settle(world.people.relayer, model.id, number, accounts, w, cumulative);
}

/** What a claim of an account brings now. */
export async function claimOf(world: World, model: Model, account: string): Promise<Claim> {
  const earnings = await world.contracts.earnings(model.id, model.accounts);
  return { model: model.id, ...earningsProof(earnings, account) };
}

/** What an account has earned with a model and not received yet. */
export async function owed(world: World, model: Model, account: string): Promise<bigint> {
  const { cumulative } = await claimOf(world, model, account);
  return cumulative - (await world.contracts.claimed(model.id, account));
}

/** All models' accounts together: each adds up, and what is not paid out yet lies in the vault. */
export async function balanced(world: World): Promise<Accounting> {
  const { contracts } = world;
  const sums = {
    deposited: 0n,
    withdrawn: 0n,
    unspent: 0n,
    pool: 0n,
    carry: 0n,
    shared: 0n,
    owed: 0n,
    claimed: 0n,
  };
  const held = new Map<string, bigint>();
  for (const [id, token] of world.models) {
    const books = await contracts.accounting(id);
    expect(addsUp(books), `the accounts do not add up: ${Object.entries(books).join(" ")}`).toBe(true);
    for (const key of Object.keys(sums) as Array<keyof Accounting>) sums[key] += books[key];
    held.set(token, (held.get(token) ?? 0n) + books.unspent + books.pool + books.carry + books.owed);
  }
  for (const [token, sum] of held) {
    const lying = await contracts.erc20Balance(token, contracts.deployment.vault);
    expect(lying).toBe(sum + (await contracts.uncollectedShares(token)));
  }
  return sums;
}

/** The call is refused for this reason, and not a unit moves. */
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
