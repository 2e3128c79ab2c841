import { describe, expect, it } from "vitest";
import {
  bestClass,
  CodeError,
  codeFits,
  isEquallyLong,
  largestEntry,
  leadBound,
  loadCode,
  readCode,
  wordOf,
} from "../../prover/codes.ts";
import { randomFrom, SEED } from "../circuits/cases.ts";

/** x^8 + x^7 + x^6 + x^4 + 1, the generator of the BCH code (15, 7, 5). */
const GENERATOR = 0b1_1101_0001;

/** The rule of bch16.json, from its words alone. */
function extendedBch(message: number): number[] {
  const bits = Array.from({ length: 15 }, (_, j) => {
    let bit = 0;
    for (let i = 0; i < 7; i++) bit ^= (message >> i) & (GENERATOR >> (j - i)) & Number(j >= i);
    return bit & 1;
  });
  return [...bits, bits.reduce((sum, bit) => sum ^ bit, 0)].map((bit) => 1 - 2 * bit);
}

describe("the code bch16", () => {
  const { words } = readCode("bch16");

  it("is what its rule gives", () => {
    expect(words).toEqual(Array.from({ length: 128 }, (_, k) => extendedBch(k)));
  });

  it("has words that differ in at least 6 of 16 outputs, and none longer than another", () => {
    const differences = words.flatMap((word, k) =>
      words.slice(0, k).map((other) => word.filter((value, j) => value !== other[j]).length),
    );
    expect(Math.min(...differences)).toBe(6);
    expect(isEquallyLong(words)).toBe(true);
    expect(largestEntry(words)).toBe(1);
  });

  it("gives a profile its first words", () => {
    expect(loadCode("bch16", 77, 16)).toEqual(words.slice(0, 77));
  });
});

describe("the code tetra5", () => {
  it("is the origin and four corners of a cube, of which no two are joined by an edge", () => {
    const { words } = readCode("tetra5");
    const signs = [1, -1].flatMap((x) => [1, -1].flatMap((y) => [1, -1].map((z) => [x, y, z])));
    const corners = signs.filter(([x, y, z]) => (x as number) * (y as number) * (z as number) === 1);
    expect(words).toEqual([[0, 0, 0], ...corners]);
    expect(isEquallyLong(words)).toBe(false);
  });
});

describe(`codes (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const codes = [
    loadCode("one-hot", 4, 4),
    loadCode("tetra5", 5, 3),
    loadCode("bch16", 77, 16),
    [
      [0, 1],
      [7, -3],
      [2, 2],
      [-1, 0],
    ],
  ];

  it("answer with the nearest word, of several the first", () => {
    for (const code of codes) {
      for (let run = 0; run < 50; run++) {
        // Scores of 8 bits with 2^4 for 1: ties happen.
        const scores = random.list((code[0] as readonly number[]).length, 8);
        const distances = code.map((word) =>
          word.reduce((sum, value, j) => sum + (BigInt(value * 16) - (scores[j] as bigint)) ** 2n, 0n),
        );
        const nearest = distances.findIndex((one) => distances.every((other) => one <= other));
        expect(bestClass(scores, code, 4)).toBe(nearest);
      }
    }
  });

  it("answer one-hot with the largest score: fits are the scores", () => {
    expect(codeFits([3n, -5n, 7n], loadCode("one-hot", 3, 3), 28)).toEqual([3n, -5n, 7n]);
    expect(bestClass([7n, -5n, 7n], loadCode("one-hot", 3, 3), 28)).toBe(0);
  });

  it("bound the lead of any word over any other, and are not far above it", () => {
    for (const code of codes) {
      const bound = 1000n;
      const limit = leadBound(code, 4, bound);
      let widest = 0n;
      for (const [k, word] of code.entries()) {
        for (const other of code) {
          // The scores at which word leads other by most.
          const scores = word.map((value, j) => (value > (other[j] as number) ? bound : -bound));
          const fits = codeFits(scores, code, 4);
          const lead = (fits[k] as bigint) - (fits[code.indexOf(other)] as bigint);
          if (lead > widest) widest = lead;
        }
      }
      expect(widest <= limit).toBe(true);
      expect(widest * 3n > limit).toBe(true);
    }
  });

  it("are refused when they are missing, too small, or of another size", () => {
    expect(() => loadCode("no-such-code", 3, 3)).toThrow(CodeError);
    expect(() => loadCode("../circuits", 3, 3)).toThrow(/small letters/);
    expect(() => loadCode("bch16", 129, 16)).toThrow(/has 128 words, not 129/);
    expect(() => loadCode("bch16", 77, 10)).toThrow(/another length/);
    expect(() => loadCode("one-hot", 5, 3)).toThrow(/an output a class/);
    expect(() => wordOf(loadCode("one-hot", 3, 3), 3)).toThrow(/no class 3/);
  });
});
