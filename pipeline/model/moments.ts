/**
 * What training needs to know of the samples, exactly: for each contributor c
 *
 *   A_c = Σ h_i h_iᵀ   (d × d)        B_c = Σ h_i word(k_i)ᵀ   (d × m)
 *
 * Sums over samples add up over contributors, shards and streams, so they are computed in blocks and a block
 * may run anywhere. A block is one ONNX graph: features as bytes `u = h + 128`, products uint8 × uint8 with
 * zero point 128 (exact on every processor, see engine/ort.ts), added up in int32. The widest intermediate is
 * Σ u u' ≤ 255² · rows, which {@link BLOCK_ROWS} keeps below 2^31; blocks are added up in float64, exact up
 * to 2^53. A class' word (one-hot, or of the profile's code) is a row of bytes like a sample's features.
 */
import type { Code, Profile } from "../../prover/index.ts";
import { graphBuilder } from "../engine/graph.ts";
import { encodeOnnx } from "../engine/onnx.ts";
import { openSession, type SessionOptions, tensor } from "../engine/ort.ts";

/** Exact moments of one contributor, row-major. Every entry is a whole number. */
export type Moments = {
  readonly samples: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
};

/** Labelled features of many contributors. */
export type LabelledFeatures = {
  /** `n × d`, row-major. */
  readonly features: Int8Array;
  /** Class of each sample, `0..classes-1`. */
  readonly labels: ArrayLike<number>;
  /** Index of each sample's contributor, `0..count-1`. */
  readonly contributors: ArrayLike<number>;
  /** Number of contributors. */
  readonly count: number;
};

const BLOCK_ROWS = 16_384;
const ZERO = 128;

/**
 * Moments of each contributor; one without samples gets zeros.
 *
 * @throws MomentsInputError when lengths differ, or a label or a contributor's index is out of range.
 */
export async function moments(
  input: LabelledFeatures,
  { d, m, words }: Pick<Profile, "d" | "m" | "words">,
  options: SessionOptions = {},
): Promise<Moments[]> {
  const groups = groupRows(input, d, words.length);
  const session = await openSession(momentsGraph(d, m, words), options);
  try {
    const out: Moments[] = [];
    for (const rows of groups) {
      const a = new Float64Array(d * d);
      const b = new Float64Array(d * m);
      for (let start = 0; start < rows.length; start += BLOCK_ROWS) {
        const block = rows.slice(start, start + BLOCK_ROWS);
        const result = await session.run(blockFeeds(input, block, d));
        addTo(a, result.a?.data as Int32Array);
        addTo(b, result.b?.data as Int32Array);
      }
      out.push({ samples: rows.length, a, b });
    }
    return out;
  } finally {
    await session.close();
  }
}

/** The sum of moments. */
export function sumMoments(
  parts: readonly Moments[],
  { d, m }: { readonly d: number; readonly m: number },
): Moments {
  const a = new Float64Array(d * d);
  const b = new Float64Array(d * m);
  let samples = 0;
  for (const part of parts) {
    addTo(a, part.a);
    addTo(b, part.b);
    samples += part.samples;
  }
  return { samples, a, b };
}

/** `u: uint8 [n, d]`, `k: int32 [n]` → `a: int32 [d, d]`, `b: int32 [d, m]`. */
function momentsGraph(d: number, m: number, words: Code): Uint8Array {
  const g = graphBuilder("moments");
  const u = g.input("u", "uint8", ["n", d]);
  const k = g.input("k", "int32", ["n"]);
  const zero = g.constant("zero", "uint8", [], Uint8Array.of(ZERO));
  const table = Uint8Array.from(words.flat(), (value) => value + ZERO);
  const targets = g.node("Gather", [g.constant("words", "uint8", [words.length, m], table), k]);
  const ut = g.node("Transpose", [u], { perm: [1, 0] });
  g.output(g.node("MatMulInteger", [ut, u, zero, zero]), "a", "int32", [d, d]);
  g.output(g.node("MatMulInteger", [ut, targets, zero, zero]), "b", "int32", [d, m]);
  return encodeOnnx(g.build());
}

function blockFeeds(input: LabelledFeatures, rows: readonly number[], d: number) {
  const u = new Uint8Array(rows.length * d);
  const k = new Int32Array(rows.length);
  rows.forEach((row, i) => {
    for (let j = 0; j < d; j++) u[i * d + j] = (input.features[row * d + j] as number) + ZERO;
    k[i] = input.labels[row] as number;
  });
  return { u: tensor("uint8", u, [rows.length, d]), k: tensor("int32", k, [rows.length]) };
}

function groupRows(
  { features, labels, contributors, count }: LabelledFeatures,
  d: number,
  classes: number,
): number[][] {
  const n = labels.length;
  if (features.length !== n * d || contributors.length !== n) {
    throw new MomentsInputError(
      `${features.length} features, ${n} labels and ${contributors.length} contributors do not fit d = ${d}.`,
    );
  }
  const groups: number[][] = Array.from({ length: count }, () => []);
  for (let i = 0; i < n; i++) {
    const label = labels[i] as number;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new MomentsInputError(
        `Sample ${i} has class ${label} and the profile has 0..${classes - 1}: relabel or leave it out.`,
      );
    }
    const group = groups[contributors[i] as number];
    if (!group) throw new MomentsInputError(`Sample ${i} names contributor ${contributors[i]} of ${count}.`);
    group.push(i);
  }
  return groups;
}

function addTo(sum: Float64Array, part: ArrayLike<number>): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (part[i] as number);
}

/** Samples, labels and contributors that do not fit together. */
export class MomentsInputError extends Error {
  override readonly name = "Model.MomentsInputError";
}
