/**
 * The backbone in plain loops: the truth that the ONNX graph is tested against, and the shortest description
 * of it.
 *
 * It reads its numbers from the ONNX file's constants but none of its nodes, so that a mistake in the graph
 * shows. Slow (a few milliseconds a digit) and exact: every value stays far below 2^53.
 */
import type { Tensor } from "../engine/graph.ts";
import { decodeOnnx } from "../engine/onnx.ts";
import { PIXELS, SIDE, ZERO } from "./graph.ts";

/** Features of one content by a backbone that build.ts wrote. */
export function referenceFeatures(onnx: Uint8Array, content: Uint8Array): Int8Array {
  const { constants } = decodeOnnx(onnx);
  return referenceProjection(constants, referenceCells(constants, content));
}

type Constants = Readonly<Record<string, Tensor>>;

/** The numbers before the projection: square roots of pooled edges. */
function referenceCells(constants: Constants, content: Uint8Array): number[] {
  const filters = constant(constants, "edge.filters");
  const weights = constant(constants, "cell.weights");
  const table = constant(constants, "root.table");
  const [directions = 0, , size = 0] = filters.dims;
  const cells = weights.dims[1] ?? 0;
  const out: number[] = [];
  for (let k = 0; k < directions; k++) {
    const edges: number[] = [];
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        let response = 0;
        for (let i = 0; i < size; i++) {
          for (let j = 0; j < size; j++) {
            response +=
              pixel(content, y + i - (size - 1) / 2, x + j - (size - 1) / 2) *
              filters.at((k * size + i) * size + j);
          }
        }
        const strength = Math.floor(Math.max(0, response) / constant(constants, "edge.divisor").at(0));
        edges.push(Math.min(strength, constant(constants, "edge.limit").at(0)));
      }
    }
    for (let c = 0; c < cells; c++) {
      let sum = 0;
      for (let p = 0; p < PIXELS; p++) sum += (edges[p] as number) * weights.at(p * cells + c);
      const index = Math.floor(sum / constant(constants, "cell.divisor").at(0));
      out.push(table.at(Math.min(index, constant(constants, "cell.limit").at(0))));
    }
  }
  return out;
}

function referenceProjection(constants: Constants, cells: readonly number[]): Int8Array {
  const weights = constant(constants, "project.weights");
  const offset = constant(constants, "project.offset");
  const divisor = constant(constants, "project.divisor");
  const d = offset.dims[0] ?? 0;
  return Int8Array.from({ length: d }, (_, j) => {
    let sum = offset.at(j);
    cells.forEach((cell, i) => {
      sum += cell * (weights.at(i * d + j) - ZERO);
    });
    return Math.max(-128, Math.min(127, Math.floor(sum / divisor.at(j)) - ZERO));
  });
}

/** A pixel, 0 outside the image. */
function pixel(content: Uint8Array, y: number, x: number): number {
  return y < 0 || y >= SIDE || x < 0 || x >= SIDE ? 0 : (content[y * SIDE + x] as number);
}

function constant(
  constants: Constants,
  name: string,
): { dims: readonly number[]; at: (i: number) => number } {
  const tensor = constants[name];
  if (!tensor)
    throw new ReferenceMissingError(`The ONNX file has no constant ${name}: it was not built here.`);
  return { dims: tensor.dims, at: (i) => Number(tensor.data[i]) };
}

/** An ONNX file that is no backbone of build.ts. */
export class ReferenceMissingError extends Error {
  override readonly name = "Backbone.ReferenceMissingError";
}
