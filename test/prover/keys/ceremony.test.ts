import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Circuit } from "../../../prover/artifacts.ts";
import { makePtau } from "../../../prover/engine/snarkjs.ts";
import { verifyProof } from "../../../prover/groth16.ts";
import {
  beginCeremony,
  CeremonyError,
  contributeToCeremony,
  finishCeremony,
  PtauError,
} from "../../../prover/keys/ceremony.ts";
import { KeyFolderError, makeLocalKeys } from "../../../prover/keys/local.ts";
import { loadKeys } from "../../../prover/keys/manifest.ts";
import { hashesOf, publishedPower } from "../../../prover/keys/ptau.ts";
import { CIRCUIT_NAMES } from "../../../prover/profile.ts";
import { prove } from "../../../prover/prove.ts";
import { hashFile } from "../../../prover/staging.ts";
import { compileSmall, scratch, smallInput } from "./support.ts";

const BEACON = { hex: "0102030405060708090a0b0c0d0e0f10", iterationsExp: 10 };

let dir: string;
let circuits: Circuit[];
let ptau: { path: string; sha256: string };

beforeAll(async () => {
  dir = await scratch();
  const artifact = await compileSmall(dir);
  // One small circuit stands in for all three: what a ceremony does is the same at every size.
  circuits = CIRCUIT_NAMES.map((name) => ({ ...artifact, name, profile: "tiny" as const }));
  const path = join(dir, "tau.ptau");
  await makePtau(path, 6, "any text");
  ptau = { path, sha256: await hashFile(path) };
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe("a ceremony", () => {
  it("ends in keys that prove, with its transcript in the manifest", async () => {
    const work = join(dir, "work");
    const keysDir = join(dir, "keys");
    await beginCeremony({ circuits, ptau, dir: work });
    const first = await contributeToCeremony({ dir: work, name: "Ada", entropy: "dice" });
    await contributeToCeremony({ dir: work, name: "Grace" });
    const keys = await finishCeremony({ circuits, ptau, dir: work, keysDir, beacon: BEACON });

    expect(keys.manifest).toMatchObject({ kind: "ceremony", insecure: false, profile: "tiny" });
    const transcript = keys.manifest.transcript;
    expect(transcript?.ptau.sha256).toBe(ptau.sha256);
    expect(transcript?.contributions.adjoint?.map(({ name }) => name)).toEqual(["Ada", "Grace", "beacon"]);
    expect(transcript?.contributions.adjoint?.[0]?.hash).toBe(first.adjoint);

    const zkeyPath = keys.zkeyPath("adjoint");
    const wasmPath = (circuits[1] as Circuit).wasmPath;
    const { proof, publics } = await prove({ zkeyPath, wasmPath, input: smallInput(3n, 4n) });
    expect(await verifyProof(keys.vkey("adjoint"), publics, proof)).toBe(true);
    expect((await loadKeys(keysDir)).manifest).toEqual(keys.manifest);
    // Local keys never take the place of these.
    await expect(makeLocalKeys({ circuits, dir: keysDir })).rejects.toThrow(KeyFolderError);
  });

  it("without a contribution is refused", async () => {
    const work = join(dir, "nobody");
    await beginCeremony({ circuits, ptau, dir: work });
    const finish = finishCeremony({ circuits, ptau, dir: work, keysDir: join(dir, "none"), beacon: BEACON });
    await expect(finish).rejects.toThrow(CeremonyError);
  });

  it("in which somebody exchanged a key does not verify", async () => {
    const [work, other] = [join(dir, "exchanged"), join(dir, "other")];
    for (const folder of [work, other]) {
      await beginCeremony({ circuits, ptau, dir: folder });
      await contributeToCeremony({ dir: folder, name: "Ada" });
    }
    const bytes = await readFile(join(work, "weights.0001.zkey"));
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] as number) ^ 1;
    await writeFile(join(work, "weights.0001.zkey"), bytes);
    const finish = finishCeremony({ circuits, ptau, dir: work, keysDir: join(dir, "bad"), beacon: BEACON });
    await expect(finish).rejects.toThrow();
    await expect(loadKeys(join(dir, "bad"))).rejects.toThrow();
  });

  it("refuses a powers-of-tau file that is not the pinned one, or is not one", async () => {
    const pinned = { path: ptau.path, sha256: "0".repeat(64) };
    await expect(beginCeremony({ circuits, ptau: pinned, dir: join(dir, "a") })).rejects.toThrow(PtauError);
    const path = join(dir, "no.ptau");
    await writeFile(path, "not powers of tau");
    const sha256 = await hashFile(path);
    const noPowers = beginCeremony({ circuits, ptau: { path, sha256 }, dir: join(dir, "b") });
    await expect(noPowers).rejects.toThrow(/is not a powers-of-tau file/);
  });

  it("refuses a valid file that nobody published and nobody pinned, and says its hash", async () => {
    const begin = beginCeremony({ circuits, ptau: { path: ptau.path }, dir: join(dir, "c") });
    await expect(begin).rejects.toThrow(PtauError);
    await expect(begin).rejects.toThrow(ptau.sha256);
    expect(publishedPower((await hashesOf(ptau.path)).blake2b)).toBeUndefined();
    const hash = "6247a3433948b35fbfae414fa5a9355bfb45f56efa7ab4929e669264a0258976";
    expect(publishedPower(`${hash}741dfbe3288bfb49828e5df02c2e633df38d2245e30162ae7e3bcca5b8b49345`)).toBe(
      17,
    );
  });
});
