/**
 * A zkey in memory, taken apart for the prover: views of its bytes, with every length and every index checked
 * against the header before arithmetic that knows no bounds sees them.
 */

import { ELEMENT_BYTES, ProofFileError, readSections } from "../proof-files.ts";
import { COEFFICIENT_BYTES } from "./transform.ts";

/** A zkey's parts, views of its bytes. */
export type Key = {
  readonly wires: number;
  readonly publicCount: number;
  /** log2 of the domain's size. */
  readonly power: number;
  readonly points: Readonly<Record<"alpha1" | "beta1" | "beta2" | "delta1" | "delta2", Uint8Array>>;
  readonly coefficients: Uint8Array;
  readonly a: Uint8Array;
  readonly b1: Uint8Array;
  readonly b2: Uint8Array;
  readonly c: Uint8Array;
  readonly h: Uint8Array;
};

/**
 * Takes a key apart.
 *
 * @throws {ProofFileError} if it is no whole Groth16 key
 */
export function readKey(zkey: Uint8Array): Key {
  const sections = readSections(zkey, "zkey");
  const section = (id: number): Buffer => {
    const found = sections.get(id);
    if (found === undefined) throw new ProofFileError("the key", `lacks section ${id}`);
    return found;
  };
  const header = section(2);
  const counts = 2 * (4 + ELEMENT_BYTES);
  const domain = header.readUInt32LE(counts + 8);
  let at = counts + 12;
  const point = (bytes: number): Uint8Array => {
    at += bytes;
    // The curve's library copies from it; it must not see the rest of the file.
    return new Uint8Array(header.subarray(at - bytes, at));
  };
  const [alpha1, beta1, beta2] = [point(64), point(64), point(128)];
  point(128); // γ
  const [delta1, delta2] = [point(64), point(128)];
  const key = {
    wires: header.readUInt32LE(counts),
    publicCount: header.readUInt32LE(counts + 4),
    power: Math.log2(domain),
    points: { alpha1, beta1, beta2, delta1, delta2 },
    coefficients: section(4).subarray(4),
    a: section(5),
    b1: section(6),
    b2: section(7),
    c: section(8),
    h: section(9),
  };
  const lengths: [string, Uint8Array, number][] = [
    ["A", key.a, key.wires * 64],
    ["B1", key.b1, key.wires * 64],
    ["B2", key.b2, key.wires * 128],
    ["C", key.c, (key.wires - key.publicCount - 1) * 64],
    ["H", key.h, domain * 64],
    ["coefficients", key.coefficients, section(4).readUInt32LE(0) * COEFFICIENT_BYTES],
  ];
  for (const [name, bytes, length] of lengths)
    if (bytes.length !== length) throw new ProofFileError("the key", `has a wrong number of ${name}`);
  if (!Number.isInteger(key.power) || key.power > 27) throw new ProofFileError("the key", "has no domain");
  checkCoefficients(key, domain);
  return key;
}

/** The kernel writes where these say: each must lie inside. */
function checkCoefficients({ coefficients, wires }: Key, domain: number): void {
  const view = new DataView(coefficients.buffer, coefficients.byteOffset, coefficients.byteLength);
  for (let at = 0; at < coefficients.length; at += COEFFICIENT_BYTES) {
    const inside =
      view.getUint32(at, true) <= 1 &&
      view.getUint32(at + 4, true) < domain &&
      view.getUint32(at + 8, true) < wires;
    if (!inside) throw new ProofFileError("the key", "has a coefficient outside of its circuit");
  }
}
