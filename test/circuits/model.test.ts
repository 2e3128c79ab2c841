import { beforeAll, describe, expect, it } from "vitest";
import { commitVector } from "../../prover/commitments.ts";
import { FIELD, toField } from "../../prover/field.ts";
import { loadProfile } from "../../prover/profile.ts";
import { publicSignals } from "../../prover/statements.ts";
import { evaluateRows, residualBound } from "../../prover/training.ts";
import type { CircuitInput } from "../../prover/witness.ts";
import { type ModelInputs, modelWitness } from "../../prover/witness-training.ts";
import { type Random, randomFrom, rhoOf, SEED, trainingCase } from "./cases.ts";
import { accepts, type Bench, expectOnly, openCircuit, patch, prove, refusals } from "./harness.ts";
import { looseWires, violations } from "./system.ts";

const profile = loadProfile("tiny");
const { m } = profile;

/** What a forger publishes: the openings and the values of what he holds himself. */
const OWN_PUBLICS = {
  commitW: "main.openedW",
  commitA: "main.openedA",
  commitR: "main.openedR",
  commitV: "main.openedV",
  wValue: "main.atW",
  aValue: "main.atA",
  rValue: "main.atR",
};

function without(...names: (keyof typeof OWN_PUBLICS)[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(OWN_PUBLICS).filter(([name]) => !names.some((left) => left === name)),
  );
}

function modelCase(random: Random): ModelInputs {
  const { w, a, r, lambda } = trainingCase(random, profile, [[5, 2], [3]]);
  return {
    profile,
    rho: rhoOf(random),
    w,
    saltW: random.unsigned(248),
    a,
    saltA: random.unsigned(248),
    r,
    saltR: random.unsigned(248),
    saltV: random.unsigned(248),
    bound: residualBound(profile, 10, lambda),
  };
}

describe(`model (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const inputs = modelCase(random);
  const { statement, input } = modelWitness(inputs);
  let circuit: Bench;
  const refused = (forged: CircuitInput, publish: Record<string, string> = OWN_PUBLICS) =>
    refusals(circuit, { input: forged, publish });

  beforeAll(async () => {
    circuit = await openCircuit("tiny", "model");
  });

  it("has exactly this many rows", () => {
    expect(circuit.artifact.rows).toBe(4167);
    expect(circuit.artifact.publicCount).toBe(11);
  });

  it("accepts honest models, at the same publics as TypeScript", async () => {
    for (let i = 0; i < 3; i++) {
      const honest = modelWitness(modelCase(random));
      const witness = await prove(circuit, honest.input);
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(witness.slice(1, 12)).toEqual(publicSignals({ circuit: "model", ...honest.statement }, profile));
    }
  });

  it("accepts the extremes of every range", async () => {
    const limit = (1n << 35n) - 1n;
    const extremes = [
      { w: (1n << 27n) - 1n, a: (1n << 30n) - 1n, r: limit, bound: limit },
      { w: -(1n << 27n), a: -(1n << 30n), r: -limit, bound: limit },
      { w: 0n, a: 0n, r: 0n, bound: 0n },
    ];
    for (const { w, a, r, bound } of extremes) {
      const honest = modelWitness({
        ...inputs,
        w: inputs.w.map(() => w),
        a: inputs.a.map(() => a),
        r: inputs.r.map(() => r),
        bound,
      });
      expect(await accepts(circuit, honest.input)).toBe(true);
    }
  });

  it("rejects every public input that is off by one, but the bound, which only has to be large enough", async () => {
    const { rho1, rho2, rho3, bound, ...rest } = statement;
    const publics = { "rho[0]": rho1, "rho[1]": rho2, "rho[2]": rho3, ...rest };
    for (const [name, value] of Object.entries(publics)) {
      expect(await accepts(circuit, patch(input, { [name]: (value + 1n) % FIELD })), name).toBe(false);
    }
    expect(await accepts(circuit, patch(input, { bound: bound + 1n }))).toBe(true);
  });

  it("leaves no wire loose: none can be changed on its own", async () => {
    expect(looseWires(circuit.system, await prove(circuit, input))).toEqual([]);
  });

  describe("refuses the forged witness of", () => {
    it("an honest prover not at all (so that what follows is about the forgery)", async () => {
      expect(await refused(input)).toEqual([]);
    });

    it("a residual beyond the bound, on either side", async () => {
      const r0 = inputs.bound;
      const edges = [r0, -r0];
      const beyond = [r0 + 1n, -r0 - 1n];
      for (const value of edges)
        expect(await refused(patch(input, { "r[1][2]": toField(value) }))).toEqual([]);
      for (const value of beyond) {
        const found = await refused(patch(input, { "r[1][2]": toField(value) }));
        expect(found.length).toBe(1);
        expectOnly(found, /^main\.CommitBounded#0\.UnsignedRange#[12]\[5\]/);
      }
    });

    it("a residual out of its range, whatever the bound", async () => {
      const limit = 1n << BigInt(profile.rBits - 1);
      for (const value of [limit, -limit, FIELD / 2n, -FIELD / 2n]) {
        const widest = { "r[0][0]": toField(value), bound: limit - 1n };
        expectOnly(await refused(patch(input, widest)), /^main\.CommitBounded#0\.UnsignedRange#[12]\[0\]/);
        const size = value < 0n ? -value : value;
        const wider = { "r[0][0]": toField(value), bound: size };
        expect((await refused(patch(input, wider))).length).toBeGreaterThan(0);
      }
    });

    it("a bound that is negative or too wide", async () => {
      const zero = modelWitness({ ...inputs, r: inputs.r.map(() => 0n) }).input;
      for (const bound of [1n << BigInt(profile.rBits - 1), FIELD - 1n]) {
        const found = await refused(patch(zero, { bound }));
        expect(found.some(({ signals }) => signals.includes("main.bound"))).toBe(true);
      }
      const tight = await refused(patch(zero, { bound: 1n << BigInt(profile.rBits - 1) }));
      expect(tight.some(({ signals }) => /CommitBounded#0\.UnsignedRange#0/.test(signals.join()))).toBe(true);
    });

    it("another W than the committed, with everything that follows from it", async () => {
      const other = toField((inputs.w[5] as bigint) ^ 1n);
      expectOnly(await refused(patch(input, { "w[1][2]": other }), without("commitW")), /^main\.commitW$/);
      expectOnly(await refused(patch(input, { saltW: 1n }), without("commitW")), /^main\.commitW$/);
    });

    it("another W than the committed, with v and the value of the committed one", async () => {
      const other = toField((inputs.w[5] as bigint) ^ 1n);
      const found = await refused(patch(input, { "w[1][2]": other }), without("commitV", "wValue"));
      expect(found.length).toBeGreaterThan(1);
      expectOnly(found, /^main\.(commitV|wValue)$/);
    });

    it("another A or R than the committed", async () => {
      const a = toField((inputs.a[3] as bigint) ^ 1n);
      expectOnly(await refused(patch(input, { "a[3]": a }), without("commitA")), /^main\.commitA$/);
      expectOnly(await refused(patch(input, { saltA: 1n }), without("commitA")), /^main\.commitA$/);
      const r = toField((inputs.r[3] as bigint) ^ 1n);
      expectOnly(await refused(patch(input, { "r[1][0]": r }), without("commitR")), /^main\.commitR$/);
      expectOnly(await refused(patch(input, { saltR: 1n }), without("commitR")), /^main\.commitR$/);
    });

    it("values that are off by one", async () => {
      for (const name of ["wValue", "aValue", "rValue"] as const) {
        const found = await refused(patch(input, { [name]: (statement[name] + 1n) % FIELD }), without(name));
        expect(found.length).toBe(1);
        expectOnly(found, new RegExp(`^main\\.${name}$`));
      }
    });

    it("v of another W, or at another ρ", async () => {
      const [, rho2] = inputs.rho;
      const otherW = inputs.w.map((value, i) => (i === 0 ? value ^ 1n : value));
      const others = [evaluateRows(otherW, m, rho2), evaluateRows(inputs.w, m, rho2 + 1n)];
      for (const v of others) {
        const commitV = commitVector(v, inputs.saltV, profile);
        const found = await refused(patch(input, { commitV }), without("commitV"));
        expectOnly(found, /^main\.commitV$/);
      }
    });

    it("a v that is committed to but not evaluated", async () => {
      const found = await refusals(circuit, {
        input,
        publish: OWN_PUBLICS,
        changes: [
          {
            from: "signal openedV <== CommitPlain(d, typeV())(v, saltV);",
            to: `signal other[d];
              for (var j = 0; j < d; j++) other[j] <== v[j] + (j == 1 ? 1 : 0);
              signal openedV <== CommitPlain(d, typeV())(other, saltV);`,
          },
        ],
      });
      expectOnly(found, /^main\.(v\[1\]|CommitPlain#0\.|MatrixPolynomial#0\.)/);
    });

    it("an A that is not symmetric", async () => {
      const found = await refusals(circuit, {
        input,
        publish: OWN_PUBLICS,
        changes: [
          {
            from: "if (j != i) full[j][i] <== a[at];",
            to: "if (j != i) full[j][i] <== a[at] + (i == 0 && j == 1 ? 1 : 0);",
          },
        ],
      });
      expectOnly(found, /^main\.(a\[1\]|MatrixPolynomial#2\.)/);
    });

    it("entries of W or A out of their range", async () => {
      const cases = [
        ["w[3][2]", 1n << 27n, /^main\.CommitSigned#0\.PackSigned#0\.SignedRange#0\[11\]/],
        ["w[0][0]", FIELD - (1n << 27n) - 1n, /^main\.CommitSigned#0\.PackSigned#0\.SignedRange#0\[0\]/],
        ["a[9]", 1n << 30n, /^main\.CommitSigned#1\.PackSigned#0\.SignedRange#0\[9\]/],
        ["a[0]", FIELD - (1n << 30n) - 1n, /^main\.CommitSigned#1\.PackSigned#0\.SignedRange#0\[0\]/],
      ] as const;
      for (const [place, value, guard] of cases) {
        const found = await refused(patch(input, { [place]: value }));
        expect(found.length).toBe(1);
        expectOnly(found, guard);
      }
    });

    it("another ρ", async () => {
      for (const name of ["rho[0]", "rho[1]", "rho[2]"]) {
        const found = await refused(
          patch(input, { [name]: 7n }),
          without("commitV", "wValue", "aValue", "rValue"),
        );
        expectOnly(found, /^main\.(commitV|wValue|aValue|rValue)$/);
      }
    });
  });
});
