/**
 * Compiled circuits, made once and kept.
 *
 * A circuit's identity is the SHA-256 of everything that decides what the compiler writes: the main source,
 * every file it includes (found by following the includes as the compiler does: beside the including file
 * first, then in the libraries), the compiler's version and the options. That hash names the folder in the
 * cache, so that a stale artifact cannot be found, and keys (keys/manifest.ts) name it to say which circuit
 * they are for.
 *
 * The folder carries `circuit.json` with the size and hash of each file. An entry that does not match it (a
 * disk that was full, a file that was edited) is compiled again. Hashing costs a tenth of a second for the
 * largest.
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { compile, compilerVersion } from "./engine/circom.ts";
import {
  type CircuitName,
  circuitOptimisation,
  loadProfile,
  mainSource,
  type ProfileName,
} from "./profile.ts";
import { countNonZeros, type NonZeros, parseR1cs } from "./r1cs.ts";
import { hashFile, stageFolder } from "./staging.ts";

/** A compiled circuit; the counts come from its r1cs file. */
export type Artifact = {
  readonly label: string;
  /** SHA-256 (hex) of sources, compiler version and options. */
  readonly hash: string;
  readonly wasmPath: string;
  readonly r1csPath: string;
  readonly symPath: string;
  /** Constraints, without the rows that Groth16 adds for public signals. */
  readonly rows: number;
  readonly wires: number;
  readonly publicCount: number;
  readonly labels: number;
  readonly nonZeros: NonZeros;
  /** What the compilation took, also when this artifact came from the cache. */
  readonly compileMs: number;
};

/** A source given as text, and where its includes are found. */
export type Source = {
  /** Names the folder in the cache and the progress lines: letters, digits, dashes. */
  readonly label: string;
  /** The main file's text, with its `component main`. */
  readonly text: string;
  /** The folder that the main file is taken to stand in: the repository's root unless given. */
  readonly root?: string;
};

/** A circuit of a profile, compiled. */
export type Circuit = Artifact & { readonly name: CircuitName; readonly profile: ProfileName };

export type Progress = (message: string) => void;

type Cache = { readonly cacheDir: string; readonly onProgress?: Progress | undefined };

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Where an include is looked up after the including file's own folder, from the root. */
const LIBRARIES = [".", "circuits", "node_modules"];
const FILES = ["main.r1cs", "main.sym", "main.wasm"] as const;

const fileSchema = z.object({ bytes: z.number().int(), sha256: z.string() });
const entrySchema = z.object({
  format: z.literal("quittance-circuit/1"),
  label: z.string(),
  hash: z.string(),
  compiler: z.string(),
  options: z.array(z.string()),
  rows: z.number().int(),
  wires: z.number().int(),
  publicCount: z.number().int(),
  labels: z.number().int(),
  nonZeros: z.object({ a: z.number().int(), b: z.number().int(), c: z.number().int() }),
  compileMs: z.number(),
  files: z.object({ "main.r1cs": fileSchema, "main.sym": fileSchema, "main.wasm": fileSchema }),
});

const building = new Map<string, Promise<Artifact>>();

/**
 * Compiles a circuit of a profile, or finds it in the cache.
 *
 * @throws {CompileError} if the compiler refuses the source
 * @example const circuit = await buildCircuit({ profile: "tiny", circuit: "adjoint", cacheDir: ".cache" });
 */
export async function buildCircuit(
  options: { readonly profile: ProfileName; readonly circuit: CircuitName } & Cache,
): Promise<Circuit> {
  const { profile, circuit } = options;
  const text = mainSource(loadProfile(profile), circuit);
  const artifact = await compileSource({ label: `${profile}-${circuit}`, text }, options);
  return { ...artifact, name: circuit, profile };
}

/**
 * Compiles a circuit given as text, or finds it in the cache.
 *
 * @param options.cacheDir the cache; artifacts lie in its `circuits` folder
 * @param options.onProgress told when a compilation starts and ends
 * @throws {IncludeError} if an included file is nowhere
 * @throws {CompileError} if the compiler refuses the source
 * @example
 * const square = await compileSource(
 *   { label: "square", text: "template T() { signal input x; x * x === 4; } component main = T();" },
 *   { cacheDir: ".cache" },
 * );
 */
export async function compileSource(source: Source, options: Cache): Promise<Artifact> {
  const files = await closure(source);
  const hash = identity(files);
  const target = join(options.cacheDir, "circuits", `${source.label}-${hash.slice(0, 16)}`);
  // Callers in one process share one compilation; those in other processes are kept apart by stageFolder.
  let pending = building.get(target);
  if (!pending) {
    pending = findOrBuild(source.label, files, hash, target, options.onProgress).finally(() =>
      building.delete(target),
    );
    building.set(target, pending);
  }
  return pending;
}

async function findOrBuild(
  label: string,
  files: ReadonlyMap<string, string>,
  hash: string,
  target: string,
  onProgress: Progress = () => {},
): Promise<Artifact> {
  const cached = await readEntry(target, hash);
  if (cached) return cached;
  onProgress(`${label}: compiling`);
  await stageFolder(
    target,
    (folder) => build(label, files, hash, folder),
    async (folder) => (await readEntry(folder, hash)) !== undefined,
  );
  const built = await readEntry(target, hash);
  if (!built) throw new DamagedError(target);
  onProgress(`${label}: compiled, ${built.rows} rows in ${(built.compileMs / 1000).toFixed(1)} s`);
  return built;
}

async function build(
  label: string,
  files: ReadonlyMap<string, string>,
  hash: string,
  folder: string,
): Promise<void> {
  const work = join(folder, "work");
  for (const [path, text] of files) {
    await mkdir(dirname(join(work, path)), { recursive: true });
    await writeFile(join(work, path), text);
  }
  const libraries = LIBRARIES.filter((library) => [...files.keys()].some((path) => isUnder(library, path)));
  const started = performance.now();
  await compile({ folder: work, main: "main.circom", libraries, options: compilerOptions() });
  const compileMs = Math.round(performance.now() - started);
  await rename(join(work, "main.r1cs"), join(folder, "main.r1cs"));
  await rename(join(work, "main.sym"), join(folder, "main.sym"));
  await rename(join(work, "main_js", "main.wasm"), join(folder, "main.wasm"));
  await rm(work, { recursive: true, force: true });
  const r1cs = parseR1cs(await readFile(join(folder, "main.r1cs")));
  const entry: z.infer<typeof entrySchema> = {
    format: "quittance-circuit/1",
    label,
    hash,
    compiler: compilerVersion(),
    options: compilerOptions(),
    rows: r1cs.rows,
    wires: r1cs.wires,
    publicCount: r1cs.outputs + r1cs.publicInputs,
    labels: r1cs.labels,
    nonZeros: countNonZeros(r1cs),
    compileMs,
    files: {
      "main.r1cs": await describe(join(folder, "main.r1cs")),
      "main.sym": await describe(join(folder, "main.sym")),
      "main.wasm": await describe(join(folder, "main.wasm")),
    },
  };
  await writeFile(join(folder, "circuit.json"), `${JSON.stringify(entry, null, 2)}\n`);
}

/** The artifact in a folder, or undefined if anything about it is not as it was built. */
async function readEntry(folder: string, hash: string): Promise<Artifact | undefined> {
  try {
    const entry = entrySchema.parse(JSON.parse(await readFile(join(folder, "circuit.json"), "utf8")));
    if (entry.hash !== hash) return undefined;
    for (const name of FILES) {
      const found = await describe(join(folder, name));
      if (found.bytes !== entry.files[name].bytes || found.sha256 !== entry.files[name].sha256)
        return undefined;
    }
    const { label, rows, wires, publicCount, labels, nonZeros, compileMs } = entry;
    const [r1csPath, symPath, wasmPath] = FILES.map((name) => join(folder, name)) as [string, string, string];
    return {
      label,
      hash,
      wasmPath,
      r1csPath,
      symPath,
      rows,
      wires,
      publicCount,
      labels,
      nonZeros,
      compileMs,
    };
  } catch {
    return undefined;
  }
}

async function describe(path: string): Promise<z.infer<typeof fileSchema>> {
  return { bytes: (await stat(path)).size, sha256: await hashFile(path) };
}

function identity(files: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256").update(JSON.stringify([compilerVersion(), compilerOptions()]));
  for (const path of [...files.keys()].sort()) hash.update(JSON.stringify([path, files.get(path)]));
  return hash.digest("hex");
}

/** `--O1` keeps the compiler linear in time: see the templates for how Poseidon is written for it. */
function compilerOptions(): string[] {
  return [circuitOptimisation(), "--r1cs", "--wasm", "--sym"];
}

/** The main source and all it includes, by path from the root. */
async function closure(source: Source): Promise<Map<string, string>> {
  const root = source.root ?? ROOT;
  const found = new Map([["main.circom", source.text]]);
  for (const [path, text] of found) {
    const uncommented = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    for (const [, include] of uncommented.matchAll(/\binclude\s+"([^"]+)"\s*;/g)) {
      const places = [dirname(path), ...LIBRARIES].map((place) => normalize(join(place, include as string)));
      const hit = places.find((place) => !place.startsWith("..") && existsSync(join(root, place)));
      if (!hit) throw new IncludeError(include as string, path, root);
      // A map that grows is walked to its end: this is the queue, and the set of what was seen.
      if (!found.has(hit)) found.set(hit, await readFile(join(root, hit), "utf8"));
    }
  }
  return found;
}

function isUnder(library: string, path: string): boolean {
  return library === "." || path.startsWith(`${library}/`);
}

/** An include that is in none of the folders. */
export class IncludeError extends Error {
  override readonly name = "Artifacts.Include";
  constructor(include: string, from: string, root: string) {
    super(`${from} includes "${include}", which is not beside it nor in ${LIBRARIES.join(", ")} of ${root}.`);
  }
}

/** What was just built does not match its own description. */
export class DamagedError extends Error {
  override readonly name = "Artifacts.Damaged";
  constructor(target: string) {
    super(`${target} changed while it was written. Check the disk and its free space, then run again.`);
  }
}
