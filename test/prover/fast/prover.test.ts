import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { groth16Prove } from "../../../prover/engine/snarkjs.ts";
import { fastProve } from "../../../prover/fast/prover.ts";
import { type VerifyingKey, verifyProof } from "../../../prover/groth16.ts";
import { writeLocalKeys } from "../../../prover/keys/local.ts";
import {
  ELEMENT_BYTES,
  ProofFileError,
  publicsOf,
  readSections,
  readWtns,
} from "../../../prover/proof-files.ts";
import { calculateWitness } from "../../../prover/prove.ts";
import { compileSmall, scratch, smallInput } from "../keys/support.ts";

let dir: string;
let zkey: Buffer;
let vkey: VerifyingKey;
let wtns: Uint8Array;
let witness: Buffer;

beforeAll(async () => {
  dir = await scratch();
  const circuit = await compileSmall(dir);
  await writeLocalKeys({ subjects: [{ name: "small", r1csPath: circuit.r1csPath }], folder: dir });
  zkey = await readFile(join(dir, "small.zkey"));
  vkey = JSON.parse(await readFile(join(dir, "small.vkey.json"), "utf8"));
  wtns = await calculateWitness({ wasmPath: circuit.wasmPath, input: smallInput(1_000n, 77n) });
  witness = readWtns(wtns);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe("our own prover", () => {
  it("proves what snarkjs proves, with the same key and witness", async () => {
    const { publicSignals } = await groth16Prove(zkey, wtns);
    const publics = publicsOf(witness, vkey.nPublic);
    expect(publics.map(String)).toEqual(publicSignals);
    expect(await verifyProof(vkey, publics, await fastProve(zkey, witness))).toBe(true);
  });

  it("hides the witness: no point of two proofs is the same", async () => {
    const [one, two] = [await fastProve(zkey, witness), await fastProve(zkey, witness)];
    expect(one.a).not.toEqual(two.a);
    expect(one.b).not.toEqual(two.b);
    expect(one.c).not.toEqual(two.c);
  });

  it("makes nothing that verifies of a witness with any one wire changed", async () => {
    const publics = publicsOf(witness, vkey.nPublic);
    // The third public signal stands in no constraint.
    for (let wire = vkey.nPublic + 1; wire < witness.length / ELEMENT_BYTES; wire++) {
      const forged = Buffer.from(witness);
      forged[wire * ELEMENT_BYTES] = ((forged[wire * ELEMENT_BYTES] as number) + 1) & 255;
      expect([wire, await verifyProof(vkey, publics, await fastProve(zkey, forged))]).toEqual([wire, false]);
    }
  });

  it("does not care where its files lie in memory", async () => {
    const shifted = (bytes: Uint8Array): Uint8Array => {
      const room = new Uint8Array(bytes.length + 3);
      room.set(bytes, 3);
      return room.subarray(3);
    };
    const proof = await fastProve(shifted(zkey), shifted(witness));
    expect(await verifyProof(vkey, publicsOf(witness, vkey.nPublic), proof)).toBe(true);
  });

  it("refuses a key that is cut short or points outside of its circuit, and a witness of other length", async () => {
    await expect(fastProve(zkey, witness.subarray(ELEMENT_BYTES))).rejects.toThrow(ProofFileError);
    for (const section of [4, 5, 6, 7, 8, 9]) {
      const start = readSections(zkey, "zkey").get(section)?.byteOffset as number;
      const cut = zkey.subarray(0, start - zkey.byteOffset + 40);
      await expect(fastProve(cut, witness), `section ${section}`).rejects.toThrow(ProofFileError);
    }
    const first = (readSections(zkey, "zkey").get(4)?.byteOffset as number) - zkey.byteOffset + 4;
    for (const field of [0, 4, 8]) {
      const bad = Buffer.from(zkey);
      bad.writeUInt32LE(2 ** 31, first + field);
      await expect(fastProve(bad, witness)).rejects.toThrow(/outside of its circuit/);
    }
  });
});
