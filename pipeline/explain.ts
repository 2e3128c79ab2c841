/**
 * Explains an answer: the training samples that helped and hurt it most, and where each of them is committed.
 *
 * "Helped by 0.021" means: with this sample's weight turned up, the winning score rises at this rate; leaving
 * it out and fitting again would lower the score by the second number, exactly. The first adds up, over the
 * samples of a contributor, to its influence on this answer, and over answers and fees to the weight that is
 * proven and paid.
 *
 * Each sample is opened against the root of the batch that its contributor signed: all leaves of the batch
 * are hashed again and must give the root that the model was committed with. Each line says how sure it is:
 *
 *   proven        that exactly these batches made the model, where its training is proven
 *   reproducible  scores, leaves, roots and features, by whoever holds the records
 *   attested      that a batch is its contributor's (it signed the root), and the receipt the operator's
 *   governed      that the content is what it says
 */
import { batchRoot, type DataRecord, type Profile, recordLeaf } from "../prover/index.ts";
import { currentModel, type ModelState } from "./commit.ts";
import { type ContentKind, contentKindOf, contentsOf } from "./contents.ts";
import { bestProvider, type Provider } from "./engine/provider.ts";
import { featuresInMemory, type Run } from "./influence/scoring/features.ts";
import { inverseFactor, leverage, type ScoringHead, scoringHead } from "./influence/scoring/head.ts";
import type { Hit } from "./influence/scoring/ranking.ts";
import { scoreQueries } from "./influence/scoring/score.ts";
import type { Project } from "./project.ts";
import { className, projectLabels } from "./project-labels.ts";
import { questionOf } from "./receipt-store.ts";
import { checkReceipt, contentDigest, type Receipt } from "./receipts.ts";
import { recordsOf } from "./records.ts";

/** A training sample and what it did to an answer. */
export type ExplainedSample = {
  /** `s_iq`: how the winning score changes with the sample's weight, in units of the score. */
  readonly influence: number;
  /** What leaving the sample out and fitting again would take from the winning score. */
  readonly leaveOneOut: number;
  readonly contributor: string;
  readonly account: string;
  readonly label: number;
  /** What the class is called: its name, or its number. */
  readonly labelName: string;
  readonly content?: Uint8Array;
  readonly inclusion: Inclusion;
};

/** Where a sample is committed, and whether opening it gave what was committed. */
export type Inclusion = {
  /** The batch's number on the chain, and the sample's place in it from 0. */
  readonly batch: bigint;
  readonly place: number;
  readonly leaf: bigint;
  readonly root: bigint;
  /** All leaves of the batch, hashed again, give the root. */
  readonly opens: boolean;
  /** The content's hash is the one in the leaf; absent where the content is not kept. */
  readonly contentMatches?: boolean;
};

/** An answer and what made it. */
export type Explanation = {
  readonly receipt: Receipt;
  /** What is wrong with the receipt itself; nothing when all is well. */
  readonly doubts: readonly string[];
  readonly question?: Uint8Array;
  readonly kind: ContentKind;
  /** What the class that was answered is called, its score, and how many samples were looked at. */
  readonly answerName: string;
  readonly score: number;
  readonly samples: number;
  readonly provider: Provider;
  /** Whether exactly the model's batches made it: shown by a posted proof, or only committed to. */
  readonly training: "proven" | "committed" | "unproven";
  /** Whether the answer's own epoch is settled: then the answer is proven to be the committed model's. */
  readonly settled: boolean;
  readonly helped: readonly ExplainedSample[];
  readonly hurt: readonly ExplainedSample[];
  /** Influence of each contributor on this answer, the largest first; they add up over its samples. */
  readonly contributors: ReadonlyArray<{
    readonly name: string;
    readonly account: string;
    readonly influence: number;
  }>;
};

type Place = { readonly contributor: number; readonly batch: number; readonly place: number };

/** The model's samples, contributor by contributor as its batches are. */
type Training = {
  readonly records: readonly DataRecord[];
  readonly places: readonly Place[];
  readonly runs: readonly Run[];
};

/**
 * Explains receipts of one model. Throws {@link OtherModelError}, RecordsMissingError.
 *
 * @param top how many samples to show on each side
 */
export async function explainReceipts(of: {
  readonly project: Project;
  readonly profile: Profile;
  readonly receipts: readonly Receipt[];
  readonly top?: number;
}): Promise<Explanation[]> {
  const { project, profile, receipts, top = 5 } = of;
  const model = modelOf(project, receipts);
  const training = trainingOf(project, model, profile);
  const head = scoringHead(model, profile);
  const { d } = profile;
  const queries = {
    features: Int8Array.from(receipts.flatMap(({ opening }) => [...opening.features])),
    classes: receipts.map(({ opening }) => opening.answer),
  };
  const samples = featuresInMemory({
    d,
    features: Int8Array.from(training.records.flatMap(({ features }) => [...features])),
    labels: training.records.map(({ klass }) => klass),
    runs: training.runs,
  });
  const { provider } = await bestProvider();
  const inverse = inverseFactor(head);
  const labels = projectLabels(project);
  const opened = new Map<string, Inclusion[]>();
  const out: Explanation[] = [];
  for (const [q, receipt] of receipts.entries()) {
    const own = {
      features: queries.features.subarray(q * d, (q + 1) * d),
      classes: [receipt.opening.answer],
    };
    const found = await scoreQueries(head, own, samples, { top, session: { provider } });
    const explain = ({ sample, score }: Hit): ExplainedSample => {
      const record = training.records[sample] as DataRecord;
      const place = training.places[sample] as Place;
      const contributor = model.contributors[place.contributor] as ModelState["contributors"][number];
      return {
        influence: score,
        leaveOneOut: score / (1 - leverage(inverse, record.features)),
        contributor: contributor.name,
        account: contributor.account,
        label: record.klass,
        labelName: className(labels, record.klass),
        ...openSample({ project, model, place, profile, opened }),
      };
    };
    const question = questionOf(project, receipt);
    out.push({
      receipt,
      doubts: checkReceipt(receipt, profile, question),
      ...(question === undefined ? {} : { question }),
      kind: contentKindOf(project),
      answerName: className(labels, receipt.opening.answer),
      score: scoreOf(head, receipt),
      samples: training.records.length,
      provider,
      training: trainingOfModel(project, model),
      settled: isSettled(project, `epochs/${model.id.slice(2, 18)}/${receipt.epoch}`),
      helped: (found.helped[0] ?? []).map(explain),
      hurt: (found.hurt[0] ?? []).map(explain),
      contributors: model.contributors
        .map(({ name, account }, c) => ({ name, account, influence: found.totals[c] ?? 0 }))
        .sort((a, b) => b.influence - a.influence),
    });
  }
  return out;
}

/** The model that all receipts are of: the present one, or one that it was made from. */
function modelOf(project: Project, receipts: readonly Receipt[]): ModelState {
  const current = currentModel(project);
  const id = receipts[0]?.modelId ?? current.id;
  const model = current.id === id ? current : project.readState<ModelState>(`lineage/${id.slice(2, 18)}`);
  const other = receipts.find((receipt) => receipt.modelId !== id);
  if (model === undefined || model.id !== id || other !== undefined)
    throw new OtherModelError(other?.modelId ?? id, project.folder);
  return model;
}

/** An epoch settles only after the training proof was posted, unless the model is registered as unproven. */
function trainingOfModel(project: Project, model: ModelState): Explanation["training"] {
  if (model.unproven) return "unproven";
  const epochs = project.listState(`epochs/${model.id.slice(2, 18)}`);
  const settled = epochs.some((name) => isSettled(project, name));
  return settled ? "proven" : "committed";
}

function isSettled(project: Project, epoch: string): boolean {
  return project.readState<{ settled: boolean }>(epoch)?.settled === true;
}

function trainingOf(project: Project, model: ModelState, profile: Profile): Training {
  const records: DataRecord[] = [];
  const places: Place[] = [];
  const runs: Run[] = [];
  for (const [contributor, { batches }] of model.contributors.entries()) {
    const start = records.length;
    for (const [batch, { root }] of batches.entries()) {
      for (const [place, record] of recordsOf(project, root, profile).entries()) {
        records.push(record);
        places.push({ contributor, batch, place });
      }
    }
    if (records.length > start) runs.push({ contributor, start, count: records.length - start });
  }
  return { records, places, runs };
}

/** Opens a sample's batch, once a batch: leaves from the records, the root from all leaves. */
function openSample(of: {
  readonly project: Project;
  readonly model: ModelState;
  readonly place: Place;
  readonly profile: Profile;
  readonly opened: Map<string, Inclusion[]>;
}): { readonly inclusion: Inclusion; readonly content?: Uint8Array } {
  const { project, model, place, profile, opened } = of;
  const batch = model.contributors[place.contributor]?.batches[place.batch];
  if (batch === undefined) throw new Error("unreachable: places are of the model's batches");
  const contents = contentsOf(project, batch.root);
  const key = `${place.contributor}/${place.batch}`;
  let inclusions = opened.get(key);
  if (inclusions === undefined) {
    const records = recordsOf(project, batch.root, profile);
    const leaves = records.map((record) => recordLeaf(record, profile));
    const opens = batchRoot(leaves, profile) === batch.root;
    inclusions = leaves.map((leaf, at) => {
      const content = contents?.[at];
      const contentMatches = content !== undefined && contentDigest(content) === records[at]?.digest;
      return {
        batch: batch.id,
        place: at,
        leaf,
        root: batch.root,
        opens,
        ...(content === undefined ? {} : { contentMatches }),
      };
    });
    opened.set(key, inclusions);
  }
  const content = contents?.[place.place];
  return {
    inclusion: inclusions[place.place] as Inclusion,
    ...(content === undefined ? {} : { content }),
  };
}

/** The score of the answered class, in units of the score. */
function scoreOf({ values, classes }: ScoringHead, { opening }: Receipt): number {
  return opening.features.reduce(
    (sum, h, j) => sum + h * (values[j * classes + opening.answer] as number),
    0,
  );
}

/** A receipt of a model that the project does not hold. */
export class OtherModelError extends Error {
  override readonly name = "Explain.OtherModel";
  constructor(modelId: string, folder: string) {
    super(
      `The receipt is of model ${modelId}, and the project in ${folder} holds another. Name the project that answered it, with --project.`,
    );
  }
}
