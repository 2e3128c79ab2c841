import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { type CurveWasm, openCurve } from "../../../prover/engine/curve.ts";
import { FIELD } from "../../../prover/field.ts";
import { fixedBase, type Group, windowBits } from "../../../prover/keys/points.ts";
import { element } from "../../../prover/keys/zkey.ts";

/** Multiples computed one at a time by the library's own double-and-add. */
function plainly(curve: CurveWasm, group: Group, scalars: Uint8Array): Uint8Array {
  const size = group === "g1" ? 64 : 128;
  const generator = curve.put(curve.generators[group]);
  const [scalar, jacobian, affine] = [curve.alloc(32), curve.alloc(size * 1.5), curve.alloc(size)];
  const out = new Uint8Array((scalars.length / 32) * size);
  for (let i = 0; i < scalars.length / 32; i++) {
    curve.bytes(scalar, 32).set(scalars.subarray(32 * i, 32 * i + 32));
    curve.call(`${group}m_timesScalarAffine`)(generator, scalar, 32, jacobian);
    curve.call(`${group}m_toAffine`)(jacobian, affine);
    out.set(curve.bytes(affine, size), i * size);
  }
  return out;
}

describe.each(["g1", "g2"] as const)("multiples of the generator of %s", (group) => {
  let curve: CurveWasm;
  beforeAll(async () => {
    curve = await openCurve();
  });

  it.each([4, 2_000, 300_000])("equal the plain ones with the table for %i points", async (points) => {
    const seed = process.env["QUITTANCE_SEED"];
    const drawn = (index: number): string =>
      createHash("sha512").update(`${seed} ${group} ${points} ${index}`).digest("hex");
    const random = Array.from({ length: 12 }, (_, index) => BigInt(`0x${drawn(index)}`) % FIELD);
    const half = 2n ** BigInt(windowBits(points) - 1);
    const special = [
      0n,
      1n,
      2n,
      half,
      half + 1n,
      2n * half,
      FIELD - 1n,
      FIELD - 2n,
      FIELD / 2n,
      FIELD / 2n + 1n,
    ];
    const scalars = new Uint8Array(Buffer.concat([...special, ...random].map(element)));
    const table = fixedBase(await openCurve(), group, points);
    const found = Buffer.from(table(scalars, scalars.length / 32)).toString("hex");
    expect(found, `seed ${seed}: ${random}`).toBe(
      Buffer.from(plainly(curve, group, scalars)).toString("hex"),
    );
  });

  it("are exact where the sum of the lower windows meets the next table entry", async () => {
    // k = r − 2·(r mod 2^(cw)) is the one scalar for which the affine formula would divide by zero.
    const points = 2_000;
    const bits = BigInt(windowBits(points));
    const scalars: bigint[] = [];
    for (let shift = bits; shift < 254n; shift += bits) {
      const low = FIELD % (1n << shift);
      if (2n * low < FIELD) scalars.push(FIELD - 2n * low, FIELD - low, low);
    }
    const bytes = new Uint8Array(Buffer.concat(scalars.map(element)));
    const found = fixedBase(await openCurve(), group, points)(bytes, scalars.length);
    expect(Buffer.from(found).equals(Buffer.from(plainly(curve, group, bytes)))).toBe(true);
  });
});

describe("windowBits", () => {
  it("grows with the number of points", () => {
    expect([1, 100, 10_000, 1_000_000].map(windowBits)).toEqual(
      [...[1, 100, 10_000, 1_000_000].map(windowBits)].sort((a, b) => a - b),
    );
    expect(windowBits(1_000_000)).toBeGreaterThan(windowBits(100));
  });
});
