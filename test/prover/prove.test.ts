import { chmod, cp, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Artifact } from "../../prover/artifacts.ts";
import { PROVING_STAGES } from "../../prover/fast/prover.ts";
import { FIELD } from "../../prover/field.ts";
import { proofToJson, type VerifyingKey, verifyProof } from "../../prover/groth16.ts";
import { writeLocalKeys } from "../../prover/keys/local.ts";
import { verifyingKeyOf } from "../../prover/own-key.ts";
import { ProofFileError } from "../../prover/proof-files.ts";
import {
  calculateWitness,
  InvalidProofError,
  MissingFileError,
  ProverChoiceError,
  ProvingError,
  prove,
  proverName,
  proveWitness,
  RapidsnarkError,
  RapidsnarkMissingError,
  WitnessError,
} from "../../prover/prove.ts";
import { compileSmall, scratch, smallInput } from "./keys/support.ts";

let dir: string;
let circuit: Artifact;
let zkeyPath: string;
let vkey: VerifyingKey;
let witness: Uint8Array;
const publics = [5n, 2n * 2n * 3n + 6n - 7n, 0n];

beforeAll(async () => {
  dir = await scratch();
  circuit = await compileSmall(dir);
  await writeLocalKeys({ subjects: [{ name: "small", r1csPath: circuit.r1csPath }], folder: dir });
  zkeyPath = join(dir, "small.zkey");
  vkey = JSON.parse(await readFile(join(dir, "small.vkey.json"), "utf8"));
  witness = await calculateWitness({ wasmPath: circuit.wasmPath, input: smallInput(2n, 3n) });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

// Each test says which provers there are; the machine's own must not matter.
const before = { ...process.env };
let home: string;
beforeEach(async () => {
  home = await scratch();
  const temporary = join(home, "tmp");
  await mkdir(temporary);
  Object.assign(process.env, {
    TMPDIR: temporary,
    PATH: home,
    QUITTANCE_RAPIDSNARK: "",
    QUITTANCE_PROVER: "",
  });
});
afterEach(async () => {
  for (const name of ["TMPDIR", "PATH", "QUITTANCE_RAPIDSNARK", "QUITTANCE_PROVER"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  await rm(home, { recursive: true, force: true });
});

describe("prove", () => {
  it("proves by itself if there is nothing else, and says so", async () => {
    const made = await prove({ zkeyPath, wasmPath: circuit.wasmPath, input: smallInput(2n, 3n) });
    expect(made.publics).toEqual(publics);
    expect(await verifyProof(vkey, made.publics, made.proof)).toBe(true);
    expect(await proverName()).toBe("built-in");
  });

  it("makes another proof each time: nothing of the witness shows", async () => {
    const [one, two] = await Promise.all([1, 2].map(() => proveWitness({ zkeyPath, witness })));
    expect(one?.proof).not.toEqual(two?.proof);
  });

  it("says what the circuit refused", async () => {
    const wasmPath = circuit.wasmPath;
    const honest = smallInput(2n, 3n);
    const { y: _, ...missing } = honest;
    const refused: [object, RegExp][] = [
      [{ ...honest, sum: "6" }, /constraint does not hold/],
      [missing, /1 input values are missing/],
      [{ ...honest, y: "3.5" }, /input y is no integer/],
      [{ ...honest, y: ["3", "3"] }, /input y has 1 values, not 2/],
      [{ ...honest, z: "3" }, /no input z/],
    ];
    for (const [input, why] of refused) {
      const outcome = calculateWitness({ wasmPath, input: input as Record<string, unknown> });
      await expect(outcome).rejects.toThrow(WitnessError);
      await expect(outcome).rejects.toThrow(why);
    }
    // A refusal leaves nothing behind for the next witness.
    expect(await calculateWitness({ wasmPath, input: honest })).toEqual(witness);
  });

  it("takes an integer for its residue, however it is written", async () => {
    const { wasmPath } = circuit;
    const input = { ...smallInput(2n, 3n), y: [[3n - FIELD]], unused: 0, x: 2n + FIELD };
    expect(await calculateWitness({ wasmPath, input })).toEqual(witness);
  });

  it("says which file is missing, that a key is no key, and that a witness is of something else", async () => {
    const input = smallInput(2n, 3n);
    const wasmPath = join(dir, "nowhere.wasm");
    await expect(prove({ zkeyPath, wasmPath, input })).rejects.toThrow(MissingFileError);
    await expect(proveWitness({ zkeyPath: join(dir, "no.zkey"), witness })).rejects.toThrow(MissingFileError);
    await expect(proveWitness({ zkeyPath: circuit.wasmPath, witness })).rejects.toThrow(/no zkey file/);
    await expect(proveWitness({ zkeyPath, witness: witness.slice(0, -32) })).rejects.toThrow(ProvingError);
    await expect(proveWitness({ zkeyPath, witness: witness.slice(1) })).rejects.toThrow(/no wtns file/);
    const empty = join(home, "empty.zkey");
    await writeFile(empty, (await readFile(zkeyPath)).subarray(0, 40));
    await expect(proveWitness({ zkeyPath: empty, witness })).rejects.toThrow(/ends too early/);
  });

  it("reads a key again that was replaced", async () => {
    const path = join(home, "key.zkey");
    await cp(zkeyPath, path);
    await proveWitness({ zkeyPath: path, witness });
    const other = join(home, "other");
    await mkdir(other);
    await writeLocalKeys({ subjects: [{ name: "small", r1csPath: circuit.r1csPath }], folder: other });
    await cp(join(other, "small.zkey"), path);
    await utimes(path, new Date(), new Date(Date.now() + 5_000));
    const { proof } = await proveWitness({ zkeyPath: path, witness });
    const otherVkey = JSON.parse(await readFile(join(other, "small.vkey.json"), "utf8"));
    expect(await verifyProof(vkey, publics, proof)).toBe(false);
    expect(await verifyProof(otherVkey, publics, proof)).toBe(true);
  });

  it("gives no proof away that does not hold", async () => {
    const forged = Uint8Array.from(witness);
    forged[forged.length - 32] = (forged[forged.length - 32] as number) ^ 1;
    for (const kind of ["built-in", "snarkjs"] as const) {
      const proving = proveWitness({ zkeyPath, witness: forged, prover: { kind } });
      await expect(proving).rejects.toThrow(InvalidProofError);
      await expect(proving).rejects.toThrow(kind);
    }
    const { proof } = await proveWitness({ zkeyPath, witness: forged, check: false });
    expect(await verifyProof(vkey, publics, proof)).toBe(false);
  });

  it("checks against the verifying key that the proving key holds", async () => {
    expect(await verifyingKeyOf(await readFile(zkeyPath))).toEqual(vkey);
    for (const cut of [12, 500])
      await expect(verifyingKeyOf((await readFile(zkeyPath)).subarray(0, cut))).rejects.toThrow(
        ProofFileError,
      );
  });

  it("says what it has done, part by part", async () => {
    const laps: string[] = [];
    await proveWitness({ zkeyPath, witness, lap: (stage) => laps.push(stage) });
    expect(laps).toEqual(["read", ...PROVING_STAGES]);
  });
});

describe("the choice of a prover", () => {
  it("is the user's: the reference proves where it is asked for", async () => {
    process.env.QUITTANCE_PROVER = "snarkjs";
    expect(await proverName()).toBe("snarkjs");
    const { proof } = await proveWitness({ zkeyPath, witness });
    expect(await verifyProof(vkey, publics, proof)).toBe(true);
    process.env.QUITTANCE_PROVER = " built-in ";
    expect(await proverName()).toBe("built-in");
  });

  it("is the built-in prover's too where there is a rapidsnark", async () => {
    const path = join(home, "rapidsnark");
    await writeFile(path, "#!/bin/sh\nexit 1\n");
    await chmod(path, 0o755);
    expect(await proverName()).toBe(`rapidsnark (${path})`);
    for (const kind of ["built-in", "snarkjs"]) {
      process.env.QUITTANCE_PROVER = kind;
      expect(await proverName()).toBe(kind);
      await proveWitness({ zkeyPath, witness });
    }
    process.env.QUITTANCE_PROVER = "rapidsnark";
    await expect(proveWitness({ zkeyPath, witness })).rejects.toThrow(RapidsnarkError);
  });

  it("is refused where there is none of that name", async () => {
    process.env.QUITTANCE_PROVER = "gnark";
    await expect(proveWitness({ zkeyPath, witness })).rejects.toThrow(ProverChoiceError);
    await expect(proverName()).rejects.toThrow(/built-in, snarkjs or rapidsnark/);
    process.env.QUITTANCE_PROVER = "rapidsnark";
    await expect(proverName()).rejects.toThrow(RapidsnarkMissingError);
    await expect(proverName()).rejects.toThrow(/QUITTANCE_PROVER/);
  });
});

describe("rapidsnark", () => {
  /**
   * A program that speaks rapidsnark's command line; `body` may change what it does. It proves with snarkjs,
   * unless it is given something to say at once.
   */
  async function standIn(path: string, body = "", ready?: object): Promise<string> {
    const snarkjs = pathToFileURL(createRequire(import.meta.url).resolve("snarkjs")).href;
    const text = `#!${process.execPath}
      import { statSync, readdirSync, writeFileSync } from "node:fs";
      import { dirname } from "node:path";
      const [zkey, wtns, proofPath, publicPath, ...rest] = process.argv.slice(2);
      if (rest.length > 0 || publicPath === undefined) process.exit(64);
      const seen = { folder: statSync(dirname(wtns)).mode & 0o777, witness: statSync(wtns).mode & 0o777 };
      writeFileSync(${JSON.stringify(join(home, "seen.json"))}, JSON.stringify(seen));
      const prove = async () => (await import(${JSON.stringify(snarkjs)})).default.groth16.prove(zkey, wtns);
      let { proof, publicSignals } = ${JSON.stringify(ready) ?? "await prove()"};
      let extra = "";
      ${body}
      writeFileSync(proofPath, JSON.stringify(proof) + extra);
      writeFileSync(publicPath, JSON.stringify(publicSignals));
      process.exit(0);
    `;
    await writeFile(path, text);
    await chmod(path, 0o755);
    return path;
  }
  const leftBehind = (): Promise<string[]> => readdir(process.env.TMPDIR as string);
  const proving = (): Promise<unknown> => proveWitness({ zkeyPath, witness });

  it("on PATH is used, on a witness that only this user can read, and nothing stays", async () => {
    const path = await standIn(join(home, "rapidsnark"), "delete proof.curve;");
    expect(await proverName()).toBe(`rapidsnark (${path})`);
    const made = await proveWitness({ zkeyPath, witness });
    expect(made.publics).toEqual(publics);
    expect(await verifyProof(vkey, made.publics, made.proof)).toBe(true);
    const seen = JSON.parse(await readFile(join(home, "seen.json"), "utf8"));
    expect(seen).toEqual({ folder: 0o700, witness: 0o600 });
    expect(await leftBehind()).toEqual([]);
  });

  it("is used where QUITTANCE_RAPIDSNARK names it, by path or by name, and not if it says none", async () => {
    const path = await standIn(join(home, "prover-of-mine"));
    for (const named of [path, "prover-of-mine"]) {
      process.env.QUITTANCE_RAPIDSNARK = named;
      expect(await proverName()).toBe(`rapidsnark (${path})`);
    }
    const { proof } = await proveWitness({ zkeyPath, witness });
    expect(await verifyProof(vkey, publics, proof)).toBe(true);
    await stat(join(home, "seen.json"));
    await cp(path, join(home, "rapidsnark"));
    process.env.QUITTANCE_RAPIDSNARK = "none";
    expect(await proverName()).toBe("built-in");
  });

  it("is an error where it is named and cannot be run", async () => {
    const text = join(home, "text");
    await writeFile(text, "no program");
    for (const named of [join(home, "nowhere"), "nowhere", text, home]) {
      process.env.QUITTANCE_RAPIDSNARK = named;
      await expect(proving()).rejects.toThrow(RapidsnarkMissingError);
      await expect(proving()).rejects.toThrow(/QUITTANCE_RAPIDSNARK/);
      await expect(proverName()).rejects.toThrow(RapidsnarkMissingError);
    }
  });

  it("that fails is reported with what it said, and nothing stays", async () => {
    await standIn(join(home, "rapidsnark"), `console.error("out of luck"); process.exit(1);`);
    await expect(proving()).rejects.toThrow(RapidsnarkError);
    await expect(proving()).rejects.toThrow(/failed \(1\): out of luck/);
    expect(await leftBehind()).toEqual([]);
  });

  it("whose output is no proof, or not of this witness, is refused, and nothing stays", async () => {
    const lies: [string, RegExp][] = [
      [`extra = "}";`, /wrote no Groth16 proof/],
      [`process.exit(0);`, /wrote no Groth16 proof/],
      [`proof.pi_a[0] = "0x01";`, /wrote no Groth16 proof/],
      [`proof.pi_b = proof.pi_b.slice(1);`, /wrote no Groth16 proof/],
      [`proof.protocol = "plonk";`, /Groth16 proof/],
      [`proof.pi_c[2] = "2";`, /Groth16 proof/],
      [`proof.pi_a[0] = String(BigInt(proof.pi_a[0]) + 1n);`, /on no curve/],
      [`publicSignals[0] = "6";`, /other public signals/],
      [`publicSignals.pop();`, /other public signals/],
      [`publicSignals.push("0");`, /other public signals/],
    ];
    const made = await proveWitness({ zkeyPath, witness });
    const ready = { proof: proofToJson(made.proof), publicSignals: made.publics.map(String) };
    for (const [body, why] of lies) {
      await standIn(join(home, "rapidsnark"), body, ready);
      await expect(proving(), body).rejects.toThrow(why);
      expect(await leftBehind(), body).toEqual([]);
    }
    // A fine proof, but of another statement.
    const other = await calculateWitness({ wasmPath: circuit.wasmPath, input: smallInput(3n, 3n) });
    const foreign = await proveWitness({ zkeyPath, witness: other, prover: { kind: "built-in" } });
    await standIn(join(home, "rapidsnark"), "", { ...ready, proof: proofToJson(foreign.proof) });
    await expect(proving()).rejects.toThrow(InvalidProofError);
  });

  it("cleans up after a process that was killed", async () => {
    await standIn(join(home, "rapidsnark"));
    const temporary = process.env.TMPDIR as string;
    // No process has the first id; this one's folder and a stranger's stay.
    const [dead, alive, other] = [
      "quittance-witness-4194999-x",
      `quittance-witness-${process.pid}-x`,
      "other-1-x",
    ];
    for (const name of [dead, alive, other]) await mkdir(join(temporary, name as string));
    await proving();
    expect((await leftBehind()).sort()).toEqual([other, alive].sort());
  });
});
