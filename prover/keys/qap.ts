/**
 * A circuit's polynomials at the secret point: the scalars of which a key holds the group elements.
 *
 * Row c of the constraint system belongs to the point ω^c of a domain of n points; wire s has the polynomials
 * A_s, B_s, C_s that take the wire's coefficients there. With the Lagrange values
 *
 *   L_c(τ) = ω^c · (τ^n − 1) / (n · (τ − ω^c))
 *
 * A_s(τ) = Σ_c A[c][s]·L_c(τ), and so on: one product for each coefficient. Each public signal and the
 * constant get a row of their own beyond the constraints, with their wire in A alone; without it one could
 * trade a public signal against the others. H uses the odd points of the domain twice as large, because the
 * quotient that the prover commits to is zero on the even ones.
 *
 * Forms: L stays in Montgomery form, coefficients are read as they stand, so each product comes out in
 * standard form and so do the sums. The key's coefficient section wants v·2^512, which is Montgomery form
 * twice.
 */

import type { CurveWasm } from "../engine/curve.ts";
import { FIELD } from "../field.ts";
import { parseR1cs, type R1cs } from "../r1cs.ts";
import { COEFFICIENT_BYTES, domainPower, element, type ZkeyShape } from "./zkey.ts";

/** What must be forgotten once the keys are made. */
export type Secret = {
  readonly tau: bigint;
  readonly alpha: bigint;
  readonly beta: bigint;
  readonly delta: bigint;
};

/** Scalars in standard form, 32 bytes little-endian each. */
export type KeyScalars = {
  /** A_s(τ), one for each wire. */
  readonly a: Uint8Array;
  /** B_s(τ), one for each wire. */
  readonly b: Uint8Array;
  /** (β·A + α·B + C)_s(τ), divided by δ for private wires. */
  readonly k: Uint8Array;
  /** L_{2i+1}(τ)/δ of the doubled domain. */
  readonly h: Uint8Array;
};

/** Receives the coefficient section piece by piece; `at` counts from the section's first coefficient. */
export type CoefficientSink = (bytes: Uint8Array, at: number) => void;

const SINK_COEFFICIENTS = 16384;

/** The shape of a circuit's key. */
export function shapeOf(r1cs: R1cs, nonZeros: { readonly a: number; readonly b: number }): ZkeyShape {
  const publicCount = r1cs.outputs + r1cs.publicInputs;
  return {
    wires: r1cs.wires,
    publicCount,
    domain: 2 ** domainPower(r1cs.rows, publicCount),
    coefficients: nonZeros.a + nonZeros.b + publicCount + 1,
  };
}

/** Whether τ is usable: not on the doubled domain, where a Lagrange value would divide by zero. */
export function isUsable(tau: bigint, maxPower: number): boolean {
  let power = tau;
  for (let i = 0; i <= maxPower; i++) power = (power * power) % FIELD;
  return power !== 1n && power !== 0n;
}

/**
 * Evaluates a circuit at the secret, and writes its coefficients on the way.
 *
 * @param file the whole r1cs file
 */
export function evaluateCircuit(
  curve: CurveWasm,
  file: Buffer,
  secret: Secret,
  sink: CoefficientSink,
): KeyScalars {
  const r1cs = parseR1cs(file);
  const publicCount = r1cs.outputs + r1cs.publicInputs;
  const power = domainPower(r1cs.rows, publicCount);
  const mul = curve.call("frm_mul");
  const add = curve.call("frm_add");
  const mark = curve.mark();

  const lagrange = lagrangeValues(curve, secret.tau, power);
  const [a, b, c] = [0, 1, 2].map(() => zeros(curve, r1cs.wires)) as [number, number, number];
  sumCoefficients(curve, r1cs, lagrange, [a, b, c], sink);

  const factors = { alpha: montgomery(curve, secret.alpha), beta: montgomery(curve, secret.beta) };
  const overDelta = montgomery(curve, invert(secret.delta));
  const term = curve.alloc(32);
  for (let s = 0; s < r1cs.wires; s++) {
    const sum = c + 32 * s;
    mul(a + 32 * s, factors.beta, term);
    add(sum, term, sum);
    mul(b + 32 * s, factors.alpha, term);
    add(sum, term, sum);
    if (s > publicCount) mul(sum, overDelta, sum);
  }

  const h = new Uint8Array(32 * 2 ** power);
  const doubled = lagrangeValues(curve, secret.tau, power + 1);
  const standard = curve.put(element(invert(secret.delta)));
  for (let i = 0; i < 2 ** power; i++) {
    mul(doubled + 32 * (2 * i + 1), standard, term);
    h.set(curve.bytes(term, 32), 32 * i);
  }
  const scalars = { ...copies(curve, { a, b, k: c }, 32 * r1cs.wires), h };
  curve.bytes(mark, curve.mark() - mark).fill(0); // the secret's traces
  curve.release(mark);
  return scalars;
}

/** Walks the constraints once: sums for each wire, and A's and B's coefficients for the prover. */
function sumCoefficients(
  curve: CurveWasm,
  r1cs: R1cs,
  lagrange: number,
  sums: readonly [number, number, number],
  sink: CoefficientSink,
): void {
  const [mul, add] = [curve.call("frm_mul"), curve.call("frm_add")];
  const toMontgomery = curve.call("frm_toMontgomery");
  const buffer = curve.alloc(SINK_COEFFICIENTS * COEFFICIENT_BYTES);
  const term = curve.alloc(32);
  const one = curve.put(element(1n));
  const constraints = curve.put(r1cs.constraints);
  const words = curve.words();
  let held = 0;
  let at = 0;
  const flush = (): void => {
    sink(curve.bytes(buffer, held * COEFFICIENT_BYTES), at);
    at += held * COEFFICIENT_BYTES;
    held = 0;
  };
  const keep = (matrix: number, row: number, wire: number, value: number): void => {
    const to = buffer + held * COEFFICIENT_BYTES;
    words[to >> 2] = matrix;
    words[(to >> 2) + 1] = row;
    words[(to >> 2) + 2] = wire;
    toMontgomery(value, to + 12);
    toMontgomery(to + 12, to + 12);
    if (++held === SINK_COEFFICIENTS) flush();
  };
  let p = constraints;
  for (let row = 0; row < r1cs.rows; row++) {
    for (let matrix = 0; matrix < 3; matrix++) {
      const terms = words[p >> 2] as number;
      p += 4;
      for (let i = 0; i < terms; i++, p += 36) {
        const wire = words[p >> 2] as number;
        if (wire >= r1cs.wires) throw new WireError(wire, r1cs.wires);
        const sum = (sums[matrix] as number) + 32 * wire;
        mul(p + 4, lagrange + 32 * row, term);
        add(sum, term, sum);
        if (matrix < 2) keep(matrix, row, wire, p + 4);
      }
    }
  }
  for (let wire = 0; wire <= r1cs.outputs + r1cs.publicInputs; wire++) {
    const sum = sums[0] + 32 * wire;
    mul(one, lagrange + 32 * (r1cs.rows + wire), term);
    add(sum, term, sum);
    keep(0, r1cs.rows + wire, wire, one);
  }
  flush();
}

/** All Lagrange values of the domain of 2^power points at τ, in Montgomery form. */
function lagrangeValues(curve: CurveWasm, tau: bigint, power: number): number {
  const [mul, sub] = [curve.call("frm_mul"), curve.call("frm_sub")];
  const n = 2 ** power;
  const values = curve.alloc(32 * n);
  const denominators = curve.alloc(32 * n);
  const root = curve.put(curve.root(power));
  const point = montgomery(curve, 1n);
  const t = montgomery(curve, tau);
  let vanishing = tau;
  for (let i = 0; i < power; i++) vanishing = (vanishing * vanishing) % FIELD;
  const scale = montgomery(curve, ((vanishing - 1n) * invert(BigInt(n))) % FIELD);
  for (let i = 0; i < n; i++) {
    mul(point, scale, values + 32 * i);
    sub(t, point, denominators + 32 * i);
    mul(point, root, point);
  }
  curve.call("frm_batchInverse")(denominators, 32, n, denominators, 32);
  for (let i = 0; i < n; i++) mul(values + 32 * i, denominators + 32 * i, values + 32 * i);
  return values;
}

function montgomery(curve: CurveWasm, value: bigint): number {
  const address = curve.put(element(value));
  curve.call("frm_toMontgomery")(address, address);
  return address;
}

function zeros(curve: CurveWasm, count: number): number {
  const address = curve.alloc(32 * count);
  curve.bytes(address, 32 * count).fill(0);
  return address;
}

function copies<K extends string>(
  curve: CurveWasm,
  from: Record<K, number>,
  length: number,
): Record<K, Uint8Array> {
  const entries = Object.entries<number>(from).map(([key, address]) => [
    key,
    curve.bytes(address, length).slice(),
  ]);
  return Object.fromEntries(entries) as Record<K, Uint8Array>;
}

/** 1/value in the scalar field, by Fermat's little theorem. */
function invert(value: bigint): bigint {
  let result = 1n;
  let square = value % FIELD;
  for (let exponent = FIELD - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % FIELD;
    square = (square * square) % FIELD;
  }
  return result;
}

/** A coefficient of a wire that the header does not count. */
export class WireError extends Error {
  override readonly name = "Qap.Wire";
  constructor(wire: number, wires: number) {
    super(`The r1cs file names wire ${wire} of ${wires}. Delete the circuit's folder in the cache.`);
  }
}
