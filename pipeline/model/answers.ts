/**
 * Answers: the class with the largest score `Wᵀ h`, of equals the lowest.
 *
 * Scores are integers below `d · 2^(wBits-1) · 2^7 = 2^39` (d = 32, wBits = 28), so a float64 product of them
 * is exact in any order of summation, with or without fused multiply-add: the graph runs as it is on any
 * provider.
 */
import type { Profile } from "../../prover/index.ts";
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
  const { d, m, wBits } = profile;
  checkLength("W", w, d * m);
  checkLength("Features", features, Math.ceil(features.length / d) * d);
  if (BigInt(d) << BigInt(wBits + 6) >= 1n << 53n) {
    throw new RangeExceededError(
      `Scores could reach 2^53 (d = ${d}, wBits = ${wBits}): change circuits.json.`,
    );
  }
  const session = await openSession(answersGraph(d, m), options);
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
  { d, m }: { readonly d: number; readonly m: number },
): { readonly klass: number; readonly scores: readonly bigint[] } {
  checkLength("W", w, d * m);
  checkLength("Features", h, d);
  const scores = Array.from({ length: m }, (_, k) => {
    let sum = 0n;
    for (let j = 0; j < d; j++) sum += (w[j * m + k] as bigint) * BigInt(h[j] as number);
    return sum;
  });
  let klass = 0;
  scores.forEach((score, k) => {
    if (score > (scores[klass] as bigint)) klass = k;
  });
  return { klass, scores };
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

function answersGraph(d: number, m: number): Uint8Array {
  const g = graphBuilder("answers");
  const h = g.node("Cast", [g.input("h", "int8", ["n", d])], { to: ELEMENT_TYPES.double.code });
  const scores = g.node("MatMul", [h, g.input("w", "double", [d, m])]);
  const best = g.node("ArgMax", [scores], { axis: 1, keepdims: 0, select_last_index: 0 });
  g.output(best, "k", "int64", ["n"]);
  return encodeOnnx(g.build());
}
