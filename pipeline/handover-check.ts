/**
 * The contributor's half of a hand-over: looks at a request with nothing but the deployment file, the chain,
 * the own key and what is the contributor's own, and signs what holds.
 *
 * A signature says "this root, this many samples, this datanet, mine". A root is opaque, and the salts under
 * it are the operator's, so an operator could put anything there. What is under it is therefore recomputed
 * from records that lie in the request:
 *
 *     content → digest ─┐
 *     features, class ──┼─ leaf → root = the root that is signed
 *     salt ─────────────┘
 *
 * and contents and classes are compared with the contributor's own samples, features with the backbone's.
 * Any doubt ends it before a key is used. What cannot be looked at here is said, with who can: a line with ○.
 *
 * Not seen: that names of classes mean the same to others (they stand nowhere on chain), and samples that the
 * operator left out, which are counted.
 */
import { batchRoot, recordLeaf } from "../prover/index.ts";
import type { Backbone } from "./backbone/backbone.ts";
import { signBatch } from "./chain/contracts.ts";
import { DATANET_POLICY } from "./chain/types.ts";
import { recordedBatch } from "./contributions.ts";
import type { Sample } from "./corpus/corpus.ts";
import type { Desk } from "./desk.ts";
import { type Account, sameAddress } from "./engine/ethers.ts";
import type { RequestedBatch, SignedBatches, SigningRequest } from "./handover-file.ts";
import { className } from "./project-labels.ts";
import { contentDigest } from "./receipts.ts";
import type { Check } from "./verify.ts";

/** A contributor's own samples, of one source. */
export type OwnSamples = { readonly name: string; readonly samples: readonly Sample[] };

/** What holds of a request, and which of its batches stand on chain already. */
export type ReviewedRequest = {
  readonly checks: readonly Check[];
  readonly datanet: bigint;
  readonly samples: number;
  /** The batch's number for each of the request's batches, 0 where it is not recorded. */
  readonly recorded: readonly bigint[];
};

/** Looks at a request. Throws {@link HandoverDoubtError} for the first thing that does not hold. */
export async function reviewRequest(of: {
  readonly desk: Desk;
  readonly request: SigningRequest;
  readonly account: string;
  /** The datanet that the contributor means, if it says so. */
  readonly datanet?: bigint;
  readonly own?: OwnSamples;
  readonly backbone?: Backbone;
}): Promise<ReviewedRequest> {
  const { desk, request, account, own, backbone } = of;
  const checks: Check[] = [];
  const said = (assurance: Check["assurance"], name: string, detail: string, elsewhere = false): void => {
    checks.push({ name, assurance, ok: true, detail, ...(elsewhere ? { elsewhere } : {}) });
  };
  said("reproducible", "contract", checkPlace(desk, request));
  said("attested", "yours", checkAccount(request, account));
  const { datanet, detail } = await checkDatanet(desk, request, account, of.datanet);
  said("attested", `datanet ${datanet}`, detail);
  const samples = request.batches.flatMap(samplesOf);
  said("reproducible", "roots", checkRoots(request));
  const recorded: bigint[] = [];
  for (const { message } of request.batches) recorded.push(await recordedBatch(desk.contracts, message));
  if (own === undefined) said("reproducible", "your samples", "not compared: give them with --data", true);
  else for (const line of checkOwn(samples, own, request.labels)) said(...line);
  if (backbone === undefined)
    said(
      "reproducible",
      "features",
      "by whoever has the backbone, not checked: give it with --backbone",
      true,
    );
  else said("reproducible", "features", await checkFeatures(request, backbone));
  return { checks, datanet, samples: samples.length, recorded };
}

/** Signs every batch of a request that was looked at. */
export async function signRequest(
  { deployment }: Desk,
  wallet: Account,
  { domain, batches }: SigningRequest,
): Promise<SignedBatches> {
  const signed: { message: RequestedBatch["message"]; signature: string }[] = [];
  for (const { message } of batches)
    signed.push({ message, signature: await signBatch(wallet, deployment, message) });
  return { domain, batches: signed };
}

function checkPlace({ deployment }: Desk, { domain, profile }: SigningRequest): string {
  const { chainId, datanets } = deployment;
  if (domain.chainId !== chainId)
    throw doubt(`it is for chain ${domain.chainId}, and yours is chain ${chainId}`);
  if (!sameAddress(domain.verifyingContract, datanets))
    throw doubt(`it is for a contract ${domain.verifyingContract}, and your deployment's is ${datanets}`);
  if (profile.name !== deployment.profile)
    throw doubt(`it is of profile ${profile.name}, and your deployment of ${deployment.profile}`);
  return `${datanets} on chain ${chainId}, your deployment file's`;
}

function checkAccount({ account, batches, contributor }: SigningRequest, own: string): string {
  const other = [account, ...batches.map(({ message }) => message.contributor)].find(
    (one) => !sameAddress(one, own),
  );
  if (other !== undefined) throw doubt(`it is for ${other}, and your key is that of ${own}`);
  return `${own}, whom the operator calls ${JSON.stringify(contributor)}`;
}

async function checkDatanet(
  { contracts }: Desk,
  { batches }: SigningRequest,
  account: string,
  wanted: bigint | undefined,
): Promise<{ readonly datanet: bigint; readonly detail: string }> {
  const [datanet = 0n, ...others] = [...new Set(batches.map(({ message }) => message.datanet))];
  if (others.length > 0)
    throw doubt(`its batches are of several datanets (${[datanet, ...others].join(", ")})`);
  if (wanted !== undefined && wanted !== datanet)
    throw doubt(`it is for datanet ${datanet}, and you said ${wanted}`);
  if (datanet < 1n || datanet > (await contracts.datanetCount()))
    throw doubt(`there is no datanet ${datanet}`);
  const { owner, policy, validated } = await contracts.datanet(datanet);
  const terms = await contracts.datanetTerms(datanet);
  if (!(await contracts.isContributor(datanet, account)))
    throw doubt(`datanet ${datanet} does not take batches of ${account}: its owner would have to allow it`);
  // Its owner's words, on somebody else's terminal: quoted, so that nothing in them moves the cursor.
  const licence = JSON.stringify(terms?.licence ?? "").slice(0, 200);
  const described = terms?.metadataURI
    ? `, described at ${JSON.stringify(terms.metadataURI).slice(0, 200)}`
    : "";
  const who = DATANET_POLICY[Number(policy)] ?? "open";
  return {
    datanet,
    detail:
      `licence ${licence}, policy ${who}, ${validated ? "verdicts needed" : "no verdicts"}${described}; ` +
      `the terms of ${owner}, which never change`,
  };
}

/** Roots and counts from the records themselves, and digests from the contents. */
function checkRoots({ batches, profile }: SigningRequest): string {
  const seen = new Set<bigint>();
  for (const [index, { message, records, contents }] of batches.entries()) {
    const which = `batch ${index + 1} of ${batches.length}`;
    if (message.count !== records.length)
      throw doubt(`${which} says ${message.count} samples, and holds ${records.length}`);
    for (const [place, { digest }] of records.entries())
      if (contentDigest(contents[place] ?? new Uint8Array()) !== digest)
        throw doubt(`${which}: sample ${place + 1} is recorded with the digest of another content`);
    const root = batchRoot(
      records.map((record) => recordLeaf(record, profile)),
      profile,
    );
    if (root !== message.root) throw doubt(`${which}: its records do not open the root that you would sign`);
    if (seen.has(root)) throw doubt(`${which} is in it twice`);
    seen.add(root);
  }
  return `${batches.length}, recomputed here from the records under them`;
}

type RequestedSample = { readonly digest: bigint; readonly klass: number };

const samplesOf = ({ records }: RequestedBatch): readonly RequestedSample[] => records;

/** Every sample is one of the contributor's own, with its class, and no oftener than there. */
function checkOwn(
  samples: readonly RequestedSample[],
  own: OwnSamples,
  labels: readonly string[] | undefined,
): ReadonlyArray<readonly [Check["assurance"], string, string]> {
  const left = new Map<bigint, number[]>();
  for (const { content, label } of own.samples) {
    const digest = contentDigest(content);
    const classes = left.get(digest);
    if (classes === undefined) left.set(digest, [label]);
    else classes.push(label);
  }
  const known = new Set(left.keys());
  for (const [index, { digest, klass }] of samples.entries()) {
    const classes = left.get(digest) ?? [];
    const at = classes.indexOf(klass);
    const which = `sample ${index + 1}`;
    if (at < 0 && !known.has(digest)) throw doubt(`${which} is none of those in ${own.name}`);
    if (at < 0 && classes.length > 0)
      throw doubt(
        `${which} is of class ${className(labels, klass)} there, and in ${own.name} of ${className(labels, classes[0] ?? 0)}`,
      );
    if (at < 0) throw doubt(`${which} is in it oftener than in ${own.name}`);
    classes.splice(at, 1);
  }
  const missing = own.samples.length - samples.length;
  return [
    ["reproducible", "your samples", `all ${samples.length} are in ${own.name}, with the same classes`],
    [
      "governed",
      "left out",
      missing === 0
        ? "none of yours"
        : `${missing} of your ${own.samples.length}: duplicates, or in other batches; the operator says which`,
    ],
  ];
}

async function checkFeatures(
  { batches, backbone: hash }: SigningRequest,
  backbone: Backbone,
): Promise<string> {
  if (backbone.hash !== hash)
    throw doubt(`its features are said to be of backbone ${hash}, and --backbone is ${backbone.hash}`);
  const features = await backbone.features(batches.flatMap(({ contents }) => contents));
  const said = Buffer.concat(
    batches.flatMap(({ records }) => records.map((record) => Buffer.from(record.features))),
  );
  const { buffer, byteOffset, byteLength } = features;
  if (!said.equals(new Uint8Array(buffer, byteOffset, byteLength)))
    throw doubt("its features are not what this backbone makes of the contents");
  return `recomputed here with backbone ${hash.slice(0, 16)}…`;
}

const doubt = (what: string): HandoverDoubtError =>
  new HandoverDoubtError(
    `Do not sign this request: ${what}.`,
    "Nothing was signed. Ask its operator why, and for another one.",
  );

/** Something in a hand-over does not hold. */
export class HandoverDoubtError extends Error {
  override readonly name = "Handover.Doubt";
  /** The call was right, what it looked at is not. */
  readonly doubt = true;
  constructor(what: string, remedy: string) {
    super(`${what} ${remedy}`);
  }
}
