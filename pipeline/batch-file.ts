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
import { type DataRecord, loadProfile, type Profile, type ProfileName } from "../prover/index.ts";
import type { Deployment } from "./chain/deploy.ts";
import { sameAddress } from "./engine/ethers.ts";
import { type KeptRecords, packRecords, unpackRecords } from "./records.ts";
import { canonical, type Plain, parsePlain, writeFileAtomic } from "./store.ts";

/** A number that is not negative. */
export const natural = z.custom<bigint>((value) => typeof value === "bigint" && value >= 0n, "a number");
/** Records as files hold them, {@link KeptRecords}; whether their lists fit, {@link openRecords} says. */
export const recordsSchema = z.strictObject({
  features: z.instanceof(Uint8Array),
  klass: z.array(z.number().int().min(0)),
  digest: z.array(natural),
  salt: z.array(natural),
});
const schema = z.strictObject({
  format: z.literal("quittance-batches/1"),
  chainId: z.number().int().min(1),
  datanets: z.string(),
  datanet: natural,
  profile: z.string(),
  batches: z.array(z.strictObject({ id: natural, records: recordsSchema })),
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
  const refuse = (reason: string, cause?: unknown) => new BatchFileError(path, reason, cause);
  const { format: _format, batches, ...where } = readPlainFile(path, schema, refuse);
  if (where.profile !== profile.name) throw refuse(`it is of profile ${where.profile}`);
  return {
    ...where,
    batches: batches.map(({ id, records }) => ({
      id,
      records: openRecords(records, profile) ?? raise(refuse(`batch ${id} has lists of different lengths`)),
    })),
  };
}

/** Reads a deployment's batches, with its profile. Throws {@link BatchFileError}. */
export function openBatchFile(
  path: string,
  { profile: name, chainId, datanets }: Pick<Deployment, "profile" | "chainId" | "datanets">,
): { readonly given: BatchFile; readonly profile: Profile } {
  const profile = loadProfile(name as ProfileName);
  const given = readBatchFile(path, profile);
  if (given.chainId !== chainId || !sameAddress(given.datanets, datanets))
    throw new BatchFileError(path, "it is of another deployment");
  return { given, profile };
}

/** A file of plain values by its schema; `refuse` makes the error for what is none. */
export function readPlainFile<T>(
  path: string,
  schema: z.ZodType<T>,
  refuse: (reason: string, cause?: unknown) => Error,
): T {
  const text = readFileSync(path, "utf8");
  let json: unknown;
  try {
    json = parsePlain(text);
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw refuse(`${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`);
}

/** Records of a file; undefined where its lists are of different lengths. */
export function openRecords(records: KeptRecords, profile: Profile): DataRecord[] | undefined {
  const { klass, digest, salt, features } = records;
  const lengths = [digest.length, salt.length, features.length / profile.d];
  return lengths.some((length) => length !== klass.length) ? undefined : unpackRecords(records, profile);
}

function raise(error: Error): never {
  throw error;
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
