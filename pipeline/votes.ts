/**
 * Governance from the command line: a proposal about fees, windows or the treasury, from its draft to its
 * execution. What was proposed is kept in the project, because the governor keeps its hash alone and wants
 * every word again.
 *
 * Decisions are **governed**: what a majority of tokens wants, within the contracts' bounds, and never about
 * an epoch that is committed already.
 */
import { contractArtifacts } from "./chain/artifacts.ts";
import type { PROPOSAL_STATE, Proposal } from "./chain/economy.ts";
import { type Account, codecOf, keccakText } from "./engine/ethers.ts";
import type { Project } from "./project.ts";
import type { Session } from "./session.ts";
import { passUntil } from "./windows.ts";

/** What is to be changed in the fee schedule. */
export type Change =
  | {
      readonly kind: "split";
      readonly protocolBps: number;
      readonly developerBps: number;
      readonly validatorsBps: number;
    }
  | { readonly kind: "windows"; readonly proving: number; readonly answer: number }
  | { readonly kind: "treasury"; readonly treasury: string };

/** A proposal as the project keeps it. */
export type KeptProposal = Proposal & { readonly id: bigint };

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
  readonly project: Project;
  readonly session: Session;
  readonly proposer: Account;
  readonly changes: readonly Change[];
  readonly description: string;
}): Promise<KeptProposal> {
  const { project, session, proposer, changes, description } = of;
  if (changes.length === 0) throw new NothingProposedError();
  const { contracts, deployment } = session;
  const threshold = await contracts.proposalThreshold();
  await delegateToSelf(session, proposer);
  const votes = await contracts.votesOf(proposer.address);
  if (votes < threshold) throw new TooFewVotesError(proposer.address, votes, threshold);
  const codec = codecOf((await contractArtifacts()).FeeSchedule.abi);
  const calldatas = changes.map((change) => {
    if (change.kind === "windows") return codec.call("setWindows", [change.proving, change.answer]);
    if (change.kind === "treasury") return codec.call("setTreasury", [change.treasury]);
    const { kind: _kind, ...split } = change;
    return codec.call("setSplit", [split]);
  });
  const proposal = {
    targets: changes.map(() => deployment.schedule),
    values: changes.map(() => 0n),
    calldatas,
    description,
  };
  const mined = await contracts.propose(proposer, proposal);
  session.record("propose", mined);
  const kept = { id: mined.proposalId, ...proposal };
  project.writeState(`proposals/${kept.id}`, kept);
  return kept;
}

/** A voter's tokens count for itself, unless they count for somebody already. */
export async function delegateToSelf(session: Session, voter: Account): Promise<void> {
  const { contracts } = session;
  if ((await contracts.votesOf(voter.address)) > 0n) return;
  if ((await contracts.tokenBalance(voter.address)) === 0n) return;
  session.record("delegate votes", await contracts.delegateVotes(voter, voter.address));
}

/** Votes, once voting has begun. */
export async function castVote(of: {
  readonly session: Session;
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
  const { project, session, sender, id, travel } = of;
  const { contracts } = session;
  const proposal = proposalById(project, id);
  if (["pending", "active"].includes(await contracts.proposalState(id)))
    await passUntil(session, await contracts.proposalDeadline(id), "Voting ends", travel);
  const state = await contracts.proposalState(id);
  if (state !== "succeeded") throw new NotDecidedError(id, state);
  session.record("queue", await contracts.queueProposal(sender, proposal, keccakText(proposal.description)));
}

/** Carries out what was decided, once the timelock's delay is over. */
export async function execute(of: Deciding): Promise<void> {
  const { project, session, sender, id, travel } = of;
  const { contracts } = session;
  const proposal = proposalById(project, id);
  const state = await contracts.proposalState(id);
  if (state !== "queued") throw new NotDecidedError(id, state);
  await passUntil(session, await contracts.proposalEta(id), "The timelock lets it through", travel);
  session.record(
    "execute",
    await contracts.executeProposal(sender, proposal, keccakText(proposal.description)),
  );
}

type Deciding = {
  readonly project: Project;
  readonly session: Session;
  readonly sender: Account;
  readonly id: bigint;
  readonly travel: boolean;
};

/** The proposals that were made from this project, and how they stand. */
export async function proposals(project: Project, session: Session): Promise<ProposalView[]> {
  const views: ProposalView[] = [];
  for (const name of project.listState("proposals")) {
    const kept = project.readState<KeptProposal>(name);
    if (kept === undefined) continue;
    const { id, description } = kept;
    const state = await session.contracts.proposalState(id);
    views.push({ id, description, state, ...(await session.contracts.proposalVotes(id)) });
  }
  return views;
}

function proposalById(project: Project, id: bigint): KeptProposal {
  const kept = project.readState<KeptProposal>(`proposals/${id}`);
  if (kept === undefined) throw new UnknownProposalError(id, project.folder);
  return kept;
}

/** A proposal without content. */
export class NothingProposedError extends Error {
  override readonly name = "Vote.NothingProposed";
  constructor() {
    super("Say what to change: --split, --windows or --treasury (several in one proposal are possible).");
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

/** Not of this project. */
export class UnknownProposalError extends Error {
  override readonly name = "Vote.Unknown";
  constructor(id: bigint, folder: string) {
    super(
      `Proposal ${id} was not made from the project in ${folder}. "quittance vote show" lists its proposals.`,
    );
  }
}

/** The proposal is not where this step begins. */
export class NotDecidedError extends Error {
  override readonly name = "Vote.NotDecided";
  constructor(id: bigint, state: string) {
    super(`Proposal ${id} is ${state}. A proposal goes: cast (active), queue (succeeded), execute (queued).`);
  }
}
