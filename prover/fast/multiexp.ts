/**
 * Sums of multiples, Σ k_i·P_i, of many points: Pippenger's method with affine additions in batches.
 *
 * A scalar is cut into signed digits of c bits, k = Σ_w d_w·2^(cw) with |d_w| <= 2^(c−1). For every window w,
 * points go into buckets by |d_w|, with their sign; a bucket's points are added up in pairs, all buckets at
 * once, and again until one is left (points.ts: additions that share a division). Then Σ_b b·B_b, for all
 * windows at once: with weights counted from zero, Σ b·T_b is 2^j·(sum of the upper half) plus the same for
 * (lower half + upper half), and every step of it is a batch of independent additions again.
 *
 * Circuits' wires are mostly bits and small numbers of either sign: points with a zero scalar, and points at
 * infinity, are left out at the start; a short scalar has no digits in the high windows; and one just below
 * the order, which stands for a small negative number, is taken as that.
 */

import { isLarge, SCALAR_WORDS, signedDigits, windowBits, windowCount } from "./digits.ts";
import type { Kernel } from "./kernel.ts";
import { VALUE_BYTES } from "./limbs.ts";
import { ENTRY_BYTES } from "./points.ts";

/** A point that counts 2^`bit` times, as coordinates in memory. */
export type Term = { readonly bit: number; readonly address: number };

/** Additions that share a division: enough to make it cheap, few enough to stay in a processor's cache. */
const BATCH = 4096;

/**
 * Prepares Σ k_i·P_i; the sum of all terms is the result. They stay in memory that the caller scopes.
 *
 * @param points affine points as in a zkey, 64 or 128 bytes each
 * @param scalars as many, 32 bytes little-endian each, below r
 * @param factor address of 2^266 mod q, which turns the file's Montgomery form into this one
 */
export function multiexp(
  kernel: Kernel,
  group: "g1" | "g2",
  points: Uint8Array,
  scalars: Uint8Array,
  factor: number,
): Term[] {
  const values = group === "g1" ? 2 : 4;
  const size = values * VALUE_BYTES;
  const words = new Uint32Array(scalars.buffer, scalars.byteOffset, scalars.byteLength / 4);
  const active = activeIndices(words, points, 32 * values);
  const large = active.reduce((sum, i) => sum + (isLarge(words, i) ? 1 : 0), 0);
  const bits = windowBits(large + 1);
  const [windows, half] = [windowCount(bits), 2 ** (bits - 1)];

  const bases = loadPoints(kernel, points, active, values, factor);
  const digits = signedDigits(words, active, bits, windows);
  const table = kernel.alloc(windows * half * size);
  kernel.bytes().fill(0, table, table + windows * half * size);
  const add = adder(kernel, group, size);
  kernel.scoped(() => {
    const sums = kernel.alloc(active.length * size);
    for (let w = 0; w < windows; w++) {
      const own = digits.subarray(w * active.length, (w + 1) * active.length);
      fillBuckets({ add, digits: own, half, bases, sums, buckets: table + w * half * size, size });
    }
  });
  return collapse(add, table, windows, bits, size);
}

/** Indices with a scalar and a point that are not zero. */
function activeIndices(words: Uint32Array, points: Uint8Array, pointBytes: number): Uint32Array {
  const count = words.length / SCALAR_WORDS;
  const active = new Uint32Array(count);
  // No point has y = 0; y is in the second half. Views need a multiple of four, files give none.
  const aligned = points.byteOffset % 4 === 0 ? points : new Uint8Array(points);
  const coordinates = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  const stride = pointBytes / 4;
  let found = 0;
  for (let i = 0; i < count; i++) {
    let scalar = 0;
    for (let k = 0; k < SCALAR_WORDS; k++) scalar |= words[i * SCALAR_WORDS + k] as number;
    if (scalar === 0) continue;
    let y = 0;
    for (let k = stride / 2; k < stride; k++) y |= coordinates[i * stride + k] as number;
    if (y !== 0) active[found++] = i;
  }
  return active.subarray(0, found);
}

function loadPoints(
  kernel: Kernel,
  points: Uint8Array,
  active: Uint32Array,
  values: number,
  factor: number,
): number {
  const bytes = 32 * values;
  const bases = kernel.alloc(active.length * values * VALUE_BYTES);
  kernel.scoped(() => {
    const staged = kernel.alloc(active.length * bytes);
    const memory = kernel.bytes();
    for (const [at, i] of active.entries())
      memory.set(points.subarray(i * bytes, (i + 1) * bytes), staged + at * bytes);
    kernel.call.q_scale(bases, staged, active.length * values, factor, 1);
  });
  return bases;
}

type Adder = {
  /** Queues `out = a + b`; an operand is an address, plus one for its negative. */
  readonly push: (a: number, b: number, out: number) => void;
  /** Does what is queued. No queued addition may need another one's result. */
  readonly run: () => void;
};

function adder(kernel: Kernel, group: "g1" | "g2", size: number): Adder {
  const list = kernel.alloc(BATCH * ENTRY_BYTES);
  // Two field elements, as large as a point, for each addition, and the product of all.
  const scratch = kernel.alloc((BATCH + 1) * size);
  const { call } = kernel;
  const [prepare, invert, finish] =
    group === "g1"
      ? [call.g1_prepare, call.q_inverse, call.g1_finish]
      : [call.g2_prepare, call.q2_inverse, call.g2_finish];
  let count = 0;
  const run = (): void => {
    if (count === 0) return;
    const [listEnd, scratchEnd] = [list + count * ENTRY_BYTES, scratch + count * size];
    kernel.bytes().copyWithin(scratch, kernel.places.one, kernel.places.one + size / 2);
    prepare(list, count, scratch);
    invert(scratchEnd, scratchEnd);
    finish(listEnd, count, scratchEnd);
    count = 0;
  };
  return {
    push: (a, b, out) => {
      const words = kernel.words();
      const at = list / 4 + count * (ENTRY_BYTES / 4);
      words[at] = a;
      words[at + 1] = b;
      words[at + 2] = out;
      if (++count === BATCH) run();
    },
    run,
  };
}

/** Adds up every bucket of one window. */
function fillBuckets(of: {
  readonly add: Adder;
  readonly digits: Int32Array;
  readonly half: number;
  readonly bases: number;
  /** Room for as many points as there are digits. */
  readonly sums: number;
  readonly buckets: number;
  readonly size: number;
}): void {
  const { add, digits, half, bases, sums, buckets, size } = of;
  let [starts, entries] = sorted(digits, half, bases, size);
  let free = sums;
  // One round halves every bucket; the last addition of a bucket puts its sum in place.
  for (let longest = Number.POSITIVE_INFINITY; longest > 1; ) {
    longest = 0;
    const next = new Int32Array(half + 1);
    let kept = 0;
    for (let bucket = 0; bucket < half; bucket++) {
      const [from, to] = [starts[bucket] as number, starts[bucket + 1] as number];
      next[bucket] = kept;
      const place = buckets + bucket * size;
      if (to - from === 1) add.push(entries[from] as number, place, place); // place is zero, and neutral
      if (to - from === 2) add.push(entries[from] as number, entries[from + 1] as number, place);
      if (to - from <= 2) continue;
      for (let i = from; i + 1 < to; i += 2) {
        add.push(entries[i] as number, entries[i + 1] as number, free);
        entries[kept++] = free;
        free += size;
      }
      if ((to - from) % 2 === 1) entries[kept++] = entries[to - 1] as number;
      longest = Math.max(longest, kept - (next[bucket] as number));
    }
    next[half] = kept;
    add.run();
    starts = next;
    entries = entries.subarray(0, kept);
  }
}

/** Points by bucket: where each bucket starts, and addresses with their signs. */
function sorted(
  digits: Int32Array,
  half: number,
  bases: number,
  size: number,
): [starts: Int32Array, entries: Int32Array] {
  const starts = new Int32Array(half + 1);
  for (let i = 0; i < digits.length; i++) {
    const bucket = Math.abs(digits[i] as number);
    if (bucket !== 0) (starts[bucket] as number)++;
  }
  for (let b = 0; b < half; b++) (starts[b + 1] as number) += starts[b] as number;
  const entries = new Int32Array(starts[half] as number);
  const filled = starts.slice();
  for (let i = 0; i < digits.length; i++) {
    const digit = digits[i] as number;
    if (digit === 0) continue;
    const bucket = Math.abs(digit) - 1;
    const at = filled[bucket] as number;
    entries[at] = bases + i * size + (digit < 0 ? 1 : 0);
    filled[bucket] = at + 1;
  }
  return [starts, entries];
}

/** Σ (b + 1)·T_b of every window, as terms. */
function collapse(add: Adder, table: number, windows: number, bits: number, size: number): Term[] {
  const half = 2 ** (bits - 1);
  const at = (w: number, b: number): number => table + (w * half + b) * size;
  const fold = (from: number, length: number, w: number): void => {
    for (let b = 0; b < length; b++) add.push(at(w, from + b), at(w, from + length + b), at(w, from + b));
  };
  // Upper halves onto lower ones, down to one; the upper halves stay where they are …
  for (let length = half / 2; length >= 1; length /= 2) {
    for (let w = 0; w < windows; w++) fold(0, length, w);
    add.run();
  }
  // … and are then summed up, each to its own first place, all at once.
  for (let parts = 2; parts < half; parts *= 2) {
    for (let w = 0; w < windows; w++)
      for (let start = parts; start < half; start *= 2) fold(start, start / parts, w);
    add.run();
  }
  const terms: Term[] = [];
  for (let w = 0; w < windows; w++) {
    terms.push({ bit: w * bits, address: at(w, 0) });
    for (let j = 0; j < bits - 1; j++) terms.push({ bit: w * bits + j, address: at(w, 2 ** j) });
  }
  return terms;
}
