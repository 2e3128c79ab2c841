/**
 * Circom's r1cs file, read without copying it.
 *
 * Format (iden3's r1cs binary format, version 1): the magic "r1cs", a version, a count of sections; a section
 * is type u32, length u64, bytes. Section 1 is the header, section 2 the constraints: for each of A, B, C a
 * count u32 and that many pairs of wire u32 and coefficient (32 bytes little-endian, standard form, below the
 * prime). All numbers are little-endian. Wire 0 is the constant one; then outputs, public inputs, private
 * inputs, the rest.
 *
 * The sections come in any order (the compiler writes the constraints first), so the header is looked up, not
 * assumed. Every length is checked against the file before it is used: a truncated file is an error, never a
 * shorter circuit.
 */

import { FIELD } from "./field.ts";

/** Bytes of a field element in the file. */
export const ELEMENT_BYTES = 32;

/** A circuit's constraint system; `constraints` is a view of the file's bytes. */
export type R1cs = {
  readonly wires: number;
  readonly outputs: number;
  readonly publicInputs: number;
  readonly privateInputs: number;
  readonly labels: number;
  readonly rows: number;
  readonly constraints: Buffer;
};

/** How many coefficients are not zero in each of the three matrices. */
export type NonZeros = { readonly a: number; readonly b: number; readonly c: number };

/**
 * Reads a whole r1cs file.
 *
 * @throws {R1csError} if the bytes are not an r1cs file over BN254 or end too early
 */
export function parseR1cs(bytes: Buffer): R1cs {
  if (bytes.length < 12 || bytes.toString("latin1", 0, 4) !== "r1cs")
    throw new R1csError("has no r1cs header");
  const sections = new Map<number, Buffer>();
  let at = 12;
  for (let i = bytes.readUInt32LE(8); i > 0; i--) {
    if (at + 12 > bytes.length) throw new R1csError("ends inside a section's header");
    const size = Number(bytes.readBigUInt64LE(at + 4));
    if (at + 12 + size > bytes.length) throw new R1csError("ends inside a section");
    sections.set(bytes.readUInt32LE(at), bytes.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  const header = sections.get(1);
  const constraints = sections.get(2);
  if (!header || !constraints || header.length < 64)
    throw new R1csError("lacks its header or its constraints");
  const prime = BigInt(`0x${Buffer.from(header.subarray(4, 36)).reverse().toString("hex")}`);
  if (header.readUInt32LE(0) !== ELEMENT_BYTES || prime !== FIELD) throw new R1csError("is not over BN254");
  return {
    wires: header.readUInt32LE(36),
    outputs: header.readUInt32LE(40),
    publicInputs: header.readUInt32LE(44),
    privateInputs: header.readUInt32LE(48),
    labels: Number(header.readBigUInt64LE(52)),
    rows: header.readUInt32LE(60),
    constraints,
  };
}

/** Counts the coefficients, and by doing so walks every length in the file. */
export function countNonZeros(r1cs: R1cs): NonZeros {
  const counts: [number, number, number] = [0, 0, 0];
  let at = 0;
  for (let row = 0; row < r1cs.rows; row++) {
    for (const matrix of [0, 1, 2] as const) {
      if (at + 4 > r1cs.constraints.length) throw new R1csError("ends inside a constraint");
      const terms = r1cs.constraints.readUInt32LE(at);
      counts[matrix] += terms;
      at += 4 + terms * (4 + ELEMENT_BYTES);
    }
  }
  if (at !== r1cs.constraints.length) throw new R1csError("has constraints of another length than it says");
  return { a: counts[0], b: counts[1], c: counts[2] };
}

/** The file is not what the compiler writes. */
export class R1csError extends Error {
  override readonly name = "R1cs.Malformed";
  constructor(what: string) {
    super(`The r1cs file ${what}. Delete the circuit's folder in the cache; it is then compiled again.`);
  }
}
