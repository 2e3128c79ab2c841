/**
 * rapidsnark, a native Groth16 prover that the user may have: a few times faster still, same files.
 *
 * It is a program, `rapidsnark <key.zkey> <witness.wtns> <proof.json> <public.json>`, found in this order:
 * QUITTANCE_RAPIDSNARK names it (a path, or a name on PATH; `none` forbids it), or a `rapidsnark` is on PATH.
 * A program that was named and is not there is an error: whoever named it does not want to wait for another.
 *
 * The witness holds what the proof hides, and this way of proving writes it to disk: into a folder that only
 * this user can enter, removed whatever happens. What a killed process left is removed by the next proof.
 * Point TMPDIR at a file system in memory if the disk itself is not trusted.
 *
 * What the program writes is somebody else's output: this file only reads it into the form of a proof; the
 * caller checks it (groth16.ts).
 */

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { z } from "zod";
import type { ProofJson } from "./snarkjs.ts";

/** Names the program, or `none`. */
export const RAPIDSNARK_VARIABLE = "QUITTANCE_RAPIDSNARK";

/** A proof of the largest circuit here takes it seconds; after this long it hangs. */
const TIMEOUT_MS = 600_000;
const OUTPUT_BYTES = 1 << 20;
const FOLDER = "quittance-witness-";

const number = z.string().regex(/^\d{1,78}$/);
/** Some of its releases leave the curve out; there is only this one. */
const proofSchema = z.object({
  pi_a: z.array(number).length(3),
  pi_b: z.array(z.array(number).length(2)).length(3),
  pi_c: z.array(number).length(3),
  protocol: z.string(),
  curve: z.string().default("bn128"),
});
const publicsSchema = z.array(number);

/**
 * The program's path, or undefined if there is none.
 *
 * @throws {RapidsnarkMissingError} if one is named that cannot be run
 */
export async function findRapidsnark(environment = process.env): Promise<string | undefined> {
  const named = environment[RAPIDSNARK_VARIABLE]?.trim();
  if (named === "none") return undefined;
  if (named?.includes("/")) {
    if (await isExecutable(named)) return resolve(named);
    throw new RapidsnarkMissingError(named);
  }
  for (const folder of (environment.PATH ?? "").split(delimiter)) {
    const path = join(folder, named || "rapidsnark");
    // A relative folder on PATH would make the choice depend on where one stands.
    if (folder.startsWith("/") && (await isExecutable(path))) return path;
  }
  if (named) throw new RapidsnarkMissingError(named);
  return undefined;
}

/**
 * Proves with the program.
 *
 * @param wtns the witness as a file in circom's wtns format
 * @returns what the program wrote, in snarkjs's JSON form; nothing but that form has been checked
 * @throws {RapidsnarkError} if it fails, hangs, or writes something else
 */
export async function rapidsnarkProve(
  program: string,
  zkeyPath: string,
  wtns: Uint8Array,
): Promise<{ readonly proof: ProofJson; readonly publicSignals: readonly string[] }> {
  await sweep();
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER}${process.pid}-`));
  try {
    await chmod(folder, 0o700);
    const [witness, proof, publics] = ["witness.wtns", "proof.json", "public.json"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    await writeFile(witness, wtns, { mode: 0o600, flag: "wx" });
    await run(program, [zkeyPath, witness, proof, publics]);
    try {
      return {
        proof: proofSchema.parse(JSON.parse(await readFile(proof, "utf8"))),
        publicSignals: publicsSchema.parse(JSON.parse(await readFile(publics, "utf8"))),
      };
    } catch (cause) {
      throw new RapidsnarkError(program, "ended well but wrote no Groth16 proof", cause);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[]): Promise<void> {
  const limits = { timeout: TIMEOUT_MS, killSignal: "SIGKILL", maxBuffer: OUTPUT_BYTES } as const;
  return new Promise((done, reject) => {
    execFile(program, args, limits, (cause, stdout, stderr) => {
      if (cause === null) return done();
      const said = `${stderr}${stdout}`.trim().split("\n").slice(-3).join(" ").slice(0, 500);
      const how = cause.killed ? "was stopped: it hung or said too much" : `failed (${cause.code})`;
      reject(new RapidsnarkError(program, said === "" ? how : `${how}: ${said}`, cause));
    });
  });
}

/** Removes the folders of processes that are no more; another user's are theirs to remove. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(FOLDER) ? Number.parseInt(name.slice(FOLDER.length), 10) : Number.NaN;
    if (!Number.isSafeInteger(pid) || pid <= 0 || isAlive(pid)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The program that was named is not there. */
export class RapidsnarkMissingError extends Error {
  override readonly name = "Rapidsnark.Missing";
  constructor(named: string, variable = RAPIDSNARK_VARIABLE) {
    super(
      `${variable} names ${named}, which is no program that can be run here. ` +
        `Correct it, or unset it to do without.`,
    );
  }
}

/** The program did not make a proof. */
export class RapidsnarkError extends Error {
  override readonly name = "Rapidsnark.Failed";
  constructor(program: string, what: string, cause?: unknown) {
    super(
      `${program} ${what}. Check that it suits this machine, or set ${RAPIDSNARK_VARIABLE}=none to do without.`,
      { cause },
    );
  }
}
