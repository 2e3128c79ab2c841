/**
 * The records behind a batch's root, as the project keeps them: what the proof of training opens. They are
 * the contributors' private data (features, classes, salts), so they stay in the project folder.
 */
import type { DataRecord, Profile } from "../prover/index.ts";
import type { Project } from "./project.ts";

/** Records as they are kept, and handed to a validator. */
export type KeptRecords = {
  readonly features: Uint8Array;
  readonly klass: readonly number[];
  readonly digest: readonly bigint[];
  readonly salt: readonly bigint[];
};

const nameOf = (root: bigint): string => `batches/${root.toString(16).padStart(64, "0")}`;

/** Keeps the records behind a root. */
export function keepRecords(project: Project, root: bigint, records: readonly DataRecord[]): void {
  project.writeState(nameOf(root), packRecords(records));
}

/** Records as they are kept. */
export function packRecords(records: readonly DataRecord[]): KeptRecords {
  return {
    features: Buffer.concat(records.map(({ features }) => Buffer.from(features))),
    klass: records.map(({ klass }) => klass),
    digest: records.map(({ digest }) => digest),
    salt: records.map(({ salt }) => salt),
  };
}

/** The records behind a root. Throws {@link RecordsMissingError}. */
export function recordsOf(project: Project, root: bigint, profile: Profile): DataRecord[] {
  const kept = project.readState<KeptRecords>(nameOf(root));
  if (kept === undefined) throw new RecordsMissingError(project.folder, root);
  return unpackRecords(kept, profile);
}

/** The records again. */
export function unpackRecords(kept: KeptRecords, profile: Profile): DataRecord[] {
  const bytes = new Int8Array(kept.features.buffer, kept.features.byteOffset, kept.features.byteLength);
  return kept.klass.map((klass, index) => ({
    features: bytes.slice(index * profile.d, (index + 1) * profile.d),
    klass,
    digest: kept.digest[index] ?? 0n,
    salt: kept.salt[index] ?? 0n,
    weight: 1,
  }));
}

/** The records of a batch are not in the project. */
export class RecordsMissingError extends Error {
  override readonly name = "Records.Missing";
  constructor(folder: string, root: bigint) {
    super(
      `The records behind batch root ${root} are not in ${folder}: restore its state folder, or train again from the data.`,
    );
  }
}
