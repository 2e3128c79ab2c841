import { describe, expect, it } from "vitest";
import {
  coins,
  duration,
  figure,
  grouped,
  instant,
  percent,
  shareOf,
  shortened,
  signed,
} from "../../../pipeline/report/format.ts";

const plain = (text: string): string => text.replaceAll("\u202f", " ");

describe("amounts", () => {
  it("groups digits and keeps a sign", () => {
    expect(plain(grouped(1_234_567))).toBe("1 234 567");
    expect(plain(grouped("-1000"))).toBe("\u22121 000");
    expect(grouped(0)).toBe("0");
  });

  it("writes coins with six digits and never more than there is", () => {
    expect(coins("1000000000000000000", "ETH")).toBe("1 ETH");
    expect(coins("6749999999999994", "ETH")).toBe("0.00674999 ETH");
    expect(coins("1999999999999999999", "ETH")).toBe("1.999999 ETH");
    expect(coins("0", "ETH")).toBe("0 ETH");
    expect(plain(coins("1234", "ETH"))).toBe("1 234 wei");
  });

  it("lines a column up with its largest amount", () => {
    expect(coins("18233170936988", "ETH", "6750000000000000")).toBe("0.00001823 ETH");
    expect(coins("1597405435152066", "ETH", "6750000000000000")).toBe("0.00159740 ETH");
    expect(coins("5", "ETH", "6750000000000000")).toBe("0.00000000 ETH");
    expect(plain(coins("1234000000000000000000", "ETH", "1234000000000000000000"))).toBe("1 234.00 ETH");
  });
});

describe("measures", () => {
  it("writes shares, and does not round something to nothing", () => {
    expect(percent(0.1234)).toBe("12.3 %");
    expect(percent(0)).toBe("0.0 %");
    expect(percent(0.0001)).toBe("< 0.1 %");
    expect(percent(0.9085, 2)).toBe("90.85 %");
    expect(shareOf(1n, 3n)).toBeCloseTo(1 / 3, 8);
    expect(shareOf(1n, 0n)).toBe(0);
    expect(shareOf(2n ** 112n, 2n ** 113n)).toBe(0.5);
  });

  it("writes signs, columns and powers", () => {
    expect(signed(301.53)).toBe("+301.5");
    expect(signed(-9.84, 301.5)).toBe("\u22129.8");
    expect(signed(0)).toBe("0");
    expect(signed(0.01, 301.5)).toBe("+1.0 × 10⁻²");
    expect(signed(-2.5e9)).toBe("\u22122.5 × 10⁹");
    expect(figure(2.9e-6)).toBe("2.9 × 10⁻⁶");
    expect(figure(12.345)).toBe("12.35");
  });

  it("writes times", () => {
    expect(duration(0.42)).toBe("0.4 s");
    expect(duration(12.4)).toBe("12 s");
    expect(duration(185)).toBe("3 min 05 s");
    expect(duration(119.7)).toBe("2 min 00 s");
    expect(instant("2031-03-02T14:05:09.000Z")).toBe("2 March 2031, 14:05 UTC");
    expect(instant("yesterday")).toBe("yesterday");
  });

  it("shortens only what is long", () => {
    expect(shortened("0x123456")).toBe("0x123456");
    expect(shortened("0x1234567890abcdef1234", 6, 4)).toBe("0x1234…1234");
  });
});
