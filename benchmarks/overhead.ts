// What a queue costs beside the work that it hands out: workers as processes of their own on a private
// Postgres server prove many tiny statements. What lies between the first start and the last end, less the
// seconds inside the prover, is the queue's: taking the job, reading its input, a thread's hand-over, keeping
// the result, ending the job. Tiny statements make it visible; for the default profile it is lost in the
// proof.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type JobStore,
  openBlobs,
  openJobStore,
  type Provable,
  proveAll,
  readyCircuits,
  readyKeys,
} from "../pipeline/index.ts";
import {
  type CircuitName,
  loadProfile,
  type ProfileName,
  parsePublicSignals,
  publicSignals,
} from "../prover/index.ts";
import { honestInput } from "./inputs.ts";
import type { PrivateServer } from "./postgres.ts";

const CLI = fileURLToPath(new URL("../pipeline/cli/main.ts", import.meta.url));

/** A run of jobs by workers: wall seconds from first start to last end, and seconds inside the prover. */
export type Timed = { readonly wall: number; readonly proving: number };

/** Milliseconds that each of `count` tiny jobs costs beside its proof, with one worker. */
export async function overheadMs(server: PrivateServer, folder: string, count: number): Promise<number> {
  const { wall, proving } = await timeJobs({
    ...{ server, folder, profile: "tiny", circuit: "weights", count, workers: 1, label: "short" },
  });
  return (1_000 * (wall - proving)) / count;
}

/** Has `workers` processes of one thread each prove `count` different statements of a circuit. */
export async function timeJobs(of: {
  readonly server: PrivateServer;
  readonly folder: string;
  readonly profile: ProfileName;
  readonly circuit: CircuitName;
  readonly count: number;
  readonly workers: number;
  readonly label: string;
}): Promise<Timed> {
  const { server, folder, profile: profileName, circuit, count, workers, label } = of;
  const url = server.database();
  const blobs = join(folder, `blobs-${label}`);
  const environment = { DATABASE_URL: url, QUITTANCE_BLOBS: blobs };
  const profile = loadProfile(profileName);
  const circuits = await readyCircuits(profileName);
  const keys = await readyKeys(profileName, circuits);
  const store = openJobStore({ database: { url }, blobs: openBlobs(blobs, () => {}, {}) });
  const statements = (of: string, n: number): Provable[] =>
    Array.from({ length: n }, (_, index) => {
      const { input, publics } = honestInput(profileName, circuit, `${of}/${label}/${index}`);
      return { label: `${of} ${index}`, statement: parsePublicSignals(circuit, publics, profile), input };
    });
  const before = process.env["DATABASE_URL"];
  process.env["DATABASE_URL"] = url;
  const started: ChildProcess[] = [];
  try {
    for (let worker = 0; worker < workers; worker++)
      started.push(await startWorker(environment, profileName));
    const rest = { profile, circuits, keys, store, threads: 1, work: { workers: "remote" } as const };
    // Not counted: a worker's thread and its engine start with the first proof.
    await proveAll({ ...rest, provables: statements("warm-up", workers) });
    const provables = statements("measured", count);
    const proved = await proveAll({ ...rest, provables });
    const signals = provables.map(({ statement }) => publicSignals(statement, profile).join());
    if (new Set(signals).size !== count) throw new Error("the statements are not all different");
    const wall = await wallSeconds(store, "measured");
    return { wall, proving: proved.reduce((sum, { seconds }) => sum + seconds, 0) };
  } finally {
    for (const worker of started) worker.kill("SIGTERM");
    await Promise.all(started.map((worker) => new Promise((done) => worker.once("close", done))));
    if (before === undefined) delete process.env["DATABASE_URL"];
    else process.env["DATABASE_URL"] = before;
    await store.close();
  }
}

/** Seconds from the first attempt's start to the last one's end, by the database's clock. */
async function wallSeconds(store: JobStore, label: string): Promise<number> {
  const attempts = (await (await store.ledger()).attempts()).filter((attempt) =>
    attempt.label.startsWith(label),
  );
  const begun = Math.min(...attempts.map(({ startedAt }) => startedAt.getTime()));
  const ended = Math.max(...attempts.map(({ endedAt }) => endedAt?.getTime() ?? Number.NaN));
  return (ended - begun) / 1_000;
}

function startWorker(environment: Record<string, string>, profile: ProfileName): Promise<ChildProcess> {
  const args = ["worker", "--queue", "proofs", "--profile", profile, "--threads", "1"];
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...environment },
  });
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("Ready")) resolve(child);
    });
    child.once("close", () => reject(new Error(`the worker ended: ${said}`)));
  });
}
