/** A private key in a file that nobody else may read. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { type Account, accountOf } from "../engine/ethers.ts";
import { SecretsTooOpenError } from "../secrets.ts";
import { writeFileAtomic } from "../store.ts";

/** The account of a key file. Throws SecretsTooOpenError, KeyFormatError. */
export function readKeyFile(path: string): Account {
  const text = readFileSync(path, "utf8").trim();
  if ((statSync(path).mode & 0o077) !== 0) throw new SecretsTooOpenError(path);
  return accountOf(text);
}

/** Writes an account's key, for its owner alone. Throws {@link KeyThereError} rather than replace one. */
export function writeKeyFile(path: string, { privateKey }: Account): void {
  if (existsSync(path)) {
    if (readFileSync(path, "utf8").trim() === privateKey) return;
    throw new KeyThereError(path);
  }
  writeFileAtomic(path, `${privateKey}\n`, 0o600);
}

/** Another key is in the file. */
export class KeyThereError extends Error {
  override readonly name = "Key.There";
  constructor(path: string) {
    super(`${path} holds something else already. Choose another file: a key that is lost is lost for good.`);
  }
}
