/**
 * The step from float32 to float64: which chunks of a span may hold a query's best samples, and what those
 * samples score by the definition.
 */
import type { Session } from "../../engine/ort.ts";
import type { Rows } from "./features.ts";
import { CHUNK } from "./graph.ts";
import { type ScoringHead, scoreOne } from "./head.ts";
import { barOf, type Ranking } from "./ranking.ts";

/** Queries that are scored together, in the order of their places, and the graph for them. */
export type Pass = {
  readonly head: ScoringHead;
  readonly session: Session;
  readonly classes: readonly number[];
  readonly u: Float64Array;
  /** How far float32 may be off, for each place: absolute, in units of the score. */
  readonly slack: Float64Array;
  readonly rankings: ReadonlyArray<readonly [Ranking, Ranking]>;
  readonly reachRows: ReadonlyArray<readonly [number, number]>;
  readonly inverse: Float64Array | undefined;
  readonly blockRows: number;
  readonly top: number;
};

/** What the graph said of each block of a span. */
export type SpanScores = {
  readonly blocks: ReadonlyArray<{ readonly reach: Float32Array; readonly most: Float32Array }>;
  readonly total: Float32Array;
};

/** Scores the samples of promising chunks again, and ranks them. Returns how many they were. */
export function lookThrough(pass: Pass, rows: Rows, start: number, found: SpanScores): number {
  const { head, classes, u, slack, rankings, reachRows, inverse, blockRows, top } = pass;
  const { d } = head;
  const chunks = blockRows / CHUNK;
  let looked = 0;
  for (const [place, klass] of classes.entries()) {
    const own = u.subarray(place * d, (place + 1) * d);
    const slackHere = slack[place] as number;
    for (const [side, one] of (rankings[place] as readonly [Ranking, Ranking]).entries()) {
      const row = reachRows[place]?.[side] as number;
      const most = found.blocks.map((block) => block.most[row] as number);
      // With room left, the span itself says how high the bar is: its k best blocks hold k better samples.
      const least = one.bar() > 0 ? 0 : barOf(most, top) - slackHere;
      for (const [block, { reach }] of found.blocks.entries()) {
        if ((most[block] as number) + slackHere < Math.max(least, one.bar())) continue;
        for (let chunk = 0; chunk < chunks; chunk++) {
          const value = (reach[row * chunks + chunk] as number) + slackHere;
          if (value < least || value < one.bar()) continue;
          const first = block * blockRows + chunk * CHUNK;
          const end = Math.min(rows.rows, first + CHUNK);
          for (let i = first; i < end; i++) {
            one.add(
              start + i,
              scoreOne(head, rows.features, i * d, rows.labels[i] as number, own, klass, inverse),
            );
          }
          looked += Math.max(0, end - first);
        }
      }
    }
  }
  return looked;
}
