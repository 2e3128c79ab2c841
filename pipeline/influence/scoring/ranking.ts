/**
 * A running top-k: the best scores seen so far of one query, best first.
 *
 * Equal scores are ordered by the sample's number, so the outcome does not depend on the order of blocks.
 */

/** A sample and its influence, in units of the winning score. */
export type Hit = { readonly sample: number; readonly score: number };

/** The best of what was added; `sign` 1 keeps the largest positive scores, −1 the smallest negative ones. */
export type Ranking = {
  readonly sign: 1 | -1;
  /** What a score must be above (times `sign`) to be looked at; 0 while there is room. */
  bar: () => number;
  add: (sample: number, score: number) => void;
  hits: () => Hit[];
};

/** Starts a ranking of at most `size`. */
export function ranking(size: number, sign: 1 | -1): Ranking {
  const hits: Hit[] = [];
  const before = (a: Hit, b: Hit): boolean =>
    sign * a.score > sign * b.score || (a.score === b.score && a.sample < b.sample);
  return {
    sign,
    bar: () => (hits.length < size ? 0 : sign * (hits[size - 1] as Hit).score),
    add: (sample, score) => {
      if (!(sign * score > 0) || size === 0) return;
      const hit = { sample, score };
      let at = hits.length;
      while (at > 0 && before(hit, hits[at - 1] as Hit)) at--;
      if (at === size) return;
      hits.splice(at, 0, hit);
      if (hits.length > size) hits.pop();
    },
    hits: () => [...hits],
  };
}

/** The `size`-th largest of values; 0 where that is negative or there are fewer. */
export function barOf(values: Iterable<number>, size: number): number {
  const best: number[] = [];
  for (const value of values) {
    if (best.length === size && value <= (best[size - 1] as number)) continue;
    let at = best.length;
    while (at > 0 && value > (best[at - 1] as number)) at--;
    best.splice(at, 0, value);
    if (best.length > size) best.pop();
  }
  return best.length < size ? 0 : Math.max(0, best[size - 1] as number);
}
