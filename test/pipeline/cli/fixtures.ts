// A project of three classes at the tiny profile, and the tool as a user starts it.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { main } from "../../../pipeline/cli/main.ts";
import { loadMnistPackage } from "../../../pipeline/corpus/mnist.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { idxBytes } from "../corpus/files.ts";

export const CLI = fileURLToPath(new URL("../../../pipeline/cli/main.ts", import.meta.url));

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs the tool and waits for it. */
export function quittance(args: readonly string[], env: Record<string, string> = {}): Ran {
  const run = spawnSync(process.execPath, [CLI, ...args], {
    encoding: "utf8",
    timeout: 240_000,
    env: { ...process.env, ...env },
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

/**
 * Runs the tool in this process, as often as a test likes: the same command tree, a new one for each call.
 * What it adds to {@link quittance} is speed; a few calls of each kind are real processes elsewhere.
 *
 * @param env settings that hold during the call, beside the process's own; roles' keys of others do not
 */
export async function inProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const told = { out: "", err: "" };
  const before = { ...process.env };
  const [stdout, stderr] = [process.stdout.write, process.stderr.write];
  const into =
    (stream: "out" | "err") =>
    (chunk: string | Uint8Array): boolean => {
      told[stream] += String(chunk);
      return true;
    };
  for (const name of Object.keys(process.env))
    if (/^QUITTANCE_[A-Z]+_KEY$/.test(name)) delete process.env[name];
  Object.assign(process.env, env);
  process.stdout.write = into("out") as typeof process.stdout.write;
  process.stderr.write = into("err") as typeof process.stderr.write;
  process.exitCode = undefined;
  try {
    await main([process.execPath, CLI, ...args]);
    return { code: Number(process.exitCode ?? 0), ...told };
  } finally {
    Object.assign(process.stdout, { write: stdout });
    Object.assign(process.stderr, { write: stderr });
    process.env = before;
    process.exitCode = undefined;
  }
}

/** Starts the tool and lets this process go on: for a tool that talks to a server in it. */
export async function quittanceAside(
  args: readonly string[],
  env: Record<string, string> = {},
  started: (kill: () => void) => void = () => {},
): Promise<Ran> {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...env } });
  const told = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => (told.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (told.err += chunk.toString()));
  started(() => child.kill("SIGKILL"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...told }));
  });
}

/** Starts the tool and kills it with SIGKILL once its progress matches `when`; false if it ended before. */
export async function killed(args: readonly string[], when: RegExp): Promise<boolean> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let progress = "";
  return new Promise((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      progress += chunk.toString();
      if (when.test(progress)) child.kill("SIGKILL");
    });
    child.once("error", reject);
    child.once("close", (_code, signal) => resolve(signal === "SIGKILL"));
  });
}

/** Writes a folder in the MNIST layout: digits 0 to 2, `contributed` by five writers, `asked` to ask. */
export function digitFolder(folder: string, contributed: number, asked: number): string {
  const digits = seededRandom("cli").shuffle(loadMnistPackage().samples.filter(({ label }) => label < 3));
  mkdirSync(folder, { recursive: true });
  const write = (prefix: string, part: typeof digits): void => {
    const pixels = part.flatMap(({ content }) => [...content]);
    writeFileSync(join(folder, `${prefix}-images-idx3-ubyte`), idxBytes([part.length, 28, 28], pixels));
    const labels = part.map(({ label }) => label);
    writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), idxBytes([part.length], labels));
  };
  write("train", digits.slice(0, contributed));
  write("t10k", digits.slice(contributed, contributed + asked));
  const writers = Array.from(
    { length: contributed },
    (_, i) => `${i}\t${[11, 22, 22, 33, 44, 55, 55][i % 7]}`,
  );
  writeFileSync(join(folder, "writers-train.tsv"), `index\twriter_id\n${writers.join("\n")}\n`);
  return folder;
}

/** What a call with --json says that has to succeed. */
export async function told<T>(run: Promise<Ran>): Promise<T> {
  const { code, out, err } = await run;
  expect(code, `${out}${err}`).toBe(0);
  return (JSON.parse(out) as { result: T }).result;
}

/** A call with --json is refused, and says why. */
export async function refused(message: RegExp, run: Promise<Ran>, exit = 2): Promise<void> {
  const { code, out } = await run;
  expect(out).toMatch(message);
  expect(code).toBe(exit);
}
