/**
 * Each contributor's gradient at the optimum, exactly:
 *
 *   G_c = Σ_{i of c} h_i e_iᵀ = 2^S B_c − A_c W,   e_i = 2^S word(k_i) − Wᵀ h_i
 *
 * One ONNX graph in int64 for many contributors at once. It cannot overflow: `|A_c| < 2^(aBits-1)`, `|W| ≤
 * 2^(wBits-1)` and `|B_c| ≤ 2^7 · entry · samples < entry · 2^(aBits-1)`, so for d = 32, aBits = 31, wBits =
 * 28 and words of entries −1, 0 and 1 each value stays below 32 · 2^30 · 2^27 + 2^28 · 2^30 = 2^62 + 2^58 <
 * 2^63. Profiles for which that fails are refused.
 */
import { largestEntry, type Profile } from "../../prover/index.ts";
import { graphBuilder } from "../engine/graph.ts";
import { encodeOnnx } from "../engine/onnx.ts";
import { openSession, type SessionOptions, tensor } from "../engine/ort.ts";
import { checkLength, RangeExceededError } from "./matrices.ts";
import type { Moments } from "./moments.ts";

const BLOCK = 128;

/**
 * Gradients `G_c`, each `d × m` row-major, in the order of `parts`.
 * @throws RangeExceededError when the profile's widths could overflow 64 bits.
 */
export async function gradients(
  parts: readonly Moments[],
  w: readonly bigint[],
  profile: Profile,
  options: SessionOptions = {},
): Promise<bigint[][]> {
  const { d, m, scaleBits } = profile;
  checkLength("W", w, d * m);
  checkWidths(profile);
  const session = await openSession(gradientsGraph(d, m, scaleBits), options);
  try {
    const out: bigint[][] = [];
    const weights = tensor("int64", BigInt64Array.from(w), [d, m]);
    for (let start = 0; start < parts.length; start += BLOCK) {
      const block = parts.slice(start, start + BLOCK);
      const stack = (key: "a" | "b", size: number): BigInt64Array => {
        const values = new BigInt64Array(block.length * size);
        block.forEach((part, i) => {
          values.set(BigInt64Array.from(part[key], BigInt), i * size);
        });
        return values;
      };
      const a = tensor("int64", stack("a", d * d), [block.length, d, d]);
      const b = tensor("int64", stack("b", d * m), [block.length, d, m]);
      const { g } = await session.run({ a, b, w: weights });
      const values = g?.data as BigInt64Array;
      for (let i = 0; i < block.length; i++) out.push([...values.subarray(i * d * m, (i + 1) * d * m)]);
    }
    return out;
  } finally {
    await session.close();
  }
}

function gradientsGraph(d: number, m: number, scaleBits: number): Uint8Array {
  const g = graphBuilder("gradients");
  const a = g.input("a", "int64", ["c", d, d]);
  const b = g.input("b", "int64", ["c", d, m]);
  const w = g.input("w", "int64", [d, m]);
  const scale = g.constant("scale", "int64", [], BigInt64Array.of(1n << BigInt(scaleBits)));
  const difference = g.node("Sub", [g.node("Mul", [b, scale]), g.node("MatMul", [a, w])]);
  g.output(difference, "g", "int64", ["c", d, m]);
  return encodeOnnx(g.build());
}

function checkWidths({ d, aBits, wBits, scaleBits, words }: Profile): void {
  const entry = BigInt(largestEntry(words));
  const most = (BigInt(d) << BigInt(aBits + wBits - 2)) + (entry << BigInt(scaleBits + aBits - 1));
  if (most >= 1n << 63n) {
    throw new RangeExceededError(
      `Gradients could reach 2^63 (d = ${d}, aBits = ${aBits}, wBits = ${wBits}): change circuits.json.`,
    );
  }
}
