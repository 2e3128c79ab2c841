/**
 * Answers: the class whose word fits the scores `Wᵀ h` best, of equals the lowest. With one-hot words that is
 * the class with the largest score; prover/codes.ts has the formula.
 *
 * Scores are integers below `d · 2^(wBits-1) · 2^7 = 2^39` (d = 32, wBits = 28), and fits are sums of a few
 * of them, so a float64 product of them is exact in any order of summation, with or without fused
 * multiply-add: the graph runs as it is on any provider.
 */
import { bestClass, isEquallyLong, leadBound, type Profile, squaredNorms } from "../../prover/index.ts";
import { ELEMENT_TYPES, graphBuilder } from "../engine/graph.ts";
import { encodeOnnx } from "../engine/onnx.ts";
import { openSession, type SessionOptions, tensor } from "../engine/ort.ts";
import { checkLength, RangeExceededError } from "./matrices.ts";

const BLOCK = 4096;

/**
 * Class of each content.
 *
 * @param w weights, `d × m` row-major
 * @param features `n × d`, row-major
 */
export async function answers(
  w: readonly bigint[],
  features: Int8Array,
  profile: Profile,
  options: SessionOptions = {},
): Promise<Int32Array> {
  const { d, m, wBits, words, scaleBits } = profile;
  checkLength("W", w, d * m);
  checkLength("Features", features, Math.ceil(features.length / d) * d);
  if (leadBound(words, scaleBits, BigInt(d) << BigInt(wBits + 6)) >= 1n << 53n) {
    throw new RangeExceededError(`Fits could reach 2^53 (d = ${d}, wBits = ${wBits}): change circuits.json.`);
  }
  const session = await openSession(answersGraph(profile), options);
  try {
    const n = features.length / d;
    const out = new Int32Array(n);
    const weights = tensor("double", Float64Array.from(w, Number), [d, m]);
    for (let start = 0; start < n; start += BLOCK) {
      const rows = Math.min(BLOCK, n - start);
      const h = tensor("int8", features.subarray(start * d, (start + rows) * d), [rows, d]);
      const { k } = await session.run({ h, w: weights });
      out.set(Int32Array.from(k?.data as BigInt64Array, Number), start);
    }
    return out;
  } finally {
    await session.close();
  }
}

/** Scores of one content and its class in plain arithmetic: for one receipt, and to test {@link answers}. */
export function answer(
  w: readonly bigint[],
  h: Int8Array,
  { d, m, words, scaleBits }: Pick<Profile, "d" | "m" | "words" | "scaleBits">,
): { readonly klass: number; readonly scores: readonly bigint[] } {
  checkLength("W", w, d * m);
  checkLength("Features", h, d);
  const scores = Array.from({ length: m }, (_, k) => {
    let sum = 0n;
    for (let j = 0; j < d; j++) sum += (w[j * m + k] as bigint) * BigInt(h[j] as number);
    return sum;
  });
  return { klass: bestClass(scores, words, scaleBits), scores };
}

/** The part of contents whose class is right, 0 to 1. */
export async function accuracyOf(
  w: readonly bigint[],
  features: Int8Array,
  labels: ArrayLike<number>,
  profile: Profile,
): Promise<number> {
  const given = await answers(w, features, profile);
  checkLength("Labels", labels, given.length);
  let right = 0;
  given.forEach((klass, i) => {
    if (klass === labels[i]) right++;
  });
  return right / given.length;
}

function answersGraph({ d, m, words, scaleBits }: Profile): Uint8Array {
  const g = graphBuilder("answers");
  const factor = isEquallyLong(words) ? 1 : 2;
  const columns = Float64Array.from({ length: m * words.length }, (_, at) => {
    return factor * (words[at % words.length]?.[Math.floor(at / words.length)] as number);
  });
  const norms = squaredNorms(words).map((norm) => (factor === 1 ? 0 : norm * 2 ** scaleBits));
  const h = g.node("Cast", [g.input("h", "int8", ["n", d])], { to: ELEMENT_TYPES.double.code });
  const scores = g.node("MatMul", [h, g.input("w", "double", [d, m])]);
  const inner = g.node("MatMul", [scores, g.constant("words", "double", [m, words.length], columns)]);
  const fits = g.node("Sub", [
    inner,
    g.constant("norms", "double", [1, words.length], Float64Array.from(norms)),
  ]);
  const best = g.node("ArgMax", [fits], { axis: 1, keepdims: 0, select_last_index: 0 });
  g.output(best, "k", "int64", ["n"]);
  return encodeOnnx(g.build());
}
