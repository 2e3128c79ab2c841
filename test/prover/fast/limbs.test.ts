import { describe, expect, it } from "vitest";
import { assemble } from "../../../prover/fast/assembler.ts";
import {
  LIMB_BITS,
  LIMBS,
  limbFunctions,
  limbsOf,
  MONTGOMERY_BITS,
  plainFunctions,
} from "../../../prover/fast/limbs.ts";
import { FIELD } from "../../../prover/field.ts";
import { BASE_FIELD } from "../../../prover/groth16.ts";
import { drawFrom } from "./draw.ts";

/** The functions for one prime on a memory of their own, and values at addresses. */
function setUp(modulus: bigint) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(assemble([...limbFunctions("f", modulus), ...plainFunctions()]));
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const words = new Uint32Array(memory.buffer);
  return {
    call: instance.exports as Record<string, (...operands: number[]) => number>,
    bytes: new Uint8Array(memory.buffer),
    put: (address: number, value: bigint): void => words.set(limbsOf(value), address / 4),
    read: (address: number): bigint => {
      const limbs = [...words.subarray(address / 4, address / 4 + LIMBS)];
      expect(limbs.every((limb) => limb < 2 ** Number(LIMB_BITS))).toBe(true);
      return limbs.reduceRight((sum, limb) => (sum << LIMB_BITS) | BigInt(limb), 0n);
    },
  };
}

const [OUT, A, B] = [256, 64, 128];

describe.each([
  ["base", BASE_FIELD],
  ["scalar", FIELD],
])("the arithmetic of the %s field", (_, p) => {
  const { call, bytes, put, read } = setUp(p);
  const draw = drawFrom("limbs");
  const R = 1n << MONTGOMERY_BITS;
  /** The edges of [0, limit), and random values. */
  const values = (limit: bigint): bigint[] => [
    ...[0n, 1n, p - 1n, p, p + 1n, 2n * p - 1n, 2n * p, 4n * p, limit - 1n].filter((v) => v < limit),
    ...Array.from({ length: 40 }, () => draw.below(limit)),
  ];
  const pairs = (left: bigint, right: bigint): [bigint, bigint][] =>
    values(left).flatMap((a) => values(right).map((b): [bigint, bigint] => [a, b]));

  it(`multiplies to a·b/R below 2p (seed ${draw.seed})`, () => {
    for (const [a, b] of pairs(16n * p, 10n * p)) {
      put(A, a);
      put(B, b);
      call.f_mul?.(OUT, A, B);
      const product = read(OUT);
      expect(product < 2n * p).toBe(true);
      expect((product * R - a * b) % p).toBe(0n);
    }
  });

  it("adds and subtracts exactly, off by a multiple of p", () => {
    for (const [a, b] of pairs(8n * p, p + 1n)) {
      put(A, a);
      put(B, b);
      call.f_sub?.(OUT, A, B);
      expect(read(OUT)).toBe(a - b + p);
      call.f_add?.(OUT, A, B);
      expect(read(OUT)).toBe(a + b);
    }
    for (const [a, b] of pairs(8n * p, 2n * p)) {
      put(A, a);
      put(B, b);
      call.f_sub2?.(OUT, A, B);
      expect(read(OUT)).toBe(a - b + 2n * p);
    }
  });

  it("reduces to the one representation, and halves to below 2p", () => {
    for (const [name, limit] of [
      ["f_reduce", 4n],
      ["f_reduce8", 8n],
    ] as const) {
      for (const a of values(limit * p)) {
        put(A, a);
        call[name]?.(OUT, A);
        expect(read(OUT)).toBe(a % p);
      }
    }
    for (const a of values(4n * p)) {
      put(A, a);
      call.f_half?.(OUT, A);
      expect(read(OUT)).toBe(a < 2n * p ? a : a - 2n * p);
    }
  });

  it("writes the result over an operand", () => {
    const [a, b] = [draw.below(p), draw.below(p)];
    for (const name of ["f_mul", "f_add", "f_sub", "f_sub2"]) {
      put(A, a);
      put(B, b);
      call[name]?.(OUT, A, B);
      const expected = read(OUT);
      call[name]?.(A, A, B);
      expect(read(A)).toBe(expected);
      put(A, a);
      call[name]?.(B, A, B);
      expect(read(B)).toBe(expected);
    }
  });

  it("goes to and from 32 bytes, copies, and compares", () => {
    for (const a of values(p)) {
      put(A, a);
      call.pack?.(OUT, A);
      const packed = Buffer.from(bytes.slice(OUT, OUT + 32)).reverse();
      expect(BigInt(`0x${packed.toString("hex")}`)).toBe(a);
      call.unpack?.(B, OUT);
      expect(read(B)).toBe(a);
      call.copy?.(OUT, B);
      expect([call.same?.(OUT, A), call.isZero?.(A)]).toEqual([1, a === 0n ? 1 : 0]);
      for (let limb = 0; limb < LIMBS; limb++) {
        put(OUT, a ^ (1n << (LIMB_BITS * BigInt(limb))));
        expect(call.same?.(OUT, A)).toBe(0);
      }
    }
    for (let limb = 0; limb < LIMBS; limb++) {
      put(A, 1n << (LIMB_BITS * BigInt(limb)));
      expect(call.isZero?.(A)).toBe(0);
    }
  });
});
