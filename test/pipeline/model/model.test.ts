import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answer, answers } from "../../../pipeline/model/answers.ts";
import { gradients } from "../../../pipeline/model/gradients.ts";
import { DEFAULT_LAMBDA, fitHead, LambdaError } from "../../../pipeline/model/head.ts";
import {
  checkBits,
  MatrixShapeError,
  mostBits,
  RangeExceededError,
  ridged,
  signedBits,
  upperTriangle,
} from "../../../pipeline/model/matrices.ts";
import { accuracyOf, fitModel } from "../../../pipeline/model/model.ts";
import { MomentsInputError, moments, sumMoments } from "../../../pipeline/model/moments.ts";
import { referenceCross, referenceGradient, referenceGram } from "../../../pipeline/model/reference.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { loadProfile } from "../../../prover/index.ts";
import { labelledCase, samplesOf, seeds } from "./cases.ts";

const profile = loadProfile("default");
const tiny = loadProfile("tiny");

describe("moments", () => {
  it("equal sums over samples in BigInt, for every contributor", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 40 }), async (seed, n) => {
        const input = labelledCase(seed, n, 3, tiny.d, tiny.m);
        const parts = await moments(input, tiny);
        parts.forEach((part, c) => {
          const samples = samplesOf(input, c, tiny.d);
          expect(part.samples).toBe(samples.labels.length);
          expect(Array.from(part.a, BigInt)).toEqual(referenceGram(samples, tiny));
          expect(Array.from(part.b, BigInt)).toEqual(referenceCross(samples, tiny));
        });
      }),
      { numRuns: 25 },
    );
  });

  it("are exact at the extremes, over more rows than one block", async () => {
    const n = 20_000;
    const features = new Int8Array(n * tiny.d).fill(-128);
    const flat = new Array<number>(n).fill(0);
    const [part] = await moments({ features, labels: flat, contributors: flat, count: 1 }, tiny);
    expect(new Set(part?.a)).toEqual(new Set([n * 128 * 128]));
    expect(part?.b[0]).toBe(-128 * n);
    expect(part?.b[1]).toBe(0);
  });

  it("of shards add up to those of the whole", async () => {
    const input = labelledCase("shards", 200, 4, profile.d, profile.m);
    const whole = await moments(
      { ...input, contributors: new Array<number>(200).fill(0), count: 1 },
      profile,
    );
    expect(sumMoments(await moments(input, profile), profile)).toEqual(whole[0]);
  });

  it("refuse lists that do not belong together, and classes and contributors out of range", async () => {
    const input = labelledCase(1, 10, 2, tiny.d, tiny.m);
    const run = (change: object) => moments({ ...input, ...change }, tiny);
    await expect(run({ features: input.features.subarray(1) })).rejects.toThrow(MomentsInputError);
    await expect(run({ contributors: [0] })).rejects.toThrow(MomentsInputError);
    await expect(run({ labels: new Array(10).fill(3) })).rejects.toThrow(
      /Sample 0 has class 3 and the profile has 0\.\.2/,
    );
    await expect(run({ contributors: new Array(10).fill(2) })).rejects.toThrow(/contributor 2 of 2/);
  });
});

describe("fitModel", () => {
  it("gives gradients equal to sums over samples in BigInt", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const input = labelledCase(seed, 30, 3, tiny.d, tiny.m);
        const model = await fitModel({ ...input, profile: tiny, lambda: 1000 });
        model.gradients.forEach((gradient, c) => {
          expect(gradient).toEqual(
            referenceGradient(samplesOf(input, c, tiny.d), model.w, tiny.scaleBits, tiny),
          );
        });
      }),
      { numRuns: 20 },
    );
  });

  it("balances: Σ G_c = λW + R_W, with every |R_W| at most half a row sum of |A_λ|", async () => {
    const input = labelledCase("balance", 500, 7, profile.d, profile.m);
    const model = await fitModel({ ...input, profile });
    expect(model.lambda).toBe(DEFAULT_LAMBDA);
    const full = ridged(model.a, BigInt(model.lambda), profile.d);
    model.residual.forEach((left, at) => {
      const sum = model.gradients.reduce((total, g) => total + (g[at] as bigint), 0n);
      expect(sum - BigInt(model.lambda) * (model.w[at] as bigint)).toBe(left);
      expect(Math.abs(Number(left))).toBeLessThanOrEqual(halfRowSum(full, Math.floor(at / profile.m)));
    });
  });

  it("is where float64 leads: W / 2^S is the real optimum to the last bit kept", async () => {
    const input = labelledCase("optimum", 60, 2, tiny.d, tiny.m);
    const model = await fitModel({ ...input, profile: tiny, lambda: 50 });
    // The rational optimum in an independent way, by Cramer's rule:
    // W_jk = det(A with column j replaced by 2^S b_k) / det A.
    const a = ridged(model.a, 50n, tiny.d);
    const denominator = determinant(a, tiny.d);
    for (let j = 0; j < tiny.d; j++) {
      for (let k = 0; k < tiny.m; k++) {
        const replaced = a.map((v, at) =>
          at % tiny.d === j
            ? (model.b[Math.floor(at / tiny.d) * tiny.m + k] as bigint) << BigInt(tiny.scaleBits)
            : v,
        );
        const numerator = determinant(replaced, tiny.d);
        const error = 2n * (numerator - (model.w[j * tiny.m + k] as bigint) * denominator);
        expect(error <= denominator && -error <= denominator).toBe(true);
      }
    }
  });

  it("does not depend on the order of samples, nor on which contributor holds which", async () => {
    const input = labelledCase("order", 80, 3, tiny.d, tiny.m);
    const order = seededRandom("order").shuffle(Array.from({ length: 80 }, (_, i) => i));
    const shuffled = {
      ...input,
      features: Int8Array.from(
        order.flatMap((i) => [...input.features.subarray(i * tiny.d, (i + 1) * tiny.d)]),
      ),
      labels: order.map((i) => input.labels[i] as number),
      contributors: order.map((i) => input.contributors[i] as number),
    };
    const model = await fitModel({ ...input, profile: tiny, lambda: 9 });
    expect(await fitModel({ ...shuffled, profile: tiny, lambda: 9 })).toEqual(model);
    const one = await fitModel({
      ...input,
      contributors: input.contributors,
      profile: tiny,
      lambda: 9,
      count: 5,
    });
    expect(one.w).toEqual(model.w);
    expect(one.gradients[4]).toEqual(new Array(tiny.d * tiny.m).fill(0n));
  });

  it("refuses λ out of range, too many samples, and weights that do not fit", async () => {
    const input = labelledCase(2, 10, 1, tiny.d, tiny.m);
    for (const lambda of [0, -1, 1.5, 2 ** 32, Number.NaN]) {
      await expect(fitModel({ ...input, profile: tiny, lambda })).rejects.toThrow(LambdaError);
    }
    const few = { ...tiny, maxSamples: 9 };
    await expect(fitModel({ ...input, profile: few })).rejects.toThrow(
      /10 samples and the profile allows 9: take fewer/,
    );
    const narrow = { ...tiny, wBits: 8 };
    await expect(fitModel({ ...input, profile: narrow, lambda: 1 })).rejects.toThrow(
      /weights W needs .* raise lambda/,
    );
    const wide = { ...tiny, wBits: 40 };
    await expect(fitModel({ ...input, profile: wide, lambda: 1 })).rejects.toThrow(RangeExceededError);
    const short = { a: [1n], b: [], lambda: 1, profile: tiny };
    expect(() => fitHead(short)).toThrow(MatrixShapeError);
  });
});

describe("gradients at the profile's widest", () => {
  it("are exact in int64", async () => {
    const { d, m, aBits, wBits, scaleBits } = profile;
    const a = new Float64Array(d * d).fill(-(2 ** (aBits - 1)) + 1);
    const b = new Float64Array(d * m).fill(2 ** 23);
    const w = new Array<bigint>(d * m).fill(2n ** BigInt(wBits - 1) - 1n);
    const [g] = await gradients([{ samples: 1, a, b }], w, profile);
    const expected =
      ((2n ** 23n) << BigInt(scaleBits)) + BigInt(d) * (2n ** BigInt(aBits - 1) - 1n) * (w[0] as bigint);
    expect(new Set(g)).toEqual(new Set([expected]));
    expect(signedBits(expected)).toBe(64);
  });
});

describe("answers", () => {
  it("equal the plain argmax, ties to the lowest class, at the widest weights", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const random = seededRandom(`answers/${seed}`);
        const { features } = labelledCase(seed, 12, 1, profile.d, profile.m);
        const top = 2 ** (profile.wBits - 1);
        const w = Array.from({ length: profile.d * profile.m }, () => BigInt(random.below(2 * top) - top));
        for (let j = 0; j < profile.d; j++) w[j * profile.m + 7] = w[j * profile.m + 3] as bigint;
        const fast = await answers(w, features, profile);
        fast.forEach((klass, i) => {
          expect(klass).toBe(answer(w, features.subarray(i * profile.d, (i + 1) * profile.d), profile).klass);
        });
      }),
      { numRuns: 20 },
    );
    const equal = await answers(new Array(profile.d * profile.m).fill(0n), new Int8Array(profile.d), profile);
    expect([...equal]).toEqual([0]);
  });

  it("are counted", async () => {
    const w = new Array<bigint>(tiny.d * tiny.m).fill(0n);
    w[1] = 1n; // class 1 scores the first feature
    const features = Int8Array.from([5, 0, 0, 64, -5, 0, 0, 64]);
    expect([...(await answers(w, features, tiny))]).toEqual([1, 0]);
    expect(await accuracyOf(w, features, [1, 2], tiny)).toBe(0.5);
    await expect(accuracyOf(w, features, [1], tiny)).rejects.toThrow(MatrixShapeError);
  });
});

describe("matrices", () => {
  it("count signed bits", () => {
    expect([0n, -1n, 1n, -2n, 127n, -128n, 128n].map(signedBits)).toEqual([1, 1, 2, 2, 8, 8, 9]);
    expect(mostBits([])).toBe(0);
    checkBits("x", [-128n, 127n], 8, "");
    expect(() => checkBits("The x", [128n], 8, "do this")).toThrow(
      "The x needs 9 bits and the profile allows 8: do this.",
    );
  });

  it("fold and unfold a symmetric matrix", () => {
    expect(upperTriangle([1, 2, 2, 3], 2)).toEqual([1n, 2n, 3n]);
    expect(ridged([1n, 2n, 3n], 10n, 2)).toEqual([11n, 2n, 2n, 13n]);
    expect(() => ridged([1n], 0n, 2)).toThrow(MatrixShapeError);
  });
});

function halfRowSum(a: readonly bigint[], row: number): number {
  const d = Math.sqrt(a.length);
  const sum = a.slice(row * d, (row + 1) * d).reduce((total, v) => total + (v < 0n ? -v : v), 0n);
  return Number(sum) / 2 + 1;
}

/** By expansion: 4 × 4 at most here. */
function determinant(a: readonly bigint[], n: number): bigint {
  if (n === 1) return a[0] as bigint;
  let sum = 0n;
  for (let c = 0; c < n; c++) {
    const minor = a.filter((_, at) => at >= n && at % n !== c);
    sum += (c % 2 === 0 ? 1n : -1n) * (a[c] as bigint) * determinant(minor, n - 1);
  }
  return sum;
}
