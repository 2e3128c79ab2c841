/**
 * `quittance verify`: an epoch checked offline, from its bundle and the verifying keys alone.
 *
 * The checks follow the money backwards: payouts from weights and pool, weights from the adjoint, the adjoint
 * from the fee-weighted queries, the queries from signed receipts and the committed model, the model from
 * signed batches. Each line carries one of four words: *proven* (a zero-knowledge proof or plain
 * recomputation from proven values), *reproducible* (anybody who holds the content can recompute it),
 * *attested* (a signature says so), *governed*. A line that this version cannot show is `open`: it is not a
 * failure, and it is not claimed either.
 *
 * Any doubt is a failure: an unreadable signature, an unknown key, a number out of range.
 */

import {
  CIRCUIT_NAMES,
  type CircuitName,
  commitMatrix,
  FIELD,
  loadProfile,
  type Profile,
  publicSignals,
  receiptsRoot,
  type Statement,
  type VerifyingKeys,
  verifyProof,
} from "../prover/browser.ts";
import { type EpochBundle, proofOfBundle } from "./bundle-format.ts";
import { BATCH_TYPES, contextOf, modelIdOf } from "./chain/ids.ts";
import { createAddress, recoverTypedData } from "./engine/ethers.ts";
import { settleFees } from "./influence/payouts.ts";
import { addPayouts, earningsRoot } from "./payments/earnings.ts";
import { receiptDomain, receiptSigner } from "./receipts.ts";
import { trainingProblem, trainingStatementsOf } from "./verify-training.ts";

/** What kind of assurance a line gives. */
export type Assurance = "proven" | "reproducible" | "attested" | "governed" | "open";

/** One checked line. */
export type Check = {
  readonly name: string;
  readonly assurance: Assurance;
  readonly ok: boolean;
  readonly detail: string;
  /** Nothing was checked: the line says who holds what it takes. */
  readonly elsewhere?: true;
};

/** The chains that keys of known secret may be used on. */
export const LOCAL_CHAIN_IDS: ReadonlySet<number> = new Set([31_337, 1_337]);

/** How to go about it, and who wants to hear of it meanwhile. */
export type VerifyOptions = {
  /** Stop at the first doubt: lines that need no proof come first, and the rest is left out. */
  readonly firstDoubt?: boolean;
  /** Called with each line as soon as it is decided. */
  readonly onCheck?: (check: Check) => void;
  /**
   * Called before each proof is checked: its name, how many came before it, how many there are. It is waited
   * for, so that whoever has other things to do in the same thread gets to them; what it throws ends the run.
   */
  readonly onProof?: (name: string, done: number, total: number) => void | Promise<void>;
};

/** Checks a bundle. Never throws for a bad bundle: every doubt is a line with `ok: false`. */
export async function verifyBundle(
  bundle: EpochBundle,
  keys: VerifyingKeys,
  { firstDoubt = false, onCheck = () => {}, onProof = () => {} }: VerifyOptions = {},
): Promise<Check[]> {
  const checks: Check[] = [];
  const profile = loadProfile(bundle.profile);
  const tell = (check: Check): void => {
    checks.push(check);
    onCheck(check);
  };
  const add = (name: string, assurance: Assurance, find: () => string | undefined, detail: string): void => {
    const problem = attempt(find);
    tell({ name, assurance, ok: problem === undefined, detail: problem ?? detail });
  };
  const leave = (name: string, assurance: Assurance, detail: string): void =>
    tell({ name, assurance, ok: true, detail, elsewhere: true });
  const { model, settlement } = bundle;
  const unproven = bundle.training === null;
  add(
    "verifying keys",
    "governed",
    () => keyProblem(bundle, keys),
    keys.manifest.kind === "local"
      ? "INSECURE: local keys, named by hash; whoever made them could forge proofs"
      : `${keys.manifest.kind} keys, named by hash`,
  );
  add("model identity", "proven", () => modelProblem(bundle, profile), `model ${model.id}`);
  add("contributors' signatures", "attested", () => batchProblem(bundle, profile), batchDetail(bundle));
  add(
    "training",
    unproven ? "open" : "proven",
    () => trainingProblem(bundle, profile),
    unproven
      ? "UNPROVEN MODEL: the weights are committed; that they come from the batches is not proven"
      : "the signed batches, and nothing but them, made W, A and every G_c; W is the optimum within the bound",
  );
  leave(
    "features",
    "reproducible",
    `whoever holds a content can recompute its features with backbone ${model.backbone}`,
  );
  const receipts = `${receiptCount(bundle)} receipts, each signed by ${model.operator}`;
  add("receipts", "attested", () => receiptProblem(bundle), receipts);
  const held = "that no receipt was left out: payers hold the operator's signature";
  leave("completeness", "attested", held);
  add(
    "statements fit together",
    "proven",
    () => linkProblem(bundle, profile),
    "receipts → queries → adjoint → weights, one chain of commitments",
  );
  const doubtful = (): boolean => firstDoubt && checks.some(({ ok }) => !ok);
  if (doubtful()) return checks;
  const proofs = statementsOf(bundle, profile);
  let done = 0;
  for (const circuit of unproven ? EPOCH_CIRCUITS : [...TRAINING_CIRCUITS, ...EPOCH_CIRCUITS]) {
    const mine = proofs.filter(({ statement }) => statement.circuit === circuit);
    let problem = mine.length === 0 ? `there is no ${circuit} proof` : undefined;
    for (const [index, { statement, proof }] of mine.entries()) {
      const name = `${circuit} proof ${index + 1}`;
      await onProof(name, done++, proofs.length);
      problem ??= await proofProblem(statement, proof, profile, keys, name);
    }
    const detail = `${mine.length} of ${mine.length} hold: ${MEANING[circuit]}`;
    add(`${circuit} proofs`, "proven", () => problem, detail);
    if (doubtful()) return checks;
  }
  const paid = `${settlement.payoutsWei.length} payouts and the rest add up to ${settlement.poolWei} wei`;
  add("payouts", "proven", () => payoutProblem(bundle), paid);
  return checks;
}

/** A check that cannot even read its numbers has found a problem. */
function attempt(find: () => string | undefined): string | undefined {
  try {
    return find();
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`;
  }
}

const TRAINING_CIRCUITS = ["samples", "contributors", "model"] as const;
const EPOCH_CIRCUITS = ["inference", "adjoint", "weights"] as const;

const MEANING: Readonly<Record<(typeof TRAINING_CIRCUITS | typeof EPOCH_CIRCUITS)[number], string>> = {
  samples: "every batch's records are well formed, and add up to what they add to G and A",
  contributors: "every contributor's committed gradient takes its value at ρ",
  model: "the committed W, A and residual take their values at ρ, the residual within its bound",
  inference: "every answer is an argmax of the committed model, every fee is counted",
  adjoint: "the adjoint solves the committed system within the stated residual",
  weights: "every weight is the positive part of the contributor's influence",
};

/** The statements of a bundle with their proofs: training first, then the epoch. */
export function statementsOf(
  bundle: EpochBundle,
  profile: Profile,
): ReadonlyArray<{ readonly statement: Statement; readonly proof: EpochBundle["adjoint"]["proof"] }> {
  return [
    ...trainingStatementsOf(bundle, profile),
    ...bundle.inference.map((batch) => ({
      statement: {
        circuit: "inference" as const,
        context: BigInt(batch.context),
        commitW: BigInt(bundle.model.commitW),
        commitQIn: BigInt(batch.commitQIn),
        commitQOut: BigInt(batch.commitQOut),
        receiptsRoot: BigInt(batch.receiptsRoot),
        feeTotal: BigInt(batch.feeTotal),
      },
      proof: batch.proof,
    })),
    {
      statement: {
        circuit: "adjoint" as const,
        commitA: BigInt(bundle.model.commitA),
        commitQ: BigInt(bundle.adjoint.commitQ),
        commitY: BigInt(bundle.adjoint.commitY),
        lambda: BigInt(bundle.model.lambda),
      },
      proof: bundle.adjoint.proof,
    },
    ...bundle.weights.map((group) => ({
      statement: {
        circuit: "weights" as const,
        commitY: BigInt(bundle.adjoint.commitY),
        commitG: group.commitG.map(BigInt),
        w: group.w.map(BigInt),
      },
      proof: group.proof,
    })),
  ];
}

function keyProblem(bundle: EpochBundle, keys: VerifyingKeys): string | undefined {
  if (keys.manifest.profile !== bundle.profile)
    return `the keys are for profile ${keys.manifest.profile}, the bundle for ${bundle.profile}`;
  if (keys.manifest.kind !== bundle.keys.kind)
    return `the keys are ${keys.manifest.kind} keys, the bundle says ${bundle.keys.kind}`;
  if (keys.manifest.kind === "local" && !LOCAL_CHAIN_IDS.has(bundle.chainId)) {
    return `local keys prove nothing on chain ${bundle.chainId}: whoever made them can forge`;
  }
  for (const circuit of CIRCUIT_NAMES) {
    const mine = keys.manifest.circuits[circuit];
    const theirs = bundle.keys.circuits[circuit];
    if (mine.vkeyHash !== theirs.vkeyHash)
      return `the ${circuit} key is ${mine.vkeyHash}, the bundle was made with ${theirs.vkeyHash}`;
    if (mine.circuitHash !== theirs.circuitHash)
      return `the ${circuit} circuit differs from the one that the bundle names`;
  }
  return undefined;
}

function modelProblem(bundle: EpochBundle, profile: Profile): string | undefined {
  const { model } = bundle;
  if (model.contributors.length === 0) return "the model has no contributors";
  const { models, training } = bundle.contracts;
  if (createAddress(models, 1).toLowerCase() !== training.toLowerCase())
    return `${training} is not the training contract that ${models} created`;
  if (
    !fieldElements([model.commitW, model.commitA, model.commitR, ...model.contributors.map((c) => c.commitG)])
  )
    return "a commitment is not a field element";
  const samples = model.contributors.reduce(
    (sum, c) => sum + c.batches.reduce((n, batch) => n + batch.count, 0),
    0,
  );
  if (samples !== model.samples)
    return `the batches hold ${samples} samples, the model says ${model.samples}`;
  if (model.samples > profile.maxSamples)
    return `${model.samples} samples are more than the profile's ${profile.maxSamples}`;
  const id = modelIdOf({
    chainId: bundle.chainId,
    models: bundle.contracts.models,
    operator: model.operator,
    nonce: BigInt(model.nonce),
    statement: {
      datanet: BigInt(model.datanet),
      datanetVersion: model.datanetVersion,
      parent: model.parent,
      backbone: `0x${model.backbone}`,
      commitW: BigInt(model.commitW),
      commitA: BigInt(model.commitA),
      commitR: BigInt(model.commitR),
      unproven: model.unproven,
      lambda: model.lambda,
      samples: model.samples,
      token: model.token,
      feeUnit: BigInt(model.feeUnitWei),
      contributors: model.contributors.map((c) => ({
        account: c.account,
        commitG: BigInt(c.commitG),
        batches: c.batches.map((batch) => BigInt(batch.id)),
      })),
    },
  });
  return id === model.id ? undefined : `the model's fields hash to ${id}, the bundle says ${model.id}`;
}

function batchProblem(bundle: EpochBundle, profile: Profile): string | undefined {
  const domain = receiptDomain(bundle.chainId, bundle.contracts.datanets);
  const accounts = new Set<string>();
  const roots = new Set<string>();
  const ids = new Set<string>();
  for (const contributor of bundle.model.contributors) {
    const account = contributor.account.toLowerCase();
    if (accounts.has(account)) return `${account} appears twice`;
    accounts.add(account);
    if (contributor.batches.length === 0) return `${account} has no batch`;
    for (const batch of contributor.batches) {
      if (batch.count < 1 || batch.count > profile.batchRecords)
        return `batch ${batch.id} cannot hold ${batch.count} records`;
      if (ids.has(batch.id) || roots.has(batch.root)) return `batch ${batch.id} is counted twice`;
      ids.add(batch.id);
      roots.add(batch.root);
      const signed = {
        datanet: BigInt(bundle.model.datanet),
        contributor: account,
        root: BigInt(batch.root),
        count: batch.count,
      };
      if (!signedBy(account, () => recoverTypedData(domain, BATCH_TYPES, signed, batch.signature))) {
        return `batch ${batch.id} is not signed by ${account}`;
      }
    }
  }
  return undefined;
}

function batchDetail(bundle: EpochBundle): string {
  const batches = bundle.model.contributors.reduce((sum, c) => sum + c.batches.length, 0);
  return `${batches} batches of ${bundle.model.contributors.length} contributors, each root signed by its contributor`;
}

function receiptProblem(bundle: EpochBundle): string | undefined {
  const seen = new Set<string>();
  const leaves = new Set<string>();
  for (const batch of bundle.inference) {
    for (const receipt of batch.receipts) {
      if (seen.has(receipt.requestId)) return `request ${receipt.requestId} appears twice`;
      seen.add(receipt.requestId);
      if (leaves.has(receipt.leaf)) return `leaf ${receipt.leaf} appears twice`;
      leaves.add(receipt.leaf);
      const whole = {
        ...receipt,
        modelId: bundle.model.id,
        unproven: bundle.model.unproven,
        epoch: bundle.epoch,
        leaf: BigInt(receipt.leaf),
      };
      if (
        !signedBy(bundle.model.operator, () => receiptSigner(whole, bundle.chainId, bundle.contracts.epochs))
      ) {
        return `receipt ${receipt.requestId} is not signed by the operator`;
      }
    }
  }
  return undefined;
}

function receiptCount(bundle: EpochBundle): number {
  return bundle.inference.reduce((sum, batch) => sum + batch.receipts.length, 0);
}

function linkProblem(bundle: EpochBundle, profile: Profile): string | undefined {
  let commitQ = commitMatrix("Q", new Array<bigint>(profile.d * profile.m).fill(0n), 0n, profile);
  for (const [index, batch] of bundle.inference.entries()) {
    const name = `inference batch ${index + 1}`;
    if (batch.receipts.length === 0) return `${name} is empty`;
    if (batch.receipts.length > profile.queries)
      return `${name} has ${batch.receipts.length} receipts, the circuit takes ${profile.queries}`;
    const context = contextOf({
      chainId: bundle.chainId,
      epochs: bundle.contracts.epochs,
      modelId: bundle.model.id,
      epoch: bundle.epoch,
      batchIndex: index,
    });
    if (BigInt(batch.context) !== context)
      return `${name} was proven for another chain, contract, model, epoch or position`;
    if (BigInt(batch.commitQIn) !== commitQ) return `${name} does not continue from the previous state`;
    commitQ = BigInt(batch.commitQOut);
    const leaves = batch.receipts.map((receipt) => BigInt(receipt.leaf));
    if (leaves.some((leaf) => leaf >= FIELD)) return `${name} has a leaf that is not a field element`;
    if (receiptsRoot(leaves, context, profile) !== BigInt(batch.receiptsRoot))
      return `the receipts of ${name} do not hash to its root`;
    const fees = batch.receipts.reduce((sum, receipt) => sum + BigInt(receipt.feeUnits), 0n);
    if (fees !== BigInt(batch.feeTotal))
      return `the receipts of ${name} carry ${fees} fee units, the proof says ${batch.feeTotal}`;
  }
  if (BigInt(bundle.adjoint.commitQ) !== commitQ) return "the adjoint was proven for other queries";
  const nullG = commitMatrix("G", new Array<bigint>(profile.d * profile.m).fill(0n), 0n, profile);
  const groups = Math.ceil(bundle.model.contributors.length / profile.contributors);
  if (bundle.weights.length !== groups)
    return `there are ${bundle.weights.length} weight groups, ${groups} are needed`;
  for (const [index, group] of bundle.weights.entries()) {
    if (group.w.length !== profile.contributors || group.commitG.length !== profile.contributors)
      return `weight group ${index + 1} has the wrong size`;
    for (let slot = 0; slot < profile.contributors; slot++) {
      const contributor = bundle.model.contributors[index * profile.contributors + slot];
      const expected = contributor === undefined ? nullG : BigInt(contributor.commitG);
      if (BigInt(group.commitG[slot] ?? "") !== expected)
        return `weight group ${index + 1} names another contributor in place ${slot + 1}`;
      if (contributor === undefined && group.w[slot] !== "0")
        return `weight group ${index + 1} pays an empty place`;
    }
  }
  return undefined;
}

async function proofProblem(
  statement: Statement,
  proof: EpochBundle["adjoint"]["proof"],
  profile: Profile,
  keys: VerifyingKeys,
  name: string,
): Promise<string | undefined> {
  try {
    const signals = publicSignals(statement, profile);
    return (await verifyProof(keys.vkey(statement.circuit), signals, proofOfBundle(proof)))
      ? undefined
      : `${name} does not verify`;
  } catch (error) {
    return `${name} cannot be read: ${(error as Error).message}`;
  }
}

function payoutProblem(bundle: EpochBundle): string | undefined {
  const { settlement, model } = bundle;
  const fees = bundle.inference.reduce((sum, batch) => sum + BigInt(batch.feeTotal), 0n);
  const feesWei = fees * BigInt(model.feeUnitWei);
  const pool = feesWei + BigInt(settlement.carryInWei);
  if (bundle.epoch === 1 && settlement.carryInWei !== "0")
    return "the first epoch cannot carry anything over";
  if (pool !== BigInt(settlement.poolWei))
    return `fees and carry-over make ${pool} wei, the bundle says ${settlement.poolWei}`;
  const weights = bundle.weights.flatMap((group) => group.w.map(BigInt)).slice(0, model.contributors.length);
  const { shares, earnings, payouts, dust } = settleFees({
    weights,
    fees: feesWei,
    carry: BigInt(settlement.carryInWei),
    split: settlement.split,
  });
  for (const [who, share] of Object.entries(shares)) {
    const stated = settlement.sharesWei[who as keyof typeof shares];
    if (share !== BigInt(stated)) return `the ${who} share is ${share}, the bundle says ${stated}`;
  }
  if (earnings !== BigInt(settlement.earningsWei))
    return `${earnings} are left for contributors, the bundle says ${settlement.earningsWei}`;
  const sum = weights.reduce((a, b) => a + b, 0n);
  if (sum !== BigInt(settlement.sumWeights))
    return `the weights add up to ${sum}, the bundle says ${settlement.sumWeights}`;
  if (payouts.length !== settlement.payoutsWei.length)
    return "there are more or fewer payouts than contributors";
  for (const [index, payout] of payouts.entries()) {
    if (payout !== BigInt(settlement.payoutsWei[index] ?? "")) {
      return `contributor ${index + 1} is owed ${payout} wei, the bundle says ${settlement.payoutsWei[index]}`;
    }
  }
  if (dust !== BigInt(settlement.carryOutWei))
    return `${dust} wei are left over, the bundle says ${settlement.carryOutWei}`;
  return earningsProblem(bundle);
}

/** The root that claims are proven against is that of the payouts and what was earned before. */
function earningsProblem({ epoch, model, settlement }: EpochBundle): string | undefined {
  if (settlement.previousWei.length !== model.contributors.length)
    return "there are more or fewer earlier earnings than contributors";
  if (epoch === 1 && settlement.previousWei.some((wei) => wei !== "0"))
    return "nobody can have earned anything before the first epoch";
  const accounts = model.contributors.map(({ account }) => account);
  const before = { model: model.id, accounts, cumulative: settlement.previousWei.map(BigInt) };
  const root = earningsRoot(addPayouts(before, { accounts, payouts: settlement.payoutsWei.map(BigInt) }));
  return root === settlement.earningsRoot
    ? undefined
    : `the earnings hash to ${root}, the bundle says ${settlement.earningsRoot}`;
}

function signedBy(account: string, recover: () => string): boolean {
  try {
    return recover().toLowerCase() === account.toLowerCase();
  } catch {
    return false;
  }
}

function fieldElements(values: readonly string[]): boolean {
  return values.every((value) => BigInt(value) < FIELD);
}
