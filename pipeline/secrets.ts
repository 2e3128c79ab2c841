/**
 * The operator's secret and everything that is derived from it.
 *
 * One random 32-byte master secret lies in `secrets.json` (mode 0600). Every salt and every local wallet is
 * `HMAC-SHA256(master, label)`: a resumed run arrives at the same commitments, and nothing but the master has
 * to be backed up. The pitfall would be a salt that two different matrices share; a label therefore names the
 * kind, the model, the epoch and the position, and the salt of a committed matrix also hashes its values.
 */
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { canonical, type Plain, writeFileAtomic } from "./store.ts";

const schema = z.strictObject({
  format: z.literal("quittance-secrets/1"),
  master: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Derives salts and keys; the master itself never leaves this object. */
export type Secrets = {
  /** A salt below 2^248 for this label and these values. */
  salt(label: string, values?: Plain): bigint;
  /** A secp256k1 private key, 0x-prefixed hex, for a local wallet. */
  walletKey(label: string): string;
};

/** Order of secp256k1: a private key must be in [1, n). */
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * Opens the secrets in `path`, making them on first use. `seed` (tests and demonstrations) fixes the master.
 */
export function openSecrets(path: string, seed?: string): Secrets {
  if (!existsSync(path)) {
    const master =
      seed === undefined
        ? randomBytes(32)
        : createHmac("sha256", "quittance demonstration").update(seed).digest();
    writeFileAtomic(
      path,
      `${canonical({ format: "quittance-secrets/1", master: master.toString("hex") })}\n`,
      0o600,
    );
  }
  if ((statSync(path).mode & 0o077) !== 0) throw new SecretsTooOpenError(path);
  let master: Buffer;
  try {
    master = Buffer.from(schema.parse(JSON.parse(readFileSync(path, "utf8"))).master, "hex");
  } catch {
    // The cause could quote the file's content, so it is left out on purpose.
    throw new SecretsUnreadableError(path);
  }
  return deriveSecrets(master);
}

/** Secrets from a 32-byte master, without a file. */
export function deriveSecrets(master: Uint8Array): Secrets {
  // Made once: making the key takes four times as long as using it.
  const key = createSecretKey(master);
  const mac = (label: string): Buffer => createHmac("sha256", key).update(label).digest();
  return {
    salt(label, values) {
      const text = values === undefined ? label : `${label}\n${canonical(values)}`;
      return BigInt(`0x${mac(`salt/${text}`).subarray(0, 31).toString("hex")}`);
    },
    walletKey(label) {
      for (let attempt = 0; attempt < 16; attempt++) {
        const key = mac(`wallet/${label}/${attempt}`).toString("hex");
        const value = BigInt(`0x${key}`);
        if (value > 0n && value < SECP256K1_ORDER) return `0x${key}`;
      }
      throw new Error("unreachable: sixteen hashes in a row above the order of secp256k1");
    },
  };
}

/** Characters of a token that stands for a person: at least 128 random bits in base64. */
const TOKEN_LENGTH = 22;

/**
 * A secret from the environment: `NAME`, or the file that `NAME_FILE` names, which only its owner may read.
 * Undefined where neither is set. Throws {@link SecretTwiceError}, {@link SecretsTooOpenError}, {@link
 * SecretFileError}.
 */
export function secretSetting(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const [value, path] = [env[name] || undefined, env[`${name}_FILE`] || undefined];
  if (path === undefined) return value;
  if (value !== undefined) throw new SecretTwiceError(name);
  let text: string;
  try {
    if ((statSync(path).mode & 0o077) !== 0) throw new SecretsTooOpenError(path);
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error instanceof SecretsTooOpenError) throw error;
    throw new SecretFileError(name, path, (error as NodeJS.ErrnoException).code ?? "it cannot be read");
  }
  if (text === "") throw new SecretFileError(name, path, "it is empty");
  return text;
}

/** The token of whoever may settle over HTTP, if there is one. Throws {@link TokenTooShortError}. */
export function operatorToken(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const name = "QUITTANCE_OPERATOR_TOKEN";
  const token = secretSetting(name, env);
  if (token !== undefined && token.length < TOKEN_LENGTH) throw new TokenTooShortError(name);
  return token;
}

/** The secrets file can be read by others. */
export class SecretsTooOpenError extends Error {
  override readonly name = "Secrets.TooOpen";
  constructor(path: string) {
    super(`${path} can be read by other users. Run: chmod 600 ${path}`);
  }
}

/** The secrets file is not what this program wrote. */
export class SecretsUnreadableError extends Error {
  override readonly name = "Secrets.Unreadable";
  constructor(path: string) {
    super(
      `${path} is not a secrets file of this program. Restore it from your backup; without it the project's salts are lost.`,
    );
  }
}

/** A secret is given in two ways. */
export class SecretTwiceError extends Error {
  override readonly name = "Secrets.Twice";
  constructor(name: string) {
    super(`Both ${name} and ${name}_FILE are set. Unset one of them.`);
  }
}

/** The file that should hold a secret does not. */
export class SecretFileError extends Error {
  override readonly name = "Secrets.File";
  constructor(name: string, path: string, reason: string) {
    super(
      `${name}_FILE names ${path}, and no secret can be read there (${reason}). Correct the path or the file.`,
    );
  }
}

/** A token that could be guessed. */
export class TokenTooShortError extends Error {
  override readonly name = "Secrets.TokenTooShort";
  constructor(name: string) {
    super(
      `${name} is shorter than ${TOKEN_LENGTH} characters. Make a random one, for example: openssl rand -base64 32`,
    );
  }
}
