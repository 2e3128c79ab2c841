/**
 * Samples on the disk, as scoring streams them: `d + 1` bytes each, whatever their content was.
 *
 *   features.i8     n × d bytes, row by row, signed; nothing else
 *   labels.u8       n bytes, the class of each
 *   manifest.json   format, d, classes, samples, SHA-256 of both files, and runs: who contributed which rows
 *
 * A contributor's samples stand together (batches are one contributor's), so who contributed what costs a
 * line a contributor and not bytes a sample. The files are raw so that a block of them is a tensor as it is.
 */
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, readFileSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../../store.ts";
import { ScoringInputError } from "./head.ts";

/** Rows that one contributor's samples take. */
export type Run = { readonly contributor: number; readonly start: number; readonly count: number };

/** Rows of samples. Arrays may be longer than `rows`. */
export type Rows = { readonly rows: number; readonly features: Int8Array; readonly labels: Uint8Array };

/** Samples that can be read in any block. */
export type Features = {
  readonly d: number;
  readonly samples: number;
  readonly bytesPerSample: number;
  readonly runs: readonly Run[];
  /** The rows from `start`, at most `count`. */
  readonly read: (start: number, count: number) => Promise<Rows>;
  readonly close: () => Promise<void>;
};

const manifestSchema = z.strictObject({
  format: z.literal("quittance-features/1"),
  d: z.number().int().min(1),
  classes: z.number().int().min(1).max(256),
  samples: z.number().int().min(0),
  sha256: z.strictObject({ features: z.string(), labels: z.string() }),
  runs: z.array(
    z.strictObject({
      contributor: z.number().int().min(0),
      start: z.number().int().min(0),
      count: z.number().int().min(1),
    }),
  ),
});

/** What a folder of features says of itself. */
export type FeaturesManifest = z.infer<typeof manifestSchema>;

/** Samples that lie in memory. */
export function featuresInMemory(of: {
  readonly d: number;
  readonly features: Int8Array;
  readonly labels: ArrayLike<number>;
  readonly runs?: readonly Run[];
}): Features {
  const { d, features } = of;
  const labels = Uint8Array.from(of.labels);
  const samples = labels.length;
  if (features.length !== samples * d) {
    throw new ScoringInputError(`${features.length} features do not fit ${samples} labels of ${d} features.`);
  }
  const runs = of.runs ?? (samples === 0 ? [] : [{ contributor: 0, start: 0, count: samples }]);
  checkRuns(runs, samples);
  return {
    d,
    samples,
    bytesPerSample: d + 1,
    runs,
    read: async (start, count) => {
      const end = Math.min(samples, start + count);
      return {
        rows: end - start,
        features: features.subarray(start * d, end * d),
        labels: labels.subarray(start, end),
      };
    },
    close: async () => {},
  };
}

/** Writes blocks of rows as a folder of features; the manifest comes last, and never half. */
export async function writeFeatures(
  folder: string,
  of: { readonly d: number; readonly classes: number; readonly runs?: readonly Run[] },
  blocks: AsyncIterable<Rows> | Iterable<Rows>,
): Promise<FeaturesManifest> {
  mkdirSync(folder, { recursive: true });
  const files = await Promise.all(NAMES.map((name) => open(join(folder, name), "w")));
  const hashes = NAMES.map(() => createHash("sha256"));
  let samples = 0;
  try {
    for await (const { rows, features, labels } of blocks) {
      const bytes = new Uint8Array(features.buffer, features.byteOffset, rows * of.d);
      const parts = [bytes, labels.subarray(0, rows)];
      for (const [i, part] of parts.entries()) {
        hashes[i]?.update(part);
        await files[i]?.writeFile(part);
      }
      samples += rows;
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
  const runs = of.runs ?? (samples === 0 ? [] : [{ contributor: 0, start: 0, count: samples }]);
  checkRuns(runs, samples);
  const [features = "", labels = ""] = hashes.map((hash) => hash.digest("hex"));
  const manifest: FeaturesManifest = {
    format: "quittance-features/1",
    d: of.d,
    classes: of.classes,
    samples,
    sha256: { features, labels },
    runs: [...runs],
  };
  writeFileAtomic(join(folder, "manifest.json"), `${JSON.stringify(manifest)}\n`);
  return manifest;
}

/**
 * Opens a folder of features. Sizes are always checked; `verify` reads the files through and compares their
 * hashes too.
 *
 * @throws FeaturesFormatError
 */
export async function openFeatures(
  folder: string,
  options: { readonly verify?: boolean } = {},
): Promise<Features> {
  const { d, samples, runs, sha256 } = readManifest(folder);
  for (const [name, size, hash] of [
    ["features.i8", samples * d, sha256.features],
    ["labels.u8", samples, sha256.labels],
  ] as const) {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false })?.size;
    if (found !== size)
      throw new FeaturesFormatError(path, `has ${found ?? "no"} bytes and should have ${size}`);
    if (options.verify === true && (await hashOf(path)) !== hash)
      throw new FeaturesFormatError(path, "is not what its manifest's hash says");
  }
  const [features, labels] = (await Promise.all(NAMES.map((name) => open(join(folder, name), "r")))) as [
    FileHandle,
    FileHandle,
  ];
  return {
    d,
    samples,
    bytesPerSample: d + 1,
    runs,
    read: async (start, count) => {
      const rows = Math.max(0, Math.min(count, samples - start));
      const block = { rows, features: new Int8Array(rows * d), labels: new Uint8Array(rows) };
      await Promise.all([
        readWhole(features, block.features, start * d),
        readWhole(labels, block.labels, start),
      ]);
      return block;
    },
    close: async () => {
      await features.close();
      await labels.close();
    },
  };
}

const NAMES = ["features.i8", "labels.u8"] as const;

async function readWhole(file: FileHandle, into: Int8Array | Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < into.byteLength; ) {
    const { bytesRead } = await file.read(into, done, into.byteLength - done, position + done);
    if (bytesRead === 0) throw new FeaturesFormatError("The features", "were cut short while they were read");
    done += bytesRead;
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest("hex");
}

function readManifest(folder: string): FeaturesManifest {
  const path = join(folder, "manifest.json");
  let manifest: FeaturesManifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new FeaturesFormatError(path, "is no manifest of features", cause);
  }
  checkRuns(manifest.runs, manifest.samples);
  return manifest;
}

function checkRuns(runs: readonly Run[], samples: number): void {
  let next = 0;
  for (const { start, count } of runs) {
    if (start !== next) break;
    next = start + count;
  }
  if (next !== samples)
    throw new ScoringInputError(`The contributors' runs do not cover ${samples} samples once, in order.`);
}

/** A folder that holds no features, or damaged ones. */
export class FeaturesFormatError extends Error {
  override readonly name = "Features.Format";
  constructor(path: string, reason: string, cause?: unknown) {
    super(`${path} ${reason}. Write the features again from their samples.`, { cause });
  }
}
