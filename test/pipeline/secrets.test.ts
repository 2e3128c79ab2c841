import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  openSecrets,
  operatorToken,
  SecretFileError,
  SecretsTooOpenError,
  SecretsUnreadableError,
  SecretTwiceError,
  secretSetting,
  TokenTooShortError,
} from "../../pipeline/secrets.ts";

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

describe("a secret from the environment", () => {
  const NAME = "QUITTANCE_OPERATOR_KEY";

  it("stands there, or in a file that only its owner may read", () => {
    const path = join(folder, "key");
    writeFileSync(path, "  0xabc\n", { mode: 0o600 });
    expect(secretSetting(NAME, {})).toBeUndefined();
    expect(secretSetting(NAME, { [NAME]: "", [`${NAME}_FILE`]: "" })).toBeUndefined();
    expect(secretSetting(NAME, { [NAME]: "0x1" })).toBe("0x1");
    expect(secretSetting(NAME, { [`${NAME}_FILE`]: path })).toBe("0xabc");
    for (const mode of [0o640, 0o604, 0o644, 0o620]) {
      chmodSync(path, mode);
      expect(() => secretSetting(NAME, { [`${NAME}_FILE`]: path })).toThrow(SecretsTooOpenError);
    }
    chmodSync(path, 0o400);
    expect(secretSetting(NAME, { [`${NAME}_FILE`]: path })).toBe("0xabc");
  });

  it("is refused where it is given twice, missing or empty, and never quoted", () => {
    const path = join(folder, "key");
    writeFileSync(path, "\n", { mode: 0o600 });
    const file = { [`${NAME}_FILE`]: path };
    expect(() => secretSetting(NAME, file)).toThrow(SecretFileError);
    expect(() => secretSetting(NAME, { [`${NAME}_FILE`]: join(folder, "none") })).toThrow(/ENOENT/);
    writeFileSync(path, "0xsecret", { mode: 0o600 });
    expect(() => secretSetting(NAME, { ...file, [NAME]: "0xother" })).toThrow(SecretTwiceError);
    expect(() => secretSetting(NAME, { ...file, [NAME]: "0xother" })).not.toThrow(/0xsecret|0xother/);
  });

  it("has to be long where it stands for the operator", () => {
    expect(operatorToken({})).toBeUndefined();
    expect(() => operatorToken({ QUITTANCE_OPERATOR_TOKEN: "short" })).toThrow(TokenTooShortError);
    expect(operatorToken({ QUITTANCE_OPERATOR_TOKEN: "a".repeat(22) })).toBe("a".repeat(22));
  });
});
