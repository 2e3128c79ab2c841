/**
 * Long work that a request starts and does not wait for, with its progress as a list of numbered events: who
 * lost the connection goes on from the last number it saw.
 *
 * Jobs live as long as the process. What they do can be cut off anywhere and started again (settling asks
 * first what has been done), so a job that a restart forgot is simply started once more.
 */
import { randomUUID } from "node:crypto";
import { describeError } from "../cli/output.ts";
import type { Ui } from "../cli/ui.ts";

/** An event of a job. Numbers count from 1. */
export type JobEvent =
  | { readonly id: number; readonly event: "progress"; readonly data: Progress }
  | { readonly id: number; readonly event: "end"; readonly data: End };

/** How far a step of a job is. */
export type Progress = { readonly step: string; readonly done: number; readonly total: number };
/** How a job ended. */
export type End = {
  readonly ok: boolean;
  readonly error?: string;
  readonly result?: Record<string, unknown>;
};

/** A job. */
export type Job = {
  readonly id: string;
  readonly kind: string;
  readonly startedAt: string;
  readonly state: () => {
    readonly status: "running" | "done" | "failed";
    readonly progress?: Progress;
    readonly end?: End;
  };
  /** Events after a number, as they come; ends after the last one, or when `signal` does. */
  readonly events: (after: number, signal: AbortSignal) => AsyncGenerator<JobEvent>;
};

/** The jobs of a service. */
export type Jobs = {
  /** Starts a job, or returns the one of this kind that runs. */
  start(kind: string, work: (ui: Ui, signal: AbortSignal) => Promise<Record<string, unknown>>): Job;
  readonly get: (id: string) => Job | undefined;
  /** Tells what runs to stop, and waits for it. */
  close(): Promise<void>;
};

/** Finished jobs that are remembered, and events of one. */
const MOST_JOBS = 100;
const MOST_EVENTS = 2_000;

/** Opens the jobs. `notice` hears how each ended. */
export function openJobs(notice: (job: Job, error?: unknown) => void): Jobs {
  const jobs = new Map<string, Job>();
  const running = new Map<string, { readonly job: Job; readonly end: Promise<void> }>();
  const controller = new AbortController();
  return {
    start(kind, work) {
      const same = running.get(kind);
      if (same !== undefined) return same.job;
      const { job, emit, ui } = openJob(kind);
      jobs.set(job.id, job);
      for (const first of jobs.keys()) {
        if (jobs.size <= MOST_JOBS) break;
        jobs.delete(first);
      }
      const end = work(ui, controller.signal).then(
        (result) => {
          emit("end", { ok: true, result });
          notice(job);
        },
        (error: unknown) => {
          const { name, message } = describeError(error);
          const isOurs = name !== "Defect";
          emit("end", { ok: false, error: isOurs ? message : "It failed; the operator's log says why." });
          notice(job, error);
        },
      );
      running.set(kind, { job, end: end.finally(() => running.delete(kind)) });
      return job;
    },
    get: (id) => jobs.get(id),
    async close() {
      controller.abort(new Error("the service stops"));
      await Promise.all([...running.values()].map(({ end }) => end));
    },
  };
}

function openJob(kind: string): {
  job: Job;
  emit: { (event: "progress", data: Progress): void; (event: "end", data: End): void };
  ui: Ui;
} {
  const events: JobEvent[] = [];
  let last = 0;
  let wake: () => void = () => {};
  let more = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const emit = (event: "progress" | "end", data: Progress | End): void => {
    last += 1;
    events.push({ id: last, event, data } as JobEvent);
    if (events.length > MOST_EVENTS) events.shift();
    wake();
    more = new Promise((resolve) => {
      wake = resolve;
    });
  };
  const job: Job = {
    id: randomUUID(),
    kind,
    startedAt: new Date().toISOString(),
    state() {
      const progress = events.findLast((one) => one.event === "progress")?.data as Progress | undefined;
      const end = events.findLast((one) => one.event === "end")?.data as End | undefined;
      return {
        status: end === undefined ? "running" : end.ok ? "done" : "failed",
        ...(progress === undefined ? {} : { progress }),
        ...(end === undefined ? {} : { end }),
      };
    },
    async *events(after, signal) {
      const aborted = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      let seen = after;
      while (!signal.aborted) {
        const next = events.find(({ id }) => id > seen);
        if (next === undefined) {
          if (events.at(-1)?.event === "end") return;
          await Promise.race([more, aborted]);
          continue;
        }
        seen = next.id;
        yield next;
      }
    },
  };
  return { job, emit, ui: uiOf((progress) => emit("progress", progress)) };
}

/** Progress as a command shows it, as events: each step's begin and end, and whole percents between. */
function uiOf(emit: (progress: Progress) => void): Ui {
  const seconds: { title: string; seconds: number }[] = [];
  return {
    seconds,
    heading: () => {},
    line: () => {},
    async step(step, work) {
      const start = Date.now();
      let shown = 0;
      emit({ step, done: 0, total: 1 });
      const result = await work((done, total) => {
        const percent = total <= 0 ? 0 : Math.floor((100 * done) / total);
        if (percent <= shown || percent >= 100) return;
        shown = percent;
        emit({ step, done: percent, total: 100 });
      });
      emit({ step, done: 1, total: 1 });
      seconds.push({ title: step, seconds: (Date.now() - start) / 1_000 });
      return result;
    },
  };
}
