/**
 * The two files of a hand-over: what a contributor is asked to sign, and what it answers.
 *
 *     request   operator → contributor   typed data of every batch, and the records that its root opens
 *     answer    contributor → operator   signatures, with what they sign
 *
 * A request holds contents, labels, features and salts of one contributor: it goes to that contributor and to
 * nobody else, so it is written with mode 0600. An answer holds nothing that does not come to stand on chain.
 * Neither is believed: whoever reads a request checks it (handover-check.ts), whoever reads an answer
 * recovers its signers (handover.ts).
 *
 * Numbers have bounds and lists fit each other before anything is computed from them. Names are shown at a
 * terminal that is not their writer's, so they hold no control characters.
 */
import { z } from "zod";
import { type DataRecord, loadProfile, PROFILE_NAMES, type Profile } from "../prover/index.ts";
import { natural, openRecords, readPlainFile, recordsSchema } from "./batch-file.ts";
import { BATCH_TYPES, type BatchMessage } from "./chain/ids.ts";
import { checksumAddress, isAddressText, type TypedDomain } from "./engine/ethers.ts";
import { packRecords } from "./records.ts";
import { canonical, type Plain, writeFileAtomic } from "./store.ts";

const shown = z
  .string()
  .max(200)
  .regex(/^\P{Cc}+$/u, "a name without control characters");
const address = z.string().refine(isAddressText, "an address").transform(checksumAddress);
const count = z.number().int().min(1).max(65_535);

const domainSchema = z.strictObject({
  name: z.literal("Quittance"),
  version: z.literal("1"),
  chainId: z.number().int().min(1),
  verifyingContract: address,
});
const messageSchema = z.strictObject({ datanet: natural, contributor: address, root: natural, count });
const typesSchema = z.custom<typeof BATCH_TYPES>(
  (value) => canonical(value as Plain) === canonical(BATCH_TYPES),
  "the types of a batch, as the contract has them",
);
const signed = { primaryType: z.literal("Batch"), types: typesSchema, domain: domainSchema };

const requestSchema = z.strictObject({
  format: z.literal("quittance-signing-request/1"),
  profile: z.enum(PROFILE_NAMES),
  contributor: shown,
  account: address,
  backbone: z.string().regex(/^[0-9a-f]{64}$/, "the hash of a backbone"),
  labels: z.array(shown).max(65_535).optional(),
  ...signed,
  batches: z
    .array(
      z.strictObject({
        message: messageSchema,
        records: recordsSchema,
        contents: z.array(z.instanceof(Uint8Array)),
      }),
    )
    .min(1)
    .max(65_535),
});

const answerSchema = z.strictObject({
  format: z.literal("quittance-signed-batches/1"),
  ...signed,
  batches: z
    .array(
      z.strictObject({
        message: messageSchema,
        signature: z.string().regex(/^0x[0-9a-f]{130}$/, "a signature in hex"),
      }),
    )
    .min(1)
    .max(65_535),
});

/** A batch that a contributor is asked to sign, with what its root opens, in the order of its leaves. */
export type RequestedBatch = {
  readonly message: BatchMessage;
  readonly records: readonly DataRecord[];
  readonly contents: readonly Uint8Array[];
};

/** What a contributor is asked to sign. */
export type SigningRequest = {
  readonly profile: Profile;
  /** What the operator calls the contributor. */
  readonly contributor: string;
  readonly account: string;
  /** SHA-256 of the backbone's file, in hex. */
  readonly backbone: string;
  /** Names of the classes by their numbers, where the operator's project has names. */
  readonly labels?: readonly string[];
  readonly domain: TypedDomain;
  readonly batches: readonly RequestedBatch[];
};

/** A contributor's answer. */
export type SignedBatches = {
  readonly domain: TypedDomain;
  readonly batches: ReadonlyArray<{ readonly message: BatchMessage; readonly signature: string }>;
};

const typed = { primaryType: "Batch", types: BATCH_TYPES };

/** Writes a request, mode 0600. */
export function writeRequest(path: string, { profile, batches, ...rest }: SigningRequest): void {
  const packed = batches.map(({ records, ...one }) => ({ ...one, records: packRecords(records) }));
  const content = { format: "quittance-signing-request/1", ...typed, profile: profile.name, ...rest };
  writeFileAtomic(path, `${canonical({ ...content, batches: packed } as unknown as Plain)}\n`, 0o600);
}

/** Reads a request. Throws {@link HandoverFileError}. */
export function readRequest(path: string): SigningRequest {
  const refuse = (reason: string, cause?: unknown) =>
    new HandoverFileError(path, "a request to sign batches", "--prepare", reason, cause);
  const { batches, labels, ...read } = readPlainFile(path, requestSchema, refuse);
  const profile = loadProfile(read.profile);
  const samples = batches.reduce((sum, { records }) => sum + records.klass.length, 0);
  if (samples > profile.maxSamples) throw refuse(`${samples} samples, at most ${profile.maxSamples}`);
  const { contributor, account, backbone, domain } = read;
  const opened = batches.map(({ message, records, contents }, index): RequestedBatch => {
    const { klass, digest, salt } = records;
    const own = openRecords(records, profile);
    if (own === undefined || contents.length !== own.length || own.length === 0)
      throw refuse(`batches.${index} has lists of different lengths`);
    if (own.length > profile.batchRecords)
      throw refuse(`batches.${index} has ${own.length} records, at most ${profile.batchRecords}`);
    if (klass.some((one) => one >= profile.classes))
      throw refuse(`batches.${index} has a class that profile ${profile.name} has not`);
    if ([...digest, ...salt].some((one) => one >= 1n << 248n))
      throw refuse(`batches.${index} has a digest or a salt of more than 248 bits`);
    return { message, records: own, contents };
  });
  const names = labels === undefined ? {} : { labels };
  return { profile, contributor, account, backbone, ...names, domain, batches: opened };
}

/** Writes an answer. */
export function writeSigned(path: string, { domain, batches }: SignedBatches): void {
  const content = { format: "quittance-signed-batches/1", ...typed, domain, batches };
  writeFileAtomic(path, `${canonical(content as unknown as Plain)}\n`);
}

/** Reads an answer. Throws {@link HandoverFileError}. */
export function readSigned(path: string): SignedBatches {
  const refuse = (reason: string, cause?: unknown) =>
    new HandoverFileError(path, "signed batches", "--sign", reason, cause);
  const { domain, batches } = readPlainFile(path, answerSchema, refuse);
  return { domain, batches };
}

/** Not a file of a hand-over. */
export class HandoverFileError extends Error {
  override readonly name = "Handover.File";
  constructor(path: string, what: string, option: string, reason: string, cause?: unknown) {
    super(
      `${path} does not hold ${what} (${reason}). Ask for what "quittance contribute ${option}" writes.`,
      {
        cause,
      },
    );
  }
}
