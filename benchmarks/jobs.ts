// The queue's own cost, what a second worker brings, and how much content weighs.
//
// Overhead: workers as processes of their own on a private Postgres server prove many tiny statements. What
// lies between the first start and the last end, less the seconds inside the prover, is the queue's: taking
// the job, reading its input, a thread's hand-over, keeping the result, ending the job. Tiny statements make
// it visible; for the default profile it is lost in the proof. Each figure is of one run on one machine, and
// the ratio of one worker to two is between two runs that follow each other.
//
// Needs the Debian package postgresql.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  answerQueries,
  demoSplit,
  type JobStore,
  openBlobs,
  openJobStore,
  openProject,
  openSession,
  openUi,
  type Provable,
  proveAll,
  readyCircuits,
  readyKeys,
  trainModel,
} from "../pipeline/index.ts";
import {
  type CircuitName,
  loadProfile,
  type ProfileName,
  parsePublicSignals,
  publicSignals,
} from "../prover/index.ts";
import { honestInput } from "./inputs.ts";
import { startServer } from "./postgres.ts";
import type { Figure } from "./types.ts";

const CLI = fileURLToPath(new URL("../pipeline/cli/main.ts", import.meta.url));

/** A run of jobs by workers: wall seconds from first start to last end, and seconds inside the prover. */
type Timed = { readonly wall: number; readonly proving: number };

/** Measures overhead, speed-up and sizes. */
export async function runJobs({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const server = startServer();
  const folder = await mkdtemp(join(tmpdir(), "quittance-bench-jobs-"));
  try {
    const short = await bench(server, folder, "tiny", "weights", full ? 200 : 6, 1);
    const profile: ProfileName = full ? "default" : "tiny";
    const jobs = full ? 8 : 6;
    const one = await bench(server, folder, profile, "weights", jobs, 1, "one");
    const two = await bench(server, folder, profile, "weights", jobs, 2, "two");
    const jobsDone = full ? 200 : 6;
    return [
      {
        name: "job.overhead.ms",
        value: (1_000 * (short.wall - short.proving)) / jobsDone,
        unit: "ms per job",
      },
      { name: "job.jobs_per_second", value: jobsDone / short.wall, unit: "tiny proofs per second" },
      { name: "workers.one.seconds", value: one.wall, unit: "s" },
      { name: "workers.two.seconds", value: two.wall, unit: "s" },
      { name: "workers.two.speedup", value: one.wall / two.wall, unit: "times one worker" },
      { name: "machine.cores", value: availableParallelism(), unit: "cores" },
      ...(await sizes(join(folder, "shop"), profile)),
    ];
  } finally {
    server.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Has `workers` processes of one thread each prove `count` different statements of a circuit. */
async function bench(
  server: ReturnType<typeof startServer>,
  folder: string,
  profileName: ProfileName,
  circuit: CircuitName,
  count: number,
  workers: number,
  label = "short",
): Promise<Timed> {
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

/** What a trained project with receipts weighs on the disk, and what features and answers take. */
async function sizes(folder: string, profile: ProfileName): Promise<Figure[]> {
  const ui = openUi(process.stderr, true);
  const project = openProject({ folder, create: { profile }, seed: "benchmark" });
  try {
    const session = await openSession(project, ui);
    try {
      const { m } = session.profile;
      const split = demoSplit("benchmark");
      const known = <T extends { readonly label: number }>(samples: readonly T[]): T[] =>
        samples.filter(({ label }) => label < m);
      const corpus = { name: "digits", shape: split.shape, classes: m, samples: known(split.contributed) };
      // Not counted: the database opens when it is first asked.
      await project.store.ledger();
      await trainModel({ project, session, corpus, ui });
      const queries = known(split.queries).map(({ content }) => ({ content, payer: "payer-1", feeUnits: 1 }));
      await answerQueries({ project, session, queries, ui });
      const took = (title: RegExp): number => ui.seconds.find((step) => title.test(step.title))?.seconds ?? 0;
      const samples = corpus.samples.length;
      return [
        { name: "features.seconds_per_sample", value: took(/^Features/) / samples, unit: "s" },
        { name: "answer.seconds", value: took(/^Answer/) / queries.length, unit: "s" },
        {
          name: "sample.record.bytes",
          value: (await bytesIn(join(folder, "state", "batches"))) / samples,
          unit: "bytes",
        },
        {
          name: "receipt.bytes",
          value: (await bytesIn(join(folder, "receipts"))) / queries.length,
          unit: "bytes",
        },
        { name: "proof.bytes", value: await proofBytes(), unit: "bytes" },
      ];
    } finally {
      await session.close();
    }
  } finally {
    await project.store.close();
    project.close();
  }
}

/** A proof as it is kept, with its public signals. */
async function proofBytes(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "quittance-bench-proof-"));
  try {
    const profile = loadProfile("tiny");
    const circuits = await readyCircuits("tiny");
    const keys = await readyKeys("tiny", circuits);
    const { input, publics } = honestInput("tiny", "weights", "bytes");
    const statement = parsePublicSignals("weights", publics, profile);
    const store = openProject({ folder, create: { profile: "tiny" } }).store;
    await proveAll({
      provables: [{ label: "one", statement, input }],
      profile,
      circuits,
      keys,
      store,
      threads: 1,
    });
    await store.close();
    return await bytesIn(join(folder, "blobs"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const stats = await Promise.all(files.map((file) => stat(join(file.parentPath, file.name))));
  return stats.reduce((sum, { size }) => sum + size, 0);
}
