/**
 * Poseidon's parameters, and the form of the permutation that is fast to compute.
 *
 * Parameters are generated as its authors published (generate_parameters_grain.sage, with circomlib's numbers
 * of rounds): round constants from a Grain LFSR in self-shrinking mode that starts from the instance's
 * description, then a Cauchy matrix M_ij = 1/(x_i + y_j) from more of its output. Generating them takes
 * milliseconds and a page of code; tables of them are 600 KB.
 *
 * A partial round is s ← M·S(s + c), where S takes the fifth power of element 0 alone. Two facts make 60 of
 * them cheap. A constant that is added to elements 1 … n passes through S, so it can be added, times M, one
 * round later: each round keeps a single constant k. And with M = [[m, v], [w, H]],
 *
 *    M = [[m, v·H⁻¹], [w, 1]] · diag(1, H),
 *
 * whose last factor passes through S too and joins the round before it. From the last round on backwards that
 * leaves in round r of R the sparse [[m, v·H^(r−R)], [H^(R−1−r)·w, 1]], and diag(1, H^R)·M in the full round
 * before all of them. (Appendix B of the Poseidon paper; here the powers are written out.)
 *
 * Then with y_r = (s_0 + k_r)^5 and X the other elements at the start of a block of rounds,
 *
 *    s_0 after round r  =  m·y_r + Σ_{j<r} (v·H^(r−j−1)·w)·y_j + v·H^(r−R)·X
 *    X after the block  =  X + Σ_j H^(R−1−j)·w·y_j
 *
 * with j over the block's rounds: two dot products in place of a product with a reduction for each element.
 */

import { FIELD } from "./field.ts";

type Matrix = readonly (readonly bigint[])[];

/** S-boxes on every element: this many rounds, half of them before the partial ones. */
const FULL_ROUNDS = 8;
/** Partial rounds for 1 … 16 inputs. */
const PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];
const BITS = 254;

/** Some partial rounds in a row. */
export type Block = {
  /** For each round the constant that follows it, and the row for y_r, y_(r−1), …, then X. */
  readonly rounds: readonly { readonly constant: bigint; readonly row: readonly bigint[] }[];
  /** For each element of X the row for the block's y, the last one first. */
  readonly update: Matrix;
};

/** The permutation of t elements. */
export type PoseidonForm = {
  readonly t: number;
  readonly matrix: Matrix;
  /** What takes its place in the last full round before the partial ones. */
  readonly entry: Matrix;
  /** Added before the first full round, and after it, the second and the third. */
  readonly before: Matrix;
  /** k_0: added to element 0 after the fourth. */
  readonly first: bigint;
  readonly blocks: readonly Block[];
  /** Added before the fifth full round, and after it, the sixth and the seventh. */
  readonly after: Matrix;
};

/** Works the permutation for 1 to 16 inputs out, in blocks of so many partial rounds. */
export function poseidonForm(inputs: number, blockRounds: number): PoseidonForm {
  const [t, partials] = [inputs + 1, PARTIAL_ROUNDS[inputs - 1] as number];
  const { constants, matrix } = generate(t, partials);
  const half = FULL_ROUNDS / 2;
  // Constants of elements 1 … n move on through the partial rounds.
  let moving = constants[half] as readonly bigint[];
  const single: bigint[] = [];
  for (let r = half; r < half + partials; r++) {
    single.push(moving[0] as bigint);
    const passed = times(matrix, [0n, ...moving.slice(1)]);
    moving = passed.map((value, i) => (value + at(constants, r + 1, i)) % FIELD);
  }
  const H = matrix.slice(1).map((row) => row.slice(1));
  const [v, w] = [(matrix[0] as bigint[]).slice(1), matrix.slice(1).map((row) => row[0] as bigint)];
  const columns = powersOf(H, w, partials); // H^i·w
  const rows = powersOf(transpose(inverse(H)), v, partials + 1); // v·H^(−i)
  const links = columns.slice(0, blockRounds).map((column) => dot(v, column));
  const blocks: Block[] = [];
  for (let start = 0; start < partials; start += blockRounds) {
    const end = Math.min(partials, start + blockRounds);
    const rounds = Array.from({ length: end - start }, (_, q) => ({
      constant: single[start + q + 1] ?? 0n,
      row: [at(matrix, 0, 0), ...links.slice(0, q), ...(rows[partials - start - q] as bigint[])],
    }));
    const own = columns.slice(partials - end, partials - start); // the last round's first
    blocks.push({ rounds, update: transpose(own) });
  }
  const power = product(powerOf(H, partials), matrix.slice(1));
  return {
    t,
    matrix,
    entry: [matrix[0] as bigint[], ...power],
    before: constants.slice(0, half),
    first: single[0] as bigint,
    blocks,
    after: [moving, ...constants.slice(half + partials + 1)],
  };
}

/** Round constants, a list for each round, and the matrix. */
function generate(t: number, partials: number): { constants: bigint[][]; matrix: bigint[][] } {
  const number = grain(t, partials);
  const below = (): bigint => {
    for (;;) {
      const value = number();
      if (value < FIELD) return value;
    }
  };
  const constants = list(FULL_ROUNDS + partials, () => list(t, below));
  // For these widths the published draw has no two equal numbers, and no sum that is zero.
  const [x, y] = [list(t, () => number() % FIELD), list(t, () => number() % FIELD)];
  const sums = x.flatMap((a) => y.map((b) => (a + b) % FIELD));
  const inverses = inverseOfAll(sums);
  return { constants, matrix: list(t, (i) => inverses.slice(i * t, (i + 1) * t)) };
}

/**
 * Numbers of 254 bits. The register's 80 bits start as: prime field (2 bits), x^5 (4), 254 (12), t (12), full
 * rounds (10), partial rounds (10), ones (30). Of each two bits the second counts if the first is one.
 */
function grain(t: number, partials: number): () => bigint {
  const fields = [1, 0, BITS, t, FULL_ROUNDS, partials, 2 ** 30 - 1];
  const widths = [2, 4, 12, 12, 10, 10, 30];
  const start = fields.map((field, i) => field.toString(2).padStart(widths[i] as number, "0")).join("");
  const ring = new Uint8Array(128);
  ring.set([...start].map(Number));
  let i = 0;
  const bit = (): number => {
    const tap = (offset: number): number => ring[(i + offset) & 127] as number;
    const next = tap(62) ^ tap(51) ^ tap(38) ^ tap(23) ^ tap(13) ^ tap(0);
    ring[(i + 80) & 127] = next;
    i++;
    return next;
  };
  for (let warm = 0; warm < 160; warm++) bit();
  const kept = (): number => {
    while (bit() === 0) bit();
    return bit();
  };
  return () => {
    let value = 0n;
    for (let left = BITS; left > 0; ) {
      const width = left % 32 || 32;
      let word = 0;
      for (let k = 0; k < width; k++) word = word * 2 + kept();
      value = (value << BigInt(width)) | BigInt(word);
      left -= width;
    }
    return value;
  };
}

/** u, A·u, A²·u, …: so many of them. */
function powersOf(matrix: Matrix, vector: readonly bigint[], count: number): (readonly bigint[])[] {
  const powers = [vector];
  while (powers.length < count) powers.push(times(matrix, powers[powers.length - 1] as bigint[]));
  return powers;
}

function powerOf(matrix: Matrix, exponent: number): Matrix {
  let result = matrix;
  for (const bit of exponent.toString(2).slice(1)) {
    result = product(result, result);
    if (bit === "1") result = product(result, matrix);
  }
  return result;
}

/** Gauss and Jordan; a Cauchy matrix has no submatrix without an inverse, so no pivot is zero. */
function inverse(matrix: Matrix): Matrix {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...list(n, (j) => (i === j ? 1n : 0n))]);
  for (let k = 0; k < n; k++) {
    const factor = inverseOfAll([at(rows, k, k)])[0] as bigint;
    const pivot = (rows[k] as bigint[]).map((value) => (value * factor) % FIELD);
    for (let i = 0; i < n; i++) {
      const lead = FIELD - at(rows, i, k);
      rows[i] =
        i === k
          ? pivot
          : (rows[i] as bigint[]).map((value, j) => (value + lead * (pivot[j] as bigint)) % FIELD);
    }
  }
  return rows.map((row) => row.slice(n));
}

/** Inverses of values that are not zero, for one exponentiation. */
function inverseOfAll(values: readonly bigint[]): bigint[] {
  const before: bigint[] = [];
  let all = 1n;
  for (const value of values) {
    before.push(all);
    all = (all * value) % FIELD;
  }
  let inverse = 1n;
  for (const bit of (FIELD - 2n).toString(2)) {
    inverse = (inverse * inverse) % FIELD;
    if (bit === "1") inverse = (inverse * all) % FIELD;
  }
  const inverses = values.slice();
  for (let i = values.length - 1; i >= 0; i--) {
    inverses[i] = (inverse * (before[i] as bigint)) % FIELD;
    inverse = (inverse * (values[i] as bigint)) % FIELD;
  }
  return inverses;
}

function times(matrix: Matrix, vector: readonly bigint[]): bigint[] {
  return matrix.map((row) => dot(row, vector));
}

function product(a: Matrix, b: Matrix): Matrix {
  const columns = transpose(b);
  return a.map((row) => columns.map((column) => dot(row, column)));
}

function dot(a: readonly bigint[], b: readonly bigint[]): bigint {
  let sum = 0n;
  for (let i = 0; i < a.length; i++) sum += (a[i] as bigint) * (b[i] as bigint);
  return sum % FIELD;
}

function transpose(matrix: Matrix): Matrix {
  return (matrix[0] ?? []).map((_, j) => matrix.map((row) => row[j] as bigint));
}

function at(matrix: Matrix, i: number, j: number): bigint {
  return (matrix[i] as readonly bigint[])[j] as bigint;
}

function list<T>(length: number, make: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => make(index));
}
