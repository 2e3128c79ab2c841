import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSecrets, SecretsTooOpenError, SecretsUnreadableError } from "../../pipeline/secrets.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quittance-secrets-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("secrets", () => {
  it("are made once, for the owner's eyes only, and derive the same values again", () => {
    const path = join(folder, "secrets.json");
    const first = openSecrets(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = openSecrets(path);
    expect(again.salt("W", [1n, 2n])).toBe(first.salt("W", [1n, 2n]));
    expect(again.walletKey("operator")).toBe(first.walletKey("operator"));
    expect(openSecrets(join(folder, "other.json")).walletKey("operator")).not.toBe(
      first.walletKey("operator"),
    );
  });

  it("differ by label and by value, and fit their ranges", () => {
    const secrets = openSecrets(join(folder, "secrets.json"));
    const salts = [secrets.salt("W"), secrets.salt("A"), secrets.salt("W", [1n]), secrets.salt("W", [2n])];
    expect(new Set(salts).size).toBe(salts.length);
    for (const salt of salts) expect(salt < 1n << 248n).toBe(true);
    expect(secrets.walletKey("a")).toMatch(/^0x[0-9a-f]{64}$/);
  });

  it("are refused when others can read them, and a broken file is never quoted", () => {
    const path = join(folder, "secrets.json");
    openSecrets(path);
    chmodSync(path, 0o644);
    expect(() => openSecrets(path)).toThrow(SecretsTooOpenError);
    chmodSync(path, 0o600);
    const text = readFileSync(path, "utf8").slice(0, 40);
    writeFileSync(path, text);
    try {
      openSecrets(path);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SecretsUnreadableError);
      expect(String((error as Error).stack)).not.toContain(text.slice(10, 30));
    }
  });
});
