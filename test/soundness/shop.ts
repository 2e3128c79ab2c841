// An operator's shop in one process: the real circuits and keys of the tiny profile, the real contracts on a
// chain that keeps no log, and the pipeline's own steps, so that a test can lie between any two of them and
// have the rest done honestly. `posted` is what the contracts say of it, `doubts` what the offline verifier
// says.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleProof, type EpochBundle, parseBundle } from "../../pipeline/bundle.ts";
import { RevertedError } from "../../pipeline/chain/client.ts";
import { openContracts, signBatch } from "../../pipeline/chain/contracts.ts";
import { deployContracts, deployOptionsOf } from "../../pipeline/chain/deploy.ts";
import { NO_PARENT } from "../../pipeline/chain/ids.ts";
import { openLocalChain } from "../../pipeline/chain/local.ts";
import { openUi } from "../../pipeline/cli/ui.ts";
import { commitModel, type ModelBatch, type ModelState } from "../../pipeline/commit.ts";
import { accountOf } from "../../pipeline/engine/ethers.ts";
import { proverThreads } from "../../pipeline/environment.ts";
import { type Provable, type Proved, proveAll } from "../../pipeline/jobs/proving.ts";
import { fitModel, type Model } from "../../pipeline/model/model.ts";
import type { Moments } from "../../pipeline/model/moments.ts";
import { openProject, type Project } from "../../pipeline/project.ts";
import { trainingBackbone } from "../../pipeline/project-backbone.ts";
import {
  type ProvenTraining,
  postTraining,
  type TrainingStatements,
  trainingProvables,
  trainingStatements,
} from "../../pipeline/prove-training.ts";
import { keepRecords } from "../../pipeline/records.ts";
import type { Session } from "../../pipeline/session.ts";
import { readyCircuits, readyKeys } from "../../pipeline/setup.ts";
import { verifyBundle } from "../../pipeline/verify.ts";
import { batchRoot, type DataRecord, loadProfile, recordLeaf } from "../../prover/index.ts";
import { fitted } from "../circuits/cases.ts";
import { knownKeys } from "./known-keys.ts";

export const PROFILE = loadProfile("tiny");
export const UI = openUi(process.stderr, true);
const COINS = 100n * 10n ** 18n;

export type Shop = {
  readonly project: Project;
  readonly session: Session;
  /** Proves with the shop's keys. A proof exists only where the circuit's rows hold. */
  prove(provables: readonly Provable[]): Promise<Proved[]>;
  close(): Promise<void>;
};

/** What contributors brought: name, account, signed batches and the records behind them. */
export type Contribution = {
  readonly name: string;
  readonly account: string;
  readonly batches: readonly ModelBatch[];
  readonly records: readonly (readonly DataRecord[])[];
};

/** A fit as `fitted` of the circuits' cases makes it, with the λ that the operator says he used. */
export type Fit = ReturnType<typeof fitted> & { readonly lambda: bigint };

/** An empty shop with its contracts deployed, with real keys or with keys of known secret (known-keys.ts). */
export async function openShop(seed: string, secret: "real" | "known"): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), "quittance-soundness-"));
  const project = openProject({ folder, create: { profile: "tiny" }, seed });
  await trainingBackbone({ project, d: PROFILE.d, ui: UI });
  const circuits = await readyCircuits("tiny");
  const real = await readyKeys("tiny", circuits);
  const known = secret === "known" ? await knownKeys(real, circuits, PROFILE) : undefined;
  const keys = known?.keys ?? real;
  const chain = await openLocalChain();
  const operator = accountOf(project.secrets.walletKey("operator"));
  await chain.fund(operator.address, COINS);
  const { deployment } = await deployContracts(chain, operator, deployOptionsOf(PROFILE, keys));
  const funded = new Set<string>();
  const contracts = await openContracts(chain, deployment);
  const session: Session = {
    ...{ chain, deployment, circuits, keys, operator, contracts },
    profile: PROFILE,
    async wallet(label) {
      const wallet = accountOf(project.secrets.walletKey(label));
      if (!funded.has(label)) await chain.fund(wallet.address, COINS);
      funded.add(label);
      return wallet;
    },
    async endow(wallet, amount) {
      await contracts.transferToken(operator, wallet.address, amount);
    },
    record: () => {},
    transactions: () => [],
    close: () => chain.close(),
  };
  return {
    project,
    session,
    prove(provables) {
      if (known !== undefined) return known.prove(provables);
      const threads = proverThreads();
      return proveAll({ provables, profile: PROFILE, circuits, keys, store: project.store, threads });
    },
    async close() {
      await chain.close();
      await project.store.close();
      project.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The backbone that the shop answers with. What is contributed here has features of its own. */
function backboneOf(project: Project): string {
  return project.readState<{ hash: string }>("backbone")?.hash ?? "";
}

/** Records every batch on chain under its contributor's signature. */
export async function contribute(
  { project, session }: Shop,
  data: readonly (readonly (readonly DataRecord[])[])[],
): Promise<{ datanet: bigint; contributions: Contribution[] }> {
  const { contracts, operator } = session;
  const { datanetId: datanet } = await contracts.createDatanet(operator, `0x${"11".repeat(32)}`);
  const contributions: Contribution[] = [];
  for (const [index, records] of data.entries()) {
    const name = `writer-${index + 1}`;
    const wallet = await session.wallet(`contributor/${name}`);
    const batches: ModelBatch[] = [];
    for (const part of records) {
      const root = rootOf(part);
      const batch = { datanet, root, count: part.length };
      const signature = await signBatch(wallet, session.deployment, batch);
      const contributor = wallet.address;
      const { batchId: id } = await contracts.contribute(operator, { ...batch, contributor, signature });
      keepRecords(project, root, part);
      batches.push({ id, root, count: part.length, signature });
    }
    contributions.push({ name, account: wallet.address, batches, records });
  }
  return { datanet, contributions };
}

export function rootOf(records: readonly DataRecord[]): bigint {
  return batchRoot(
    records.map((record) => recordLeaf(record, PROFILE)),
    PROFILE,
  );
}

/** The honest fit of what was contributed. */
export function fitOf(batches: readonly (readonly (readonly DataRecord[])[])[], lambda: bigint): Fit {
  return { ...fitted(batches, lambda, PROFILE), lambda };
}

/** Has the chain take a fit, honest or not, as the model of these contributions. */
export async function commitFit(
  { project, session }: Shop,
  of: { readonly datanet: bigint; readonly contributions: readonly Contribution[] },
  fit: Fit,
  unproven = false,
): Promise<ModelState> {
  const counts = of.contributions.map(({ batches }) => batches.reduce((sum, { count }) => sum + count, 0));
  const model: Model = {
    ...{ w: fit.w, a: fit.a, b: [], gradients: fit.gradients, residual: fit.r },
    lambda: Number(fit.lambda),
    samples: counts.reduce((sum, count) => sum + count, 0),
  };
  return commitModel({
    ...{ project, session, ui: UI, unproven, datanet: of.datanet, corpus: "random", fitted: model },
    backbone: backboneOf(project),
    contributors: of.contributions.map(({ name, account, batches }, index) => ({
      ...{ name, account, batches },
      moments: { samples: counts[index] as number, a: new Float64Array(), b: new Float64Array() } as Moments,
    })),
  });
}

/** The pipeline's own fit of samples, without a backbone. */
export function fitSamples(
  data: readonly (readonly (readonly DataRecord[])[])[],
  lambda: number,
): ReturnType<typeof fitModel> {
  const samples = data.flatMap((batches, contributor) =>
    batches.flat().map((record) => ({ record, contributor })),
  );
  return fitModel({
    features: Int8Array.from(samples.flatMap(({ record }) => [...record.features])),
    labels: samples.map(({ record }) => record.klass),
    contributors: samples.map(({ contributor }) => contributor),
    ...{ count: data.length, profile: PROFILE, lambda },
  });
}

/** Contributes samples, fits them and makes the committed model the project's own. */
export async function train(
  shop: Shop,
  data: readonly (readonly (readonly DataRecord[])[])[],
  lambda: number,
): Promise<ModelState> {
  const { project, session } = shop;
  const { datanet, contributions } = await contribute(shop, data);
  const fitted = await fitSamples(data, lambda);
  const model = await commitModel({
    ...{ project, session, ui: UI, datanet, fitted, unproven: false, corpus: "random" },
    backbone: backboneOf(project),
    contributors: contributions.map(({ name, account, batches }, index) => {
      return { name, account, batches, moments: fitted.parts[index] as Moments };
    }),
  });
  project.writeState("model", model);
  return model;
}

/** The statements of a training, at the ρ of another seed than the chain's if one is given. */
export function statementsOf(
  { project, session }: Shop,
  model: ModelState,
  seed?: string,
): Promise<TrainingStatements> {
  const contracts =
    seed === undefined ? session.contracts : { ...session.contracts, trainingSeed: async () => seed };
  return trainingStatements({ project, session: { ...session, contracts }, model });
}

/** Proofs of all statements. */
export async function proven(shop: Shop, statements: TrainingStatements): Promise<ProvenTraining> {
  return { statements, proofs: await shop.prove(trainingProvables(statements)) };
}

/** The reason for which the contracts refuse a training; "accepted" if they do not. */
export function posted({ session }: Shop, model: ModelState, training: ProvenTraining): Promise<string> {
  return reasonOf(postTraining({ session, model, ui: UI, training }));
}

/** The contract's reason for refusing; "accepted" if it does not. Other errors are thrown on. */
export async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "accepted";
  } catch (error) {
    if (error instanceof RevertedError) return error.reason;
    throw error;
  }
}

/** A bundle of the model and its training; of its epoch only what is given. */
export function bundleOf(
  { session }: Shop,
  model: ModelState,
  training: ProvenTraining | undefined,
  inference: EpochBundle["inference"] = [],
): EpochBundle {
  const { deployment, keys, chain, operator } = session;
  const { datanets, models, epochs, training: trainingAddress } = deployment;
  const circuits = Object.entries(keys.manifest.circuits).map(([name, { circuitHash, vkeyHash }]) => [
    name,
    { circuitHash, vkeyHash },
  ]);
  const none = {
    a: ["0", "0"],
    b: [
      ["0", "0"],
      ["0", "0"],
    ],
    c: ["0", "0"],
  };
  return parseBundle({
    format: "quittance-epoch/2",
    profile: "tiny",
    chainId: chain.chainId,
    contracts: { datanets, models, epochs, training: trainingAddress },
    keys: { kind: keys.manifest.kind, circuits: Object.fromEntries(circuits) },
    model: {
      id: model.id,
      operator: operator.address,
      nonce: String(model.nonce),
      datanet: String(model.datanet),
      datanetVersion: model.datanetVersion,
      parent: model.parent ?? NO_PARENT,
      token: model.token,
      backbone: model.backbone,
      commitW: String(model.commitW),
      commitA: String(model.commitA),
      commitR: String(model.commitR),
      lambda: model.lambda,
      samples: model.samples,
      feeUnitWei: String(model.feeUnitWei),
      unproven: model.unproven,
      contributors: model.contributors.map(({ account, commitG, batches }) => ({
        account,
        commitG: String(commitG),
        batches: batches.map(({ id, root, count, signature }) => ({
          ...{ id: String(id), root: String(root), count, signature },
        })),
      })),
    },
    training: training === undefined ? null : trainingPart(training),
    epoch: 1,
    inference,
    adjoint: { commitQ: "0", commitY: "0", proof: none },
    weights: [],
    settlement: {
      ...{ carryInWei: "0", poolWei: "0", earningsWei: "0", sumWeights: "0", carryOutWei: "0" },
      split: { protocolBps: 0, developerBps: 0, validatorsBps: 0 },
      sharesWei: { protocol: "0", developer: "0", validators: "0" },
      ...{ previousWei: [], payoutsWei: [], earningsRoot: `0x${"0".repeat(64)}` },
    },
  });
}

function trainingPart({ statements, proofs }: ProvenTraining): EpochBundle["training"] {
  const { samples, contributors, model } = statements;
  const proofAt = (index: number) => bundleProof((proofs[index] as Proved).proof);
  const { wValue, aValue, rValue } = model.statement;
  return {
    commitV: String(statements.commitV),
    samples: samples.map(({ statement: { g, a } }, i) => ({ g: `${g}`, a: `${a}`, proof: proofAt(i) })),
    contributors: contributors.map(({ statement: { commitG, value } }, i) => ({
      commitG: commitG.map(String),
      value: value.map(String),
      proof: proofAt(samples.length + i),
    })),
    model: {
      wValue: `${wValue}`,
      aValue: `${aValue}`,
      rValue: `${rValue}`,
      proof: proofAt(proofs.length - 1),
    },
  };
}

/** The offline verifier's lines that are in doubt, of those that a training answers for: name and reason. */
export async function doubts(shop: Shop, bundle: EpochBundle): Promise<Record<string, string>> {
  const lines = await verifyBundle(parseBundle(bundle), shop.session.keys);
  return Object.fromEntries(
    lines
      .filter(({ name, ok }) => !ok && TRAINING_LINES.includes(name))
      .map(({ name, detail }) => [name, detail]),
  );
}

/** Commits to a fit that lies, proves what can be proven of it, and asks contracts and offline verifier. */
export async function told(
  shop: Shop,
  of: { readonly datanet: bigint; readonly contributions: readonly Contribution[] },
  fit: Fit,
): Promise<{ onChain: string; proven: boolean; offline: Record<string, string> }> {
  const lying = await commitFit(shop, of, fit);
  const made = await proven(shop, await statementsOf(shop, lying));
  const onChain = await posted(shop, lying, made);
  const accepted = await shop.session.contracts.trainingProven(lying.id);
  return { onChain, proven: accepted, offline: await doubts(shop, bundleOf(shop, lying, made)) };
}

const TRAINING_LINES: readonly string[] = [
  "verifying keys",
  "model identity",
  "contributors' signatures",
  "training",
  "samples proofs",
  "contributors proofs",
  "model proofs",
];
