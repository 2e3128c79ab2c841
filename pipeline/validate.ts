/**
 * Verdicts on batches: what a validator looks at, and a round of several validators.
 *
 * A validator gets a batch's records from its contributor, off the chain, and looks at three things: that
 * they open the signed root, that none of their contents is in an earlier batch or twice in this one, and,
 * where it has the contents, that the features are the backbone's. What it finds is a verdict that it stands
 * for with stake: **governed**. Only the duplicate can be proven against it (circuits/duplicate.circom).
 *
 * A verdict is committed before it is shown, under a random salt: nobody can copy another's.
 */
import { randomBytes } from "node:crypto";
import { batchRoot, type DataRecord, type Profile, recordLeaf } from "../prover/index.ts";
import { chainTime } from "./chain/client.ts";
import type { Verdict } from "./chain/economy.ts";
import { BATCH_STATUS, VERDICT } from "./chain/types.ts";
import type { Ui } from "./cli/ui.ts";
import type { Desk } from "./desk.ts";
import type { Account } from "./engine/ethers.ts";
import type { Project } from "./project.ts";
import { recordsOf } from "./records.ts";
import type { Session } from "./session.ts";

/** Why a batch is rejected; 0 if it is accepted. */
export const REASONS = ["none", "other root", "duplicate content"] as const;

/** What a validator found. */
export type Finding = {
  readonly verdict: "accept" | "reject";
  readonly reason: (typeof REASONS)[number];
};

/**
 * Reviews a batch.
 *
 * @param earlier digests of every content in batches that were contributed before, of the same datanet
 */
export function reviewBatch(of: {
  readonly root: bigint;
  readonly records: readonly DataRecord[];
  readonly earlier: ReadonlySet<bigint>;
  readonly profile: Profile;
}): Finding {
  const { root, records, earlier, profile } = of;
  const leaves = records.map((record) => recordLeaf(record, profile));
  if (batchRoot(leaves, profile) !== root) return { verdict: "reject", reason: "other root" };
  const seen = new Set<bigint>();
  for (const { digest } of records) {
    if (earlier.has(digest) || seen.has(digest)) return { verdict: "reject", reason: "duplicate content" };
    seen.add(digest);
  }
  return { verdict: "accept", reason: "none" };
}

/** Reviews batches of a project in the order in which they were recorded. */
export function reviewAll(
  project: Project,
  { profile }: Session,
  batches: readonly { readonly id: bigint; readonly root: bigint }[],
): Reviewed[] {
  const opened = batches.map(({ id, root }) => ({ id, root, records: recordsOf(project, root, profile) }));
  return reviewOpened(opened, profile);
}

/** Reviews batches whose records lie here. `root` is what the chain says, not who handed them over. */
export function reviewOpened(
  batches: readonly { readonly id: bigint; readonly root: bigint; readonly records: readonly DataRecord[] }[],
  profile: Profile,
): Reviewed[] {
  const earlier = new Set<bigint>();
  const inOrder = [...batches].sort((a, b) => (a.id < b.id ? -1 : 1));
  return inOrder.map(({ id: batch, root, records }) => {
    const finding = reviewBatch({ root, records, earlier, profile });
    for (const { digest } of records) earlier.add(digest);
    return { batch, finding };
  });
}

/** A batch with what its validators found. */
export type Reviewed = { readonly batch: bigint; readonly finding: Finding };

/** What came of a round. */
export type Judged = { readonly batch: bigint; readonly status: (typeof BATCH_STATUS)[number] };

/**
 * Takes batches through a round each: every validator commits to its verdict, shows it once commitments are
 * over, and the round is closed. On a local chain the clock is moved; elsewhere this waits for nobody and
 * throws {@link RoundOpenError} where a window has not passed.
 *
 * Batches that have a verdict already are passed over, so an interrupted call can be repeated.
 */
export async function judgeBatches(of: {
  readonly session: Session;
  readonly ui: Ui;
  readonly validators: readonly Account[];
  readonly reviewed: readonly Reviewed[];
}): Promise<Judged[]> {
  const { session, ui, validators, reviewed } = of;
  const { contracts } = session;
  const waiting: Reviewed[] = [];
  for (const one of reviewed) if ((await statusOf(session, one.batch)) === "pending") waiting.push(one);
  if (waiting.length > 0) {
    const { minimumVote, quorum, commitWindow } = await contracts.validationParameters();
    const weight = weightOf(validators.length, minimumVote, quorum);
    await ui.step(`${validators.length} validators judge ${waiting.length} batches`, async (report) => {
      for (const validator of validators) await standFor(session, validator, weight * BigInt(waiting.length));
      const votes: Array<{ validator: Account; verdict: Verdict }> = [];
      for (const [index, { batch, finding }] of waiting.entries()) {
        report(index, 2 * waiting.length, "commit");
        const opened = await contracts.openRound(session.operator, batch);
        session.record("open round", opened);
        for (const validator of validators) {
          const verdict: Verdict = {
            batch,
            round: opened.round,
            validator: validator.address,
            verdict: VERDICT.indexOf(finding.verdict),
            reason: REASONS.indexOf(finding.reason),
            salt: `0x${randomBytes(32).toString("hex")}`,
          };
          const commitment = await contracts.commitmentOf(verdict);
          session.record(
            "commit verdict",
            await contracts.commitVerdict(validator, batch, commitment, weight),
          );
          votes.push({ validator, verdict });
        }
      }
      await passTime(session, Number(commitWindow) + 1);
      for (const [index, { validator, verdict }] of votes.entries()) {
        report(votes.length + index, 2 * votes.length, "reveal");
        session.record("reveal verdict", await contracts.revealVerdict(validator, verdict));
      }
      for (const { batch } of waiting)
        session.record("close round", await contracts.closeRound(session.operator, batch));
    });
  }
  const judged: Judged[] = [];
  for (const { batch } of reviewed) judged.push({ batch, status: await statusOf(session, batch) });
  return judged;
}

/**
 * Frees the stake behind verdicts whose challenge window has passed, and pays the validators their part of
 * the datanet's fees. Returns who got how much.
 */
export async function payValidators(of: {
  readonly session: Desk;
  readonly ui: Ui;
  readonly datanet: bigint;
  readonly token: string;
  readonly validators: readonly Account[];
  readonly batches: readonly bigint[];
}): Promise<ReadonlyArray<{ readonly validator: string; readonly paid: bigint }>> {
  const { session, ui, datanet, token, validators, batches } = of;
  const { contracts, operator } = session;
  return await ui.step("Verdicts stand, and validators are paid", async (report) => {
    await passTime(session, await untilChallengesEnd(session, batches));
    for (const [index, batch] of batches.entries()) {
      report(index, batches.length);
      const round = await contracts.roundsOf(batch);
      for (const { address } of validators) {
        const vote = await contracts.voteOf(batch, round, address);
        if (vote.settled || vote.weight === 0n) continue;
        session.record("settle vote", await contracts.settleVote(operator, batch, round, address));
      }
    }
    session.record("distribute fees", await contracts.distributeFees(operator, datanet, token));
    const paid: Array<{ validator: string; paid: bigint }> = [];
    for (const { address } of validators) {
      const owed = await contracts.feesOwed(datanet, token, address);
      if (owed > 0n)
        session.record("pay validator", await contracts.claimFees(operator, datanet, token, address));
      paid.push({ validator: address, paid: owed });
    }
    return paid;
  });
}

/** Where a batch stands. */
export async function statusOf(session: Desk, batch: bigint): Promise<Judged["status"]> {
  return BATCH_STATUS[Number((await session.contracts.batch(batch)).status)] ?? "none";
}

/** Votes so heavy that all together reach the quorum, each in whole units and above the minimum. */
export function weightOf(validators: number, minimumVote: bigint, quorum: bigint): bigint {
  const unit = 10_000n;
  const part = (quorum + BigInt(validators) - 1n) / BigInt(validators);
  const least = part > minimumVote ? part : minimumVote;
  return ((least + unit - 1n) / unit) * unit;
}

/** Stakes what is missing; on a local chain with play money. */
export async function standFor(session: Desk, validator: Account, amount: bigint): Promise<void> {
  const { contracts, deployment } = session;
  const { free } = await contracts.stakeOf(validator.address);
  if (free >= amount) return;
  const missing = amount - free;
  if (session.chain.kind === "local") await session.endow(validator, missing);
  await contracts.ensureAllowance(validator, deployment.token, deployment.validation, missing);
  session.record("stake", await contracts.stake(validator, missing));
}

async function untilChallengesEnd(session: Desk, batches: readonly bigint[]): Promise<number> {
  let end = 0;
  for (const batch of batches) {
    const { challengeEnds } = await session.contracts.round(batch, await session.contracts.roundsOf(batch));
    end = Math.max(end, Number(challengeEnds));
  }
  return Math.max(0, end + 1 - (await chainTime(session.chain)));
}

async function passTime(session: Desk, seconds: number): Promise<void> {
  if (seconds <= 0) return;
  if (session.chain.kind !== "local") throw new RoundOpenError(seconds);
  await session.chain.travel(seconds);
}

/** A window of the round is still open. */
export class RoundOpenError extends Error {
  override readonly name = "Validate.RoundOpen";
  constructor(seconds: number) {
    super(`A window of the round is open for another ${seconds} seconds. Run the command again after that.`);
  }
}
