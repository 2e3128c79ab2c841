/**
 * Calls of the contracts around a model: datanets, validation, token and governance. `openContracts` joins
 * them with those of models and payments.
 *
 * Each writes as an account and returns what the transaction cost; a refusal is a `RevertedError` with the
 * contract's own reason.
 */
import type { Account, Hex } from "../engine/ethers.ts";
import type { Receipt } from "./client.ts";
import type * as T from "./types.ts";

/** What calls are made of. */
export type Calls = {
  readonly write: (
    account: Account,
    to: ContractKey,
    method: string,
    args: readonly unknown[],
  ) => Promise<Receipt>;
  readonly view: <V>(to: ContractKey, method: string, ...args: readonly unknown[]) => Promise<V>;
  readonly event: (receipt: Receipt, name: string) => Readonly<Record<string, unknown>>;
};
type ContractKey =
  | "datanets"
  | "models"
  | "validation"
  | "token"
  | "governor"
  | "timelock"
  | "guardian"
  | "registry";

/** `IDatanets.Terms`. They never change. */
export type DatanetTerms = {
  readonly metadataURI: string;
  readonly metadataHash: Hex;
  readonly licence: string;
  /** Who may contribute. */
  readonly policy: (typeof T.DATANET_POLICY)[number];
  /** Whether batches need an accepting verdict. */
  readonly validated: boolean;
  /** ERC-20 tokens that models may be paid in. */
  readonly tokens: readonly string[];
};

/** A hidden verdict, as {@link Calls} commits and reveals it. */
export type Verdict = {
  readonly batch: bigint;
  readonly round: number;
  readonly validator: string;
  /** A position in `VERDICT`. */
  readonly verdict: number;
  readonly reason: number;
  /** Random: there are few verdicts to guess. */
  readonly salt: Hex;
};

/** A proposal, as `Governor.propose` takes it. */
export type Proposal = {
  readonly targets: readonly string[];
  readonly values: readonly bigint[];
  readonly calldatas: readonly Hex[];
  readonly description: string;
};

/** Datanets beyond contributing: ownership, admission, versions, withdrawal. */
export function datanetCalls({ write, view, event }: Calls) {
  const versionOf = (id: bigint, version: number) =>
    view<T.DatanetVersionView>("datanets", "version", id, version);
  const publishDatanet = async (account: Account, id: bigint): Promise<Receipt & { version: number }> => {
    const receipt = await write(account, "datanets", "publish", [id]);
    return { ...receipt, version: Number(event(receipt, "VersionPublished").version) };
  };
  return {
    datanet: (id: bigint) => view<T.DatanetView>("datanets", "datanet", id),
    datanetVersion: versionOf,
    datanetTokens: (id: bigint) => view<string[]>("datanets", "tokensOf", id),
    isDatanetToken: (id: bigint, token: string) => view<boolean>("datanets", "isToken", id, token),
    isContributor: (id: bigint, account: string) => view<boolean>("datanets", "isContributor", id, account),
    /** Freezes what was accepted so far as the next version. The owner's alone. */
    publishDatanet,
    /** The version that holds everything accepted so far; publishes it if there is none yet. */
    ensureVersion: async (
      account: Account,
      id: bigint,
    ): Promise<{ readonly version: number; readonly mined?: Receipt }> => {
      const { versions, accepted } = await view<T.DatanetView>("datanets", "datanet", id);
      const version = Number(versions);
      const last = version === 0 ? undefined : await versionOf(id, version);
      if (last?.accepted === accepted) return { version };
      const mined = await publishDatanet(account, id);
      return { version: mined.version, mined };
    },
    transferDatanet: (account: Account, id: bigint, to: string) =>
      write(account, "datanets", "transferDatanet", [id, to]),
    acceptDatanet: (account: Account, id: bigint) => write(account, "datanets", "acceptDatanet", [id]),
    allowContributor: (account: Account, id: bigint, contributor: string, allowed: boolean) =>
      write(account, "datanets", "allowContributor", [id, contributor, allowed]),
    allowToken: (account: Account, id: bigint, token: string, allowed: boolean) =>
      write(account, "datanets", "allowToken", [id, token, allowed]),
    /** Takes a batch back, for good. `signature` may be `0x` where the account is the contributor itself. */
    withdrawBatch: (account: Account, batch: bigint, signature: Hex = "0x") =>
      write(account, "datanets", "withdrawBatch", [batch, signature]),
    withdrawalDigest: (batch: bigint, contributor: string) =>
      view<Hex>("datanets", "withdrawalDigest", batch, contributor),
    /** What models say beyond `model`. */
    operatorOf: (modelId: Hex) => view<string>("models", "operatorOf", modelId),
    tokenOf: (modelId: Hex) => view<string>("models", "tokenOf", modelId),
    feeUnitOf: (modelId: Hex) => view<bigint>("models", "feeUnitOf", modelId),
    datanetOf: (modelId: Hex) => view<bigint>("models", "datanetOf", modelId),
    isFrozen: (modelId: Hex) => view<boolean>("models", "isFrozen", modelId),
    verifierOf: (modelId: Hex) => view<string>("models", "verifierOf", modelId),
  };
}

/** Stake, rounds and verdicts, proofs against them, and validators' fees. */
export function validationCalls({ write, view, event }: Calls) {
  return {
    validationParameters: () =>
      view<{ readonly [P in keyof T.ValidationParameters]: bigint }>("validation", "parameters"),
    /** Stakes tokens that the validation contract was allowed to take. */
    stake: (account: Account, amount: bigint) => write(account, "validation", "stake", [amount]),
    stakeWithPermit: (account: Account, amount: bigint, deadline: bigint, { v, r, s }: Split) =>
      write(account, "validation", "stakeWithPermit", [amount, deadline, v, r, s]),
    requestUnstake: (account: Account, amount: bigint) =>
      write(account, "validation", "requestUnstake", [amount]),
    cancelUnstake: (account: Account) => write(account, "validation", "cancelUnstake", []),
    withdrawStake: (account: Account) => write(account, "validation", "withdrawStake", []),
    stakeOf: (validator: string) => view<T.StakeView>("validation", "stakeOf", validator),
    stakeAccounting: () => view<T.StakeAccounting>("validation", "accounting"),

    openRound: async (account: Account, batch: bigint): Promise<Receipt & { round: number }> => {
      const receipt = await write(account, "validation", "openRound", [batch]);
      return { ...receipt, round: Number(event(receipt, "RoundOpened").round) };
    },
    commitmentOf: (v: Verdict) =>
      view<Hex>("validation", "commitmentOf", v.batch, v.round, v.validator, v.verdict, v.reason, v.salt),
    commitVerdict: (account: Account, batch: bigint, commitment: Hex, weight: bigint) =>
      write(account, "validation", "commitVerdict", [batch, commitment, weight]),
    revealVerdict: (account: Account, { batch, validator, verdict, reason, salt }: Verdict) =>
      write(account, "validation", "revealVerdict", [batch, validator, verdict, reason, salt]),
    closeRound: (account: Account, batch: bigint) => write(account, "validation", "closeRound", [batch]),
    settleVote: (account: Account, batch: bigint, round: number, validator: string) =>
      write(account, "validation", "settleVote", [batch, round, validator]),
    round: (batch: bigint, number: number) => view<T.RoundView>("validation", "round", batch, number),
    roundsOf: async (batch: bigint): Promise<number> =>
      Number(await view<bigint>("validation", "roundsOf", batch)),
    voteOf: (batch: bigint, round: number, validator: string) =>
      view<T.VoteView>("validation", "voteOf", batch, round, validator),

    /** Shows that a batch holds a content of an `earlier` one, or twice in itself; see `duplicateWitness`. */
    proveDuplicate: async (
      account: Account,
      batch: bigint,
      challenge: {
        readonly earlier: bigint;
        readonly challenger: string;
        readonly proof: readonly bigint[];
      },
    ): Promise<Receipt & { slashed: bigint; reward: bigint }> => {
      const receipt = await write(account, "validation", "proveDuplicate", [batch, challenge]);
      const { slashed, reward } = event(receipt, "DuplicateProven");
      return { ...receipt, slashed: slashed as bigint, reward: reward as bigint };
    },
    claimReward: (account: Account, challenger: string) =>
      write(account, "validation", "claimReward", [challenger]),
    rewardOf: (challenger: string) => view<bigint>("validation", "rewardOf", challenger),
    sweepSlashed: (account: Account) => write(account, "validation", "sweep", []),

    distributeFees: (account: Account, datanet: bigint, token: string) =>
      write(account, "validation", "distributeFees", [datanet, token]),
    claimFees: (account: Account, datanet: bigint, token: string, validator: string) =>
      write(account, "validation", "claimFees", [datanet, token, validator]),
    feesOwed: (datanet: bigint, token: string, validator: string) =>
      view<bigint>("validation", "feesOwed", datanet, token, validator),
    feesWaiting: (datanet: bigint, token: string) =>
      view<bigint>("validation", "feesWaiting", datanet, token),
    pointsOf: (datanet: bigint, validator: string) =>
      view<bigint>("validation", "pointsOf", datanet, validator),
    totalPoints: (datanet: bigint) => view<bigint>("validation", "totalPoints", datanet),
  };
}

/** Token, governor, pause guardian and registry of keys. */
export function governanceCalls({ write, view, event }: Calls) {
  const act = (proposal: Proposal, hash: Hex): readonly unknown[] => [
    proposal.targets,
    proposal.values,
    proposal.calldatas,
    hash,
  ];
  return {
    tokenBalance: (account: string) => view<bigint>("token", "balanceOf", account),
    transferToken: (account: Account, to: string, amount: bigint) =>
      write(account, "token", "transfer", [to, amount]),
    approveToken: (account: Account, spender: string, amount: bigint) =>
      write(account, "token", "approve", [spender, amount]),
    tokenNonce: (account: string) => view<bigint>("token", "nonces", account),
    delegateVotes: (account: Account, to: string) => write(account, "token", "delegate", [to]),
    votesOf: (account: string) => view<bigint>("token", "getVotes", account),

    propose: async (account: Account, proposal: Proposal): Promise<Receipt & { proposalId: bigint }> => {
      const { targets, values, calldatas, description } = proposal;
      const receipt = await write(account, "governor", "propose", [targets, values, calldatas, description]);
      return { ...receipt, proposalId: event(receipt, "ProposalCreated").proposalId as bigint };
    },
    /** `support`: 0 against, 1 for, 2 abstaining. */
    castVote: (account: Account, proposalId: bigint, support: 0 | 1 | 2) =>
      write(account, "governor", "castVote", [proposalId, support]),
    /** `descriptionHash` is keccak256 of the description, as `keccakText` makes it. */
    queueProposal: (account: Account, proposal: Proposal, descriptionHash: Hex) =>
      write(account, "governor", "queue", act(proposal, descriptionHash)),
    executeProposal: (account: Account, proposal: Proposal, descriptionHash: Hex) =>
      write(account, "governor", "execute", act(proposal, descriptionHash)),
    proposalState: async (proposalId: bigint): Promise<(typeof PROPOSAL_STATE)[number]> =>
      PROPOSAL_STATE[Number(await view<bigint>("governor", "state", proposalId))] ?? "pending",
    proposalDeadline: (proposalId: bigint) => view<bigint>("governor", "proposalDeadline", proposalId),
    /** When voting begins: power of that moment counts. */
    proposalSnapshot: (proposalId: bigint) => view<bigint>("governor", "proposalSnapshot", proposalId),
    /** When a queued proposal can be executed; 0 before it is queued. */
    proposalEta: (proposalId: bigint) => view<bigint>("governor", "proposalEta", proposalId),
    proposalVotes: (proposalId: bigint) =>
      view<{ readonly againstVotes: bigint; readonly forVotes: bigint; readonly abstainVotes: bigint }>(
        "governor",
        "proposalVotes",
        proposalId,
      ),
    proposalThreshold: () => view<bigint>("governor", "proposalThreshold"),

    pause: (account: Account) => write(account, "guardian", "pause", []),
    unpause: (account: Account) => write(account, "guardian", "unpause", []),
    paused: () => view<boolean>("guardian", "paused"),
    /** The newest version of the verifying keys; models keep the one they were committed with. */
    verifierVersion: async (): Promise<number> => Number(await view<bigint>("registry", "current")),
    verifierAt: (version: number) => view<string>("registry", "verifierAt", version),
  };
}

/** `IGovernor.ProposalState`, by position. */
export const PROPOSAL_STATE = [
  "pending",
  "active",
  "canceled",
  "defeated",
  "succeeded",
  "queued",
  "expired",
  "executed",
] as const;

/** A signature in the three parts that older standards take. */
export type Split = { readonly v: number; readonly r: Hex; readonly s: Hex };
