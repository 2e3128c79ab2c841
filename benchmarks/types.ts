// What a benchmark hands to the runner. A figure's name is its identity for ever (documents and later
// comparisons quote it), its unit is a plain word, and its value is a finite number: a benchmark that could
// not measure something throws rather than reporting NaN or zero.

import type { Machine } from "./machine.ts";

/** One measured number, for example `{ name: "inference.rows", value: 126_512, unit: "rows" }`. */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** A 95 % interval, where the figure is an estimate. */
  readonly interval?: readonly [number, number];
};

/** Figures with what has to be read beside them: Markdown whose every number was measured in the same run. */
export type Report = { readonly figures: readonly Figure[]; readonly notes: string };

/**
 * A benchmark: the small form (`full: false`) finishes within a test; the full one measures what documents
 * quote.
 */
export type Benchmark = (options: { readonly full: boolean }) => Promise<readonly Figure[] | Report>;

/** What a run leaves behind as NAME.json. */
export type BenchmarkResult = {
  readonly name: string;
  readonly command: string;
  readonly machine: Machine;
  readonly commit: string;
  readonly date: string;
  readonly figures: readonly Figure[];
  readonly notes?: string;
};
