/**
 * The search behind duplicates.ts: near-duplicates among samples in their order of arrival.
 *
 * Two samples are near when their distance `1 − cosine` is a small part of how far honest content lies apart
 * around there: of the distance ρ from each to the public samples. Ones written by many hands lie close
 * together, eights do not; one limit for both would let copies of eights pass, or refuse honest ones. The
 * public samples are dealt into two halves and ρ is the distance to the farther one, because the public split
 * may hold the very content that somebody contributes.
 *
 * Block by block, each row is compared with every block of kept rows and with the earlier rows of its own
 * block. The engine returns one number a row; only rows within a hair of the limit are looked at again, in
 * integers and in order, until the first that is near: that one keeps the credit.
 */
import type { SessionOptions } from "../engine/ort.ts";
import { BLOCK_ROWS, type Block, type Cosines, cosine, openCosines, type Row, SLACK } from "./cosines.ts";

/** Rows of one kind, by the index of their sample, and the public rows that say how far apart is far. */
export type Measure = {
  readonly type: "int8" | "uint8";
  readonly size: number;
  readonly row: (index: number) => Row;
  readonly reference: readonly Row[];
  /** Near is a distance of at most this part of ρ. */
  readonly part: number;
};

type Part = Measure & {
  readonly engine: Cosines;
  readonly halves: readonly (readonly Block[])[];
  readonly kept: Block[];
  /** ρ of each sample seen, by its index. */
  readonly rho: Map<number, number>;
};

/** For each near-duplicate among the candidates, the earliest kept sample that it is near to. */
export async function nearDuplicates(
  candidates: readonly number[],
  measures: readonly Measure[],
  options: SessionOptions,
): Promise<Map<number, number>> {
  const out = new Map<number, number>();
  const parts: Part[] = [];
  try {
    for (const measure of measures) {
      const engine = await openCosines(measure.type, measure.size, options);
      parts.push({
        ...measure,
        engine,
        halves: halvesOf(measure.reference, engine),
        kept: [],
        rho: new Map(),
      });
    }
    const keptBlocks: number[][] = [];
    for (let start = 0; start < candidates.length; start += BLOCK_ROWS) {
      const block = candidates.slice(start, start + BLOCK_ROWS);
      const packed = parts.map(({ engine, row }) => engine.pack(block.map(row)));
      for (const [i, part] of parts.entries()) await addScale(part, packed[i] as Block, block);
      for (const [at, before] of keptBlocks.entries()) {
        const suspects = await suspectsOf(parts, block, (part, i) =>
          part.engine.largest(packed[i] as Block, part.kept[at] as Block),
        );
        settle(suspects, block, () => before, parts, out);
      }
      const suspects = await suspectsOf(parts, block, (part, i) =>
        part.engine.largestBefore(packed[i] as Block),
      );
      // Rows rise, so that of those before a row it is already known which are kept.
      settle(suspects, block, (row) => block.slice(0, row).filter((i) => !out.has(i)), parts, out);
      const kept = block.filter((index) => !out.has(index));
      if (kept.length === 0) continue;
      keptBlocks.push(kept);
      for (const { engine, row, kept: blocks } of parts) blocks.push(engine.pack(kept.map(row)));
    }
    return out;
  } finally {
    for (const { engine } of parts) await engine.close();
  }
}

/** ρ of the block's rows: the distance to the farther half of the public rows. */
async function addScale(
  { engine, halves, rho }: Part,
  packed: Block,
  block: readonly number[],
): Promise<void> {
  const far = new Float32Array(packed.rows);
  for (const half of halves) {
    const best = new Float32Array(packed.rows).fill(-1);
    for (const reference of half) {
      const found = await engine.largest(packed, reference);
      for (let row = 0; row < best.length; row++) {
        best[row] = Math.max(best[row] as number, found[row] as number);
      }
    }
    for (let row = 0; row < far.length; row++) {
      far[row] = Math.max(far[row] as number, 1 - (best[row] as number));
    }
  }
  for (const [row, index] of block.entries()) rho.set(index, far[row] as number);
}

/** Whether the later of two samples repeats the earlier by any measure. */
function isNear(parts: readonly Part[], a: number, b: number): boolean {
  return parts.some(({ row, rho, part }) => {
    const scale = Math.min(rho.get(a) ?? 0, rho.get(b) ?? 0);
    return 1 - cosine(row(a), row(b)) <= part * scale;
  });
}

/** Rows of the block that float32 puts within a hair of being near, rising. */
async function suspectsOf(
  parts: readonly Part[],
  block: readonly number[],
  largest: (part: Part, index: number) => Promise<Float32Array>,
): Promise<number[]> {
  const found = new Set<number>();
  for (const [i, part] of parts.entries()) {
    (await largest(part, i)).forEach((value, row) => {
      const scale = part.rho.get(block[row] as number) ?? 0;
      if (1 - value <= part.part * scale + SLACK) found.add(row);
    });
  }
  return [...found].sort((a, b) => a - b);
}

/** Decides suspects exactly: the first of `before` that is near keeps the credit. */
function settle(
  suspects: readonly number[],
  block: readonly number[],
  before: (row: number) => readonly number[],
  parts: readonly Part[],
  out: Map<number, number>,
): void {
  for (const row of suspects) {
    const index = block[row] as number;
    if (out.has(index)) continue;
    const earliest = before(row).find((other) => isNear(parts, index, other));
    if (earliest !== undefined) out.set(index, earliest);
  }
}

/** Public rows dealt into two halves, in blocks. */
function halvesOf(rows: readonly Row[], engine: Cosines): Block[][] {
  return [0, 1].map((half) => {
    const own = rows.filter((_, i) => i % 2 === half);
    const out: Block[] = [];
    for (let start = 0; start < own.length; start += BLOCK_ROWS) {
      out.push(engine.pack(own.slice(start, start + BLOCK_ROWS)));
    }
    return out;
  });
}
