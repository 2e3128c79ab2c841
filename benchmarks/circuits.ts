// Per circuit: rows, and what it costs to compile, to make a local key, and to prove.
//
// Each is measured from nothing and alone: compilation into an empty cache, one key at a time on all cores,
// and every proof in a fresh process, so that its peak memory is its own (the process that the operating
// system reports on is the one that proved). Proofs are single-threaded, as in the pool; they are verified,
// because a fast wrong proof is no figure. The small form takes the tiny profile: same code, seconds in all.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  buildCircuit,
  CIRCUIT_NAMES,
  type Circuit,
  type Proof,
  proofFromJson,
  proofToJson,
  prove,
  verifyProof,
  writeLocalKeys,
} from "../prover/index.ts";
import { honestInput } from "./inputs.ts";
import type { Figure } from "./types.ts";

const SEED = "benchmark";
/** Proofs of each circuit in the full form; the figure is the median. */
const REPEATS = 3;

type ProofCost = { readonly seconds: number; readonly peakMib: number; readonly proof: Proof };

/** Measures every circuit of the tiny profile, or of the default one if `full`. */
export async function runCircuits({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const profile = full ? "default" : "tiny";
  const dir = await mkdtemp(join(tmpdir(), "quittance-bench-"));
  const figures: Figure[] = [];
  try {
    for (const name of CIRCUIT_NAMES) {
      const circuit = await buildCircuit({ profile, circuit: name, cacheDir: dir });
      const times = await writeLocalKeys({ subjects: [circuit], folder: dir });
      const zkeyPath = join(dir, `${name}.zkey`);
      const costs: ProofCost[] = [];
      for (let i = 0; i < (full ? REPEATS : 1); i++) costs.push(await proveAlone(circuit, zkeyPath));
      await verifyAll(circuit, join(dir, `${name}.vkey.json`), costs);
      figures.push(
        { name: `${name}.rows`, value: circuit.rows, unit: "rows" },
        { name: `${name}.compile.seconds`, value: round(circuit.compileMs / 1000), unit: "s" },
        { name: `${name}.key.seconds`, value: round((times[name] ?? Number.NaN) / 1000), unit: "s" },
        { name: `${name}.prove.seconds`, value: round(median(costs.map((c) => c.seconds))), unit: "s" },
        { name: `${name}.prove.peak_mib`, value: round(median(costs.map((c) => c.peakMib))), unit: "MiB" },
      );
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return figures;
}

/** One proof in a process of its own. */
async function proveAlone(circuit: Circuit, zkeyPath: string): Promise<ProofCost> {
  const task = JSON.stringify({ circuit, zkeyPath });
  const { stdout } = await promisify(execFile)(process.execPath, [
    fileURLToPath(import.meta.url),
    CHILD,
    task,
  ]);
  const { seconds, peakMib, proof } = JSON.parse(stdout);
  return { seconds, peakMib, proof: proofFromJson(proof) };
}

const CHILD = "--prove";

async function child(task: string): Promise<void> {
  const { circuit, zkeyPath } = JSON.parse(task) as { circuit: Circuit; zkeyPath: string };
  const { input } = honestInput(circuit.profile, circuit.name, SEED);
  const started = performance.now();
  const { proof } = await prove({ zkeyPath, wasmPath: circuit.wasmPath, input });
  const seconds = (performance.now() - started) / 1000;
  const peakMib = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(JSON.stringify({ seconds, peakMib, proof: proofToJson(proof) }));
}

async function verifyAll(circuit: Circuit, vkeyPath: string, costs: readonly ProofCost[]): Promise<void> {
  const vkey = JSON.parse(await readFile(vkeyPath, "utf8"));
  const { publics } = honestInput(circuit.profile, circuit.name, SEED);
  for (const { proof } of costs) {
    if (!(await verifyProof(vkey, publics, proof))) throw new WrongProofError(circuit.name);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A proof that was measured does not verify. */
export class WrongProofError extends Error {
  override readonly name = "Circuits.WrongProof";
  constructor(circuit: string) {
    super(
      `A proof of "${circuit}" does not verify: no figure is reported. Run the tests of circuits and prover.`,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === CHILD) {
  await child(process.argv[3] ?? "{}");
}
