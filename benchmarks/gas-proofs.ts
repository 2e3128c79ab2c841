// Gas of proofs: verifying them one by one and together, and the training proof of a model.
//
// A batch of copies costs what a batch of different proofs costs: the verifier does the same work for each
// item, whatever it is. So one real proof of each circuit is enough. Figures of verifying are what a
// transaction uses above the 21,000 that any transaction costs: call data, public inputs and pairings.

import {
  type Account,
  accountOf,
  type BatchEntry,
  type Contracts,
  circuitIdOf,
  NO_PARENT,
  signBatch,
} from "../pipeline/index.ts";
import { CIRCUIT_NAMES, type CircuitInput, type CircuitName, type Profile } from "../prover/index.ts";
import { honestInput } from "./inputs.ts";
import { sampleTraining, trainingInputs } from "./sample-training.ts";
import type { Figure } from "./types.ts";

const TRANSACTION_GAS = 21_000;
const SIZES = [1, 4, 16, 32] as const;
/** The circuit of the figures without a circuit's name: the one with the fewest public inputs. */
const PLAIN: CircuitName = "adjoint";

/** Makes a proof's eight words. */
export type Prove = (circuit: CircuitName, input: CircuitInput) => Promise<readonly bigint[]>;

type Place = {
  readonly profile: Profile;
  readonly contracts: Contracts;
  readonly operator: Account;
  readonly prove: Prove;
};

/** Gas per proof of each circuit: a single call, and batches of 1, 4, 16 and 32. */
export async function verifyingGas({ profile, contracts, operator, prove }: Place): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of CIRCUIT_NAMES) {
    const { input, publics } = honestInput(profile.name, name, "gas");
    const item = { circuit: circuitIdOf(profile.name, name), proof: await prove(name, input), publics };
    const note = (figure: string, value: number): void => {
      figures.push({ name: `verify.${name}.${figure}`, value, unit: "gas" });
      if (name === PLAIN) figures.push({ name: `verify.${figure}`, value, unit: "gas" });
    };
    const single = await contracts.payToVerify(operator, [item], false);
    note("single.gas", Number(single.gasUsed) - TRANSACTION_GAS);
    for (const size of SIZES) {
      const sent = await contracts.payToVerify(operator, new Array(size).fill(item), true);
      note(`batch${size}.gas_per_proof`, Math.round((Number(sent.gasUsed) - TRANSACTION_GAS) / size));
    }
  }
  return figures;
}

/** Gas of proving a model with one full batch for each of `contributors` contributors. */
export async function trainingGas(place: Place, contributors: number): Promise<Figure[]> {
  const { profile, contracts, operator } = place;
  const training = sampleTraining(profile, new Array<number>(contributors).fill(profile.batchRecords), "gas");
  const { datanetId } = await contracts.createDatanet(operator, `0x${"db".repeat(32)}`);
  const members = [];
  const batches: BatchEntry[] = [];
  for (const [contributor, root] of training.roots.entries()) {
    const account = accountOf(`0x${String(contributor + 1).padStart(64, "7")}`);
    const batch = { datanet: datanetId, root, count: profile.batchRecords };
    const signature = await signBatch(account, contracts.deployment, batch);
    const { address } = account;
    const { batchId } = await contracts.contribute(operator, { ...batch, contributor: address, signature });
    members.push({ account: address, commitG: training.commitG[contributor] as bigint, batches: [batchId] });
    batches.push({ root, count: profile.batchRecords, contributor });
  }
  const { modelId } = await contracts.commitModel(operator, {
    datanet: datanetId,
    datanetVersion: (await contracts.ensureVersion(operator, datanetId)).version,
    parent: NO_PARENT,
    backbone: `0x${"bb".repeat(32)}`,
    commitW: training.commitW,
    commitA: training.commitA,
    commitR: training.commitR,
    lambda: Number(training.lambda),
    samples: contributors * profile.batchRecords,
    token: contracts.deployment.token,
    feeUnit: 1n,
    unproven: false,
    contributors: members,
  });
  const [rho1, rho2, rho3] = await contracts.trainingChallenges(await contracts.trainingSeed(modelId));
  if (rho1 === undefined || rho2 === undefined || rho3 === undefined) throw new Error("no challenges");
  const inputs = trainingInputs(profile, training, [rho1, rho2, rho3]);
  const begun = await contracts.beginTraining(operator, modelId, inputs.commitV);
  const sent = await contracts.proveTraining(operator, modelId, await proveAll(place, batches, inputs));
  if (!sent.proven) throw new Error(`${sent.remaining} statements are missing`);
  const proofs = inputs.samples.length + inputs.groups.length + 1;
  return [
    { name: "gas.beginTraining", value: Number(begun.gasUsed), unit: "gas" },
    { name: "gas.proveTraining", value: Number(sent.gasUsed), unit: "gas" },
    { name: "gas.proveTraining.per_proof", value: Math.round(Number(sent.gasUsed) / proofs), unit: "gas" },
  ];
}

/** Proves everything, one after the other. */
async function proveAll(place: Place, batches: BatchEntry[], inputs: ReturnType<typeof trainingInputs>) {
  const samples = [];
  for (const [index, { input, g, a }] of inputs.samples.entries()) {
    samples.push({ index, g, a, proof: await place.prove("samples", input) });
  }
  const contributors = [];
  for (const [group, { input, commitG, values }] of inputs.groups.entries()) {
    contributors.push({ group, commitG, values, proof: await place.prove("contributors", input) });
  }
  const { input, ...values } = inputs.model;
  return { batches, samples, contributors, model: { ...values, proof: await place.prove("model", input) } };
}
