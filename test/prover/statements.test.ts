import { describe, expect, it } from "vitest";
import { FIELD, FieldElementError } from "../../prover/field.ts";
import { CIRCUIT_NAMES, loadProfile } from "../../prover/profile.ts";
import {
  parsePublicSignals,
  publicCount,
  publicSignals,
  type Statement,
  StatementsShapeError,
} from "../../prover/statements.ts";

const profile = loadProfile("tiny");
const statements: Statement[] = [
  {
    circuit: "inference",
    context: 1n,
    commitW: 2n,
    commitQIn: 3n,
    commitQOut: 4n,
    receiptsRoot: 5n,
    feeTotal: 6n,
  },
  { circuit: "adjoint", commitA: 1n, commitQ: 2n, commitY: 3n, lambda: 4n },
  { circuit: "weights", commitY: 1n, commitG: [2n, 3n], w: [4n, 5n] },
];

describe("statements", () => {
  it("list their public signals in one order, and read them back", () => {
    for (const statement of statements) {
      const signals = publicSignals(statement, profile);
      expect(signals).toEqual(signals.map((_, i) => BigInt(i + 1)));
      expect(signals.length).toBe(publicCount(statement.circuit, profile));
      expect(parsePublicSignals(statement.circuit, signals, profile)).toEqual(statement);
    }
  });

  it("refuse a list that lost or gained a signal", () => {
    for (const circuit of CIRCUIT_NAMES) {
      const count = publicCount(circuit, profile);
      for (const length of [0, count - 1, count + 1]) {
        const signals = new Array<bigint>(length).fill(0n);
        expect(() => parsePublicSignals(circuit, signals, profile)).toThrow(StatementsShapeError);
      }
    }
  });

  it("refuse a group that is not padded, or whose lists differ in length", () => {
    const unpadded = { circuit: "weights", commitY: 1n, commitG: [2n], w: [4n] } as const;
    const uneven = { circuit: "weights", commitY: 1n, commitG: [2n, 3n, 4n], w: [5n] } as const;
    for (const statement of [unpadded, uneven]) {
      expect(() => publicSignals(statement, profile)).toThrow(StatementsShapeError);
    }
  });

  it("refuse values that are not canonical field elements", () => {
    for (const bad of [FIELD, -1n, FIELD + 1n]) {
      expect(() =>
        publicSignals({ circuit: "adjoint", commitA: 1n, commitQ: 2n, commitY: 3n, lambda: bad }, profile),
      ).toThrow(FieldElementError);
      expect(() => parsePublicSignals("adjoint", [1n, 2n, bad, 3n], profile)).toThrow(FieldElementError);
    }
  });
});
