import { beforeAll, describe, expect, it } from "vitest";
import type { Curve } from "../../../prover/engine/curve.ts";
import { openWorkshop, type Sums } from "../../../prover/fast/sums.ts";
import { FIELD } from "../../../prover/field.ts";
import { drawFrom } from "./draw.ts";

let curve: Curve;
let sums: Sums;
const draw = drawFrom("multiexp");
beforeAll(async () => {
  ({ curve, sums } = await openWorkshop());
});

const bytesOf = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
const concatenated = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

describe.each(["g1", "g2"] as const)("sums of multiples in %s", (name) => {
  const group = (): Curve["G1"] => (name === "g1" ? curve.G1 : curve.G2);
  const size = name === "g1" ? 64 : 128;
  const point = (k: bigint): Uint8Array => group().toAffine(group().timesScalar(group().gAffine, bytesOf(k)));
  /** Points are known multiples of the generator, so that the sum is one multiple too. */
  function check(multiples: readonly bigint[], scalars: readonly bigint[]): void {
    const points = concatenated(multiples.map((k) => (k === 0n ? new Uint8Array(size) : point(k))));
    const sum = sums(name, points, concatenated(scalars.map(bytesOf)));
    const total = multiples.reduce((acc, k, i) => (acc + k * (scalars[i] as bigint)) % FIELD, 0n);
    const expected = total === 0n ? group().zero : point(total);
    expect(group().toObject(group().toAffine(sum))).toEqual(group().toObject(group().toAffine(expected)));
  }

  it(`of random points and scalars, and of one (seed ${draw.seed})`, () => {
    for (const count of [1, 2, 3, 7, 40]) {
      const random = (): bigint[] => Array.from({ length: count }, () => draw.below(FIELD));
      check(random(), random());
    }
  });

  it("of scalars at their edges", () => {
    const edges = [0n, 1n, 2n, FIELD - 1n, FIELD - 2n, (FIELD - 1n) / 2n, (1n << 253n) - 1n, 1n << 253n];
    for (const scalar of edges) check([draw.below(FIELD)], [scalar]);
    for (let bits = 1n; bits < 254n; bits += 13n) check([5n, 7n], [(1n << bits) - 1n, 1n << bits]);
    check(
      edges.map(() => draw.below(FIELD)),
      edges,
    );
  });

  it("of small negative numbers, and of those that are just too large to be taken for one", () => {
    const half = 1n << 128n;
    const upper = (FIELD >> 128n) << 128n;
    const near = [1n, 2n, 77n, half - 1n, half, half + 1n, FIELD - upper, FIELD - upper + 1n].map(
      (k) => FIELD - k,
    );
    for (const scalar of near) check([draw.below(FIELD)], [scalar]);
    const all = [...near, ...near.map((k) => FIELD - k)];
    check(
      all.map(() => draw.below(FIELD)),
      all,
    );
  });

  it("of equal, opposite and infinite points in one bucket", () => {
    const k = draw.below(FIELD);
    check([k, k], [1n, 1n]);
    check([k, k, k, k, k], [1n, 1n, 1n, 1n, 1n]);
    check([k, FIELD - k], [1n, 1n]);
    check([k, k], [3n, FIELD - 3n]);
    check([k, FIELD - k, k, k, FIELD - k, FIELD - k, 1n], [1n, 1n, 1n, 1n, 1n, 1n, 1n]);
    check([0n, k, 0n], [5n, 1n, 1n]);
    check([0n, 0n], [1n, 2n]);
    check([k], [0n]);
    check([2n * k, k, k], [1n, 1n, 1n]);
  });

  it("of many scalars that are bits, as witnesses have them", () => {
    const scalars = Array.from({ length: 300 }, (_, i) => (i % 7 === 0 ? draw.below(FIELD) : BigInt(i % 2)));
    const few = Array.from({ length: 5 }, () => draw.below(FIELD));
    check(
      scalars.map((_, i) => few[i % few.length] as bigint),
      scalars,
    );
  });

  it("as the reference has them, for as many as take wide windows", () => {
    const few = Array.from({ length: 16 }, () => point(draw.below(FIELD)));
    const points = concatenated(Array.from({ length: 6000 }, (_, i) => few[i % 16] as Uint8Array));
    const scalars = Array.from({ length: 6000 }, () => draw.below(FIELD));
    const sum = sums(name, points, concatenated(scalars.map(bytesOf)));
    let expected = group().zero;
    for (let j = 0; j < 16; j++) {
      const weight = scalars.reduce((acc, k, i) => (i % 16 === j ? (acc + k) % FIELD : acc), 0n);
      expected = group().add(expected, group().timesScalar(few[j] as Uint8Array, bytesOf(weight)));
    }
    expect(group().toObject(group().toAffine(sum))).toEqual(group().toObject(group().toAffine(expected)));
  });
});
