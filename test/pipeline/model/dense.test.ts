import { describe, expect, it } from "vitest";
import {
  cholesky,
  DenseConvergenceError,
  solveLower,
  solveLowerTransposed,
  symmetricEigen,
  transpose,
} from "../../../pipeline/model/dense.ts";
import { seededRandom } from "../../../pipeline/random.ts";

const n = 12;
const random = seededRandom("eigen");
const b = Float64Array.from({ length: n * n }, () => random.uniform() - 0.5);

/** `X Y` of two `n × n` matrices. */
function times(x: Float64Array, y: Float64Array): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let k = 0; k < n; k++) sum += (x[i * n + k] as number) * (y[k * n + j] as number);
    return sum;
  });
}

function close(x: Float64Array, y: Float64Array, tolerance: number): void {
  x.forEach((value, i) => {
    expect(Math.abs(value - (y[i] as number))).toBeLessThan(tolerance);
  });
}

describe("float64 algebra", () => {
  const spd = times(b, transpose(b, n, n)).map((v, at) => v + (at % (n + 1) === 0 ? 0.1 : 0));

  it("factors, solves and refuses what is not positive definite", () => {
    const l = cholesky(spd, n) as Float64Array;
    close(times(l, transpose(l, n, n)), spd, 1e-12);
    close(times(l, solveLower(l, b, n, n)), b, 1e-12);
    close(times(transpose(l, n, n), solveLowerTransposed(l, b, n, n)), b, 1e-12);
    expect(
      cholesky(
        spd.map((v) => -v),
        n,
      ),
    ).toBeUndefined();
    expect(cholesky(new Float64Array(n * n).fill(Number.NaN), n)).toBeUndefined();
  });

  it("finds eigenvectors: orthonormal, falling, and the matrix again when multiplied", () => {
    const { values, vectors } = symmetricEigen(spd, n);
    expect([...values]).toEqual([...values].sort((x, y) => y - x));
    const identity = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
    close(times(vectors, transpose(vectors, n, n)), identity, 1e-12);
    const scaled = vectors.map((v, at) => v * (values[Math.floor(at / n)] as number));
    close(times(transpose(vectors, n, n), scaled), spd, 1e-10);
    expect(() => symmetricEigen(new Float64Array(4).fill(Number.NaN), 2)).toThrow(DenseConvergenceError);
  });
});
