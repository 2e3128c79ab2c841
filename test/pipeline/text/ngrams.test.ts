import { describe, expect, it } from "vitest";
import { LEVEL, NGRAMS, type NgramSpec, ngramVector } from "../../../pipeline/text/ngrams.ts";
import { randomFrom, SEED } from "../../circuits/cases.ts";

const spec: NgramSpec = { buckets: 64, shortest: 2, longest: 3 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The rule, from its words: every n-gram cut out, hashed on its own, counted in a map. */
function plainly(text: string, { buckets, shortest, longest }: NgramSpec): number[] {
  const kept = Array.from(bytes(text), (byte) => {
    const char = String.fromCharCode(byte);
    return byte >= 128 || /[a-z0-9]/i.test(char)
      ? byte < 128
        ? char.toLowerCase().charCodeAt(0)
        : byte
      : 32;
  });
  const padded = [32, ...kept, 32].filter((byte, i, all) => byte !== 32 || all[i - 1] !== 32);
  const found: number[] = [];
  for (let n = shortest; n <= longest; n++) {
    for (let i = 0; i + n <= padded.length; i++) {
      let hash = 2166136261n;
      for (const byte of padded.slice(i, i + n)) hash = ((hash ^ BigInt(byte)) * 16777619n) & 0xffffffffn;
      hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & 0xffffffffn;
      hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & 0xffffffffn;
      found.push(Number((hash >> 16n) % BigInt(buckets)));
    }
  }
  return Array.from({ length: buckets }, (_, bucket) => {
    const count = found.filter((one) => one === bucket).length;
    let root = 0;
    while ((root + 1) ** 2 <= Math.floor((LEVEL ** 2 * count) / Math.max(1, found.length))) root++;
    return Math.min(255, root);
  });
}

describe(`n-grams (seed ${SEED})`, () => {
  it("are what the rule says, on words, signs, scripts and random bytes' text", () => {
    const random = randomFrom(SEED);
    const drawn = Array.from({ length: 10 }, () =>
      String.fromCodePoint(...Array.from({ length: 30 }, () => Number(random.unsigned(10)) + 1)),
    );
    for (const text of [
      "My card!",
      "a",
      "  -- ",
      "Ärger über Ökö",
      "日本語の文",
      "x".repeat(400),
      ...drawn,
    ]) {
      for (const one of [spec, { buckets: 128, shortest: 1, longest: 5 }])
        expect([...ngramVector(bytes(text), one)], text).toEqual(plainly(text, one));
    }
  });

  it("fold ASCII's capitals, signs and spaces, and nothing else", () => {
    const of = (text: string): string => ngramVector(bytes(text), NGRAMS).join();
    expect(of("Where's my CARD?")).toBe(of("where s   my card"));
    expect(of("Ä")).not.toBe(of("ä"));
    expect(of("card")).not.toBe(of("cart"));
  });

  it("have about the same length for short and long texts", () => {
    const length = (text: string): number =>
      Math.sqrt(ngramVector(bytes(text), NGRAMS).reduce((sum, value) => sum + value * value, 0));
    const long = Array.from({ length: 60 }, (_, i) => `word${i * 7919}`).join(" ");
    for (const text of ["I am still waiting on my card?", long]) {
      expect(length(text)).toBeGreaterThan(0.9 * LEVEL);
      expect(length(text)).toBeLessThanOrEqual(LEVEL);
    }
  });

  it("are none in a text of nothing", () => {
    expect(ngramVector(new Uint8Array(), { ...NGRAMS, shortest: 3 }).every((value) => value === 0)).toBe(
      true,
    );
  });
});
