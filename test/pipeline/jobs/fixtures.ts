// Runs of the real tool on a small project: a shop that is trained and has sold answers, made once; copies of
// it that are settled in different ways must all arrive at the same bundle, but for the proofs' randomness.

import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../../../pipeline/bundle.ts";
import type { Attempt } from "../../../pipeline/durable/ledger.ts";
import { databasePlace, openBlobs } from "../../../pipeline/durable/settings.ts";
import { openJobStore } from "../../../pipeline/durable/store.ts";
import { jobsDatabase } from "../../../pipeline/project.ts";
import { canonical, type Plain } from "../../../pipeline/store.ts";
import { CLI, digitFolder, quittance } from "../cli/fixtures.ts";

export type Env = Readonly<Record<string, string>>;

/** A folder with a project that has `asked` receipts to settle; `copy` gives another one just like it. */
export type Shops = {
  readonly folder: string;
  copy(name: string): string;
  remove(): void;
};

export function makeShops(contributed: number, asked: number): Shops {
  const folder = mkdtempSync(join(tmpdir(), "quittance-jobs-"));
  const data = digitFolder(join(folder, "digits"), contributed, asked);
  const shop = join(folder, "shop");
  const must = (args: readonly string[]): void => {
    const { code, err, out } = quittance(args);
    if (code !== 0) throw new Error(`${args.join(" ")}: ${err}${out}`);
  };
  must(["train", "--profile", "tiny", "--project", shop, "--data", data]);
  must(["infer", "--project", shop, "--data", data, "--limit", String(asked)]);
  return {
    folder,
    copy(name) {
      cpSync(shop, join(folder, name), { recursive: true });
      return join(folder, name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A process of the tool: what it said so far, and how it ended. */
export type Run = {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  said(): string;
  /** Resolves once the process said something that matches; rejects when it ends before. */
  says(pattern: RegExp): Promise<void>;
};

/** Starts the tool; it ends with the test's process at the latest. */
export function start(args: readonly string[], env: Env = {}, program = CLI): Run {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let text = "";
  const waiting = new Set<() => void>();
  const hear = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const look of waiting) look();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      process.off("exit", end);
      resolve({ code, signal });
    });
  });
  return {
    child,
    ended,
    said: () => text,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        void ended.then(() => {
          waiting.delete(look);
          reject(new Error(`ended without saying ${pattern}: ${text}`));
        });
      }),
  };
}

/** Asks a process to end, and waits. */
export async function stop(run: Run, signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
  run.child.kill(signal);
  return (await run.ended).code;
}

/** A worker of the tiny profile. */
export function startWorker(env: Env, more: readonly string[] = [], program = CLI): Run {
  const args = ["worker", "--queue", "proofs,features", "--profile", "tiny", "--threads", "1", ...more];
  return start(args, env, program);
}

/** What an epoch's bundle states: everything but the proofs, which are random. One text. */
export function factsOf(project: string, epoch = 1): string {
  const bare = JSON.stringify(readBundle(join(project, "out", `epoch-${epoch}.json`)), (key, value) =>
    key === "proof" ? undefined : value,
  );
  return canonical(JSON.parse(bare) as Plain);
}

/** The ledger of a project, or of the server in `env`. */
export async function ledgerOf(project: string, env: Env = {}): Promise<Attempt[]> {
  const store = openJobStore({
    database: databasePlace(jobsDatabase(project), env),
    blobs: openBlobs(join(project, "blobs"), () => {}, env),
  });
  try {
    return await (await store.ledger()).attempts();
  } finally {
    await store.close();
  }
}

/** Attempts by outcome; those in flight, or whose process died, are `open`. */
export function countOutcomes(attempts: readonly Attempt[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of attempts) counts[outcome ?? "open"] = (counts[outcome ?? "open"] ?? 0) + 1;
  return counts;
}

/** Jobs that are done, and whether each was done exactly once. */
export function doneOnce(attempts: readonly Attempt[]): { jobs: number; once: boolean } {
  const done = attempts.filter(({ outcome }) => outcome === "done").map(({ key }) => key);
  const keys = new Set(attempts.map(({ key }) => key));
  return { jobs: keys.size, once: done.length === keys.size && new Set(done).size === keys.size };
}
