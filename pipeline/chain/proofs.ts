/**
 * Proofs as the contracts' batched calls take them, and what the chain says is still missing.
 *
 * The model's list of batches is stored as hashes of chunks, so a call brings the whole chunk of each batch
 * that it proves. Proving chunk by chunk is therefore cheapest; any other order works too.
 */
import type { Hex } from "../engine/ethers.ts";
import { type Batches, MODEL_STATUS, type ModelView } from "./types.ts";

/** Batches in a chunk, as `Models.chunkSize`. */
export const CHUNK_SIZE = 16;

/** A proof's eight words, see `proofWords`. */
export type Words = readonly bigint[];

/** A batch of a model, as `IModels.BatchEntry`; `contributor` is its contributor's place in the model. */
export type BatchEntry = { readonly root: bigint; readonly count: number; readonly contributor: number };

/** Training proofs to send: any of those that are missing, at least one. */
export type TrainingProofs = {
  /** All of the model's batches in its order: contributor by contributor, batch by batch. */
  readonly batches: readonly BatchEntry[];
  /** `index` is the batch's place in that list. */
  readonly samples?: readonly {
    readonly index: number;
    readonly g: bigint;
    readonly a: bigint;
    readonly proof: Words;
  }[];
  /** Whole groups: `nullG` and 0 fill the last one. */
  readonly contributors?: readonly {
    readonly group: number;
    readonly commitG: readonly bigint[];
    readonly values: readonly bigint[];
    readonly proof: Words;
  }[];
  readonly model?: {
    readonly wValue: bigint;
    readonly aValue: bigint;
    readonly rValue: bigint;
    readonly proof: Words;
  };
};

/** An epoch's proofs to send: any of those that are missing, at least one. */
export type EpochProofs = {
  readonly inference?: readonly { readonly batchIndex: number; readonly proof: Words }[];
  readonly adjoint?: Words;
  /** Whole groups: zeros and `nullG` fill the last one. */
  readonly weights?: readonly {
    readonly index: number;
    readonly w: readonly bigint[];
    readonly commitG: readonly bigint[];
    readonly proof: Words;
  }[];
};

/** How far a model's training proof is on the chain. */
export type TrainingProgress = {
  readonly status: (typeof MODEL_STATUS)[number];
  /** Registered as unproven. */
  readonly unproven: boolean;
  /** How often the proof was begun; 0: never. */
  readonly round: number;
  /** Statements that are still missing. */
  readonly remaining: number;
  /** 0 before the proof is begun. */
  readonly commitV: bigint;
  /** For `rhoOf`. Known from the model alone, so before the proof is begun too. */
  readonly seed: Hex;
  /** By batch, in the model's order: whether it is proven. Empty before the proof is begun. */
  readonly samples: readonly boolean[];
  /** By group. Empty before the proof is begun. */
  readonly contributors: readonly boolean[];
  readonly model: boolean;
};

/** `ITraining.Progress`. */
export type ProgressView = {
  readonly round: bigint;
  readonly remaining: bigint;
  readonly batches: bigint;
  readonly contributors: bigint;
  readonly modelProven: boolean;
  readonly commitV: bigint;
  readonly seed: Hex;
  readonly samples: readonly bigint[];
  readonly groups: readonly bigint[];
};

/** Arguments of `Training.prove` after the model's id. */
export function trainingArguments(proofs: TrainingProofs): readonly unknown[] {
  const samples = proofs.samples ?? [];
  const chunks = [...new Set(samples.map(({ index }) => Math.floor(index / CHUNK_SIZE)))].map((chunk) => ({
    chunk,
    entries: proofs.batches.slice(chunk * CHUNK_SIZE, (chunk + 1) * CHUNK_SIZE),
    proofs: samples
      .filter(({ index }) => Math.floor(index / CHUNK_SIZE) === chunk)
      .map((sample) => ({ ...sample, index: sample.index % CHUNK_SIZE })),
  }));
  return [chunks, proofs.contributors ?? [], proofs.model === undefined ? [] : [proofs.model]];
}

/** Arguments of `Epochs.prove` after the model's id and the epoch. */
export function epochArguments(batches: Batches, proofs: EpochProofs): readonly unknown[] {
  const weights = (proofs.weights ?? []).map(({ index, ...rest }) => ({ groupIndex: index, ...rest }));
  const { receiptsRoots, commitQ, feeTotals } = batches;
  const lists = { receiptsRoots, commitQ, feeTotals };
  return [lists, proofs.inference ?? [], proofs.adjoint === undefined ? [] : [proofs.adjoint], weights];
}

/** Joins what the model and its training proof say of themselves. */
export function progressOf(
  model: ModelView,
  view: ProgressView,
  groupSize: number,
  seed: Hex,
): TrainingProgress {
  const groups = Math.ceil(Number(view.contributors) / groupSize);
  return {
    status: MODEL_STATUS[Number(model.status)] ?? "none",
    unproven: model.unproven,
    round: Number(view.round),
    remaining: Number(view.remaining),
    commitV: view.commitV,
    seed,
    samples: bitsOf(view.samples, Number(view.batches)),
    contributors: bitsOf(view.groups, groups),
    model: view.modelProven,
  };
}

function bitsOf(words: readonly bigint[], count: number): boolean[] {
  const bit = (i: number): boolean => (((words[Math.floor(i / 256)] ?? 0n) >> BigInt(i % 256)) & 1n) === 1n;
  return Array.from({ length: count }, (_, i) => bit(i));
}
