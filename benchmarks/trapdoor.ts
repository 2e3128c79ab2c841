/**
 * Groth16 keys whose secret is known, and proofs made from the secret instead of from a circuit.
 *
 * With α, β, γ, δ and IC_i = k_i·G known, any statement has a valid proof: choose A = a·G, B = b·G2 freely,
 * then C = (ab − αβ − γ·Σ x_i k_i) / δ. That is why local keys are refused on public chains, and it lets
 * benchmarks and tests put any statement, proven for real by the contract's own pairing, in milliseconds.
 */
import { shareSingleThreadCurve } from "../prover/index.ts";
import type { Random } from "./seeded.ts";

export const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
export const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

/** α 2, β 4, γ 4, δ 4, IC 2 each, and how to prove anything with it. */
export type TrapdoorKey = {
  readonly words: bigint[];
  /** δ itself: what anybody who knows it can do to C. */
  readonly delta: bigint;
  readonly prove: (publics: readonly bigint[]) => bigint[];
};
export type Setup = { readonly alpha: bigint; readonly beta: bigint; readonly gamma: bigint };

type Point = Uint8Array;
type Group = {
  readonly g: Point;
  timesScalar(point: Point, scalar: Uint8Array): Point;
  add(p: Point, q: Point): Point;
  toAffine(point: Point): Point;
  toObject(point: Point): [unknown, unknown];
  fromObject(point: readonly unknown[]): Point;
};

export type Arithmetic = {
  readonly g1: (k: bigint) => bigint[];
  readonly g2: (k: bigint) => bigint[];
  readonly add1: (p: readonly bigint[], q: readonly bigint[]) => bigint[];
  readonly add2: (p: readonly bigint[], q: readonly bigint[]) => bigint[];
  readonly times1: (k: bigint, words: readonly bigint[]) => bigint[];
  readonly times2: (k: bigint, words: readonly bigint[]) => bigint[];
};

/** Points as words in the chain's order. */
export async function arithmetic(): Promise<Arithmetic> {
  const curve = await shareSingleThreadCurve();
  const [G1, G2] = [curve.G1, curve.G2] as unknown as [Group, Group];
  const scalar = (k: bigint): Uint8Array => {
    const value = mod(k);
    return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
  };
  const words1 = (point: Point): bigint[] => {
    const [x, y] = G1.toObject(G1.toAffine(point)) as [bigint, bigint];
    return [x, y];
  };
  const words2 = (point: Point): bigint[] => {
    const [x, y] = G2.toObject(G2.toAffine(point)) as [[bigint, bigint], [bigint, bigint]];
    return [x[1], x[0], y[1], y[0]];
  };
  const point2 = ([x1, x0, y1, y0]: readonly bigint[]): Point =>
    G2.fromObject([
      [x0, x1],
      [y0, y1],
      [1n, 0n],
    ]);
  return {
    g1: (k) => words1(G1.timesScalar(G1.g, scalar(k))),
    g2: (k) => words2(G2.timesScalar(G2.g, scalar(k))),
    add1: ([px, py], [qx, qy]) => words1(G1.add(G1.fromObject([px, py, 1n]), G1.fromObject([qx, qy, 1n]))),
    add2: (p, q) => words2(G2.add(point2(p), point2(q))),
    times1: (k, [x, y]) => words1(G1.timesScalar(G1.fromObject([x, y, 1n]), scalar(k))),
    times2: (k, words) => words2(G2.timesScalar(point2(words), scalar(k))),
  };
}

/** A key for statements of `publicCount` inputs. */
export function trapdoorKey(
  curve: Arithmetic,
  setup: Setup,
  publicCount: number,
  random: Random,
): TrapdoorKey {
  const { alpha, beta, gamma } = setup;
  const delta = random.field();
  const ks = Array.from({ length: publicCount + 1 }, () => random.field());
  const words = [alpha].flatMap(curve.g1);
  words.push(...[beta, gamma, delta].flatMap(curve.g2), ...ks.flatMap(curve.g1));
  return {
    words,
    delta,
    prove: (publics) => {
      const [a, b] = [random.field(), random.field()];
      const ic = publics.reduce((sum, x, i) => mod(sum + x * (ks[i + 1] as bigint)), ks[0] as bigint);
      const c = mod(mod(a * b - alpha * beta - gamma * ic) * invert(delta));
      return [...curve.g1(a), ...curve.g2(b), ...curve.g1(c)];
    },
  };
}

/** Another proof of the same statement: (s·A, B/s, C). s = −1 gives (−A, −B, C). */
export function rerandomise(curve: Arithmetic, proof: readonly bigint[], s: bigint): bigint[] {
  const [a, b, c] = [proof.slice(0, 2), proof.slice(2, 6), proof.slice(6)];
  return [...curve.times1(s, a), ...curve.times2(invert(mod(s)), b), ...c];
}

export function mod(value: bigint): bigint {
  return ((value % R) + R) % R;
}

export function invert(value: bigint): bigint {
  let [result, base, exponent] = [1n, mod(value), R - 2n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % R;
    base = (base * base) % R;
  }
  return result;
}
