// `npm run plan`: what 10,000 contributors, 10 million samples and a million answers a day take.
//
// A simulation, not a measurement. Its inputs are the results of full benchmark runs (seconds of each
// circuit's proof, the queue's overhead, what two workers make of two cores, gas of each call, bytes of each
// kind of content) and the sizes of the default profile; it deals samples to contributors and contributors to
// models as the circuits' ranges allow, lays the jobs out on machines like the measured one, the biggest
// first, and counts. Change a result and run it again: no number in the page is typed.
//
// What it assumes is said in the page: linear gas for calls that were measured at another size (which counts
// their fixed part too often), machines that do nothing else, and contributors of Zipf-like sizes.

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { CIRCUIT_NAMES, type CircuitName, loadProfile, type Profile } from "../prover/index.ts";
import { epochBatches, type Measured, readMeasured } from "./plan-inputs.ts";
import { planPage } from "./plan-page.ts";

/** What has to be served. */
export type Demand = {
  readonly contributors: number;
  readonly samples: number;
  readonly answersADay: number;
};

export const DEMAND: Demand = { contributors: 10_000, samples: 10_000_000, answersADay: 1_000_000 };
/** Sizes fall with the power of the rank: the largest contributor has a hundred times the smallest. */
const ZIPF_EXPONENT = 0.5;
const DAY_SECONDS = 86_400;
const MACHINES = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

/** Jobs of each circuit. */
export type Jobs = Readonly<Record<CircuitName, number>>;

/** What one number of machines makes of it, in hours. */
export type Layout = {
  readonly machines: number;
  readonly trainingHours: number;
  readonly epochHours: number;
};

export type Plan = {
  readonly demand: Demand;
  readonly models: number;
  /** Of all models together. */
  readonly epochsADay: number;
  readonly batches: number;
  readonly training: Jobs;
  readonly epoch: Jobs;
  readonly layouts: readonly Layout[];
  /** The smallest number of machines that proves a day's answers within a day. */
  readonly machinesToKeepUp: number;
  readonly featuresHours: number;
  readonly answeringCores: number;
  readonly trainingGas: number;
  readonly epochGas: number;
  readonly claimGas: number;
  readonly gasPerAnswer: number;
  readonly recordBytes: number;
  readonly receiptBytesADay: number;
  readonly proofBytesADay: number;
};

/** Lays the demand out on the profile's circuits and machines like the measured one. */
export function makePlan(
  demand: Demand,
  profile: Profile,
  measured: Measured,
  maxBatches = epochBatches(),
): Plan {
  const models = dealModels(demand, profile);
  const sum = (of: (model: readonly number[]) => number): number =>
    models.reduce((total, model) => total + of(model), 0);
  const batchesOf = (model: readonly number[]): number =>
    model.reduce((total, samples) => total + Math.ceil(samples / profile.batchRecords), 0);
  const groupsOf = (model: readonly number[]): number => Math.ceil(model.length / profile.contributors);
  const inferenceOf = (model: readonly number[]): number =>
    Math.ceil((demand.answersADay * total(model)) / demand.samples / profile.queries);
  // The contract takes so many inference proofs an epoch; a busy model closes several a day.
  const epochsOf = (model: readonly number[]): number => Math.ceil(inferenceOf(model) / maxBatches);
  const none = Object.fromEntries(CIRCUIT_NAMES.map((name) => [name, 0])) as Jobs;
  const batches = sum(batchesOf);
  const training = { ...none, samples: batches, contributors: sum(groupsOf), model: models.length };
  const epoch = {
    ...none,
    inference: sum(inferenceOf),
    adjoint: sum(epochsOf),
    weights: sum((model) => epochsOf(model) * groupsOf(model)),
  };
  const cores = measured.figure("jobs", "machine.cores");
  const hours = (jobs: Jobs, machines: number): number =>
    makespan(secondsOf(jobs, measured), Math.floor(machines * cores)) / 3_600;
  const layouts = MACHINES.map((machines) => ({
    machines,
    trainingHours: hours(training, machines),
    epochHours: hours(epoch, machines),
  }));
  const gas = (figure: string): number => measured.figure("gas", `gas.${figure}`);
  // Measured for two groups of contributors with one batch each.
  const members = 2 * profile.contributors;
  const proofsGas = CIRCUIT_NAMES.reduce(
    (total, name) => total + epoch[name] * (epoch[name] === 0 ? 0 : proofGas(measured, name)),
    0,
  );
  const epochGas =
    epoch.inference * gas("commitEpoch.later") +
    proofsGas +
    (sum((model) => epochsOf(model) * model.length) / members) * gas("settle.later");
  const claimGas = demand.contributors * gas("claim.later");
  return {
    demand,
    models: models.length,
    epochsADay: sum(epochsOf),
    batches,
    training,
    epoch,
    layouts,
    machinesToKeepUp: smallest((machines) => hours(epoch, machines) <= 24),
    featuresHours: (demand.samples * measured.figure("jobs", "features.seconds_per_sample")) / 3_600,
    answeringCores: (demand.answersADay * measured.figure("jobs", "answer.seconds")) / DAY_SECONDS,
    trainingGas:
      batches * (gas("contribute.later") + gas("commitModel") / members) +
      models.length * gas("beginTraining") +
      total(Object.values(training)) * gas("proveTraining.per_proof"),
    epochGas,
    claimGas,
    gasPerAnswer: (epochGas + claimGas) / demand.answersADay,
    recordBytes: demand.samples * measured.figure("jobs", "sample.record.bytes"),
    receiptBytesADay: demand.answersADay * measured.figure("jobs", "receipt.bytes"),
    proofBytesADay: total(Object.values(epoch)) * measured.figure("jobs", "proof.bytes"),
  };
}

/** Samples of each contributor, in models that hold at most as many as the circuits' ranges allow. */
export function dealModels(
  { contributors, samples }: Demand,
  { maxSamples }: Pick<Profile, "maxSamples">,
): number[][] {
  const weights = Array.from({ length: contributors }, (_, rank) => (rank + 1) ** -ZIPF_EXPONENT);
  const whole = total(weights);
  let given = 0;
  let share = 0;
  const sizes = weights.map((weight) => {
    share += weight;
    const size = Math.round((samples * share) / whole) - given;
    given += size;
    return size;
  });
  if (Math.max(...sizes) > maxSamples) throw new PlanSizeError(Math.max(...sizes), maxSamples);
  // First fit, the largest first.
  const models: number[][] = [];
  const room: number[] = [];
  for (const size of sizes) {
    const index = room.findIndex((free) => free >= size);
    if (index >= 0) {
      models[index]?.push(size);
      room[index] = (room[index] ?? 0) - size;
    } else {
      models.push([size]);
      room.push(maxSamples - size);
    }
  }
  return models;
}

/** Seconds of each job on a machine whose cores are all busy, the longest first. */
function secondsOf(jobs: Jobs, measured: Measured): number[] {
  const overhead = measured.figure("jobs", "job.overhead.ms") / 1_000;
  // Two workers on two cores share caches and memory: each is slower than one alone.
  const efficiency = measured.figure("jobs", "workers.two.speedup") / 2;
  return CIRCUIT_NAMES.flatMap((name) =>
    jobs[name] === 0
      ? []
      : new Array<number>(jobs[name]).fill(
          measured.figure("circuits", `${name}.prove.seconds`) / efficiency + overhead,
        ),
  ).sort((a, b) => b - a);
}

/** When the last of `jobs` ends if each goes, in this order, to the slot that is free first. */
export function makespan(jobs: readonly number[], slots: number): number {
  // A binary heap of the times at which slots are free.
  const free = new Float64Array(slots);
  for (const seconds of jobs) {
    let place = 0;
    const until = (free[0] as number) + seconds;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= slots) break;
      if (child + 1 < slots && (free[child + 1] as number) < (free[child] as number)) child++;
      if ((free[child] as number) >= until) break;
      free[place] = free[child] as number;
      place = child;
    }
    free[place] = until;
  }
  return free.reduce((most, time) => Math.max(most, time), 0);
}

const proofGas = (measured: Measured, circuit: CircuitName): number =>
  measured.figure("gas", `verify.${circuit}.batch16.gas_per_proof`);

function smallest(fits: (machines: number) => boolean): number {
  let high = 1;
  while (!fits(high)) high *= 2;
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** A contributor does not fit a model. */
export class PlanSizeError extends Error {
  override readonly name = "Plan.Size";
  constructor(largest: number, most: number) {
    super(
      `The largest contributor has ${largest} samples and a model holds ${most}: plan for more contributors.`,
    );
  }
}

if (import.meta.main) {
  try {
    const folder = join(import.meta.dirname, "results");
    const measured = readMeasured(folder);
    const plan = makePlan(DEMAND, loadProfile("default"), measured);
    mkdirSync(folder, { recursive: true });
    const from = measured.results.map(({ name, command, commit, date, machine }) => ({
      ...{ name, command, commit, date, machine },
    }));
    const contents = {
      md: planPage(plan, loadProfile("default"), measured.results),
      json: `${JSON.stringify({ plan, from }, null, 2)}\n`,
    };
    for (const [extension, text] of Object.entries(contents)) {
      const path = join(folder, `plan.${extension}`);
      writeFileSync(`${path}.tmp`, text);
      renameSync(`${path}.tmp`, path);
      process.stderr.write(`wrote ${relative(process.cwd(), path)}\n`);
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
