/**
 * The service's watch over what is due: a gauge and a field for whoever watches it, and a line in the log for
 * whoever does not, when less than a day is left, and every hour from then on.
 *
 * Nobody waits for it. What it last saw of the chain is answered at once, with the time that has passed
 * since, and a look older than some seconds starts another one: a chain that does not answer must not hold up
 * `/health`. Receipts are counted as they are given; only whether their epochs are on chain is looked up.
 */
import type { FastifyBaseLogger } from "fastify";
import type { Answering } from "../answering.ts";
import { clockOf } from "../chain/client.ts";
import { type Due, dueText, WARN_SECONDS } from "../due.ts";
import type { Session } from "../session.ts";

/** What is due first, and the seconds that are left; below zero it is overdue. */
export type DueNow = Due & { readonly left: number };

/** The watch of an open service. */
export type DueWatch = {
  /** As of the last look; undefined where every answered epoch is on chain. */
  readonly now: () => DueNow | undefined;
  /** Looks at the chain, and warns if it is time. Never throws: a chain that does not answer is left out. */
  readonly look: () => Promise<void>;
  readonly close: () => void;
};

/** A look that is so old starts another one. */
const LOOK_MS = 2_000;
/** Looked at so often where nobody asks. */
const EVERY_MS = 60_000;
const REMIND_MS = 3_600_000;

/**
 * Opens the watch. Throws what the chain throws if it does not answer the first look.
 *
 * @param clock milliseconds of this machine
 */
export async function openDueWatch(of: {
  readonly answering: Pick<Answering, "dues" | "model">;
  readonly session: Pick<Session, "chain" | "contracts">;
  readonly logger: Pick<FastifyBaseLogger, "warn" | "error">;
  readonly folder: string;
  readonly clock?: () => number;
}): Promise<DueWatch> {
  const { answering, session, logger, folder, clock = Date.now } = of;
  const { dues, model } = answering;
  const see = async () => {
    const committed = await session.contracts.epochCount(model.id);
    return { committed, seconds: await clockOf(session.chain), at: clock() };
  };
  let seen = await see();
  let reminded = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  const current = (): DueNow | undefined => {
    const due = dues.first(seen.committed);
    if (due === undefined) return undefined;
    const passed = Math.floor((clock() - seen.at) / 1_000);
    return { ...due, left: due.dueBy - seen.seconds - passed };
  };
  const remind = (): void => {
    const due = current();
    if (due === undefined || due.left > WARN_SECONDS || clock() - reminded < REMIND_MS) return;
    reminded = clock();
    const { epoch, receipts, dueBy, left } = due;
    const what = { epoch, receipts, dueBy, secondsLeft: left };
    const how = `POST /epochs/settle, or end the service and run: quittance settle --project ${folder}`;
    if (left >= 0) logger.warn(what, `${dueText(due)}: ${how}`);
    else logger.error(what, `${dueText(due)}, which has passed; each receipt can cost bond. Now: ${how}`);
  };
  const look = (): Promise<void> => {
    looking ??= see()
      .then(
        (found) => {
          seen = found;
        },
        // What was seen last goes on; requests that need the chain say that it does not answer.
        () => {},
      )
      .then(remind)
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  timer.unref();
  remind();
  return {
    now() {
      if (clock() - seen.at > LOOK_MS) void look();
      return current();
    },
    look,
    close: () => clearInterval(timer),
  };
}
