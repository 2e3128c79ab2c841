/**
 * The definitions, word by word, in BigInt: slow, plain, and what the fast paths are tested against.
 *
 * Nothing here is shared with them: sums run over samples one at a time, and residuals `e_i` are formed where
 * the fast path never sees one.
 */

type Sizes = { readonly d: number; readonly m: number };
/** `words[k]` is the target of class k: a unit vector unless the profile has a code. */
type Coded = Sizes & { readonly words: readonly (readonly number[])[] };

/** Samples of one contributor: features row-major and their classes. */
export type ReferenceSamples = { readonly features: Int8Array; readonly labels: readonly number[] };

/** `Σ h_i h_iᵀ`, the whole matrix. */
export function referenceGram({ features, labels }: ReferenceSamples, { d }: Sizes): bigint[] {
  const a = new Array<bigint>(d * d).fill(0n);
  labels.forEach((_, i) => {
    const h = row(features, i, d);
    for (let j = 0; j < d; j++) {
      for (let k = 0; k < d; k++)
        a[j * d + k] = (a[j * d + k] as bigint) + (h[j] as bigint) * (h[k] as bigint);
    }
  });
  return a;
}

/** `Σ h_i word(k_i)ᵀ`. */
export function referenceCross({ features, labels }: ReferenceSamples, { d, m, words }: Coded): bigint[] {
  const b = new Array<bigint>(d * m).fill(0n);
  labels.forEach((label, i) => {
    const h = row(features, i, d);
    for (let j = 0; j < d; j++) {
      for (let k = 0; k < m; k++) {
        const target = BigInt(words[label]?.[k] as number);
        b[j * m + k] = (b[j * m + k] as bigint) + (h[j] as bigint) * target;
      }
    }
  });
  return b;
}

/** `G = Σ h_i e_iᵀ` with `e_i = 2^S word(k_i) − Wᵀ h_i`. */
export function referenceGradient(
  { features, labels }: ReferenceSamples,
  w: readonly bigint[],
  scaleBits: number,
  { d, m, words }: Coded,
): bigint[] {
  const g = new Array<bigint>(d * m).fill(0n);
  labels.forEach((label, i) => {
    const h = row(features, i, d);
    for (let k = 0; k < m; k++) {
      let e = BigInt(words[label]?.[k] as number) << BigInt(scaleBits);
      for (let j = 0; j < d; j++) e -= (w[j * m + k] as bigint) * (h[j] as bigint);
      for (let j = 0; j < d; j++) g[j * m + k] = (g[j * m + k] as bigint) + (h[j] as bigint) * e;
    }
  });
  return g;
}

function row(features: Int8Array, i: number, d: number): bigint[] {
  return Array.from(features.subarray(i * d, (i + 1) * d), BigInt);
}
