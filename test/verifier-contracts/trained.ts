/**
 * A model with a training proof whose numbers are free: the keys' secret is known, so any value can be
 * "proven", and the identities alone decide. That is how a test can hand the contract a lie that no honest
 * circuit would.
 */
import { signBatch } from "../../pipeline/chain/contracts.ts";
import { rhoOf, trainingSeed } from "../../pipeline/chain/ids.ts";
import type { BatchEntry, TrainingProofs } from "../../pipeline/chain/proofs.ts";
import { mod } from "./groth.ts";
import { commitModelOf, DIMENSION, GROUP, type Model, type World } from "./world.ts";

/** A model, and true values for each of its statements. */
export type Trained = Model & {
  readonly batches: readonly BatchEntry[];
  readonly rho: readonly [bigint, bigint, bigint];
  readonly commitV: bigint;
  readonly values: Values;
};

/** What the statements say; `g` and `a` by batch, `value` by contributor. */
export type Values = {
  readonly g: readonly bigint[];
  readonly a: readonly bigint[];
  readonly value: readonly bigint[];
  readonly wValue: bigint;
  readonly aValue: bigint;
  readonly rValue: bigint;
};

/** A committed model; `layout` says how many batches each contributor has. Batch i has i % 5 + 1 records. */
export async function makeTrained(
  world: World,
  layout: readonly number[],
  unproven = false,
): Promise<Trained> {
  const { contracts, people, random } = world;
  const { datanetId } = await contracts.createDatanet(people.operator, random.hex32());
  const batches: BatchEntry[] = [];
  const members = [];
  for (const [contributor, size] of layout.entries()) {
    const account = world.contributors[contributor];
    if (account === undefined) throw new Error(`the world has no contributor ${contributor}`);
    const ids = [];
    for (let i = 0; i < size; i++) {
      const entry = { root: random.field(), count: (batches.length % 5) + 1, contributor };
      const batch = { datanet: datanetId, root: entry.root, count: entry.count };
      const signature = await signBatch(account, contracts.deployment, batch);
      const signed = { ...batch, contributor: account.address, signature };
      ids.push((await contracts.contribute(people.relayer, signed)).batchId);
      batches.push(entry);
    }
    members.push({ account: account.address, batches: ids });
  }
  const samples = batches.reduce((sum, { count }) => sum + count, 0);
  const model = await commitModelOf(world, datanetId, members, 7n, { samples, unproven });
  const { chainId, training } = contracts.deployment;
  const roots = batches.map(({ root }) => root);
  const rho = rhoOf(trainingSeed({ chainId, training, modelId: model.id, roots }));
  return { ...model, batches, rho, commitV: random.field(), values: trueValues(world, model, batches) };
}

function trueValues(world: World, model: Model, batches: readonly BatchEntry[]): Values {
  const { random } = world;
  const [g, a] = [batches.map(random.field), batches.map(random.field)];
  const sum = (list: readonly bigint[]): bigint => mod(list.reduce((total, x) => total + x, 0n));
  const value = model.accounts.map((_, c) => sum(g.filter((_, i) => batches[i]?.contributor === c)));
  const wValue = random.field();
  const rValue = mod(sum(value) - BigInt(model.statement.lambda) * wValue);
  return { g, a, value, wValue, aValue: sum(a), rValue };
}

/** The whole proof, every part of it valid for the values that it states. */
export function proofsOf(
  world: World,
  model: Trained,
  over: Partial<Values> = {},
  commitV = model.commitV,
): Whole {
  const values = { ...model.values, ...over };
  const samples = model.batches.map((_, i) => sampleProof(world, model, i, values, commitV));
  const groups = Math.ceil(model.accounts.length / GROUP);
  const contributors = Array.from({ length: groups }, (_, i) => groupProof(world, model, i, values));
  return { batches: model.batches, samples, contributors, model: modelProof(world, model, values, commitV) };
}

/** Every part of a proof. */
export type Whole = Required<TrainingProofs>;

function sampleProof(
  world: World,
  model: Trained,
  index: number,
  values: Values,
  commitV: bigint,
): Whole["samples"][0] {
  const [g, a, batch] = [values.g[index], values.a[index], model.batches[index]];
  if (g === undefined || a === undefined || batch === undefined)
    throw new Error(`there is no batch ${index}`);
  const publics = [...model.rho, commitV, batch.root, BigInt(batch.count), g, a];
  return { index, g, a, proof: world.keys.samples.prove(publics) };
}

function groupProof(world: World, model: Trained, group: number, given: Values): Whole["contributors"][0] {
  const places = Array.from({ length: GROUP }, (_, j) => group * GROUP + j);
  const commitG = places.map((place) => model.statement.contributors[place]?.commitG ?? world.nullG);
  const values = places.map((place) => given.value[place] ?? 0n);
  const proof = world.keys.contributors.prove([...model.rho.slice(0, 2), ...commitG, ...values]);
  return { group, commitG, values, proof };
}

function modelProof(world: World, model: Trained, values: Values, commitV: bigint): Whole["model"] {
  const { commitW, commitA, commitR } = model.statement;
  const { wValue, aValue, rValue } = values;
  const publics = [...model.rho, commitW, commitA, commitR, commitV, boundOf(model), wValue, aValue, rValue];
  return { wValue, aValue, rValue, proof: world.keys.model.prove(publics) };
}

/** ⌈(d · 2^14 · samples + λ) / 2⌉. */
export function boundOf(model: Model): bigint {
  const { samples, lambda } = model.statement;
  return (BigInt(DIMENSION) * 16_384n * BigInt(samples) + BigInt(lambda) + 1n) / 2n;
}
