import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Circuit } from "../../../prover/artifacts.ts";
import { verifyProof } from "../../../prover/groth16.ts";
import { CircuitSetError, KeyFolderError, makeLocalKeys } from "../../../prover/keys/local.ts";
import {
  DamagedKeysError,
  hashVkey,
  type Keys,
  loadKeys,
  MissingKeysError,
  StaleKeysError,
} from "../../../prover/keys/manifest.ts";
import { UnsafeKeyError } from "../../../prover/keys/verifying.ts";
import { CIRCUIT_NAMES } from "../../../prover/profile.ts";
import { prove } from "../../../prover/prove.ts";
import { hashFile } from "../../../prover/staging.ts";
import { compileSmall, scratch, smallInput } from "./support.ts";

let root: string;
let circuits: Circuit[];
let count = 0;
let keys: Keys;

beforeAll(async () => {
  root = await scratch();
  const artifact = await compileSmall(root);
  circuits = CIRCUIT_NAMES.map((name) => ({ ...artifact, name, profile: "tiny" as const }));
  await makeLocalKeys({ circuits, dir: join(root, "made") });
});
afterAll(() => rm(root, { recursive: true, force: true }));

beforeEach(async () => {
  const dir = join(root, `keys-${count++}`);
  await cp(join(root, "made"), dir, { recursive: true });
  keys = await loadKeys(dir);
});

/** Changes the manifest on disk. */
async function editManifest(change: (manifest: Record<string, never>) => void): Promise<void> {
  const path = join(keys.dir, "keys.json");
  const manifest = JSON.parse(await readFile(path, "utf8"));
  change(manifest);
  await writeFile(path, JSON.stringify(manifest));
}

describe("makeLocalKeys", () => {
  it("makes keys for every circuit and marks them insecure", async () => {
    expect(keys.manifest).toMatchObject({ kind: "local", insecure: true, profile: "tiny" });
    expect(keys.manifest.transcript).toBeUndefined();
    for (const name of CIRCUIT_NAMES) {
      const wasmPath = (circuits[0] as Circuit).wasmPath;
      const { proof, publics } = await prove({
        zkeyPath: keys.zkeyPath(name),
        wasmPath,
        input: smallInput(2n, 3n),
      });
      expect(await verifyProof(keys.vkey(name), publics, proof)).toBe(true);
      expect(keys.manifest.circuits[name].vkeyHash).toBe(hashVkey(keys.vkey(name)));
      expect((await readFile(keys.zkeyPath(name))).includes("INSECURE LOCAL KEY")).toBe(true);
    }
  });

  it("keeps keys that are there, and makes outdated or damaged ones again", async () => {
    const again = await makeLocalKeys({ circuits, dir: keys.dir });
    expect(again.manifest).toEqual(keys.manifest);
    const changed = circuits.map((circuit) => ({ ...circuit, hash: "f".repeat(64) }));
    const newer = await makeLocalKeys({ circuits: changed, dir: keys.dir });
    expect(newer.manifest.circuits.adjoint.circuitHash).toBe("f".repeat(64));
    await truncate(newer.zkeyPath("weights"), 100);
    const repaired = await makeLocalKeys({ circuits: changed, dir: keys.dir });
    expect(repaired.vkey("weights")).not.toEqual(newer.vkey("weights"));
  });

  it("leaves nothing half-made when it is killed, and the next run makes the keys", async () => {
    const dir = join(root, "killed");
    const module = fileURLToPath(new URL("../../../prover/keys/local.ts", import.meta.url));
    const script = `import { makeLocalKeys } from ${JSON.stringify(module)};
      await makeLocalKeys({ circuits: ${JSON.stringify(circuits)}, dir: ${JSON.stringify(dir)} });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
    const exited = once(child, "exit");
    const leftovers = async () => (await readdir(root)).filter((name) => name.startsWith("killed."));
    while ((await leftovers()).length === 0 && child.exitCode === null) await setTimeout(5);
    child.kill("SIGKILL");
    await exited;
    expect(await leftovers()).toHaveLength(1);
    await expect(loadKeys(dir)).rejects.toThrow(MissingKeysError);
    await makeLocalKeys({ circuits, dir });
    expect((await loadKeys(dir)).manifest.kind).toBe("local");
    expect(await leftovers()).toHaveLength(0);
  });

  it("does not overwrite a folder that holds something else", async () => {
    await expect(makeLocalKeys({ circuits, dir: root })).rejects.toThrow(KeyFolderError);
    expect((await stat(join(root, "circuits"))).isDirectory()).toBe(true);
  });

  it("wants each circuit of one profile once", async () => {
    const dir = join(root, "none");
    await expect(makeLocalKeys({ circuits: circuits.slice(1), dir })).rejects.toThrow(CircuitSetError);
    await expect(makeLocalKeys({ circuits: [], dir })).rejects.toThrow(CircuitSetError);
    const [first, ...others] = circuits as [Circuit, ...Circuit[]];
    const mixed = [{ ...first, profile: "default" as const }, ...others];
    await expect(makeLocalKeys({ circuits: mixed, dir })).rejects.toThrow(CircuitSetError);
  });
});

describe("loadKeys", () => {
  it("loads what was made", async () => {
    expect((await loadKeys(keys.dir, { circuits })).manifest).toEqual(keys.manifest);
  });

  it("says where keys are missing", async () => {
    await expect(loadKeys(join(root, "nowhere"))).rejects.toThrow(MissingKeysError);
  });

  it("refuses keys for other circuits", async () => {
    const changed = circuits.map((circuit) => ({ ...circuit, hash: "f".repeat(64) }));
    await expect(loadKeys(keys.dir, { circuits: changed })).rejects.toThrow(StaleKeysError);
  });

  it("refuses a zkey that changed, also when its size did not, whatever was loaded before", async () => {
    const path = keys.zkeyPath("adjoint");
    const bytes = await readFile(path);
    bytes[bytes.length - 200] = (bytes[bytes.length - 200] as number) ^ 1;
    await writeFile(path, bytes);
    await utimes(path, 1, 1);
    await expect(loadKeys(keys.dir)).rejects.toThrow(DamagedKeysError);
    await truncate(path, bytes.length - 1);
    await expect(loadKeys(keys.dir)).rejects.toThrow(DamagedKeysError);
    await rm(path);
    await expect(loadKeys(keys.dir)).rejects.toThrow(DamagedKeysError);
  });

  it("refuses a verifying key that changed or is missing", async () => {
    const path = join(keys.dir, "adjoint.vkey.json");
    const vkey = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify(vkey));
    await expect(loadKeys(keys.dir)).rejects.toThrow(DamagedKeysError);
    await rm(path);
    await expect(loadKeys(keys.dir)).rejects.toThrow(DamagedKeysError);
  });

  it("refuses a key with δ = γ even when the manifest vouches for it", async () => {
    const path = join(keys.dir, "adjoint.vkey.json");
    const vkey = JSON.parse(await readFile(path, "utf8"));
    const weak = { ...vkey, vk_delta_2: vkey.vk_gamma_2 };
    await writeFile(path, JSON.stringify(weak));
    const sha256 = await hashFile(path);
    await editManifest((manifest: Record<string, Record<string, Record<string, unknown>>>) => {
      Object.assign(manifest.circuits?.adjoint ?? {}, {
        vkey: { file: "adjoint.vkey.json", sha256 },
        vkeyHash: hashVkey(weak),
      });
    });
    await expect(loadKeys(keys.dir)).rejects.toThrow(UnsafeKeyError);
  });

  it.each([
    ["local keys that claim to be secure", { insecure: false }],
    ["ceremony keys without a transcript", { kind: "ceremony", insecure: false }],
    ["another format", { format: "quittance-keys/2" }],
    ["unknown fields", { extra: 1 }],
  ])("refuses a manifest with %s", async (_, change) => {
    await editManifest((manifest) => Object.assign(manifest, change));
    await expect(loadKeys(keys.dir)).rejects.toThrow(DamagedKeysError);
  });

  it("refuses file names that lead out of the folder", async () => {
    await editManifest(
      (manifest: Record<string, Record<string, Record<string, Record<string, unknown>>>>) => {
        Object.assign(manifest.circuits?.adjoint?.zkey ?? {}, { file: "../adjoint.zkey" });
      },
    );
    await expect(loadKeys(keys.dir)).rejects.toThrow(DamagedKeysError);
  });
});

describe("hashVkey", () => {
  it("does not depend on the order of the fields", () => {
    const vkey = keys.vkey("weights");
    const reversed = Object.fromEntries(Object.entries(vkey).reverse()) as typeof vkey;
    expect(hashVkey(reversed)).toBe(hashVkey(vkey));
    expect(hashVkey({ ...vkey, nPublic: 4 })).not.toBe(hashVkey(vkey));
  });
});
