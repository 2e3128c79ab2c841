// Amounts as text: exact in the title, rounded for the eye, and never through a float.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalOf, percent, rounded, shortened, whole } from "../../../../explorer/src/ui/numbers.ts";

const THIN = "\u2009";

describe("numbers", () => {
  it("writes smallest units as decimals, exactly", () => {
    expect(decimalOf(0n, 18)).toBe("0");
    expect(decimalOf(1n, 18)).toBe("0.000000000000000001");
    expect(decimalOf(1_500_000n, 6)).toBe("1.5");
    expect(decimalOf(-1_500_000n, 6)).toBe("-1.5");
    expect(decimalOf(12n, 0)).toBe("12");
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 40n), 10n ** 40n),
        fc.integer({ min: 0, max: 30 }),
        (units, decimals) => {
          const [before = "", after = ""] = decimalOf(units, decimals).split(".");
          expect(BigInt(`${before}${after.padEnd(decimals, "0")}`)).toBe(units);
        },
      ),
    );
  });

  it("rounds to five digits and groups thousands", () => {
    const cases = {
      "0": "0",
      "0.000135519999": "0.00013552",
      "0.99999949": "1",
      "0.123454": "0.12345",
      "0.123455": "0.12346",
      "-0.123455": "-0.12346",
      "123456.5": `123${THIN}457`,
      "1234567": `1${THIN}234${THIN}567`,
      "1.50000001": "1.5",
      "999.996": "1" + `${THIN}000`,
    };
    for (const [exact, shown] of Object.entries(cases))
      expect([exact, rounded(exact)]).toEqual([exact, shown]);
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 30n), (units) => {
        const exact = decimalOf(units, 18);
        const shown = Number(rounded(exact).replaceAll(THIN, ""));
        expect(Math.abs(shown / Number(exact) - 1)).toBeLessThan(0.5001e-4);
      }),
    );
  });

  it("shortens names in the middle, but none that is short already", () => {
    expect(shortened("0x0123456789abcdef0123")).toBe("0x012345…ef0123");
    expect(shortened("0x0123456789abcde")).toBe("0x0123456789abcde");
    expect(whole(1_234_567)).toBe(`1${THIN}234${THIN}567`);
    expect(percent(0.12345)).toBe("12.3 %");
  });
});
