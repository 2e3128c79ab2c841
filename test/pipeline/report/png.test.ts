// The encoder is ours, so it is checked against the format itself: signature, chunk order, checksums, and the
// pixels that come back out of the compressed stream.

import { crc32, inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { PictureSizeError, pictureUri } from "../../../pipeline/report/png.ts";

function chunksOf(uri: string): readonly { readonly type: string; readonly data: Buffer }[] {
  const file = Buffer.from(uri.slice("data:image/png;base64,".length), "base64");
  expect(file.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
  const chunks = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const data = file.subarray(at + 8, at + 8 + length);
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(file.subarray(at + 4, at + 8 + length)));
    chunks.push({ type: file.toString("latin1", at + 4, at + 8), data });
    at += 12 + length;
  }
  return chunks;
}

describe("pictureUri", () => {
  it("keeps every pixel as the strength of black ink", () => {
    const pixels = Uint8Array.from({ length: 28 * 20 }, (_, index) => (index * 37) % 256);
    const uri = pictureUri({ width: 28, height: 20, pixels: Buffer.from(pixels).toString("base64") });
    const [header, data, end, ...more] = chunksOf(uri);
    expect([header?.type, data?.type, end?.type, more.length]).toEqual(["IHDR", "IDAT", "IEND", 0]);
    expect([header?.data.readUInt32BE(0), header?.data.readUInt32BE(4)]).toEqual([28, 20]);
    expect([...(header?.data.subarray(8) ?? [])]).toEqual([8, 4, 0, 0, 0]);
    const lines = inflateSync(data?.data ?? Buffer.alloc(0));
    expect(lines).toHaveLength(20 * 57);
    for (let y = 0; y < 20; y++) {
      expect(lines[y * 57]).toBe(0);
      for (let x = 0; x < 28; x++) {
        expect(lines[y * 57 + 1 + 2 * x]).toBe(0);
        expect(lines[y * 57 + 2 + 2 * x]).toBe(pixels[y * 28 + x]);
      }
    }
  });

  it("refuses pixels that do not fit the size, and sizes that are none", () => {
    const pixels = Buffer.alloc(784).toString("base64");
    for (const [width, height] of [
      [28, 27],
      [0, 0],
      [-28, -28],
      [28.5, 27.5],
      [2 ** 20, 2 ** 20],
    ] as const) {
      expect(() => pictureUri({ width, height, pixels })).toThrow(PictureSizeError);
    }
  });
});
