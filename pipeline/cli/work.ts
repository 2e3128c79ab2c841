/** Commands about jobs: worker, jobs. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { clockAtHand, firstUnsettled } from "../due.ts";
import type { Attempt } from "../durable/ledger.ts";
import { databasePlace, openBlobs } from "../durable/settings.ts";
import { openJobStore } from "../durable/store.ts";
import { proverThreads } from "../environment.ts";
import { queueUrl } from "../jobs/proving.ts";
import type { Work, WorkPlace } from "../jobs/spec.ts";
import { runWorker, WORKER_QUEUES, type WorkerQueue } from "../jobs/worker.ts";
import { jobsDatabase, openProject } from "../project.ts";
import { tellDue } from "./due.ts";
import { profileOption, tell, wholeNumber } from "./options.ts";
import { openUi, table, type Ui } from "./ui.ts";

/** Where a command's jobs run. */
export const workersOption = (): Option =>
  new Option("--workers <where>", "prove on threads here, or by workers on the queue of DATABASE_URL")
    .choices(["local", "remote"])
    .default("local")
    .env("QUITTANCE_WORKERS");

/** How a command of the tool runs its jobs: Ctrl-C ends it between two of them. */
export function workOf(workers: WorkPlace, ui: Ui): Work {
  return { workers, interruptible: true, notice: (message) => ui.line(`  ${message}`) };
}

/** Adds the commands to the tree. */
export function addWorkCommands(root: Command): void {
  root
    .command("worker")
    .description("take jobs from the queue of DATABASE_URL until stopped; start one on each machine")
    .requiredOption("-q, --queue <names>", "which jobs: proofs,features", queueNames)
    .option("--threads <n>", "proofs side by side (default: one a core)", wholeNumber(1, 256))
    .option("--memory <MiB>", "bound of the JavaScript heap of a proof", wholeNumber(8, 1_000_000))
    .option(
      "--blobs <folder>",
      "the content folder that the submitting machine shares (or a bucket, see below)",
    )
    .addOption(profileOption().hideHelp())
    .addHelpText(
      "after",
      `
Jobs come from the Postgres server in DATABASE_URL, their content from --blobs (or QUITTANCE_BLOBS), or from a bucket:
QUITTANCE_S3_ENDPOINT, QUITTANCE_S3_BUCKET, QUITTANCE_S3_REGION, QUITTANCE_S3_PREFIX, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY. Inputs hold private data: workers, server and bucket belong to the operator.

Ctrl-C (or SIGTERM) ends it after the jobs in hand; killed, its jobs go to other workers.

Examples:
  DATABASE_URL=postgres://quittance@db/quittance quittance worker --queue proofs,features --blobs /mnt/shop-blobs
  quittance settle --project shop --workers remote
`,
    )
    .action(async (options: WorkerCommandOptions, command: Command) => {
      const ui = openUi(process.stderr);
      const controller = new AbortController();
      const stop = (): void => {
        ui.line("Stopping: jobs in hand are finished, no more are taken.");
        controller.abort();
      };
      process.on("SIGINT", stop).on("SIGTERM", stop);
      const notice = (message: string): void => ui.line(message);
      await runWorker({
        url: queueUrl(),
        queues: options.queue,
        profile: options.profile,
        threads: options.threads ?? proverThreads(),
        ...(options.memory === undefined ? {} : { memoryMib: options.memory }),
        blobs: openBlobs(options.blobs, notice),
        notice,
        signal: controller.signal,
      });
      tell(command, { stopped: true }, "Stopped.");
    });

  root
    .command("jobs")
    .description("what was tried, what is in flight, and why jobs failed")
    .requiredOption("-p, --project <folder>", "the project folder")
    .addHelpText("after", "\nExample:\n  quittance jobs --project shop\n")
    .action(async (options: { project: string }, command: Command) => {
      const project = openProject({ folder: options.project });
      try {
        const attempts = await attemptsOf(options.project);
        const counts = new Map<string, number>();
        for (const { outcome } of attempts)
          counts.set(outcome ?? "in flight", (counts.get(outcome ?? "in flight") ?? 0) + 1);
        const bad = lastFailures(attempts);
        const rows = [...counts].map(([outcome, count]) => [outcome, String(count)]);
        const reasons = bad.map(({ label, worker, reason }) => `  ${label} on ${worker}: ${reason}`);
        tell(
          command,
          { attempts: Object.fromEntries(counts), failing: bad },
          [table(["attempts", "number"], rows), ...reasons].join("\n"),
        );
        // No chain is opened here.
        const clock = clockAtHand(project);
        tellDue(firstUnsettled(project), { clock, folder: options.project, ui: openUi(process.stderr) });
      } finally {
        project.close();
      }
    });
}

async function attemptsOf(folder: string): Promise<Attempt[]> {
  const notice = (): void => {};
  const store = openJobStore({
    database: databasePlace(jobsDatabase(folder)),
    blobs: openBlobs(folder, notice),
  });
  try {
    return await (await store.ledger()).attempts();
  } finally {
    await store.close();
  }
}

/** The last attempt at each job that is neither done nor under way. */
function lastFailures(attempts: readonly Attempt[]): Attempt[] {
  const done = new Set(attempts.filter(({ outcome }) => outcome === "done").map(({ key }) => key));
  const last = new Map(attempts.map((attempt) => [attempt.key, attempt]));
  return [...last.values()].filter(({ key, outcome }) => outcome !== null && !done.has(key));
}

function queueNames(text: string): WorkerQueue[] {
  const names = text.split(",").map((name) => name.trim());
  const known = WORKER_QUEUES.filter((name) => names.includes(name));
  if (known.length === 0 || known.length !== new Set(names).size) {
    throw new InvalidArgumentError(`Give one or more of: ${WORKER_QUEUES.join(", ")}.`);
  }
  return known;
}

type WorkerCommandOptions = {
  readonly queue: readonly WorkerQueue[];
  readonly threads?: number;
  readonly memory?: number;
  readonly blobs?: string;
  readonly profile: "tiny" | "default";
};
