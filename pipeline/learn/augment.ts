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

/** Writes a distorted copy of `image` (`side × side` bytes) into `out` at `offset`. */
export function distort(
  image: Uint8Array,
  side: number,
  random: Random,
  out: Uint8Array,
  offset: number,
  strength = 1,
): void {
  const draw = (bound: number): number => bound * strength * (2 * random.uniform() - 1);
  const [a, b, c, d] = [1 + draw(SLANT), draw(SLANT), draw(SLANT), 1 + draw(SLANT)];
  const middle = (side - 1) / 2;
  const [right, down] = [middle + draw(SHIFT), middle + draw(SHIFT)];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const fromX = a * (x - middle) + b * (y - middle) + right;
      const fromY = c * (x - middle) + d * (y - middle) + down;
      out[offset + y * side + x] = bilinear(image, side, fromX, fromY);
    }
  }
}

function bilinear(image: Uint8Array, side: number, x: number, y: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  // One pixel off the edge reads as black, so that a stroke fades out in place of ending.
  if (left < -1 || top < -1 || left >= side || top >= side) return 0;
  const [dx, dy] = [x - left, y - top];
  const at = (row: number, column: number): number =>
    row < 0 || column < 0 || row >= side || column >= side ? 0 : (image[row * side + column] as number);
  const upper = at(top, left) * (1 - dx) + at(top, left + 1) * dx;
  const lower = at(top + 1, left) * (1 - dx) + at(top + 1, left + 1) * dx;
  return Math.round(upper * (1 - dy) + lower * dy);
}
