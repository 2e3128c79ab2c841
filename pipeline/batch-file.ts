/**
 * Batches as they are handed to a validator: the records behind their roots, in one file.
 *
 * A validator cannot judge what it cannot open, and a contributor shows its records to nobody else; so this
 * file goes from who holds them (`quittance datanet export`) to validators, off the chain. It holds features,
 * classes, digests and salts, and no contents: whoever has it can tell whether a content that it knows is in
 * a batch. What it says is not believed: roots and numbers are compared with the chain's.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { DataRecord, Profile } from "../prover/index.ts";
import { type KeptRecords, packRecords, unpackRecords } from "./records.ts";
import { canonical, type Plain, parsePlain, writeFileAtomic } from "./store.ts";

const number = z.custom<bigint>((value) => typeof value === "bigint" && value >= 0n, "a number");
const schema = z.strictObject({
  format: z.literal("quittance-batches/1"),
  chainId: z.number().int().min(1),
  datanets: z.string(),
  datanet: number,
  profile: z.string(),
  batches: z.array(
    z.strictObject({
      id: number,
      records: z.strictObject({
        features: z.instanceof(Uint8Array),
        klass: z.array(z.number().int().min(0)),
        digest: z.array(number),
        salt: z.array(number),
      }),
    }),
  ),
});

/** Batches with their records. */
export type BatchFile = {
  readonly chainId: number;
  /** Address of the contract that recorded them. */
  readonly datanets: string;
  readonly datanet: bigint;
  readonly profile: string;
  readonly batches: readonly { readonly id: bigint; readonly records: readonly DataRecord[] }[];
};

/** Writes a file for validators' eyes, mode 0600. */
export function writeBatchFile(path: string, { batches, ...where }: BatchFile): void {
  const packed = batches.map(({ id, records }) => ({ id, records: packRecords(records) }));
  const content = { format: "quittance-batches/1", ...where, batches: packed };
  writeFileAtomic(path, `${canonical(content as unknown as Plain)}\n`, 0o600);
}

/** Reads one. Throws {@link BatchFileError}. */
export function readBatchFile(path: string, profile: Profile): BatchFile {
  const text = readFileSync(path, "utf8");
  let json: unknown;
  try {
    json = parsePlain(text);
  } catch (cause) {
    throw new BatchFileError(path, (cause as Error).message, cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BatchFileError(
      path,
      `${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`,
    );
  }
  const { format: _format, batches, ...where } = parsed.data;
  if (where.profile !== profile.name) throw new BatchFileError(path, `it is of profile ${where.profile}`);
  for (const { id, records } of batches) {
    const { klass, digest, salt, features } = records as KeptRecords;
    const lengths = [digest.length, salt.length, features.length / profile.d];
    if (lengths.some((length) => length !== klass.length))
      throw new BatchFileError(path, `batch ${id} has lists of different lengths`);
  }
  return {
    ...where,
    batches: batches.map(({ id, records }) => ({
      id,
      records: unpackRecords(records as KeptRecords, profile),
    })),
  };
}

/** The file is not one of batches. */
export class BatchFileError extends Error {
  override readonly name = "Batches.File";
  constructor(path: string, reason: string, cause?: unknown) {
    super(
      `${path} does not hold batches for this deployment (${reason}). Ask for what "quittance datanet export" writes.`,
      { cause },
    );
  }
}
