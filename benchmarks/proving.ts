// Where the time of proving goes.
//
// Per circuit: the witness, reading the key, each part of the built-in prover (the five sums of multiples,
// the quotient, what is left), and snarkjs with the same key and witness in the same process. Then Poseidon,
// ours and on bigints; and the demonstration's proofs, from these times: all of them one after another, and
// on two workers, the longest first. No proof waits for another, so the critical path is the longest of them.
//
// Seconds are the processor's, of this process: a machine that does other things as well makes proofs take
// longer, but hardly makes them more work. Ratios are of one run. A part that is done twice counts by its
// cheaper time, since the first time compiles. Every proof is verified.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { poseidon16 } from "poseidon-lite";
import { cacheFolder, DEMO_CONTRIBUTORS, DEMO_QUERY_COUNT } from "../pipeline/index.ts";
import {
  buildCircuit,
  CIRCUIT_NAMES,
  type CircuitName,
  calculateWitness,
  FIELD,
  loadProfile,
  PROVING_STAGES,
  type Profile,
  type ProfileName,
  poseidon,
  poseidonChain,
  proveWitness,
  verifyProof,
  writeLocalKeys,
} from "../prover/index.ts";
import { honestInput } from "./inputs.ts";
import type { Figure } from "./types.ts";

const SEED = "benchmark";
const STAGES = ["witness", "read", ...PROVING_STAGES] as const;
type Stage = (typeof STAGES)[number];

/** Measures the default profile if `full`, else the tiny one. */
export async function runProving({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const name = full ? "default" : "tiny";
  const dir = await mkdtemp(join(tmpdir(), "quittance-bench-"));
  const figures: Figure[] = [];
  const totals = new Map<CircuitName, number>();
  try {
    for (const circuit of CIRCUIT_NAMES) {
      const { ours, stages, snarkjs } = await measure(name, circuit, dir);
      totals.set(circuit, ours);
      figures.push(
        ...STAGES.map((stage) => seconds(`proving.${circuit}.${stage}`, stages[stage])),
        seconds(`proving.${circuit}.total`, ours),
        seconds(`proving.${circuit}.snarkjs`, snarkjs),
        { name: `proving.${circuit}.ratio`, value: snarkjs / ours, unit: "times as fast as snarkjs" },
      );
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return [...figures, ...hashing(full), ...graph(loadProfile(name), totals)];
}

/** One circuit: its parts, all of them but reading the key, and the same with snarkjs. */
async function measure(
  profile: ProfileName,
  name: CircuitName,
  dir: string,
): Promise<{ ours: number; stages: Readonly<Record<Stage, number>>; snarkjs: number }> {
  const circuit = await buildCircuit({ profile, circuit: name, cacheDir: cacheFolder() });
  await writeLocalKeys({ subjects: [circuit], folder: dir });
  const { input, publics } = honestInput(profile, name, SEED);
  const zkeyPath = join(dir, `${name}.zkey`);
  const vkey = JSON.parse(await readFile(join(dir, `${name}.vkey.json`), "utf8"));
  const runs: { readonly [stage in Stage]?: number }[] = [];
  let witness = new Uint8Array();
  for (let run = 0; run < 2; run++) {
    const laps: { [stage in Stage]?: number } = {};
    let last = processor();
    const lap = (stage: Stage): void => {
      const now = processor();
      laps[stage] = now - last;
      last = now;
    };
    witness = new Uint8Array(await calculateWitness({ wasmPath: circuit.wasmPath, input }));
    lap("witness");
    const options = { zkeyPath, witness, prover: { kind: "built-in" }, check: false, lap } as const;
    const { proof } = await proveWitness(options);
    if (!(await verifyProof(vkey, publics, proof))) throw new WrongProofError(name, "built-in");
    runs.push(laps);
  }
  const stages = Object.fromEntries(
    STAGES.map((stage) => [stage, Math.min(...runs.map((laps) => laps[stage] ?? Number.NaN))]),
  ) as Record<Stage, number>;
  // A key stays with its worker: the second time, reading it costs nothing, and only the first counts.
  stages.read = runs[0]?.read ?? Number.NaN;
  const start = processor();
  const { proof } = await proveWitness({ zkeyPath, witness, prover: { kind: "snarkjs" }, check: false });
  const snarkjs = processor() - start;
  if (!(await verifyProof(vkey, publics, proof))) throw new WrongProofError(name, "snarkjs");
  const ours = STAGES.filter((stage) => stage !== "read").reduce((sum, stage) => sum + stages[stage], 0);
  return { ours, stages, snarkjs: snarkjs + stages.witness };
}

/** Permutations a second, of 16 inputs, singly and in a chain. */
function hashing(full: boolean): Figure[] {
  const inputs = Array.from({ length: 16 }, (_, i) => FIELD - BigInt(i) ** 7n - 1n);
  const repeats = full ? 50 : 5;
  const rate = (permutations: number, work: () => void): number => {
    work();
    const start = processor();
    for (let i = 0; i < repeats; i++) work();
    return (repeats * permutations) / Math.max(processor() - start, 1e-6);
  };
  const many = Array.from({ length: 15 * 20 }, (_, i) => inputs[i % 16] as bigint);
  const bigint = rate(2, () => [1, 2].map(() => poseidon16(inputs)));
  const single = rate(20, () => many.slice(0, 20).map(() => poseidon(inputs)));
  const chained = rate(20, () => void poseidonChain(1n, many, 15));
  return [
    { name: "poseidon.single", value: single, unit: "permutations a second" },
    { name: "poseidon.chained", value: chained, unit: "permutations a second" },
    { name: "poseidon.bigint", value: bigint, unit: "permutations a second, poseidon-lite" },
    { name: "poseidon.ratio", value: chained / bigint, unit: "times as fast as poseidon-lite" },
  ];
}

/** The proofs of the demonstration: how many of each circuit, and what they take together. */
function graph(profile: Profile, totals: ReadonlyMap<CircuitName, number>): Figure[] {
  const batches = DEMO_CONTRIBUTORS.map(({ count }) => Math.ceil(count / profile.batchRecords));
  const groups = Math.ceil(DEMO_CONTRIBUTORS.length / profile.contributors);
  const counts: Readonly<Record<CircuitName, number>> = {
    samples: batches.reduce((sum, count) => sum + count, 0),
    contributors: groups,
    model: 1,
    inference: Math.ceil(DEMO_QUERY_COUNT / profile.queries),
    adjoint: 1,
    weights: groups,
    // Only disputes need these.
    duplicate: 0,
    inclusion: 0,
  };
  const proofs = CIRCUIT_NAMES.flatMap((name) => Array<number>(counts[name]).fill(totals.get(name) ?? 0));
  return [
    { name: "graph.proofs", value: proofs.length, unit: "proofs" },
    seconds("graph.critical_path", makespan(proofs, proofs.length)),
    seconds("graph.workers1", makespan(proofs, 1)),
    seconds("graph.workers2", makespan(proofs, 2)),
  ];
}

/** When the last of some workers is done, each taking the longest job that is left. */
export function makespan(jobs: readonly number[], workers: number): number {
  const busy = Array<number>(workers).fill(0);
  for (const job of [...jobs].sort((a, b) => b - a)) {
    const first = busy.indexOf(Math.min(...busy));
    busy[first] = (busy[first] as number) + job;
  }
  return Math.max(...busy);
}

function processor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function seconds(name: string, value: number): Figure {
  return { name: `${name}.seconds`, value, unit: "s of a processor" };
}

/** A proof that was measured does not verify. */
export class WrongProofError extends Error {
  override readonly name = "Proving.WrongProof";
  constructor(circuit: string, prover: string) {
    super(
      `A proof of "${circuit}" by ${prover} does not verify: no figure is reported. Run the prover's tests.`,
    );
  }
}
