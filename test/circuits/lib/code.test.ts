import { beforeAll, describe, expect, it } from "vitest";
import { codeFits, loadCode } from "../../../prover/codes.ts";
import { FIELD, toField } from "../../../prover/field.ts";
import { evaluatePolynomial } from "../../../prover/training.ts";
import { randomFrom, SEED } from "../cases.ts";
import { accepts, type Bench, expectOnly, mainOf, openSource, prove, refusals } from "../harness.ts";
import { looseWires, violations } from "../system.ts";

const file = "circuits/lib/code.circom";
const bch = loadCode("bch16", 77, 16);
const tetra = loadCode("tetra5", 5, 3);
const units = loadCode("one-hot", 3, 3);
const marks = (classes: number, marked: number): string[] =>
  Array.from({ length: classes }, (_, k) => (k === marked ? "1" : "0"));
const field = (values: readonly (bigint | number)[]): string[] =>
  values.map((value) => toField(BigInt(value)).toString());

describe("CodeWord", () => {
  it("is the word of the marked class, in a row an output", async () => {
    const circuit = await openSource(
      "lib-code-word",
      mainOf(file, `CodeWord(5, 3, ${JSON.stringify(tetra)})`),
    );
    expect(circuit.artifact.rows).toBe(3);
    for (const [k, word] of tetra.entries()) {
      const witness = await prove(circuit, { isClass: marks(5, k) });
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(witness.slice(1, 4).map(String)).toEqual(field(word));
    }
  });

  it("refuses the forged witness of a wrong row of the table", async () => {
    const circuit = await openSource(
      "lib-code-word",
      mainOf(file, `CodeWord(5, 3, ${JSON.stringify(tetra)})`),
    );
    const change = { from: "word[j] <== sum;", to: "word[j] <== sum + (j == 1 ? 2 : 0);" };
    const found = await refusals(circuit, { input: { isClass: marks(5, 2) }, changes: [change] });
    expect(found.length).toBe(1);
    expectOnly(found, /^main\.word\[1\]$/);
  });
});

describe("CodePolynomial", () => {
  it("is the marked word's polynomial, in m rows with its output", async () => {
    const circuit = await openSource(
      "lib-code-polynomial",
      mainOf(file, `CodePolynomial(77, 16, ${JSON.stringify(bch)})`),
    );
    expect(circuit.artifact.rows).toBe(16);
    for (const [k, x] of [
      [0, 3n],
      [76, FIELD - 5n],
    ] as const) {
      const witness = await prove(circuit, { isClass: marks(77, k), x: x.toString() });
      expect(violations(circuit.system, witness)).toEqual([]);
      expect(witness[1]).toBe(evaluatePolynomial((bch[k] as readonly number[]).map(BigInt), x));
    }
    const change = { from: "partial[j] <== sum + x * partial[j + 1];", to: "partial[j] <== sum;" };
    const input = { isClass: marks(77, 5), x: "7" };
    const found = await refusals(circuit, { input, changes: [change] });
    expectOnly(found, /^main\.(partial\[\d+\]|out)$/);
  });
});

describe(`BestFit (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  const of = (code: readonly (readonly number[])[], scores: readonly bigint[], marked: number) => ({
    scores: field(scores),
    isClass: marks(code.length, marked),
    word: field(code[marked] as readonly number[]),
  });
  let equal: Bench;
  let unequal: Bench;
  beforeAll(async () => {
    equal = await openSource("lib-best-fit", mainOf(file, `BestFit(77, 16, ${JSON.stringify(bch)}, 28, 45)`));
    unequal = await openSource(
      "lib-near-fit",
      mainOf(file, `BestFit(5, 3, ${JSON.stringify(tetra)}, 28, 44)`),
    );
  });

  it("has exactly its rows: m products, their sum, a lead of 1 + bits + 1 for each class", () => {
    expect(equal.artifact.rows).toBe(16 + 1 + 77 * (1 + 46));
    // The lead over the word of zeros is the marked fit itself: a row less.
    expect(unequal.artifact.rows).toBe(3 + 1 + 5 * (1 + 45) - 1);
  });

  it("accepts the class that TypeScript finds, and refuses every one that fits worse, by its lead", async () => {
    for (const [circuit, code, runs] of [
      [equal, bch, 2],
      [unequal, tetra, 8],
    ] as const) {
      for (let run = 0; run < runs; run++) {
        const scores = random.list((code[0] as readonly number[]).length, 30);
        const fits = codeFits(scores, code, 28);
        for (const marked of code.keys()) {
          const better = fits.filter((fit) => fit > (fits[marked] as bigint)).length;
          const input = of(code, scores, marked);
          const found = await refusals(circuit, { input });
          expect(found.length).toBe(better);
          if (better > 0) expectOnly(found, /^main\.(leads\[\d+\]|marked)$/);
          expect(await accepts(circuit, input)).toBe(better === 0);
        }
      }
    }
  });

  it("accepts either of two words at the same distance, and the scores' extremes", async () => {
    const one = 1n << 28n;
    // Half way from the origin's word to (1, 1, 1) in the sense of 2⟨w, s⟩ = 2^S·3.
    const between = [one / 2n, one / 2n, one / 2n];
    expect(await accepts(unequal, of(tetra, between, 0))).toBe(true);
    expect(await accepts(unequal, of(tetra, between, 1))).toBe(true);
    expect(await accepts(unequal, of(tetra, [one / 2n, one / 2n, one / 2n + 1n], 0))).toBe(false);
    const widest = 1n << 39n;
    for (const k of [0, 31, 76]) {
      const scores = (bch[k] as readonly number[]).map((value) => BigInt(value) * widest);
      expect(await accepts(equal, of(bch, scores, k))).toBe(true);
    }
  });

  it("leaves no wire loose", async () => {
    const scores = [5n << 20n, 1n << 28n, -3n];
    const witness = await prove(unequal, of(tetra, scores, 0));
    // The word and the marks are the caller's; the origin's word leaves its products 0 whatever the scores
    // are.
    const own = looseWires(unequal.system, witness).filter(
      (name) => !/^main\.(scores|word|isClass)/.test(name),
    );
    expect(own).toEqual([]);
  });

  it("with unit vectors for words is Argmax", async () => {
    const circuit = await openSource(
      "lib-unit-fit",
      mainOf(file, `BestFit(3, 3, ${JSON.stringify(units)}, 28, 41)`),
    );
    const scores = [3n, 9n, -4n];
    for (const marked of [0, 1, 2]) {
      expect(await accepts(circuit, of(units, scores, marked))).toBe(marked === 1);
    }
  });
});
