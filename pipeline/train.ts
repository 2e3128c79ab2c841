/**
 * From contributed data to a committed model.
 *
 * 1. Features of every sample, by the frozen backbone.       (reproducible)
 * 2. Each contributor's samples become batches of records; the contributor signs each batch's root (EIP-712)
 *    and the chain records it.                                       (attested by the contributor)
 * 3. Integer moments, the head `W`, the gradients `G_c`.
 * 4. Commitments of `W`, `A` and every `G_c`, with the list of batches, on chain.
 *
 * The first two are `contribute.ts`, and may have been done before (`quittance contribute`): batches are
 * found again by their roots. Every step can be interrupted: features are a stored job, and a model that was
 * committed is found in the project's state.
 */
import type { DuplicateMode } from "./admit.ts";
import { BATCH_STATUS } from "./chain/types.ts";
import type { Ui } from "./cli/ui.ts";
import { commitModel, type ModelBatch, type ModelState } from "./commit.ts";
import { contribute, featuresOf, openTrainingBackbone } from "./contribute.ts";
import type { Corpus, Sample } from "./corpus/corpus.ts";
import type { Account } from "./engine/ethers.ts";
import type { Work } from "./jobs/spec.ts";
import { accuracyOf, fitModel } from "./model/model.ts";
import type { Moments } from "./model/moments.ts";
import type { Project } from "./project.ts";
import type { BroughtEncoder } from "./project-backbone.ts";
import type { Session } from "./session.ts";
import { judgeBatches, reviewAll } from "./validate.ts";

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
  /** What the model is paid in: one of the datanet's tokens. */
  readonly token?: string;
  /** What is done about samples that repeat earlier ones; they are left out unless told otherwise. */
  readonly duplicates?: DuplicateMode;
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
 * Trains and commits. Throws what {@link contribute} throws, {@link NotAcceptedError}, what the chain
 * refuses.
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
  token,
  duplicates = "drop",
  validators = [],
  test,
  work = { workers: "local" },
}: TrainOptions): Promise<ModelState> {
  const { profile } = session;
  const opened = await openTrainingBackbone({
    ...{ project, session, corpus, ui },
    ...(encoder === undefined ? {} : { encoder }),
    ...(publicTexts === undefined ? {} : { publicTexts }),
  });
  const { backbone } = opened;
  try {
    const validated = validators.length > 0;
    const contributed = await contribute({
      ...{ project, session, corpus, ...opened, ui, validated, work, duplicates },
      ...(publicTexts === undefined ? {} : { publicTexts }),
    });
    const { datanet, samples, features, contributors: recorded } = contributed;
    const names = recorded.map(({ name }) => name);
    const batches = recorded.flatMap((contributor) => contributor.batches);
    await judged({ project, session, ui, datanet, batches, validators });
    const fitted = await ui.step("Fit the head", () =>
      fitModel({
        features,
        labels: samples.map((sample) => sample.label),
        contributors: samples.map((sample) => names.indexOf(sample.contributor)),
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
      ...(token === undefined ? {} : { token }),
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
    const reviewed = reviewAll(project, session, batches);
    await judgeBatches({ session, ui, validators, reviewed });
  }
  const refused: bigint[] = [];
  for (const { id } of batches) {
    const { status } = await session.contracts.batch(id);
    if (BATCH_STATUS[Number(status)] !== "accepted") refused.push(id);
  }
  if (refused.length > 0) throw new NotAcceptedError(refused);
}

/** Batches that no model may take. */
export class NotAcceptedError extends Error {
  override readonly name = "Train.NotAccepted";
  constructor(batches: readonly bigint[]) {
    super(
      `This datanet asks for verdicts, and ${batches.length} batches have none that accepts them (${batches.slice(0, 5).join(", ")}${batches.length > 5 ? ", …" : ""}). ` +
        `Have them judged with "quittance validate", or leave them out.`,
    );
  }
}
