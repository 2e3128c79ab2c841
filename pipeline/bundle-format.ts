/**
 * The epoch bundle: one JSON file with everything that somebody needs, besides the verifying keys, to check
 * an epoch offline: who contributed which signed batches, what the model committed to, the signed receipts,
 * every proof with its public signals, and who was paid what.
 *
 * It holds no private data: receipts appear as commitments (leaves) with the operator's signature, not with
 * the question or the answer; matrices appear as commitments only. Numbers above 2^53 are decimal strings.
 *
 * Reading and writing files is bundle.ts; nothing here is Node's.
 */
import { z } from "zod";
import { forEachCircuit, PROFILE_NAMES, type Proof } from "../prover/browser.ts";

const decimal = z.string().regex(/^(0|[1-9][0-9]{0,77})$/, "a decimal number");
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "an address");
const hex32 = z.string().regex(/^0x[0-9a-f]{64}$/, "32 bytes in hex");
const sha = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 in hex");
/** r, s and v, with v as the contracts take it: some libraries read others as if they were 27 or 28. */
const signature = z.string().regex(/^0x[0-9a-f]{128}1[bc]$/, "a signature in hex");
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const proofSchema = z.strictObject({
  a: z.tuple([decimal, decimal]),
  b: z.tuple([z.tuple([decimal, decimal]), z.tuple([decimal, decimal])]),
  c: z.tuple([decimal, decimal]),
});

const receiptSchema = z.strictObject({
  requestId: hex32,
  payer: address,
  feeUnits: count,
  leaf: decimal,
  dueBy: count,
  signature,
});

const batchSchema = z.strictObject({ id: decimal, root: decimal, count, signature });

const circuitKey = z.strictObject({ circuitHash: sha, vkeyHash: sha });

/** The shape of a bundle; unknown fields are refused, so that nothing unverified rides along. */
export const bundleSchema = z.strictObject({
  format: z.literal("quittance-epoch/2"),
  profile: z.enum(PROFILE_NAMES),
  chainId: count,
  contracts: z.strictObject({
    datanets: address,
    models: address,
    epochs: address,
    training: address,
  }),
  keys: z.strictObject({
    kind: z.enum(["local", "ceremony"]),
    circuits: z.strictObject(forEachCircuit(circuitKey)),
  }),
  model: z.strictObject({
    id: hex32,
    operator: address,
    nonce: decimal,
    datanet: decimal,
    datanetVersion: count,
    parent: hex32,
    token: address,
    backbone: sha,
    commitW: decimal,
    commitA: decimal,
    commitR: decimal,
    lambda: count,
    samples: count,
    feeUnitWei: decimal,
    unproven: z.boolean(),
    contributors: z.array(
      z.strictObject({ account: address, commitG: decimal, batches: z.array(batchSchema) }),
    ),
  }),
  /** The proof of training; null for a model that is registered as unproven. Batches in the model's order. */
  training: z.nullable(
    z.strictObject({
      commitV: decimal,
      samples: z.array(z.strictObject({ g: decimal, a: decimal, proof: proofSchema })),
      contributors: z.array(
        z.strictObject({ commitG: z.array(decimal), value: z.array(decimal), proof: proofSchema }),
      ),
      model: z.strictObject({ wValue: decimal, aValue: decimal, rValue: decimal, proof: proofSchema }),
    }),
  ),
  epoch: count,
  inference: z.array(
    z.strictObject({
      context: decimal,
      commitQIn: decimal,
      commitQOut: decimal,
      receiptsRoot: decimal,
      feeTotal: decimal,
      receipts: z.array(receiptSchema),
      proof: proofSchema,
    }),
  ),
  adjoint: z.strictObject({ commitQ: decimal, commitY: decimal, proof: proofSchema }),
  weights: z.array(z.strictObject({ commitG: z.array(decimal), w: z.array(decimal), proof: proofSchema })),
  /** Amounts in the smallest unit of the model's token. */
  settlement: z.strictObject({
    carryInWei: decimal,
    poolWei: decimal,
    /** Basis points of the fees, as they were when the epoch was committed. */
    split: z.strictObject({ protocolBps: count, developerBps: count, validatorsBps: count }),
    sharesWei: z.strictObject({ protocol: decimal, developer: decimal, validators: decimal }),
    /** What the contributors share: the pool less the shares. */
    earningsWei: decimal,
    sumWeights: decimal,
    /** What each contributor had earned with the model before, in the model's order. */
    previousWei: z.array(decimal),
    payoutsWei: z.array(decimal),
    /** Root of what they have earned by now, which claims are proven against. */
    earningsRoot: hex32,
    carryOutWei: decimal,
  }),
});

/** A parsed and shape-checked bundle. */
export type EpochBundle = z.infer<typeof bundleSchema>;

/** A proof as a bundle holds it: affine coordinates, G2 as (c0, c1). */
export function bundleProof({ a, b, c }: Proof): EpochBundle["adjoint"]["proof"] {
  const pair = ([x, y]: readonly [bigint, bigint]): [string, string] => [String(x), String(y)];
  return { a: pair(a), b: [pair(b[0]), pair(b[1])], c: pair(c) };
}

/** The proof that a bundle holds. */
export function proofOfBundle({ a, b, c }: EpochBundle["adjoint"]["proof"]): Proof {
  const pair = ([x, y]: readonly [string, string]): [bigint, bigint] => [BigInt(x), BigInt(y)];
  return { a: pair(a), b: [pair(b[0]), pair(b[1])], c: pair(c) };
}

/** Shape-checks a bundle that was read elsewhere. */
export function parseBundle(json: unknown, where = "the bundle"): EpochBundle {
  const parsed = bundleSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BundleFormatError(
    where,
    `${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`,
  );
}

/** The file is not an epoch bundle. */
export class BundleFormatError extends Error {
  override readonly name = "Bundle.Format";
  constructor(where: string, reason: string, cause?: unknown) {
    super(
      `${where} is not an epoch bundle (${reason}). Ask whoever sent it for the file that "quittance settle" wrote.`,
      {
        cause,
      },
    );
  }
}
