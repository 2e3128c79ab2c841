/**
 * The views' shapes for `/openapi.json`, and as a fence: every object is strict, so that a field which nobody
 * decided to publish fails a test instead of leaving the house. `types.ts` says what each field means.
 */
import { z } from "zod";

const decimal = z.string().regex(/^(0|[1-9][0-9]*)$/);
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const address = z.string().regex(/^0x[0-9a-f]{40}$/);
const count = z.number().int().min(0);
const share = z.number().min(0).max(1);

/** How sure a statement is. */
export const assuranceSchema = z.enum(["proven", "reproducible", "attested", "governed", "open"]);

const words = <K extends string>(...names: readonly K[]) =>
  z.strictObject(
    Object.fromEntries(names.map((name) => [name, assuranceSchema])) as Record<K, typeof assuranceSchema>,
  );

const token = z.strictObject({ address, symbol: z.string(), decimals: count });
const transaction = z.strictObject({ what: z.string(), hash, block: count, at: count, gas: count });

const batch = z.strictObject({
  id: decimal,
  root: decimal,
  samples: count,
  status: z.enum(["pending", "accepted", "rejected"]),
  contributedAt: count,
  transaction: hash,
  position: count.optional(),
  withdrawnAt: count.optional(),
});

/** `DatanetView`. */
export const datanetSchema = z.strictObject({
  id: decimal,
  name: z.string().optional(),
  owner: address,
  createdAt: count,
  metadataURI: z.string(),
  metadataHash: hash,
  licence: z.string(),
  policy: z.enum(["open", "allowlist", "owner"]),
  validated: z.boolean(),
  tokens: z.array(token),
  versions: z.array(
    z.strictObject({ number: count, accepted: count, head: hash, publishedAt: count, transaction: hash }),
  ),
  accepted: count,
  samples: count,
  contributors: z.array(
    z.strictObject({ address, name: z.string().optional(), samples: count, batches: z.array(batch) }),
  ),
  models: z.array(hash),
  words: words("owner", "terms", "name", "batches", "verdicts", "withdrawals", "versions", "content"),
});

const epochState = z.enum(["open", "sealed", "committed", "settled", "expired"]);

const modelBase = {
  id: hash,
  name: z.string(),
  operator: address,
  datanet: decimal,
  datanetVersion: count,
  parent: hash.optional(),
  current: z.boolean(),
  frozen: z.boolean(),
  training: z.enum(["none", "committed", "proving", "proven"]),
  profile: z.string(),
  content: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("picture"), height: count, width: count }),
    z.strictObject({ kind: z.literal("text") }),
    z.strictObject({ kind: z.literal("bytes") }),
  ]),
  classes: count,
  labels: z.array(z.string()).readonly().optional(),
  samples: count,
  committedAt: count,
  epochs: z
    .array(
      z.strictObject({
        number: count,
        state: epochState,
        answers: count,
        feeUnits: decimal,
        dueBy: count.optional(),
        committedAt: count.optional(),
        settledAt: count.optional(),
        feesWei: decimal.optional(),
        earningsWei: decimal.optional(),
      }),
    )
    .readonly(),
  accuracy: z.strictObject({ share, samples: count }).optional(),
  price: z.strictObject({
    chainId: count,
    token,
    feeUnitWei: decimal,
    feeUnits: count.optional(),
    vault: address,
    operator: address,
    domain: z.strictObject({
      name: z.string(),
      version: z.string(),
      chainId: count,
      verifyingContract: address,
    }),
    maxFeeUnits: count,
  }),
};

const modelWords = [
  "identity",
  "samples",
  "training",
  "features",
  "answers",
  "due",
  "accuracy",
  "price",
  "name",
] as const;

/** `ModelSummary`. */
export const modelSummarySchema = z.strictObject({
  ...modelBase,
  contributors: count,
  words: words(...modelWords),
});

const link = z.strictObject({ id: hash, samples: count, contributors: count });

/** `ModelView`. */
export const modelSchema = z.strictObject({
  ...modelBase,
  backbone: z.string().regex(/^[0-9a-f]{64}$/),
  lambda: count,
  features: count,
  commitW: decimal,
  commitA: decimal,
  commitR: decimal,
  weightErrorBound: z.number(),
  lineage: z.strictObject({
    datanet: z.strictObject({ id: decimal, name: z.string().optional(), version: count }),
    ancestors: z.array(link),
    children: z.array(link),
  }),
  contributors: z.array(
    z.strictObject({
      address,
      name: z.string(),
      samples: count,
      batches: z.array(decimal),
      share,
      earnedWei: decimal,
      claimedWei: decimal,
      commitG: decimal,
    }),
  ),
  books: z.strictObject({
    depositedWei: decimal,
    withdrawnWei: decimal,
    unspentWei: decimal,
    poolWei: decimal,
    carryWei: decimal,
    sharedWei: decimal,
    owedWei: decimal,
    claimedWei: decimal,
  }),
  transactions: z.array(transaction),
  words: words(
    ...modelWords,
    "lineage",
    "batches",
    "weightErrorBound",
    "earned",
    "claimed",
    "books",
    "transactions",
  ),
});

/** `EpochView`. */
export const epochSchema = z.strictObject({
  model: hash,
  modelName: z.string(),
  number: count,
  state: epochState,
  token,
  dueBy: count.optional(),
  committedAt: count.optional(),
  expiresAt: count.optional(),
  settledAt: count.optional(),
  answers: z.array(
    z.strictObject({
      number: count,
      requestId: hash,
      payer: address,
      feeUnits: count,
      feeWei: decimal,
      leaf: decimal,
      dueBy: count,
      batch: count,
    }),
  ),
  contributors: z.array(
    z.strictObject({
      address,
      name: z.string(),
      samples: count,
      influence: z.number().optional(),
      weight: decimal,
      payoutWei: decimal,
      share,
    }),
  ),
  settlement: z
    .strictObject({
      feesWei: decimal,
      carryInWei: decimal,
      poolWei: decimal,
      shares: z.array(
        z.strictObject({ who: z.enum(["protocol", "developer", "validators"]), bps: count, wei: decimal }),
      ),
      earningsWei: decimal,
      carryOutWei: decimal,
      sumWeights: decimal,
      earningsRoot: hash,
    })
    .optional(),
  proofs: z.array(
    z.strictObject({
      circuit: z.string(),
      index: count,
      posted: z.boolean(),
      seconds: z.number().optional(),
    }),
  ),
  transactions: z.array(transaction),
  bundle: z.boolean(),
  keys: z.enum(["local", "ceremony"]),
  words: words(
    ...["answers", "fees", "completeness", "due", "influence", "negativeInfluence", "payouts", "shares"],
    ...["features", "training", "transactions", "proofSeconds"],
  ),
});

/** `ContributorView`. */
export const contributorSchema = z.strictObject({
  address,
  name: z.string().optional(),
  chainId: count,
  datanets: z.array(
    z.strictObject({ id: decimal, name: z.string().optional(), samples: count, batches: z.array(batch) }),
  ),
  models: z.array(
    z.strictObject({
      model: hash,
      modelName: z.string(),
      token,
      samples: count,
      share,
      batches: z.array(decimal),
      earnedWei: decimal,
      claimedWei: decimal,
      owedWei: decimal,
      epochs: z.array(z.strictObject({ number: count, payoutWei: decimal, share, settledAt: count })),
      claims: z.array(z.strictObject({ wei: decimal, transaction: hash, at: count })),
      claim: z
        .strictObject({ to: address, data: z.string().regex(/^0x[0-9a-f]+$/), chainId: count })
        .optional(),
    }),
  ),
  words: words("earned", "claimed", "owed", "batches", "samples", "name"),
});

/** `ContributorSummary`. */
export const contributorSummarySchema = z.strictObject({
  address,
  name: z.string().optional(),
  samples: count,
  totals: z.array(z.strictObject({ token, earnedWei: decimal, owedWei: decimal })),
});
