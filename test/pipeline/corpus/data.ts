/**
 * Where the shared data sets lie, for the tests that need real files: `QUITTANCE_DATA`, or `../shared/data`
 * beside the repository. A test that needs one and does not find it fails and says so; it is never skipped.
 */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The path of a data set's folder. */
export function dataFolder(name: string): string {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
  const folder = join(process.env.QUITTANCE_DATA ?? join(root, "../shared/data"), name);
  if (!existsSync(folder)) {
    throw new Error(
      `This test needs the data set "${name}", and there is nothing at ${folder}. ` +
        "Set QUITTANCE_DATA to the folder that holds it.",
    );
  }
  return folder;
}
