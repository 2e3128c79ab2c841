/**
 * Largest cosines between rows of integers, in blocks on the engine:
 *
 *   max_j ⟨a_i, b_j⟩ / (‖a_i‖ ‖b_j‖)        for each row i of a block
 *
 * One matrix product and one reduction, so that of a million pairs only a handful leaves the device. float32:
 * the answer says where to look, {@link cosine} decides. Rows that are all zero have the cosine 0 with
 * everything.
 */
import { ELEMENT_TYPES, graphBuilder } from "../engine/graph.ts";
import { encodeOnnx } from "../engine/onnx.ts";
import { openSession, type SessionOptions, tensor } from "../engine/ort.ts";

/** Rows of int8 features or of uint8 contents. */
export type Row = Int8Array | Uint8Array;

/** Rows packed for the engine. */
export type Block = {
  readonly rows: number;
  readonly data: Int8Array | Uint8Array;
  readonly inverse: Float32Array;
};

/** An open engine for rows of one type and length. */
export type Cosines = {
  readonly pack: (rows: readonly Row[]) => Block;
  /** For each row of `a`, the largest cosine with a row of `b`. */
  readonly largest: (a: Block, b: Block) => Promise<Float32Array>;
  /** For each row, the largest cosine with an earlier row of the same block; −3 or less for the first. */
  readonly largestBefore: (a: Block) => Promise<Float32Array>;
  readonly close: () => Promise<void>;
};

/** Most rows in a block: 2048² products of float32 are 16 MiB. */
export const BLOCK_ROWS = 2048;

/** How far a float32 cosine may lie below the exact one (784 terms: about 5e-6; this is ten times that). */
export const SLACK = 5e-5;

/** Opens the engine for rows of `size` values. */
export async function openCosines(
  type: "int8" | "uint8",
  size: number,
  options: SessionOptions = {},
): Promise<Cosines> {
  const plain = await openSession(cosinesGraph(type, size, false), options);
  const masked = await openSession(cosinesGraph(type, size, true), options);
  const feeds = (a: Block, b: Block) => ({
    a: tensor(type, a.data, [a.rows, size]),
    ia: tensor("float", a.inverse, [a.rows, 1]),
    b: tensor(type, b.data, [b.rows, size]),
    ib: tensor("float", b.inverse, [b.rows, 1]),
  });
  return {
    pack: (rows) => {
      const data = type === "int8" ? new Int8Array(rows.length * size) : new Uint8Array(rows.length * size);
      rows.forEach((row, i) => {
        data.set(row, i * size);
      });
      const inverse = Float32Array.from(rows, (row) => {
        const norm = Math.sqrt(dot(row, row));
        return norm === 0 ? 0 : 1 / norm;
      });
      return { rows: rows.length, data, inverse };
    },
    largest: async (a, b) => (await plain.run(feeds(a, b))).top?.data as Float32Array,
    largestBefore: async (a) => {
      const mask = new Float32Array(a.rows * a.rows);
      for (let i = 0; i < a.rows; i++) mask.fill(-4, i * a.rows + i, (i + 1) * a.rows);
      const out = await masked.run({ ...feeds(a, a), mask: tensor("float", mask, [a.rows, a.rows]) });
      return out.top?.data as Float32Array;
    },
    close: async () => {
      await plain.close();
      await masked.close();
    },
  };
}

/** The cosine of two rows, from exact integer sums; 0 where a row is all zero. */
export function cosine(a: Row, b: Row): number {
  const norms = dot(a, a) * dot(b, b);
  return norms === 0 ? 0 : dot(a, b) / Math.sqrt(norms);
}

function dot(a: Row, b: Row): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j] as number) * (b[j] as number);
  return sum;
}

function cosinesGraph(type: "int8" | "uint8", size: number, masked: boolean): Uint8Array {
  const g = graphBuilder("cosines");
  const unit = (rows: string, inverse: string, count: string): string => {
    const cast = g.node("Cast", [g.input(rows, type, [count, size])], { to: ELEMENT_TYPES.float.code });
    return g.node("Mul", [cast, g.input(inverse, "float", [count, 1])]);
  };
  const a = unit("a", "ia", "p");
  const b = g.node("Transpose", [unit("b", "ib", "r")], { perm: [1, 0] });
  const cosines = g.node("MatMul", [a, b]);
  const seen = masked ? g.node("Add", [cosines, g.input("mask", "float", ["p", "r"])]) : cosines;
  const columns = g.constant("columns", "int64", [1], BigInt64Array.of(1n));
  g.output(g.node("ReduceMax", [seen, columns], { keepdims: 0 }), "top", "float", ["p"]);
  return encodeOnnx(g.build());
}
