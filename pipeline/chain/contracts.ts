/**
 * The contracts as typed functions. Every write returns what the transaction cost; every refusal is a
 * `RevertedError` that carries the contract's own reason. Writes estimate first, so a call that would be
 * refused costs nothing.
 */
import { type Account, type Codec, codecOf, type Hex, joinAbis, signTypedData } from "../engine/ethers.ts";
import { type Earnings, earningsOf } from "../payments/earnings.ts";
import type { SignedVoucher } from "../payments/vouchers.ts";
import { type Artifact, contractArtifacts } from "./artifacts.ts";
import type { Chain } from "./chain.ts";
import { type Call, inputOf, type Receipt, read, send, type Target } from "./client.ts";
import type { Deployment } from "./deploy.ts";
import {
  type DatanetTerms,
  datanetCalls,
  governanceCalls,
  type Proposal,
  validationCalls,
} from "./economy.ts";
import { openEvents, type PlacedLog, type Reading } from "./events.ts";
import {
  BATCH_TYPES,
  type BatchMessage,
  type ModelStatement,
  quittanceDomain,
  WITHDRAWAL_TYPES,
} from "./ids.ts";
import { disputeCalls, scheduleCalls, tokenCalls, vaultCalls, voucherArguments } from "./payments.ts";
import {
  type EpochProofs,
  epochArguments,
  type ProgressView,
  progressOf,
  type TrainingProgress,
  type TrainingProofs,
  trainingArguments,
  type Words,
} from "./proofs.ts";
import * as T from "./types.ts";

export { type Deployment, type DeployOptions, deployContracts, deployOptionsOf } from "./deploy.ts";
export type { EpochProofs, TrainingProgress, TrainingProofs } from "./proofs.ts";

/** Signs a batch as its contributor, for anybody to record. */
export async function signBatch(
  contributor: Account,
  deployment: Pick<Deployment, "chainId" | "datanets">,
  batch: Omit<BatchMessage, "contributor">,
): Promise<Hex> {
  const domain = quittanceDomain(deployment.chainId, deployment.datanets);
  return await signTypedData(contributor.privateKey, domain, BATCH_TYPES, {
    ...batch,
    contributor: contributor.address,
  });
}

/** Signs that a batch is taken back, as its contributor, for anybody to send. */
export async function signWithdrawal(
  contributor: Account,
  deployment: Pick<Deployment, "chainId" | "datanets">,
  batch: bigint,
): Promise<Hex> {
  const domain = quittanceDomain(deployment.chainId, deployment.datanets);
  const message = { batch, contributor: contributor.address };
  return await signTypedData(contributor.privateKey, domain, WITHDRAWAL_TYPES, message);
}

/** The contracts of a deployment, ready to be called. */
export type Contracts = Awaited<ReturnType<typeof openContracts>>;

/** Opens a deployment on a chain. Throws {@link WrongChainError} if it is another chain's. */
export async function openContracts(chain: Chain, deployment: Deployment) {
  if (deployment.chainId !== chain.chainId) throw new WrongChainError(deployment.chainId, chain.chainId);
  const artifacts = await contractArtifacts();
  const at = {
    verifier: target(deployment.verifier, artifacts.Groth16Verifier),
    datanets: target(deployment.datanets, artifacts.Datanets),
    models: target(deployment.models, artifacts.Models),
    training: target(deployment.training, artifacts.Training),
    epochs: target(deployment.epochs, artifacts.Epochs),
    vault: target(deployment.vault, artifacts.Vault),
    token: target(deployment.token, artifacts.QuittanceToken),
    timelock: target(deployment.timelock, artifacts.QuittanceTimelock),
    governor: target(deployment.governor, artifacts.QuittanceGovernor),
    guardian: target(deployment.guardian, artifacts.PauseGuardian),
    registry: target(deployment.registry, artifacts.VerifierRegistry),
    validation: target(deployment.validation, artifacts.Validation),
    schedule: target(deployment.schedule, artifacts.FeeSchedule),
    disputes: target(deployment.disputes, artifacts.Disputes),
  };
  const reader = openEvents(chain, deployment.block === undefined ? {} : { from: deployment.block });
  const eventsOf = async (target: Target) => (await reader.read([target])).events;
  const erc20 = codecOf(artifacts.QuittanceToken.abi);
  // Errors and events of any of them may come out of a call to any other.
  const everything = codecOf(joinAbis(Object.values(artifacts).map(({ abi }) => abi)));
  const write = async (
    account: Account,
    to: keyof typeof at,
    method: string,
    args: readonly unknown[],
    valueWei = 0n,
  ) => {
    const call: Call = { to: at[to].address, data: at[to].codec.call(method, args), valueWei };
    return await send(chain, account, call, everything);
  };
  const view = async <V>(to: keyof typeof at, method: string, ...args: readonly unknown[]): Promise<V> =>
    (await read(
      chain,
      { ...at[to], codec: { ...at[to].codec, error: everything.error } },
      method,
      args,
    )) as V;
  const event = (receipt: Receipt, name: string): Readonly<Record<string, unknown>> =>
    receipt.logs.find((log) => log.name === name)?.args ?? {};

  const calls = { write, view, event };
  const viewToken = async <V>(token: string, method: string, ...args: readonly unknown[]): Promise<V> =>
    (await read(chain, { address: token, codec: { ...erc20, error: everything.error } }, method, args)) as V;
  const writeToken = (account: Account, token: string, method: string, args: readonly unknown[]) =>
    send(chain, account, { to: token, data: erc20.call(method, args) }, everything);
  const money = { ...calls, viewToken, writeToken, addresses: deployment };
  return {
    deployment,
    chain,
    ...datanetCalls(calls),
    ...validationCalls(calls),
    ...governanceCalls(calls),
    ...tokenCalls(money),
    ...vaultCalls(money),
    ...scheduleCalls(money),
    ...disputeCalls(money),

    // ---- datanets
    /** Whatever is not said: open to all, no verdicts, paid in the deployment's own token. */
    createDatanet: async (
      account: Account,
      metadataHash: Hex,
      terms: Partial<Omit<DatanetTerms, "metadataHash">> = {},
    ): Promise<Receipt & { datanetId: bigint }> => {
      const { policy = "open", ...rest } = terms;
      const open = { metadataURI: "", licence: "", validated: false, tokens: [deployment.token] };
      const all = { ...open, ...rest, metadataHash, policy: T.DATANET_POLICY.indexOf(policy) };
      const receipt = await write(account, "datanets", "createDatanet", [all]);
      return { ...receipt, datanetId: event(receipt, "DatanetCreated").datanet as bigint };
    },
    /** `signature` may be `0x` where the account is the contributor itself. */
    contribute: async (
      account: Account,
      batch: BatchMessage & { readonly signature: Hex },
    ): Promise<Receipt & { batchId: bigint }> => {
      const args = [batch.datanet, batch.root, batch.count, batch.contributor, batch.signature];
      const receipt = await write(account, "datanets", "contribute", args);
      return { ...receipt, batchId: event(receipt, "Contributed").batch as bigint };
    },
    batch: (id: bigint) => view<T.Batch>("datanets", "batch", id),
    /** The batch that holds a root, 0 if none does: how a resumed run finds what it recorded already. */
    batchOf: (datanet: bigint, root: bigint) => view<bigint>("datanets", "batchOf", datanet, root),
    batchDigest: (b: BatchMessage) =>
      view<Hex>("datanets", "batchDigest", b.datanet, b.contributor, b.root, b.count),
    /**
     * The signatures that batches were recorded with, from their transactions; none where one was sent
     * otherwise.
     */
    batchSignatures: async (ids: readonly bigint[]) =>
      signaturesOf(chain, at.datanets, await eventsOf(at.datanets), ids),
    /**
     * The terms that a datanet was created with, from its event; undefined where there is no such datanet.
     */
    datanetTerms: async (id: bigint): Promise<T.DatanetTermsView | undefined> =>
      (await eventsOf(at.datanets)).find(({ name, args }) => name === "DatanetCreated" && args.datanet === id)
        ?.args.terms as T.DatanetTermsView | undefined,
    /** Every proposal with its words, oldest first, from the governor's events. */
    proposals: async (): Promise<readonly (Proposal & { readonly id: bigint })[]> =>
      (await eventsOf(at.governor)).flatMap(({ name, args }) =>
        name === "ProposalCreated"
          ? [
              {
                id: args.proposalId as bigint,
                targets: args.targets as string[],
                values: args.values as bigint[],
                calldatas: args.calldatas as Hex[],
                description: args.description as string,
              },
            ]
          : [],
      ),
    datanetCount: () => view<bigint>("datanets", "datanetCount"),
    batchCount: () => view<bigint>("datanets", "batchCount"),

    // ---- models
    commitModel: async (
      account: Account,
      statement: ModelStatement,
    ): Promise<Receipt & { modelId: Hex; nonce: bigint }> => {
      const receipt = await write(account, "models", "commit", [statement]);
      const { model, nonce } = event(receipt, "ModelCommitted");
      return { ...receipt, modelId: model as Hex, nonce: nonce as bigint };
    },
    model: (modelId: Hex) => view<T.ModelView>("models", "model", modelId),
    modelExists: (modelId: Hex) => view<boolean>("models", "exists", modelId),
    /** A model's contributors in its order, from its event; none for a model that there is not. */
    contributorsOf: async (modelId: Hex): Promise<readonly string[]> => {
      const committed = (await eventsOf(at.models)).find(
        ({ name, args }) => name === "ModelCommitted" && sameText(args.model as Hex, modelId),
      );
      const statement = committed?.args.statement as { contributors: { account: string }[] } | undefined;
      return statement?.contributors.map(({ account }) => account) ?? [];
    },
    modelIdOf: (operator: string, nonce: bigint, statement: ModelStatement) =>
      view<Hex>("models", "modelIdOf", operator, nonce, statement),
    /** How many models an operator has committed: the next one's nonce. */
    modelNonce: (operator: string) => view<bigint>("models", "nonces", operator),
    trainingProven: (modelId: Hex) => view<boolean>("models", "trainingProven", modelId),

    // ---- training
    /** Declares the commitment of v = W(·, ρ2). The operator's alone; again: drops what was proven. */
    beginTraining: (account: Account, modelId: Hex, commitV: bigint) =>
      write(account, "training", "begin", [modelId, commitV]),
    /** Sends training proofs, verified together: one wrong proof, and none counts. */
    proveTraining: async (
      account: Account,
      modelId: Hex,
      proofs: TrainingProofs,
    ): Promise<Receipt & { remaining: number; proven: boolean }> => {
      const receipt = await write(account, "training", "prove", [modelId, ...trainingArguments(proofs)]);
      const remaining = Number(event(receipt, "TrainingAdvanced").remaining);
      return { ...receipt, remaining, proven: remaining === 0 };
    },
    /** What is proven and what is missing: where a resumed run goes on. */
    trainingProgress: async (modelId: Hex): Promise<TrainingProgress> => {
      const model = await view<T.ModelView>("models", "model", modelId);
      const groupSize = Number(await view<bigint>("models", "groupSize"));
      const seed = await view<Hex>("training", "seedOf", modelId);
      return progressOf(model, await view<ProgressView>("training", "progress", modelId), groupSize, seed);
    },
    trainingSeed: (modelId: Hex) => view<Hex>("training", "seedOf", modelId),
    trainingChallenges: (seed: Hex) => view<bigint[]>("training", "challengesOf", seed),
    residualBound: (samples: number, lambda: number) =>
      view<bigint>("training", "residualBound", samples, lambda),

    // ---- epochs
    /** Commits an epoch; the vouchers, if any, are redeemed before it charges. */
    commitEpoch: async (
      account: Account,
      modelId: Hex,
      commitment: T.EpochCommitment,
      vouchers: readonly SignedVoucher[] = [],
    ): Promise<Receipt & { epoch: number; poolWei: bigint; carriedInWei: bigint }> => {
      const receipt =
        vouchers.length === 0
          ? await write(account, "epochs", "commitEpoch", [modelId, commitment])
          : await write(account, "epochs", "commitEpochWithVouchers", [
              modelId,
              commitment,
              ...voucherArguments(vouchers),
            ]);
      const { epoch, pool, carriedIn } = event(receipt, "EpochCommitted");
      const [poolWei, carriedInWei] = [pool as bigint, carriedIn as bigint];
      return { ...receipt, epoch: Number(epoch), poolWei, carriedInWei };
    },
    /** Sends an epoch's proofs, verified together: one wrong proof, and none counts. */
    proveEpoch: (account: Account, modelId: Hex, epoch: number, batches: T.Batches, proofs: EpochProofs) =>
      write(account, "epochs", "prove", [modelId, epoch, ...epochArguments(batches, proofs)]),
    /**
     * `accounts` and `w` of all contributors, in the model's order, without fillers; `previous` what each of
     * them had earned before.
     */
    settle: async (
      account: Account,
      modelId: Hex,
      epoch: number,
      accounts: readonly string[],
      w: readonly bigint[],
      previous: readonly bigint[],
    ): Promise<Receipt & T.Settlement> => {
      const receipt = await write(account, "epochs", "settle", [modelId, epoch, accounts, w, previous]);
      const { settlement, payouts } = event(receipt, "EpochSettled");
      const settled = settlement as Readonly<Record<string, unknown>>;
      return {
        ...receipt,
        trainingProven: settled.trainingProven as boolean,
        poolWei: settled.pool as bigint,
        earningsWei: settled.earnings as bigint,
        totalWeight: settled.totalWeight as bigint,
        carriedOutWei: settled.carriedOut as bigint,
        root: settled.root as string,
        payoutsWei: payouts as bigint[],
      };
    },
    expire: (
      account: Account,
      modelId: Hex,
      epoch: number,
      charges: { readonly payers: readonly string[]; readonly feeUnits: readonly bigint[] },
    ) => write(account, "epochs", "expire", [modelId, epoch, charges.payers, charges.feeUnits]),
    /** Most batches of receipts in an epoch. */
    epochBatches: async (): Promise<number> => Number(await view<bigint>("epochs", "MAX_BATCHES")),
    epochCount: async (modelId: Hex): Promise<number> =>
      Number(await view<bigint>("epochs", "epochCount", modelId)),
    epoch: (modelId: Hex, epoch: number) => view<T.EpochView>("epochs", "epochInfo", modelId, epoch),
    batchesHashOf: (modelId: Hex, epoch: number) => view<Hex>("epochs", "batchesHashOf", modelId, epoch),
    sampleProven: (modelId: Hex, index: number) => view<boolean>("training", "sampleProven", modelId, index),
    /**
     * What a model's contributors have earned, from the chain's events: what settling and claiming bring.
     * Up to an epoch, if one is given.
     */
    earnings: async (modelId: Hex, accounts: readonly string[], upTo?: number): Promise<Earnings> =>
      earningsOf(modelId, accounts, await eventsOf(at.epochs), upTo),
    /** 0x00…0 until the group's weights are proven. */
    weightsHash: (modelId: Hex, epoch: number, group: number) =>
      view<Hex>("epochs", "weightsHash", modelId, epoch, group),
    context: (modelId: Hex, epoch: number, batchIndex: number) =>
      view<bigint>("epochs", "context", modelId, epoch, batchIndex),

    // ---- verifier
    keysAreLocal: () => view<boolean>("verifier", "keysAreLocal"),
    /** Hash of the ceremony's transcript, zeros for local keys. */
    transcript: () => view<Hex>("verifier", "transcript"),
    verifierKeyHash: (circuitId: Hex) => view<Hex>("verifier", "keyHash", circuitId),
    /** Whether proofs of the circuit can be verified in batches. */
    batchable: (circuitId: Hex) => view<boolean>("verifier", "batchable", circuitId),
    /** Throws the verifier's reason if the proof does not hold. */
    verify: (circuitId: Hex, proof: Words, publics: readonly bigint[]) =>
      view<unknown>("verifier", "verify", circuitId, proof, publics),
    /** Throws the verifier's reason if not every proof holds. */
    verifyBatch: (items: readonly Item[]) => view<unknown>("verifier", "verifyBatch", items),
    /** The same as a transaction, which changes nothing: what it costs to verify. */
    payToVerify: (account: Account, items: readonly Item[], batched: boolean) => {
      if (batched) return write(account, "verifier", "verifyBatch", [items]);
      const [item] = items;
      return write(account, "verifier", "verify", [item?.circuit, item?.proof, item?.publics]);
    },

    /** A call as any wallet can send it. */
    callData: (to: keyof typeof at, method: string, args: readonly unknown[]): { to: string; data: Hex } => ({
      to: at[to].address,
      data: at[to].codec.call(method, args),
    }),
    /** What has happened to datanets, models, training, epochs and money so far; see `events.ts`. */
    happened: (): Promise<Reading> => reader.read([at.datanets, at.models, at.training, at.epochs, at.vault]),
  };
}

/**
 * What `Datanets.contribute` was called with, batch by batch: one look at each transaction.
 */
async function signaturesOf(
  chain: Chain,
  datanets: Target,
  events: readonly PlacedLog[],
  ids: readonly bigint[],
): Promise<ReadonlyMap<bigint, Hex>> {
  const wanted = new Set(ids);
  const signatures = new Map<bigint, Hex>();
  for (const { name, args, transaction } of events) {
    const id = args.batch as bigint;
    if (name !== "Contributed" || !wanted.has(id)) continue;
    const input = await inputOf(chain, transaction);
    const signature = datanets.codec.called("contribute", input)?.signature;
    if (typeof signature === "string") signatures.set(id, signature);
  }
  return signatures;
}

const sameText = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** `IGroth16Verifier.Item`. */
export type Item = { readonly circuit: Hex; readonly proof: Words; readonly publics: readonly bigint[] };

function target(address: string, artifact: Artifact): Target & { readonly codec: Codec } {
  return { address, codec: codecOf(artifact.abi) };
}

/** The deployment is another chain's. */
export class WrongChainError extends Error {
  override readonly name = "Contracts.WrongChain";
  constructor(expected: number, found: number) {
    super(
      `These contracts are on chain ${expected}, this is chain ${found}. Open the chain that the project names.`,
    );
  }
}
