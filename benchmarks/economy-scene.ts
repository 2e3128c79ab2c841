// A deployed economy at the default profile's sizes with keys whose secret is known (trapdoor.ts): any
// statement has a proof in milliseconds, and the chain verifies real pairings. Gas depends on sizes, never on
// who made a proof.
//
// Payments are in a plain ERC-20. A token that counts votes with every transfer, as ours does, adds what that
// costs, about 6,000 gas a claim.

import {
  type Account,
  accountOf,
  type Chain,
  type Contracts,
  codecOf,
  contractArtifacts,
  deployContract,
  deployContracts,
  type EpochProofs,
  NO_PARENT,
  openContracts,
  openLocalChain,
  type Receipt,
  send,
  signBatch,
  signVoucher,
} from "../pipeline/index.ts";
import { CIRCUIT_NAMES, type CircuitName, loadProfile, type Profile } from "../prover/index.ts";
import { type Random, randomFrom } from "./seeded.ts";
import { arithmetic, type TrapdoorKey, trapdoorKey } from "./trapdoor.ts";

const COIN = 10n ** 18n;
const FEE_UNIT = 10n ** 9n;
const LAMBDA = 1000;
const SPLIT = { protocolBps: 200, developerBps: 1_000, validatorsBps: 0 };

/** A deployed economy with one model; `notes` are the receipts of what it took, by call. */
export type Scene = {
  readonly profile: Profile;
  readonly chain: Chain;
  readonly contracts: Contracts;
  readonly random: Random;
  readonly keys: Readonly<Record<CircuitName, TrapdoorKey>>;
  readonly emptyQ: bigint;
  readonly nullG: bigint;
  readonly operator: Account;
  readonly payers: readonly Account[];
  readonly model: { readonly id: string; readonly commitW: bigint; readonly commitA: bigint };
  readonly accounts: readonly string[];
  readonly commitG: readonly bigint[];
  readonly notes: ReadonlyMap<string, Receipt>;
};

/** Deploys, registers and commits a model of `contributors`. The caller closes the chain. */
export async function openScene(contributors: number, payerCount: number): Promise<Scene> {
  const profile = loadProfile("default");
  const random = randomFrom(`economy-${contributors}`);
  const chain = await openLocalChain({ now: () => 1_800_000_000 });
  const account = (): Account => accountOf(random.hex32());
  const [operator, payers] = [account(), Array.from({ length: payerCount }, account)];
  for (const { address } of [operator, ...payers]) await chain.fund(address, 1_000n * COIN);
  const keys = await makeKeys(profile, random);
  const [emptyQ, nullG] = [random.field(), random.field()];
  const words = Object.fromEntries(CIRCUIT_NAMES.map((name) => [name, keys[name].words])) as Record<
    CircuitName,
    bigint[]
  >;
  const options = { profile, keys: { local: true, words }, emptyQ, nullG, fees: SPLIT };
  const { deployment } = await deployContracts(chain, operator, options);
  const contracts = await openContracts(chain, deployment);
  const token = await makeToken(chain, operator, payers);
  const notes = new Map<string, Receipt>();
  const base = { profile, chain, contracts, random, keys, emptyQ, nullG, operator, payers, notes };
  return { ...base, ...(await register(base, contributors, token, account, notes)) };
}

/** One of the numbers of public inputs for each circuit. */
async function makeKeys(profile: Profile, random: Random): Promise<Record<CircuitName, TrapdoorKey>> {
  const curve = await arithmetic();
  const setup = { alpha: random.field(), beta: random.field(), gamma: random.field() };
  const sizes: Record<CircuitName, number> = {
    samples: 8,
    contributors: 2 + 2 * profile.contributors,
    model: 11,
    inference: 6,
    adjoint: 4,
    weights: 1 + 2 * profile.contributors,
    duplicate: 3,
    inclusion: 3,
  };
  const made = CIRCUIT_NAMES.map((name) => [name, trapdoorKey(curve, setup, sizes[name], random)]);
  return Object.fromEntries(made) as Record<CircuitName, TrapdoorKey>;
}

async function makeToken(chain: Chain, operator: Account, payers: readonly Account[]): Promise<string> {
  const { TestToken } = await contractArtifacts();
  const codec = codecOf(TestToken.abi);
  const { created } = await deployContract(chain, operator, TestToken, []);
  for (const { address } of payers) {
    await send(chain, operator, { to: created, data: codec.call("mint", [address, COIN]) });
  }
  return created;
}

async function register(
  { contracts, operator, random }: Pick<Scene, "contracts" | "operator" | "random">,
  contributors: number,
  token: string,
  account: () => Account,
  notes: Map<string, Receipt>,
): Promise<Pick<Scene, "model" | "accounts" | "commitG">> {
  const datanet = await contracts.createDatanet(operator, random.hex32(), { tokens: [token] });
  notes.set("register", datanet);
  const members = [];
  for (let i = 0; i < contributors; i++) {
    const contributor = account();
    const batch = { datanet: datanet.datanetId, root: random.field(), count: 100 };
    const signature = await signBatch(contributor, contracts.deployment, batch);
    const signed = { ...batch, contributor: contributor.address, signature };
    const sent = await contracts.contribute(operator, signed);
    notes.set(i === 0 ? "contribute.first" : "contribute.later", sent);
    members.push({ account: contributor.address, batches: [sent.batchId], commitG: random.field() });
  }
  const [commitW, commitA] = [random.field(), random.field()];
  const { version } = await contracts.ensureVersion(operator, datanet.datanetId);
  const committed = await contracts.commitModel(operator, {
    ...{ datanet: datanet.datanetId, datanetVersion: version, parent: NO_PARENT },
    ...{ backbone: random.hex32(), commitW, commitA, commitR: random.field(), lambda: LAMBDA },
    ...{ samples: 100 * contributors, token, feeUnit: FEE_UNIT, unproven: true, contributors: members },
  });
  notes.set(`commitModel.c${contributors}`, committed);
  return {
    model: { id: committed.modelId, commitW, commitA },
    accounts: members.map((member) => member.account),
    commitG: members.map((member) => member.commitG),
  };
}

/** An epoch as it is committed; the fee of an answer is 20 units. */
export type SceneEpoch = {
  readonly number: number;
  readonly commitment: Parameters<Contracts["commitEpoch"]>[2];
  readonly w: readonly bigint[];
};

/** Deposits and vouchers of all payers for an epoch of `answers`, and its commitment. */
export async function openEpoch(
  scene: Scene,
  answers: number,
): Promise<{ readonly epoch: SceneEpoch; readonly deposit: Receipt; readonly commit: Receipt }> {
  const { contracts, operator, payers, model, profile, random } = scene;
  const each = 20n;
  const batches = Math.ceil(answers / profile.queries);
  const total = BigInt(answers) * each;
  const full = BigInt(profile.queries) * each;
  const share = total / BigInt(payers.length);
  const feeUnits = payers.map((_, i) => (i === 0 ? total - share * BigInt(payers.length - 1) : share));
  const commitment = {
    receiptsRoots: Array.from({ length: batches }, () => random.field()),
    commitQ: Array.from({ length: batches }, () => random.field()),
    feeTotals: Array.from({ length: batches }, (_, i) =>
      i < batches - 1 ? full : total - BigInt(batches - 1) * full,
    ),
    commitY: random.field(),
    payers: payers.map(({ address }) => address),
    feeUnits,
  };
  const vouchers = [];
  let deposit: Receipt | undefined;
  for (const [i, payer] of payers.entries()) {
    const amount = (feeUnits[i] as bigint) * FEE_UNIT;
    deposit = await contracts.deposit(payer, model.id, amount);
    const { charged } = await contracts.channel(model.id, payer.address);
    const terms = { operator: operator.address, model: model.id, expiry: 10n ** 11n };
    const cumulative = charged + amount;
    vouchers.push(await signVoucher(payer, contracts.deployment, { ...terms, cumulative }));
  }
  if (deposit === undefined) throw new RangeError("an epoch needs a payer");
  const commit = await contracts.commitEpoch(operator, model.id, commitment, vouchers);
  const w = scene.accounts.map(() => random.field() % (1n << 111n));
  return { epoch: { number: commit.epoch, commitment, w }, deposit, commit };
}

/** Every proof of an epoch. */
export async function proofsOf(scene: Scene, epoch: SceneEpoch): Promise<Required<EpochProofs>> {
  const { contracts, keys, model, profile } = scene;
  const { commitQ, receiptsRoots, feeTotals, commitY } = epoch.commitment;
  const inference = [];
  for (const batchIndex of feeTotals.keys()) {
    const proof = keys.inference.prove([
      await contracts.context(model.id, epoch.number, batchIndex),
      model.commitW,
      batchIndex === 0 ? scene.emptyQ : (commitQ[batchIndex - 1] as bigint),
      ...[commitQ[batchIndex], receiptsRoots[batchIndex], feeTotals[batchIndex]].map((x) => x as bigint),
    ]);
    inference.push({ batchIndex, proof });
  }
  const last = commitQ.at(-1) as bigint;
  const adjoint = keys.adjoint.prove([model.commitA, last, commitY, BigInt(LAMBDA)]);
  const size = profile.contributors;
  const weights = Array.from({ length: Math.ceil(epoch.w.length / size) }, (_, index) => {
    const places = Array.from({ length: size }, (_, j) => index * size + j);
    const w = places.map((place) => epoch.w[place] ?? 0n);
    const commitG = places.map((place) => scene.commitG[place] ?? scene.nullG);
    return { index, w, commitG, proof: keys.weights.prove([commitY, ...commitG, ...w]) };
  });
  return { inference, adjoint, weights };
}
