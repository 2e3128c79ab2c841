/**
 * One validator on a chain whose clock nobody moves: each call does what can be done now, and the next one
 * goes on. A verdict's salt is in a folder (mode 0600) before its commitment is sent: a verdict that cannot
 * be shown later counts as the minority's.
 *
 *     no round, or undecided → open it          commitments open → commit
 *     commitments over       → show the verdict     all over → close the round
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chainTime } from "./chain/client.ts";
import type { Verdict } from "./chain/economy.ts";
import { ROUND_OUTCOME, type RoundView, VERDICT } from "./chain/types.ts";
import type { Desk } from "./desk.ts";
import type { Account } from "./engine/ethers.ts";
import { canonical, parsePlain, writeFileAtomic } from "./store.ts";
import { REASONS, type Reviewed, standFor, statusOf, weightOf } from "./validate.ts";

/**
 * What was done for a batch, and when there is more to do (seconds since 1970; absent when it is decided).
 */
export type Moved = {
  readonly batch: bigint;
  readonly did: "committed" | "revealed" | "closed" | "waited" | "nothing";
  readonly status: string;
  readonly verdict?: string;
  readonly next?: number;
};

/** Does for each batch what its round allows now. */
export async function judgeAlone(of: {
  /** Where verdicts are kept until they are shown. */
  readonly folder: string;
  readonly session: Desk;
  readonly validator: Account;
  readonly reviewed: readonly Reviewed[];
}): Promise<Moved[]> {
  const moved: Moved[] = [];
  for (const one of of.reviewed) moved.push(await judgeOne(of.folder, of.session, of.validator, one));
  return moved;
}

async function judgeOne(
  folder: string,
  session: Desk,
  validator: Account,
  { batch, finding }: Reviewed,
): Promise<Moved> {
  const { contracts } = session;
  const said = async (did: Moved["did"], next?: bigint): Promise<Moved> => ({
    ...{ batch, did, status: await statusOf(session, batch), verdict: finding.verdict },
    ...(next === undefined ? {} : { next: Number(next) }),
  });
  if ((await statusOf(session, batch)) !== "pending") return await said("nothing");
  const { number, round } = await openRoundOf(session, validator, batch);
  const now = BigInt(await chainTime(session.chain));
  const vote = await contracts.voteOf(batch, number, validator.address);
  if (now < round.commitEnds) {
    if (vote.weight !== 0n) return await said("waited", round.commitEnds);
    const { minimumVote, quorum } = await contracts.validationParameters();
    const weight = weightOf(1, minimumVote, quorum);
    await standFor(session, validator, weight);
    const verdict = keptVerdict(folder, {
      ...{ batch, round: number, validator: validator.address, verdict: VERDICT.indexOf(finding.verdict) },
      ...{ reason: REASONS.indexOf(finding.reason), salt: `0x${randomBytes(32).toString("hex")}` },
    });
    const commitment = await contracts.commitmentOf(verdict);
    session.record("commit verdict", await contracts.commitVerdict(validator, batch, commitment, weight));
    return await said("committed", round.commitEnds);
  }
  if (now < round.revealEnds && vote.weight !== 0n && vote.verdict === 0n) {
    const verdict = keptVerdict(folder, {
      ...{ batch, round: number, validator: validator.address, verdict: 0, reason: 0, salt: "" },
    });
    if (verdict.salt === "") throw new SaltMissingError(batch, folder);
    session.record("reveal verdict", await contracts.revealVerdict(validator, verdict));
    return await closed(session, validator, batch, number, said);
  }
  return await closed(session, validator, batch, number, said);
}

/** Closes a round that nobody has to show anything in any more, or says when it can be. */
async function closed(
  session: Desk,
  validator: Account,
  batch: bigint,
  number: number,
  said: (did: Moved["did"], next?: bigint) => Promise<Moved>,
): Promise<Moved> {
  const { contracts } = session;
  const { committed, accepted, rejected, revealEnds } = await contracts.round(batch, number);
  const silent = committed - accepted - rejected;
  if (silent !== 0n && BigInt(await chainTime(session.chain)) < revealEnds)
    return await said("revealed", revealEnds);
  session.record("close round", await contracts.closeRound(validator, batch));
  return await said("closed");
}

/** The batch's open round; opens one where there is none. */
async function openRoundOf(
  session: Desk,
  validator: Account,
  batch: bigint,
): Promise<{ number: number; round: RoundView }> {
  const { contracts } = session;
  let number = await contracts.roundsOf(batch);
  const open = async (): Promise<boolean> =>
    number > 0 && ROUND_OUTCOME[Number((await contracts.round(batch, number)).outcome)] === "open";
  if (!(await open())) {
    const opened = await contracts.openRound(validator, batch);
    session.record("open round", opened);
    number = opened.round;
  }
  return { number, round: await contracts.round(batch, number) };
}

/** The verdict that this validator has committed itself to in this round; keeps `fresh` if there is none. */
function keptVerdict(folder: string, fresh: Verdict): Verdict {
  const name = `${fresh.batch}-${fresh.round}-${fresh.validator.toLowerCase()}.json`;
  const path = join(folder, name);
  if (existsSync(path)) return parsePlain(readFileSync(path, "utf8")) as Verdict;
  if (fresh.salt !== "") writeFileAtomic(path, `${canonical({ ...fresh })}\n`, 0o600);
  return fresh;
}

/** The verdict was committed from another project folder, or its file is gone. */
export class SaltMissingError extends Error {
  override readonly name = "Validate.SaltMissing";
  constructor(batch: bigint, folder: string) {
    super(
      `The verdict on batch ${batch} was committed, and its salt is not in ${folder}. Restore that file; ` +
        "a verdict that is not shown in time costs stake like a minority's.",
    );
  }
}
