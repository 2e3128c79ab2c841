// The one JSON text of a value, which browsers write and read as Node does.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical, parsePlain } from "../../pipeline/plain.ts";

describe("plain values", () => {
  it("come back from their text, bytes of every length among them", () => {
    const lengths = [0, 1, 2, 3, 4, 24_575, 24_576, 24_577, 100_001];
    for (const length of lengths) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
      const text = canonical(bytes);
      expect(text).toBe(`{"$b":"${Buffer.from(bytes).toString("base64")}"}`);
      expect(parsePlain(text)).toEqual(bytes);
    }
    fc.assert(
      fc.property(fc.uint8Array(), fc.bigInt(), fc.string(), (bytes, number, text) => {
        const value = { text, number, list: [bytes, null, true, 1.5] };
        expect(parsePlain(canonical(value))).toEqual(value);
      }),
    );
  });

  it("take a view of bytes for those bytes alone, and refuse what is no base64", () => {
    const view = Uint8Array.from([1, 2, 3, 4]).subarray(1, 3);
    expect(canonical(view)).toBe('{"$b":"AgM="}');
    expect(canonical(new Int8Array([-1]))).toBe('{"$b":"/w=="}');
    expect(() => parsePlain('{"$b":"*"}')).toThrow();
  });
});
