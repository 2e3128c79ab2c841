import { describe, expect, it } from "vitest";
import { FIELD, FieldElementError } from "../../prover/field.ts";
import { CIRCUIT_NAMES, circuitSource, loadProfile } from "../../prover/profile.ts";
import {
  parsePublicSignals,
  publicCount,
  publicNames,
  publicSignals,
  type Statement,
  StatementsShapeError,
} from "../../prover/statements.ts";

const profile = loadProfile("tiny");
const statements: Statement[] = [
  {
    circuit: "samples",
    rho1: 1n,
    rho2: 2n,
    rho3: 3n,
    commitV: 4n,
    root: 5n,
    count: 6n,
    g: 7n,
    a: 8n,
  },
  { circuit: "contributors", rho1: 1n, rho2: 2n, commitG: [3n, 4n], value: [5n, 6n] },
  {
    circuit: "model",
    rho1: 1n,
    rho2: 2n,
    rho3: 3n,
    commitW: 4n,
    commitA: 5n,
    commitR: 6n,
    commitV: 7n,
    bound: 8n,
    wValue: 9n,
    aValue: 10n,
    rValue: 11n,
  },
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
  { circuit: "duplicate", rootEarlier: 1n, rootLater: 2n, challenger: 3n },
  { circuit: "inclusion", context: 1n, receiptsRoot: 2n, leaf: 3n },
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

  it("are complete: one of each circuit, and their names are those of the circuits' signals", () => {
    expect(statements.map(({ circuit }) => circuit)).toEqual(CIRCUIT_NAMES);
    for (const circuit of CIRCUIT_NAMES) {
      // The manifest says `rho` and `commitG` where the list has one name an element.
      const bare = publicNames(circuit, profile).map((name) => name.replace(/\[\d+\]$/, ""));
      const isArray = circuitSource(circuit, profile).public.includes("rho");
      const names = isArray ? bare.map((name) => name.replace(/^rho\d$/, "rho")) : bare;
      expect([...new Set(names)]).toEqual(circuitSource(circuit, profile).public);
    }
    expect(publicNames("contributors", profile)).toEqual([
      "rho1",
      "rho2",
      "commitG[0]",
      "commitG[1]",
      "value[0]",
      "value[1]",
    ]);
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
    const values = {
      circuit: "contributors",
      rho1: 1n,
      rho2: 2n,
      commitG: [3n],
      value: [4n, 5n, 6n],
    } as const;
    for (const statement of [unpadded, uneven, values]) {
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
