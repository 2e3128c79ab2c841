// The plan as a page for people. Every number in it comes from the plan or the profile.

import { CIRCUIT_NAMES, type Profile } from "../prover/index.ts";
import { machineLine } from "./machine.ts";
import type { Jobs, Plan } from "./plan.ts";
import type { BenchmarkResult } from "./types.ts";

const count = (value: number): string => Math.round(value).toLocaleString("en-US");
const measuredValue = (value: number): string =>
  value >= 100 ? count(value) : String(Number(value.toPrecision(3)));
const gibibytes = (bytes: number): string => `${measuredValue(bytes / 2 ** 30)} GiB`;
const millions = (gas: number): string => `${measuredValue(gas / 1e6)} M gas`;

/** Renders the plan as Markdown. */
export function planPage(plan: Plan, profile: Profile, results: readonly BenchmarkResult[]): string {
  const { contributors, samples, answersADay } = plan.demand;
  const machine = results.find(({ name }) => name === "jobs")?.machine ?? results[0]?.machine;
  const jobLines = (title: string, jobs: Jobs): string[] =>
    CIRCUIT_NAMES.filter((name) => jobs[name] > 0).map(
      (name) => `| ${title} | \`${name}\` | ${count(jobs[name])} |`,
    );
  return [
    `# A plan for ${count(contributors)} contributors, ${count(samples)} samples and ${count(answersADay)} answers a day`,
    "",
    "Made by `npm run plan`: a simulation whose inputs are measured. It is as good as its inputs:",
    "",
    ...results.map(
      ({ name, command, commit, date }) => `- \`${name}\`: \`${command}\`, commit ${commit}, ${date}`,
    ),
    "",
    `"A machine" is one like that of the jobs benchmark: ${machine === undefined ? "unknown" : machineLine(machine)}.`,
    "",
    "## Work",
    "",
    `A model holds at most ${count(profile.maxSamples)} samples (the circuits' ranges), so the samples make`,
    `${count(plan.models)} models; a question goes to one of them. Contributors have Zipf-like sizes, and the largest`,
    `are dealt first. The contract bounds an epoch's inference proofs, which makes ${count(plan.epochsADay)} epochs a day.`,
    `The samples make ${count(plan.batches)} signed batches of at most ${count(profile.batchRecords)}.`,
    "",
    "| when | circuit | proofs |",
    "|---|---|--:|",
    ...jobLines("training, once", plan.training),
    ...jobLines("epochs, each day", plan.epoch),
    "",
    "## Machines and hours",
    "",
    "Proofs only, all cores busy, the biggest first, with the queue's overhead and the slowdown that two workers",
    "cause each other. The training is proved once; a day's epochs must end before the next day does.",
    "",
    "| machines | training, hours | a day's epochs, hours |",
    "|--:|--:|--:|",
    ...plan.layouts.map(
      ({ machines, trainingHours, epochHours }) =>
        `| ${machines} | ${measuredValue(trainingHours)} | ${measuredValue(epochHours)}${epochHours <= 24 ? "" : " (does not keep up)"} |`,
    ),
    "",
    `The fewest machines that keep up: **${count(plan.machinesToKeepUp)}**. Features of all samples take`,
    `${measuredValue(plan.featuresHours)} hours on one machine; answering takes ${measuredValue(plan.answeringCores)} machines on average, before peaks.`,
    "",
    "## Gas",
    "",
    "Calls that were measured at another size are scaled linearly, which counts their fixed part more than once:",
    "an upper estimate.",
    "",
    `- training, once: ${millions(plan.trainingGas)}`,
    `- a day's epochs, committed, proved and settled: ${millions(plan.epochGas)}`,
    `- every contributor claiming once: ${millions(plan.claimGas)}`,
    `- together for each answer, if everybody claims daily: ${count(plan.gasPerAnswer)} gas`,
    "",
    "## Storage",
    "",
    `- samples' records: ${gibibytes(plan.recordBytes)}`,
    `- receipts: ${gibibytes(plan.receiptBytesADay)} a day, ${gibibytes(plan.receiptBytesADay * 365)} a year`,
    `- proofs: ${gibibytes(plan.proofBytesADay)} a day`,
    "",
    "Inputs of jobs are removed when their result is there; proving keys are stored once.",
    "",
  ].join("\n");
}
