// What a benchmark hands to the runner. A figure's name is its identity for ever (documents and later
// comparisons quote it), its unit is a plain word, and its value is a finite number: a benchmark that could
// not measure something throws rather than reporting NaN or zero.

/** One measured number, for example `{ name: "inference.rows", value: 126_512, unit: "rows" }`. */
export type Figure = { readonly name: string; readonly value: number; readonly unit: string };

/**
 * A benchmark: the small form (`full: false`) finishes within a test; the full one measures what documents
 * quote.
 */
export type Benchmark = (options: { readonly full: boolean }) => Promise<readonly Figure[]>;

/** The facts of the machine that a figure was measured on. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly os: string;
  readonly node: string;
};

/** What a run leaves behind as NAME.json. */
export type BenchmarkResult = {
  readonly name: string;
  readonly command: string;
  readonly machine: Machine;
  readonly commit: string;
  readonly date: string;
  readonly figures: readonly Figure[];
};
