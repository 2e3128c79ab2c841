/** Random labelled features for tests, from a seed, with the extremes of int8 well represented. */
import fc from "fast-check";
import type { LabelledFeatures } from "../../../pipeline/model/moments.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import type { DataRecord, Profile } from "../../../prover/index.ts";

/** A case of `n` samples over `count` contributors. One in eight features is −128 or 127; the last is 64. */
export function labelledCase(
  seed: number | string,
  n: number,
  count: number,
  d: number,
  m: number,
): LabelledFeatures {
  const random = seededRandom(`case/${seed}`);
  const features = new Int8Array(n * d);
  for (let i = 0; i < features.length; i++) {
    const kind = random.below(16);
    features[i] = i % d === d - 1 ? 64 : kind === 0 ? -128 : kind === 1 ? 127 : random.below(256) - 128;
  }
  const labels = Array.from({ length: n }, () => random.below(m));
  const contributors = Array.from({ length: n }, () => random.below(count));
  return { features, labels, contributors, count };
}

/** The samples of one contributor, in the reference's shape. */
export function samplesOf({ features, labels, contributors }: LabelledFeatures, c: number, d: number) {
  const rows = Array.from({ length: labels.length }, (_, i) => i).filter((i) => contributors[i] === c);
  const own = new Int8Array(rows.length * d);
  rows.forEach((row, i) => {
    own.set(features.subarray(row * d, (row + 1) * d), i * d);
  });
  return { features: own, labels: rows.map((row) => labels[row] as number) };
}

/** Seeds for properties: fast-check prints the failing one and the path to it. */
export const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** Answered queries with random fees from 1 to the largest. */
export function queryRecords(seed: number | string, n: number, { d, m }: Profile): DataRecord[] {
  const { features, labels } = labelledCase(`queries/${seed}`, n, 1, d, m);
  const random = seededRandom(`fees/${seed}`);
  return Array.from({ length: n }, (_, i) => ({
    features: features.subarray(i * d, (i + 1) * d),
    klass: labels[i] as number,
    digest: 0n,
    salt: 0n,
    weight: 1 + random.below(65_535),
  }));
}
