import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  configOf,
  deployerFromEnvironment,
  exampleConfig,
  SETTINGS,
} from "../../../pipeline/deploy/config.ts";

describe("a deployment's example", () => {
  it("can be deployed, and each of its settings is explained", () => {
    const example = JSON.parse(exampleConfig()) as Record<string, unknown>;
    expect(configOf(example, "example").chainId).toBe(31_337);
    const { format: _, ...settings } = example;
    const inside = ["governance", "validation"].flatMap((name) => Object.keys(settings[name] as object));
    for (const name of [...Object.keys(settings), ...inside])
      expect(SETTINGS).toMatch(new RegExp(`^ +${name} +[a-z]`, "m"));
    for (const [, name = ""] of SETTINGS.matchAll(/^ +([a-zA-Z]+) +/gm))
      expect([...Object.keys(settings), ...inside]).toContain(name);
  });
});

describe("the deployer's key", () => {
  const folder = mkdtempSync(join(tmpdir(), "quittance-deployer-"));
  const path = join(folder, "key");
  afterEach(() => {
    delete process.env["QUITTANCE_DEPLOYER_KEY_FILE"];
    rmSync(folder, { recursive: true, force: true });
  });

  it("may be in a file that only its owner reads, like everybody's", () => {
    expect(() => deployerFromEnvironment()).toThrow(/QUITTANCE_DEPLOYER_KEY_FILE/);
    writeFileSync(path, `0x${"11".repeat(32)}\n`, { mode: 0o600 });
    process.env["QUITTANCE_DEPLOYER_KEY_FILE"] = path;
    expect(deployerFromEnvironment().address).toMatch(/^0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A$/i);
    chmodSync(path, 0o644);
    expect(() => deployerFromEnvironment()).toThrow(/can be read by other users/);
  });
});
