/**
 * The number of a purchase: a hash of the model and a key that the purchaser made up and tells nobody.
 *
 *     requestId = keccak256("quittance-request" ‖ modelId ‖ key)      (texts as UTF-8, the id as 32 bytes)
 *
 * A retry with the same key is the same request, so it is answered and paid once; and whoever can show the
 * key behind a published id has shown that the request was its own. The key must therefore be random: from a
 * guessable one anybody could fetch the answer.
 *
 * Nothing here needs Node.
 */
import { type Hex, hexBytes, keccak256 } from "../engine/ethers.ts";

/** What a key looks like: url-safe characters, at least 16 and at most 128. */
export const KEY_PATTERN = /^[A-Za-z0-9_-]{16,128}$/;

const utf8 = new TextEncoder();
const PREFIX = utf8.encode("quittance-request");

/** The number of a request. */
export function requestIdOf(modelId: Hex, key: string): Hex {
  const [model, secret] = [hexBytes(modelId), utf8.encode(key)];
  const bytes = new Uint8Array(PREFIX.length + model.length + secret.length);
  bytes.set(PREFIX);
  bytes.set(model, PREFIX.length);
  bytes.set(secret, PREFIX.length + model.length);
  return keccak256(bytes);
}

/** A new key of 256 random bits. */
export function newRequestKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
