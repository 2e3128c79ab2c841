/**
 * Small distortions of grey images, so that a few thousand of them teach what many more would: a random
 * linear map near the identity, a shift of up to two pixels, bilinear in between.
 *
 *   (x, y) read at  M (x, y) + shift,   M = I + uniform(±SLANT)
 *
 * Reading backwards leaves no holes. No trigonometry: a rotation by a small angle is a slant both ways.
 */
import type { Random } from "../random.ts";

const SLANT = 0.15;
const SHIFT = 2;

/** Distorts `side × side` images. */
export type Distorter = (image: Uint8Array, random: Random, out: Uint8Array, offset: number) => void;

/** Makes a function that writes a distorted copy of an image into `out` at `offset`. */
export function distorter(side: number): Distorter {
  // A frame of black around the image, so that a stroke fades out at the edge and no pixel needs a check.
  const wide = side + 3;
  const framed = new Uint8Array(wide * wide);
  const middle = (side - 1) / 2;
  const clamp = (value: number): number => (value < -1 ? -1 : value > side ? side : value);
  return (image, random, out, offset) => {
    for (let y = 0; y < side; y++) framed.set(image.subarray(y * side, (y + 1) * side), (y + 1) * wide + 1);
    const draw = (bound: number): number => bound * (2 * random.uniform() - 1);
    const [a, b, c, d] = [1 + draw(SLANT), draw(SLANT), draw(SLANT), 1 + draw(SLANT)];
    const [right, down] = [middle + draw(SHIFT), middle + draw(SHIFT)];
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const fromX = clamp(a * (x - middle) + b * (y - middle) + right);
        const fromY = clamp(c * (x - middle) + d * (y - middle) + down);
        const left = Math.floor(fromX);
        const top = Math.floor(fromY);
        const dx = fromX - left;
        const dy = fromY - top;
        const at = (top + 1) * wide + left + 1;
        const upper = (framed[at] as number) * (1 - dx) + (framed[at + 1] as number) * dx;
        const lower = (framed[at + wide] as number) * (1 - dx) + (framed[at + wide + 1] as number) * dx;
        out[offset + y * side + x] = Math.round(upper * (1 - dy) + lower * dy);
      }
    }
  };
}
