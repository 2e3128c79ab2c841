/** Reads the sections of a zkey, for comparisons. */

import { readFile } from "node:fs/promises";

export async function zkeySections(path: string): Promise<Map<number, Buffer>> {
  const bytes = await readFile(path);
  const sections = new Map<number, Buffer>();
  let at = 12;
  for (let i = bytes.readUInt32LE(8); i > 0; i--) {
    const size = Number(bytes.readBigUInt64LE(at + 4));
    sections.set(bytes.readUInt32LE(at), bytes.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  if (at !== bytes.length) throw new Error("bytes after the last section");
  return sections;
}
