/**
 * The only importer of hash-wasm: Keccak-256 in WebAssembly, for whoever hashes for every answer.
 *
 * ethers' own runs in JavaScript and takes some ten times as long. Importing this file puts the fast one
 * under ethers too, which has a place for it: ids of requests and addresses' checksums come out the same. A
 * browser hashes little and need not load it.
 */
import { createKeccak } from "hash-wasm";
import { hashWith } from "./ethers.ts";

const hasher = await createKeccak(256);

/** Keccak-256 of bytes, as 32 bytes. */
export function keccak(data: Uint8Array): Uint8Array {
  return hasher.init().update(data).digest("binary");
}

hashWith(keccak);
