// What a paid answer costs over HTTP: a service and its load as two processes on this machine, over loopback.
// Every answer is paid with a voucher of its own and comes with a signed receipt that is on the disk before
// it leaves; beside it the same server without payment, signature and receipt. The two take turns, so that a
// machine that slows down slows both.
//
// The soak asks at a steady pace for ten minutes and looks at what the server holds, after collecting its
// garbage: memory, handles, files. Its growth is between the first half and the second, each by its median.
//
// The full form serves the default profile with the backbone trained on digits; the small one is tiny.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { currentModel, demoSplit, openProject, openSession, openUi, trainModel } from "../pipeline/index.ts";
import type { ProfileName } from "../prover/index.ts";
import { overheadMs } from "./overhead.ts";
import { startServer } from "./postgres.ts";
import type { Order, Outcome } from "./service-load.ts";
import type { Ready, Sample } from "./service-server.ts";
import type { Figure, Report } from "./types.ts";

const SERVER = fileURLToPath(new URL("./service-server.ts", import.meta.url));
const LOAD = fileURLToPath(new URL("./service-load.ts", import.meta.url));

type Sizes = {
  readonly profile: ProfileName;
  /** Connections side by side; the last is what the headline figures are of. */
  readonly concurrency: readonly number[];
  readonly rounds: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Vouchers are signed for so many answers a second. */
  readonly mostPerSecond: number;
  readonly soakSeconds: number;
  readonly soakPace: number;
  readonly sampleSeconds: number;
  readonly jobs: number;
};

const SMALL: Sizes = {
  ...{
    profile: "tiny",
    concurrency: [2],
    rounds: 1,
    warmupSeconds: 0.5,
    seconds: 1,
    mostPerSecond: 4_000,
  },
  ...{ soakSeconds: 4, soakPace: 20, sampleSeconds: 0.5, jobs: 6 },
};
const FULL: Sizes = {
  ...{
    profile: "default",
    concurrency: [1, 8, 64, 32],
    rounds: 3,
    warmupSeconds: 2,
    seconds: 10,
    mostPerSecond: 4_000,
  },
  ...{ soakSeconds: 600, soakPace: 50, sampleSeconds: 5, jobs: 200 },
};

/** Measures answers, latencies, the price of receipts, a soak, and the queue's overhead. */
export async function runService({ full }: { readonly full: boolean }): Promise<Report> {
  const sizes = full ? FULL : SMALL;
  const folder = await mkdtemp(join(tmpdir(), "quittance-bench-service-"));
  const database = startServer();
  try {
    const shop = await makeShop(join(folder, "shop"), sizes);
    const overhead = await overheadMs(database, folder, sizes.jobs);
    const levels = [];
    for (const connections of sizes.concurrency) levels.push(await level(shop, sizes, connections));
    const soaked = await soak(shop, sizes);
    const [headline] = levels.slice(-1) as [Level];
    const [alone] = levels as [Level];
    const figures: Figure[] = [
      {
        name: "infer.answers_per_second",
        value: headline.receipts.perSecond,
        unit: `answers/s, ${headline.connections} connections`,
      },
      { name: "infer.p50.ms", value: headline.receipts.p50, unit: `ms, ${headline.connections} connections` },
      { name: "infer.p99.ms", value: headline.receipts.p99, unit: `ms, ${headline.connections} connections` },
      {
        name: "infer.receipt_cost.ratio",
        value: headline.bare.perSecond / headline.receipts.perSecond,
        unit: "times as many answers/s without receipts",
      },
      { name: "infer.alone.p50.ms", value: alone.receipts.p50, unit: `ms, ${alone.connections} connections` },
      { name: "infer.alone.p99.ms", value: alone.receipts.p99, unit: `ms, ${alone.connections} connections` },
      { name: "infer.soak.seconds", value: sizes.soakSeconds, unit: "s" },
      { name: "infer.soak.answers", value: soaked.answers, unit: "answers with receipts" },
      {
        name: "infer.soak.growth_mib",
        value: soaked.growthMib,
        unit: "MiB of memory (RSS), second half against first",
      },
      {
        name: "infer.soak.heap_growth_mib",
        value: soaked.heapGrowthMib,
        unit: "MiB of live heap, second half against first",
      },
      {
        name: "infer.soak.bytes_per_answer",
        value: soaked.bytesPerAnswer,
        unit: "bytes of live heap for each answer; requests are indexed on the disk",
      },
      { name: "infer.soak.files_growth", value: soaked.filesGrowth, unit: "open files" },
      { name: "infer.soak.p99.ms", value: soaked.p99, unit: `ms at ${sizes.soakPace} answers/s` },
      { name: "job.overhead.ms", value: overhead, unit: "ms per job" },
      { name: "machine.cores", value: availableParallelism(), unit: "cores, server and load together" },
    ];
    return { figures, notes: notesOf(levels, soaked) };
  } finally {
    database.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

type Shop = {
  readonly folder: string;
  readonly keys: readonly string[];
  readonly contents: readonly string[];
  spent: number[];
};

/** A trained project, and payers with deposits that last for all of it. */
async function makeShop(folder: string, { profile, concurrency }: Sizes): Promise<Shop> {
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
      await trainModel({ project, session, corpus, ui });
      const { id } = currentModel(project);
      const keys: string[] = [];
      for (let i = 0; i < Math.max(...concurrency); i++) {
        const wallet = await session.wallet(`payer/load-${i}`);
        await session.endow(wallet, DEPOSIT);
        await session.contracts.deposit(wallet, id, DEPOSIT);
        keys.push(wallet.privateKey);
      }
      const contents = known(split.queries).map(({ content }) => Buffer.from(content).toString("base64"));
      return { folder, keys, contents, spent: keys.map(() => 0) };
    } finally {
      await session.close();
    }
  } finally {
    await project.store.close();
    project.close();
  }
}

const DEPOSIT = 10n ** 18n;

type Measured = { readonly perSecond: number; readonly p50: number; readonly p99: number };
type Level = { readonly connections: number; readonly receipts: Measured; readonly bare: Measured };

/** One level of concurrency, with and without receipts in turns. */
async function level(shop: Shop, sizes: Sizes, connections: number): Promise<Level> {
  const outcomes = { receipts: [] as Outcome[], bare: [] as Outcome[] };
  for (let round = 0; round < sizes.rounds; round++) {
    for (const kind of ["receipts", "bare"] as const) {
      const server = await startService(shop, kind);
      try {
        outcomes[kind].push(
          await load(shop, server, {
            connections,
            ...{
              seconds: sizes.seconds,
              warmupSeconds: sizes.warmupSeconds,
              pace: 0,
              receipts: kind === "receipts",
            },
            signed:
              kind === "bare"
                ? 0
                : Math.ceil((sizes.mostPerSecond * (sizes.seconds + sizes.warmupSeconds)) / connections),
          }),
        );
      } finally {
        await server.stop();
      }
    }
  }
  return { connections, receipts: together(outcomes.receipts), bare: together(outcomes.bare) };
}

function together(outcomes: readonly Outcome[]): Measured {
  const all = outcomes.flatMap(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const answers = outcomes.reduce((sum, outcome) => sum + outcome.answers, 0);
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  return { perSecond: answers / seconds, p50: quantile(all, 0.5), p99: quantile(all, 0.99) };
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
const median = (values: readonly number[]): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

type Soaked = {
  readonly answers: number;
  readonly growthMib: number;
  readonly heapGrowthMib: number;
  readonly bytesPerAnswer: number;
  readonly filesGrowth: number;
  readonly p99: number;
  readonly samples: readonly (Sample & { readonly second: number })[];
};

/** A steady pace for a long time, with a look at the server now and then. */
async function soak(shop: Shop, sizes: Sizes): Promise<Soaked> {
  const server = await startService(shop, "receipts");
  try {
    const samples: (Sample & { second: number })[] = [];
    const start = performance.now();
    let over = false;
    const watch = (async () => {
      while (!over) {
        samples.push({ ...(await server.sample()), second: (performance.now() - start) / 1_000 });
        await sleep(sizes.sampleSeconds * 1_000);
      }
    })();
    const outcome = await load(shop, server, {
      connections: Math.min(8, shop.keys.length),
      ...{ seconds: sizes.soakSeconds, warmupSeconds: 0, pace: sizes.soakPace, receipts: true, signed: 0 },
    });
    over = true;
    await watch;
    // The first tenth is warming up: pools, compiled code, caches that have a bound.
    const warm = samples.slice(Math.floor(samples.length / 10));
    const half = Math.floor(warm.length / 2);
    const grown = (of: (sample: Sample) => number): number =>
      median(warm.slice(half).map(of)) - median(warm.slice(0, half).map(of));
    const heapGrowthMib = grown(({ heapMib, externalMib }) => heapMib + externalMib);
    return {
      answers: outcome.answers,
      bytesPerAnswer:
        (heapGrowthMib * 2 ** 20) /
        Math.max(
          1,
          grown(({ answered }) => answered),
        ),
      growthMib: grown(({ rssMib }) => rssMib),
      heapGrowthMib,
      filesGrowth: grown(({ files }) => files),
      p99: quantile(
        [...outcome.milliseconds].sort((a, b) => a - b),
        0.99,
      ),
      samples,
    };
  } finally {
    await server.stop();
  }
}

type RunningService = Ready & { sample(): Promise<Sample>; stop(): Promise<void> };

async function startService({ folder }: Shop, kind: "receipts" | "bare"): Promise<RunningService> {
  const child = spawn(process.execPath, ["--expose-gc", SERVER, folder, kind], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, QUITTANCE_LOG: "warn" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done === true) throw new ServiceEndedError(child.exitCode);
    return JSON.parse(value) as T;
  };
  const ready = await next<Ready>();
  return {
    ...ready,
    async sample() {
      child.stdin.write("sample\n");
      return await next<Sample>();
    },
    async stop() {
      const ended = hasEnded(child);
      child.stdin.end("stop\n");
      await ended;
    },
  };
}

function hasEnded(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("close", () => resolve());
  });
}

async function load(
  shop: Shop,
  { url }: Ready,
  of: Omit<Order, "url" | "keys" | "contents" | "spent"> & { readonly connections: number },
): Promise<Outcome> {
  const { connections, ...rest } = of;
  const { contents } = shop;
  const order: Order = {
    url,
    contents,
    ...rest,
    keys: shop.keys.slice(0, connections),
    spent: shop.spent.slice(0, connections),
  };
  const path = join(shop.folder, "..", "order.json");
  await writeFile(path, JSON.stringify(order));
  const child = spawn(process.execPath, [LOAD, path], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  // Closed, not only ended: then all that it said is here.
  await new Promise((resolve) => child.once("close", resolve));
  if (child.exitCode !== 0) throw new LoadFailedError(child.exitCode);
  const outcome = JSON.parse(text) as Outcome;
  if (of.receipts)
    outcome.spent.forEach((count, index) => {
      shop.spent[index] = count;
    });
  return outcome;
}

function notesOf(levels: readonly Level[], { samples }: Soaked): string {
  const number = (value: number): string =>
    value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 2 : 0 });
  const rows = levels.map(({ connections, receipts, bare }) =>
    [
      connections,
      receipts.perSecond,
      receipts.p50,
      receipts.p99,
      bare.perSecond,
      bare.p50,
      bare.p99,
      bare.perSecond / receipts.perSecond,
    ]
      .map(number)
      .join(" | "),
  );
  const shown = samples.filter((_, index) => index % Math.max(1, Math.floor(samples.length / 12)) === 0);
  const soak = shown.map((s) =>
    [s.second, s.answered, s.rssMib, s.heapMib, s.files, s.resources].map(number).join(" | "),
  );
  return `
## Concurrency

Each connection is a payer that asks again as soon as it was answered; every request has a voucher of its own.

| connections | answers/s | p50 ms | p99 ms | bare answers/s | bare p50 ms | bare p99 ms | ratio |
|---:|---:|---:|---:|---:|---:|---:|---:|
${rows.map((row) => `| ${row} |`).join("\n")}

"Bare" is the same server on the same way without payment, signature, receipt and flush.

## The soak

What the server holds, after collecting its garbage.

| second | answers | RSS MiB | heap MiB | open files | resources |
|---:|---:|---:|---:|---:|---:|
${soak.map((row) => `| ${row} |`).join("\n")}
`;
}

/** The server's process ended by itself. */
export class ServiceEndedError extends Error {
  override readonly name = "Bench.ServiceEnded";
  constructor(code: number | null) {
    super(`The service ended with code ${code}. Its log is above.`);
  }
}

/** A request was not answered. */
export class LoadFailedError extends Error {
  override readonly name = "Bench.LoadFailed";
  constructor(code: number | null) {
    super(`The load ended with code ${code}. What it met is above.`);
  }
}
