/**
 * Exact unlearning: a model without some contributors, from the same signed batches of the others.
 *
 * Training is a sum: A = Σ A_c and B = Σ B_c over contributors. Leaving one out subtracts its terms; no
 * feature is recomputed and no sample is looked at again. The result is, integer for integer, what a fresh
 * fit of the remaining data gives. The new model is committed (and proven) like any other, and its state
 * names the one that it came from.
 *
 * What was said cannot be unsaid: the old model's commitments and settled epochs stay on the chain.
 */
import type { Ui } from "./cli/ui.ts";
import { commitModel, currentModel, type ModelState } from "./commit.ts";
import { fitMoments } from "./model/model.ts";
import type { Project } from "./project.ts";
import { openEpoch, readReceipts, receiptsFolder } from "./receipt-store.ts";
import type { Session } from "./session.ts";

/**
 * Fits and commits the project's model without the named contributors and makes it the project's current one.
 * Throws {@link UnknownContributorError}, {@link NobodyLeftError}, {@link OpenReceiptsError}.
 */
export async function forgetContributors(of: {
  readonly project: Project;
  readonly session: Session;
  readonly ui: Ui;
  /** Names or account addresses. */
  readonly forget: readonly string[];
}): Promise<ModelState> {
  const { project, session, ui, forget } = of;
  const model = currentModel(project);
  const isNamed = ({ name, account }: { name: string; account: string }): boolean =>
    forget.some((text) => text === name || text.toLowerCase() === account.toLowerCase());
  for (const text of forget) {
    const known = model.contributors.some(
      ({ name, account }) => text === name || text.toLowerCase() === account.toLowerCase(),
    );
    if (!known)
      throw new UnknownContributorError(
        text,
        model.contributors.map(({ name }) => name),
      );
  }
  const rest = model.contributors.filter((contributor) => !isNamed(contributor));
  if (rest.length === 0) throw new NobodyLeftError();
  const open = openEpoch(project, model);
  const waiting = readReceipts(receiptsFolder(project.folder, model.id, open)).length;
  if (waiting > 0) throw new OpenReceiptsError(waiting, project.folder);
  const parts = rest.map(({ samples, moments }) => ({
    samples,
    a: Float64Array.from(moments.a),
    b: Float64Array.from(moments.b),
  }));
  const fitted = await ui.step("Fit the head to the remaining sums", () =>
    fitMoments({ parts, lambda: model.lambda, profile: session.profile }),
  );
  const committed = await commitModel({
    project,
    session,
    ui,
    datanet: model.datanet,
    corpus: model.corpus,
    backbone: model.backbone,
    unproven: model.unproven,
    parent: model.id,
    token: model.token,
    fitted,
    contributors: rest.map((contributor, index) => ({
      name: contributor.name,
      account: contributor.account,
      batches: contributor.batches,
      moments: parts[index] as (typeof parts)[number],
    })),
  });
  project.writeState(`lineage/${model.id.slice(2, 18)}`, model);
  project.writeState("model", committed);
  return committed;
}

/** Nobody of that name. */
export class UnknownContributorError extends Error {
  override readonly name = "Forget.Unknown";
  constructor(text: string, names: readonly string[]) {
    super(
      `"${text}" is not a contributor of this model. Its contributors: ${names.slice(0, 20).join(", ")}.`,
    );
  }
}

/** All contributors were to be forgotten. */
export class NobodyLeftError extends Error {
  override readonly name = "Forget.NobodyLeft";
  constructor() {
    super("A model needs at least one contributor: leave one in, or stop using the project.");
  }
}

/** Answers of the old model are not settled yet. */
export class OpenReceiptsError extends Error {
  override readonly name = "Forget.OpenReceipts";
  constructor(count: number, folder: string) {
    super(
      `${count} answers of the present model are not settled. Run first: quittance settle --project ${folder}`,
    );
  }
}
