/**
 * Puts the contracts on a chain: the token, its governance (a timelock and a governor, wired by a contract
 * that keeps no role), the pause guardian, the verifier and its registry; then datanets, models (which
 * creates its training), epochs (which creates its vault) and validation. Two are told of another once, when
 * that exists: datanets of validation, and models of the contract that may freeze them.
 *
 * What has an owner has the timelock for it from its first moment. The account that deploys keeps the tokens
 * that it was given and the guardian's place, and nothing else.
 */
import {
  CIRCUIT_NAMES,
  type CircuitName,
  emptyCommitQ,
  type Keys,
  nullCommitG,
  type Profile,
} from "../../prover/index.ts";
import { type Account, type Codec, codecOf, type Hex, joinAbis } from "../engine/ethers.ts";
import { type Artifact, type ContractName, contractArtifacts } from "./artifacts.ts";
import type { Chain } from "./chain.ts";
import { type Call, type Receipt, read, send } from "./client.ts";
import { circuitIdOf } from "./ids.ts";
import type { ValidationParameters } from "./types.ts";
import { type VerifierKeys, verifierArguments, verifierKeysOf } from "./verifier.ts";

/** What the contracts fix forever: keys, sizes and two constant commitments. */
export type DeployOptions = {
  readonly profile: {
    readonly name: string;
    /** Features of a record. */
    readonly d: number;
    readonly batchRecords: number;
    readonly queries: number;
    /** Contributors per weights proof and per contributors proof. */
    readonly contributors: number;
    readonly maxSamples: number;
  };
  readonly keys: VerifierKeys;
  /** Commitment of the zero Q with salt 0. */
  readonly emptyQ: bigint;
  /** Commitment of the zero gradient with salt 0. */
  readonly nullG: bigint;
  /** {@link GOVERNANCE} if left out. */
  readonly governance?: typeof GOVERNANCE;
  /** {@link VALIDATION} if left out. */
  readonly validation?: ValidationParameters;
  /** {@link FEES} if left out. */
  readonly fees?: typeof FEES;
};

const DAY = 86_400;
/** The token's smallest unit is a 10^18th. */
const QUIT = 10n ** 18n;

/** Seconds, and shares of the token's supply. */
export const GOVERNANCE = {
  timelockDelay: 2 * DAY,
  votingDelay: 1 * DAY,
  votingPeriod: 5 * DAY,
  proposalThreshold: 100_000n * QUIT,
  quorumPercent: 4,
  lateQuorumExtension: 2 * DAY,
};

/** What validation starts with; see `IValidation.Parameters` for the bounds. */
export const VALIDATION: ValidationParameters = {
  commitWindow: 1 * DAY,
  revealWindow: 1 * DAY,
  challengeWindow: 14 * DAY,
  minorityBps: 100,
  lieBps: 5_000,
  challengerBps: 5_000,
  minimumVote: 100n * QUIT,
  quorum: 1_000n * QUIT,
};

/** How fees are split, in basis points: contributors get all of it until governance decides otherwise. */
export const FEES = { protocolBps: 0, developerBps: 0, validatorsBps: 0 };

/** What to deploy for a profile and its keys. Ceremony keys name their transcript by its hash. */
export function deployOptionsOf(profile: Profile, keys: Keys): DeployOptions {
  const [emptyQ, nullG] = [emptyCommitQ(profile), nullCommitG(profile)];
  return { profile, keys: verifierKeysOf(keys), emptyQ, nullG };
}

/** Where the contracts are. */
export type Deployment = {
  readonly chainId: number;
  readonly profile: string;
  readonly token: string;
  readonly timelock: string;
  readonly governor: string;
  readonly guardian: string;
  readonly verifier: string;
  readonly registry: string;
  readonly datanets: string;
  readonly models: string;
  readonly training: string;
  readonly epochs: string;
  readonly vault: string;
  readonly validation: string;
  readonly schedule: string;
  readonly disputes: string;
  /**
   * The block of the first contract: what is read of the chain's history begins here. Left out where an
   * earlier version deployed; reading then begins at the chain's first block.
   */
  readonly block?: number;
};

/** Carries out one step of a deployment; the same steps in the same order on every run. */
export type Perform = (step: string, call: Call, codec: Codec) => Promise<Receipt>;

/** What was deployed, and what each step cost. */
export type Deployed = {
  readonly deployment: Deployment;
  readonly receipts: Readonly<Record<string, Receipt>>;
};

/**
 * Deploys the contracts. Local keys are refused by the verifier itself on any chain that is not local.
 *
 * @param perform how a step is carried out, for whoever keeps a journal; sends it if left out
 */
export async function deployContracts(
  chain: Chain,
  account: Account,
  options: DeployOptions,
  perform?: Perform,
): Promise<Deployed>;
export async function deployContracts(
  chain: Chain,
  account: { readonly address: string },
  options: DeployOptions,
  perform: Perform,
): Promise<Deployed>;
export async function deployContracts(
  chain: Chain,
  account: { readonly address: string },
  options: DeployOptions,
  perform: Perform = (_step, call, codec) => send(chain, account as Account, call, codec),
): Promise<Deployed> {
  const artifacts = await contractArtifacts();
  const circuit = (name: CircuitName): Hex => circuitIdOf(options.profile.name, name);
  const { keys, profile } = options;
  const receipts: Record<string, Receipt> = {};
  // A contract may be refused by one that its constructor creates or asks.
  const everything = codecOf(joinAbis(Object.values(artifacts).map(({ abi }) => abi)));
  const create = async (name: ContractName, args: unknown[]): Promise<string> => {
    const receipt = await perform(name, { data: creationCode(artifacts[name], args) }, everything);
    receipts[name] = receipt;
    return receipt.created as string;
  };
  const createdBy = async (name: ContractName, address: string, view: string): Promise<string> =>
    (await read(chain, { address, codec: codecOf(artifacts[name].abi) }, view, [])) as string;
  const token = await create("QuittanceToken", [account.address]);
  const { timelockDelay, ...settings } = options.governance ?? GOVERNANCE;
  const governance = await create("Governance", [token, timelockDelay, settings]);
  const timelock = await createdBy("Governance", governance, "timelock");
  const governor = await createdBy("Governance", governance, "governor");
  const guardian = await create("PauseGuardian", [timelock, account.address]);
  const verifier = await create("Groth16Verifier", verifierArguments(profile.name, keys));
  const registry = await create("VerifierRegistry", [timelock, verifier, CIRCUIT_NAMES.map(circuit)]);
  const datanets = await create("Datanets", [profile.batchRecords]);
  const models = await create("Models", [
    {
      ...{ datanets, registry, guardian },
      samples: circuit("samples"),
      contributors: circuit("contributors"),
      model: circuit("model"),
      dimension: profile.d,
      groupSize: profile.contributors,
      nullG: options.nullG,
      maxSamples: profile.maxSamples,
    },
  ]);
  const training = await createdBy("Models", models, "training");
  const schedule = await create("FeeSchedule", [timelock, timelock, options.fees ?? FEES]);
  const epochs = await create("Epochs", [
    {
      ...{ registry, models, datanets, schedule, guardian },
      inference: circuit("inference"),
      adjoint: circuit("adjoint"),
      weights: circuit("weights"),
      emptyQ: options.emptyQ,
      queries: profile.queries,
    },
  ]);
  const vault = await createdBy("Epochs", epochs, "vault");
  const validation = await create("Validation", [
    {
      ...{ token, datanets, registry, guardian },
      feeSource: vault,
      treasury: timelock,
      owner: timelock,
      duplicate: circuit("duplicate"),
      parameters: options.validation ?? VALIDATION,
    },
  ]);
  const disputes = await create("Disputes", [epochs, registry, training, guardian, circuit("inclusion")]);
  const wire = async (name: "Datanets" | "Models", to: string, other: string): Promise<void> => {
    const data = codecOf(artifacts[name].abi).call("initialize", [other]);
    receipts[`${name}.initialize`] = await perform(`${name}.initialize`, { to, data }, everything);
  };
  await wire("Datanets", datanets, validation);
  await wire("Models", models, disputes);
  const governed = { token, timelock, governor, guardian, verifier, registry };
  const contracts = { datanets, models, training, epochs, vault, validation, schedule, disputes };
  const addresses = { ...governed, ...contracts };
  const block = Math.min(...Object.values(receipts).map((receipt) => receipt.block));
  return { deployment: { chainId: chain.chainId, profile: profile.name, ...addresses, block }, receipts };
}

/** Creates one contract. */
export async function deployContract(
  chain: Chain,
  account: Account,
  artifact: Artifact,
  args: readonly unknown[],
): Promise<Receipt & { readonly created: string }> {
  const everything = codecOf(joinAbis(Object.values(await contractArtifacts()).map(({ abi }) => abi)));
  const receipt = await send(chain, account, { data: creationCode(artifact, args) }, everything);
  return { ...receipt, created: receipt.created as string };
}

/** What a transaction carries that creates a contract. */
function creationCode(artifact: Artifact, args: readonly unknown[]): Hex {
  return `${artifact.bytecode}${codecOf(artifact.abi).construct(args).slice(2)}`;
}
