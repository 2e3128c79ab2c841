/**
 * The backbone that projects use unless they bring their own: a small convolutional network, trained on the
 * public part of the `mnist` package (the digits that the demonstration neither contributes nor tests with,
 * nobody's to be paid for), quantised to integers, and cached under the hash of everything it is made from.
 *
 * Its features are the same bits on every machine, because the file holds integers only. The file itself need
 * not be: training adds in floating point, and another processor may round a sum in another order and end
 * with slightly other weights, hence another hash. So a project keeps the file that it used
 * (project-backbone.ts), and whoever checks features takes that file, not a new training.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { backboneHash } from "./backbone/backbone.ts";
import { quantise } from "./backbone/quantise.ts";
import { demoSplit } from "./corpus/demo.ts";
import { cacheFolder } from "./environment.ts";
import { trainDigits } from "./learn/digits.ts";
import { canonical, writeFileAtomic } from "./store.ts";

/** Seed of the split whose public part the backbone is learned from. */
export const STANDARD_SEED = "quittance/demo";

/** Raise when training or quantising changes, so that no older file is taken from the cache. */
const VERSION = 1;
const BATCH = 64;
const RATE = 3e-3;
/** Fixed, whatever the machine has: with another number of threads sums are rounded in another order. */
const THREADS = 2;
/** Contents that the ranges of activations are measured on. */
const MEASURED = 1024;

/** Steps of training: few features are for tests, which need a backbone, not a good one. */
const stepsFor = (d: number): number => (d < 16 ? 150 : 3000);

/** Contents that nobody is paid for: encoders are quantised on these too. */
export function publicContents(): Uint8Array[] {
  return demoSplit(STANDARD_SEED)
    .publicSamples.slice(0, MEASURED)
    .map(({ content }) => content);
}

/** The ONNX bytes of the standard backbone with `d` features: from the cache, or trained now. */
export async function standardBackbone(
  d: number,
  report: (done: number, total: number, text?: string) => void = () => {},
): Promise<Uint8Array> {
  const samples = demoSplit(STANDARD_SEED).publicSamples;
  const settings = { steps: stepsFor(d), batch: BATCH, rate: RATE, seed: STANDARD_SEED };
  const digest = createHash("sha256").update(
    canonical({ version: VERSION, d, measured: MEASURED, ...settings }),
  );
  for (const { content, label } of samples) digest.update(content).update(Uint8Array.of(label));
  const name = join(cacheFolder(), "backbones", `standard-d${d}-${digest.digest("hex").slice(0, 16)}`);
  if (existsSync(`${name}.onnx`) && existsSync(`${name}.sha256`)) {
    const onnx = readFileSync(`${name}.onnx`);
    if (backboneHash(onnx) === readFileSync(`${name}.sha256`, "utf8").trim()) return onnx;
  }
  const network = await trainDigits(samples, {
    ...settings,
    d,
    session: { threads: THREADS },
    onProgress: (done, loss) => report(done, 1, `loss ${loss.toFixed(3)}`),
  });
  const { onnx, hash } = await quantise(network, publicContents(), { d, threads: THREADS });
  writeFileAtomic(`${name}.onnx`, onnx);
  writeFileAtomic(`${name}.sha256`, `${hash}\n`);
  return onnx;
}
