// Which file may import which. Rooms point one way only (circuits ← prover ← pipeline ← benchmarks, test),
// another room is entered through its index, and each third-party engine has one file that turns it into our
// own small interface.

import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { blanked, type Finding, findingAt, type SourceFile } from "./files.ts";

/** The file, or folder ending in a slash, that alone may import each engine. */
export const ENGINES: Readonly<Record<string, string>> = {
  snarkjs: "prover/engine/snarkjs.ts",
  ffjavascript: "prover/engine/curve.ts",
  circom2: "prover/engine/circom.ts",
  "poseidon-lite": "benchmarks/proving.ts",
  "onnxruntime-node": "pipeline/engine/ort.ts",
  protobufjs: "pipeline/engine/onnx.ts",
  ethers: "pipeline/engine/ethers.ts",
  hardhat: "pipeline/chain/local.ts",
  piscina: "pipeline/engine/pool.ts",
  mnist: "pipeline/corpus/mnist.ts",
  "@electric-sql/pglite": "pipeline/engine/pglite.ts",
  pg: "pipeline/engine/postgres.ts",
  "pg-boss": "pipeline/engine/pgboss.ts",
  kysely: "pipeline/durable/database.ts",
  "classic-level": "pipeline/engine/level.ts",
  aws4fetch: "pipeline/engine/s3.ts",
  "@x402/core": "pipeline/engine/x402.ts",
  "tiny-secp256k1": "pipeline/engine/secp256k1.ts",
  secp256k1: "pipeline/engine/secp256k1.ts",
  "hash-wasm": "pipeline/engine/keccak.ts",
  commander: "pipeline/cli/",
  vite: "pipeline/engine/vite.ts",
  preact: "explorer/",
  fastify: "pipeline/service/",
  "@fastify/rate-limit": "pipeline/service/app.ts",
  "@fastify/static": "pipeline/service/static.ts",
  "@fastify/swagger": "pipeline/service/app.ts",
  "prom-client": "pipeline/service/metrics.ts",
  pino: "pipeline/service/logs.ts",
  "zod-to-json-schema": "pipeline/service/route.ts",
};

/** The rooms that each room may import besides itself; `test` and files at the root may import any. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  circuits: [],
  "verifier-contracts": [],
  prover: ["circuits"],
  pipeline: ["prover", "verifier-contracts"],
  benchmarks: ["prover", "pipeline", "circuits", "verifier-contracts"],
  explorer: ["prover", "pipeline"],
  examples: ["pipeline"],
  tools: [],
  types: [],
};

/**
 * Hardhat's configuration has to stand at the root, and the in-process chain is Hardhat's. The benchmarks'
 * runner takes the words for a machine from their file, since the pipeline's index would bring every engine
 * along.
 */
const EXCEPTIONS: ReadonlySet<string> = new Set([
  "pipeline/chain/local.ts → hardhat.config.ts",
  "benchmarks/machine.ts → pipeline/report/machine.ts",
]);

/** An import's address as written, and where it stands. */
export type Import = { readonly specifier: string; readonly offset: number };

const STATIC = /^(?:import|export)\b(?:[^;"'()]*?\bfrom)?\s*["']([^"']+)["']/gm;
const CALLED = /(?:\bimport|\brequire(?:\.resolve)?|\)\s*\.resolve)\(\s*["'`]([^"'`$]+)/g;

/** The imports of a TypeScript or JavaScript file, dynamic ones and `require` included. */
export function importsOf(file: SourceFile): readonly Import[] {
  const text = blanked(file.text);
  return [...text.matchAll(STATIC), ...text.matchAll(CALLED)].map((match) => ({
    specifier: match[1] ?? "",
    offset: match.index,
  }));
}

/** The package that a bare import names: `hardhat/config` is hardhat, `@a/b/c` is @a/b. */
export function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const roomOf = (path: string): string => (path.includes("/") ? (path.split("/")[0] ?? "") : "");
const isFree = (path: string): boolean => ["test", "bin", ""].includes(roomOf(path));

/** Imports that go against the arrows, or past a room's index. */
export function arrowFindings(file: SourceFile): readonly Finding[] {
  const from = roomOf(file.path);
  return importsOf(file).flatMap(({ specifier, offset }) => {
    if (!specifier.startsWith(".")) return [];
    const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
    const to = roomOf(target);
    if (to === from || isFree(file.path) || EXCEPTIONS.has(`${file.path} → ${target}`)) return [];
    if (!(ARROWS[from] ?? []).includes(to)) {
      return [
        findingAt(file, offset, `${from || "the root"} must not import ${to || "the root"} (${specifier})`),
      ];
    }
    // A browser enters by the index that reaches nothing of Node's, and so does what it shares.
    const entries = from === "explorer" ? ["browser.ts"] : ["index.ts", "browser.ts"];
    if (entries.some((entry) => target === `${to}/${entry}`) || target.endsWith(".json")) return [];
    return [findingAt(file, offset, `another room is imported through its index only (${specifier})`)];
  });
}

/**
 * Imports of an engine outside the one file that may. Tests and configurations compare with engines directly.
 */
export function engineFindings(file: SourceFile): readonly Finding[] {
  if (isFree(file.path)) return [];
  return importsOf(file).flatMap(({ specifier, offset }) => {
    const place = ENGINES[packageOf(specifier)];
    if (place === undefined || file.path === place) return [];
    if (place.endsWith("/") && file.path.startsWith(place)) return [];
    return [findingAt(file, offset, `only ${place} imports ${packageOf(specifier)}`)];
  });
}

/** Engines of the table that nobody imports where the table says so: a stale line of the table. */
export function staleEngines(files: readonly SourceFile[]): readonly Finding[] {
  return Object.entries(ENGINES).flatMap(([engine, place]) => {
    const used = files.some(
      (file) =>
        (file.path === place || (place.endsWith("/") && file.path.startsWith(place))) &&
        importsOf(file).some(({ specifier }) => packageOf(specifier) === engine),
    );
    return used ? [] : [`${place}: imports no ${engine}`];
  });
}

/** The indexes that a browser enters by. */
export const BROWSER_ENTRIES: readonly string[] = ["prover/browser.ts", "pipeline/browser.ts"];

/**
 * Imports of Node's modules in anything that can be reached from an entry: what a browser would find empty.
 * Types are left out, since nothing of them remains.
 */
export function browserFindings(files: readonly SourceFile[], entries = BROWSER_ENTRIES): readonly Finding[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const open = [...entries];
  const seen = new Set(open);
  const findings: Finding[] = [];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const file = byPath.get(path);
    if (file === undefined) {
      if (!path.endsWith(".json")) findings.push(`${path}: is reached from a browser and is not there`);
      continue;
    }
    for (const { specifier, offset } of importsOf(file)) {
      if (/^(?:import|export) type\b/.test(file.text.slice(offset))) continue;
      if (isBuiltin(specifier)) findings.push(findingAt(file, offset, `no browser has ${specifier}`));
      if (!specifier.startsWith(".")) continue;
      const target = posix.normalize(posix.join(posix.dirname(path), specifier));
      if (!seen.has(target)) open.push(target);
      seen.add(target);
    }
  }
  return findings;
}
