import { beforeAll, describe, expect, it } from "vitest";
import { residual, triangleIndex } from "../../prover/algebra.ts";
import { FIELD, toField } from "../../prover/field.ts";
import { loadProfile } from "../../prover/profile.ts";
import { publicSignals } from "../../prover/statements.ts";
import { type AdjointInputs, adjointWitness, type CircuitInput } from "../../prover/witness.ts";
import { adjointCase, randomFrom, SEED } from "./cases.ts";
import { accepts, type Bench, expectOnly, openCircuit, patch, prove, refusals } from "./harness.ts";
import { looseWires, violations } from "./system.ts";

const profile = loadProfile("tiny");
const { d, m } = profile;
const OWN_PUBLICS = { commitA: "main.openedA", commitQ: "main.openedQ", commitY: "main.openedY" };

/** The row whose diagonal entry of A is largest: a step of Y there moves R most in that same row. */
function steepestRow({ a }: AdjointInputs): number {
  const diagonal = Array.from({ length: d }, (_, i) => a[triangleIndex(i, i, d)] as bigint);
  return diagonal.findIndex((value) => diagonal.every((other) => value >= other));
}

/** The input with Y changed by `by` in column 1 of the steepest row, and R as it was or as it has to be. */
function withOtherY(input: CircuitInput, inputs: AdjointInputs, by: bigint, newR: boolean): CircuitInput {
  const row = steepestRow(inputs);
  const y = inputs.y.map((value, i) => (i === row * m + 1 ? value + by : value));
  const edits: Record<string, bigint> = { [`y[${row}][1]`]: toField(y[row * m + 1] as bigint) };
  if (newR) {
    const r = residual(inputs.a, inputs.lambda, y, inputs.q, profile);
    r.forEach((value, i) => {
      edits[`r[${Math.floor(i / m)}][${i % m}]`] = toField(value);
    });
  }
  return patch(input, edits);
}

describe(`adjoint (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const inputs = adjointCase(random, profile);
  const { statement, input, r } = adjointWitness(inputs);
  let circuit: Bench;
  const refused = (forged: CircuitInput, publish: Record<string, string> = OWN_PUBLICS) =>
    refusals(circuit, { input: forged, publish });

  beforeAll(async () => {
    circuit = await openCircuit("tiny", "adjoint");
  });

  it("has exactly this many rows", () => {
    expect(circuit.artifact.rows).toBe(3829);
    expect(circuit.artifact.publicCount).toBe(4);
  });

  it("accepts honest solutions, at the same publics as TypeScript", async () => {
    for (const lambda of [1n, 1000n, (1n << 32n) - 1n]) {
      const honest = adjointWitness(adjointCase(random, profile, lambda));
      const witness = await prove(circuit, honest.input);
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(witness.slice(1, 5)).toEqual(
        publicSignals({ circuit: "adjoint", ...honest.statement }, profile),
      );
    }
  });

  it("accepts twice the largest honest residual: all of A at its bound, Y off by one", async () => {
    // A row of R is then (d·max A + λ)·1, twice what rounding by a half leaves, and still in range.
    const top = (1n << 30n) - 1n;
    const a = new Array<bigint>((d * (d + 1)) / 2).fill(top);
    const y = new Array<bigint>(d * m).fill(1n);
    const q = new Array<bigint>(d * m).fill(0n);
    const lambda = (1n << 32n) - 1n;
    const honest = adjointWitness({ ...inputs, a, y, q, lambda });
    expect(honest.r[0]).toBe(BigInt(d) * top + lambda);
    expect(await accepts(circuit, honest.input)).toBe(true);
  });

  it("rejects every public input that is off by one", async () => {
    for (const [name, value] of Object.entries(statement)) {
      expect(await accepts(circuit, patch(input, { [name]: (value + 1n) % FIELD })), name).toBe(false);
    }
  });

  it("leaves no wire loose: none can be changed on its own", async () => {
    expect(looseWires(circuit.system, await prove(circuit, input))).toEqual([]);
  });

  describe("refuses the forged witness of", () => {
    it("an honest prover not at all (so that what follows is about the forgery)", async () => {
      expect(await refused(input)).toEqual([]);
    });

    it("a Y that is off by one, with R unchanged: the identity refuses", async () => {
      for (const by of [1n, -1n]) {
        const found = await refused(withOtherY(input, inputs, by, false));
        expect(found.length).toBe(d);
        expectOnly(found, /^main\.r\[\d\]\[1\]$/);
      }
    });

    it("a Y beyond the residual bound, with the R that belongs to it: the range refuses", async () => {
      const row = steepestRow(inputs);
      const slope = (inputs.a[triangleIndex(row, row, d)] as bigint) + inputs.lambda;
      const limit = 1n << BigInt(profile.rBits - 1);
      const largest = (limit - 1n - (r[row * m + 1] as bigint)) / slope; // the last step that stays in range
      expect(await refused(withOtherY(input, inputs, largest, true))).toEqual([]); // this freedom is granted
      const found = await refused(withOtherY(input, inputs, largest + 1n, true));
      expect(found.length).toBe(1);
      expectOnly(found, new RegExp(`^main\\.r\\[${row}\\]\\[1\\]$`));
    });

    it("a Y that is off by one beyond the residual bound", async () => {
      // With λ near 2^32 one step of Y moves R by almost 2^32: the seventh is granted, the ninth is not.
      const steep = adjointCase(random, profile, (1n << 32n) - 1n);
      const honest = adjointWitness(steep);
      expect(await refused(withOtherY(honest.input, steep, 7n, true))).toEqual([]);
      for (const by of [9n, -9n]) {
        const found = await refused(withOtherY(honest.input, steep, by, true));
        expect(found.length).toBe(1);
        expectOnly(found, new RegExp(`^main\\.r\\[${steepestRow(steep)}\\]\\[1\\]$`));
      }
    });

    it("another A, Q or Y than the committed", async () => {
      const others = { commitA: "saltA", commitQ: "saltQ", commitY: "saltY" } as const;
      for (const [commit, salt] of Object.entries(others)) {
        const publish = Object.fromEntries(Object.entries(OWN_PUBLICS).filter(([name]) => name !== commit));
        expectOnly(await refused(patch(input, { [salt]: 1n }), publish), new RegExp(`^main\\.${commit}$`));
      }
      const { commitQ: _, ...rest } = OWN_PUBLICS;
      const found = await refused(patch(input, { "q[0][0]": toField((inputs.q[0] as bigint) + 1n) }), rest);
      expectOnly(found, /^main\.(commitQ|q\[0\]\[0\])$/);
    });

    it("another λ", async () => {
      const found = await refused(patch(input, { lambda: statement.lambda + 1n }));
      expectOnly(found, /^main\.r\[\d\]\[\d\]$/);
    });

    it("a λ out of its range", async () => {
      const zero = { ...inputs, y: inputs.y.map(() => 0n), q: inputs.q.map(() => 0n) };
      const found = await refused(patch(adjointWitness(zero).input, { lambda: 1n << 32n }));
      expect(found.length).toBe(1);
      expectOnly(found, /^main\.lambda$/);
    });

    it("entries of A, Q or Y out of their range", async () => {
      const cases = [
        ["a[9]", 1n << 30n, /^main\.CommitSigned#\d\.PackSigned#0\.SignedRange#0\[9\]/],
        ["a[0]", FIELD - (1n << 30n) - 1n, /^main\.CommitSigned#\d\.PackSigned#0\.SignedRange#0\[0\]/],
        ["q[3][2]", 1n << 31n, /^main\.CommitSigned#\d\.PackSigned#0\.SignedRange#0\[11\]/],
        ["y[3][2]", 1n << 55n, /^main\.CommitSigned#\d\.PackSigned#0\.SignedRange#0\[11\]/],
      ] as const;
      for (const [place, value, guard] of cases) {
        const found = await refused(patch(input, { [place]: value }));
        expect(
          found.some(({ signals }) => signals.some((signal) => guard.test(signal))),
          place,
        ).toBe(true);
      }
    });
  });
});
