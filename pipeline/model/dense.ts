/**
 * Small dense float64 algebra, the same bits on every machine: only + − × ÷ and √ are used, in a fixed order,
 * and those five are exactly rounded in IEEE 754 (sin, exp and `**` are not). Matrices are flat and
 * row-major.
 */

/**
 * Lower Cholesky factor of a symmetric positive definite matrix, or `undefined` where it is not positive
 * definite.
 *
 * @param a `n × n`, of which only the lower triangle is read
 */
export function cholesky(a: Float64Array, n: number): Float64Array | undefined {
  const l = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (l[i * n + k] as number) * (l[j * n + k] as number);
      if (i === j) {
        if (!(sum > 0) || !Number.isFinite(sum)) return undefined;
        l[j * n + j] = Math.sqrt(sum);
      } else {
        l[i * n + j] = sum / (l[j * n + j] as number);
      }
    }
  }
  return l;
}

/** Solves `L X = B` for a lower triangular `L` (`n × n`) and `B` (`n × m`). */
export function solveLower(l: Float64Array, b: Float64Array, n: number, m: number): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      const factor = l[i * n + k] as number;
      for (let c = 0; c < m; c++) x[i * m + c] = (x[i * m + c] as number) - factor * (x[k * m + c] as number);
    }
    const pivot = l[i * n + i] as number;
    for (let c = 0; c < m; c++) x[i * m + c] = (x[i * m + c] as number) / pivot;
  }
  return x;
}

/** Solves `Lᵀ X = B` for a lower triangular `L` (`n × n`) and `B` (`n × m`). */
export function solveLowerTransposed(l: Float64Array, b: Float64Array, n: number, m: number): Float64Array {
  const x = Float64Array.from(b);
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) {
      const factor = l[k * n + i] as number;
      for (let c = 0; c < m; c++) x[i * m + c] = (x[i * m + c] as number) - factor * (x[k * m + c] as number);
    }
    const pivot = l[i * n + i] as number;
    for (let c = 0; c < m; c++) x[i * m + c] = (x[i * m + c] as number) / pivot;
  }
  return x;
}

/** The transpose of `a` (`rows × columns`). */
export function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  const t = new Float64Array(a.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) t[j * rows + i] = a[i * columns + j] as number;
  return t;
}

/** Eigenvalues, falling, and eigenvectors: row `r` of `vectors` belongs to `values[r]`. */
export type Eigen = { readonly values: Float64Array; readonly vectors: Float64Array };

/** More sweeps than any matrix of a few hundred rows needs (about ten). */
const MAX_SWEEPS = 40;

/**
 * Eigenvectors of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, "Matrix Computations",
 * 8.5). Each vector's largest entry is made positive, so that signs do not depend on the path taken.
 *
 * @throws DenseConvergenceError when the matrix holds something that is not a number.
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = Float64Array.from(matrix);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  let total = 0;
  for (const value of a) total += value * value;
  for (let sweep = 0; ; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) off += (a[p * n + q] as number) * (a[p * n + q] as number);
    }
    if (off <= total * 1e-24) break;
    if (sweep === MAX_SWEEPS || !Number.isFinite(total)) {
      throw new DenseConvergenceError(
        `Eigenvectors did not settle in ${sweep} sweeps: look for values not finite.`,
      );
    }
    const skip = Math.sqrt(off) / n / 1e6;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q, skip);
  }
  const order = Array.from({ length: n }, (_, i) => i);
  order.sort((i, j) => (a[j * n + j] as number) - (a[i * n + i] as number) || i - j);
  const vectors = new Float64Array(n * n);
  order.forEach((source, row) => {
    const vector = v.subarray(source * n, (source + 1) * n);
    let largest = 0;
    for (const value of vector) if (Math.abs(value) > Math.abs(largest)) largest = value;
    for (let k = 0; k < n; k++) vectors[row * n + k] = (vector[k] as number) * (largest < 0 ? -1 : 1);
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i] as number), vectors };
}

/** One Jacobi rotation that makes `a[p][q]` zero; `v` collects the rotations, a vector a row. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number, skip: number): void {
  const apq = a[p * n + q] as number;
  if (Math.abs(apq) <= skip) return;
  const app = a[p * n + p] as number;
  const aqq = a[q * n + q] as number;
  const tau = (aqq - app) / (2 * apq);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = t * c;
  const rowP = p * n;
  const rowQ = q * n;
  for (let k = 0; k < n; k++) {
    const akp = a[rowP + k] as number;
    const akq = a[rowQ + k] as number;
    const left = c * akp - s * akq;
    const right = s * akp + c * akq;
    if (k !== p && k !== q) {
      a[rowP + k] = left;
      a[k * n + p] = left;
      a[rowQ + k] = right;
      a[k * n + q] = right;
    }
    const vp = v[rowP + k] as number;
    const vq = v[rowQ + k] as number;
    v[rowP + k] = c * vp - s * vq;
    v[rowQ + k] = s * vp + c * vq;
  }
  a[rowP + p] = app - t * apq;
  a[rowQ + q] = aqq + t * apq;
  a[rowP + q] = 0;
  a[rowQ + p] = 0;
}

/** A matrix whose eigenvectors cannot be found. */
export class DenseConvergenceError extends Error {
  override readonly name = "Dense.ConvergenceError";
}
