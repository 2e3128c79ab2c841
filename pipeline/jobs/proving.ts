/**
 * All proofs of an epoch on one pool of threads, the biggest circuits first. A proof is a job: its key is the
 * hash of circuit, key and public signals, so a run that was cut off proves only what is missing.
 */

import type { Circuit } from "../../prover/index.ts";
import {
  type CircuitName,
  type Keys,
  type Profile,
  type Proof,
  proofFromJson,
  publicSignals,
  type Statement,
} from "../../prover/index.ts";
import { openPool } from "../engine/pool.ts";
import { runJob, type Store } from "../store.ts";
import type { ProveResult, ProveTask } from "./prove.ts";

/** Something to prove. */
export type Provable = {
  readonly label: string;
  readonly statement: Statement;
  readonly input: ProveTask["input"];
};

/** A proof with what it cost when it was made. */
export type Proved = {
  readonly label: string;
  readonly statement: Statement;
  readonly proof: Proof;
  readonly seconds: number;
};

/**
 * Proves everything; the result is in the order of `provables`. Throws {@link PublicSignalsError} and what
 * the prover throws.
 */
export async function proveAll(of: {
  readonly provables: readonly Provable[];
  readonly profile: Profile;
  readonly circuits: Readonly<Record<CircuitName, Circuit>>;
  readonly keys: Keys;
  readonly store: Store;
  readonly threads: number;
  readonly report?: (done: number, total: number, detail?: string) => void;
}): Promise<Proved[]> {
  const { provables, profile, circuits, keys, store, threads, report = () => {} } = of;
  const pool = openPool(new URL("./prove.ts", import.meta.url), threads);
  const results = new Map<Provable, Proved>();
  const total = provables.reduce((sum, { statement }) => sum + circuits[statement.circuit].rows, 0);
  let done = 0;
  const one = async (provable: Provable): Promise<void> => {
    const { circuit } = provable.statement;
    const signals = publicSignals(provable.statement, profile);
    const { zkey } = keys.manifest.circuits[circuit];
    const inputs = { circuit: circuits[circuit].hash, zkey: zkey.sha256, signals };
    const made = await runJob(store, { name: "proof", version: 1, inputs }, async () => {
      const task: ProveTask = {
        zkeyPath: keys.zkeyPath(circuit),
        wasmPath: circuits[circuit].wasmPath,
        input: provable.input,
      };
      const result = await pool.run<ProveResult>("proveTask", task);
      if (result.publics.join() !== signals.join()) throw new PublicSignalsError(circuit);
      return result;
    });
    results.set(provable, {
      label: provable.label,
      statement: provable.statement,
      proof: proofFromJson(made.proof),
      seconds: made.seconds,
    });
    done += circuits[circuit].rows;
    report(done, total, provable.label);
  };
  try {
    const order = [...provables].sort(
      (a, b) => circuits[b.statement.circuit].rows - circuits[a.statement.circuit].rows,
    );
    const outcomes = await Promise.allSettled(order.map(one));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  } finally {
    await pool.close();
  }
  return provables.map((provable) => results.get(provable) as Proved);
}

/** The circuit computed other public signals than the statement has. */
export class PublicSignalsError extends Error {
  override readonly name = "Proving.PublicSignals";
  constructor(circuit: string) {
    super(
      `The ${circuit} circuit arrives at other public signals than the statement. Circuits and program are of different versions: run "quittance setup" again.`,
    );
  }
}
