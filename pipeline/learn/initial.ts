/**
 * First values of parameters, from a seed: uniform on ±√(6 / fan-in) (He and others, 2015), which keeps the
 * size of activations through layers of relu. Only additions, products and a square root, all of them rounded
 * alike on every machine, so that training starts from the same bits everywhere.
 */
import type { Random } from "../random.ts";
import { sizeOf } from "./tape.ts";

/** Uniform values for a weight that sums over `fanIn` inputs; `gain` scales them. */
export function uniform(random: Random, dims: readonly number[], fanIn: number, gain = 1): Float32Array {
  const bound = gain * Math.sqrt(6 / fanIn);
  return Float32Array.from({ length: sizeOf(dims) }, () => bound * (2 * random.uniform() - 1));
}

/** Zeros, for biases. */
export function zeros(dims: readonly number[]): Float32Array {
  return new Float32Array(sizeOf(dims));
}

/** Ones, for gains. */
export function ones(dims: readonly number[]): Float32Array {
  return new Float32Array(sizeOf(dims)).fill(1);
}
