import { describe, expect, it } from "vitest";
import { FIELD } from "../../../prover/field.ts";
import { evaluateMatrix, evaluatePolynomial, evaluateRows } from "../../../prover/training.ts";
import { randomFrom, SEED } from "../cases.ts";
import { edit, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

const residues = (values: readonly bigint[]): string[] =>
  values.map((value) => ((value + FIELD) % FIELD).toString());

describe(`Polynomial (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const open = (call: string) =>
    openSource(`lib-${call.replace(/\W+/g, "-")}0`, mainOf("circuits/lib/polynomial.circom", call));

  it("takes n - 1 rows, and gives TypeScript's value at any point", async () => {
    for (const n of [2, 5]) {
      const circuit = await open(`Polynomial(${n})`);
      expect(circuit.artifact.rows).toBe(n - 1);
      for (const x of [random.unsigned(248), 0n, 1n, FIELD - 1n]) {
        const coefficients = random.list(n, 63);
        const witness = await prove(circuit, { coefficients: residues(coefficients), x: x.toString() });
        expect(violations(circuit.system, witness)).toEqual([]);
        expect(witness[1]).toBe(evaluatePolynomial(coefficients, x));
      }
    }
  });

  it("leaves no wire loose, and refuses any other value", async () => {
    const circuit = await open("Polynomial(5)");
    const input = { coefficients: residues(random.list(5, 63)), x: random.unsigned(248).toString() };
    const witness = await prove(circuit, input);
    expect(looseWires(circuit.system, witness)).toEqual([]);
    const other = edit(circuit, witness, "main.out", ((witness[1] as bigint) + 1n) % FIELD);
    expect(violations(circuit.system, other).length).toBe(1);
    const found = await refusals(circuit, {
      input,
      changes: [
        {
          from: "partial[j] <== coefficients[j] + x * partial[j + 1];",
          to: "partial[j] <== coefficients[j] + x * partial[j + 1] + (j == 2 ? 1 : 0);",
        },
      ],
    });
    expect(found.length).toBe(1);
    expectOnly(found, /^main\.partial\[2\]$/);
  });

  it("of a matrix: rows·columns - 1 rows, and the value of each row", async () => {
    const circuit = await open("MatrixPolynomial(4, 3)");
    expect(circuit.artifact.rows).toBe(4 * 3 - 1);
    const matrix = random.list(12, 36);
    const [x, y] = [random.unsigned(248), random.unsigned(248)];
    const grid = [0, 3, 6, 9].map((start) => residues(matrix.slice(start, start + 3)));
    const witness = await prove(circuit, { matrix: grid, x: x.toString(), y: y.toString() });
    expect(violations(circuit.system, witness)).toEqual([]);
    expect(looseWires(circuit.system, witness)).toEqual([]);
    expect(witness.slice(1, 6)).toEqual([evaluateMatrix(matrix, 3, x, y), ...evaluateRows(matrix, 3, y)]);
  });
});
