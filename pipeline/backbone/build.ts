/**
 * Learns the projection of the backbone from public digits, without a single label.
 *
 * Plain PCA keeps the directions in which digits differ most, whatever the reason. Better ones keep what
 * differs between digits and ignore what differs between a digit and its look-alikes. With `T` the scatter of
 * all contents and `N` the scatter between each content and its {@link NEIGHBOURS} nearest, they are the
 * leading solutions of
 *
 *   T v = μ (N + ε tr(N)/K · I) v
 *
 * (linear discriminants with neighbours in place of classes; compare He and Niyogi, "Locality preserving
 * projections", 2003). Neighbours are found twice: among the cells, then among the features of a first
 * projection, where 96 % of them are digits of the same class. That no label is used matters: the only labels
 * in the model are its contributors'.
 *
 * On held-back public digits (1,024 to fit with, 86 of them mislabelled) this reached 0.946, PCA of the same
 * cells 0.904. Parameters were chosen on the public part of `demoSplit("quittance/demo")` alone.
 *
 * Everything is deterministic: distances and scatters are exact integers (uint8 × uint8 products in ONNX
 * Runtime), and the eigenvectors use only operations that IEEE 754 rounds exactly. So the file's hash is the
 * same everywhere.
 */
import { createHash } from "node:crypto";
import { graphBuilder } from "../engine/graph.ts";
import { encodeOnnx } from "../engine/onnx.ts";
import { cholesky, solveLower, solveLowerTransposed, symmetricEigen, transpose } from "../model/dense.ts";
import { openBackbone, runBlocks } from "./backbone.ts";
import { addCells, addProjection, BIAS, CELL_FEATURES, PIXELS, type Projection, ZERO } from "./graph.ts";
import { difference, gather, gram, nearest } from "./scatter.ts";

/** How to build a backbone. */
export type BuildOptions = {
  /** Number of features with the bias. Default 32. */
  readonly d?: number;
  /** Learn from at most this many contents, the first ones: time grows with its square. Default 8,192. */
  readonly limit?: number;
  /** Called with the part done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
  readonly threads?: number;
};

/** An ONNX file and its name: the SHA-256 of its bytes, in hex. */
export type BackboneFile = { readonly onnx: Uint8Array; readonly hash: string };

const NEIGHBOURS = 5;
const ROUNDS = 2;
const RIDGE = 0.01;
/** Standard deviation of a feature: four of them fit into int8. */
const DEVIATION = 32;
const FEWEST = 256;

/**
 * Builds the backbone from public contents (784 grey pixels each). Labels are not looked at.
 *
 * @example
 * ```ts
 * const { onnx, hash } = await buildBackbone(demoSplit("quittance/demo").publicSamples);
 * ```
 * @throws BackboneDataError when there are too few contents, they are of another size, or all alike.
 */
export async function buildBackbone(
  publicSamples: readonly { readonly content: Uint8Array }[],
  options: BuildOptions = {},
): Promise<BackboneFile> {
  const { d = 32, limit = 8192, onProgress = () => {}, threads = 1 } = options;
  const contents = publicSamples.slice(0, limit).map(({ content }) => content);
  if (contents.length < FEWEST) {
    throw new BackboneDataError(
      `A backbone needs at least ${FEWEST} public contents, not ${contents.length}: add some.`,
    );
  }
  if (!Number.isInteger(d) || d < 2 || d > 129) throw new BackboneDataError(`d must be in 2..129, not ${d}.`);
  const cells = await cellsOf(contents, threads);
  onProgress(0.1);

  const total = await totalScatter(cells, contents.length, threads);
  let points = cells;
  let width = CELL_FEATURES;
  let projection: Projection | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const neighbours = await nearest(points, contents.length, width, NEIGHBOURS, threads);
    const near = await neighbourScatter(cells, neighbours, contents.length, threads);
    onProgress(0.1 + (0.9 * (round + 0.4)) / ROUNDS);
    projection = project(total, near, contents.length, d);
    onProgress(0.1 + (0.9 * (round + 1)) / ROUNDS);
    if (round + 1 < ROUNDS) {
      points = await featurePoints(encode(projection), contents, threads);
      width = d;
    }
  }
  const onnx = encode(projection as Projection);
  return { onnx, hash: backboneHash(onnx) };
}

/** The name of a backbone: the SHA-256 of its file, in hex. */
export function backboneHash(onnx: Uint8Array): string {
  return createHash("sha256").update(onnx).digest("hex");
}

/** The ONNX file of a projection. */
function encode(projection: Projection): Uint8Array {
  const g = graphBuilder("quittance-backbone", "Oriented edges, pooled and projected; integers only.");
  const cells = addCells(g, g.input("x", "uint8", ["n", PIXELS]));
  g.output(addProjection(g, cells, projection), "h", "int8", ["n", projection.offset.length]);
  return encodeOnnx(g.build());
}

async function cellsOf(contents: readonly Uint8Array[], threads: number): Promise<Uint8Array> {
  const wrong = contents.findIndex((content) => content.length !== PIXELS);
  if (wrong >= 0) {
    const length = contents[wrong]?.length;
    throw new BackboneDataError(
      `Public content ${wrong} has ${length} bytes: this backbone reads ${PIXELS} grey pixels.`,
    );
  }
  const g = graphBuilder("cells");
  g.output(addCells(g, g.input("x", "uint8", ["n", PIXELS])), "cells", "uint8", ["n", CELL_FEATURES]);
  return runBlocks(encodeOnnx(g.build()), contents, Uint8Array, CELL_FEATURES, threads);
}

/** Features as unsigned bytes: a shift by {@link ZERO} changes no distance. */
async function featurePoints(
  onnx: Uint8Array,
  contents: readonly Uint8Array[],
  threads: number,
): Promise<Uint8Array> {
  const backbone = await openBackbone(onnx, { threads });
  const features = await backbone.features(contents);
  await backbone.close();
  return Uint8Array.from(features, (value) => value + ZERO);
}

type Scatter = { readonly matrix: Float64Array; readonly sums: Float64Array };

/** `n Σ x xᵀ − (Σ x)(Σ x)ᵀ`: exact, because n ≤ 2^13 keeps every term below 2^42. */
async function totalScatter(cells: Uint8Array, n: number, threads: number): Promise<Scatter> {
  const k = CELL_FEATURES;
  const sums = new Float64Array(k);
  for (let i = 0; i < cells.length; i++) sums[i % k] = (sums[i % k] as number) + (cells[i] as number);
  const products = await gram(cells, cells, n, k, threads);
  const matrix = products.map(
    (value, at) => n * value - (sums[Math.floor(at / k)] as number) * (sums[at % k] as number),
  );
  return { matrix, sums };
}

/** `Σ_i Σ_near (x_i − x_near)(x_i − x_near)ᵀ`, from exact products. */
async function neighbourScatter(
  cells: Uint8Array,
  neighbours: Int32Array,
  n: number,
  threads: number,
): Promise<Float64Array> {
  const k = CELL_FEATURES;
  const own = await gram(cells, cells, n, k, threads);
  const sum = new Float64Array(k * k);
  for (let rank = 0; rank < NEIGHBOURS; rank++) {
    const near = gather(cells, k, neighbours, rank, NEIGHBOURS);
    const theirs = await gram(near, near, n, k, threads);
    const mixed = await gram(cells, near, n, k, threads);
    difference(sum, own, theirs, mixed, k);
  }
  return sum;
}

/** Solves the eigenproblem and rounds its `d − 1` leading directions to bytes. */
function project(total: Scatter, near: Float64Array, n: number, d: number): Projection {
  const k = CELL_FEATURES;
  let trace = 0;
  for (let i = 0; i < k; i++) trace += near[i * k + i] as number;
  const ridged = Float64Array.from(near);
  for (let i = 0; i < k; i++) ridged[i * k + i] = (near[i * k + i] as number) + (RIDGE * trace) / k;
  const factor = cholesky(ridged, k);
  if (!factor) throw new BackboneDataError("The public contents are all alike: use real, varied ones.");
  const half = solveLower(factor, total.matrix, k, k);
  const { values, vectors } = symmetricEigen(solveLower(factor, transpose(half, k, k), k, k), k);

  const weights = new Uint8Array(k * d).fill(ZERO);
  const offset = new Int32Array(d);
  const divisor = new Int32Array(d);
  for (let j = 0; j < d - 1; j++) {
    const direction = solveLowerTransposed(factor, vectors.subarray(j * k, (j + 1) * k), k, 1);
    // A direction's variance over the contents is μ / n², because `total` is n² times a covariance.
    const deviation = Math.sqrt(values[j] as number) / n;
    let largest = 0;
    for (const value of direction) largest = Math.max(largest, Math.abs(value));
    const scale = 127 / largest;
    const step = Math.round((scale * deviation) / DEVIATION);
    if (!(step >= 1))
      throw new BackboneDataError("The public contents vary too little: use more, or more varied, ones.");
    let centre = 0;
    for (let i = 0; i < k; i++) {
      const weight = Math.round((direction[i] as number) * scale);
      weights[i * d + j] = ZERO + weight;
      centre += weight * (total.sums[i] as number);
    }
    divisor[j] = step;
    offset[j] = ZERO * step + Math.floor(step / 2) - Math.round(centre / n);
  }
  divisor[d - 1] = 1;
  offset[d - 1] = ZERO + BIAS;
  return { weights, offset, divisor };
}

/** Public contents that no backbone can be learned from. */
export class BackboneDataError extends Error {
  override readonly name = "Backbone.DataError";
}
