/**
 * Proofs as jobs, the biggest circuits first: on a pool of threads here, or by workers elsewhere. A proof's
 * key is the hash of circuit, proving key and public signals, so a run that was cut off proves only what is
 * missing, and a proof for other circuits or keys is another job.
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
import { databaseUrl } from "../durable/settings.ts";
import type { Computed, JobStore } from "../durable/store.ts";
import { openPool, type Pool } from "../engine/pool.ts";
import { canonical, type Plain, parsePlain } from "../store.ts";
import { runLocal } from "./local.ts";
import type { ProveResult, ProveTask } from "./prove.ts";
import { proofsQueue, runRemote } from "./remote.ts";
import { interruptible, type JobSpec, jobSpec, type Progress, type Work } from "./spec.ts";

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

/** Everything that a worker needs to make a proof, files by their hashes. */
export type ProofPayload = {
  readonly circuit: CircuitName;
  readonly circuitHash: string;
  readonly zkey: string;
  readonly signals: readonly string[];
  readonly input: ProveTask["input"];
};

/**
 * Proves everything; the result is in the order of `provables`. Throws {@link PublicSignalsError}, {@link
 * NoQueueError}, StoppedError, DeadLetterError and what the prover throws.
 */
export async function proveAll(of: {
  readonly provables: readonly Provable[];
  readonly profile: Profile;
  readonly circuits: Readonly<Record<CircuitName, Circuit>>;
  readonly keys: Keys;
  readonly store: JobStore;
  readonly threads: number;
  readonly report?: Progress;
  readonly work?: Work;
}): Promise<Proved[]> {
  const { provables, profile, circuits, keys, store, threads } = of;
  const { report = () => {}, work = { workers: "local" } } = of;
  const payloads = new Map<string, ProofPayload>();
  const jobs = provables.map((provable): JobSpec => {
    const { circuit } = provable.statement;
    const signals = publicSignals(provable.statement, profile);
    const { hash, rows } = circuits[circuit];
    const zkey = keys.manifest.circuits[circuit].zkey.sha256;
    const inputs = { circuit: hash, zkey, signals };
    const payload = {
      ...{ circuit, circuitHash: hash, zkey },
      signals: signals.map(String),
      input: provable.input,
    };
    const spec = jobSpec(
      { name: "proof", version: 1, inputs },
      { label: provable.label, weight: rows, payload: () => payload as Plain },
    );
    payloads.set(spec.key, payload);
    return spec;
  });
  const results = await interruptible(work, async (signal) => {
    if (work.workers === "remote") {
      return runRemote({
        ...{ jobs, store, signal, report, url: queueUrl(), queue: proofsQueue(circuits) },
        notice: work.notice ?? (() => {}),
        async prepare(missing) {
          const wanted = new Set(missing.map(({ key }) => payloads.get(key)?.circuit as CircuitName));
          for (const circuit of wanted) {
            const { sha256 } = keys.manifest.circuits[circuit].zkey;
            await store.blobs.putFile(keys.zkeyPath(circuit), sha256);
          }
        },
      });
    }
    const pool = openPool(new URL("./prove.ts", import.meta.url), threads);
    try {
      const compute = ({ key }: JobSpec): Promise<Computed> => {
        const payload = payloads.get(key) as ProofPayload;
        const { circuit } = payload;
        return computeProof(pool, payload, {
          zkeyPath: keys.zkeyPath(circuit),
          wasmPath: circuits[circuit].wasmPath,
        });
      };
      return await runLocal({ jobs, store, threads, compute, signal, report });
    } finally {
      await pool.close();
    }
  });
  return provables.map(({ label, statement }, index) => {
    const bytes = results.get((jobs[index] as JobSpec).key) as Uint8Array;
    const made = parsePlain(Buffer.from(bytes).toString("utf8")) as ProveResult;
    return { label, statement, proof: proofFromJson(made.proof), seconds: made.seconds };
  });
}

/** Makes one proof on a pool, with files that this machine has. Throws {@link PublicSignalsError}. */
export async function computeProof(
  pool: Pool,
  payload: ProofPayload,
  files: { readonly zkeyPath: string; readonly wasmPath: string },
): Promise<Computed> {
  const task: ProveTask = { ...files, input: payload.input };
  const result = await pool.run<ProveResult>("proveTask", task);
  if (result.publics.join() !== payload.signals.join()) throw new PublicSignalsError(payload.circuit);
  return { bytes: Buffer.from(canonical(result), "utf8"), seconds: result.seconds };
}

/** The server of the queue. Throws {@link NoQueueError}. */
export function queueUrl(): string {
  const url = databaseUrl();
  if (url === undefined) throw new NoQueueError();
  return url;
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

/** Remote workers without a queue. */
export class NoQueueError extends Error {
  override readonly name = "Jobs.NoQueue";
  constructor() {
    super(
      "Remote workers take their jobs from a Postgres server: put its address into DATABASE_URL " +
        "(postgres://user@host/database), or leave out --workers remote.",
    );
  }
}
