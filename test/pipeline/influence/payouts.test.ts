import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adjoint } from "../../../pipeline/influence/adjoint.ts";
import { payoutsFloat64 } from "../../../pipeline/influence/float64.ts";
import {
  PayoutInputError,
  settlePayouts,
  shareDistance,
  shares,
} from "../../../pipeline/influence/payouts.ts";
import { queriesMatrix } from "../../../pipeline/influence/queries.ts";
import { scores, weights } from "../../../pipeline/influence/scores.ts";
import { fitModel } from "../../../pipeline/model/model.ts";
import { loadProfile } from "../../../prover/index.ts";
import { labelledCase, queryRecords } from "../model/cases.ts";

const profile = loadProfile("default");

describe("payouts", () => {
  it("round down and give the rest to the dust, to the wei", () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 0n, max: 1n << 112n }), { maxLength: 20 }),
        fc.bigInt({ min: 0n, max: 1n << 100n }),
        (w, pool) => {
          const { payouts, dust } = settlePayouts(w, pool);
          const sum = w.reduce((a, b) => a + b, 0n);
          expect(payouts.reduce((a, b) => a + b, 0n) + dust).toBe(pool);
          if (sum === 0n) expect(dust).toBe(pool);
          else expect(dust < BigInt(w.length)).toBe(true);
          payouts.forEach((payout, c) => {
            expect(payout * sum <= pool * (w[c] as bigint)).toBe(true);
          });
        },
      ),
    );
    expect(settlePayouts([1n, 2n, 0n], 100n)).toEqual({ payouts: [33n, 66n, 0n], dust: 1n });
    expect(() => settlePayouts([-1n], 5n)).toThrow(PayoutInputError);
    expect(() => settlePayouts([1n], -5n)).toThrow(PayoutInputError);
  });

  it("as shares add up to 1, and their distance is what it says", () => {
    expect(shares([1n, 3n])).toEqual([0.25, 0.75]);
    expect(shares([0n, 0n])).toEqual([0, 0]);
    expect(shareDistance([1, 0], [0, 1])).toBe(2);
    expect(() => shareDistance([1], [])).toThrow(PayoutInputError);
  });

  it("in integers approach float64 ones: each bit of S halves what rounding W costs", async () => {
    const input = labelledCase("float", 400, 6, profile.d, profile.m);
    const records = queryRecords("float", 45, profile);
    const distance = async (scaleBits: number): Promise<number> => {
      const scaled = { ...profile, scaleBits };
      const model = await fitModel({ ...input, profile: scaled });
      const { y } = adjoint(model.a, model.lambda, queriesMatrix(records, scaled), scaled);
      const integer = shares(weights(scores(model.gradients, y, scaled)));
      const { d, m } = scaled;
      const float = payoutsFloat64({ ...input, d, m, lambda: model.lambda, queries: records });
      expect(float.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      return shareDistance(integer, float);
    };
    const [coarse, fine] = [await distance(20), await distance(28)];
    expect(coarse).toBeLessThan(2e-3);
    expect(fine).toBeLessThan(1e-5);
    // Eight bits are a factor of 256; rounding is noise, so allow four either way.
    expect(coarse / fine).toBeGreaterThan(64);
    expect(coarse / fine).toBeLessThan(1024);
  });
});
