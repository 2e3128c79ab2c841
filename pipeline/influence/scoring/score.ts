/**
 * Scores blocks of queries against millions of samples, with memory that depends on neither.
 *
 * Samples stream from the disk in spans; while one is scored the next is read. A span is cut into blocks,
 * each one run of the graph (graph.ts), which leaves the largest and smallest score of every chunk of
 * samples. The top of a query can only lie in chunks whose largest score reaches the query's present bar, the
 * k-th best so far or the k-th largest chunk of the span; their samples, few, are scored again in float64 by
 * the definition. So the ranking is that of float64 whatever the provider, the block or the number of shards:
 * float32 decides only where to look, with a slack for its rounding.
 */
import { openSession, type SessionOptions, tensor } from "../../engine/ort.ts";
import type { Features, Rows } from "./features.ts";
import { CHUNK, reachRows, scoringGraph, sortByClass } from "./graph.ts";
import {
  checkQueries,
  inverseFactor,
  precondition,
  type ScoredQueries,
  type ScoringHead,
  ScoringInputError,
} from "./head.ts";
import { lookThrough, type Pass, type SpanScores } from "./look.ts";
import { type Hit, type Ranking, ranking } from "./ranking.ts";

/** How to score. */
export type ScoringOptions = {
  /** How many helpful and how many harmful samples to keep for each query; 10. */
  readonly top?: number;
  /** Divide by `1 − ℓ_i`: what leaving the sample out and fitting again would change. */
  readonly leaveOneOut?: boolean;
  /** Samples in one run of the graph; rounded up to whole chunks. */
  readonly blockRows?: number;
  /** Samples read at once, and looked through together. */
  readonly spanRows?: number;
  /** Queries scored in one pass over the samples. */
  readonly passQueries?: number;
  readonly session?: SessionOptions;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
};

/** What scoring found, in the order of the queries. */
export type Scores = {
  /** For each query the samples that helped its answer most, best first. */
  readonly helped: readonly (readonly Hit[])[];
  /** For each query the samples that hurt its answer most, worst first. */
  readonly hurt: readonly (readonly Hit[])[];
  /** `Σ_q f_q Σ_{i of c} s_iq` of each contributor: `s_c / 2^(S+T)` but for float32's rounding. */
  readonly totals: Float64Array;
  /** Samples that had to be looked at again in float64. */
  readonly looked: number;
};

/** Samples in one run of the graph, unless told otherwise: its products then stay in a core's cache. */
export const BLOCK_ROWS = 4096;
/** Samples in a span, unless told otherwise: 8 MiB of features of 32 bytes. */
export const SPAN_ROWS = 262_144;
/** Queries in a pass, unless told otherwise. */
export const PASS_QUERIES = 1024;

/**
 * Scores queries against all samples.
 *
 * @example
 * ```ts
 * const features = await openFeatures("features");
 * const { helped, hurt } = await scoreQueries(head, { features: h, classes: [3] }, features, { top: 5 });
 * ```
 * @throws ScoringInputError, SessionOpenError, FeaturesFormatError
 */
export async function scoreQueries(
  head: ScoringHead,
  queries: ScoredQueries,
  samples: Features,
  options: ScoringOptions = {},
): Promise<Scores> {
  const { top = 10, passQueries = PASS_QUERIES } = options;
  checkQueries(head, queries);
  checkOptions(options);
  if (samples.d !== head.d)
    throw new ScoringInputError(
      `The samples have ${samples.d} features and the model ${head.d}: take its own.`,
    );
  const count = queries.classes.length;
  const helped = Array.from({ length: count }, () => ranking(top, 1));
  const hurt = Array.from({ length: count }, () => ranking(top, -1));
  const totals = new Float64Array(samples.runs.reduce((most, run) => Math.max(most, run.contributor + 1), 0));
  const sorted = sortByClass(queries.classes);
  let looked = 0;
  for (let from = 0; from < count; from += passQueries) {
    const order = sorted.order.slice(from, from + passQueries);
    const pass = openPass(head, queries, order, { helped, hurt }, options);
    const progress = (rows: number): void =>
      options.onProgress?.(from * samples.samples + rows * order.length, count * samples.samples);
    looked += await runPass(await pass, samples, totals, options, progress);
  }
  return { helped: helped.map((one) => one.hits()), hurt: hurt.map((one) => one.hits()), totals, looked };
}

function checkOptions(options: ScoringOptions): void {
  for (const name of ["top", "blockRows", "spanRows", "passQueries"] as const) {
    const value = options[name] ?? 1;
    if (!Number.isInteger(value) || value < 1)
      throw new ScoringInputError(`${name} must be a whole number from 1 up, not ${value}.`);
  }
}

async function openPass(
  head: ScoringHead,
  queries: ScoredQueries,
  order: readonly number[],
  { helped, hurt }: { readonly helped: readonly Ranking[]; readonly hurt: readonly Ranking[] },
  { top = 10, blockRows = BLOCK_ROWS, leaveOneOut = false, session = {} }: ScoringOptions,
): Promise<Pass> {
  const { d } = head;
  const classes = order.map((q) => queries.classes[q] as number);
  const features = Int8Array.from(order.flatMap((q) => [...queries.features.subarray(q * d, (q + 1) * d)]));
  const fees = Float64Array.from(order, (q) => queries.fees?.[q] ?? 1);
  const u = precondition(head, features);
  const rows = Math.ceil(blockRows / CHUNK) * CHUNK;
  const sorted = sortByClass(classes);
  const graph = scoringGraph({ head, sorted, u, fees, rows, leaveOneOut });
  return {
    head,
    session: await openSession(graph, session),
    classes,
    u,
    slack: Float64Array.from(order, (_, place) => slackOf(head, u.subarray(place * d, (place + 1) * d))),
    rankings: order.map((q) => [helped[q] as Ranking, hurt[q] as Ranking]),
    reachRows: reachRows(sorted),
    inverse: leaveOneOut ? inverseFactor(head) : undefined,
    blockRows: rows,
    top,
  };
}

/**
 * A bound on float32's error of a score: d + 3 roundings of 2^-24 each on sums of at most `128 ‖u‖₁`, times a
 * residual that is a few times the longest word at most, and as much again for the residual's own rounding.
 */
function slackOf({ d, targets }: ScoringHead, u: Float64Array): number {
  const most = targets.reduce((largest, target) => Math.max(largest, Math.abs(target)), 1);
  const norm = u.reduce((sum, value) => sum + Math.abs(value), 0);
  return 8 * most * (d + 3) * 2 ** -24 * 128 * norm;
}

async function runPass(
  pass: Pass,
  samples: Features,
  totals: Float64Array,
  { spanRows = SPAN_ROWS, signal }: ScoringOptions,
  progress: (rows: number) => void,
): Promise<number> {
  const span = Math.ceil(spanRows / pass.blockRows) * pass.blockRows;
  let looked = 0;
  try {
    let next = samples.read(0, span);
    for (let start = 0; start < samples.samples; start += span) {
      signal?.throwIfAborted();
      const rows = await next;
      next = samples.read(start + span, span);
      // A read that fails while this span is scored is heard of when it is awaited.
      next.catch(() => {});
      const found = await scoreSpan(pass, rows);
      addTotals(totals, found.total, samples.runs, start, rows.rows);
      looked += lookThrough(pass, rows, start, found);
      progress(start + rows.rows);
    }
    await next;
    return looked;
  } finally {
    await pass.session.close();
  }
}

/** Runs the graph over a span, block by block; the last block is padded with zeros, which score 0. */
async function scoreSpan({ session, blockRows, head }: Pass, span: Rows): Promise<SpanScores> {
  const blocks: Array<{ reach: Float32Array; most: Float32Array }> = [];
  const total = new Float32Array(Math.ceil(span.rows / blockRows) * blockRows);
  for (let start = 0; start < span.rows; start += blockRows) {
    const out = await session.run(blockFeeds(span, start, blockRows, head.d));
    blocks.push({ reach: out.reach?.data as Float32Array, most: out.most?.data as Float32Array });
    total.set(out.total?.data as Float32Array, start);
  }
  return { blocks, total };
}

/** A block as the graph takes it. */
export function blockFeeds(span: Rows, start: number, rows: number, d: number) {
  const end = Math.min(span.rows, start + rows);
  let features = span.features.subarray(start * d, end * d);
  let labels = span.labels.subarray(start, end);
  if (end - start < rows) {
    const padded = new Int8Array(rows * d);
    padded.set(features);
    features = padded;
    const classes = new Uint8Array(rows);
    classes.set(labels);
    labels = classes;
  }
  return { h: tensor("int8", features, [rows, d]), k: tensor("uint8", labels, [rows]) };
}

/** Adds the samples' sums to their contributors', in float64. */
function addTotals(
  totals: Float64Array,
  sums: Float32Array,
  runs: Features["runs"],
  start: number,
  rows: number,
): void {
  for (const run of runs) {
    const from = Math.max(run.start, start);
    const to = Math.min(run.start + run.count, start + rows);
    if (from >= to) continue;
    let sum = 0;
    for (let i = from; i < to; i++) sum += sums[i - start] as number;
    totals[run.contributor] = (totals[run.contributor] as number) + sum;
  }
}
