// A backbone that needs no training: a seeded projection of the pixels, as an ONNX graph of integers like any
// other. It tells digits apart well enough to share money by.
import { ELEMENT_TYPES, graphBuilder } from "../../../pipeline/engine/graph.ts";
import { encodeOnnx } from "../../../pipeline/engine/onnx.ts";
import { seededRandom } from "../../../pipeline/random.ts";

const PIXELS = 784;

/** ONNX bytes: `d − 1` signed sums of pixels, divided down to int8, and the constant 64. */
export function projection(d: number): Uint8Array {
  const random = seededRandom("projection");
  const signs = Uint8Array.from({ length: PIXELS * d }, (_, at) =>
    at % d === d - 1 ? 1 : 2 * random.below(2),
  );
  const g = graphBuilder("projection");
  const x = g.input("x", "uint8", ["n", PIXELS]);
  const zero = g.constant("zero", "uint8", [], Uint8Array.of(0));
  const one = g.constant("one", "uint8", [], Uint8Array.of(1));
  const sums = g.node("MatMulInteger", [x, g.constant("signs", "uint8", [PIXELS, d], signs), zero, one]);
  const divided = g.node("Div", [sums, g.constant("by", "int32", [], Int32Array.of(64))]);
  const constant = Int32Array.from({ length: d }, (_, j) => (j === d - 1 ? 64 : 0));
  const shifted = g.node("Add", [divided, g.constant("constant", "int32", [1, d], constant)]);
  const [low, high] = [Int32Array.of(-128), Int32Array.of(127)];
  const clipped = g.node("Clip", [
    shifted,
    g.constant("low", "int32", [], low),
    g.constant("high", "int32", [], high),
  ]);
  g.output(g.node("Cast", [clipped], { to: ELEMENT_TYPES.int8.code }), "h", "int8", ["n", d]);
  return encodeOnnx(g.build());
}
