/**
 * Closes an epoch: seal the receipts, commit, prove, post, settle, export.
 *
 * Every step asks first what has been done already (the project's state, the store of proofs, the chain), so
 * the command can be cut off anywhere and run again. Sealing comes first and is one atomic write: from then
 * on new receipts belong to the next epoch.
 */

import { proofWords } from "../prover/index.ts";
import { bundleProof, type EpochBundle, parseBundle, writeBundle } from "./bundle.ts";
import { NO_PARENT } from "./chain/ids.ts";
import type { EpochProofs } from "./chain/proofs.ts";
import { type Batches, EPOCH_STATUS } from "./chain/types.ts";
import type { Ui } from "./cli/ui.ts";
import { currentModel, type ModelState } from "./commit.ts";
import { proverThreads } from "./environment.ts";
import { settleFees } from "./influence/payouts.ts";
import { type Proved, proveAll } from "./jobs/proving.ts";
import type { Work } from "./jobs/spec.ts";
import { readVouchers } from "./payments/book.ts";
import { addPayouts, earningsRoot } from "./payments/earnings.ts";
import type { SignedVoucher } from "./payments/vouchers.ts";
import type { Project } from "./project.ts";
import { shareBackbone } from "./project-backbone.ts";
import {
  type ProvenTraining,
  postTraining,
  trainingProvables,
  trainingStatements,
} from "./prove-training.ts";
import type { Receipt } from "./receipts.ts";
import { type SealedEpoch, sealEpoch } from "./seal.ts";
import type { Session } from "./session.ts";
import { type EpochStatements, epochStatements } from "./statements.ts";
import { proofSecondsName } from "./views/proof-seconds.ts";

/** What a contributor gets from an epoch. */
export type EpochPayout = {
  readonly name: string;
  readonly account: string;
  /** s_c, exact; divide by 2^(S+T) for scores. */
  readonly influence: bigint;
  readonly weight: bigint;
  readonly payoutWei: bigint;
};

/** A settled epoch. */
export type SettledEpoch = {
  readonly epoch: number;
  readonly bundle: EpochBundle;
  readonly bundlePath: string;
  readonly payouts: readonly EpochPayout[];
  readonly receipts: readonly Receipt[];
  readonly statements: EpochStatements;
  readonly proofs: readonly Proved[];
  /** Absent for a model that is registered as unproven. */
  readonly training?: ProvenTraining;
};

/** Proofs that are verified together in one transaction. */
const PROOFS_A_TRANSACTION = 24;

/**
 * Closes the open epoch, or finishes the one whose closing was cut off. Throws {@link NothingToSettleError}.
 */
export async function settleEpoch({
  project,
  session,
  ui,
  work = { workers: "local" },
  seal = sealEpoch,
}: {
  readonly project: Project;
  readonly session: Session;
  readonly ui: Ui;
  /** Where the proofs are made; here unless told otherwise. */
  readonly work?: Work;
  /** How the epoch is sealed, for whoever is answering meanwhile. */
  readonly seal?: (project: Project, model: ModelState) => SealedEpoch | Promise<SealedEpoch>;
}): Promise<SettledEpoch> {
  const model = currentModel(project);
  const { contracts, operator, profile } = session;
  const { epoch, receipts, stateName } = await seal(project, model);
  const training = model.unproven
    ? undefined
    : await ui.step("Statements of the training", () => trainingStatements({ project, session, model }));
  const statements = await ui.step(`Statements of epoch ${epoch} (${receipts.length} receipts)`, async () => {
    const contexts: bigint[] = [];
    for (let batch = 0; batch * profile.queries < receipts.length; batch++)
      contexts.push(await contracts.context(model.id, epoch, batch));
    return epochStatements({
      model,
      receipts,
      profile,
      secrets: project.secrets,
      context: (batch) => contexts[batch] ?? 0n,
    });
  });
  // One pool for everything, so that no core waits while another finishes the last proof of a stage.
  const trainingWork = training === undefined ? [] : trainingProvables(training);
  const isProven = training === undefined || (await contracts.trainingProven(model.id));
  const title = isProven
    ? "Prove the epoch"
    : `Prove (${trainingWork.length} of training, the rest of the epoch)`;
  const all = await ui.step(title, (report) =>
    proveAll({
      provables: [...trainingWork, ...provablesOf(statements)],
      profile,
      circuits: session.circuits,
      keys: session.keys,
      store: project.store,
      threads: proverThreads(),
      report,
      work,
    }),
  );
  const proofs = all.slice(trainingWork.length);
  project.writeState(
    proofSecondsName(model.id, epoch),
    proofs.map(({ statement, seconds }) => ({ circuit: statement.circuit, seconds })),
  );
  const proven = training && { statements: training, proofs: all.slice(0, trainingWork.length) };
  if (proven !== undefined) await postTraining({ session, model, ui, training: proven });
  await ui.step("Commit the epoch on chain", async () => {
    if ((await contracts.epochCount(model.id)) >= epoch) return;
    const charges = chargesOf(receipts);
    const vouchers = await unredeemed(project, session, model, [...charges.keys()]);
    const commitment = {
      ...batchesOf(statements),
      commitY: statements.adjoint.statement.commitY,
      payers: [...charges.keys()],
      feeUnits: [...charges.values()],
    };
    session.record("commit epoch", await contracts.commitEpoch(operator, model.id, commitment, vouchers));
  });
  await ui.step("Post the proofs", (report) => postProofs(session, model, epoch, statements, proofs, report));
  const accounts = model.contributors.map((contributor) => contributor.account);
  await ui.step("Settle", async () => {
    const view = await contracts.epoch(model.id, epoch);
    if (EPOCH_STATUS[Number(view.status)] === "settled") return;
    const { cumulative } = await contracts.earnings(model.id, accounts);
    const mined = await contracts.settle(operator, model.id, epoch, accounts, statements.w, cumulative);
    session.record("settle", mined);
  });
  const bundle = await exportBundle(session, model, epoch, statements, proofs, proven);
  const bundlePath = project.path("out", `epoch-${epoch}.json`);
  writeBundle(bundlePath, bundle);
  shareBackbone(project, model.backbone, project.path("out"));
  project.writeState(stateName, { epoch, receipts: receipts.length, settled: true });
  const payouts = model.contributors.map(
    (contributor, index): EpochPayout => ({
      name: contributor.name,
      account: contributor.account,
      influence: statements.influence[index] ?? 0n,
      weight: statements.w[index] ?? 0n,
      payoutWei: BigInt(bundle.settlement.payoutsWei[index] ?? "0"),
    }),
  );
  const settled = { epoch, bundle, bundlePath, payouts, receipts, statements, proofs };
  return proven === undefined ? settled : { ...settled, training: proven };
}

/** The payers' best vouchers, without those that the vault knows already. */
async function unredeemed(
  project: Project,
  session: Session,
  model: ModelState,
  payers: readonly string[],
): Promise<SignedVoucher[]> {
  const book = readVouchers(project, model.id);
  const vouchers: SignedVoucher[] = [];
  for (const payer of payers) {
    const voucher = book.get(payer.toLowerCase());
    if (voucher === undefined) continue;
    const { authorised } = await session.contracts.channel(model.id, payer);
    if (voucher.cumulative > authorised) vouchers.push(voucher);
  }
  return vouchers;
}

/** What the chain knows of an epoch's batches. */
export function batchesOf({ inference }: EpochStatements): Batches {
  return {
    receiptsRoots: inference.map(({ statement }) => statement.receiptsRoot),
    commitQ: inference.map(({ statement }) => statement.commitQOut),
    feeTotals: inference.map(({ statement }) => statement.feeTotal),
  };
}

/** Fee units of each payer, in order of first appearance. */
export function chargesOf(receipts: readonly Receipt[]): Map<string, bigint> {
  const charges = new Map<string, bigint>();
  for (const { payer, feeUnits } of receipts)
    charges.set(payer, (charges.get(payer) ?? 0n) + BigInt(feeUnits));
  return charges;
}

function provablesOf(statements: EpochStatements): Parameters<typeof proveAll>[0]["provables"] {
  return [
    ...statements.inference.map(({ statement, input }, index) => ({
      label: `inference ${index + 1}`,
      statement: { circuit: "inference" as const, ...statement },
      input,
    })),
    {
      label: "adjoint",
      statement: { circuit: "adjoint" as const, ...statements.adjoint.statement },
      input: statements.adjoint.input,
    },
    ...statements.weights.map(({ statement, input }, index) => ({
      label: `weights ${index + 1}`,
      statement: { circuit: "weights" as const, ...statement },
      input,
    })),
  ];
}

/** Posts every proof that the chain has not taken yet, verified together in a few transactions. */
async function postProofs(
  session: Session,
  model: ModelState,
  epoch: number,
  statements: EpochStatements,
  proofs: readonly Proved[],
  report: (done: number, total: number, detail?: string) => void,
): Promise<void> {
  const { contracts, operator } = session;
  const batches = statements.inference.length;
  const { provenBatches, adjointProven } = await contracts.epoch(model.id, epoch);
  const wanted: EpochProofs[] = [];
  for (const [index, { proof, statement }] of proofs.entries()) {
    const words = proofWords(proof);
    if (statement.circuit === "inference") {
      if (((provenBatches >> BigInt(index)) & 1n) === 1n) continue;
      wanted.push({ inference: [{ batchIndex: index, proof: words }] });
    } else if (statement.circuit === "adjoint") {
      if (adjointProven) continue;
      wanted.push({ adjoint: words });
    } else if (statement.circuit === "weights") {
      const group = index - batches - 1;
      if (BigInt(await contracts.weightsHash(model.id, epoch, group)) !== 0n) continue;
      const { w, commitG } = statement;
      wanted.push({ weights: [{ index: group, w, commitG, proof: words }] });
    }
  }
  for (let start = 0; start < wanted.length; start += PROOFS_A_TRANSACTION) {
    report(start, wanted.length);
    const part = wanted.slice(start, start + PROOFS_A_TRANSACTION);
    const adjoint = part.find((one) => one.adjoint !== undefined)?.adjoint;
    const mined = await contracts.proveEpoch(operator, model.id, epoch, batchesOf(statements), {
      inference: part.flatMap((one) => one.inference ?? []),
      weights: part.flatMap((one) => one.weights ?? []),
      ...(adjoint === undefined ? {} : { adjoint }),
    });
    session.record(`prove epoch (${part.length} proofs)`, mined);
  }
}

/** Collects what the chain and the project know into a bundle. */
async function exportBundle(
  session: Session,
  model: ModelState,
  epoch: number,
  statements: EpochStatements,
  proofs: readonly Proved[],
  training: ProvenTraining | undefined,
): Promise<EpochBundle> {
  const { deployment, keys, profile } = session;
  const view = await session.contracts.epoch(model.id, epoch);
  const split = {
    protocolBps: Number(view.split.protocolBps),
    developerBps: Number(view.split.developerBps),
    validatorsBps: Number(view.split.validatorsBps),
  };
  const carryInWei = view.pool - view.fees;
  const settled = settleFees({ weights: statements.w, fees: view.fees, carry: carryInWei, split });
  const accounts = model.contributors.map(({ account }) => account);
  const before = await session.contracts.earnings(model.id, accounts, epoch - 1);
  const after = addPayouts(before, { accounts, payouts: settled.payouts });
  const proofOf = (index: number): EpochBundle["adjoint"]["proof"] =>
    bundleProof((proofs[index] as Proved).proof);
  const batches = statements.inference.length;
  return parseBundle({
    format: "quittance-epoch/2",
    profile: profile.name,
    chainId: session.chain.chainId,
    contracts: {
      datanets: deployment.datanets,
      models: deployment.models,
      epochs: deployment.epochs,
      training: deployment.training,
    },
    keys: {
      kind: keys.manifest.kind,
      circuits: Object.fromEntries(
        Object.entries(keys.manifest.circuits).map(([name, { circuitHash, vkeyHash }]) => [
          name,
          { circuitHash, vkeyHash },
        ]),
      ),
    },
    model: {
      id: model.id,
      operator: session.operator.address,
      nonce: String(model.nonce),
      datanet: String(model.datanet),
      datanetVersion: model.datanetVersion,
      parent: model.parent ?? NO_PARENT,
      token: model.token,
      backbone: model.backbone,
      commitW: String(model.commitW),
      commitA: String(model.commitA),
      lambda: model.lambda,
      samples: model.samples,
      feeUnitWei: String(model.feeUnitWei),
      commitR: String(model.commitR),
      unproven: model.unproven,
      contributors: model.contributors.map((c) => ({
        account: c.account,
        commitG: String(c.commitG),
        batches: c.batches.map((b) => ({
          id: String(b.id),
          root: String(b.root),
          count: b.count,
          signature: b.signature,
        })),
      })),
    },
    training: training === undefined ? null : trainingBundle(training),
    epoch,
    inference: statements.inference.map(({ statement, receipts }, index) => ({
      context: String(statement.context),
      commitQIn: String(statement.commitQIn),
      commitQOut: String(statement.commitQOut),
      receiptsRoot: String(statement.receiptsRoot),
      feeTotal: String(statement.feeTotal),
      receipts: receipts.map((r) => ({
        requestId: r.requestId,
        payer: r.payer,
        feeUnits: r.feeUnits,
        leaf: String(r.leaf),
        dueBy: r.dueBy,
        signature: r.signature,
      })),
      proof: proofOf(index),
    })),
    adjoint: {
      commitQ: String(statements.adjoint.statement.commitQ),
      commitY: String(statements.adjoint.statement.commitY),
      proof: proofOf(batches),
    },
    weights: statements.weights.map(({ statement }, index) => ({
      commitG: statement.commitG.map(String),
      w: statement.w.map(String),
      proof: proofOf(batches + 1 + index),
    })),
    settlement: {
      carryInWei: String(carryInWei),
      poolWei: String(view.pool),
      split,
      sharesWei: {
        protocol: String(settled.shares.protocol),
        developer: String(settled.shares.developer),
        validators: String(settled.shares.validators),
      },
      earningsWei: String(settled.earnings),
      sumWeights: String(statements.w.reduce((a, b) => a + b, 0n)),
      previousWei: before.cumulative.map(String),
      payoutsWei: settled.payouts.map(String),
      earningsRoot: earningsRoot(after),
      carryOutWei: String(settled.dust),
    },
  });
}

function trainingBundle({ statements, proofs }: ProvenTraining): NonNullable<EpochBundle["training"]> {
  const proofOf = (index: number): EpochBundle["adjoint"]["proof"] =>
    bundleProof((proofs[index] as Proved).proof);
  const { samples, contributors, model } = statements;
  const { wValue, aValue, rValue } = model.statement;
  return {
    commitV: String(statements.commitV),
    samples: samples.map(({ statement: { g, a } }, index) => ({
      g: String(g),
      a: String(a),
      proof: proofOf(index),
    })),
    contributors: contributors.map(({ statement }, index) => ({
      commitG: statement.commitG.map(String),
      value: statement.value.map(String),
      proof: proofOf(samples.length + index),
    })),
    model: {
      wValue: String(wValue),
      aValue: String(aValue),
      rValue: String(rValue),
      proof: proofOf(proofs.length - 1),
    },
  };
}
