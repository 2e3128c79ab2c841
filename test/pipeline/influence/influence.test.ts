import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adjoint } from "../../../pipeline/influence/adjoint.ts";
import { QueryError, queriesMatrix } from "../../../pipeline/influence/queries.ts";
import { scores, weights } from "../../../pipeline/influence/scores.ts";
import { mostBits, RangeExceededError, ridged } from "../../../pipeline/model/matrices.ts";
import { fitModel } from "../../../pipeline/model/model.ts";
import { residualOf, SystemSingularError, solveRounded } from "../../../pipeline/model/rounded.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { type DataRecord, loadProfile, type Profile } from "../../../prover/index.ts";
import { labelledCase, queryRecords, seeds } from "../model/cases.ts";

const profile = loadProfile("default");
const tiny = loadProfile("tiny");

/** Checks what circuits rely on: the exact residual, and half a row sum of |A_λ| as its bound. */
function checkAdjoint(
  a: readonly bigint[],
  lambda: number,
  q: readonly bigint[],
  p: Profile,
): readonly bigint[] {
  const { y, residual } = adjoint(a, lambda, q, p);
  const full = ridged(a, BigInt(lambda), p.d);
  const target = q.map((value) => value << BigInt(p.adjointBits));
  expect(residual).toEqual(residualOf(full, y, target, p.d, p.m).map((value) => -value));
  residual.forEach((value, at) => {
    const row = Math.floor(at / p.m);
    const sum = full.slice(row * p.d, (row + 1) * p.d).reduce((total, v) => total + (v < 0n ? -v : v), 0n);
    const magnitude = value < 0n ? -value : value;
    // Half a row sum, and a millionth for the float error of the last correction.
    expect(2_000_000n * magnitude <= 1_000_001n * sum).toBe(true);
    expect(magnitude < 1n << 35n).toBe(true);
  });
  return y;
}

describe("queriesMatrix", () => {
  it("is the fee-weighted sum over queries", () => {
    const records = queryRecords("sum", 5, tiny);
    const q = queriesMatrix(records, tiny);
    for (let j = 0; j < tiny.d; j++) {
      for (let k = 0; k < tiny.m; k++) {
        const own = records.filter(({ klass }) => klass === k);
        const sum = own.reduce((total, r) => total + r.weight * (r.features[j] as number), 0);
        expect(q[j * tiny.m + k]).toBe(BigInt(sum));
      }
    }
    expect(queriesMatrix([], tiny)).toEqual(new Array(tiny.d * tiny.m).fill(0n));
  });

  it("refuses classes and fees out of range, and a sum that does not fit", () => {
    const [record] = queryRecords("bad", 1, tiny) as [DataRecord];
    expect(() => queriesMatrix([{ ...record, klass: 3 }], tiny)).toThrow(QueryError);
    expect(() => queriesMatrix([{ ...record, weight: 65_536 }], tiny)).toThrow(/fee of 65536/);
    expect(() => queriesMatrix([{ ...record, weight: -1 }], tiny)).toThrow(QueryError);
    const many = new Array<DataRecord>(600).fill({
      ...record,
      weight: 65_535,
      features: new Int8Array(4).fill(127),
    });
    expect(() => queriesMatrix(many, tiny)).toThrow(RangeExceededError);
  });
});

describe("adjoint", () => {
  it("leaves at most half a row sum of |A_λ|, on random systems", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 100_000 }), (seed, lambda) => {
        const a = randomGram(seed, 20, tiny);
        checkAdjoint(a, lambda, queriesMatrix(queryRecords(seed, 3, tiny), tiny), tiny);
      }),
      { numRuns: 60 },
    );
  });

  it("finds all 56 bits, where a double has 53", () => {
    const d = profile.d;
    const upper = Array.from({ length: (d * (d + 1)) / 2 }, () => 0n);
    const big = (1n << 31n) - 1n;
    const q = Array.from({ length: d * profile.m }, (_, i) => (i % 3 === 0 ? big : -big + BigInt(i)));
    // A = 0: Y = round(2^40 Q / λ) entry by entry, with λ chosen so that 56 bits are reached.
    const lambda = 65_537;
    const y = checkAdjoint(upper, lambda, q, profile);
    expect(mostBits(y)).toBe(56);
    y.forEach((value, at) => {
      const error = 2n * (value * BigInt(lambda) - ((q[at] as bigint) << 40n));
      expect(error <= BigInt(lambda) && -error <= BigInt(lambda)).toBe(true);
    });
    expect(() => adjoint(upper, 16_384, q, profile)).toThrow(RangeExceededError);
  });

  it("stays provable at the largest size: A as for 65,535 samples at the extremes, λ at its largest", () => {
    const top = BigInt(profile.maxSamples) * 16_384n;
    const random = seededRandom("largest");
    // 32 samples' outer products of ±128, repeated: as correlated as real data, and every |A_jk| ≤ top.
    const h = Array.from({ length: 32 }, () =>
      Array.from({ length: profile.d }, () => (random.below(2) ? 128 : -128)),
    );
    const upper: bigint[] = [];
    for (let j = 0; j < profile.d; j++) {
      for (let k = j; k < profile.d; k++) {
        const sum = h.reduce((total, row) => total + (row[j] as number) * (row[k] as number), 0);
        upper.push(BigInt(sum) * 2047n);
      }
    }
    expect(upper.every((value) => value <= top && -value <= top)).toBe(true);
    const q = queriesMatrix(queryRecords("largest", 45, profile), profile);
    for (const lambda of [1, 32_768, 2 ** 32 - 1]) checkAdjoint(upper, lambda, q, { ...profile, yBits: 80 });
    for (const lambda of [32_768, 2 ** 32 - 1]) checkAdjoint(upper, lambda, q, profile);
  });

  it("solves a badly conditioned system exactly, and refuses a singular one", () => {
    const hilbertLike = [1_000_000_007n, 1_000_000_006n, 1_000_000_006n, 1_000_000_007n];
    const { x, residual } = solveRounded(hilbertLike, [1n << 60n, -(1n << 59n)], 2, 1);
    expect(residual).toEqual(residualOf(hilbertLike, x, [1n << 60n, -(1n << 59n)], 2, 1));
    for (const left of residual) expect(left < 1_000_000_010n && left > -1_000_000_010n).toBe(true);
    expect(() => solveRounded([1n, 1n, 1n, 1n], [1n, 1n], 2, 1)).toThrow(SystemSingularError);
  });
});

describe("scores", () => {
  it("are the inner products, and clip at 0", () => {
    const y = Array.from({ length: tiny.d * tiny.m }, (_, i) => BigInt(i) - 5n);
    const g = y.map((value, i) => value * (i % 2 === 0 ? 3n : -1n));
    const expected = y.reduce((sum, value, i) => sum + value * (g[i] as bigint), 0n);
    const s = scores([g, g.map((v) => -v), y.map(() => 0n)], y, tiny);
    expect(s).toEqual([expected, -expected, 0n]);
    expect(weights(s)).toEqual(expected > 0n ? [expected, 0n, 0n] : [0n, -expected, 0n]);
  });

  it("add up when a contributor is split, and refuse what does not fit", async () => {
    const input = labelledCase("split", 40, 2, tiny.d, tiny.m);
    const model = await fitModel({ ...input, profile: tiny });
    const halves = Array.from(input.contributors, (c, i) => (c === 0 ? (i % 2 === 0 ? 0 : 2) : 1));
    const split = await fitModel({ ...input, contributors: halves, count: 3, profile: tiny });
    const { y } = adjoint(model.a, model.lambda, queriesMatrix(queryRecords("split", 3, tiny), tiny), tiny);
    const [whole, other] = scores(model.gradients, y, tiny) as [bigint, bigint];
    const [first, same, second] = scores(split.gradients, y, tiny) as [bigint, bigint, bigint];
    expect(first + second).toBe(whole);
    expect(same).toBe(other);
    expect(() => scores(model.gradients, y, { ...tiny, sBits: 20 })).toThrow(RangeExceededError);
  });

  it("say what up-weighting a contributor does: the derivative of the winning scores", async () => {
    const input = labelledCase("derivative", 60, 3, tiny.d, tiny.m);
    const records = queryRecords("derivative", 3, tiny);
    const lambda = 5000;
    const model = await fitModel({ ...input, profile: tiny, lambda });
    const { y } = adjoint(model.a, lambda, queriesMatrix(records, tiny), tiny);
    const s = scores(model.gradients, y, tiny).map(
      (value) => Number(value) / 2 ** (tiny.scaleBits + tiny.adjointBits),
    );
    // Copying c's data 1 % more: 99 copies of everybody's, plus 1 of c's, against λ · 99.
    const winning = (w: readonly bigint[]): number =>
      records.reduce((sum, { features, klass, weight }) => {
        const score = features.reduce((total, h, j) => total + h * Number(w[j * tiny.m + klass]), 0);
        return sum + (weight * score) / 2 ** tiny.scaleBits;
      }, 0);
    const copies = async (of: number | undefined) => {
      const index = Array.from(input.labels, (_, i) => i);
      const all = index.flatMap((i) => new Array<number>(input.contributors[i] === of ? 100 : 99).fill(i));
      const fitted = await fitModel({
        features: Int8Array.from(
          all.flatMap((i) => [...input.features.subarray(i * tiny.d, (i + 1) * tiny.d)]),
        ),
        labels: all.map((i) => input.labels[i] as number),
        contributors: all.map(() => 0),
        count: 1,
        profile: tiny,
        lambda: lambda * 99,
      });
      return winning(fitted.w);
    };
    const base = await copies(undefined);
    const scale = Math.max(...s.map(Math.abs));
    for (let c = 0; c < 3; c++) {
      expect(Math.abs((await copies(c)) - base - (s[c] as number) / 99)).toBeLessThan((0.03 * scale) / 99);
    }
  });
});

function randomGram(seed: number, n: number, { d, m }: Profile): bigint[] {
  const { features } = labelledCase(`gram/${seed}`, n, 1, d, m);
  const out: bigint[] = [];
  for (let j = 0; j < d; j++) {
    for (let k = j; k < d; k++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (features[i * d + j] as number) * (features[i * d + k] as number);
      out.push(BigInt(sum));
    }
  }
  return out;
}
