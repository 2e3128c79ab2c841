/**
 * From contributed data to a committed model.
 *
 * 1. Features of every sample, by the frozen backbone.       (reproducible)
 * 2. Each contributor's samples become batches of records; the contributor signs each batch's root (EIP-712)
 *    and the chain records it.                                       (attested by the contributor)
 * 3. Integer moments, the head `W`, the gradients `G_c`.
 * 4. Commitments of `W`, `A` and every `G_c`, with the list of batches, on chain.
 *
 * Every step can be interrupted: features are a stored job, a batch that the chain already holds is found by
 * its root, and a model that was committed is found in the project's state.
 */

import { batchRoot, type DataRecord, type Profile, recordLeaf } from "../prover/index.ts";
import { type Backbone, openBackbone } from "./backbone/backbone.ts";
import { signBatch } from "./chain/contracts.ts";
import { BATCH_STATUS } from "./chain/types.ts";
import type { Ui } from "./cli/ui.ts";
import { commitModel, type ModelBatch, type ModelState } from "./commit.ts";
import type { Corpus, Sample } from "./corpus/corpus.ts";
import { type Account, keccakText } from "./engine/ethers.ts";
import { remoteFeatures } from "./jobs/features.ts";
import type { Work } from "./jobs/spec.ts";
import { accuracyOf, fitModel } from "./model/model.ts";
import type { Moments } from "./model/moments.ts";
import type { Project } from "./project.ts";
import { type BroughtEncoder, trainingBackbone } from "./project-backbone.ts";
import { keepLabels } from "./project-labels.ts";
import { contentDigest } from "./receipts.ts";
import { keepRecords, recordsOf } from "./records.ts";
import type { Session } from "./session.ts";
import { runJob, sha256 } from "./store.ts";
import { judgeBatches, reviewBatch } from "./validate.ts";

export type TrainOptions = {
  readonly project: Project;
  readonly session: Session;
  readonly corpus: Corpus;
  readonly ui: Ui;
  readonly lambda?: number;
  /** An encoder of the operator's own in place of the standard backbone. */
  readonly encoder?: BroughtEncoder;
  /** Labelled texts that nobody is paid for: the backbone of texts is trained on them. */
  readonly publicTexts?: Corpus;
  /** Register the model as unproven: usable without a proof of its training, and everything says so. */
  readonly unproven?: boolean;
  /**
   * Validators that judge every batch before the model takes it. On a new datanet this makes verdicts a
   * condition; without them a new datanet asks for none.
   */
  readonly validators?: readonly Account[];
  /** Samples that nobody contributed, to measure accuracy on. */
  readonly test?: readonly Sample[];
  /** Where the features are computed; here unless told otherwise. */
  readonly work?: Work;
};

/**
 * Trains and commits. Throws {@link WrongShapeError}, {@link TooManyClassesError} and what the chain refuses.
 */
export async function trainModel({
  project,
  session,
  corpus,
  ui,
  lambda,
  encoder,
  publicTexts,
  unproven = false,
  validators = [],
  test,
  work = { workers: "local" },
}: TrainOptions): Promise<ModelState> {
  const { profile } = session;
  checkCorpus(corpus, profile);
  if (publicTexts !== undefined) checkPublic(publicTexts, corpus, profile);
  const { d, words } = profile;
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
    const features = await ui.step(`Features of ${corpus.samples.length} samples`, (report) =>
      work.workers === "remote"
        ? remoteFeatures({
            ...{ onnx, work, report, store: project.store },
            contents: corpus.samples.map((sample) => sample.content),
          })
        : featuresOf(project, backbone, corpus.samples),
    );
    const byContributor = groupByContributor(corpus.samples);
    const names = [...byContributor.keys()];
    const datanet = await datanetOf(project, session, corpus.name, validators.length > 0);
    const recorded = await ui.step(
      `Sign and record the batches of ${names.length} contributors`,
      async (report) => {
        const all: Array<{ name: string; account: string; batches: ModelBatch[] }> = [];
        for (const [index, name] of names.entries()) {
          report(index, names.length, name);
          const wallet = await session.wallet(`contributor/${name}`);
          const records = (byContributor.get(name) ?? []).map((i) =>
            sampleRecord(project, name, corpus.samples[i], i, features, profile),
          );
          const batches: ModelBatch[] = [];
          for (let start = 0; start < records.length; start += profile.batchRecords) {
            const part = records.slice(start, start + profile.batchRecords);
            const root = batchRoot(
              part.map((record) => recordLeaf(record, profile)),
              profile,
            );
            const batch = { datanet, root, count: part.length };
            const signature = await signBatch(wallet, session.deployment, batch);
            let id = await session.contracts.batchOf(datanet, root);
            if (id === 0n) {
              const mined = await session.contracts.contribute(session.operator, {
                ...batch,
                contributor: wallet.address,
                signature,
              });
              session.record(`contribute ${name}`, mined);
              id = mined.batchId;
            }
            keepRecords(project, root, part);
            batches.push({ id, root, count: part.length, signature });
          }
          all.push({ name, account: wallet.address, batches });
        }
        return all;
      },
    );
    const batches = recorded.flatMap((contributor) => contributor.batches);
    await judged({ project, session, ui, datanet, batches, validators });
    const fitted = await ui.step("Fit the head", () =>
      fitModel({
        features,
        labels: corpus.samples.map((sample) => sample.label),
        contributors: corpus.samples.map((sample) => names.indexOf(sample.contributor)),
        count: names.length,
        profile,
        ...(lambda === undefined ? {} : { lambda }),
      }),
    );
    const committed = await commitModel({
      project,
      session,
      ui,
      datanet,
      corpus: corpus.name,
      backbone: backbone.hash,
      unproven,
      fitted,
      contributors: recorded.map((contributor, index) => ({
        ...contributor,
        moments: fitted.parts[index] as Moments,
      })),
    });
    const measured =
      test === undefined || test.length === 0
        ? {}
        : await ui.step(`Accuracy on ${test.length} samples that nobody contributed`, async () => ({
            accuracy: await accuracyOf(
              fitted.w,
              await featuresOf(project, backbone, test),
              test.map((sample) => sample.label),
              profile,
            ),
            tested: test.length,
          }));
    const model: ModelState = { ...committed, ...measured };
    project.writeState("model", model);
    return model;
  } finally {
    await backbone.close();
  }
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

/** Has the batches judged where the datanet asks for it; all of them must be accepted. */
async function judged(of: {
  readonly project: Project;
  readonly session: Session;
  readonly ui: Ui;
  readonly datanet: bigint;
  readonly batches: readonly ModelBatch[];
  readonly validators: readonly Account[];
}): Promise<void> {
  const { project, session, ui, datanet, batches, validators } = of;
  if (!(await session.contracts.datanet(datanet)).validated) return;
  if (validators.length > 0) {
    const earlier = new Set<bigint>();
    const reviewed = batches.map(({ id: batch, root }) => {
      const records = recordsOf(project, root, session.profile);
      const finding = reviewBatch({ root, records, earlier, profile: session.profile });
      for (const { digest } of records) earlier.add(digest);
      return { batch, finding };
    });
    await judgeBatches({ session, ui, validators, reviewed });
  }
  const refused: bigint[] = [];
  for (const { id } of batches) {
    const { status } = await session.contracts.batch(id);
    if (BATCH_STATUS[Number(status)] !== "accepted") refused.push(id);
  }
  if (refused.length > 0) throw new NotAcceptedError(refused);
}

async function datanetOf(
  project: Project,
  session: Session,
  name: string,
  validated: boolean,
): Promise<bigint> {
  const kept = project.readState<{ id: bigint; name: string }>("datanet");
  if (kept?.name === name) return kept.id;
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

/** Batches that no model may take. */
export class NotAcceptedError extends Error {
  override readonly name = "Train.NotAccepted";
  constructor(batches: readonly bigint[]) {
    super(
      `This datanet asks for verdicts, and ${batches.length} batches have none that accepts them (${batches.slice(0, 5).join(", ")}…). ` +
        `Have them judged with "quittance validate", or leave them out.`,
    );
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
