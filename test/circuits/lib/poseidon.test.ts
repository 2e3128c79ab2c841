import { describe, expect, it } from "vitest";
import { poseidon } from "../../../prover/poseidon.ts";
import { randomFrom, SEED } from "../cases.ts";
import { type Bench, edit, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

// Inputs and partial rounds. 3 rows an S-box, less 1 where inputs are constant, and t - 1 for the state made
// signals once.
const WIDTHS = [
  [5, 60],
  [6, 63],
  [16, 68],
] as const;

describe(`Hash (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const open = (n: number): Promise<Bench> =>
    openSource(`lib-hash${n}`, mainOf("circuits/lib/poseidon.circom", `Hash(${n})`));

  for (const [n, partials] of WIDTHS) {
    it(`of ${n} has exactly its rows, and equals TypeScript's`, async () => {
      const circuit = await open(n);
      const t = n + 1;
      expect(circuit.artifact.rows).toBe(3 * (8 * t + partials) - 1 + (t - 1));
      // What a proving key stores: a term or two for each row. Dense linear layers would be ten times that.
      const { a, b } = circuit.artifact.nonZeros;
      expect(a + b).toBeLessThan(2.2 * circuit.artifact.rows);
      for (const input of [
        Array.from({ length: n }, () => random.unsigned(253)),
        new Array<bigint>(n).fill(0n),
      ]) {
        const witness = await prove(circuit, { in: input.map(String) });
        expect(violations(circuit.system, witness)).toEqual([]);
        expect(witness[1]).toBe(poseidon(input));
        expect(looseWires(circuit.system, witness)).toEqual([]);
      }
    });
  }

  it("refuses the forged witness of another output, and of any tampered round", async () => {
    const circuit = await open(5);
    const input = { in: ["1", "2", "3", "4", "5"] };
    const witness = await prove(circuit, input);
    const output = circuit.system.wireOf.get("main.out") as number;
    expect(violations(circuit.system, edit(circuit, witness, "main.out", 1n)).length).toBe(1);
    expect(output).toBe(1);
    // Everything after the tampered place is recomputed, so that one guard alone can refuse.
    const places = [
      [
        { from: "state[r][k] <-- sum;", to: "state[r][k] <-- sum + (r == 2 && k == 4 ? 1 : 0);" },
        /\.state\[2\]\[4\]$/,
      ],
      [
        { from: "state[r][k] <-- sum;", to: "state[r][k] <-- sum + (r == 3 && k == 0 ? 1 : 0);" },
        /\.state\[3\]\[0\]$/,
      ],
      [
        { from: "+ S[row] * C[5*t + p] + rest;", to: "+ S[row] * C[5*t + p] + rest + (p == 9 ? 1 : 0);" },
        /\.partState\[9\]$/,
      ],
      [
        { from: "middle[i - 1] <== x[i];", to: "middle[i - 1] <== x[i] + (i == 3 ? 1 : 0);" },
        /\.middle\[2\]$/,
      ],
      [
        { from: "fifth[j - 1] <== fourth[7][j] * x[j];", to: "fifth[j - 1] <== fourth[7][j] * x[j] + 1;" },
        /\.fifth\[\d\]$/,
      ],
    ] as const;
    for (const [change, guard] of places) {
      expectOnly(await refusals(circuit, { input, changes: [change] }), guard);
    }
  });
});
