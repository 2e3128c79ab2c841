// Gas of each call, from epochs that are run for real: true statements, real proofs, the contracts as
// deployed.
//
// Gas depends on sizes alone (public inputs, batches, contributors), never on what the numbers mean. The
// small form takes the tiny profile; the full one the default profile with 12 contributors in two groups,
// as in the demonstration. The second epoch writes to storage that the first one made, which is why a later
// claim costs less than a first one.

import {
  type Account,
  accountOf,
  type Contracts,
  deployContracts,
  deployOptionsOf,
  type EpochProofs,
  earningsProof,
  NO_PARENT,
  openContracts,
  openLocalChain,
  readyCircuits,
  readyKeys,
  signBatch,
  signVoucher,
} from "../pipeline/index.ts";
import {
  type Circuit,
  type CircuitName,
  type Keys,
  loadProfile,
  type Profile,
  proofWords,
  prove,
} from "../prover/index.ts";
import { economyGas } from "./gas-economy.ts";
import { type Prove, trainingGas, verifyingGas } from "./gas-proofs.ts";
import { MAIN, SIZES } from "./gas-snapshot.ts";
import { type SampleModel, sampleEpoch, sampleModel } from "./sample-epoch.ts";
import type { Figure } from "./types.ts";

const COIN = 10n ** 18n;
const FEE_UNIT_WEI = 10n ** 9n;

type Gas = Map<string, number>;
type Scene = {
  readonly profile: Profile;
  readonly contracts: Contracts;
  readonly operator: Account;
  readonly payer: Account;
  readonly model: SampleModel;
  readonly modelId: string;
  readonly accounts: readonly string[];
  readonly prove: Prove;
};

/**
 * Measures a registration, two epochs and their claims, a training proof, and batches of proofs; and the
 * economy at its real sizes, which is the same in both forms.
 */
export async function runGas({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const profile = loadProfile(full ? "default" : "tiny");
  const circuits = await readyCircuits(profile.name);
  const keys = await readyKeys(profile.name, circuits);
  const chain = await openLocalChain({ now: () => 1_800_000_000 });
  const gas: Gas = new Map();
  const proofs: Figure[] = [];
  try {
    const [operator, payer] = [accountOf(`0x${"51".repeat(32)}`), accountOf(`0x${"52".repeat(32)}`)];
    for (const { address } of [operator, payer]) await chain.fund(address, 1_000_000n * COIN);
    const options = deployOptionsOf(profile, keys);
    const { deployment, receipts } = await deployContracts(chain, operator, options);
    for (const [name, { gasUsed }] of Object.entries(receipts)) gas.set(`deploy.${name}`, Number(gasUsed));
    const contracts = await openContracts(chain, deployment);
    const base = { profile, contracts, operator, payer, prove: proverOf(circuits, keys) };
    const scene = await register(base, profile.contributors * 2, gas);
    for (const epoch of ["first", "later"]) await runEpoch(scene, epoch, gas);
    proofs.push(...(await trainingGas(base, profile.contributors * 2)), ...(await verifyingGas(base)));
  } finally {
    await chain.close();
  }
  const calls = [...gas].map(([name, value]) => ({ name: `gas.${name}`, value, unit: "gas" }));
  return [...calls, ...proofs, ...(await economyGas(SIZES, MAIN))];
}

function proverOf(circuits: Readonly<Record<CircuitName, Circuit>>, keys: Keys): Prove {
  return async (circuit, input) => {
    const { wasmPath } = circuits[circuit];
    const { proof } = await prove({ zkeyPath: keys.zkeyPath(circuit), wasmPath, input });
    return proofWords(proof);
  };
}

/** A datanet, one batch for each contributor, and the model of them. */
async function register(
  base: Omit<Scene, "model" | "modelId" | "accounts">,
  contributors: number,
  gas: Gas,
): Promise<Scene> {
  const { contracts, operator, profile } = base;
  const model = sampleModel(profile, contributors, "gas");
  const datanet = await contracts.createDatanet(operator, `0x${"da".repeat(32)}`);
  gas.set("register", Number(datanet.gasUsed));
  const members = [];
  for (let i = 0; i < contributors; i++) {
    const account = accountOf(`0x${String(i + 1).padStart(64, "0")}`);
    const batch = { datanet: datanet.datanetId, root: BigInt(i + 1) ** 31n, count: profile.batchRecords };
    const signature = await signBatch(account, contracts.deployment, batch);
    const sent = await contracts.contribute(operator, { ...batch, contributor: account.address, signature });
    gas.set(i === 0 ? "contribute.first" : "contribute.later", Number(sent.gasUsed));
    members.push({ account: account.address, batches: [sent.batchId], commitG: model.commitG[i] as bigint });
  }
  const committed = await contracts.commitModel(operator, {
    datanet: datanet.datanetId,
    datanetVersion: (await contracts.ensureVersion(operator, datanet.datanetId)).version,
    parent: NO_PARENT,
    backbone: `0x${"bb".repeat(32)}`,
    commitW: model.commitW,
    commitA: model.commitA,
    lambda: Number(model.lambda),
    commitR: 1n,
    samples: contributors * profile.batchRecords,
    token: contracts.deployment.token,
    feeUnit: FEE_UNIT_WEI,
    // Its numbers are random, so there is no training to prove; {@link runTraining} has another model.
    unproven: true,
    contributors: members,
  });
  gas.set("commitModel", Number(committed.gasUsed));
  return { ...base, model, modelId: committed.modelId, accounts: members.map(({ account }) => account) };
}

/** Deposit, commitment, every proof, settlement, and each contributor's claim. */
async function runEpoch(scene: Scene, which: string, gas: Gas): Promise<void> {
  const { contracts, operator, payer, modelId, model, profile } = scene;
  const note = (call: string, sent: { readonly gasUsed: bigint }): void => {
    gas.set(`${call}.${which}`, Number(sent.gasUsed));
  };
  const number = (await contracts.epochCount(modelId)) + 1;
  const contexts = [await contracts.context(modelId, number, 0)];
  const epoch = sampleEpoch(profile, model, contexts, `gas/${which}`);
  const fees = epoch.inference.reduce((sum, { feeTotal }) => sum + feeTotal, 0n);
  if ((await contracts.erc20Balance(contracts.deployment.token, payer.address)) === 0n)
    await contracts.erc20Transfer(operator, contracts.deployment.token, payer.address, 1_000_000n * COIN);
  note("deposit", await contracts.deposit(payer, modelId, fees * FEE_UNIT_WEI));
  const commitment = {
    receiptsRoots: epoch.inference.map(({ receiptsRoot }) => receiptsRoot),
    commitQ: epoch.inference.map(({ commitQ }) => commitQ),
    feeTotals: epoch.inference.map(({ feeTotal }) => feeTotal),
    commitY: epoch.adjoint.commitY,
    payers: [payer.address],
    feeUnits: [fees],
  };
  const { charged } = await contracts.channel(modelId, payer.address);
  const voucher = await signVoucher(payer, contracts.deployment, {
    operator: operator.address,
    model: modelId,
    cumulative: charged + fees * FEE_UNIT_WEI,
    expiry: 10n ** 11n,
  });
  note("redeem", await contracts.redeem(operator, [voucher]));
  note("commitEpoch", await contracts.commitEpoch(operator, modelId, commitment));
  const send = (proofs: EpochProofs) => contracts.proveEpoch(operator, modelId, number, commitment, proofs);
  for (const [index, { input }] of epoch.inference.entries()) {
    const proof = await scene.prove("inference", input);
    note("proveInference", await send({ inference: [{ batchIndex: index, proof }] }));
  }
  const adjoint = await scene.prove("adjoint", epoch.adjoint.input);
  note("proveAdjoint", await send({ adjoint }));
  for (const [index, { input, w, commitG }] of epoch.weights.entries()) {
    const proof = await scene.prove("weights", input);
    note("proveWeights", await send({ weights: [{ index, w, commitG, proof }] }));
  }
  const { cumulative } = await contracts.earnings(modelId, scene.accounts);
  note("settle", await contracts.settle(operator, modelId, number, scene.accounts, epoch.w, cumulative));
  const earnings = await contracts.earnings(modelId, scene.accounts);
  for (const account of scene.accounts) {
    const proof = earningsProof(earnings, account);
    if (proof.cumulative === (await contracts.claimed(modelId, account))) continue;
    note("claim", await contracts.claim(operator, { model: modelId, ...proof }));
  }
}
