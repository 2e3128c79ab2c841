/**
 * `quittance worker`: takes jobs from the queue, on as many machines as there are.
 *
 * A worker compiles (or has cached) its own circuits and serves the queue of exactly these; jobs for other
 * circuits lie in other queues, which it names and leaves alone. Proving keys are content: those it lacks
 * come from the blob store, by hash. It may be killed at any time; asked to stop, it finishes what it has in
 * hand.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import {
  CIRCUIT_NAMES,
  type Circuit,
  type CircuitName,
  loadKeys,
  type ProfileName,
} from "../../prover/index.ts";
import { type Blobs, hashFile } from "../durable/blobs.ts";
import { type JobStore, openJobStore } from "../durable/store.ts";
import { type JobQueue, openQueue } from "../engine/pgboss.ts";
import { openPool } from "../engine/pool.ts";
import { cacheFolder, keysFolder } from "../environment.ts";
import { readyCircuits } from "../setup.ts";
import { parsePlain } from "../store.ts";
import { FEATURES_QUEUE, openFeaturesWork } from "./features.ts";
import { computeProof, type ProofPayload } from "./proving.ts";
import { proofsQueue, ticketSchema } from "./remote.ts";

/** The kinds of jobs a worker may serve. */
export const WORKER_QUEUES = ["proofs", "features"] as const;
export type WorkerQueue = (typeof WORKER_QUEUES)[number];

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const proofSchema = z.object({
  circuit: z.enum(CIRCUIT_NAMES),
  circuitHash: hash,
  zkey: hash,
  signals: z.array(z.string()),
  input: z.record(z.unknown()),
});
const featuresSchema = z.object({ backbone: hash, contents: z.array(z.instanceof(Uint8Array)) });

/** Jobs of other circuits are looked for this often. */
const STRANGERS_MS = 15_000;

export type WorkerOptions = {
  readonly url: string;
  readonly queues: readonly WorkerQueue[];
  readonly profile: ProfileName;
  readonly threads: number;
  /** Bound of each proving thread's JavaScript heap. */
  readonly memoryMib?: number;
  readonly blobs: Blobs;
  readonly notice: (message: string) => void;
  readonly signal: AbortSignal;
};

/** Serves the queues until the signal; returns when the last job in hand is finished. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { url, queues, profile, threads, memoryMib, blobs, notice, signal } = options;
  const store = openJobStore({ database: { url }, blobs, notice });
  const circuits = queues.includes("proofs") ? await readyCircuits(profile) : undefined;
  const pool = openPool(new URL("./prove.ts", import.meta.url), threads, memoryMib);
  const features = openFeaturesWork(store);
  const zkeys = openZkeys(blobs, profile);
  await store.ledger();
  const queue = await openQueue(url, notice);
  let watch: NodeJS.Timeout | undefined;
  try {
    if (circuits !== undefined) {
      const name = proofsQueue(circuits);
      await queue.serve(name, threads, (ticket) =>
        serveTicket(store, ticket, async (payload) => {
          const wanted = proofSchema.parse(payload);
          const circuit = fittingCircuit(circuits, wanted);
          const zkeyPath = await zkeys(wanted.zkey);
          return computeProof(pool, wanted, { zkeyPath, wasmPath: circuit.wasmPath });
        }),
      );
      watch = watchStrangers(queue, name, notice);
    }
    if (queues.includes("features")) {
      await queue.serve(FEATURES_QUEUE, 1, (ticket) =>
        serveTicket(store, ticket, (payload) => features.compute(featuresSchema.parse(payload))),
      );
    }
    notice(`Ready: ${queues.join(", ")} with ${threads} thread(s), content in ${blobs.where}.`);
    await aborted(signal);
  } finally {
    clearInterval(watch);
    await queue.close();
    await pool.close();
    await features.close();
    await store.close();
  }
}

async function serveTicket(
  store: JobStore,
  data: object,
  compute: (payload: unknown) => ReturnType<typeof computeProof>,
): Promise<void> {
  const ticket = ticketSchema.parse(data);
  const book = await store.ledger();
  if ((await book.made([ticket.key])).has(ticket.key)) return;
  await store.attempt(ticket, async () => {
    const input = await store.blobs.get(ticket.input);
    if (input === undefined) throw new InputMissingError(ticket.label, store.blobs.where);
    return compute(parsePlain(Buffer.from(input).toString("utf8")));
  });
}

/** This worker's circuit for a job. Throws {@link RefusedError} unless it is exactly the one asked for. */
export function fittingCircuit(
  circuits: Readonly<Record<CircuitName, Circuit>>,
  { circuit, circuitHash }: Pick<ProofPayload, "circuit" | "circuitHash">,
): Circuit {
  const mine = (circuits as Readonly<Record<string, Circuit | undefined>>)[circuit];
  if (mine?.hash !== circuitHash) throw new RefusedError(circuit, circuitHash, mine?.hash);
  return mine;
}

/** Says which jobs are not for this worker, once for each version. */
function watchStrangers(queue: JobQueue, mine: string, notice: (message: string) => void): NodeJS.Timeout {
  const told = new Set<string>();
  const look = async (): Promise<void> => {
    for (const [name, count] of await queue.waiting()) {
      if (!name.startsWith("proofs.") || name === mine || told.has(name)) continue;
      told.add(name);
      notice(
        `Refused: ${count} job(s) in ${name} are for another version or profile of the circuits; this worker ` +
          `has ${mine}. They are left to workers that have theirs: update this one, or start one with the right --profile.`,
      );
    }
  };
  const quietly = (): void => void look().catch(() => {});
  quietly();
  return setInterval(quietly, STRANGERS_MS);
}

/** Paths of proving keys by hash: the machine's own keys, else copies from the blob store in the cache. */
function openZkeys(blobs: Blobs, profile: ProfileName): (hash: string) => Promise<string> {
  const paths = new Map<string, Promise<string>>();
  const find = async (hash: string): Promise<string> => {
    const own = await loadKeys(keysFolder(profile)).catch(() => undefined);
    const entry = Object.entries(own?.manifest.circuits ?? {}).find(([, key]) => key.zkey.sha256 === hash);
    if (own !== undefined && entry !== undefined) return own.zkeyPath(entry[0] as CircuitName);
    const path = join(cacheFolder(), "zkeys", `${hash}.zkey`);
    if (existsSync(path) && (await hashFile(path)) === hash) return path;
    if (!(await blobs.getFile(hash, path))) throw new ZkeyMissingError(hash, blobs.where);
    return path;
  };
  return (hash) => {
    const path = paths.get(hash) ?? find(hash);
    paths.set(hash, path);
    path.catch(() => paths.delete(hash));
    return path;
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The job is for other circuits than this worker has. */
export class RefusedError extends Error {
  override readonly name = "Worker.Refused";
  constructor(circuit: string, wanted: string, mine: string | undefined) {
    super(
      `This worker has circuit ${circuit} ${mine?.slice(0, 16) ?? "not at all"} and the job is for ` +
        `${wanted.slice(0, 16)}. Update the worker, or leave the job to one of the right version.`,
    );
  }
}

/** A job's input is not where this worker looks. */
export class InputMissingError extends Error {
  override readonly name = "Worker.InputMissing";
  constructor(label: string, where: string) {
    super(
      `The input of ${label} is not in ${where}. Give this worker the folder (--blobs, QUITTANCE_BLOBS) or ` +
        "bucket that the submitting command uses.",
    );
  }
}

/** The proving key that a job names is nowhere. */
export class ZkeyMissingError extends Error {
  override readonly name = "Worker.ZkeyMissing";
  constructor(hash: string, where: string) {
    super(
      `Proving key ${hash} is neither in this machine's keys nor in ${where}. Run the submitting command again: ` +
        "it puts the key there.",
    );
  }
}
