import { describe, expect, it } from "vitest";
import { assemble } from "../../../prover/fast/assembler.ts";
import { extensionProduct } from "../../../prover/fast/extension.ts";
import {
  LIMB_BITS,
  LIMBS,
  limbFunctions,
  limbsOf,
  MONTGOMERY_BITS,
  VALUE_BYTES,
} from "../../../prover/fast/limbs.ts";
import { BASE_FIELD as p } from "../../../prover/groth16.ts";
import { drawFrom } from "./draw.ts";

type Pair = readonly [bigint, bigint];

const memory = new WebAssembly.Memory({ initial: 1 });
const source = [...limbFunctions("q", p), extensionProduct("mul", p)];
const call = new WebAssembly.Instance(new WebAssembly.Module(assemble(source)), { env: { memory } })
  .exports as Record<string, (...operands: number[]) => number>;
const words = new Int32Array(memory.buffer);
const draw = drawFrom("extension");
const R = 1n << MONTGOMERY_BITS;
const [OUT, A, B, C] = [64, 192, 320, 448];

const read = (address: number): bigint => {
  const limbs = [...words.subarray(address / 4, address / 4 + LIMBS)];
  return limbs.reduceRight((sum, limb) => (sum << LIMB_BITS) + BigInt(limb), 0n);
};
const put = (address: number, [low, high]: Pair): void => {
  words.set(limbsOf(low), address / 4);
  words.set(limbsOf(high), (address + VALUE_BYTES) / 4);
};
const pair = (address: number): Pair => [read(address), read(address + VALUE_BYTES)];

/** The product of what stands at A and B, wherever it goes. */
function check(): void {
  const [a0, a1] = pair(A);
  const [b0, b1] = pair(B);
  const saved = words.slice();
  for (const out of [OUT, A, B]) {
    words.set(saved);
    call.mul?.(out, A, B);
    for (let i = 0; i < 2 * LIMBS; i++) {
      const limb = words[out / 4 + i] as number;
      expect(limb >= 0 && limb < 2 ** Number(LIMB_BITS)).toBe(true);
    }
    const [c0, c1] = pair(out);
    expect((c0 * R - (a0 * b0 - a1 * b1)) % p).toBe(0n);
    expect((c1 * R - (a0 * b1 + a1 * b0)) % p).toBe(0n);
    expect(c0 < 3n * p && c1 < 2n * p).toBe(true);
  }
  words.set(saved);
}

describe("the product in the quadratic extension", () => {
  it(`is exact for random values and at the edges (seed ${draw.seed})`, () => {
    const edges = [0n, 1n, p - 1n, p, 2n * p, 3n * p - 1n];
    const values = [...edges, ...Array.from({ length: 6 }, () => draw.below(3n * p))];
    for (const a0 of values)
      for (const b1 of values) {
        put(A, [a0, draw.below(3n * p)]);
        put(B, [draw.below(3n * p), b1]);
        check();
      }
  });

  it("takes a gap for either operand", () => {
    for (let i = 0; i < 50; i++) {
      const value = (): Pair => [draw.below(p), draw.below(p)];
      for (const [gap, other] of [
        [A, B],
        [B, A],
      ] as const) {
        put(C, value());
        put(OUT, value());
        for (const part of [0, VALUE_BYTES]) call.q_gap?.(gap + part, C + part, OUT + part);
        put(other, [draw.below(3n * p), draw.below(3n * p)]);
        check();
      }
    }
  });

  it("does not overflow when limbs are as large as they can be", () => {
    // The last limb is what a value of 3p has; all others are full: of a gap three times as large.
    const last = Number((3n * p) >> (LIMB_BITS * BigInt(LIMBS - 1))) - 2;
    const limbs = (times: number): number[] => [
      ...Array<number>(LIMBS - 1).fill(times * (2 ** Number(LIMB_BITS) - 1)),
      last,
    ];
    const [none, full, gap] = [Array<number>(LIMBS).fill(0), limbs(1), limbs(3)];
    const choices = [none, full, gap];
    for (const [a0, a1] of [
      [full, full],
      [full, none],
      [none, full],
    ] as const) {
      for (const b0 of choices)
        for (const b1 of choices)
          for (const [first, second] of [
            [A, B],
            [B, A],
          ] as const) {
            words.set([...a0, ...a1], first / 4);
            words.set([...b0, ...b1], second / 4);
            check();
          }
    }
  });
});

describe("differences", () => {
  const near = [0n, 1n, p - 1n, p, (1n << 232n) - 1n, 1n << 232n];
  const values = (limit: bigint): bigint[] => [
    ...near,
    limit - 1n,
    ...Array.from({ length: 12 }, () => draw.below(limit)),
  ];
  const put1 = (address: number, value: bigint): void => words.set(limbsOf(value), address / 4);

  it("that are not carried are right, with no limb below zero or too large", () => {
    for (const a of [...near, ...values(p)].filter((v) => v <= p))
      for (const b of near.filter((v) => v <= p)) {
        put1(A, a);
        put1(B, b);
        call.q_gap?.(OUT, A, B);
        expect(read(OUT)).toBe(a - b + 2n * p);
        const limbs = [...words.subarray(OUT / 4, OUT / 4 + LIMBS)];
        expect(limbs.every((limb) => limb >= 0 && limb < 3 * 2 ** Number(LIMB_BITS))).toBe(true);
      }
  });

  it("that are reduced have the one representation", () => {
    const residue = (v: bigint): bigint => ((v % p) + p) % p;
    for (const [one, two, first, second] of [
      ["q_drop", "q_drop2", 3n * p, 2n * p],
      ["q_drop8", "q_drop2_8", 7n * p, 6n * p],
    ] as const) {
      for (const b of values(p)) {
        for (const a of values(first)) {
          put1(A, a);
          put1(B, b);
          call[one]?.(OUT, A, B);
          expect(read(OUT)).toBe(residue(a - b));
        }
        for (const a of values(second)) {
          const c = draw.below(p + 1n);
          put1(A, a);
          put1(B, b);
          put1(C, c);
          call[two]?.(OUT, A, B, C);
          expect(read(OUT)).toBe(residue(a - b - c));
          call[two]?.(OUT, A, B, B);
          expect(read(OUT)).toBe(residue(a - 2n * b));
        }
      }
    }
  });
});
