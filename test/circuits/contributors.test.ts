import { beforeAll, describe, expect, it } from "vitest";
import { nullCommitG } from "../../prover/commitments.ts";
import { FIELD, toField } from "../../prover/field.ts";
import { loadProfile } from "../../prover/profile.ts";
import { publicSignals } from "../../prover/statements.ts";
import type { CircuitInput } from "../../prover/witness.ts";
import { type ContributorsInputs, contributorsWitness } from "../../prover/witness-training.ts";
import { type Random, randomFrom, rhoOf, SEED } from "./cases.ts";
import { accepts, type Bench, expectOnly, openCircuit, patch, prove, refusals } from "./harness.ts";
import { looseWires, violations } from "./system.ts";

const profile = loadProfile("tiny");
const { d, m } = profile;
const OWN_COMMITS = { commitG: ["main.openedG[0]", "main.openedG[1]"] };
const OWN_VALUES = { value: ["main.values[0]", "main.values[1]"] };
const OWN_PUBLICS = { ...OWN_COMMITS, ...OWN_VALUES };

function contributorsCase(random: Random, count = profile.contributors): ContributorsInputs {
  const [rho1, rho2] = rhoOf(random);
  const gradients = Array.from({ length: count }, () => random.list(d * m, 63));
  return { profile, rho1, rho2, gradients, salts: gradients.map(() => random.unsigned(248)) };
}

describe(`contributors (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const inputs = contributorsCase(random);
  const { statement, input } = contributorsWitness(inputs);
  let circuit: Bench;
  const refused = (forged: CircuitInput, publish: Record<string, string[]> = OWN_PUBLICS) =>
    refusals(circuit, { input: forged, publish });

  beforeAll(async () => {
    circuit = await openCircuit("tiny", "contributors");
  });

  it("has exactly this many rows", () => {
    expect(circuit.artifact.rows).toBe(1276);
    expect(circuit.artifact.publicCount).toBe(6);
  });

  it("accepts honest groups, full and padded, at the same publics as TypeScript", async () => {
    for (const count of [2, 1, 0]) {
      const honest = contributorsWitness(contributorsCase(random, count));
      const witness = await prove(circuit, honest.input);
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(witness.slice(1, 7)).toEqual(
        publicSignals({ circuit: "contributors", ...honest.statement }, profile),
      );
      if (count < 2)
        expect([honest.statement.commitG[1], honest.statement.value[1]]).toEqual([nullCommitG(profile), 0n]);
    }
  });

  it("accepts points at the ends of the field", async () => {
    for (const rho of [0n, 1n, FIELD - 1n]) {
      const honest = contributorsWitness({ ...inputs, rho1: rho, rho2: rho });
      expect(await accepts(circuit, honest.input)).toBe(true);
    }
  });

  it("rejects every public input that is off by one", async () => {
    const publics = {
      rho1: statement.rho1,
      rho2: statement.rho2,
      "commitG[0]": statement.commitG[0],
      "commitG[1]": statement.commitG[1],
      "value[0]": statement.value[0],
      "value[1]": statement.value[1],
    };
    for (const [name, value] of Object.entries(publics)) {
      const other = ((value as bigint) + 1n) % FIELD;
      expect(await accepts(circuit, patch(input, { [name]: other })), name).toBe(false);
    }
  });

  it("leaves no wire loose: none can be changed on its own", async () => {
    expect(looseWires(circuit.system, await prove(circuit, input))).toEqual([]);
  });

  describe("refuses the forged witness of", () => {
    it("an honest prover not at all (so that what follows is about the forgery)", async () => {
      expect(await refused(input)).toEqual([]);
    });

    it("a value that is off by one, or another contributor's", async () => {
      for (const forged of [((statement.value[0] as bigint) + 1n) % FIELD, statement.value[1] as bigint]) {
        const found = await refused(patch(input, { "value[0]": forged }), OWN_COMMITS);
        expect(found.length).toBe(1);
        expectOnly(found, /^main\.value\[0\]$/);
      }
    });

    it("another G than the committed, with the value that belongs to it", async () => {
      const other = toField((inputs.gradients[1]?.[4] as bigint) + 1n);
      const found = await refused(patch(input, { "gradients[1][1][1]": other }), OWN_VALUES);
      expectOnly(found, /^main\.commitG\[1\]$/);
      expectOnly(await refused(patch(input, { "saltG[0]": 1n }), OWN_VALUES), /^main\.commitG\[0\]$/);
    });

    it("another G than the committed, with the old value", async () => {
      const other = toField((inputs.gradients[1]?.[4] as bigint) + 1n);
      const found = await refused(patch(input, { "gradients[1][1][1]": other }), OWN_COMMITS);
      expectOnly(found, /^main\.value\[1\]$/);
    });

    it("two contributors' gradients exchanged", async () => {
      const [gradients, salts] = [inputs.gradients.toReversed(), inputs.salts.toReversed()];
      const swapped = contributorsWitness({ ...inputs, gradients, salts }).input;
      const [first, second] = statement.commitG as [bigint, bigint];
      const found = await refused(patch(swapped, { "commitG[0]": first, "commitG[1]": second }), OWN_VALUES);
      expect(found.length).toBe(2);
      expectOnly(found, /^main\.commitG\[\d\]$/);
    });

    it("a gradient that is evaluated elsewhere than it is hashed", async () => {
      const found = await refusals(circuit, {
        input,
        publish: OWN_PUBLICS,
        changes: [
          {
            from: "flatG[c][j*m + k] <== gradients[c][j][k];",
            to: "flatG[c][j*m + k] <== gradients[c][j][k] + (c == 1 && j == 2 && k == 0 ? 1 : 0);",
          },
        ],
      });
      expectOnly(found, /^main\.(CommitPlain#0\[1\]|MatrixPolynomial#0\[1\])\./);
    });

    it("another ρ", async () => {
      for (const name of ["rho1", "rho2"]) {
        expectOnly(await refused(patch(input, { [name]: 7n }), OWN_COMMITS), /^main\.value\[\d\]$/);
      }
    });
  });
});
