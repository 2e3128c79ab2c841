/**
 * Proves that the committed batches, and nothing but them, made the model.
 *
 * ρ1, ρ2, ρ3 are hashes of everything that was committed, so they exist only now. Each batch gives one
 * `samples` proof (its values g and a), each group of contributors one `contributors` proof (the values of
 * their G_c), the model one `model` proof (the values of W, A and R). The contract accepts them in any order
 * and any number of transactions, and with the last of them checks the three identities:
 *
 *   Σ_{batches of c} g = G_c(ρ)      Σ_c G_c(ρ) = λW(ρ) + R(ρ)      Σ_b a = A(ρ)
 *
 * Can be cut off anywhere: proofs are stored jobs, and the chain knows which of them it has.
 */
import {
  type ContributorsStatement,
  commitVector,
  contributorsWitness,
  evaluateRows,
  type ModelProofStatement,
  modelWitness,
  proofWords,
  type Rho,
  residualBound,
  type SamplesStatement,
  samplesWitness,
} from "../prover/index.ts";
import { rhoOf } from "./chain/ids.ts";
import type { BatchEntry, TrainingProgress, TrainingProofs } from "./chain/proofs.ts";
import type { Ui } from "./cli/ui.ts";
import type { ModelState } from "./commit.ts";
import { proverThreads } from "./environment.ts";
import { type Provable, type Proved, proveAll } from "./jobs/proving.ts";
import type { Work } from "./jobs/spec.ts";
import type { Project } from "./project.ts";
import { recordsOf } from "./records.ts";
import type { Session } from "./session.ts";

/** Everything that the training proof states, with inputs, in posting order. */
export type TrainingStatements = {
  readonly rho: Rho;
  readonly commitV: bigint;
  readonly bound: bigint;
  /** One a batch, contributor by contributor. */
  readonly samples: readonly (Provable & { readonly statement: SamplesStatement })[];
  readonly contributors: readonly (Provable & { readonly statement: ContributorsStatement })[];
  readonly model: Provable & { readonly statement: ModelProofStatement };
};

/** A proven training: statements and their proofs, in the order samples, contributors, model. */
export type ProvenTraining = { readonly statements: TrainingStatements; readonly proofs: readonly Proved[] };

/** Proofs in one transaction: 24 cost about two million gas, and one block holds many times that. */
const PROOFS_A_TRANSACTION = 24;

/** Statements and witnesses of a model's training. Reads the records of every batch from the project. */
export async function trainingStatements(of: {
  readonly project: Project;
  readonly session: Session;
  readonly model: ModelState;
}): Promise<TrainingStatements> {
  const { project, session, model } = of;
  const { profile } = session;
  const rho = rhoOf(await session.contracts.trainingSeed(model.id));
  const v = evaluateRows(model.w, profile.m, rho[1]);
  const saltV = project.secrets.salt(`V/${model.id}`, v);
  const bound = residualBound(profile, model.samples, BigInt(model.lambda));
  const { w, saltW, a, saltA, saltR } = model;
  const batches = model.contributors.flatMap((contributor) => contributor.batches);
  const groups = Math.ceil(model.contributors.length / profile.contributors);
  const made = modelWitness({ profile, rho, w, saltW, a, saltA, r: model.residual, saltR, saltV, bound });
  return {
    rho,
    commitV: commitVector(v, saltV, profile),
    bound,
    samples: batches.map(({ root }, index) => {
      const records = recordsOf(project, root, profile);
      const { statement, input } = samplesWitness({ profile, rho, w, saltV, records });
      return { label: `samples ${index + 1}`, statement: { circuit: "samples", ...statement }, input };
    }),
    contributors: Array.from({ length: groups }, (_, index) => {
      const group = model.contributors.slice(
        index * profile.contributors,
        (index + 1) * profile.contributors,
      );
      const { statement, input } = contributorsWitness({
        profile,
        rho1: rho[0],
        rho2: rho[1],
        gradients: group.map((contributor) => contributor.gradient),
        salts: group.map((contributor) => contributor.saltG),
      });
      return {
        label: `contributors ${index + 1}`,
        statement: { circuit: "contributors", ...statement },
        input,
      };
    }),
    model: { label: "model 1", statement: { circuit: "model", ...made.statement }, input: made.input },
  };
}

/** All of a training's statements as jobs for the pool. */
export function trainingProvables(statements: TrainingStatements): readonly Provable[] {
  return [...statements.samples, ...statements.contributors, statements.model];
}

/** Proves the training and has the chain accept it. Undefined for a model that is registered as unproven. */
export async function proveTraining(of: {
  readonly project: Project;
  readonly session: Session;
  readonly model: ModelState;
  readonly ui: Ui;
  /** Where the proofs are made; here unless told otherwise. */
  readonly work?: Work;
}): Promise<ProvenTraining | undefined> {
  const { project, session, model, ui, work = { workers: "local" } } = of;
  if (model.unproven) return undefined;
  const statements = await ui.step("Statements of the training", () => trainingStatements(of));
  const proofs = await ui.step("Prove the training", (report) =>
    proveAll({
      provables: trainingProvables(statements),
      profile: session.profile,
      circuits: session.circuits,
      keys: session.keys,
      store: project.store,
      threads: proverThreads(),
      report,
      work,
    }),
  );
  await postTraining({ session, model, ui, training: { statements, proofs } });
  return { statements, proofs };
}

/** Posts what the chain still lacks of a training proof. Throws {@link TrainingIncompleteError}. */
export async function postTraining(of: {
  readonly session: Session;
  readonly model: ModelState;
  readonly ui: Ui;
  readonly training: ProvenTraining;
}): Promise<void> {
  const { session, model, ui, training } = of;
  const { contracts, operator } = session;
  const { statements, proofs } = training;
  await ui.step("Post the training proof", async (report) => {
    if (await contracts.trainingProven(model.id)) return;
    const before = await contracts.trainingProgress(model.id);
    if (before.commitV !== statements.commitV) {
      const mined = await contracts.beginTraining(operator, model.id, statements.commitV);
      session.record("begin training proof", mined);
    }
    const entries = batchEntries(model);
    const groups = groupedProofs(statements, proofs, await contracts.trainingProgress(model.id));
    for (const [index, { count, ...part }] of groups.entries()) {
      report(index, groups.length);
      const mined = await contracts.proveTraining(operator, model.id, { batches: entries, ...part });
      session.record(`prove training (${count} proofs)`, mined);
    }
    if (!(await contracts.trainingProven(model.id))) throw new TrainingIncompleteError(model.id);
  });
}

/**
 * Proves one batch of a training, and has the chain accept it: what a challenge of an unproven model asks
 * for. Throws {@link NoBatchError}.
 */
export async function proveBatch(of: {
  readonly project: Project;
  readonly session: Session;
  readonly model: ModelState;
  readonly ui: Ui;
  readonly index: number;
}): Promise<void> {
  const { project, session, model, ui, index } = of;
  const { contracts, operator, profile, circuits, keys } = session;
  const statements = await ui.step("Statements of the training", () => trainingStatements(of));
  const wanted = statements.samples[index];
  if (wanted === undefined) throw new NoBatchError(index, statements.samples.length);
  const [proved] = await ui.step(`Prove batch ${index} of the training`, (report) =>
    proveAll({
      ...{ provables: [wanted], profile, circuits, keys, store: project.store },
      ...{ threads: proverThreads(), report },
    }),
  );
  if (proved === undefined) throw new NoBatchError(index, statements.samples.length);
  const before = await contracts.trainingProgress(model.id);
  if (before.commitV !== statements.commitV)
    session.record(
      "begin training proof",
      await contracts.beginTraining(operator, model.id, statements.commitV),
    );
  if (before.samples[index] === true && before.commitV === statements.commitV) return;
  const { g, a } = wanted.statement;
  const proofs = {
    batches: batchEntries(model),
    samples: [{ index, g, a, proof: proofWords(proved.proof) }],
  };
  session.record("prove batch", await contracts.proveTraining(operator, model.id, proofs));
}

/** The model has no such batch. */
export class NoBatchError extends Error {
  override readonly name = "Training.NoBatch";
  constructor(index: number, count: number) {
    super(`The model has no batch ${index}: it was made from ${count}, counted from 0.`);
  }
}

/** The model's batches as the contract lists them. */
function batchEntries(model: ModelState): BatchEntry[] {
  return model.contributors.flatMap(({ batches }, contributor) =>
    batches.map(({ root, count }) => ({ root, count, contributor })),
  );
}

/** The proofs that the chain still lacks, in transactions of at most {@link PROOFS_A_TRANSACTION}. */
function groupedProofs(
  { samples, contributors, model }: TrainingStatements,
  proofs: readonly Proved[],
  progress: TrainingProgress,
): Array<Omit<TrainingProofs, "batches"> & { readonly count: number }> {
  const wordsAt = (index: number): bigint[] => proofWords((proofs[index] as Proved).proof);
  const wanted: Array<Omit<TrainingProofs, "batches">> = [];
  for (const [index, { statement }] of samples.entries()) {
    if (progress.samples[index] === true) continue;
    wanted.push({ samples: [{ index, g: statement.g, a: statement.a, proof: wordsAt(index) }] });
  }
  for (const [group, { statement }] of contributors.entries()) {
    if (progress.contributors[group] === true) continue;
    const proof = wordsAt(samples.length + group);
    wanted.push({ contributors: [{ group, commitG: statement.commitG, values: statement.value, proof }] });
  }
  if (!progress.model) {
    const { wValue, aValue, rValue } = model.statement;
    wanted.push({ model: { wValue, aValue, rValue, proof: wordsAt(proofs.length - 1) } });
  }
  const calls: Array<Omit<TrainingProofs, "batches"> & { readonly count: number }> = [];
  for (let start = 0; start < wanted.length; start += PROOFS_A_TRANSACTION) {
    const part = wanted.slice(start, start + PROOFS_A_TRANSACTION);
    const last = part.find((one) => one.model !== undefined)?.model;
    calls.push({
      count: part.length,
      samples: part.flatMap((one) => one.samples ?? []),
      contributors: part.flatMap((one) => one.contributors ?? []),
      ...(last === undefined ? {} : { model: last }),
    });
  }
  return calls;
}

/** A training's proofs were all posted and the chain does not call it proven. */
export class TrainingIncompleteError extends Error {
  override readonly name = "Training.Incomplete";
  constructor(model: string) {
    super(
      `Model ${model} is still not proven on chain. Run the same command again; it posts what is missing.`,
    );
  }
}
