/** Small corpus files written for one test, in a folder that the test's end removes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Writes `files` into a fresh folder and returns a function from a name to its path. */
export function corpusFiles(files: Record<string, string | Uint8Array>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), "quittance-corpus-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, data] of Object.entries(files)) writeFileSync(join(folder, name), data);
  return (name) => join(folder, name);
}

/** IDX bytes of `values` with these sizes; `type` is 0x08 (bytes) or 0x0c (32-bit integers). */
export function idxBytes(sizes: readonly number[], values: readonly number[], type = 0x08): Uint8Array {
  const width = type === 0x08 ? 1 : 4;
  const bytes = new Uint8Array(4 + 4 * sizes.length + width * values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, type, sizes.length]);
  for (const [i, size] of sizes.entries()) view.setUint32(4 + 4 * i, size);
  values.forEach((value, i) => {
    const at = 4 + 4 * sizes.length + width * i;
    if (width === 1) view.setUint8(at, value);
    else view.setInt32(at, value);
  });
  return bytes;
}
