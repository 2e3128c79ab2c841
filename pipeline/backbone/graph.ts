/**
 * The backbone's graph: grey digits in, `d` int8 features out, integers all the way.
 *
 *   x      uint8 [n, 784]
 *   edges  max(0, x * F_k) / 93, cut at 255          eight directions, 5×5 filters
 *   cells  Σ_p edges_p · tent_c(p) / 64, cut at 4095   five by five overlapping cells: 8 · 25 = 200 numbers
 *   root   floor(255 √(t / 4095)), from a table      evens out strong and weak strokes
 *   h      (root · M + offset) / divisor − 128, cut to int8
 *
 * Why integers: a feature enters Poseidon leaves and Gram sums, so one differing bit on another machine would
 * be another model. Every operator here is exact: products of bytes summed in int32 (the bounds stand at the
 * constants), and divisions whose numerators are never negative, so that truncating and rounding down are the
 * same thing.
 *
 * Pitfall: uint8 × int8 products saturate on some processors (see engine/ort.ts). The filters are small
 * enough (255 · (31 + 31) < 2^15); the other two products are uint8 × uint8, the projection with zero point
 * 128.
 *
 * M, offset and divisor are learned in build.ts; the last column is the bias, the constant {@link BIAS}.
 */
import { ELEMENT_TYPES, type GraphBuilder } from "../engine/graph.ts";

/** Width and height of a content, in pixels. */
export const SIDE = 28;
/** Bytes in a content. */
export const PIXELS = SIDE * SIDE;
/** The constant last feature. */
export const BIAS = 64;
/** Subtracted at the end, so that divisions see no negative number; also the projection's zero point. */
export const ZERO = 128;

const DIRECTIONS = 8;
const FILTER = 5;
const CELLS = 5;
const EDGE_DIVISOR = 93;
const CELL_DIVISOR = 64;
const ROOT_SIZE = 4096;

/** Numbers that describe a content before the projection. */
export const CELL_FEATURES = DIRECTIONS * CELLS * CELLS;

/** First derivatives of a Gaussian (σ = 1.2 pixels), rightwards and diagonally; 31 is the largest. */
const RIGHT = [
  -5, -8, 0, 8, 5, -15, -22, 0, 22, 15, -22, -31, 0, 31, 22, -15, -22, 0, 22, 15, -5, -8, 0, 8, 5,
];
const DIAGONAL = [
  -8, -16, -15, -5, 0, -16, -31, -22, 0, 5, -15, -22, 0, 22, 15, -5, 0, 22, 31, 16, 0, 5, 15, 16, 8,
];

/** The learned part. `weights` is `CELL_FEATURES × d`, row-major, with {@link ZERO} standing for 0. */
export type Projection = {
  readonly weights: Uint8Array;
  readonly offset: Int32Array;
  readonly divisor: Int32Array;
};

/** Adds the fixed half of the graph and returns the name of its result, uint8 `[n, CELL_FEATURES]`. */
export function addCells(g: GraphBuilder, x: string): string {
  const image = g.node("Reshape", [x, shape(g, "edge.shape", [-1, 1, SIDE, SIDE])]);
  const filters = g.constant("edge.filters", "int8", [DIRECTIONS, 1, FILTER, FILTER], edgeFilters());
  const pad = (FILTER - 1) / 2;
  const response = g.node("ConvInteger", [image, filters], {
    kernel_shape: [FILTER, FILTER],
    pads: [pad, pad, pad, pad],
  });
  const zero = scalar(g, "zero", 0);
  // |response| ≤ 255 · 155: far inside int32.
  const rectified = g.node("Max", [response, zero]);
  const edges = divideAndCut(g, rectified, "edge", EDGE_DIVISOR, 255);
  const rows = g.node("Reshape", [
    g.node("Cast", [edges], { to: ELEMENT_TYPES.uint8.code }),
    shape(g, "cell.rows", [-1, PIXELS]),
  ]);
  const tents = g.constant("cell.weights", "uint8", [PIXELS, CELLS * CELLS], cellWeights());
  // Σ of a cell's weights ≤ 41²: a cell is at most 255 · 1681 < 2^19.
  const sums = g.node("MatMulInteger", [rows, tents]);
  const index = divideAndCut(g, sums, "cell", CELL_DIVISOR, ROOT_SIZE - 1);
  const table = g.constant("root.table", "uint8", [ROOT_SIZE], rootTable());
  const roots = g.node("Gather", [table, index]);
  return g.node("Reshape", [roots, shape(g, "root.shape", [-1, CELL_FEATURES])]);
}

/** Adds the learned half and returns the name of its result, int8 `[n, d]`. */
export function addProjection(
  g: GraphBuilder,
  cells: string,
  { weights, offset, divisor }: Projection,
): string {
  const d = offset.length;
  const product = g.node("MatMulInteger", [
    cells,
    g.constant("project.weights", "uint8", [CELL_FEATURES, d], weights),
    g.constant("project.zero_a", "uint8", [], Uint8Array.of(0)),
    g.constant("project.zero_b", "uint8", [], Uint8Array.of(ZERO)),
  ]);
  // |product| ≤ 200 · 255 · 128 < 2^23, and build.ts keeps |offset| below 2^30.
  const shifted = g.node("Add", [product, g.constant("project.offset", "int32", [d], offset)]);
  const positive = g.node("Max", [shifted, "zero"]);
  const divided = g.node("Div", [positive, g.constant("project.divisor", "int32", [d], divisor)]);
  const cut = g.node("Min", [divided, scalar(g, "project.limit", 255)]);
  return g.node("Cast", [g.node("Sub", [cut, scalar(g, "project.centre", ZERO)])], {
    to: ELEMENT_TYPES.int8.code,
  });
}

function divideAndCut(g: GraphBuilder, value: string, name: string, divisor: number, limit: number): string {
  const divided = g.node("Div", [value, scalar(g, `${name}.divisor`, divisor)]);
  return g.node("Min", [divided, scalar(g, `${name}.limit`, limit)]);
}

function scalar(g: GraphBuilder, name: string, value: number): string {
  return g.constant(name, "int32", [], Int32Array.of(value));
}

function shape(g: GraphBuilder, name: string, sizes: readonly number[]): string {
  return g.constant(name, "int64", [sizes.length], BigInt64Array.from(sizes, BigInt));
}

/** Eight filters: the two above, their quarter turns, and the negatives of all four. */
function edgeFilters(): Int8Array {
  const turn = (f: readonly number[]): number[] =>
    f.map((_, i) => f[(i % FILTER) * FILTER + (FILTER - 1 - Math.floor(i / FILTER))] as number);
  const four = [RIGHT, turn(RIGHT), DIAGONAL, turn(DIAGONAL)];
  return Int8Array.from(four.flatMap((f) => [f, f.map((v) => -v)]).flat());
}

/** Products of tents in x and y, 9 pixels wide, whose centres are 4.5 pixels apart: `[PIXELS, CELLS²]`. */
function cellWeights(): Uint8Array {
  const tent = (pixel: number, cell: number): number => Math.max(0, 9 - Math.abs(2 * pixel - 9 * (cell + 1)));
  const weights = new Uint8Array(PIXELS * CELLS * CELLS);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      for (let cell = 0; cell < CELLS * CELLS; cell++) {
        const value = tent(y, Math.floor(cell / CELLS)) * tent(x, cell % CELLS);
        weights[(y * SIDE + x) * CELLS * CELLS + cell] = value;
      }
    }
  }
  return weights;
}

/** `floor(255 √(t / 4095))` by integer comparison: the largest r with `4095 r² ≤ 255² t`. */
function rootTable(): Uint8Array {
  const table = new Uint8Array(ROOT_SIZE);
  let root = 0;
  for (let t = 0; t < ROOT_SIZE; t++) {
    while ((ROOT_SIZE - 1) * (root + 1) ** 2 <= 255 ** 2 * t) root++;
    table[t] = root;
  }
  return table;
}
