// The ridge head, by the same protocol: heads fitted again on half of the samples, or on half of the writers,
// in the same integers that are committed to, against the influences that payouts are made from.
//
//   per sample        (h_iᵀ A_λ⁻¹ h_q) (e_i)[k̂_q]
//   per contributor   ⟨G_c, A_λ⁻¹ h_q onehot(k̂_q)ᵀ⟩
//
// The output that is foretold is the one that is paid for: the score of the class that was answered.

import {
  answers,
  cholesky,
  DEFAULT_LAMBDA,
  fitHead,
  fitModel,
  type Model,
  type Moments,
  moments,
  ridged,
  seededRandom,
  solveLower,
  solveLowerTransposed,
  sumMoments,
  upperTriangle,
} from "../../pipeline/index.ts";
import { type Featured, numbered } from "./featured.ts";
import { type Estimate, lds, predictions } from "./lds.ts";

/** The two scores of the head. */
export type HeadScores = {
  readonly sample: Estimate;
  readonly contributor: Estimate;
  readonly contributors: number;
};

/** Fits heads on `halves` halves of each kind and scores the influences. */
export async function scoreHead(
  { profile, train, test }: Pick<Featured, "profile" | "train" | "test">,
  limit: { readonly train: number; readonly test: number },
  halves: number,
  seed: string,
): Promise<HeadScores> {
  const { d, m, scaleBits } = profile;
  const n = Math.min(limit.train, train.labels.length);
  const q = Math.min(limit.test, test.labels.length);
  const input = { features: train.features.subarray(0, n * d), labels: train.labels.subarray(0, n) };
  const writers = numbered(train.samples.slice(0, n).map(({ contributor }) => contributor));
  const model = await fitModel({ ...input, contributors: writers.index, count: writers.count, profile });
  const queries = test.features.subarray(0, q * d);
  const asked = await answers(model.w, queries, profile);
  const z = preconditioned(model, queries, d, q);

  const outputs = (w: readonly bigint[]): Float64Array => {
    const real = Float64Array.from(w, Number);
    return Float64Array.from(asked, (k, at) => {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += (queries[at * d + j] as number) * (real[j * m + k] as number);
      return sum;
    });
  };
  const half = (count: number, name: string): Int32Array => {
    const all = Array.from({ length: count }, (_, i) => i);
    return Int32Array.from(
      seededRandom(`${seed}/${name}`)
        .shuffle(all)
        .slice(0, count >> 1),
    );
  };
  const fitted = (parts: readonly Moments[]): Float64Array => {
    const { a, b } = sumMoments(parts, profile);
    const { w } = fitHead({
      a: upperTriangle(a, d),
      b: Array.from(b, BigInt),
      lambda: DEFAULT_LAMBDA,
      profile,
    });
    return outputs(w);
  };

  const rowsOf = Array.from({ length: halves }, (_, i) => half(n, `rows/${i}`));
  const byRows: Float64Array[] = [];
  for (const rows of rowsOf) {
    const features = new Int8Array(rows.length * d);
    rows.forEach((row, at) => {
      features.set(input.features.subarray(row * d, (row + 1) * d), at * d);
    });
    const labels = rows.map((row) => input.labels[row] as number);
    const contributors = new Int32Array(rows.length);
    byRows.push(fitted(await moments({ features, labels, contributors, count: 1 }, profile)));
  }
  const writersOf = Array.from({ length: halves }, (_, i) => half(writers.count, `writers/${i}`));
  const byWriters = writersOf.map((some) => fitted(Array.from(some, (c) => model.parts[c] as Moments)));

  const samples = sampleInfluences(model, input, z, asked, { d, m, q, scaleBits });
  const contributors = new Float64Array(writers.count * q);
  model.gradients.forEach((gradient, c) => {
    const g = Float64Array.from(gradient, Number);
    asked.forEach((k, at) => {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += (g[j * m + k] as number) * (z[at * d + j] as number);
      contributors[c * q + at] = sum;
    });
  });
  return {
    sample: lds(predictions(rowsOf, samples, q), byRows, `${seed}/rows`),
    contributor: lds(predictions(writersOf, contributors, q), byWriters, `${seed}/writers`),
    contributors: writers.count,
  };
}

/** `A_λ⁻¹ h_q` for each query, `q × d`. */
export function preconditioned(model: Model, queries: Int8Array, d: number, q: number): Float64Array {
  const a = Float64Array.from(ridged(model.a, BigInt(model.lambda), d), Number);
  const factor = cholesky(a, d) as Float64Array;
  const out = new Float64Array(q * d);
  for (let at = 0; at < q; at++) {
    const h = Float64Array.from(queries.subarray(at * d, (at + 1) * d));
    out.set(solveLowerTransposed(factor, solveLower(factor, h, d, 1), d, 1), at * d);
  }
  return out;
}

function sampleInfluences(
  { w }: Model,
  { features, labels }: { readonly features: Int8Array; readonly labels: Uint8Array },
  z: Float64Array,
  asked: Int32Array,
  {
    d,
    m,
    q,
    scaleBits,
  }: { readonly d: number; readonly m: number; readonly q: number; readonly scaleBits: number },
): Float32Array {
  const n = labels.length;
  const real = Float64Array.from(w, Number);
  const out = new Float32Array(n * q);
  const e = new Float64Array(m);
  for (let i = 0; i < n; i++) {
    e.fill(0);
    e[labels[i] as number] = 2 ** scaleBits;
    for (let j = 0; j < d; j++) {
      const h = features[i * d + j] as number;
      for (let k = 0; k < m; k++) e[k] = (e[k] as number) - h * (real[j * m + k] as number);
    }
    for (let at = 0; at < q; at++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += (features[i * d + j] as number) * (z[at * d + j] as number);
      out[i * q + at] = sum * (e[asked[at] as number] as number);
    }
  }
  return out;
}
