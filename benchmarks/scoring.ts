// Influence scoring against ONNX Runtime's own matrix product of the same shape, and its throughput, bytes
// and memory as the samples grow.
//
// Samples are the features of real digits; where those run out, copies of them with noise. They stream from
// the disk, as they would in use, and everything is in the time: reading, the graph, the running top ten of
// each query in float64, contributors' totals. The plain product gets its operands in float32 and in memory,
// in the same blocks, and both take turns, so that a busy machine slows both. It is measured twice: as a
// caller has it (its result is handed over), and with the result left inside the runtime, which nobody can
// use but which is the kernel's own speed. Both on one thread: many small parallel parts against one big one
// would measure how busy the machine is, and more cores are for more shards. Throughput is on all of them.

import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import {
  answers,
  BLOCK_ROWS,
  demoSplit,
  encodeOnnx,
  type Features,
  fitModel,
  graphBuilder,
  openBackbone,
  openFeatures,
  openGraph,
  PROVIDERS,
  type Provider,
  probe,
  type Rows,
  type ScoringHead,
  STANDARD_SEED,
  scoreQueries,
  scoringHead,
  seededRandom,
  standardBackbone,
  tensor,
  writeFeatures,
} from "../pipeline/index.ts";
import { loadProfile } from "../prover/index.ts";
import { flaggedHonest } from "./duplicates.ts";
import { scoringVariants } from "./scoring-variants.ts";
import type { Figure } from "./types.ts";

const THREADS = availableParallelism();
const TOP = 10;

type Sizes = { readonly samples: readonly number[]; readonly queries: number; readonly repeats: number };

const FULL: Sizes = { samples: [10_000, 100_000, 1_000_000, 10_000_000], queries: 1024, repeats: 3 };
const SMALL: Sizes = { samples: [2_000, 10_000], queries: 64, repeats: 2 };

type Case = {
  readonly head: ScoringHead;
  readonly d: number;
  readonly real: { readonly features: Int8Array; readonly labels: readonly number[] };
  readonly queries: { readonly features: Int8Array; readonly classes: Int32Array };
};

/** Measures scoring on this machine's processor, and on its GPU where one works. */
export async function runScoring({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const sizes = full ? FULL : SMALL;
  const folder = await mkdtemp(join(tmpdir(), "quittance-scoring-"));
  try {
    const of = await realCase(sizes.queries, full);
    const figures: Figure[] = [];
    for (const [at, samples] of sizes.samples.entries()) {
      const path = join(folder, String(samples));
      await writeFeatures(path, { d: of.d, classes: 10 }, synthetic(of, samples));
      const features = await openFeatures(path);
      if (at === 0) figures.push({ name: "cpu.threads", value: THREADS, unit: "threads of the throughput" });
      if (at === 0) figures.push({ name: "bytes_per_sample", value: features.bytesPerSample, unit: "bytes" });
      figures.push(...(await throughput(of, features, "cpu")));
      if (samples === sizes.samples.find((n) => n >= 1_000_000) || (!full && at === sizes.samples.length - 1))
        figures.push(...(await roofline(of, features, sizes.repeats)));
      if (at === sizes.samples.length - 1) {
        figures.push({
          name: "cpu.pairs_per_second",
          value: figureOf(figures, `cpu.n${samples}.pairs_per_second`),
          unit: "1/s",
        });
        for (const provider of PROVIDERS) {
          if (provider === "cpu" || (await probe(provider)) !== undefined) continue;
          figures.push(...(await throughput(of, features, provider)));
        }
      }
      await features.close();
      await rm(path, { recursive: true });
    }
    figures.push(...(await scoringVariants(full ? BLOCK_ROWS : 1024, full ? 1000 : 100, full ? 40 : 5)));
    return [...figures, ...(await flaggedHonest(full ? 32 : loadProfile("tiny").d))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A head fitted to the demonstration's digits, and answered queries of digits that it never saw. */
async function realCase(queries: number, full: boolean): Promise<Case> {
  // The small form takes the few features that tests have; training a backbone for them takes seconds.
  const profile = { ...loadProfile("default"), ...(full ? {} : { d: loadProfile("tiny").d }) };
  const split = demoSplit(STANDARD_SEED);
  const backbone = await openBackbone(await standardBackbone(profile.d), { threads: THREADS });
  try {
    const contributed = [...split.contributed, ...split.publicSamples];
    const features = await backbone.features(contributed.map(({ content }) => content));
    const labels = contributed.map(({ label }) => label);
    const input = { features, labels, contributors: labels.map(() => 0), count: 1, profile };
    const model = await fitModel(input);
    const asked = await backbone.features(split.test.slice(0, queries).map(({ content }) => content));
    const classes = await answers(model.w, asked, profile);
    const head = scoringHead(model, profile);
    return { head, d: profile.d, real: { features, labels }, queries: { features: asked, classes } };
  } finally {
    await backbone.close();
  }
}

/** Real features, then copies of them with noise of ±8, a twentieth of them labelled at random. */
function* synthetic({ d, real }: Case, samples: number): Generator<Rows> {
  const random = seededRandom("benchmark/scoring");
  const own = real.labels.length;
  for (let start = 0; start < samples; start += 65_536) {
    const rows = Math.min(65_536, samples - start);
    const features = new Int8Array(rows * d);
    const labels = new Uint8Array(rows);
    for (let i = 0; i < rows; i++) {
      const of = start + i < own ? start + i : random.below(own);
      labels[i] = random.below(20) === 0 ? random.below(10) : (real.labels[of] as number);
      features.set(real.features.subarray(of * d, (of + 1) * d), i * d);
      if (of === start + i) continue;
      for (let j = 0; j < d - 1; j += 7) {
        const bits = random.u32();
        for (let k = 0; k < 7 && j + k < d - 1; k++) {
          const value = (features[i * d + j + k] as number) + ((bits >>> (4 * k)) & 15) - 8;
          features[i * d + j + k] = Math.max(-128, Math.min(127, value));
        }
      }
    }
    yield { rows, features, labels };
  }
}

async function score(of: Case, features: Features, provider: Provider, threads = THREADS): Promise<number> {
  const start = performance.now();
  await scoreQueries(of.head, of.queries, features, { top: TOP, session: { provider, threads } });
  return (performance.now() - start) / 1000;
}

async function throughput(of: Case, features: Features, provider: Provider): Promise<Figure[]> {
  if (features.samples <= 100_000) await score(of, features, provider);
  const seconds = await score(of, features, provider);
  const pairs = features.samples * of.queries.classes.length;
  const name = `${provider}.n${features.samples}`;
  return [
    { name: `${name}.pairs_per_second`, value: pairs / seconds, unit: "1/s" },
    { name: `${name}.seconds`, value: seconds, unit: "s" },
    { name: `${name}.peak_rss`, value: process.resourceUsage().maxRSS / 1024, unit: "MiB" },
  ];
}

/** Scoring and the plain product in turns; ratios are medians of the turns' own. */
async function roofline(of: Case, features: Features, repeats: number): Promise<Figure[]> {
  const queries = of.queries.classes.length;
  const given = await openProduct(of, true);
  const inside = await openProduct(of, false);
  const turns: Array<{ scoring: number; given: number; inside: number }> = [];
  try {
    for (let turn = 0; turn <= repeats; turn++) {
      const measured = {
        scoring: await score(of, features, "cpu", 1),
        given: await given.seconds(features.samples),
        inside: await inside.seconds(features.samples),
      };
      if (turn > 0) turns.push(measured); // The first warms up.
    }
  } finally {
    await given.close();
    await inside.close();
  }
  const seconds = median(turns.map(({ scoring }) => scoring));
  const flops = 2 * of.d * queries * features.samples;
  const rate = (of: number): number => flops / of / 1e9;
  return [
    { name: "cpu.ratio_to_matmul", value: median(turns.map((t) => t.scoring / t.given)), unit: "ratio" },
    {
      name: "cpu.ratio_to_matmul_inside",
      value: median(turns.map((t) => t.scoring / t.inside)),
      unit: "ratio",
    },
    { name: "cpu.gflops", value: rate(seconds), unit: "GFLOP/s" },
    { name: "cpu.matmul.gflops", value: rate(median(turns.map((t) => t.given))), unit: "GFLOP/s" },
    { name: "cpu.matmul_inside.gflops", value: rate(median(turns.map((t) => t.inside))), unit: "GFLOP/s" },
    {
      name: "cpu.bytes_per_second",
      value: (features.samples * features.bytesPerSample) / seconds,
      unit: "B/s",
    },
    { name: "cpu.score_bytes_per_second", value: (4 * queries * features.samples) / seconds, unit: "B/s" },
  ];
}

/** ONNX Runtime's MatMul of queries × d by d × block; `handed` over whole, or only its first column. */
async function openProduct(of: Case, handed: boolean) {
  const queries = of.queries.classes.length;
  const g = graphBuilder("product");
  const h = g.input("h", "float", [of.d, BLOCK_ROWS]);
  const u = g.constant("u", "float", [queries, of.d], Float32Array.from(of.queries.features));
  const product = g.node("MatMul", [u, h]);
  const index = (name: string, value: number): string =>
    g.constant(name, "int64", [1], BigInt64Array.of(BigInt(value)));
  if (handed) g.output(product, "s", "float", [queries, BLOCK_ROWS]);
  else
    g.output(g.node("Slice", [product, index("from", 0), index("to", 1), index("axis", 1)]), "s", "float", [
      queries,
      1,
    ]);
  const session = await openGraph(encodeOnnx(g.build()));
  const block = Float32Array.from(of.real.features.subarray(0, of.d * BLOCK_ROWS));
  const feeds = { h: tensor("float", block, [of.d, BLOCK_ROWS]) };
  return {
    seconds: async (samples: number): Promise<number> => {
      const start = performance.now();
      for (let at = 0; at < samples; at += BLOCK_ROWS) await session.run(feeds);
      return (performance.now() - start) / 1000;
    },
    close: session.close,
  };
}

function figureOf(figures: readonly Figure[], name: string): number {
  return figures.find((figure) => figure.name === name)?.value ?? Number.NaN;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
