/**
 * A grey picture as a PNG in a data URI, so that the page needs no second file (PNG specification, third
 * edition; colour type 4, grey with alpha). The ink is black and its strength is the alpha channel: the same
 * bytes lie on a white page and, inverted by the style sheet, on a dark one. Filter type 0 everywhere;
 * pictures of a few hundred pixels gain nothing from better ones.
 */
import { crc32, deflateSync } from "node:zlib";
import type { PictureFacts } from "./data.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const MAX_PIXELS = 1 << 20;

/**
 * The picture as `data:image/png;base64,…`. Throws {@link PictureSizeError} if the pixels do not fit the
 * size.
 */
export function pictureUri(picture: PictureFacts): string {
  const { width, height } = picture;
  const pixels = Buffer.from(picture.pixels, "base64");
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!whole || width * height > MAX_PIXELS || pixels.length !== width * height) {
    throw new PictureSizeError(width, height, pixels.length);
  }
  const stride = 1 + 2 * width;
  const scanlines = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      scanlines[y * stride + 2 + 2 * x] = pixels[y * width + x] ?? 0;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 4, 0, 0, 0], 8);
  const file = Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(scanlines, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return `data:image/png;base64,${file.toString("base64")}`;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

/** A picture whose pixels are not width times height, or that is far too large for a report. */
export class PictureSizeError extends Error {
  override readonly name = "Picture.Size";
  constructor(width: number, height: number, length: number) {
    super(
      `A picture of ${width} by ${height} with ${length} bytes cannot be shown. ` +
        `Give one byte a pixel, base64, at most ${MAX_PIXELS} pixels, or leave the picture out.`,
    );
  }
}
