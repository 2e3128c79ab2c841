/**
 * From data to signed batches on chain: the part of training that contributors take part in.
 *
 * Samples that repeat earlier ones are left out first (admit.ts), whoever's batches are recorded. Each
 * contributor's other samples become batches of records, in order; the contributor signs each batch's root
 * (EIP-712) and the chain records it. What was recorded is kept in the project by its root, with its
 * signature: `train` finds the batches again and needs nobody's key, and a run that was cut off signs nothing
 * twice.
 *
 * On a local chain contributors' wallets are derived from the project's secret. Elsewhere a contributor signs
 * with `QUITTANCE_CONTRIBUTOR_KEY`, one at a time, or on a machine of its own (handover.ts).
 */
import { batchRoot, type DataRecord, type Profile, recordLeaf } from "../prover/index.ts";
import { admitSamples, type DuplicateMode, duplicateLines } from "./admit.ts";
import { type Backbone, openBackbone } from "./backbone/backbone.ts";
import { signBatch } from "./chain/contracts.ts";
import type { DatanetTerms } from "./chain/economy.ts";
import type { BatchMessage } from "./chain/ids.ts";
import type { Ui } from "./cli/ui.ts";
import type { ModelBatch } from "./commit.ts";
import { contentKind, keepContentKind, keepContents } from "./contents.ts";
import {
  adoptSent,
  type Contribution,
  keepContribution,
  keptContribution,
  recordedBatch,
  requestedBatch,
} from "./contributions.ts";
import type { Corpus, Sample } from "./corpus/corpus.ts";
import { keccakText, sameAddress } from "./engine/ethers.ts";
import { remoteFeatures } from "./jobs/features.ts";
import type { Work } from "./jobs/spec.ts";
import type { Project } from "./project.ts";
import { type BroughtEncoder, trainingBackbone } from "./project-backbone.ts";
import { keepLabels } from "./project-labels.ts";
import { contentDigest } from "./receipts.ts";
import { keepRecords } from "./records.ts";
import { keyOf, type Session } from "./session.ts";
import { runJob, sha256 } from "./store.ts";

/** A contributor with its batches. */
export type Contributor = {
  readonly name: string;
  readonly account: string;
  readonly batches: readonly ModelBatch[];
};

/** What contributing came to: the samples that were not left out, and their features row by row. */
export type Contributed = {
  readonly datanet: bigint;
  readonly samples: readonly Sample[];
  readonly features: Int8Array;
  readonly contributors: readonly Contributor[];
};

/** The project's datanet: the one that was created for it, or one by the corpus's name. */
type DatanetState = { readonly id: bigint; readonly name: string; readonly chosen?: boolean };

/** A backbone with the file that it was read from. */
export type OpenedBackbone = { readonly onnx: Uint8Array; readonly backbone: Backbone };

/**
 * The backbone that reads a corpus, kept in the project; close it. Throws {@link WrongShapeError}, {@link
 * WrongKindError}, {@link TooManyClassesError} and what {@link trainingBackbone} throws.
 */
export async function openTrainingBackbone(of: {
  readonly project: Project;
  readonly session: Session;
  readonly corpus: Corpus;
  readonly ui: Ui;
  readonly encoder?: BroughtEncoder;
  readonly publicTexts?: Corpus;
}): Promise<OpenedBackbone> {
  const { project, session, corpus, ui, encoder, publicTexts } = of;
  const { d, words } = session.profile;
  checkCorpus(corpus, session.profile);
  if (publicTexts !== undefined) checkPublic(publicTexts, corpus, session.profile);
  const texts = { words, ...(publicTexts === undefined ? {} : { publicTexts }) };
  const source = {
    ...(encoder === undefined ? {} : { brought: encoder }),
    ...(corpus.text === true ? { texts } : {}),
  };
  const onnx = await trainingBackbone({ project, d, ui, ...source });
  const backbone = await openBackbone(onnx);
  try {
    checkShape(corpus, backbone);
    keepLabels(project, corpus);
    return { onnx, backbone };
  } catch (error) {
    await backbone.close();
    throw error;
  }
}

/** What goes into batches, and how. */
type Preparing = {
  readonly project: Project;
  readonly session: Session;
  readonly corpus: Corpus;
  readonly backbone: Backbone;
  readonly onnx: Uint8Array;
  readonly ui: Ui;
  /** Whether a datanet that is made here asks for verdicts. */
  readonly validated?: boolean;
  /** Takes one contributor's samples alone; whether they repeat others' is looked at all the same. */
  readonly only?: string;
  /** What is done about samples that repeat earlier ones; they are left out unless told otherwise. */
  readonly duplicates?: DuplicateMode;
  /** Texts that nobody is paid for; likeness of texts is measured against them. */
  readonly publicTexts?: Corpus;
  /** Where the features are computed; here unless told otherwise. */
  readonly work?: Work;
};

/** Batches that are ready to be signed, contributor by contributor. */
export type Prepared = {
  readonly datanet: bigint;
  readonly samples: readonly Sample[];
  readonly features: Int8Array;
  readonly prepared: ReadonlyArray<{ readonly name: string; readonly parts: readonly Part[] }>;
};

/** Makes a corpus's batches, and records nothing. Throws {@link NobodyOfThatNameError}. */
export async function prepareBatches(of: Preparing): Promise<Prepared> {
  const { project, session, backbone, onnx, ui, validated = false, only } = of;
  const { work = { workers: "local" }, duplicates = "drop", publicTexts, corpus: given } = of;
  const { profile } = session;
  if (only !== undefined) checkName(given, only);
  const all = await ui.step(`Features of ${given.samples.length} samples`, (report) =>
    work.workers === "remote"
      ? remoteFeatures({
          ...{ onnx, work, report, store: project.store },
          contents: given.samples.map((sample) => sample.content),
        })
      : featuresOf(project, backbone, given.samples),
  );
  const reference = publicTexts === undefined ? {} : { reference: publicTexts.samples };
  const admitted = await ui.step("Look for duplicates", () =>
    admitSamples({ project, backbone, corpus: given, features: all, mode: duplicates, ...reference }),
  );
  for (const line of duplicateLines(admitted.found)) ui.line(line);
  keepContentKind(project, contentKind(given));
  const { samples, features } = only === undefined ? admitted : onlyOf(admitted, only, profile.d);
  const datanet = await datanetOf(project, session, given.name, validated);
  const prepared = [...groupByContributor(samples)].map(([name, places]) => {
    const records = places.map((i) => sampleRecord(project, name, samples[i], i, features, profile));
    const contents = places.map((i) => samples[i]?.content ?? new Uint8Array());
    return { name, parts: batchesOf(records, contents, profile) };
  });
  return { datanet, samples, features, prepared };
}

/**
 * Records a corpus's batches. Throws {@link ManyContributorsError}, {@link NotSignedYetError}, {@link
 * NobodyOfThatNameError}, RootTakenError, and what the chain refuses.
 */
export async function contribute(of: Preparing): Promise<Contributed> {
  const { project, session, ui } = of;
  const { datanet, samples, features, prepared } = await prepareBatches(of);
  await adoptSent(project, session, datanet);
  const unsigned = prepared.filter(({ parts }) =>
    parts.some(({ root }) => keptContribution(project, datanet, root) === undefined),
  );
  const key = keyOf("contributor");
  const waiting = unsigned.filter(({ parts }) =>
    parts.some(({ root }) => {
      const asked = requestedBatch(project, datanet, root);
      const open = asked !== undefined && keptContribution(project, datanet, root) === undefined;
      return open && (key === undefined || !sameAddress(key.address, asked.account));
    }),
  );
  if (waiting.length > 0) throw new NotSignedYetError(waiting.map(({ name }) => name));
  if (session.chain.kind !== "local" && unsigned.length > 1)
    throw new ManyContributorsError(unsigned.map(({ name }) => name));
  const contributors = await ui.step(
    `Sign and record the batches of ${prepared.length} contributors`,
    async (report) => {
      const all: Contributor[] = [];
      for (const [index, { name, parts }] of prepared.entries()) {
        report(index, prepared.length, name);
        const batches: Contribution[] = [];
        for (const part of parts) {
          const kept = keptContribution(project, datanet, part.root);
          keepContents(project, part.root, part.contents);
          batches.push(kept ?? (await recordBatch(project, session, datanet, name, part)));
        }
        all.push({ name, account: batches[0]?.account ?? "", batches: batches.map(asBatch) });
      }
      return all;
    },
  );
  return { datanet, samples, features, contributors };
}

/** The project's datanet, if there is one. */
export function projectDatanet(project: Project): bigint | undefined {
  return project.readState<DatanetState>("datanet")?.id;
}

/** Creates a datanet and makes it the project's: what is contributed from now on goes there. */
export async function createDatanet(of: {
  readonly project: Project;
  readonly session: Session;
  readonly name: string;
  readonly terms: Partial<DatanetTerms>;
}): Promise<bigint> {
  const { project, session, name } = of;
  const { metadataHash = keccakText(name), ...terms } = of.terms;
  const mined = await session.contracts.createDatanet(session.operator, metadataHash, terms);
  session.record("create datanet", mined);
  const state: DatanetState = { id: mined.datanetId, name, chosen: true };
  project.writeState("datanet", state);
  return mined.datanetId;
}

/** Features of contents, row by row, kept under the hash of backbone and contents. */
export async function featuresOf(
  project: Project,
  backbone: Backbone,
  samples: ReadonlyArray<{ readonly content: Uint8Array }>,
): Promise<Int8Array> {
  const contents = samples.map((sample) => sample.content);
  const inputs = { backbone: backbone.hash, contents: contents.map((content) => sha256(content)) };
  const kept = await runJob(project.store, { name: "features", version: 1, inputs }, async () => ({
    features: await backbone.features(contents),
  }));
  const { buffer, byteOffset, byteLength } = kept.features;
  return new Int8Array(buffer, byteOffset, byteLength);
}

async function recordBatch(
  project: Project,
  session: Session,
  datanet: bigint,
  name: string,
  { root, records }: Part,
): Promise<Contribution> {
  const wallet = await session.wallet(`contributor/${name}`);
  const batch = { datanet, root, count: records.length };
  const signature = await signBatch(wallet, session.deployment, batch);
  // The records are kept before the chain knows their root: a root without records is worth nothing.
  keepRecords(project, root, records);
  const id = await sendBatch(session, name, { ...batch, contributor: wallet.address, signature });
  const contribution = { id, ...batch, signature, name, account: wallet.address };
  keepContribution(project, contribution);
  return contribution;
}

/** Sends a signed batch, unless it stands on chain already; its number. Throws {@link RootTakenError}. */
export async function sendBatch(
  session: Session,
  name: string,
  message: BatchMessage & { readonly signature: string },
): Promise<bigint> {
  const there = await recordedBatch(session.contracts, message);
  if (there !== 0n) return there;
  const mined = await session.contracts.contribute(session.operator, message);
  session.record(`contribute ${name}`, mined);
  return mined.batchId;
}

function asBatch({ id, root, count, signature }: Contribution): ModelBatch {
  return { id, root, count, signature };
}

/** A batch before it is recorded: its root, and records and contents in the order of its leaves. */
export type Part = {
  readonly root: bigint;
  readonly records: readonly DataRecord[];
  readonly contents: readonly Uint8Array[];
};

function batchesOf(
  records: readonly DataRecord[],
  contents: readonly Uint8Array[],
  profile: Profile,
): Part[] {
  return Array.from({ length: Math.ceil(records.length / profile.batchRecords) }, (_, index) => {
    const range = [index * profile.batchRecords, (index + 1) * profile.batchRecords] as const;
    const part = records.slice(...range);
    const leaves = part.map((record) => recordLeaf(record, profile));
    return { root: batchRoot(leaves, profile), records: part, contents: contents.slice(...range) };
  });
}

/** The record that a sample's leaf commits to. */
function sampleRecord(
  project: Project,
  contributor: string,
  sample: Sample | undefined,
  index: number,
  features: Int8Array,
  profile: Profile,
): DataRecord {
  if (sample === undefined) throw new Error("unreachable: every index is of a sample");
  const digest = contentDigest(sample.content);
  const salt = project.secrets.salt(`sample/${contributor}/${sample.id}`, [digest, sample.label]);
  return {
    features: features.subarray(index * profile.d, (index + 1) * profile.d),
    klass: sample.label,
    digest,
    salt,
    weight: 1,
  };
}

async function datanetOf(
  project: Project,
  session: Session,
  name: string,
  validated: boolean,
): Promise<bigint> {
  const kept = project.readState<DatanetState>("datanet");
  if (kept !== undefined && (kept.chosen === true || kept.name === name)) return kept.id;
  const mined = await session.contracts.createDatanet(session.operator, keccakText(name), { validated });
  session.record("create datanet", mined);
  project.writeState("datanet", { id: mined.datanetId, name });
  return mined.datanetId;
}

function groupByContributor(samples: readonly Sample[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [index, { contributor }] of samples.entries()) {
    const group = groups.get(contributor);
    if (group === undefined) groups.set(contributor, [index]);
    else group.push(index);
  }
  return groups;
}

/** One contributor's samples and their features. */
function onlyOf(
  { samples, features }: { readonly samples: readonly Sample[]; readonly features: Int8Array },
  name: string,
  d: number,
): { readonly samples: readonly Sample[]; readonly features: Int8Array } {
  const own = samples.map((_, i) => i).filter((i) => samples[i]?.contributor === name);
  const rows = new Int8Array(own.length * d);
  for (const [place, i] of own.entries()) rows.set(features.subarray(i * d, (i + 1) * d), place * d);
  return { samples: own.map((i) => samples[i] as Sample), features: rows };
}

function checkName({ samples }: Corpus, name: string): void {
  const names = new Set(samples.map(({ contributor }) => contributor));
  if (!names.has(name)) throw new NobodyOfThatNameError(name, [...names]);
}

function checkCorpus(corpus: Corpus, profile: Profile): void {
  if (corpus.classes > profile.classes)
    throw new TooManyClassesError(corpus.name, corpus.classes, profile.classes);
  if (corpus.samples.length === 0) throw new EmptyCorpusError(corpus.name);
  if (corpus.samples.length > profile.maxSamples)
    throw new TooManySamplesError(corpus.name, corpus.samples.length, profile.maxSamples);
}

function checkPublic(publicTexts: Corpus, corpus: Corpus, profile: Profile): void {
  if (publicTexts.text !== true || corpus.text !== true)
    throw new NotTextError(publicTexts.name, corpus.name);
  if (publicTexts.classes > profile.classes)
    throw new TooManyClassesError(publicTexts.name, publicTexts.classes, profile.classes);
}

function checkShape(corpus: Corpus, { inputSize, text }: Backbone): void {
  if (text !== (corpus.text === true)) throw new WrongKindError(corpus.name, text);
  if (!text && corpus.samples.some((sample) => sample.content.length !== inputSize))
    throw new WrongShapeError(corpus.name, corpus.shape, inputSize);
}

/** Nothing was created or contributed yet. */
export class NoDatanetError extends Error {
  override readonly name = "Contribute.NoDatanet";
  constructor(folder: string) {
    super(
      `The project in ${folder} has no datanet yet. Make one with "quittance datanet create", or contribute to a new one with "quittance contribute".`,
    );
  }
}

/** One key cannot sign for several people. */
export class ManyContributorsError extends Error {
  override readonly name = "Contribute.ManyContributors";
  constructor(names: readonly string[]) {
    super(
      `The data is of ${names.length} contributors who have not signed yet (${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}), and on this ` +
        "chain each signs with its own key. For each: quittance contribute --contributor NAME --prepare REQUEST, which the " +
        "contributor signs where its key is (--sign REQUEST); or here, with QUITTANCE_CONTRIBUTOR_KEY.",
    );
  }
}

/** Somebody was asked to sign, and has not. */
export class NotSignedYetError extends Error {
  override readonly name = "Contribute.NotSignedYet";
  constructor(names: readonly string[]) {
    super(
      `Batches of ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""} wait for a signature. Give what came back with ` +
        '"quittance contribute --signed FILE", ask again with --prepare, or leave these samples out.',
    );
  }
}

/** The data names nobody so. */
export class NobodyOfThatNameError extends Error {
  override readonly name = "Contribute.NobodyOfThatName";
  constructor(name: string, names: readonly string[]) {
    super(`Nothing in the data is of "${name}". Its contributors: ${names.slice(0, 20).join(", ")}.`);
  }
}

/** The corpus does not fit the backbone. */
export class WrongShapeError extends Error {
  override readonly name = "Train.WrongShape";
  constructor(corpus: string, shape: readonly number[], bytes: number) {
    super(
      `${corpus} holds contents of shape ${shape.join("×") || "varying"}; the backbone reads ${bytes} bytes ` +
        "(the standard one 28×28 grey pixels). Convert them first, or bring an encoder with --backbone.",
    );
  }
}

/** Pixels for a backbone of texts, or texts for one of pixels. */
export class WrongKindError extends Error {
  override readonly name = "Train.WrongKind";
  constructor(corpus: string, text: boolean) {
    super(
      text
        ? `${corpus} holds no texts, and this project's backbone reads texts: start a new project for it.`
        : `${corpus} holds texts, and this project's backbone reads pixels: give public texts with --public FILE.`,
    );
  }
}

/** Public texts beside data that is none, or the other way round. */
export class NotTextError extends Error {
  override readonly name = "Train.NotText";
  constructor(publicTexts: string, corpus: string) {
    super(
      `Public texts train the backbone of texts: ${publicTexts} and ${corpus} must both have a column "text".`,
    );
  }
}

/** More classes than the profile has. */
export class TooManyClassesError extends Error {
  override readonly name = "Train.TooManyClasses";
  constructor(corpus: string, classes: number, most: number) {
    super(`${corpus} has ${classes} classes and the profile ${most}. Merge classes, or leave some out.`);
  }
}

/** More samples than the ranges of the circuits allow. */
export class TooManySamplesError extends Error {
  override readonly name = "Train.TooManySamples";
  constructor(corpus: string, samples: number, most: number) {
    super(
      `${corpus} has ${samples} samples and the profile allows ${most}. Take fewer with --limit ${most}.`,
    );
  }
}

/** No samples at all. */
export class EmptyCorpusError extends Error {
  override readonly name = "Train.EmptyCorpus";
  constructor(corpus: string) {
    super(`${corpus} holds no samples. Check the path and --limit.`);
  }
}
