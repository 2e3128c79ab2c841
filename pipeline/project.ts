/**
 * A project folder: one operator's datanet, model, receipts and epochs.
 *
 * ```
 * quittance.json   configuration (profile, chain, fees)        secrets.json  master secret, mode 0600
 * chain.jsonl      every transaction of the local chain        receipts/     answers.jsonl, by model and epoch
 * state/           named results: deployment, model, epochs    out/          what is meant for others: bundles, report
 * jobs.pglite/     which jobs are done, and every attempt      blobs/        their content, by its own hash
 * store/           results of jobs as an earlier version kept them; read, never written
 * cache/           derived from the rest and made again when deleted: the index of requests
 * ```
 *
 * With DATABASE_URL the jobs are on a Postgres server, with QUITTANCE_BLOBS or a bucket the content is there.
 *
 * One process at a time may write to a project; `lock` holds the number of the process that does. A lock
 * whose process has died is taken over, so a kill never needs a manual clean-up.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { PROFILE_NAMES } from "../prover/index.ts";
import { databasePlace, openBlobs } from "./durable/settings.ts";
import { type JobStore, openJobStore } from "./durable/store.ts";
import { openSecrets, type Secrets } from "./secrets.ts";
import { canonical, type Plain, parsePlain, writeFileAtomic } from "./store.ts";

const configSchema = z.strictObject({
  format: z.literal("quittance-project/1"),
  /** Circuit sizes: `default` for use, `tiny` only for tests. */
  profile: z.enum(PROFILE_NAMES),
  /** `local` is the in-process chain that the project folder keeps; anything else is a JSON-RPC address. */
  chain: z.union([z.literal("local"), z.string().regex(/^https?:\/\//, 'an http(s) address or "local"')]),
  /** Price of one fee unit, in wei. */
  feeUnitWei: z.string().regex(/^[1-9][0-9]{0,37}$/),
});

/** A project's configuration, as `quittance.json` holds it. */
export type ProjectConfig = z.infer<typeof configSchema>;

/** An open project. */
export type Project = {
  readonly folder: string;
  readonly config: ProjectConfig;
  readonly secrets: Secrets;
  /** Jobs and content; whoever used it closes it before the project. */
  readonly store: JobStore;
  readonly chainLog: string;
  path(...parts: string[]): string;
  /** Reads a named result, or undefined. */
  readState<T>(name: string): T | undefined;
  /** Writes a named result, atomically. */
  writeState(name: string, value: Plain): void;
  /** Names of the results under a prefix folder, sorted. */
  listState(prefix: string): string[];
  /** Gives the lock back. */
  close(): void;
};

export type OpenProjectOptions = {
  readonly folder: string;
  /** Settings of a project that does not exist yet; ignored when it does. */
  readonly create?: Partial<Omit<ProjectConfig, "format">>;
  /** Fixes the master secret of a new project (demonstrations and tests only). */
  readonly seed?: string;
  readonly notice?: (message: string) => void;
};

/**
 * Opens a project folder and takes its lock. Throws {@link ProjectMissingError}, {@link ProjectConfigError},
 * {@link ProjectBusyError}.
 */
export function openProject({ folder, create, seed, notice = () => {} }: OpenProjectOptions): Project {
  const root = resolve(folder);
  const configPath = join(root, "quittance.json");
  if (!existsSync(configPath)) {
    if (create === undefined) throw new ProjectMissingError(root);
    const config: ProjectConfig = {
      format: "quittance-project/1",
      profile: create.profile ?? "default",
      chain: create.chain ?? "local",
      feeUnitWei: create.feeUnitWei ?? "1000000000000",
    };
    // What contributors gave lies in it in the clear, and the salts that hide it on chain.
    mkdirSync(root, { recursive: true, mode: 0o700 });
    writeFileAtomic(configPath, `${JSON.stringify(config, null, 2)}\n`);
  }
  const config = readConfig(configPath);
  const release = takeLock(join(root, "lock"));
  try {
    const statePath = (name: string): string => join(root, "state", `${name}.json`);
    return {
      folder: root,
      config,
      secrets: openSecrets(join(root, "secrets.json"), seed),
      store: openJobStore({
        database: databasePlace(jobsDatabase(root)),
        blobs: openBlobs(join(root, "blobs"), notice),
        legacy: join(root, "store"),
        notice,
      }),
      chainLog: join(root, "chain.jsonl"),
      path: (...parts) => join(root, ...parts),
      readState<T>(name: string): T | undefined {
        if (!existsSync(statePath(name))) return undefined;
        return parsePlain(readFileSync(statePath(name), "utf8")) as T;
      },
      writeState: (name, value) => writeFileAtomic(statePath(name), `${canonical(value)}\n`),
      listState(prefix) {
        const directory = join(root, "state", prefix);
        if (!existsSync(directory)) return [];
        return readdirSync(directory)
          .filter((file) => file.endsWith(".json"))
          .map((file) => `${prefix}/${file.slice(0, -5)}`)
          .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
      },
      close: release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** The embedded database of a project's jobs. */
export function jobsDatabase(folder: string): string {
  return join(resolve(folder), "jobs.pglite");
}

function readConfig(path: string): ProjectConfig {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new ProjectConfigError(path, (cause as Error).message, cause);
  }
  const parsed = configSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ProjectConfigError(
    path,
    `${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`,
  );
}

/**
 * Takes the lock by linking a file that already holds our number, so that nobody ever reads an empty lock.
 */
function takeLock(path: string): () => void {
  const mine = `${path}.${process.pid}`;
  mkdirSync(resolve(path, ".."), { recursive: true });
  writeFileSync(mine, String(process.pid));
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        linkSync(mine, path);
        return () => rmSync(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        const holder = Number(readFileSync(path, "utf8"));
        if (holder !== process.pid && isAlive(holder)) throw new ProjectBusyError(path, holder);
        rmSync(path, { force: true });
      }
    }
    throw new ProjectBusyError(path, Number.NaN);
  } finally {
    rmSync(mine, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** There is no project in this folder. */
export class ProjectMissingError extends Error {
  override readonly name = "Project.Missing";
  constructor(folder: string) {
    super(
      `There is no project in ${folder}. Make one with: quittance train --project ${folder} --data FOLDER`,
    );
  }
}

/** The configuration file has a mistake. */
export class ProjectConfigError extends Error {
  override readonly name = "Project.Config";
  constructor(path: string, reason: string, cause?: unknown) {
    super(`${path} has a mistake (${reason}). Correct the file and run the same command again.`, { cause });
  }
}

/** Another process works in this project. */
export class ProjectBusyError extends Error {
  override readonly name = "Project.Busy";
  constructor(path: string, holder: number) {
    super(`Process ${holder} is working in this project. Wait for it to end (its lock is ${path}).`);
  }
}
