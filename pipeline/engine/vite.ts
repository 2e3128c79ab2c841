/**
 * The only importer of Vite: builds the explorer into the cache, once for each state of its sources.
 *
 * The explorer is another room, which this one knows by its folder alone. A build is kept under the hash of
 * every file that went into it, so that what is served is always what the sources say, and an unchanged tree
 * costs a few milliseconds. Which files those are only the bundler knows: each build leaves the list, and the
 * next call hashes what the list names. A file that is not on it can matter only through one that is, by an
 * import, and that one has then changed. Packages count by the lock file.
 *
 * Pitfall: bundlers replace a module of Node's by an empty one, and what needs it fails in the reader's
 * browser. Here such an import ends the build.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, relative, sep } from "node:path";
import type { InlineConfig, Plugin } from "vite";
import { cacheFolder, ROOT } from "../environment.ts";
import { writeFileAtomic } from "../store.ts";

/** Raised when the way of building changes, which no source file shows. */
const BUILD_VERSION = 2;

/** Builds that are kept besides the newest; older ones are removed. */
const KEPT_BUILDS = 3;

/** Where a finished build lies. */
export type ExplorerBuild = {
  readonly folder: string;
  /** Whether it was built now, or found. */
  readonly built: boolean;
};

/**
 * Builds the explorer, unless a build of exactly these sources is there.
 *
 * @param options.source the explorer's folder; the one beside this room by default
 * @param options.cache where builds are kept
 * @throws {ExplorerBuildError} when the sources do not build; the message has the bundler's words
 */
export async function buildExplorer(
  options: { readonly source?: string; readonly cache?: string } = {},
): Promise<ExplorerBuild> {
  const { source = join(ROOT, "explorer"), cache = join(cacheFolder(), "explorer") } = options;
  const listed = join(cache, "inputs.json");
  const before = readInputs(listed);
  if (before !== undefined) {
    const folder = join(cache, hashOf(source, before));
    if (existsSync(join(folder, "index.html"))) return { folder, built: false };
  }
  const staged = join(cache, `building-${process.pid}-${randomBytes(4).toString("hex")}`);
  mkdirSync(staged, { recursive: true });
  try {
    const inputs = await bundle(source, staged);
    const folder = join(cache, hashOf(source, inputs));
    rmSync(folder, { recursive: true, force: true });
    renameSync(staged, folder);
    writeFileAtomic(listed, `${JSON.stringify(inputs, null, 1)}\n`);
    removeOldBuilds(cache, folder);
    return { folder, built: true };
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

/** Runs the bundler. Returns the files of ours that went in, relative to the program's folder, sorted. */
async function bundle(source: string, outDir: string): Promise<string[]> {
  const used = new Set<string>();
  // Vite takes half a second to load; whoever finds a build does not need it.
  const { build } = await import("vite");
  const config: InlineConfig = {
    root: source,
    configFile: false,
    envFile: false,
    base: "./",
    logLevel: "silent",
    plugins: [watchInputs(used)],
    worker: { format: "es", plugins: () => [watchInputs(used)] },
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir,
      emptyOutDir: false,
      // The first of each that knows light-dark() and all else that is used here.
      target: ["chrome123", "firefox128", "safari17.5"],
      assetsInlineLimit: 0,
      // Whoever publishes the folder hands on other people's code, the worker's too, and owes its licences.
      license: { fileName: "licences.txt" },
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      chunkSizeWarningLimit: 2_000,
    },
  };
  try {
    await build(config);
  } catch (cause) {
    throw new ExplorerBuildError(source, cause);
  }
  return [...used].map((file) => relative(ROOT, file).split(sep).join("/")).sort();
}

/** Notes every file of ours that the bundler reads, and refuses modules of Node's. */
function watchInputs(used: Set<string>): Plugin {
  return {
    name: "quittance-inputs",
    enforce: "pre",
    resolveId(specifier, importer) {
      if (
        specifier.startsWith("node:") ||
        (isBuiltin(specifier) && importer?.includes("node_modules") !== true)
      ) {
        this.error(`${importer ?? "something"} imports ${specifier}, which no browser has`);
      }
      return null;
    },
    moduleParsed({ id }) {
      const file = id.split("?")[0] ?? "";
      if (!file.startsWith(sep) || file.includes(`${sep}node_modules${sep}`)) return;
      used.add(file);
    },
  };
}

/** The hash of what a build is made from: our files, those that are copied as they are, and the packages. */
function hashOf(source: string, inputs: readonly string[]): string {
  const hash = createHash("sha256").update(`quittance-explorer/${BUILD_VERSION}\n`);
  const copied = filesUnder(join(source, "public")).map((file) => relative(ROOT, file));
  const page = relative(ROOT, join(source, "index.html"));
  for (const file of [...new Set([...inputs, ...copied, page, "package-lock.json"])].sort()) {
    const path = join(ROOT, file);
    const bytes = existsSync(path) ? readFileSync(path) : Buffer.from("missing");
    hash.update(`${file}\n${createHash("sha256").update(bytes).digest("hex")}\n`);
  }
  return hash.digest("hex").slice(0, 32);
}

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function readInputs(path: string): readonly string[] | undefined {
  try {
    const inputs: unknown = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(inputs) ? inputs.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** A server may be reading an old build at this moment, so a few stay. */
function removeOldBuilds(cache: string, newest: string): void {
  const builds = readdirSync(cache, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^[0-9a-f]{32}$/.test(entry.name))
    .map((entry) => join(cache, entry.name))
    .filter((folder) => folder !== newest)
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const folder of builds.slice(KEPT_BUILDS)) rmSync(folder, { recursive: true, force: true });
}

/** The explorer's sources do not build. */
export class ExplorerBuildError extends Error {
  override readonly name = "Explorer.Build";
  constructor(source: string, cause: unknown) {
    super(
      `The explorer in ${source} could not be built: ${(cause as Error).message} ` +
        'Run "npm ci"; if it stays, the sources are not what was released.',
      { cause },
    );
  }
}
