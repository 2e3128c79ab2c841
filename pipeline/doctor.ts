/**
 * `quittance doctor`: what a user would otherwise find out the hard way. Each finding says what to do about
 * it.
 */
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { join } from "node:path";
import { loadKeys, proverName } from "../prover/index.ts";
import { projectFindings } from "./doctor-project.ts";
import { cacheFolder, keysFolder } from "./environment.ts";

/** One finding; `bad` means that commands will fail. */
export type Finding = {
  readonly subject: string;
  readonly level: "good" | "note" | "bad";
  readonly text: string;
};

const GIB = 2 ** 30;
/** Keys and circuits of the default profile, and a run's own files, measured at well under this. */
const DISK_NEEDED_BYTES = 2 * GIB;
/** Two provers side by side at the default profile. */
const MEMORY_NEEDED_BYTES = 4 * GIB;

/**
 * Looks at the machine, and at a project where one is named. A check that cannot be made is a finding; only a
 * folder that is no project throws ({@link ProjectMissingError}, {@link ProjectConfigError}).
 */
export async function runDoctor({ project }: { readonly project?: string } = {}): Promise<Finding[]> {
  const ofProject = project === undefined ? [] : await projectFindings(project);
  return [
    node(),
    memory(),
    disk(),
    await engine("onnxruntime", "features and sums", () => import("./engine/ort.ts")),
    await engine("chain engine", "the local chain", () => import("./chain/local.ts")),
    await engine("LevelDB", "the index of requests", () => import("./engine/level.ts")),
    await prover(),
    await keys(),
    ...ofProject,
  ];
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const good = major > 22 || (major === 22 && minor >= 18);
  return {
    subject: "Node",
    level: good ? "good" : "bad",
    text: good ? process.version : `${process.version} cannot run this program; use Node 24 or later`,
  };
}

function memory(): Finding {
  const enough = freemem() >= MEMORY_NEEDED_BYTES;
  const text = `${(freemem() / GIB).toFixed(1)} of ${(totalmem() / GIB).toFixed(1)} GiB free, ${availableParallelism()} cores`;
  return {
    subject: "memory",
    level: enough ? "good" : "note",
    text: enough ? text : `${text}; proving may need more: set QUITTANCE_THREADS=1`,
  };
}

function disk(): Finding {
  const folder = cacheFolder();
  try {
    mkdirSync(folder, { recursive: true });
    const probe = join(folder, `probe.${process.pid}.tmp`);
    writeFileSync(probe, "");
    rmSync(probe);
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const text = `${(free / GIB).toFixed(1)} GiB free in ${folder}`;
    return free >= DISK_NEEDED_BYTES
      ? { subject: "cache", level: "good", text }
      : {
          subject: "cache",
          level: "bad",
          text: `${text}; circuits and keys need about 2 GiB: free some or set QUITTANCE_CACHE`,
        };
  } catch (error) {
    return {
      subject: "cache",
      level: "bad",
      text: `${folder} cannot be written (${(error as Error).message}); set QUITTANCE_CACHE`,
    };
  }
}

async function engine(subject: string, use: string, load: () => Promise<unknown>): Promise<Finding> {
  try {
    await load();
    return { subject, level: "good", text: `loads (${use})` };
  } catch (error) {
    return { subject, level: "bad", text: `does not load (${(error as Error).message}); run "npm ci" again` };
  }
}

async function prover(): Promise<Finding> {
  try {
    return { subject: "prover", level: "good", text: await proverName() };
  } catch (error) {
    return { subject: "prover", level: "bad", text: (error as Error).message };
  }
}

async function keys(): Promise<Finding> {
  const folder = keysFolder("default");
  if (!existsSync(folder))
    return { subject: "keys", level: "note", text: `none yet; "quittance setup" makes them in ${folder}` };
  try {
    const loaded = await loadKeys(folder);
    return loaded.manifest.insecure
      ? { subject: "keys", level: "note", text: `${folder}: local keys, INSECURE, for a local chain only` }
      : { subject: "keys", level: "good", text: `${folder}: ceremony keys` };
  } catch (error) {
    return { subject: "keys", level: "bad", text: (error as Error).message };
  }
}
