// The queue's own cost, what a second worker brings, and how much content weighs.
//
// overhead.ts says how the queue is measured. Each figure is of one run on one machine, and the ratio of one
// worker to two is between two runs that follow each other.
//
// Needs the Debian package postgresql.

import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import {
  answerQueries,
  demoSplit,
  openProject,
  openSession,
  openUi,
  proveAll,
  readyCircuits,
  readyKeys,
  trainModel,
} from "../pipeline/index.ts";
import { loadProfile, type ProfileName, parsePublicSignals } from "../prover/index.ts";
import { honestInput } from "./inputs.ts";
import { timeJobs } from "./overhead.ts";
import { startServer } from "./postgres.ts";
import type { Figure } from "./types.ts";

/** Measures overhead, speed-up and sizes. */
export async function runJobs({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const server = startServer();
  const folder = await mkdtemp(join(tmpdir(), "quittance-bench-jobs-"));
  try {
    const jobsDone = full ? 200 : 6;
    const tiny = { server, folder, profile: "tiny", circuit: "weights", count: jobsDone } as const;
    const short = await timeJobs({ ...tiny, workers: 1, label: "short" });
    const profile: ProfileName = full ? "default" : "tiny";
    const long = { server, folder, profile, circuit: "weights", count: full ? 8 : 6 } as const;
    const one = await timeJobs({ ...long, workers: 1, label: "one" });
    const two = await timeJobs({ ...long, workers: 2, label: "two" });
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
