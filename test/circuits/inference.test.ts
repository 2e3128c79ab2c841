import { beforeAll, describe, expect, it } from "vitest";
import { FIELD } from "../../prover/field.ts";
import { loadProfile } from "../../prover/profile.ts";
import { publicSignals } from "../../prover/statements.ts";
import { type CircuitInput, inferenceWitness } from "../../prover/witness.ts";
import { inferenceCase, randomFrom, SEED } from "./cases.ts";
import { accepts, type Bench, edit, expectOnly, openCircuit, patch, prove, refusals } from "./harness.ts";
import { looseWires, violations } from "./system.ts";

const profile = loadProfile("tiny");

/** What a forger publishes: the openings and the root of what he holds himself. */
const OWN_PUBLICS = {
  commitW: "main.openedW",
  commitQIn: "main.openedQIn",
  commitQOut: "main.openedQOut",
  receiptsRoot: "main.root",
};

describe(`inference (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const inputs = inferenceCase(random, profile);
  const { statement, input, qOut } = inferenceWitness(inputs);
  let circuit: Bench;

  beforeAll(async () => {
    circuit = await openCircuit("tiny", "inference");
  });

  it("has exactly this many rows", () => {
    expect(circuit.artifact.rows).toBe(5305);
    expect(circuit.artifact.publicCount).toBe(6);
  });

  it("accepts honest batches, full and padded, at the same publics as TypeScript", async () => {
    for (const count of [profile.queries, 1, 0]) {
      const honest = inferenceWitness(inferenceCase(random, profile, count));
      const witness = await prove(circuit, honest.input);
      expect(violations(circuit.system, witness)).toEqual([]);
      const publics = publicSignals({ circuit: "inference", ...honest.statement }, profile);
      expect(witness.slice(1, 7)).toEqual(publics);
    }
  });

  it("rejects every public input that is off by one", async () => {
    for (const [name, value] of Object.entries(statement)) {
      expect(await accepts(circuit, patch(input, { [name]: (value + 1n) % FIELD })), name).toBe(false);
    }
  });

  it("leaves no wire loose: none can be changed on its own", async () => {
    expect(looseWires(circuit.system, await prove(circuit, input))).toEqual([]);
  });

  it("accepts either class of a tie", async () => {
    const tied = { ...inputs, w: inputs.w.map((_, i) => inputs.w[i - (i % profile.m)] as bigint) };
    for (let klass = 0; klass < profile.m; klass++) {
      const records = inputs.records.map((record) => ({ ...record, klass }));
      expect(await accepts(circuit, inferenceWitness({ ...tied, records }).input)).toBe(true);
    }
  });

  it("accepts the extremes of every range", async () => {
    const top = { w: (1n << 27n) - 1n, q: (1n << 31n) - 1n };
    const d = profile.d;
    const records = [
      { features: new Int8Array(d).fill(-128), klass: 0, digest: 0n, salt: 0n, weight: 65535 },
      { features: new Int8Array(d).fill(127), klass: 1, digest: 0n, salt: 0n, weight: 65535 },
    ];
    const w = Array.from({ length: d }, () => [-(1n << 27n), top.w, top.w]).flat();
    const qIn = Array.from({ length: d }, () => [top.q, -top.q - 1n, 0n]).flat();
    expect(await accepts(circuit, inferenceWitness({ ...inputs, w, qIn, records }).input)).toBe(true);
  });

  describe("refuses the forged witness of", () => {
    const refused = (forged: CircuitInput, publish: Record<string, string> = OWN_PUBLICS) =>
      refusals(circuit, { input: forged, publish });

    it("an honest prover not at all (so that what follows is about the forgery)", async () => {
      expect(await refused(input)).toEqual([]);
    });

    it("a wrong argmax", async () => {
      const wrong = ((inputs.records[0]?.klass ?? 0) + 1) % profile.m;
      const found = await refused(patch(input, { "klass[0]": BigInt(wrong) }));
      expectOnly(found, /^main\.Query#0\[0\]\.Argmax#0\.UnsignedRange/);
    });

    it("a feature out of int8", async () => {
      for (const feature of [128n, FIELD - 129n]) {
        const found = await refused(patch(input, { "features[0][2]": feature }));
        expectOnly(found, /RecordLeaf#0\.PackSigned#0\.SignedRange|Argmax/);
        expect(
          found.some(({ signals }) => /RecordLeaf#0\.PackSigned#0\.SignedRange#0\[2\]/.test(signals.join())),
        ).toBe(true);
      }
    });

    it("a feature out of int8 in a query whose scores it does not change", async () => {
      const records = [
        { ...inferenceCase(random, profile, 1).records[0], klass: 0, weight: 1 },
      ] as typeof inputs.records;
      const flat = inferenceWitness({ ...inputs, w: inputs.w.map(() => 0n), records });
      const found = await refused(patch(flat.input, { "features[0][2]": 128n }));
      expect(found.length).toBe(1);
      expectOnly(found, /^main\.Query#0\[0\]\.RecordLeaf#0\.PackSigned#0\.SignedRange#0\[2\]/);
    });

    it("a fee that is too large or negative", async () => {
      const fee = BigInt(inputs.records[1]?.weight ?? 0);
      for (const forgedFee of [65536n, FIELD - 1n]) {
        const feeTotal = (statement.feeTotal - fee + forgedFee) % FIELD;
        const found = await refused(patch(input, { "fee[1]": forgedFee, feeTotal }));
        expectOnly(found, /^main\.Query#0\[1\]\.UnsignedRange#0/);
      }
    });

    it("another W than the committed", async () => {
      const otherW = inputs.w.map((value, i) => (i === 0 ? value ^ 1n : value));
      const { commitW: _, ...rest } = OWN_PUBLICS;
      const found = await refused(patch(input, { "w[0][0]": otherW[0] as bigint }), rest);
      expectOnly(found, /^main\.commitW$/);
      expectOnly(await refused(patch(input, { saltW: 1n }), rest), /^main\.commitW$/);
    });

    it("another Q than the committed", async () => {
      const { commitQIn: _, ...rest } = OWN_PUBLICS;
      const found = await refused(patch(input, { "qIn[1][1]": (inputs.qIn[5] as bigint) ^ 1n }), rest);
      expectOnly(found, /^main\.commitQIn$/);
    });

    it("weights or queries out of their range", async () => {
      const w = await refused(patch(input, { "w[0][0]": 1n << 27n }));
      expect(
        w.some(({ signals }) =>
          /^main\.CommitSigned#0\.PackSigned#0\.SignedRange#0\[0\]/m.test(signals.join("\n")),
        ),
      ).toBe(true);
      const qIn = await refused(patch(input, { "qIn[3][2]": FIELD - (1n << 31n) - 1n }));
      expectOnly(qIn, /^main\.CommitSigned#[12]\.PackSigned#0\.SignedRange#0\[11\]/);
    });

    it("a class out of range", async () => {
      const found = await refused(patch(input, { "klass[0]": BigInt(profile.m) }));
      expect(found.some(({ signals }) => signals.includes("main.klass[0]"))).toBe(true);
      expectOnly(
        found,
        /^main\.(klass\[0\]|Query#0\[0\]\.(isClass|RecordLeaf#0\.OneHot#0|RecordLeaf#0\.isClass|Argmax))/,
      );
    });

    it("a mark that is not boolean, though marks add up", async () => {
      const records = inputs.records.map((record, i) => (i === 0 ? { ...record, klass: 0 } : record));
      const flat = inferenceWitness({ ...inputs, w: inputs.w.map(() => 0n), records: records.slice(0, 1) });
      const found = await refusals(circuit, {
        input: flat.input,
        publish: OWN_PUBLICS,
        // 2·[0] − 2·[1] + 1·[2]: they sum to 1, and their indices to 0.
        changes: [{ from: "in == k ? 1 : 0", to: "k == 0 ? 2 : (k == 1 ? -2 : (k == 2 ? 1 : 0))" }],
      });
      expect(found.length).toBe(2 * profile.queries);
      expect(found.every(({ signals }) => signals.length === 1)).toBe(true); // mark·(mark − 1) = 0
    });

    it("a Q_out that is off by one", async () => {
      const found = await refusals(circuit, {
        input,
        publish: OWN_PUBLICS,
        changes: [
          {
            from: "flatQOut[j*m + k] <== sum;",
            to: "flatQOut[j*m + k] <== sum + (j == 2 && k == 1 ? 1 : 0);",
          },
        ],
      });
      expect(found.length).toBe(1);
      expect(found[0]?.signals).toContain("main.qIn[2][1]");
      expect(qOut.length).toBe(profile.d * profile.m);
    });

    it("a total of fees that is off by one", async () => {
      const found = await refused(patch(input, { feeTotal: statement.feeTotal + 1n }));
      expect(found.length).toBe(1);
      expectOnly(found, /^main\.feeTotal$/);
    });

    it("receipts of another context", async () => {
      const { receiptsRoot: _, ...rest } = OWN_PUBLICS;
      expectOnly(await refused(patch(input, { context: 1n }), rest), /^main\.receiptsRoot$/);
    });

    it("a hash whose state was tampered with, everything after it recomputed", async () => {
      const found = await refusals(circuit, {
        input,
        publish: OWN_PUBLICS,
        changes: [{ from: "state[r][k] <-- sum;", to: "state[r][k] <-- sum + (r == 5 && k == 3 ? 1 : 0);" }],
      });
      expectOnly(found, /\.state\[5\]\[3\]$/);
    });

    it("single edited wires", async () => {
      const witness = await prove(circuit, input);
      for (const signal of [
        "main.feeTotal",
        "main.klass[0]",
        "main.w[1][2]",
        "main.digest[2]",
        "main.saltQOut",
      ]) {
        expect(
          violations(circuit.system, edit(circuit, witness, signal, 12345n)).length,
          signal,
        ).toBeGreaterThan(0);
      }
    });
  });
});
