import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Artifact } from "../../prover/artifacts.ts";
import { groth16Verify } from "../../prover/engine/snarkjs.ts";
import { FIELD } from "../../prover/field.ts";
import {
  BASE_FIELD,
  isOnG1,
  isOnG2,
  type Proof,
  ProofFormatError,
  proofFromJson,
  proofToJson,
  type VerifyingKey,
  verifyProof,
} from "../../prover/groth16.ts";
import { writeLocalKeys } from "../../prover/keys/local.ts";
import { prove } from "../../prover/prove.ts";
import { compileSmall, scratch, smallInput } from "./keys/support.ts";

let dir: string;
let circuit: Artifact;
let zkeyPath: string;
let vkey: VerifyingKey;
let proof: Proof;
let publics: bigint[];

beforeAll(async () => {
  dir = await scratch();
  circuit = await compileSmall(dir);
  await writeLocalKeys({ subjects: [{ name: "small", r1csPath: circuit.r1csPath }], folder: dir });
  zkeyPath = join(dir, "small.zkey");
  vkey = JSON.parse(await readFile(join(dir, "small.vkey.json"), "utf8"));
  // The last signal is zero, so that cutting it off is what the engine overlooks.
  const input = { ...smallInput(1n, FIELD - 1n), square: String(FIELD - 5n) };
  ({ proof, publics } = await prove({ zkeyPath, wasmPath: circuit.wasmPath, input }));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe("verifyProof", () => {
  it("accepts a proof for exactly its signals", async () => {
    expect(publics).toEqual([0n, FIELD - 5n, 0n]);
    expect(await verifyProof(vkey, publics, proof)).toBe(true);
  });

  it("refuses a list of signals of another length, which the engine alone accepts", async () => {
    expect(await groth16Verify(vkey, publics.slice(0, 2).map(String), proofToJson(proof))).toBe(true);
    expect(await verifyProof(vkey, publics.slice(0, 2), proof)).toBe(false);
    expect(await verifyProof(vkey, [...publics, 0n], proof)).toBe(false);
    expect(await verifyProof(vkey, [], proof)).toBe(false);
  });

  it("refuses signals that are not canonical", async () => {
    for (const shift of [FIELD, -FIELD]) {
      const shifted = publics.map((value, i) => (i === 1 ? value + shift : value));
      expect(await verifyProof(vkey, shifted, proof)).toBe(false);
    }
  });

  it("refuses coordinates that are not canonical", async () => {
    const { a, b, c } = proof;
    const q = BASE_FIELD;
    const shifted: Proof[] = [
      { a: [a[0] + q, a[1]], b, c },
      { a: [a[0], a[1] - q], b, c },
      { a, b: [[b[0][0], b[0][1] + q], b[1]], c },
      { a, b: [b[0], [b[1][0] + q, b[1][1]]], c },
      { a, b, c: [c[0], c[1] + q] },
    ];
    for (const other of shifted) expect(await verifyProof(vkey, publics, other)).toBe(false);
  });

  it("refuses points that are off the curve or outside the group of order r", async () => {
    const { a, b, c } = proof;
    expect(await verifyProof(vkey, publics, { a: [a[0], a[1] + 1n], b, c })).toBe(false);
    expect(
      await verifyProof(vkey, publics, { a, b: [b[0], [b[1][0], (b[1][1] + 1n) % BASE_FIELD]], c }),
    ).toBe(false);
    const outside = pointOutsideG2();
    expect(isOnG2(outside)).toBe(true);
    expect(await verifyProof(vkey, publics, { a, b: outside, c })).toBe(false);
  });

  it("refuses a proof of something else", async () => {
    const other = await prove({ zkeyPath, wasmPath: circuit.wasmPath, input: smallInput(2n, 3n) });
    expect(await verifyProof(vkey, publics, other.proof)).toBe(false);
    expect(await verifyProof(vkey, other.publics, other.proof)).toBe(true);
    expect(await verifyProof(vkey, publics, { ...proof, c: other.proof.c })).toBe(false);
  });

  it("accepts the mirrored proof (−A, −B, C): proofs are malleable, statements are not", async () => {
    const { a, b, c } = proof;
    const minus = (v: bigint): bigint => (BASE_FIELD - v) % BASE_FIELD;
    const mirrored: Proof = { a: [a[0], minus(a[1])], b: [b[0], [minus(b[1][0]), minus(b[1][1])]], c };
    expect(isOnG1(mirrored.a)).toBe(true);
    expect(await verifyProof(vkey, publics, mirrored)).toBe(true);
  });
});

describe("the JSON form of a proof", () => {
  it("round-trips", () => {
    expect(proofFromJson(JSON.parse(JSON.stringify(proofToJson(proof))))).toEqual(proof);
  });

  it("is refused when it is not a Groth16 proof in affine decimal coordinates", () => {
    const json = proofToJson(proof);
    for (const bad of [
      { ...json, protocol: "plonk" },
      { ...json, curve: "bls12381" },
      { ...json, pi_a: [json.pi_a[0] as string, json.pi_a[1] as string, "2"] },
      { ...json, pi_a: ["0x01", "2", "1"] },
      { ...json, pi_b: [] },
      { ...json, pi_c: ["-1", "2", "1"] },
    ]) {
      expect(() => proofFromJson(bad)).toThrow(ProofFormatError);
    }
  });
});

/** A point of G2's curve with a small x; of such points only one in 2^254 is in the group. */
function pointOutsideG2(): Proof["b"] {
  const q = BASE_FIELD;
  const power = (base: bigint, exponent: bigint): bigint => {
    let result = 1n;
    let square = ((base % q) + q) % q;
    for (let e = exponent; e > 0n; e >>= 1n) {
      if (e & 1n) result = (result * square) % q;
      square = (square * square) % q;
    }
    return result;
  };
  const root = (v: bigint): bigint | undefined => {
    const candidate = power(v, (q + 1n) / 4n);
    return (candidate * candidate - v) % q === 0n ? candidate : undefined;
  };
  const b0 = 19485874751759354771024239261021720505790618469301721065564631296452457478373n;
  const b1 = 266929791119991161246907387137283842545076965332900288569378510910307636690n;
  for (let x = 1n; ; x++) {
    const s0 = (x * x * x + b0) % q;
    const norm = root((s0 * s0 + b1 * b1) % q);
    if (norm === undefined) continue;
    for (const sign of [1n, -1n]) {
      const y0 = root(((((s0 + sign * norm) * power(2n, q - 2n)) % q) + q) % q);
      if (y0 === undefined || y0 === 0n) continue;
      const y1 = (b1 * power(2n * y0, q - 2n)) % q;
      if (
        isOnG2([
          [x, 0n],
          [y0, y1],
        ])
      )
        return [
          [x, 0n],
          [y0, y1],
        ];
    }
  }
}
