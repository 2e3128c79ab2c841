/**
 * Governance: the timelock owns, the governor decides, nobody else can.
 *
 * Governance.constructor: the governor alone proposes and cancels, anybody executes, nobody administers
 * propose: below the threshold → refused; votes of the proposal's own block are below it
 * castVote: before or after its time, twice → refused; what was taken after voting began counts nothing
 * cancel: by its proposer before the vote → cancelled; by others → refused
 * a quorum reached late prolongs the vote
 * queue, execute: not yet / not decided → refused; by the timelock, after its delay
 * what the timelock owns: nobody else may set it; setVotingDelay(0) → refused
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ContractName, contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { read, send } from "../../pipeline/chain/client.ts";
import { deployContract, GOVERNANCE, VALIDATION } from "../../pipeline/chain/deploy.ts";
import type { Proposal } from "../../pipeline/chain/economy.ts";
import { type Account, codecOf, joinAbis, keccakText } from "../../pipeline/engine/ethers.ts";
import { COIN, openWorld, refused, type World } from "./world.ts";

const DAY = 86_400;

describe("QuittanceGovernor", () => {
  let world: World;
  let whale: Account;
  let [small, other] = [] as unknown as [Account, Account];
  const c = () => world.contracts;
  const no = (work: () => Promise<unknown>, reason: string) => refused(world, work, reason);
  const call = async (name: ContractName, method: string, args: readonly unknown[]) =>
    codecOf((await contractArtifacts())[name].abi).call(method, args);
  const tell = async (
    by: Account,
    name: ContractName,
    to: string,
    method: string,
    args: readonly unknown[],
  ) => {
    const everything = codecOf(joinAbis(Object.values(await contractArtifacts()).map(({ abi }) => abi)));
    return send(world.chain, by, { to, data: await call(name, method, args) }, everything);
  };
  const ask = async (name: ContractName, to: string, method: string, ...args: readonly unknown[]) =>
    read(world.chain, { address: to, codec: codecOf((await contractArtifacts())[name].abi) }, method, args);
  let count = 0;
  const proposalOf = async (
    to: string,
    name: ContractName,
    method: string,
    args: readonly unknown[],
  ): Promise<Proposal> => ({
    targets: [to],
    values: [0n],
    calldatas: [await call(name, method, args)],
    description: `proposal ${++count}`,
  });
  const toQuorum = (percent: number) =>
    proposalOf(c().deployment.governor, "QuittanceGovernor", "updateQuorumNumerator", [percent]);

  beforeAll(async () => {
    world = await openWorld("governor", 3, { endowed: false });
    whale = world.people.operator;
    [small, other] = [world.people.relayer, world.people.payers[0] as Account];
    await c().transferToken(whale, small.address, 50_000n * COIN);
    await c().transferToken(whale, other.address, 45_000_000n * COIN);
    for (const account of [whale, small, other]) await c().delegateVotes(account, account.address);
    await world.chain.travel(10);
  });
  afterAll(() => world.chain.close());

  it("leaves the timelock to the governor: nobody else proposes, nobody administers", async () => {
    const { timelock, governor, validation, registry, guardian } = c().deployment;
    const role = async (name: string) => ask("QuittanceTimelock", timelock, name);
    const has = async (name: string, account: string) =>
      ask("QuittanceTimelock", timelock, "hasRole", await role(name), account);
    for (const name of ["PROPOSER_ROLE", "CANCELLER_ROLE"]) {
      expect(await has(name, governor)).toBe(true);
      expect(await has(name, whale.address)).toBe(false);
    }
    expect(await has("EXECUTOR_ROLE", `0x${"0".repeat(40)}`)).toBe(true);
    expect(await has("DEFAULT_ADMIN_ROLE", timelock)).toBe(true);
    for (const account of [whale.address, governor])
      expect(await has("DEFAULT_ADMIN_ROLE", account)).toBe(false);
    expect(await ask("QuittanceTimelock", timelock, "getMinDelay")).toBe(BigInt(GOVERNANCE.timelockDelay));
    for (const [name, address] of [
      ["Validation", validation],
      ["VerifierRegistry", registry],
      ["PauseGuardian", guardian],
    ] as const)
      expect(await ask(name, address, "owner")).toBe(timelock);
  });

  it("changes a window by vote and timelock, and no sooner", async () => {
    const { validation } = c().deployment;
    const next = { ...VALIDATION, revealWindow: 3 * DAY };
    await no(
      () => tell(whale, "Validation", validation, "setParameters", [next]),
      "OwnableUnauthorizedAccount",
    );
    const proposal = await proposalOf(validation, "Validation", "setParameters", [next]);
    const hash = keccakText(proposal.description);
    await no(() => c().propose(small, proposal), "GovernorInsufficientProposerVotes");
    const { proposalId } = await c().propose(whale, proposal);
    await no(() => c().propose(whale, proposal), "GovernorUnexpectedProposalState");
    await no(() => c().castVote(whale, proposalId, 1), "GovernorUnexpectedProposalState");
    await world.chain.travel(DAY + 1);
    await c().castVote(whale, proposalId, 1);
    await no(() => c().castVote(whale, proposalId, 0), "GovernorAlreadyCastVote");
    await no(() => c().queueProposal(small, proposal, hash), "GovernorUnexpectedProposalState");
    await world.chain.travel(5 * DAY + 1);
    await no(() => c().castVote(other, proposalId, 0), "GovernorUnexpectedProposalState");
    expect(await c().proposalState(proposalId)).toBe("succeeded");
    await no(() => c().executeProposal(small, proposal, hash), "GovernorUnexpectedProposalState");
    await c().queueProposal(small, proposal, hash);
    await no(() => c().executeProposal(small, proposal, hash), "TimelockUnexpectedOperationState");
    await world.chain.travel(2 * DAY + 1);
    await c().executeProposal(small, proposal, hash);
    expect(await c().proposalState(proposalId)).toBe("executed");
    expect((await c().validationParameters()).revealWindow).toBe(BigInt(3 * DAY));
  });

  describe("votes taken in the block of a proposal", () => {
    let flash: string;
    beforeAll(async () => {
      const { FlashVoter } = await contractArtifacts();
      flash = (await deployContract(world.chain, whale, FlashVoter, [])).created;
      await c().approveToken(whale, flash, (1n << 256n) - 1n);
    });
    const borrow = (method: string, args: readonly unknown[]) =>
      tell(small, "FlashVoter", flash, method, [c().deployment.token, ...args]);
    const amount = 500_000_000n * COIN;

    it("do not make a proposer", async () => {
      const { governor } = c().deployment;
      await borrow("propose", [governor, whale.address, amount]);
      const refusal = (await ask("FlashVoter", flash, "refusal")) as string;
      const error = codecOf((await contractArtifacts()).QuittanceGovernor.abi).error(refusal);
      expect(error).toMatchObject({ name: "GovernorInsufficientProposerVotes" });
      // The governor saw none of them.
      expect(error?.args[1]).toBe(0n);
    });

    it("do not count in a vote either, unless they are still held when it begins", async () => {
      const { governor } = c().deployment;
      const { proposalId } = await c().propose(whale, await toQuorum(5));
      await world.chain.travel(DAY + 1);
      await borrow("vote", [governor, proposalId, whale.address, amount]);
      expect(await ask("FlashVoter", flash, "weight")).toBe(0n);
      // Bought after voting began, and kept: still nothing, and the seller keeps its weight.
      await c().transferToken(whale, small.address, amount);
      await c().castVote(small, proposalId, 1);
      await c().castVote(whale, proposalId, 0);
      const votes = (await ask("QuittanceGovernor", governor, "proposalVotes", proposalId)) as Record<
        string,
        bigint
      >;
      expect(votes.forVotes).toBe(50_000n * COIN);
      expect(votes.againstVotes).toBeGreaterThan(900_000_000n * COIN);
      await c().transferToken(small, whale.address, amount);
    });
  });

  it("prolongs a vote whose quorum is reached late, so that others can answer", async () => {
    const { proposalId } = await c().propose(whale, await toQuorum(6));
    await world.chain.travel(DAY + 1);
    const deadline = await c().proposalDeadline(proposalId);
    await c().castVote(small, proposalId, 1);
    expect(await c().proposalDeadline(proposalId)).toBe(deadline);
    await world.chain.travel(5 * DAY - 100);
    // 4.5 per cent of the supply: the quorum is 4.
    await c().castVote(other, proposalId, 1);
    const later = await c().proposalDeadline(proposalId);
    expect(later).toBeGreaterThan(deadline + BigInt(DAY));
    await world.chain.travel(200);
    await c().castVote(whale, proposalId, 0);
    // It is prolonged once: answering does not prolong it again.
    expect(await c().proposalDeadline(proposalId)).toBe(later);
    await world.chain.travel(2 * DAY);
    expect(await c().proposalState(proposalId)).toBe("defeated");
  });

  it("lets a proposer take its proposal back before the vote, and nobody else", async () => {
    const proposal = await toQuorum(8);
    const { proposalId } = await c().propose(whale, proposal);
    const cancel = (by: Account) =>
      tell(by, "QuittanceGovernor", c().deployment.governor, "cancel", [
        ...[proposal.targets, proposal.values, proposal.calldatas, keccakText(proposal.description)],
      ]);
    await no(() => cancel(other), "GovernorUnableToCancel");
    await cancel(whale);
    expect(await c().proposalState(proposalId)).toBe("canceled");
  });

  it("decides nothing without its quorum", async () => {
    const { proposalId } = await c().propose(whale, await toQuorum(7));
    await world.chain.travel(DAY + 1);
    await c().castVote(small, proposalId, 1);
    await world.chain.travel(5 * DAY + 1);
    expect(await c().proposalState(proposalId)).toBe("defeated");
  });

  it("cannot do away with the delay before a vote, by vote or at birth", async () => {
    const { governor, timelock, token } = c().deployment;
    const proposal = await proposalOf(governor, "QuittanceGovernor", "setVotingDelay", [0]);
    const { proposalId } = await c().propose(whale, proposal);
    await world.chain.travel(DAY + 1);
    await c().castVote(whale, proposalId, 1);
    await world.chain.travel(5 * DAY + 1);
    const hash = keccakText(proposal.description);
    await c().queueProposal(small, proposal, hash);
    await world.chain.travel(2 * DAY + 1);
    await no(() => c().executeProposal(small, proposal, hash), "GovernorNoVotingDelay");
    await no(() => tell(whale, "QuittanceGovernor", governor, "setVotingDelay", [1]), "GovernorOnlyExecutor");
    const { QuittanceGovernor } = await contractArtifacts();
    const settings = [0, 100, 0n, 4, 10];
    await no(
      () => deployContract(world.chain, whale, QuittanceGovernor, [token, timelock, settings]),
      "GovernorNoVotingDelay",
    );
  });

  it("pays from the treasury, which is the timelock's balance, by a decision only", async () => {
    const { token, timelock } = c().deployment;
    await c().transferToken(whale, timelock, 1000n);
    const proposal = await proposalOf(token, "QuittanceToken", "transfer", [small.address, 400n]);
    const { proposalId } = await c().propose(whale, proposal);
    await world.chain.travel(DAY + 1);
    await c().castVote(whale, proposalId, 1);
    await world.chain.travel(5 * DAY + 1);
    const hash = keccakText(proposal.description);
    await c().queueProposal(small, proposal, hash);
    await world.chain.travel(2 * DAY + 1);
    const before = await c().tokenBalance(small.address);
    await c().executeProposal(small, proposal, hash);
    expect(await c().tokenBalance(small.address)).toBe(before + 400n);
    expect(await c().tokenBalance(timelock)).toBe(600n);
  });
});
