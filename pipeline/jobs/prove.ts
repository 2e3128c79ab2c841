/**
 * The worker's side of the pool: one proof a task. It runs in a thread of its own, imports the prover room
 * and nothing else, and answers with the proof and what it cost.
 */
import { performance } from "node:perf_hooks";
import { proofToJson, prove } from "../../prover/index.ts";

/** What a proof needs: files that exist on this machine and the circuit's input signals. */
export type ProveTask = {
  readonly zkeyPath: string;
  readonly wasmPath: string;
  readonly input: Record<string, unknown>;
};

/** The proof as decimal strings, the public signals in the circuit's order, and the seconds it took. */
export type ProveResult = {
  readonly proof: ReturnType<typeof proofToJson>;
  readonly publics: string[];
  readonly seconds: number;
};

/** Proves one statement; called by the pool in a worker thread. */
export async function proveTask(task: ProveTask): Promise<ProveResult> {
  const start = performance.now();
  const { proof, publics } = await prove({
    zkeyPath: task.zkeyPath,
    wasmPath: task.wasmPath,
    input: task.input as never,
  });
  return {
    proof: proofToJson(proof),
    publics: publics.map(String),
    seconds: (performance.now() - start) / 1_000,
  };
}
