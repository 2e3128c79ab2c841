/**
 * An audit: everything between the contents and the weights computed again, one sample at a time, by the
 * definitions (model/reference.ts) and not by the code that made it.
 *
 * `quittance verify` shows what the proofs show, to anybody, from the bundle alone. What no proof covers is
 * that features are the backbone's of the contents; whoever wants to see that needs the contents, so this is
 * for an auditor whom the operator hands a copy of the project. Each line is *reproducible*: it holds for
 * whoever holds these files. Contents that were not kept are counted, and a line that could not look at all
 * of them is `open`.
 */
import { batchRoot, commitMatrix, type DataRecord, type Profile, recordLeaf } from "../prover/index.ts";
import { openBackbone } from "./backbone/backbone.ts";
import type { EpochBundle } from "./bundle.ts";
import type { ModelState } from "./commit.ts";
import { contentsOf } from "./contents.ts";
import { adjoint } from "./influence/adjoint.ts";
import { weights } from "./influence/scores.ts";
import { answer } from "./model/answers.ts";
import { fitHead } from "./model/head.ts";
import { upperTriangle } from "./model/matrices.ts";
import { referenceCross, referenceGradient, referenceGram } from "./model/reference.ts";
import type { Project } from "./project.ts";
import { keptBackbone } from "./project-backbone.ts";
import { questionOf, readBatches, readReceipts, receiptsFolder } from "./receipt-store.ts";
import { checkReceipt, contentDigest, type Receipt } from "./receipts.ts";
import { recordsOf } from "./records.ts";
import type { Check } from "./verify.ts";

type Batch = { readonly root: bigint; readonly name: string; readonly records: readonly DataRecord[] };

/**
 * Audits the model that a project holds and, with `bundle`, an epoch that it settled.
 *
 * @throws BackboneMissingError, RecordsMissingError, ReceiptGapError, {@link OtherBundleError}
 */
export async function auditProject(of: {
  readonly project: Project;
  readonly profile: Profile;
  readonly model: ModelState;
  readonly bundle?: EpochBundle;
  readonly report?: (done: number, total: number) => void;
}): Promise<Check[]> {
  const { project, profile, model, bundle, report = () => {} } = of;
  if (bundle !== undefined && bundle.model.id !== model.id)
    throw new OtherBundleError(bundle.model.id, project.folder);
  const batches = model.contributors.map((contributor) =>
    contributor.batches.map((batch): Batch => {
      const name = `batch ${batch.id} of ${contributor.name}`;
      return { root: batch.root, name, records: recordsOf(project, batch.root, profile) };
    }),
  );
  const receipts =
    bundle === undefined ? [] : readReceipts(receiptsFolder(project.folder, model.id, bundle.epoch));
  const sums = sumsOf(batches, model, profile, report);
  const checks = [
    ...(await contentLines(project, profile, model, batches.flat(), receipts)),
    line("batches", () => rootProblem(batches.flat(), profile), "every record hashes into its signed root"),
    line("Gram matrix", () => gramProblem(sums, model, profile), "A is the sum over all samples"),
    line("weights of the model", () => headProblem(sums, model, profile), "W is the rounded optimum"),
    line("gradients", () => gradientProblem(sums, model, profile), "each G_c is the sum over its samples"),
  ];
  if (bundle === undefined) return checks;
  return [
    ...checks,
    line("answers", () => answerProblem(receipts, bundle, model, profile), answered(receipts)),
    line(
      "influence",
      () => influenceProblem(receipts, bundle, sums, model, profile),
      "queries, adjoint and every contributor's weight are those of the bundle",
    ),
  ];
}

const answered = (receipts: readonly Receipt[]): string =>
  `${receipts.length} answers are the best class of the committed weights, and their receipts the bundle's`;

function line(name: string, find: () => string | undefined, detail: string): Check {
  const problem = find();
  return { name, assurance: "reproducible", ok: problem === undefined, detail: problem ?? detail };
}

/** What the samples add up to: by contributor, and over all. */
type Sums = {
  readonly gram: readonly bigint[];
  readonly cross: readonly bigint[];
  readonly gradients: readonly (readonly bigint[])[];
};

function sumsOf(
  batches: ReadonlyArray<readonly Batch[]>,
  model: ModelState,
  profile: Profile,
  report: (done: number, total: number) => void,
): Sums {
  const { d, m } = profile;
  const gram = new Array<bigint>(d * d).fill(0n);
  const cross = new Array<bigint>(d * m).fill(0n);
  const gradients = batches.map((own, index) => {
    report(index, batches.length);
    const gradient = new Array<bigint>(d * m).fill(0n);
    for (const { records } of own) {
      const samples = {
        features: Int8Array.from(records.flatMap(({ features }) => [...features])),
        labels: records.map(({ klass }) => klass),
      };
      add(gram, referenceGram(samples, profile));
      add(cross, referenceCross(samples, profile));
      add(gradient, referenceGradient(samples, model.w, profile.scaleBits, profile));
    }
    return gradient;
  });
  return { gram, cross, gradients };
}

function add(sum: bigint[], part: readonly bigint[]): void {
  part.forEach((value, at) => {
    sum[at] = (sum[at] as bigint) + value;
  });
}

/** Features of contents, recomputed by the backbone's own file: the part that no proof covers. */
async function contentLines(
  project: Project,
  profile: Profile,
  model: ModelState,
  batches: readonly Batch[],
  receipts: readonly Receipt[],
): Promise<Check[]> {
  const samples = batches.flatMap(({ root, name, records }) => {
    const kept = contentsOf(project, root);
    return records.map((record, place) => ({
      name: `sample ${place + 1} of ${name}`,
      features: record.features,
      digest: record.digest,
      content: kept?.[place],
    }));
  });
  const asked = questionsOf(project, receipts);
  const questions = receipts.map((receipt) => ({
    name: `the question of receipt ${receipt.sequence}`,
    features: receipt.opening.features,
    digest: receipt.opening.digest,
    content: asked.get(receipt.sequence) ?? questionOf(project, receipt),
  }));
  const backbone = await openBackbone(keptBackbone(project, model.backbone));
  try {
    const lines = [await featureLine("features of samples", samples)];
    if (receipts.length > 0) lines.push(await featureLine("features of questions", questions));
    return lines;
  } finally {
    await backbone.close();
  }

  async function featureLine(name: string, all: typeof samples): Promise<Check> {
    const kept = all.flatMap(({ content, ...rest }) => (content === undefined ? [] : [{ ...rest, content }]));
    const other = kept.find(({ content, digest }) => contentDigest(content) !== digest);
    if (other !== undefined)
      return { name, assurance: "reproducible", ok: false, detail: `${other.name} is another content` };
    const features = await backbone.features(kept.map(({ content }) => content));
    const wrong = kept.find((sample, at) =>
      sample.features.some((value, j) => value !== features[at * profile.d + j]),
    );
    if (wrong !== undefined)
      return { name, assurance: "reproducible", ok: false, detail: `${wrong.name} has other features` };
    const all_ = kept.length === all.length;
    return {
      name,
      assurance: all_ ? "reproducible" : "open",
      ok: true,
      detail: `${kept.length} of ${all.length} recomputed from their contents with ${model.backbone.slice(0, 16)}…${
        all_ ? "" : "; the other contents are not in the project"
      }`,
    };
  }
}

/** What was asked in an epoch, by the receipts' numbers, in one reading. */
function questionsOf(project: Project, receipts: readonly Receipt[]): Map<number, Uint8Array> {
  const [first] = receipts;
  if (first === undefined) return new Map();
  const batches = readBatches(receiptsFolder(project.folder, first.modelId, first.epoch));
  return new Map(
    batches.flatMap(({ answers }) =>
      answers.flatMap(
        ({ receipt, question }): Array<[number, Uint8Array]> =>
          question === undefined ? [] : [[receipt.sequence, question]],
      ),
    ),
  );
}

function rootProblem(batches: readonly Batch[], profile: Profile): string | undefined {
  const wrong = batches.find(
    ({ root, records }) =>
      batchRoot(
        records.map((record) => recordLeaf(record, profile)),
        profile,
      ) !== root,
  );
  return wrong === undefined ? undefined : `the records of ${wrong.name} hash to another root`;
}

function gramProblem({ gram }: Sums, model: ModelState, profile: Profile): string | undefined {
  const upper = upperTriangleOf(gram, profile.d);
  if (!same(upper, model.a)) return "the samples add up to another A";
  return commitMatrix("A", upper, model.saltA, profile) === model.commitA
    ? undefined
    : "A is not what the model committed to";
}

function upperTriangleOf(gram: readonly bigint[], d: number): bigint[] {
  return upperTriangle(gram.map(Number), d);
}

function headProblem({ gram, cross }: Sums, model: ModelState, profile: Profile): string | undefined {
  const a = upperTriangleOf(gram, profile.d);
  const { w, residual } = fitHead({ a, b: cross, lambda: model.lambda, profile });
  if (!same(w, model.w)) return "the samples' optimum is another W";
  if (commitMatrix("W", w, model.saltW, profile) !== model.commitW)
    return "W is not what the model committed to";
  return commitMatrix("R", residual, model.saltR, profile) === model.commitR
    ? undefined
    : "what rounding left over is not what the model committed to";
}

function gradientProblem({ gradients }: Sums, model: ModelState, profile: Profile): string | undefined {
  const wrong = model.contributors.find((contributor, index) => {
    const gradient = gradients[index] ?? [];
    return commitMatrix("G", gradient, contributor.saltG, profile) !== contributor.commitG;
  });
  return wrong === undefined ? undefined : `the samples of ${wrong.name} add up to another gradient`;
}

function answerProblem(
  receipts: readonly Receipt[],
  bundle: EpochBundle,
  model: ModelState,
  profile: Profile,
): string | undefined {
  const listed = bundle.inference.flatMap((batch) => batch.receipts);
  if (listed.length !== receipts.length)
    return `the project has ${receipts.length} receipts, the bundle ${listed.length}`;
  for (const [index, receipt] of receipts.entries()) {
    const [problem] = checkReceipt(receipt, profile);
    if (problem !== undefined) return `receipt ${receipt.sequence}: ${problem}`;
    if (listed[index]?.leaf !== String(receipt.leaf) || listed[index]?.requestId !== receipt.requestId)
      return `receipt ${receipt.sequence} is not the bundle's`;
    const { klass } = answer(model.w, receipt.opening.features, profile);
    if (klass !== receipt.opening.answer)
      return `receipt ${receipt.sequence} says ${receipt.opening.answer}, the model ${klass}`;
  }
  return undefined;
}

function influenceProblem(
  receipts: readonly Receipt[],
  bundle: EpochBundle,
  { gradients }: Sums,
  model: ModelState,
  profile: Profile,
): string | undefined {
  const { d, m, words } = profile;
  const q = new Array<bigint>(d * m).fill(0n);
  for (const { opening, feeUnits } of receipts) {
    const word = words[opening.answer] ?? [];
    for (let j = 0; j < d; j++)
      for (let k = 0; k < m; k++)
        q[j * m + k] =
          (q[j * m + k] as bigint) + BigInt(feeUnits * (opening.features[j] as number) * (word[k] as number));
  }
  const { y } = adjoint(model.a, model.lambda, q, profile);
  const influence = gradients.map((g) => g.reduce((sum, value, at) => sum + value * (y[at] as bigint), 0n));
  const stated = bundle.weights.flatMap(({ w }) => w.map(BigInt));
  const wrong = weights(influence).findIndex((w, index) => w !== stated[index]);
  return wrong === -1
    ? undefined
    : `${model.contributors[wrong]?.name} has influence ${influence[wrong]}, the bundle pays by ${stated[wrong]}`;
}

function same(a: readonly bigint[], b: readonly bigint[]): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}

/** The bundle is of a model that the project does not hold. */
export class OtherBundleError extends Error {
  override readonly name = "Audit.OtherBundle";
  constructor(modelId: string, folder: string) {
    super(`The bundle is of model ${modelId}, and the project in ${folder} holds another. Name its project.`);
  }
}
