/**
 * Jobs on this machine: `threads` of them at a time, the biggest first. A job that fails does not stop the
 * others; the first failure is thrown when nothing runs any more.
 */
import type { Computed, JobStore } from "../durable/store.ts";
import { inOrder, type JobSpec, type Progress } from "./spec.ts";

/** Runs what is not done yet; returns every job's result by key. Throws what `compute` throws first. */
export async function runLocal(of: {
  readonly jobs: readonly JobSpec[];
  readonly store: JobStore;
  readonly threads: number;
  readonly compute: (job: JobSpec) => Promise<Computed>;
  readonly signal: AbortSignal;
  readonly report: Progress;
}): Promise<Map<string, Uint8Array>> {
  const { jobs, store, threads, compute, signal, report } = of;
  const waiting = inOrder(jobs);
  const total = waiting.reduce((sum, { weight }) => sum + weight, 0);
  const results = new Map<string, Uint8Array>();
  const failures: unknown[] = [];
  let done = 0;
  const one = async (job: JobSpec): Promise<void> => {
    const bytes = (await store.get(job.key)) ?? (await store.attempt(job, () => compute(job)));
    results.set(job.key, bytes);
    done += job.weight;
    report(done, total, job.label);
  };
  const slot = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined && !signal.aborted; job = waiting.shift()) {
      await one(job).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, threads) }, slot));
  if (failures.length > 0) throw failures[0];
  if (results.size < inOrder(jobs).length) signal.throwIfAborted();
  return results;
}
