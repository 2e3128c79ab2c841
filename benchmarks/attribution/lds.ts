// The linear datamodeling score (Ilyas et al., "Datamodels", 2022; Park et al., TRAK, 2023): train again on
// many random halves of the data, for real, and ask whether the influences foretell what each network says.
//
//   prediction(S, q) = Σ_{i in S} influence(i, q)
//   score(q)         = Spearman's rank correlation over the halves S of prediction and what was measured
//
// and the mean over queries q. One means: influences order the halves perfectly. What one can hope for is
// less than one wherever training itself is random: {@link ceiling} says how much less.

import { seededRandom } from "../../pipeline/index.ts";

/** A row a half, a column a query. */
export type Table = readonly ArrayLike<number>[];

/** A mean with a 95 % interval. */
export type Estimate = { readonly value: number; readonly interval: readonly [number, number] };

/** What influences (`n × q`, row-major) predict of each half; `factor` multiplies a sample's row. */
export function predictions(
  halves: readonly ArrayLike<number>[],
  influences: ArrayLike<number>,
  queries: number,
  factor?: ArrayLike<number>,
): Float64Array[] {
  return halves.map((rows) => {
    const out = new Float64Array(queries);
    for (let r = 0; r < rows.length; r++) {
      const i = rows[r] as number;
      const weight = factor ? (factor[i] as number) : 1;
      for (let q = 0; q < queries; q++) {
        out[q] = (out[q] as number) + weight * (influences[i * queries + q] as number);
      }
    }
    return out;
  });
}

/**
 * The score with its bootstrap interval: halves and queries are both drawn again, with replacement, because
 * both are samples. Halves that are drawn twice are tied, which lowers a rank correlation close to one; so
 * what is taken from the draws is how far they lie from their median, not where that is.
 */
export function lds(predicted: Table, measured: Table, seed: string, draws = 200): Estimate {
  const queries = predicted[0]?.length ?? 0;
  const halves = predicted.length;
  const columns = (table: Table): Float64Array[] =>
    Array.from({ length: queries }, (_, q) => Float64Array.from(table, (row) => row[q] as number));
  const [p, m] = [columns(predicted), columns(measured)];
  const score = (rows: readonly number[], of: readonly number[]): number => {
    let sum = 0;
    const [a, b] = [new Float64Array(rows.length), new Float64Array(rows.length)];
    for (const q of of) {
      rows.forEach((row, at) => {
        a[at] = p[q]?.[row] as number;
        b[at] = m[q]?.[row] as number;
      });
      sum += spearman(a, b);
    }
    return sum / of.length;
  };
  const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const random = seededRandom(`bootstrap/${seed}`);
  const again = (count: number): number[] => all(count).map(() => random.below(count));
  const resampled = all(draws).map(() => score(again(halves), again(queries)));
  const value = score(all(halves), all(queries));
  const sorted = [...resampled].sort((a, b) => a - b);
  const median = ((sorted[(draws - 1) >> 1] as number) + (sorted[draws >> 1] as number)) / 2;
  const [low, high] = interval95(sorted);
  const cut = (end: number): number => Math.max(-1, Math.min(1, value + end - median));
  return { value, interval: [cut(low), cut(high)] };
}

/**
 * What the best influences could reach: two independent trainings on each half agree by r, so each agrees
 * with what is common to both, which is all that data can explain, by √r (Spearman's correction for
 * attenuation).
 */
export function ceiling(first: Table, second: Table, seed: string): Estimate {
  const { value, interval } = lds(first, second, seed);
  const root = (r: number): number => Math.sqrt(Math.max(0, r));
  return { value: root(value), interval: [root(interval[0]), root(interval[1])] };
}

/** Spearman's rank correlation; equal values share their mean rank. 0 where one side never varies. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length - 1) / 2;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [(x[i] as number) - mean, (y[i] as number) - mean];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i);
  order.sort((i, j) => (values[i] as number) - (values[j] as number));
  const out = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++;
    for (let at = from; at < to; at++) out[order[at] as number] = (from + to - 1) / 2;
    from = to;
  }
  return out;
}

/** The middle 95 % of what a bootstrap gave. */
export function interval95(values: readonly number[]): readonly [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))] ?? Number.NaN;
  return [at(0.025), at(0.975)];
}

/** A statistic of a list with its bootstrap interval. */
export function bootstrap<T>(
  items: readonly T[],
  statistic: (items: readonly T[]) => number,
  seed: string,
  draws = 1000,
): Estimate {
  const random = seededRandom(`bootstrap/${seed}`);
  const resampled = Array.from({ length: draws }, () =>
    statistic(items.map(() => items[random.below(items.length)] as T)),
  );
  return { value: statistic(items), interval: interval95(resampled) };
}

/** Area under the ROC curve: the chance that a marked item scores above an unmarked one, ties half. */
export function areaUnderCurve(
  items: readonly { readonly score: number; readonly marked: boolean }[],
): number {
  const order = ranks(items.map(({ score }) => score));
  let sum = 0;
  let marked = 0;
  items.forEach((item, i) => {
    if (!item.marked) return;
    sum += order[i] as number;
    marked++;
  });
  const rest = items.length - marked;
  return (sum - (marked * (marked - 1)) / 2) / (marked * rest);
}
