/**
 * The backbone that projects use unless they bring their own: learned once, without labels, from the public
 * part of the `mnist` package (the digits that the demonstration neither contributes nor tests with), and
 * cached. Building it is deterministic, so its hash is the same on every machine; a cached file with another
 * hash is rebuilt.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Profile } from "../prover/index.ts";
import { backboneHash, buildBackbone } from "./backbone/build.ts";
import { demoSplit } from "./corpus/demo.ts";
import { cacheFolder, proverThreads } from "./environment.ts";
import { writeFileAtomic } from "./store.ts";

/** Seed of the split whose public part the backbone is learned from. */
export const STANDARD_SEED = "quittance/demo";

/** The ONNX bytes of the standard backbone with `d` features. */
export async function defaultBackbone(
  profile: Pick<Profile, "d">,
  report: (done: number, total: number) => void = () => {},
): Promise<Uint8Array> {
  const folder = join(cacheFolder(), "backbones");
  const name = join(folder, `standard-d${profile.d}`);
  if (existsSync(`${name}.onnx`) && existsSync(`${name}.sha256`)) {
    const onnx = readFileSync(`${name}.onnx`);
    if (backboneHash(onnx) === readFileSync(`${name}.sha256`, "utf8").trim()) return onnx;
  }
  const { onnx, hash } = await buildBackbone(demoSplit(STANDARD_SEED).publicSamples, {
    d: profile.d,
    threads: proverThreads(),
    onProgress: (done) => report(done, 1),
  });
  writeFileAtomic(`${name}.onnx`, onnx);
  writeFileAtomic(`${name}.sha256`, `${hash}\n`);
  return onnx;
}
