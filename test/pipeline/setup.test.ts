// Keys in the cache: found again, made again when they are stale or damaged, and a ceremony's never thrown
// away.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cacheFolder, keysFolder } from "../../pipeline/environment.ts";
import { readyCircuits, readyKeys } from "../../pipeline/setup.ts";
import { MANIFEST_FILE } from "../../prover/index.ts";

type Manifest = { kind: string; createdAt: string; circuits: Record<string, unknown> };

describe("readyKeys", () => {
  const before = { cache: process.env["QUITTANCE_CACHE"], keys: process.env["QUITTANCE_KEYS"] };
  const home = mkdtempSync(join(tmpdir(), "quittance-setup-"));
  let circuits: Awaited<ReturnType<typeof readyCircuits>>;

  beforeAll(async () => {
    delete process.env["QUITTANCE_KEYS"];
    circuits = await readyCircuits("tiny");
    process.env["QUITTANCE_CACHE"] = home;
    expect(cacheFolder()).toBe(home);
    await readyKeys("tiny", circuits);
  });
  afterAll(() => {
    for (const [name, value] of [
      ["QUITTANCE_CACHE", before.cache],
      ["QUITTANCE_KEYS", before.keys],
    ] as const) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(home, { recursive: true });
  });

  const path = (): string => join(keysFolder("tiny"), MANIFEST_FILE);
  const manifest = (): Manifest => JSON.parse(readFileSync(path(), "utf8")) as Manifest;
  /** Changes the manifest and says when the changed one was made. */
  const changed = (change: (manifest: Manifest) => void): string => {
    const now = { ...manifest(), createdAt: "2001-01-01T00:00:00.000Z" };
    change(now);
    writeFileSync(path(), JSON.stringify(now));
    return now.createdAt;
  };

  it("finds what it made", async () => {
    const made = manifest().createdAt;
    await readyKeys("tiny", circuits);
    expect(manifest().createdAt).toBe(made);
  });

  it("makes keys again that an earlier version, with fewer circuits, left behind", async () => {
    const old = changed((keys) => {
      delete keys.circuits["samples"];
    });
    const said: unknown[] = [];
    const keys = await readyKeys("tiny", circuits, (...what) => said.push(what[2]));
    expect(keys.manifest.createdAt).not.toBe(old);
    expect(Object.keys(keys.manifest.circuits)).toContain("samples");
    expect(said.join()).toContain("earlier version or damaged");
  });

  it("leaves a ceremony's keys alone, and those that the user names", async () => {
    const old = changed((keys) => {
      keys.kind = "ceremony";
    });
    await expect(readyKeys("tiny", circuits)).rejects.toThrow(/is not a manifest of keys/);
    process.env["QUITTANCE_KEYS"] = keysFolder("tiny");
    changed((keys) => {
      keys.kind = "local";
      delete keys.circuits["samples"];
    });
    await expect(readyKeys("tiny", circuits)).rejects.toThrow(/is not a manifest of keys/);
    expect(manifest().createdAt).toBe(old);
  });
});
