/**
 * Governance from the command line: a proposal about fees, windows, the treasury, verifying keys or the
 * quorum of verdicts, from its draft to its execution. The governor keeps a proposal's hash alone and wants
 * every word again; the words are in its events, so whoever carries a decision out needs nobody's folder.
 *
 * Decisions are **governed**: what a majority of tokens wants, within the contracts' bounds, and never about
 * an epoch that is committed already.
 */
import { contractArtifacts } from "./chain/artifacts.ts";
import { rehearse } from "./chain/client.ts";
import type { PROPOSAL_STATE, Proposal } from "./chain/economy.ts";
import type { Desk } from "./desk.ts";
import { type Account, type Codec, codecOf, keccakText } from "./engine/ethers.ts";
import { passUntil } from "./windows.ts";

/** What is to be changed. */
export type Change =
  | {
      readonly kind: "split";
      readonly protocolBps: number;
      readonly developerBps: number;
      readonly validatorsBps: number;
    }
  | { readonly kind: "windows"; readonly proving: number; readonly answer: number }
  | { readonly kind: "treasury"; readonly treasury: string }
  /** Ends the use of an older version of verifying keys for new epochs. */
  | { readonly kind: "retire"; readonly version: number }
  /** Stake that has to be shown for a verdict, in the token's smallest unit. */
  | { readonly kind: "quorum"; readonly quorum: bigint };

/** A proposal with its number. */
export type KnownProposal = Proposal & { readonly id: bigint };

/** A proposal and how it stands. */
export type ProposalView = {
  readonly id: bigint;
  readonly description: string;
  readonly state: (typeof PROPOSAL_STATE)[number];
  readonly forVotes: bigint;
  readonly againstVotes: bigint;
  readonly abstainVotes: bigint;
};

/** Proposes changes. Votes count only once delegated: a proposer's own tokens are delegated to itself. */
export async function propose(of: {
  readonly session: Desk;
  readonly proposer: Account;
  readonly changes: readonly Change[];
  readonly description: string;
}): Promise<KnownProposal> {
  const { session, proposer, changes, description } = of;
  if (changes.length === 0) throw new NothingProposedError();
  const { contracts, chain, deployment } = session;
  const calls: { to: string; data: string }[] = [];
  for (const change of changes) {
    const { codec, ...call } = await callOf(session, change);
    // Bounds never change: what they refuse now could never be carried out. Keys that may be retired do.
    if (change.kind !== "retire") await rehearse(chain, deployment.timelock, call, codec);
    calls.push(call);
  }
  const threshold = await contracts.proposalThreshold();
  await delegateToSelf(session, proposer);
  const votes = await contracts.votesOf(proposer.address);
  if (votes < threshold) throw new TooFewVotesError(proposer.address, votes, threshold);
  const proposal = {
    targets: calls.map(({ to }) => to),
    values: calls.map(() => 0n),
    calldatas: calls.map(({ data }) => data),
    description,
  };
  const mined = await contracts.propose(proposer, proposal);
  session.record("propose", mined);
  return { id: mined.proposalId, ...proposal };
}

/** The call that makes a change. */
async function callOf(
  { contracts, deployment }: Desk,
  change: Change,
): Promise<{ to: string; data: string; codec: Codec }> {
  const { FeeSchedule, VerifierRegistry, Validation } = await contractArtifacts();
  const { schedule, registry, validation } = deployment;
  const made = (to: string, abi: string, method: string, args: readonly unknown[]) => {
    const codec = codecOf(abi);
    return { to, data: codec.call(method, args), codec };
  };
  const fees = (method: string, args: readonly unknown[]) => made(schedule, FeeSchedule.abi, method, args);
  if (change.kind === "windows") return fees("setWindows", [change.proving, change.answer]);
  if (change.kind === "treasury") return fees("setTreasury", [change.treasury]);
  if (change.kind === "retire") return made(registry, VerifierRegistry.abi, "retire", [change.version]);
  if (change.kind === "quorum") {
    // All parameters are set together: the others stay what they are when the proposal is made.
    const next = { ...(await contracts.validationParameters()), quorum: change.quorum };
    return made(validation, Validation.abi, "setParameters", [next]);
  }
  const { kind: _kind, ...split } = change;
  return fees("setSplit", [split]);
}

/** A voter's tokens count for itself, unless they count for somebody already. */
export async function delegateToSelf(session: Desk, voter: Account): Promise<void> {
  const { contracts } = session;
  if ((await contracts.votesOf(voter.address)) > 0n) return;
  if ((await contracts.tokenBalance(voter.address)) === 0n) return;
  session.record("delegate votes", await contracts.delegateVotes(voter, voter.address));
}

/** Votes, once voting has begun. */
export async function castVote(of: {
  readonly session: Desk;
  readonly voter: Account;
  readonly id: bigint;
  readonly support: 0 | 1 | 2;
  readonly travel: boolean;
}): Promise<void> {
  const { session, voter, id, support, travel } = of;
  const { contracts } = session;
  if ((await contracts.proposalState(id)) === "pending")
    await passUntil(session, await contracts.proposalSnapshot(id), "Voting begins", travel);
  session.record("vote", await contracts.castVote(voter, id, support));
}

/** Puts what was decided into the timelock, once voting is over. */
export async function queue(of: Deciding): Promise<void> {
  const { session, sender, id, travel } = of;
  const { contracts } = session;
  const proposal = await proposalById(session, id);
  if (["pending", "active"].includes(await contracts.proposalState(id)))
    await passUntil(session, await contracts.proposalDeadline(id), "Voting ends", travel);
  const state = await contracts.proposalState(id);
  if (state !== "succeeded") throw new NotDecidedError(id, state);
  session.record("queue", await contracts.queueProposal(sender, proposal, keccakText(proposal.description)));
}

/** Carries out what was decided, once the timelock's delay is over. */
export async function execute(of: Deciding): Promise<void> {
  const { session, sender, id, travel } = of;
  const { contracts } = session;
  const proposal = await proposalById(session, id);
  const state = await contracts.proposalState(id);
  if (state !== "queued") throw new NotDecidedError(id, state);
  await passUntil(session, await contracts.proposalEta(id), "The timelock lets it through", travel);
  session.record(
    "execute",
    await contracts.executeProposal(sender, proposal, keccakText(proposal.description)),
  );
}

type Deciding = {
  readonly session: Desk;
  readonly sender: Account;
  readonly id: bigint;
  readonly travel: boolean;
};

/** All proposals, and how they stand. */
export async function proposals({ contracts }: Desk): Promise<ProposalView[]> {
  const views: ProposalView[] = [];
  for (const { id, description } of await contracts.proposals()) {
    const state = await contracts.proposalState(id);
    views.push({ id, description, state, ...(await contracts.proposalVotes(id)) });
  }
  return views;
}

async function proposalById({ contracts }: Desk, id: bigint): Promise<KnownProposal> {
  const known = (await contracts.proposals()).find((one) => one.id === id);
  if (known === undefined) throw new UnknownProposalError(id);
  return known;
}

/** A proposal without content. */
export class NothingProposedError extends Error {
  override readonly name = "Vote.NothingProposed";
  constructor() {
    super(
      "Say what to change: --split, --windows, --treasury, --quorum or --retire (several in one proposal are possible).",
    );
  }
}

/** Too little voting power to propose. */
export class TooFewVotesError extends Error {
  override readonly name = "Vote.TooFewVotes";
  constructor(account: string, votes: bigint, threshold: bigint) {
    super(
      `${account} speaks for ${votes} votes, and proposing takes ${threshold}. Have others delegate to it, or propose as somebody else.`,
    );
  }
}

/** Nobody proposed it. */
export class UnknownProposalError extends Error {
  override readonly name = "Vote.Unknown";
  constructor(id: bigint) {
    super(`There is no proposal ${id}. "quittance vote show" lists all of them.`);
  }
}

/** The proposal is not where this step begins. */
export class NotDecidedError extends Error {
  override readonly name = "Vote.NotDecided";
  constructor(id: bigint, state: string) {
    super(`Proposal ${id} is ${state}. A proposal goes: cast (active), queue (succeeded), execute (queued).`);
  }
}
