/**
 * Many proofs in one call: it takes exactly what the single call takes.
 *
 * The frauds at the end are those that a sum with fixed coefficients would let through: every proof is wrong
 * by an error, and the errors cancel. Each test first shows that they do.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { RevertedError, read } from "../../pipeline/chain/client.ts";
import type { Item } from "../../pipeline/chain/contracts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { circuitIdOf } from "../../pipeline/chain/ids.ts";
import { type Codec, codecOf, concatHex, keccak256, word } from "../../pipeline/engine/ethers.ts";
import { invert, mod, Q, R, rerandomise, trapdoorKey } from "./groth.ts";
import { openWorld, type World } from "./world.ts";

const CIRCUITS = ["samples", "contributors", "model", "inference", "adjoint", "weights"] as const;
type Key = (typeof CIRCUITS)[number];
const COUNTS = { samples: 8, contributors: 6, model: 11, inference: 6, adjoint: 4, weights: 5 };

describe("verifyBatch", () => {
  let world: World;
  let codec: Codec;

  beforeAll(async () => {
    world = await openWorld("batch");
    codec = codecOf((await contractArtifacts()).Groth16Verifier.abi);
  });
  afterAll(() => world.chain.close());

  const make = (name: Key, publics?: readonly bigint[]): Item => {
    const given = publics ?? Array.from({ length: COUNTS[name] }, world.random.field);
    return { circuit: circuitIdOf("tiny", name), proof: world.keys[name].prove(given), publics: given };
  };
  const several = (n: number, name?: Key): Item[] =>
    Array.from({ length: n }, (_, i) => make(name ?? (CIRCUITS[i % CIRCUITS.length] as Key)));
  const reason = async (items: readonly Item[]): Promise<string> => {
    try {
      await world.contracts.verifyBatch(items);
      return "accepted";
    } catch (error) {
      if (error instanceof RevertedError) return `${error.reason}(${error.args.map(String).join()})`;
      throw error;
    }
  };
  const replaced = <T>(list: readonly T[], index: number, item: T): T[] =>
    list.map((old, i) => (i === index ? item : old));
  const at = <T>(list: readonly T[], index: number): T => {
    const item = list[index];
    if (item === undefined) throw new Error(`there is no item ${index}`);
    return item;
  };
  const withWord = (item: Item, index: number, value: bigint): Item => ({
    ...item,
    proof: replaced(item.proof, index, value),
  });
  const withPublic = (item: Item, index: number, value: bigint): Item => ({
    ...item,
    publics: replaced(item.publics, index, value),
  });

  it("takes valid proofs of one circuit, of all, in any number and order", async () => {
    for (const n of [1, 2, 3, 16, 33]) expect(await reason(several(n)), `${n} mixed`).toBe("accepted");
    for (const name of CIRCUITS) {
      for (const n of [1, 4, 17]) expect(await reason(several(n, name)), `${n} ${name}`).toBe("accepted");
    }
    const items = several(12);
    expect(await reason([...items].reverse())).toBe("accepted");
  });

  it("refuses an empty batch", async () => {
    expect(await reason([])).toBe("VerifierEmptyBatch()");
  });

  it("refuses one wrong proof in a batch of any size, wherever it stands", async () => {
    const spoil: ReadonlyArray<(item: Item) => Item> = [
      (item) => withPublic(item, 0, mod(at(item.publics, 0) + 1n)),
      (item) =>
        withPublic(item, item.publics.length - 1, mod(at(item.publics, item.publics.length - 1) - 1n)),
      (item) => withWord(item, 1, Q - at(item.proof, 1)),
      (item) => withWord(item, 7, Q - at(item.proof, 7)),
      (item) => ({ ...item, proof: [...item.proof.slice(0, 6), ...world.curve.g1(world.random.field())] }),
      (item) => ({ ...item, proof: [...item.proof.slice(0, 2), 0n, 0n, 0n, 0n, ...item.proof.slice(6)] }),
    ];
    for (const n of [1, 2, 3, 8, 16]) {
      const items = several(n);
      for (let i = 0; i < n; i++) {
        const bad = at(spoil, i % spoil.length)(at(items, i));
        expect(await reason(replaced(items, i, bad)), `${i} of ${n}`).toBe(`VerifierInvalidBatch(${n})`);
      }
    }
    for (const [i, change] of spoil.entries()) {
      const items = several(5, "inference");
      expect(await reason(replaced(items, 2, change(at(items, 2)))), `kind ${i}`).toMatch(
        /^VerifierInvalidBatch/,
      );
      expect(await reason(items.map(change)), `kind ${i}, all of them`).toMatch(/^VerifierInvalidBatch/);
    }
  });

  it("refuses the public inputs of two proofs swapped, and their circuits", async () => {
    const items = several(4, "adjoint");
    const [a, b] = [at(items, 0), at(items, 1)];
    const swapped = [{ ...a, publics: b.publics }, { ...b, publics: a.publics }, ...items.slice(2)];
    expect(await reason(swapped)).toBe("VerifierInvalidBatch(4)");
    // `contributors` and `inference` have six public inputs each.
    const pair = [make("contributors"), make("inference")];
    const circuits = pair.map(({ circuit }) => circuit).reverse();
    expect(await reason(pair)).toBe("accepted");
    expect(await reason(pair.map((item, i) => ({ ...item, circuit: at(circuits, i) })))).toBe(
      "VerifierInvalidBatch(2)",
    );
  });

  it("takes a proof twice, and in another form: replay is not its business", async () => {
    const item = make("samples");
    const other = { ...item, proof: rerandomise(world.curve, item.proof, 7n) };
    expect(await reason([item, item, other])).toBe("accepted");
    const wrong = withPublic(item, 3, 5n);
    expect(await reason([wrong, wrong])).toBe("VerifierInvalidBatch(2)");
    // (A, B, C) and (−A, B, −C − …) cannot stand for each other: a wrong proof and its mirror image.
    const mirror = withWord(withWord(wrong, 1, Q - at(wrong.proof, 1)), 7, Q - at(wrong.proof, 7));
    expect(await reason([wrong, mirror])).toBe("VerifierInvalidBatch(2)");
  });

  it("refuses what is not canonical in any of its proofs, as the single call does", async () => {
    const items = several(3);
    for (let i = 0; i < 3; i++) {
      const item = at(items, i);
      for (const [k, value] of item.proof.entries()) {
        expect(await reason(replaced(items, i, withWord(item, k, value + Q)))).toBe(
          `VerifierProofNotCanonical(${k})`,
        );
        const off = value === Q - 1n ? value - 1n : value + 1n;
        expect(await reason(replaced(items, i, withWord(item, k, off)))).toBe("VerifierProofNotOnCurve()");
      }
      for (const [k, value] of item.publics.entries()) {
        const given = value + R >= 1n << 256n ? R : value + R;
        expect(await reason(replaced(items, i, withPublic(item, k, given)))).toBe(
          `VerifierPublicNotCanonical(${k})`,
        );
      }
      const noA = { ...item, proof: [0n, 0n, ...item.proof.slice(2)] };
      const noC = { ...item, proof: [...item.proof.slice(0, 6), 0n, 0n] };
      expect(await reason(replaced(items, i, noA))).toBe("VerifierProofNotOnCurve()");
      expect(await reason(replaced(items, i, noC))).toBe("VerifierProofNotOnCurve()");
    }
    const edge = make("adjoint", [0n, R - 1n, 0n, 1n]);
    expect(await reason([...items, edge])).toBe("accepted");
  });

  it("refuses a wrong number of public inputs and a circuit without a key", async () => {
    const item = make("adjoint", [1n, 2n, 3n, 0n]);
    const items = several(2);
    const short = { ...item, publics: item.publics.slice(0, 3) };
    expect(await reason([...items, short])).toBe("VerifierWrongPublicCount(4,3)");
    expect(await reason([...items, { ...item, publics: [...item.publics, 0n] }])).toBe(
      "VerifierWrongPublicCount(4,5)",
    );
    const unknown = { ...item, circuit: circuitIdOf("default", "adjoint") };
    expect(await reason([...items, unknown])).toMatch(/^VerifierUnknownCircuit/);
  });

  it("refuses a key of another setup, which the single call takes", async () => {
    const artifact = (await contractArtifacts()).Groth16Verifier;
    const { curve, random } = world;
    const setups = [0, 1].map(() => ({ alpha: random.field(), beta: random.field(), gamma: random.field() }));
    // The third shares α and β with the first one, and only its γ differs.
    const list = [...setups, { ...at(setups, 0), gamma: random.field() }];
    const keys = list.map((setup) => trapdoorKey(curve, setup, 1, random));
    const ids = keys.map((_, i) => circuitIdOf("tiny", `setup ${i}`));
    const words = keys.map((key, i) => [ids[i], key.words]);
    const none = `0x${"0".repeat(64)}`;
    const deployed = await deployContract(world.chain, world.people.operator, artifact, [true, none, words]);
    const verifier = { address: deployed.created, codec: codecOf(artifact.abi) };
    const items = keys.map((key, i) => ({ circuit: at(ids, i), proof: key.prove([9n]), publics: [9n] }));
    for (const [i, { circuit, proof, publics }] of items.entries()) {
      await read(world.chain, verifier, "verify", [circuit, proof, publics]);
      expect(await read(world.chain, verifier, "batchable", [circuit])).toBe(i === 0);
    }
    await read(world.chain, verifier, "verifyBatch", [[items[0], items[0]]]);
    for (const i of [1, 2]) {
      for (const batch of [[items[i]], [items[0], items[i]], [items[i], items[0]]]) {
        await expect(read(world.chain, verifier, "verifyBatch", [batch])).rejects.toMatchObject({
          reason: "VerifierNotBatchable",
          args: [ids[i]],
        });
      }
    }
    for (const name of CIRCUITS)
      expect(await world.contracts.batchable(circuitIdOf("tiny", name))).toBe(true);
  });

  describe("errors that cancel", () => {
    const addC = (item: Item, d: bigint): Item => ({
      ...item,
      proof: [...item.proof.slice(0, 6), ...world.curve.add1(item.proof.slice(6), world.curve.g1(d))],
    });
    const sumOfC = (items: readonly Item[]): bigint[] =>
      items.map(({ proof }) => proof.slice(6)).reduce((sum, c) => world.curve.add1(sum, c));

    it("refuses (A, B, C + D) and (A, B, C − D), of one statement and of two", async () => {
      const once = make("inference");
      for (const pair of [[once, once], several(2, "inference")]) {
        const d = world.random.field();
        const forged = [addC(at(pair, 0), d), addC(at(pair, 1), -d)];
        expect(sumOfC(forged)).toEqual(sumOfC(pair));
        expect(await reason(pair)).toBe("accepted");
        expect(await reason(forged)).toBe("VerifierInvalidBatch(2)");
        expect(await reason([...forged].reverse())).toBe("VerifierInvalidBatch(2)");
        expect(await reason([...several(14), ...forged])).toBe("VerifierInvalidBatch(16)");
      }
    });

    it("refuses errors that cancel over two circuits", async () => {
      // e(C + d/δ, δ) = e(C, δ)·e(G, G)^d, whatever the key: one circuit owes what the other one has too
      // much.
      const d = world.random.field();
      const [a, b] = [make("samples"), make("weights")];
      const forged = [
        addC(a, mod(d * invert(world.keys.samples.delta))),
        addC(b, mod(-d * invert(world.keys.weights.delta))),
      ];
      expect(await reason([a, b])).toBe("accepted");
      expect(await reason(forged)).toBe("VerifierInvalidBatch(2)");
    });

    it("refuses public inputs whose sum is right", async () => {
      const [a, b, c] = several(3, "adjoint") as [Item, Item, Item];
      for (const k of a.publics.keys()) {
        const forged = [
          withPublic(a, k, mod(at(a.publics, k) + 5n)),
          withPublic(b, k, mod(at(b.publics, k) - 2n)),
          withPublic(c, k, mod(at(c.publics, k) - 3n)),
        ];
        const total = (list: readonly Item[]): bigint =>
          mod(list.reduce((sum, { publics }) => sum + at(publics, k), 0n));
        expect(total(forged)).toBe(total([a, b, c]));
        expect(await reason(forged)).toBe("VerifierInvalidBatch(3)");
      }
    });

    it("refuses (A + D, B) and (A − D, B)", async () => {
      const item = make("adjoint");
      const moved = (d: bigint): Item => ({
        ...item,
        proof: [...world.curve.add1(item.proof.slice(0, 2), world.curve.g1(d)), ...item.proof.slice(2)],
      });
      const d = world.random.field();
      const sum = (x: Item, y: Item): bigint[] => world.curve.add1(x.proof.slice(0, 2), y.proof.slice(0, 2));
      expect(sum(moved(d), moved(-d))).toEqual(world.curve.times1(2n, item.proof.slice(0, 2)));
      expect(await reason([moved(d), moved(-d)])).toBe("VerifierInvalidBatch(2)");
    });

    type Part = "nothing" | "A" | "B" | "C" | "publics";
    const partOf = (i: number): Part => (i < 2 ? "A" : i < 6 ? "B" : "C");
    // The second coefficient: keccak256 of the call, then of that and the place. `without` gives what it
    // would be if this part of every item were not hashed.
    const coefficient = (items: readonly Item[], without: Part = "nothing"): bigint => {
      const hashed = items.map(({ circuit, proof, publics }) => ({
        circuit,
        proof: proof.map((value, i) => (partOf(i) === without ? 0n : value)),
        publics: publics.map((value) => (without === "publics" ? 0n : value)),
      }));
      const seed = keccak256(codec.call("verifyBatch", [hashed]));
      return BigInt(keccak256(concatHex([seed, word(1n)]))) >> 128n;
    };
    /** Spoils a part of both items so that error 0 + ρ · error 1 = 0. */
    const forge = (pair: readonly Item[], rho: bigint, part: Part): Item[] => {
      const d = world.random.field();
      return pair.map((item, i) => {
        const error = i === 0 ? d : mod(-d * invert(rho));
        const [a, b, c] = [item.proof.slice(0, 2), item.proof.slice(2, 6), item.proof.slice(6)];
        if (part === "publics") return withPublic(item, 0, mod(at(item.publics, 0) + error));
        if (part === "A")
          return { ...item, proof: [...world.curve.add1(a, world.curve.g1(error)), ...b, ...c] };
        if (part === "B")
          return { ...item, proof: [...a, ...world.curve.add2(b, world.curve.g2(error)), ...c] };
        return addC(item, error);
      });
    };

    it("refuses errors that are fitted to coefficients which leave them out", async () => {
      const once = make("adjoint");
      for (const part of ["A", "B", "C", "publics"] as const) {
        // Errors in A add up only where B is the same, and the other way round.
        const pair = part === "A" || part === "B" ? [once, once] : several(2, "adjoint");
        const rho = coefficient(pair, part);
        const forged = forge(pair, rho, part);
        expect(coefficient(forged, part)).toBe(rho);
        expect(coefficient(forged)).not.toBe(rho);
        expect(await reason(forged), `${part} left out`).toBe("VerifierInvalidBatch(2)");
        for (const fixed of [1n, 2n, 3n, 128n, 1n << 64n]) {
          expect(await reason(forge(pair, fixed, part)), `${fixed}`).toBe("VerifierInvalidBatch(2)");
        }
      }
    });

    it("refuses errors that are fitted to the beginning of the call, however much of it", async () => {
      const pair = several(2, "adjoint");
      const call = codec.call("verifyBatch", [pair]);
      for (let length = 4; length < (call.length - 2) / 2; length += 32) {
        const seed = keccak256(call.slice(0, 2 + 2 * length));
        const rho = BigInt(keccak256(concatHex([seed, word(1n)]))) >> 128n;
        for (const part of ["C", "publics"] as const) {
          expect(await reason(forge(pair, rho, part)), `${length} bytes`).toBe("VerifierInvalidBatch(2)");
        }
      }
    });

    it("refuses errors that are fitted to the coefficients of the batch before they were put in", async () => {
      const pair = several(2, "adjoint");
      const rho = coefficient(pair);
      let forged = forge(pair, rho, "C");
      // With the old coefficients nothing would be noticed: C_0 + ρ·C_1 is what it was.
      const weighed = (list: readonly Item[]): bigint[] =>
        world.curve.add1(at(list, 0).proof.slice(6), world.curve.times1(rho, at(list, 1).proof.slice(6)));
      expect(weighed(forged)).toEqual(weighed(pair));
      expect(coefficient(forged)).not.toBe(rho);
      // Fitted again to the coefficients of the forged batch, over and over: they are always one step ahead.
      for (let i = 0; i < 4; i++) {
        expect(await reason(forged)).toBe("VerifierInvalidBatch(2)");
        forged = forge(pair, coefficient(forged), "C");
      }
    });
  });
});
