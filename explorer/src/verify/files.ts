/**
 * What a file seems to be, by the name of its format; whether it is that, the worker finds out. Anything else
 * may be the content that a receipt is about: contents have no format.
 */
import type { GivenFile } from "./messages.ts";

export type FileKind = "bundle" | "receipt" | "keys" | "other";

/** More than the largest bundle that the circuits allow; a film dropped by mistake is not read. */
const MAX_BYTES = 256 << 20;

const FORMATS: readonly (readonly [format: string, kind: FileKind])[] = [
  ['"quittance-epoch/', "bundle"],
  ['"quittance-receipt/', "receipt"],
  ['"quittance-verifying-keys/', "keys"],
];

/** Reads a file that was dropped or chosen. Throws {@link FileSizeError}. */
export async function readGiven(file: File): Promise<GivenFile> {
  if (file.size > MAX_BYTES) throw new FileSizeError(file.name, file.size);
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

/** What a file seems to be. */
export function kindOf({ bytes }: GivenFile): FileKind {
  // All of our formats are JSON objects, and a receipt names its format anywhere among its sorted keys.
  if (String.fromCharCode(bytes.find((byte) => byte > 32) ?? 0) !== "{") return "other";
  const text = new TextDecoder().decode(bytes);
  return FORMATS.find(([format]) => text.includes(format))?.[1] ?? "other";
}

/** A file that is too large to be any of ours. */
export class FileSizeError extends Error {
  override readonly name = "Explorer.FileSize";
  constructor(name: string, bytes: number) {
    const mebibytes = Math.round(bytes / (1 << 20));
    super(`${name} has ${mebibytes} MiB: no bundle, receipt or content of ours is that large.`);
  }
}
