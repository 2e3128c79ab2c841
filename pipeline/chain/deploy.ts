/**
 * Puts the contracts on a chain, in an order that needs no later wiring: verifier, datanets, models (which
 * creates its training), then epochs (which creates its vault). A deployment is six addresses and never
 * changes: no contract has an owner.
 */
import { emptyCommitQ, type Keys, nullCommitG, type Profile, verifyingKeyWords } from "../../prover/index.ts";
import { type Account, codecOf, type Hex, joinAbis, keccakText } from "../engine/ethers.ts";
import { canonical, type Plain } from "../store.ts";
import { type Artifact, contractArtifacts } from "./artifacts.ts";
import type { Chain } from "./chain.ts";
import { type Receipt, read, send } from "./client.ts";
import { circuitIdOf } from "./ids.ts";

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
  readonly keys: {
    readonly local: boolean;
    /** Hash of the ceremony's transcript; left out for local keys. */
    readonly transcriptHash?: Hex;
    /** Verifying keys as words, see `verifyingKeyWords`. */
    readonly words: { readonly [C in CircuitName]: readonly bigint[] };
  };
  /** Commitment of the zero Q with salt 0. */
  readonly emptyQ: bigint;
  /** Commitment of the zero gradient with salt 0. */
  readonly nullG: bigint;
};

/** What to deploy for a profile and its keys. Ceremony keys name their transcript by its hash. */
export function deployOptionsOf(profile: Profile, keys: Keys): DeployOptions {
  const { kind, transcript } = keys.manifest;
  const words = {
    samples: verifyingKeyWords(keys.vkey("samples")),
    contributors: verifyingKeyWords(keys.vkey("contributors")),
    model: verifyingKeyWords(keys.vkey("model")),
    inference: verifyingKeyWords(keys.vkey("inference")),
    adjoint: verifyingKeyWords(keys.vkey("adjoint")),
    weights: verifyingKeyWords(keys.vkey("weights")),
  };
  const hash = transcript === undefined ? {} : { transcriptHash: keccakText(canonical(transcript as Plain)) };
  const [emptyQ, nullG] = [emptyCommitQ(profile), nullCommitG(profile)];
  return { profile, keys: { local: kind === "local", ...hash, words }, emptyQ, nullG };
}

const CIRCUITS = ["samples", "contributors", "model", "inference", "adjoint", "weights"] as const;
type CircuitName = (typeof CIRCUITS)[number];

/** Where the contracts are. */
export type Deployment = {
  readonly chainId: number;
  readonly profile: string;
  readonly verifier: string;
  readonly datanets: string;
  readonly models: string;
  readonly training: string;
  readonly epochs: string;
  readonly vault: string;
};

/** Deploys the contracts. Local keys are refused by the verifier itself on any chain that is not local. */
export async function deployContracts(
  chain: Chain,
  account: Account,
  options: DeployOptions,
): Promise<{ readonly deployment: Deployment; readonly receipts: Readonly<Record<string, Receipt>> }> {
  const artifacts = await contractArtifacts();
  const circuit = (name: CircuitName): Hex => circuitIdOf(options.profile.name, name);
  const { keys, profile } = options;
  const receipts: Record<string, Receipt> = {};
  const create = async (
    name: "Groth16Verifier" | "Datanets" | "Models" | "Epochs",
    args: unknown[],
  ): Promise<string> => {
    const receipt = await deployContract(chain, account, artifacts[name], args);
    receipts[name] = receipt;
    return receipt.created;
  };
  const createdBy = async (name: "Models" | "Epochs", address: string, view: string): Promise<string> =>
    (await read(chain, { address, codec: codecOf(artifacts[name].abi) }, view, [])) as string;
  const verifyingKeys = CIRCUITS.map((name) => [circuit(name), keys.words[name]]);
  const [samples, contributors, model, ...answers] = CIRCUITS.map(circuit);
  const transcript = keys.transcriptHash ?? `0x${"0".repeat(64)}`;
  const verifier = await create("Groth16Verifier", [keys.local, transcript, verifyingKeys]);
  const datanets = await create("Datanets", [profile.batchRecords]);
  const sizes = [profile.d, profile.contributors, options.nullG, profile.maxSamples];
  const models = await create("Models", [[datanets, verifier, samples, contributors, model, ...sizes]]);
  const training = await createdBy("Models", models, "training");
  const epochs = await create("Epochs", [[verifier, models, ...answers, options.emptyQ, profile.queries]]);
  const vault = await createdBy("Epochs", epochs, "vault");
  const addresses = { verifier, datanets, models, training, epochs, vault };
  return { deployment: { chainId: chain.chainId, profile: profile.name, ...addresses }, receipts };
}

/** Creates one contract. */
export async function deployContract(
  chain: Chain,
  account: Account,
  artifact: Artifact,
  args: readonly unknown[],
): Promise<Receipt & { readonly created: string }> {
  const data = `${artifact.bytecode}${codecOf(artifact.abi).construct(args).slice(2)}`;
  // A contract may be refused by one that its constructor creates or asks.
  const everything = codecOf(joinAbis(Object.values(await contractArtifacts()).map(({ abi }) => abi)));
  const receipt = await send(chain, account, { data }, everything);
  return { ...receipt, created: receipt.created as string };
}
