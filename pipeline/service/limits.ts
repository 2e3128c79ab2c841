/**
 * A rate for each of many callers: a bucket that fills up by the minute, and is forgotten when it is full.
 */

/** Buckets by name. */
export type Buckets = {
  /** Takes one; 0, or the seconds to wait until there is one. */
  take(name: string, nowMs?: number): number;
};

/** Names that are remembered; of more, the ones that asked longest ago are forgotten. */
const MOST = 10_000;

/** Opens buckets of `perMinute`. */
export function openBuckets(perMinute: number): Buckets {
  const buckets = new Map<string, { readonly left: number; readonly at: number }>();
  return {
    take(name, nowMs = Date.now()) {
      const { left, at } = buckets.get(name) ?? { left: perMinute, at: nowMs };
      const filled = Math.min(perMinute, left + ((nowMs - at) * perMinute) / 60_000);
      buckets.delete(name);
      buckets.set(name, { left: filled < 1 ? filled : filled - 1, at: nowMs });
      for (const first of buckets.keys()) {
        if (buckets.size <= MOST) break;
        buckets.delete(first);
      }
      return filled < 1 ? Math.max(1, Math.ceil(((1 - filled) * 60) / perMinute)) : 0;
    },
  };
}
