/**
 * The threads that make local keys.
 *
 * Two kinds of task: evaluate a circuit at the secret (writes the key's coefficients), and multiply a
 * generator by a run of scalars (writes that run of points). Each writes its bytes at their place in the
 * key's file, so that nothing large travels back and a key never stands in memory as a whole. A thread
 * prepares a group's table when it first needs it and keeps it.
 */

import { readFileSync, writeSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type CurveWasm, openCurve } from "../engine/curve.ts";
import { fixedBase, type Group, type Multiplier } from "./points.ts";
import { evaluateCircuit, type KeyScalars, type Secret } from "./qap.ts";

export type Task =
  | {
      readonly kind: "evaluate";
      readonly r1csPath: string;
      readonly secret: Secret;
      readonly fd: number;
      readonly at: number;
    }
  | {
      readonly kind: "multiply";
      readonly group: Group;
      readonly scalars: Uint8Array;
      readonly fd: number;
      readonly at: number;
    }
  /** Points for a header: returned, not written. */
  | { readonly kind: "points"; readonly group: Group; readonly scalars: Uint8Array };

type Result = KeyScalars | Uint8Array | null;
type Reply = { readonly ok: true; readonly result: Result } | { readonly ok: false; readonly error: unknown };
type Setup = { readonly task: "quittance/keys"; readonly points: Readonly<Record<Group, number>> };

/** Runs tasks on so many threads, first come first served. */
export type KeyThreads = {
  readonly run: <T extends Task>(task: T) => Promise<ResultOf<T>>;
  readonly close: () => Promise<void>;
};

type ResultOf<T extends Task> = T extends { kind: "evaluate" }
  ? KeyScalars
  : T extends { kind: "points" }
    ? Uint8Array
    : null;

/**
 * Starts the threads.
 *
 * @param points how many points of each group will be asked for in all: it decides the tables' size
 */
export function startKeyThreads(threads: number, points: Readonly<Record<Group, number>>): KeyThreads {
  const setup: Setup = { task: "quittance/keys", points };
  type Job = {
    readonly task: Task;
    readonly resolve: (result: Result) => void;
    readonly reject: (error: unknown) => void;
  };
  const queue: Job[] = [];
  const current = new Map<Worker, Job>();
  const idle: Worker[] = [];
  let failure: unknown;

  const next = (): void => {
    while (idle.length > 0 && queue.length > 0) {
      const worker = idle.pop() as Worker;
      const job = queue.shift() as Job;
      current.set(worker, job);
      worker.postMessage(job.task);
    }
  };
  const fail = (error: unknown): void => {
    failure ??= error;
    for (const job of [...current.values(), ...queue.splice(0)]) job.reject(failure);
    current.clear();
  };
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: setup, execArgv: [] });
    worker.on("message", (reply: Reply) => {
      const job = current.get(worker);
      current.delete(worker);
      if (reply.ok) job?.resolve(reply.result);
      else job?.reject(reply.error);
      idle.push(worker);
      next();
    });
    worker.on("error", fail);
    worker.on("exit", (code) => fail(new ThreadError(code)));
    idle.push(worker);
    return worker;
  });
  return {
    run: <T extends Task>(task: T) =>
      new Promise<ResultOf<T>>((resolve, reject) => {
        if (failure) return reject(failure);
        queue.push({ task, resolve: resolve as (result: Result) => void, reject });
        next();
      }),
    close: async () => {
      for (const worker of workers) worker.removeAllListeners("exit");
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function perform(curve: CurveWasm, multiplier: (group: Group) => Multiplier, task: Task): Result {
  if (task.kind === "evaluate") {
    return evaluateCircuit(curve, readFileSync(task.r1csPath), task.secret, (bytes, at) =>
      writeAll(task.fd, bytes, task.at + at),
    );
  }
  const points = multiplier(task.group)(task.scalars, task.scalars.length / 32);
  if (task.kind === "points") return points;
  writeAll(task.fd, points, task.at);
  return null;
}

function writeAll(fd: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}

async function serve(setup: Setup): Promise<void> {
  // One curve for evaluating, whose memory is wiped, and one for the tables, which stay.
  const curve = await openCurve();
  const tables = new Map<Group, Multiplier>();
  const tableCurve = await openCurve();
  const multiplier = (group: Group): Multiplier => {
    let found = tables.get(group);
    if (!found) {
      found = fixedBase(tableCurve, group, setup.points[group]);
      tables.set(group, found);
    }
    return found;
  };
  parentPort?.on("message", (task: Task) => {
    let reply: Reply;
    try {
      reply = { ok: true, result: perform(curve, multiplier, task) };
    } catch (error) {
      reply = { ok: false, error };
    }
    parentPort?.postMessage(reply);
  });
}

/** A thread ended although nobody asked it to. */
export class ThreadError extends Error {
  override readonly name = "Keys.Thread";
  constructor(code: number) {
    super(`A thread that makes keys ended with code ${code}; memory may be short. Use fewer threads.`);
  }
}

const data = workerData as Setup | null;
if (!isMainThread && data?.task === "quittance/keys") await serve(data);
