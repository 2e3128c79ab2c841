/**
 * Challenges of a verdict with an exact duplicate: which batches hold one, what a proof of it would cost the
 * validators now, and the proof (circuit `duplicate`).
 *
 * A proof opens one record in each of two batches, or two in one batch, and names neither: whoever makes it
 * needs the records of both batches, and nobody else learns more than that two contents are the same. So a
 * challenger is whoever was given the records: the project that keeps them, or a validator with the file that
 * it judged from.
 *
 * The pitfall: a duplicate is rejected whenever it is shown, and costs its validators something only while
 * their verdict is backed and if they could know (Validation.sol, `_disprove`). A proof that would cost
 * nobody anything is therefore not sent unless that is asked for.
 */
import {
  batchRoot,
  type DataRecord,
  duplicateWitness,
  loadProfile,
  type Profile,
  type ProfileName,
  proofWords,
  prove,
  recordLeaf,
} from "../prover/index.ts";
import { chainTime, RevertedError } from "./chain/client.ts";
import { BATCH_STATUS, type Batch, ROUND_OUTCOME, type RoundView } from "./chain/types.ts";
import type { Ui } from "./cli/ui.ts";
import { timeText } from "./dates.ts";
import type { Desk } from "./desk.ts";
import type { Account } from "./engine/ethers.ts";
import { readyCircuits, readyKeys } from "./setup.ts";

/** A batch with its records. */
export type OpenedBatch = { readonly id: bigint; readonly records: readonly DataRecord[] };

/** Two records of one content; places are from 0. */
export type Pair = {
  readonly batch: bigint;
  /** The batch that holds the original: an earlier one, or the same. */
  readonly earlier: bigint;
  readonly places: { readonly earlier: number; readonly later: number };
};

/** A batch that a proof can reject, and what the proof would do now. Amounts are in the smallest unit. */
export type Challengeable = Pair & {
  /** What the validators who accepted would lose, and what the challenger would get of it. */
  readonly slashed: bigint;
  readonly reward: bigint;
  /** Until when a verdict can be shown to be a lie at its validators' cost; 0 before there is a verdict. */
  readonly until: bigint;
  /** Why nobody would lose anything; absent where somebody would. */
  readonly why?: string;
};

type Chained = { readonly batch: Batch; readonly round: RoundView };

const BPS = 10_000n;

/** All pairs, for each later batch one with each batch that holds an original of it. */
export function duplicatePairs(batches: readonly OpenedBatch[]): Pair[] {
  const seen = new Map<bigint, { readonly id: bigint; readonly place: number }[]>();
  const found: Pair[] = [];
  for (const { id, records } of [...batches].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const originals = new Set<bigint>();
    for (const [place, { digest }] of records.entries()) {
      const before = seen.get(digest) ?? [];
      for (const earlier of before) {
        if (originals.has(earlier.id)) continue;
        originals.add(earlier.id);
        found.push({ batch: id, earlier: earlier.id, places: { earlier: earlier.place, later: place } });
      }
      if (!before.some((one) => one.id === id)) seen.set(digest, [...before, { id, place }]);
    }
  }
  return found;
}

/**
 * What a proof would do now: as `Validation.proveDuplicate` decides, or undefined where it would refuse.
 *
 * @param now seconds since 1970, the chain's
 */
export function effectOf(
  pair: Pair,
  later: Chained,
  earlier: Chained,
  now: bigint,
): Challengeable | undefined {
  const { round } = later;
  const statusOf = ({ batch }: Chained) => BATCH_STATUS[Number(batch.status)];
  if (statusOf(later) === "rejected") return undefined;
  let known = true;
  if (pair.earlier !== pair.batch) {
    const { withdrawnAt, decidedAt } = earlier.batch;
    const kept = withdrawnAt === 0n || (round.openedAt !== 0n && withdrawnAt > round.openedAt);
    if (statusOf(earlier) !== "accepted" || !kept || earlier.batch.datanet !== later.batch.datanet)
      return undefined;
    known = decidedAt < round.openedAt;
  }
  const outcome = ROUND_OUTCOME[Number(round.outcome)];
  const until = round.challengeEnds;
  const nothing = (why: string): Challengeable => ({ ...pair, slashed: 0n, reward: 0n, until, why });
  if (outcome === "accepted" && now > until)
    return nothing(`its verdict was backed with stake until ${timeText(until)}`);
  if (outcome !== "open" && outcome !== "accepted") return nothing("no verdict on it stands");
  if (!known) return nothing("the original was not accepted yet when its validators began to judge");
  if (round.accepted === 0n) return nothing("no validator has shown yet that it accepts it");
  const slashed = (round.accepted * round.parameters.lieBps) / BPS;
  return { ...pair, slashed, reward: (slashed * round.parameters.challengerBps) / BPS, until };
}

/**
 * The batches that a proof can reject now, in order, each with the original that costs its validators most.
 * Throws {@link NotJudgedError} and {@link OtherRecordsError}.
 */
export async function challengeable(
  session: Pick<Desk, "chain" | "contracts" | "deployment">,
  datanet: bigint,
  batches: readonly OpenedBatch[],
): Promise<Challengeable[]> {
  const { contracts } = session;
  if (!(await contracts.datanet(datanet)).validated) throw new NotJudgedError(datanet);
  const profile = loadProfile(session.deployment.profile as ProfileName);
  const now = BigInt(await chainTime(session.chain));
  const read = new Map<bigint, Chained>();
  const chained = async (id: bigint): Promise<Chained> => {
    const known = read.get(id);
    if (known !== undefined) return known;
    const batch = await contracts.batch(id);
    const { records } = opened(batches, id);
    if (batchRoot(leavesOf(records, profile), profile) !== batch.root) throw new OtherRecordsError(id);
    const one = { batch, round: await contracts.round(id, await contracts.roundsOf(id)) };
    read.set(id, one);
    return one;
  };
  const best = new Map<bigint, Challengeable>();
  for (const pair of duplicatePairs(batches)) {
    const effect = effectOf(pair, await chained(pair.batch), await chained(pair.earlier), now);
    const before = best.get(pair.batch);
    if (effect !== undefined && (before === undefined || effect.slashed > before.slashed))
      best.set(pair.batch, effect);
  }
  return [...best.values()];
}

/**
 * The one to challenge. Throws {@link UnknownBatchError}, {@link AlreadyRejectedError}, {@link
 * NoDuplicateError}, and {@link NothingAtStakeError} unless a proof without a reward is wanted.
 */
export async function chosen(
  { contracts }: Pick<Desk, "contracts">,
  found: readonly Challengeable[],
  { id, batches, unrewarded }: { id: bigint; batches: readonly OpenedBatch[]; unrewarded: boolean },
): Promise<Challengeable> {
  opened(batches, id);
  const one = found.find(({ batch }) => batch === id);
  if (one !== undefined) {
    if (one.why !== undefined && !unrewarded) throw new NothingAtStakeError(one);
    return one;
  }
  if (BATCH_STATUS[Number((await contracts.batch(id)).status)] === "rejected") {
    const { outcome } = await contracts.round(id, await contracts.roundsOf(id));
    throw new AlreadyRejectedError(id, ROUND_OUTCOME[Number(outcome)] === "disproven");
  }
  throw new NoDuplicateError(id);
}

/**
 * Proves the duplicate and sends the proof. What it says to validators and challenger is in the answer; the
 * reward waits in the contract. Throws {@link OtherRegistryError} where the contracts check with other keys.
 */
export async function challenge(of: {
  readonly session: Pick<Desk, "contracts" | "deployment" | "record">;
  readonly ui: Ui;
  readonly challenger: Account;
  readonly pair: Pair;
  readonly batches: readonly OpenedBatch[];
}): Promise<{ readonly slashed: bigint; readonly reward: bigint }> {
  const { session, ui, challenger, pair, batches } = of;
  const name = session.deployment.profile as ProfileName;
  const profile = loadProfile(name);
  const side = (id: bigint, place: number) => {
    const { records } = opened(batches, id);
    return { leaves: leavesOf(records, profile), place, record: records[place] as DataRecord };
  };
  const { input } = duplicateWitness({
    profile,
    earlier: side(pair.earlier, pair.places.earlier),
    later: side(pair.batch, pair.places.later),
    challenger: BigInt(challenger.address),
  });
  const circuits = await ui.step("Circuits", (report) => readyCircuits(name, report));
  const keys = await ui.step("Proving keys", (report) => readyKeys(name, circuits, report));
  const { wasmPath } = circuits.duplicate;
  const { proof } = await ui.step("Prove that the two contents are the same", () =>
    prove({ zkeyPath: keys.zkeyPath("duplicate"), wasmPath, input }),
  );
  const { contracts } = session;
  try {
    const mined = await contracts.proveDuplicate(challenger, pair.batch, {
      ...{ earlier: pair.earlier, challenger: challenger.address, proof: proofWords(proof) },
    });
    session.record("prove duplicate", mined);
    return { slashed: mined.slashed, reward: mined.reward };
  } catch (error) {
    // The roots were compared with the chain's and the proof was checked here: what differs is the key.
    if (error instanceof RevertedError && error.reason === "VerifierInvalidProof")
      throw new OtherRegistryError(error);
    throw error;
  }
}

/** Pays the reward that waits for a challenger; how much, 0 if none waits. */
export async function payReward(
  session: Pick<Desk, "contracts" | "record">,
  account: Account,
): Promise<bigint> {
  const reward = await session.contracts.rewardOf(account.address);
  if (reward > 0n)
    session.record("pay challenger", await session.contracts.claimReward(account, account.address));
  return reward;
}

function opened(batches: readonly OpenedBatch[], id: bigint): OpenedBatch {
  const found = batches.find((one) => one.id === id);
  if (found === undefined) throw new UnknownBatchError(id);
  return found;
}

function leavesOf(records: readonly DataRecord[], profile: Profile): bigint[] {
  return records.map((record) => recordLeaf(record, profile));
}

/** The batch's records are not at hand. */
export class UnknownBatchError extends Error {
  override readonly name = "Challenge.UnknownBatch";
  constructor(batch: bigint) {
    super(
      `The records of batch ${batch} are not here, and a proof opens them. "quittance datanet show" lists a project's batches; a file holds what "quittance datanet export" found.`,
    );
  }
}

/** Nobody gives verdicts in this datanet. */
export class NotJudgedError extends Error {
  override readonly name = "Challenge.NotJudged";
  constructor(datanet: bigint) {
    super(
      `Datanet ${datanet} asks for no verdicts, so there is none to challenge. "quittance datanet create --validated" makes one that does.`,
    );
  }
}

/** The records are not those that were signed. */
export class OtherRecordsError extends Error {
  override readonly name = "Challenge.OtherRecords";
  constructor(batch: bigint) {
    super(
      `The records given for batch ${batch} do not open its root on chain, so nothing can be proven with them. Ask for the file again.`,
    );
  }
}

/** Nothing in the batch repeats anything. */
export class NoDuplicateError extends Error {
  override readonly name = "Challenge.NoDuplicate";
  constructor(batch: bigint) {
    super(
      `Batch ${batch} holds no content twice, and none that an earlier accepted batch among these holds. ` +
        "Only exact duplicates can be proven; that a content is nearly another's is for validators to judge.",
    );
  }
}

/** There is nothing left to reject. */
export class AlreadyRejectedError extends Error {
  override readonly name = "Challenge.AlreadyRejected";
  constructor(batch: bigint, disproven: boolean) {
    super(
      disproven
        ? `The verdict on batch ${batch} was disproven before, and the batch rejected: nothing is left to do.`
        : `Validators rejected batch ${batch}: there is no accepting verdict to challenge.`,
    );
  }
}

/** The proof would cost nobody anything. */
export class NothingAtStakeError extends Error {
  override readonly name = "Challenge.NothingAtStake";
  constructor({ batch, earlier, why }: Challengeable) {
    const where = batch === earlier ? "holds a content twice" : `repeats a content of batch ${earlier}`;
    super(
      `Batch ${batch} ${where}, but ${why}: a proof now would reject the batch, cost nobody stake and ` +
        "earn nothing. Add --unrewarded to send it all the same.",
    );
  }
}

/** The proof is right, and the contracts refuse it. */
export class OtherRegistryError extends Error {
  override readonly name = "Challenge.OtherKeys";
  constructor(cause: unknown) {
    super(
      "The contracts check proofs with another key of the duplicate circuit than the one at hand. " +
        "Point QUITTANCE_KEYS at the deployment's current keys.",
      { cause },
    );
  }
}
