import { beforeAll, describe, expect, it } from "vitest";
import { FIELD, toField } from "../../prover/field.ts";
import { loadProfile } from "../../prover/profile.ts";
import { publicSignals } from "../../prover/statements.ts";
import { type CircuitInput, weightsWitness } from "../../prover/witness.ts";
import { randomFrom, SEED, weightsCase } from "./cases.ts";
import { accepts, type Bench, expectOnly, openCircuit, patch, prove, refusals } from "./harness.ts";
import { looseWires, violations } from "./system.ts";

const profile = loadProfile("tiny");
const OWN_COMMITS = { commitY: "main.openedY", commitG: ["main.openedG[0]", "main.openedG[1]"] };
const OWN_PUBLICS = { ...OWN_COMMITS, w: ["main.positive[0]", "main.positive[1]"] };

describe(`weights (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const inputs = weightsCase(random, profile);
  const { statement, input, s, w } = weightsWitness(inputs);
  const winner = s.findIndex((value) => value > 0n);
  const loser = 1 - winner;
  let circuit: Bench;
  const refused = (forged: CircuitInput, publish: Record<string, string | string[]> = OWN_PUBLICS) =>
    refusals(circuit, { input: forged, publish });

  beforeAll(async () => {
    circuit = await openCircuit("tiny", "weights");
  });

  it("has exactly this many rows", () => {
    expect(circuit.artifact.rows).toBe(2820);
    expect(circuit.artifact.publicCount).toBe(5);
  });

  it("accepts honest groups, full and padded, at the same publics as TypeScript", async () => {
    for (const count of [2, 1, 0]) {
      const honest = weightsWitness(weightsCase(random, profile, count));
      const witness = await prove(circuit, honest.input);
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(witness.slice(1, 6)).toEqual(
        publicSignals({ circuit: "weights", ...honest.statement }, profile),
      );
    }
  });

  it("accepts the extremes of an influence, and zero", async () => {
    const y = inputs.y.map((_, i) => (i === 0 ? 1n : 0n));
    const top = (1n << 111n) - 1n;
    for (const extreme of [top, -top - 1n, 0n]) {
      const gradients = [inputs.y.map(() => extreme)];
      const honest = weightsWitness({ ...inputs, y, gradients, salts: [1n] });
      expect(honest.w[0]).toBe(extreme > 0n ? extreme : 0n);
      expect(await accepts(circuit, honest.input)).toBe(true);
    }
  });

  it("rejects every public input that is off by one", async () => {
    const edits = {
      commitY: statement.commitY,
      "commitG[0]": statement.commitG[0],
      "commitG[1]": statement.commitG[1],
    };
    for (const [name, value] of Object.entries({ ...edits, "w[0]": w[0], "w[1]": w[1] })) {
      expect(await accepts(circuit, patch(input, { [name]: ((value as bigint) + 1n) % FIELD })), name).toBe(
        false,
      );
    }
  });

  it("leaves no wire loose: none can be changed on its own", async () => {
    expect(looseWires(circuit.system, await prove(circuit, input))).toEqual([]);
  });

  describe("refuses the forged witness of", () => {
    it("an honest prover not at all (so that what follows is about the forgery)", async () => {
      expect(await refused(input)).toEqual([]);
    });

    it("a weight above 0 for a negative score", async () => {
      for (const forgedW of [1n, -(s[loser] as bigint), toField(s[loser] as bigint)]) {
        const found = await refused(patch(input, { [`w[${loser}]`]: forgedW }), OWN_COMMITS);
        expect(found.length).toBe(1);
        expectOnly(found, new RegExp(`^main\\.w\\[${loser}\\]$`));
      }
    });

    it("a weight above 0 for a negative score whose sign bit says otherwise", async () => {
      // The forger claims the top digit and keeps the others: only the sum of the digits can refuse.
      const found = await refusals(circuit, {
        input,
        publish: OWN_PUBLICS,
        changes: [
          { from: "((in + offset) >> i) & 1;", to: "n == 112 && i == 111 ? 1 : ((in + offset) >> i) & 1;" },
        ],
      });
      expect(found.length).toBe(1);
      expectOnly(found, new RegExp(`^main\\.s\\[${loser}\\]$`));
      expect(found[0]?.signals.length).toBeGreaterThan(100);
    });

    it("a weight of 0, or another one, for a positive score", async () => {
      for (const forgedW of [0n, (s[winner] as bigint) + 1n, (s[winner] as bigint) * 2n]) {
        const found = await refused(patch(input, { [`w[${winner}]`]: forgedW }), OWN_COMMITS);
        expect(found.length).toBe(1);
        expectOnly(found, new RegExp(`^main\\.w\\[${winner}\\]$`));
      }
    });

    it("a digit that is not boolean", async () => {
      // 2·digit_0 in place of digit_1, where the digits allow it: the sum stays right.
      const y = inputs.y.map((_, i) => (i === 0 ? 1n : 0n));
      const gradients = [inputs.y.map((_, i) => (i === 0 ? 2n : 0n))];
      const honest = weightsWitness({ ...inputs, y, gradients, salts: [1n] });
      const found = await refusals(circuit, {
        input: honest.input,
        publish: OWN_PUBLICS,
        changes: [
          {
            from: "((in + offset) >> i) & 1;",
            to: "n == 112 && in == 2 && i < 2 ? 2 * (1 - i) : ((in + offset) >> i) & 1;",
          },
        ],
      });
      expect(found.map(({ signals }) => signals)).toEqual([["main.Positive#0[0].bits[0]"]]);
    });

    it("an influence out of its range", async () => {
      const y = inputs.y.map((_, i) => (i === 0 ? 1n : 0n));
      const honest = weightsWitness({ ...inputs, y, gradients: [inputs.y], salts: [1n] });
      for (const extreme of [1n << 111n, FIELD - (1n << 111n) - 1n]) {
        const found = await refused(patch(honest.input, { "gradients[0][0][0]": extreme }));
        expect(found.length).toBe(1);
        expectOnly(found, /^main\.s\[0\]$/);
      }
    });

    it("another G or Y than the committed", async () => {
      const { commitG: _, ...noG } = OWN_PUBLICS;
      const other = toField((inputs.gradients[1]?.[4] as bigint) + 1n);
      expectOnly(await refused(patch(input, { "gradients[1][1][1]": other }), noG), /^main\.commitG\[\d\]$/);
      const { commitY: __, ...noY } = OWN_PUBLICS;
      const otherY = toField((inputs.y[0] as bigint) ^ 1n);
      expectOnly(await refused(patch(input, { "y[0][0]": otherY }), noY), /^main\.commitY$/);
    });

    it("a contributor's commitment in another's place", async () => {
      const swapped = { ...OWN_PUBLICS, commitG: ["main.openedG[1]", "main.openedG[0]"] };
      expectOnly(await refused(input, swapped), /^main\.commitG\[\d\]$/);
    });

    it("entries of Y out of their range", async () => {
      const found = await refused(patch(input, { "y[3][2]": 1n << 55n }));
      expectOnly(found, /^main\.(CommitSigned#0\.PackSigned#0\.SignedRange#0\[11\]|s\[\d\])/);
    });
  });
});
