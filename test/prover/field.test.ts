import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  assertField,
  FIELD,
  FieldElementError,
  FieldRangeError,
  fitsSigned,
  fitsUnsigned,
  fromField,
  isField,
  toField,
} from "../../prover/field.ts";

const HALF = (FIELD - 1n) / 2n;
const signed = fc.bigInt(-HALF, HALF);

describe("field", () => {
  it("stores signed integers and reads them back", () => {
    fc.assert(fc.property(signed, (value) => fromField(toField(value)) === value && isField(toField(value))));
    expect([toField(0n), toField(-1n), toField(HALF), toField(-HALF)]).toEqual([
      0n,
      FIELD - 1n,
      HALF,
      HALF + 1n,
    ]);
  });

  it("keeps sums and products of small integers", () => {
    const small = fc.bigInt(-(1n << 100n), 1n << 100n);
    fc.assert(
      fc.property(small, small, (a, b) => {
        expect(fromField((toField(a) + toField(b)) % FIELD)).toBe(a + b);
        expect(fromField((toField(a) * toField(b)) % FIELD)).toBe(a * b);
      }),
    );
  });

  it("refuses what it could not read back", () => {
    for (const value of [HALF + 1n, -HALF - 1n, FIELD]) expect(() => toField(value)).toThrow(FieldRangeError);
    for (const value of [-1n, FIELD, FIELD + 5n]) {
      expect(() => fromField(value)).toThrow(FieldElementError);
      expect(() => assertField(value, "root")).toThrow(/The root .* is not a field element/);
      expect(isField(value)).toBe(false);
    }
  });

  it("knows the edges of widths", () => {
    expect([-129n, -128n, 127n, 128n].map((value) => fitsSigned(value, 8))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect([-1n, 0n, 255n, 256n].map((value) => fitsUnsigned(value, 8))).toEqual([false, true, true, false]);
  });
});
