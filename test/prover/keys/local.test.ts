import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Artifact } from "../../../prover/artifacts.ts";
import { shareSingleThreadCurve } from "../../../prover/engine/curve.ts";
import { exportVkey, groth16Verify, makePtau, startPhase2 } from "../../../prover/engine/snarkjs.ts";
import {
  type Proof,
  proofFromJson,
  proofToJson,
  type VerifyingKey,
  verifyProof,
} from "../../../prover/groth16.ts";
import { writeLocalKeys } from "../../../prover/keys/local.ts";
import { assertSafeVkey, UnsafeKeyError } from "../../../prover/keys/verifying.ts";
import { calculateWitness, prove, proveWitness } from "../../../prover/prove.ts";
import { compileSmall, scratch, smallInput } from "./support.ts";
import { zkeySections } from "./zkeyfile.ts";

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);
/** Where the first wire's value starts in a wtns file: two headers and the field's. */
const WITNESS_START = 76;

let dir: string;
let circuit: Artifact;
let vkey: VerifyingKey;
let zkeyPath: string;
let reference: string;

beforeAll(async () => {
  dir = await scratch();
  circuit = await compileSmall(dir);
  await writeLocalKeys({
    subjects: [{ name: "small", r1csPath: circuit.r1csPath }],
    folder: dir,
    seed: SEED,
  });
  zkeyPath = join(dir, "small.zkey");
  vkey = JSON.parse(await readFile(join(dir, "small.vkey.json"), "utf8"));
  const ptau = join(dir, "small.ptau");
  await makePtau(ptau, 6, "any text");
  reference = join(dir, "reference.zkey");
  await startPhase2(circuit.r1csPath, ptau, reference);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe("a local key", () => {
  it("proves what snarkjs's own verifier accepts", async () => {
    const { proof, publics } = await prove({
      zkeyPath,
      wasmPath: circuit.wasmPath,
      input: smallInput(5n, 11n),
    });
    expect(publics).toEqual([16n, 283n, 0n]);
    expect(await groth16Verify(vkey, publics.map(String), proofToJson(proof))).toBe(true);
    expect(await verifyProof(vkey, publics, proof)).toBe(true);
  });

  it("is read by snarkjs, which finds the same verifying key in it", async () => {
    expect(await exportVkey(zkeyPath)).toEqual(vkey);
    await expect(assertSafeVkey(vkey)).resolves.toBeUndefined();
  });

  it("has the structure of one that snarkjs makes: sections, coefficients, zero points", async () => {
    const [ours, theirs] = [await zkeySections(zkeyPath), await zkeySections(reference)];
    expect([...ours.keys()]).toEqual([...theirs.keys()]);
    for (const [section, bytes] of theirs)
      expect(ours.get(section)?.length, `section ${section}`).toBe(bytes.length);
    expect(ours.get(4)?.equals(theirs.get(4) as Buffer)).toBe(true);
    expect(
      ours
        .get(2)
        ?.subarray(0, 84)
        .equals(theirs.get(2)?.subarray(0, 84) as Buffer),
    ).toBe(true);
    for (const [section, size] of [
      [3, 64],
      [5, 64],
      [6, 64],
      [7, 128],
      [8, 64],
      [9, 64],
    ] as const) {
      expect(zeroPoints(ours.get(section), size)).toEqual(zeroPoints(theirs.get(section), size));
    }
  });

  it("is the same for the same seed whatever the number of threads, and another without a seed", async () => {
    const hashes: string[] = [];
    for (const options of [{ seed: SEED, threads: 1 }, { seed: SEED, threads: 3 }, {}, {}]) {
      const folder = await scratch();
      await writeLocalKeys({ subjects: [{ name: "small", r1csPath: circuit.r1csPath }], folder, ...options });
      hashes.push(
        createHash("sha256")
          .update(await readFile(join(folder, "small.zkey")))
          .digest("hex"),
      );
      await rm(folder, { recursive: true });
    }
    expect(hashes[0]).toBe(hashes[1]);
    expect(new Set(hashes.slice(1)).size).toBe(3);
  });

  it("shares α and β between circuits, and gives each its own δ", async () => {
    const folder = await scratch();
    const subjects = ["one", "two"].map((name) => ({ name, r1csPath: circuit.r1csPath }));
    await writeLocalKeys({ subjects, folder });
    const [one, two] = await Promise.all(
      subjects.map(({ name }) => exportVkey(join(folder, `${name}.zkey`))),
    );
    expect(one?.vk_alpha_1).toEqual(two?.vk_alpha_1);
    expect(one?.vk_beta_2).toEqual(two?.vk_beta_2);
    expect(one?.vk_gamma_2).toEqual(two?.vk_gamma_2);
    expect(one?.vk_delta_2).not.toEqual(two?.vk_delta_2);
    await rm(folder, { recursive: true });
  });
});

describe("what a local key does not prove", () => {
  it("a witness with any one private wire changed", async () => {
    const witness = await calculateWitness({ wasmPath: circuit.wasmPath, input: smallInput(5n, 11n) });
    const wires = (witness.length - WITNESS_START) / 32;
    expect(wires).toBe(circuit.wires);
    for (let wire = circuit.publicCount + 1; wire < wires; wire++) {
      const forged = Uint8Array.from(witness);
      const at = WITNESS_START + 32 * wire;
      forged[at] = (forged[at] as number) ^ 1;
      const { proof, publics } = await proveWitness({ zkeyPath, witness: forged, check: false });
      expect(await verifyProof(vkey, publics, proof), `wire ${wire}`).toBe(false);
    }
  });

  it("another public signal than the prover's, also where no constraint mentions it", async () => {
    const { proof, publics } = await prove({
      zkeyPath,
      wasmPath: circuit.wasmPath,
      input: smallInput(5n, 11n),
    });
    for (let i = 0; i < publics.length; i++) {
      const other = publics.map((value, j) => (i === j ? value + 1n : value));
      expect(await verifyProof(vkey, other, proof), `signal ${i}`).toBe(false);
    }
  });
});

describe("a key with δ = γ", () => {
  it("lets anybody forge, without a witness; the same forgery fails under a sound key", async () => {
    const weak = await exportVkey(reference);
    const signals = [1n, 2n, 3n];
    const forgery = await forge(weak, signals);
    expect(await groth16Verify(weak, signals.map(String), proofToJson(forgery))).toBe(true);
    expect(await verifyProof(vkey, signals, await forge(vkey, signals))).toBe(false);
  });

  it("is refused", async () => {
    const weak = await exportVkey(reference);
    await expect(assertSafeVkey(weak)).rejects.toThrow(UnsafeKeyError);
    await expect(assertSafeVkey({ ...vkey, vk_delta_2: vkey.vk_gamma_2 })).rejects.toThrow(/δ = γ/);
    const moved = { ...vkey, vk_gamma_2: vkey.vk_beta_2, vk_delta_2: vkey.vk_gamma_2 };
    await expect(assertSafeVkey(moved)).rejects.toThrow(/generator/);
  });
});

/** A = α, B = β, C = −(IC_0 + Σ x_i IC_i): with δ = γ the last two pairings cancel. */
async function forge(key: VerifyingKey, signals: readonly bigint[]): Promise<Proof> {
  const { G1 } = await shareSingleThreadCurve();
  const point = (p: readonly string[]): Uint8Array => G1.fromObject(p.map(BigInt));
  let sum = point(key.IC[0] as readonly string[]);
  signals.forEach((value, i) => {
    const scalar = Uint8Array.of(Number(value));
    sum = G1.add(sum, G1.timesScalar(point(key.IC[i + 1] as readonly string[]), scalar));
  });
  const c = G1.toObject(G1.toAffine(G1.neg(sum))) as bigint[];
  return proofFromJson({
    pi_a: key.vk_alpha_1,
    pi_b: key.vk_beta_2,
    pi_c: c.map(String),
    protocol: "groth16",
    curve: "bn128",
  });
}

function zeroPoints(section: Buffer | undefined, size: number): number[] {
  const zeros: number[] = [];
  for (let i = 0; i < (section?.length ?? 0) / size; i++) {
    if (section?.subarray(i * size, (i + 1) * size).every((byte) => byte === 0)) zeros.push(i);
  }
  return zeros;
}
