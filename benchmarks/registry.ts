// The benchmarks by name. A new one is a file that exports a `Benchmark` and one line here; it is loaded only
// when it is asked for, so that one that needs a heavy engine costs the others nothing.
//
// `figures` are the names that documents and comparisons rely on. A run that leaves one of them out is
// refused, so a benchmark cannot quietly stop measuring something; it may report more. `CIRCUITS` stands for
// each circuit.

import type { Benchmark } from "./types.ts";

/** A benchmark that `npm run bench` knows. */
export type BenchmarkEntry = {
  readonly name: string;
  readonly about: string;
  readonly figures: readonly string[];
  readonly load: () => Promise<Benchmark>;
};

const CIRCUITS = [
  "samples",
  "contributors",
  "model",
  "inference",
  "adjoint",
  "weights",
  "duplicate",
  "inclusion",
] as const;
const STAGES = ["witness", "read", "a", "b1", "b2", "c", "quotient", "h", "total", "snarkjs"] as const;
const PER_CIRCUIT = ["rows", "compile.seconds", "key.seconds", "prove.seconds", "prove.peak_mib"] as const;

/** Every benchmark, in the order in which `npm run bench` lists them. */
export const BENCHMARKS: readonly BenchmarkEntry[] = [
  {
    name: "circuits",
    about: "per circuit: rows, and seconds and memory to compile, make keys and prove",
    figures: CIRCUITS.flatMap((circuit) => PER_CIRCUIT.map((figure) => `${circuit}.${figure}`)),
    load: async () => (await import("./circuits.ts")).runCircuits,
  },
  {
    name: "proving",
    about: "where the time of proving goes, against snarkjs; Poseidon; the demonstration's proofs together",
    figures: [
      ...CIRCUITS.flatMap((circuit) => STAGES.map((stage) => `proving.${circuit}.${stage}.seconds`)),
      ...CIRCUITS.map((circuit) => `proving.${circuit}.ratio`),
      ...["poseidon.single", "poseidon.chained", "poseidon.bigint", "poseidon.ratio"],
      ...["graph.proofs", "graph.critical_path.seconds", "graph.workers1.seconds", "graph.workers2.seconds"],
    ],
    load: async () => (await import("./proving.ts")).runProving,
  },
  {
    name: "gas",
    about: "gas that each call of the contracts uses, and that verifying costs singly and in batches",
    figures: [
      ...["verify.single.gas", "verify.batch16.gas_per_proof"],
      ...["settle.c12.gas", "settle.c64.gas", "settle.c512.gas", "answer.amortised1000.gas"],
      ...["claim.first.gas", "claim.later.gas", "redeem.first.gas", "redeem.later.gas", "vote.gas"],
      ...["register.gas", "contribute.later.gas", "commit.p16.later.gas", "deposit.later.gas"],
    ],
    load: async () => (await import("./gas.ts")).runGas,
  },
  {
    name: "demo",
    about: "the whole demonstration cold and warm, its accuracy, and payouts against float64 ones",
    figures: [
      "demo.cold.seconds",
      "demo.warm.seconds",
      "demo.training_warm.seconds",
      "demo.peak.mib",
      "demo.accuracy",
      "payout.l1_error",
    ],
    load: async () => (await import("./demo.ts")).runDemo,
  },
  {
    name: "learn",
    about:
      "training in ONNX Runtime: a step of each digit network, Loop against one step a run, the standard backbone",
    figures: ["mlp.step.ms", "mlp.fed_back.ratio", "conv.step.ms", "conv.fed_back.ratio", "standard.seconds"],
    load: async () => (await import("./learn.ts")).runLearn,
  },
  {
    name: "attribution",
    about: "whether attribution foretells retraining, finds wrong labels, and what cheating earns",
    figures: [
      "lds.contributor.head",
      "lds.sample.head",
      "lds.sample.lr",
      "lds.sample.mlp",
      "auc.mislabel.lr",
      "auc.mislabel.mlp",
      "paid.mislabel.share",
      "paid.copy5.ratio",
      "paid.split_random.ratio",
      "paid.split_oracle.ratio",
      "accuracy.digits",
      "accuracy.tickets32",
      "accuracy.tickets64",
    ],
    load: async () => (await import("./attribution/index.ts")).runAttribution,
  },
  {
    name: "jobs",
    about: "the queue's own cost for each job, one worker against two, and what content weighs",
    figures: [
      "job.overhead.ms",
      "workers.one.seconds",
      "workers.two.seconds",
      "workers.two.speedup",
      "features.seconds_per_sample",
      "answer.seconds",
      "sample.record.bytes",
      "receipt.bytes",
      "proof.bytes",
    ],
    load: async () => (await import("./jobs.ts")).runJobs,
  },
  {
    name: "service",
    about:
      "answers over HTTP with signed receipts and without, from another process; a soak; the queue's cost",
    figures: [
      "infer.answers_per_second",
      "infer.p50.ms",
      "infer.p99.ms",
      "infer.receipt_cost.ratio",
      "infer.soak.growth_mib",
      "infer.soak.answers",
      "job.overhead.ms",
    ],
    load: async () => (await import("./service.ts")).runService,
  },
  {
    name: "scoring",
    about: "influence scoring against a plain matrix product; throughput, bytes and memory as samples grow",
    figures: ["cpu.ratio_to_matmul", "cpu.pairs_per_second", "bytes_per_sample", "duplicates.honest.flagged"],
    load: async () => (await import("./scoring.ts")).runScoring,
  },
];
