/**
 * What a job is to those who run it, here or elsewhere: its key, how big it is, and a payload that holds
 * everything it is made from.
 */
import { type Job, jobKey, type Plain } from "../store.ts";

/** A job that can be run by any worker. */
export type JobSpec = {
  /** Hash of name, version and inputs. */
  readonly key: string;
  readonly name: string;
  /** For people: "inference 3". */
  readonly label: string;
  /** Size, in rows of a circuit or samples: the biggest begin first, and progress counts in it. */
  readonly weight: number;
  /** Made only when the job has to be done. */
  readonly payload: () => Plain;
};

/** Moves the progress bar. */
export type Progress = (done: number, total: number, detail?: string) => void;

/** A job with its key. */
export function jobSpec(job: Job, rest: Omit<JobSpec, "key" | "name">): JobSpec {
  return { key: jobKey(job), name: job.name, ...rest };
}

/** Each job once, the biggest first: the last core then finishes soon after the others. */
export function inOrder(jobs: readonly JobSpec[]): JobSpec[] {
  const once = new Map(jobs.map((job) => [job.key, job]));
  return [...once.values()].sort((a, b) => b.weight - a.weight);
}

/** Where jobs run: threads of this process, or workers that take them from the queue of DATABASE_URL. */
export type WorkPlace = "local" | "remote";

/** How a command wants its jobs run. */
export type Work = {
  readonly workers: WorkPlace;
  /** Ends the run: nothing more begins, what runs is finished. Throws {@link StoppedError} from the run. */
  readonly interruptible?: boolean;
  /** Ends the run too, for a caller that hears of the end in another way. */
  readonly signal?: AbortSignal;
  readonly notice?: (message: string) => void;
};

/**
 * Runs `work` so that SIGINT and SIGTERM stop it between two jobs. A native call that is cut off takes the
 * process down with it, so a second signal changes nothing; outside of `work` signals do what they always do.
 */
export async function interruptible<T>(
  { interruptible = false, signal, notice = () => {} }: Work,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!interruptible) return work(signal ?? new AbortController().signal);
  const controller = new AbortController();
  const stop = (): void => {
    notice("Stopping: what is running is finished and kept, nothing more begins.");
    controller.abort(new StoppedError());
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

/** The run was stopped by its user. */
export class StoppedError extends Error {
  override readonly name = "Jobs.Stopped";
  constructor() {
    super("Stopped as asked. What was finished is kept: run the same command again to go on.");
  }
}
