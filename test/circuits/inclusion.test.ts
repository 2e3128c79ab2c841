import { beforeAll, describe, expect, it } from "vitest";
import { nullLeaf, receiptsRoot } from "../../prover/commitments.ts";
import { FIELD } from "../../prover/field.ts";
import { loadProfile } from "../../prover/profile.ts";
import { publicSignals } from "../../prover/statements.ts";
import type { CircuitInput } from "../../prover/witness.ts";
import { inclusionWitness, WitnessPlaceError } from "../../prover/witness-inclusion.ts";
import { randomFrom, SEED } from "./cases.ts";
import { accepts, type Bench, expectOnly, openCircuit, patch, prove, refusals } from "./harness.ts";
import { looseWires, violations } from "./system.ts";

const profile = loadProfile("tiny");
const OWN_ROOT = { receiptsRoot: "main.root" };

describe(`inclusion (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const context = random.unsigned(248);
  const leaves = Array.from({ length: profile.queries }, () => random.unsigned(248));
  const [first, second, third] = leaves as [bigint, bigint, bigint];
  const { statement, input } = inclusionWitness({ profile, context, leaves, place: 1 });
  const stranger = random.unsigned(248);
  let circuit: Bench;
  const forged = (edits: Readonly<Record<string, bigint>>): CircuitInput => patch(input, edits);

  beforeAll(async () => {
    circuit = await openCircuit("tiny", "inclusion");
  });

  it("has exactly this many rows", () => {
    expect(circuit.artifact.rows).toBe(634);
    expect(circuit.artifact.publicCount).toBe(3);
  });

  it("accepts a receipt at every place, in full and short batches, at the same publics as TypeScript", async () => {
    for (const [place, leaf] of leaves.entries()) {
      for (const count of [place + 1, profile.queries]) {
        const honest = inclusionWitness({ profile, context, leaves: leaves.slice(0, count), place });
        const witness = await prove(circuit, honest.input);
        expect(violations(circuit.system, witness)).toEqual([]);
        expect(witness.slice(1, 4)).toEqual(
          publicSignals({ circuit: "inclusion", ...honest.statement }, profile),
        );
        expect(honest.statement.leaf).toBe(leaf);
        expect(honest.statement.receiptsRoot).toBe(receiptsRoot(leaves.slice(0, count), context, profile));
      }
    }
  });

  it("accepts a leaf that stands twice, by either place", async () => {
    const twice = [first, second, first];
    for (const place of [0, 2])
      expect(await accepts(circuit, inclusionWitness({ profile, context, leaves: twice, place }).input)).toBe(
        true,
      );
  });

  it("rejects every public input that is off by one", async () => {
    for (const [name, value] of Object.entries(statement))
      expect(await accepts(circuit, patch(input, { [name]: (value + 1n) % FIELD })), name).toBe(false);
  });

  it("leaves no wire loose: none can be changed on its own", async () => {
    expect(looseWires(circuit.system, await prove(circuit, input))).toEqual([]);
  });

  it("has no statement about a place without a receipt", () => {
    for (const place of [-1, 3, 0.5])
      expect(() => inclusionWitness({ profile, context, leaves, place })).toThrow(WitnessPlaceError);
    expect(() => inclusionWitness({ profile, context, leaves: [], place: 0 })).toThrow(WitnessPlaceError);
  });

  describe("refuses the forged witness of", () => {
    it("an honest prover not at all (so that what follows is about the forgery)", async () => {
      expect(await refusals(circuit, { input, publish: OWN_ROOT })).toEqual([]);
    });

    it("a leaf that is not in the batch, marked at any place", async () => {
      for (const q of leaves.keys()) {
        const marks = Object.fromEntries(leaves.map((_, i) => [`mark[${i}]`, i === q ? 1n : 0n]));
        const found = await refusals(circuit, { input: forged({ leaf: stranger, ...marks }) });
        expect(found.length).toBe(1);
        expectOnly(found, new RegExp(`^main\\.mark\\[${q}\\]$`));
      }
    });

    it("a leaf that is not in the batch, marked nowhere", async () => {
      const found = await refusals(circuit, { input: forged({ leaf: stranger, "mark[1]": 0n }) });
      expect(found.length).toBe(1);
      expectOnly(found, /^main\.mark\[\d\]$/);
    });

    it("the context passed off as a leaf", async () => {
      const found = await refusals(circuit, { input: forged({ leaf: context }) });
      expect(found.length).toBe(1);
      expectOnly(found, /^main\.mark\[1\]$/);
    });

    it("two places at once, or marks that are no bits and add up to 1", async () => {
      const two = await refusals(circuit, { input: forged({ "mark[0]": 1n }) });
      expectOnly(two, /^main\.mark\[\d\]$/);
      // −1 and 2: the sum is right, and the mix of leaves that they would select is of the forger's choice.
      const found = await refusals(circuit, {
        input: forged({ leaf: stranger, "mark[0]": FIELD - 1n, "mark[1]": 2n }),
      });
      expect(found.length).toBe(4);
      expectOnly(found, /^main\.mark\[[01]\]$/);
      // A half of each of two places that hold the same leaf: only that marks are bits refuses it.
      const half = (FIELD + 1n) / 2n;
      const twice = inclusionWitness({ profile, context, leaves: [first, second, first], place: 0 });
      const halves = await refusals(circuit, {
        input: patch(twice.input, { "mark[0]": half, "mark[2]": half }),
      });
      expect(halves.length).toBe(2);
      expectOnly(halves, /^main\.mark\[[02]\]$/);
    });

    it("another batch, or the batch of another context, under the committed root", async () => {
      for (const edits of [{ "leaves[0]": stranger }, { "leaves[2]": second }, { context: stranger }]) {
        const found = await refusals(circuit, { input: forged(edits) });
        expect(found.length).toBe(1);
        expectOnly(found, /^main\.receiptsRoot$/);
      }
    });

    it("a batch put in another order", async () => {
      const found = await refusals(circuit, { input: forged({ "leaves[0]": third, "leaves[2]": first }) });
      expectOnly(found, /^main\.receiptsRoot$/);
    });

    it("padding shown as a receipt's leaf only where the batch is padded", async () => {
      const found = await refusals(circuit, { input: forged({ leaf: nullLeaf(profile) }) });
      expectOnly(found, /^main\.mark\[1\]$/);
    });
  });
});
