/**
 * The circom compiler (npm's `circom2`, WebAssembly under WASI) behind one function.
 *
 * A compilation runs in a worker thread of its own: two circuits then compile side by side on two cores, the
 * up to 4 GB that the compiler may take is given back as soon as it ends, and a crash of it is an ordinary
 * error here. The compiler sees one folder and nothing else: the caller copies every source into it first, so
 * that what was compiled is exactly what was hashed.
 *
 * Pitfall: the compiler prints through file descriptors 1 and 2 directly. The file system handed to it keeps
 * that text for the error message instead, and reports the exit code that WASI raises as an exception.
 */

import { createHash } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import circom2 from "circom2";

/** What one compilation is given; every path is relative to `folder`. */
export type Compilation = {
  /** The only folder that the compiler can see; outputs land here too. */
  readonly folder: string;
  /** The main source, for instance `main.circom`. */
  readonly main: string;
  /** Folders in which an include is looked up after the including file's own. */
  readonly libraries: readonly string[];
  /** Compiler options such as `--O1`. */
  readonly options: readonly string[];
};

type Outcome = { readonly ok: boolean; readonly log: string };

const TASK = "quittance/circom";
/** Bounds the compilers at work in this process: each takes a whole core and up to 4 GB. */
const MAX_RUNNING = Math.max(1, Math.min(2, availableParallelism()));

let running = 0;
const waiting: (() => void)[] = [];
let version: string | undefined;

/**
 * Names the compiler exactly: the package's version and a hash of its WebAssembly.
 *
 * @returns for instance `circom2 0.2.23 4f1c…`
 */
export function compilerVersion(): string {
  version ??= `circom2 ${packageVersion()} ${createHash("sha256").update(compilerWasm()).digest("hex")}`;
  return version;
}

/**
 * Compiles one circuit; the outputs (`NAME.r1cs`, `NAME.sym`, `NAME_js/NAME.wasm`) land in the same folder.
 *
 * @returns what the compiler printed
 * @throws {CompileError} with the compiler's own words if it refused the source
 */
export async function compile(compilation: Compilation): Promise<string> {
  if (running >= MAX_RUNNING) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await compileInWorker(compilation);
  } finally {
    // The slot passes straight to the next in line, so that nobody can slip in between.
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

function compileInWorker(compilation: Compilation): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { task: TASK, compilation },
      execArgv: [],
    });
    worker.once("message", (outcome: Outcome) => {
      void worker.terminate();
      if (outcome.ok) resolve(outcome.log);
      else reject(new CompileError(compilation.main, outcome.log));
    });
    worker.once("error", (cause) => reject(new CompileError(compilation.main, String(cause), { cause })));
    worker.once("exit", (code) =>
      reject(new CompileError(compilation.main, `The compiler ended (${code}).`)),
    );
  });
}

async function runHere({ folder, main, libraries, options }: Compilation): Promise<Outcome> {
  const chunks: Buffer[] = [];
  const writeSync: typeof fs.writeSync = (fd: number, data: unknown, ...rest: unknown[]): number => {
    if (fd !== 1 && fd !== 2) return Reflect.apply(fs.writeSync, fs, [fd, data, ...rest]) as number;
    const [offset, length] = rest as [number | undefined, number | undefined];
    const bytes = data as Uint8Array;
    const start = offset ?? 0;
    const text = Buffer.from(bytes.subarray(start, length === undefined ? undefined : start + length));
    chunks.push(text);
    return text.length;
  };
  const exit = (code: number): never => {
    throw new ExitSignal(code);
  };
  const runner = new circom2.CircomRunner({
    args: [main, ...options, "-o", ".", ...libraries.flatMap((library) => ["-l", library])],
    env: {},
    preopens: { ".": folder },
    bindings: { ...circom2.bindings, fs: { ...fs, writeSync }, exit, isTTY: () => false },
  });
  let ok = true;
  try {
    await runner.execute(compilerWasm());
  } catch (error) {
    ok = error instanceof ExitSignal && error.code === 0;
    if (!(error instanceof ExitSignal)) chunks.push(Buffer.from(`\n${String(error)}`));
  }
  return { ok, log: stripVTControlCharacters(Buffer.concat(chunks).toString("utf8")).trim() };
}

function packageFolder(): string {
  return join(createRequire(import.meta.url).resolve("circom2/package.json"), "..");
}

function packageVersion(): string {
  const text = fs.readFileSync(join(packageFolder(), "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function compilerWasm(): Uint8Array {
  return fs.readFileSync(join(packageFolder(), "circom.wasm"));
}

class ExitSignal extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** The compiler refused the source or crashed; the message carries its own words. */
export class CompileError extends Error {
  override readonly name = "Circom.Compile";
  constructor(main: string, log: string, options?: ErrorOptions) {
    super(`${main} does not compile. Correct the source; the compiler said:\n${log}`, options);
  }
}

const job = workerData as { task?: string; compilation?: Compilation } | null;
if (!isMainThread && job?.task === TASK && job.compilation)
  parentPort?.postMessage(await runHere(job.compilation));
