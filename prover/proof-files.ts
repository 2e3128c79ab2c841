/**
 * The two files that a proof is made from, as far as one must look into them without a prover: how many wires
 * and public signals a key is for, and what a witness says of them.
 *
 * Both are iden3's binary format, like r1cs.ts: a magic, a version, a count of sections; a section is type
 * u32, length u64, bytes; all numbers little-endian. Sections come in any order.
 *
 * zkey: section 2 is the header of keys/zkey.ts. wtns: section 1 is element size, prime and count; section 2
 * the elements in standard form, the constant one first, then the public signals.
 */

import { open } from "node:fs/promises";
import { FIELD } from "./field.ts";

/** Bytes of a field element in either file. */
export const ELEMENT_BYTES = 32;

const MAX_SECTIONS = 64;
/** Element sizes and primes q and r stand before the counts. */
const COUNTS_AT = 2 * (4 + ELEMENT_BYTES);

/**
 * For how many wires (the constant included) and public signals a key is.
 *
 * @throws {ProofFileError} if the file is no Groth16 key over BN254
 */
export async function readZkeyCounts(path: string): Promise<{ wires: number; publicCount: number }> {
  const file = await open(path);
  try {
    const read = async (at: number, length: number): Promise<Buffer> => {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, at);
      if (bytesRead < length) throw new ProofFileError("the key", "ends too early");
      return buffer;
    };
    const magic = await read(0, 12);
    if (magic.toString("latin1", 0, 4) !== "zkey") throw new ProofFileError("the key", "is no zkey file");
    let at = 12;
    for (let i = Math.min(magic.readUInt32LE(8), MAX_SECTIONS); i > 0; i--) {
      const section = await read(at, 12);
      if (section.readUInt32LE(0) === 2) {
        const header = await read(at + 12, COUNTS_AT + 8);
        if (element(header, 4 + ELEMENT_BYTES + 4) !== FIELD)
          throw new ProofFileError("the key", "is not over BN254");
        return { wires: header.readUInt32LE(COUNTS_AT), publicCount: header.readUInt32LE(COUNTS_AT + 4) };
      }
      at += 12 + Number(section.readBigUInt64LE(4));
    }
    throw new ProofFileError("the key", "lacks its header");
  } finally {
    await file.close();
  }
}

/**
 * The elements of a witness, {@link ELEMENT_BYTES} each; a view of its bytes.
 *
 * @throws {ProofFileError} if it is no witness over BN254
 */
export function readWtns(wtns: Uint8Array): Buffer {
  const sections = readSections(wtns, "wtns");
  const [header, values] = [sections.get(1), sections.get(2)];
  if (header?.length !== 4 + ELEMENT_BYTES + 4 || element(header, 4) !== FIELD)
    throw new ProofFileError("the witness", "is not over BN254");
  if (values?.length !== header.readUInt32LE(4 + ELEMENT_BYTES) * ELEMENT_BYTES)
    throw new ProofFileError("the witness", "ends too early");
  return values;
}

/**
 * The sections of a file in memory by type, views of its bytes; one that the file cuts short is shorter.
 *
 * @throws {ProofFileError} if it does not start with the magic
 */
export function readSections(file: Uint8Array, magic: string): Map<number, Buffer> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 12 || bytes.toString("latin1", 0, 4) !== magic)
    throw new ProofFileError("the file", `is no ${magic} file`);
  const sections = new Map<number, Buffer>();
  let at = 12;
  for (let i = Math.min(bytes.readUInt32LE(8), MAX_SECTIONS); i > 0 && at + 12 <= bytes.length; i--) {
    const length = Number(bytes.readBigUInt64LE(at + 4));
    sections.set(bytes.readUInt32LE(at), bytes.subarray(at + 12, at + 12 + length));
    at += 12 + length;
  }
  return sections;
}

/** The public signals: the elements after the constant one. */
export function publicsOf(values: Buffer, publicCount: number): bigint[] {
  return Array.from({ length: publicCount }, (_, i) => element(values, (i + 1) * ELEMENT_BYTES));
}

function element(bytes: Buffer, at: number): bigint {
  return BigInt(
    `0x${Buffer.from(bytes.subarray(at, at + ELEMENT_BYTES))
      .reverse()
      .toString("hex")}`,
  );
}

/** Not a file that a proof can be made from. */
export class ProofFileError extends Error {
  override readonly name = "ProofFiles.Format";
  constructor(which: string, what: string) {
    super(`${which} ${what}.`);
  }
}
