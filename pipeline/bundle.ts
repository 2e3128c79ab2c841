/** Epoch bundles as files. What they hold is bundle-format.ts, which browsers read too. */
import { readFileSync } from "node:fs";
import { BundleFormatError, bundleSchema, type EpochBundle, parseBundle } from "./bundle-format.ts";
import { writeFileAtomic } from "./store.ts";

export * from "./bundle-format.ts";

/** Reads and shape-checks a bundle. Throws {@link BundleFormatError} with the first thing that is wrong. */
export function readBundle(path: string): EpochBundle {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new BundleFormatError(path, (cause as Error).message, cause);
  }
  return parseBundle(json, path);
}

/** Writes a bundle, never half. */
export function writeBundle(path: string, bundle: EpochBundle): void {
  writeFileAtomic(path, `${JSON.stringify(bundleSchema.parse(bundle), null, 1)}\n`);
}
