/**
 * Validators with stake, a validated datanet, and where their fees wait: what the tests of validation start
 * from.
 *
 * The contracts are a second set of datanets and validation beside the world's, because here an account that
 * the test has the key of owns the parameters, and a stand-in pays the fees.
 */
import { type ContractName, contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { send } from "../../pipeline/chain/client.ts";
import { type Contracts, openContracts, signBatch } from "../../pipeline/chain/contracts.ts";
import { deployContract, VALIDATION } from "../../pipeline/chain/deploy.ts";
import type { DatanetTerms, Verdict } from "../../pipeline/chain/economy.ts";
import { circuitIdOf } from "../../pipeline/chain/ids.ts";
import type { ValidationParameters } from "../../pipeline/chain/types.ts";
import { type Account, accountOf, codecOf, joinAbis } from "../../pipeline/engine/ethers.ts";
import { COIN, openWorld, type World } from "./world.ts";

export const HOUR = 3600;
export const [ACCEPT, REJECT] = [1, 2] as const;

export const PARAMETERS: ValidationParameters = {
  ...VALIDATION,
  commitWindow: HOUR,
  revealWindow: HOUR,
  challengeWindow: 24 * HOUR,
};

export type Validators = World & {
  readonly validators: readonly Account[];
  /** Pays what is put in to validation. */
  readonly fees: string;
  /** With 6 decimals; anybody may have some. */
  readonly money: string;
  readonly datanet: bigint;
  /** Sends a call to any contract of ours. */
  tell(
    account: Account,
    name: ContractName,
    to: string,
    method: string,
    args: readonly unknown[],
  ): Promise<unknown>;
};

export async function openValidators(seed: string, count = 4): Promise<Validators> {
  const world = await openWorld(seed);
  const { chain, people, random } = world;
  const artifacts = await contractArtifacts();
  const everything = codecOf(joinAbis(Object.values(artifacts).map(({ abi }) => abi)));
  const tell: Validators["tell"] = (account, name, to, method, args) =>
    send(chain, account, { to, data: codecOf(artifacts[name].abi).call(method, args) }, everything);
  const create = async (name: ContractName, args: readonly unknown[]): Promise<string> =>
    (await deployContract(chain, people.operator, artifacts[name], args)).created;

  const [fees, money] = [await create("TestFees", []), await create("TestToken", [])];
  const { token, registry, guardian, timelock } = world.contracts.deployment;
  const datanets = await create("Datanets", [5]);
  const validation = await create("Validation", [
    {
      ...{ token, datanets, registry, guardian },
      feeSource: fees,
      treasury: timelock,
      owner: people.operator.address,
      duplicate: circuitIdOf("tiny", "duplicate"),
      parameters: PARAMETERS,
    },
  ]);
  await tell(people.operator, "Datanets", datanets, "initialize", [validation]);
  const contracts = await openContracts(chain, { ...world.contracts.deployment, datanets, validation });
  const validators = Array.from({ length: count }, () => accountOf(random.hex32()));
  for (const validator of validators) {
    await chain.fund(validator.address, COIN);
    await contracts.transferToken(people.operator, validator.address, 1_000_000n * COIN);
    await contracts.approveToken(validator, validation, 1_000_000n * COIN);
    await contracts.stake(validator, 100_000n * COIN);
  }
  const own = { ...world, contracts, validators, fees, money, tell };
  const datanet = await newDatanet(own, { tokens: [token, money] });
  return { ...own, datanet };
}

/** A datanet that asks for verdicts. */
export async function newDatanet(
  { contracts, people, random }: World,
  terms: Partial<DatanetTerms> = {},
): Promise<bigint> {
  const created = await contracts.createDatanet(people.operator, random.hex32(), {
    validated: true,
    ...terms,
  });
  return created.datanetId;
}

/** A batch of a contributor's, by signature. */
export async function newBatch(
  { contracts, people, random, contributors }: World,
  datanet: bigint,
  by: Account = contributors[0] as Account,
): Promise<bigint> {
  const batch = { datanet, root: random.field(), count: 3 };
  const signature = await signBatch(by, contracts.deployment, batch);
  const signed = { ...batch, contributor: by.address, signature };
  return (await contracts.contribute(people.relayer, signed)).batchId;
}

/** A vote: verdict 0 is committed and never shown. */
export type Vote = { readonly verdict: 0 | 1 | 2; readonly weight: bigint };

/** Opens a round, commits the votes (validator by validator), shows them, and closes it if asked to. */
export async function runRound(
  world: Validators,
  batch: bigint,
  votes: readonly (Vote | undefined)[],
  until: "commit" | "reveal" | "close" = "close",
): Promise<{ readonly round: number; readonly verdicts: readonly (Verdict | undefined)[] }> {
  const { contracts, people, random, validators, chain } = world;
  const { round } = await contracts.openRound(people.relayer, batch);
  const verdicts: (Verdict | undefined)[] = [];
  for (const [i, vote] of votes.entries()) {
    if (vote === undefined) {
      verdicts.push(undefined);
      continue;
    }
    const validator = validators[i] as Account;
    const verdict = vote.verdict === 0 ? 1 : vote.verdict;
    const hidden = { batch, round, validator: validator.address, verdict, reason: i, salt: random.hex32() };
    await contracts.commitVerdict(validator, batch, await contracts.commitmentOf(hidden), vote.weight);
    verdicts.push(vote.verdict === 0 ? undefined : hidden);
  }
  if (until === "commit") return { round, verdicts };
  await chain.travel(HOUR);
  for (const verdict of verdicts)
    if (verdict !== undefined) await contracts.revealVerdict(people.relayer, verdict);
  if (until === "reveal") return { round, verdicts };
  await chain.travel(HOUR);
  await contracts.closeRound(people.relayer, batch);
  return { round, verdicts };
}

/** What the validators' stakes come to, each with what its unsettled votes have not lost yet. */
export async function stakes({ contracts, validators }: Validators): Promise<bigint> {
  let sum = 0n;
  for (const { address } of validators) {
    const { free, locked, leaving } = await contracts.stakeOf(address);
    sum += free + locked + leaving;
  }
  return sum;
}

/** Settles whatever can be settled. */
export async function settleAll(
  { contracts, people, validators }: Validators,
  batch: bigint,
  round: number,
): Promise<void> {
  for (const { address } of validators) {
    const { weight, settled } = await contracts.voteOf(batch, round, address);
    if (weight > 0n && !settled) await contracts.settleVote(people.relayer, batch, round, address);
  }
}

/** A proof that the two batches hold one content, for this challenger. */
export async function duplicateProof(
  { contracts, keys }: World & { contracts: Contracts },
  earlier: bigint,
  later: bigint,
  challenger: string,
): Promise<bigint[]> {
  const [a, b] = [await contracts.batch(earlier), await contracts.batch(later)];
  return keys.duplicate.prove([a.root, b.root, BigInt(challenger)]);
}
