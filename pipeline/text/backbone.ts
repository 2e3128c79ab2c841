/**
 * A project's text backbone: trained on the public texts that its operator names, which nobody is paid for,
 * and kept in the cache under the hash of everything it is made from. There is no standard one: what a text's
 * class is, is the operator's matter.
 *
 * As with the standard backbone, the file's features are the same bits everywhere, and the file itself is
 * only where it was trained (standard-backbone.ts says why). A project keeps the file that it used.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Profile, wordOf } from "../../prover/index.ts";
import { backboneHash } from "../backbone/backbone.ts";
import { cacheFolder } from "../environment.ts";
import { canonical, writeFileAtomic } from "../store.ts";
import { NGRAMS, type NgramSpec } from "./ngrams.ts";
import { quantiseText } from "./quantise.ts";
import { type LabelledText, trainText } from "./train.ts";

/** Raise when training or quantising changes, so that no older file is taken from the cache. */
const VERSION = 1;
/** Seed of the training: the same texts give the same network. */
export const TEXT_SEED = "quittance/text";
/** Fixed, whatever the machine has: with another number of threads sums are rounded in another order. */
export const TEXT_THREADS = 2;
/** Texts that ranges are measured on. */
const MEASURED = 1024;
/** Few features are for tests, which need a backbone, not a good one. */
const sizesFor = (d: number): { spec: NgramSpec; hidden: number } =>
  d < 16 ? { spec: { ...NGRAMS, buckets: 1024 }, hidden: 64 } : { spec: NGRAMS, hidden: 256 };
/** Fewer public texts than this teach nothing. */
export const FEWEST_TEXTS = 64;

/**
 * The ONNX bytes of a text backbone for a profile: from the cache, or trained now.
 *
 * @param classes how many classes the public texts' labels go up to
 * @throws TextDataError when there are too few texts, or a label beyond the classes
 */
export async function textBackbone(
  samples: readonly LabelledText[],
  classes: number,
  profile: Pick<Profile, "d" | "words">,
  report: (done: number, total: number, text?: string) => void = () => {},
): Promise<Uint8Array> {
  if (samples.length < FEWEST_TEXTS)
    throw new TextDataError(
      `A text backbone needs at least ${FEWEST_TEXTS} public texts, not ${samples.length}: add some.`,
    );
  const beyond = samples.find(({ label }) => label >= classes);
  if (beyond !== undefined)
    throw new TextDataError(`A public text has class ${beyond.label} of ${classes}: correct its label.`);
  const words = Array.from({ length: classes }, (_, k) => wordOf(profile.words, k));
  const sizes = sizesFor(profile.d);
  const settings = { version: VERSION, seed: TEXT_SEED, measured: MEASURED, d: profile.d, words, ...sizes };
  const digest = createHash("sha256").update(canonical({ ...settings, samples: samples.length }));
  for (const { content, label } of samples)
    digest.update(canonical({ bytes: content.length, label })).update(content);
  const name = join(cacheFolder(), "backbones", `text-d${profile.d}-${digest.digest("hex").slice(0, 16)}`);
  if (existsSync(`${name}.onnx`) && existsSync(`${name}.sha256`)) {
    const onnx = readFileSync(`${name}.onnx`);
    if (backboneHash(onnx) === readFileSync(`${name}.sha256`, "utf8").trim()) return onnx;
  }
  const network = await trainText(samples, {
    ...sizes,
    classes,
    seed: TEXT_SEED,
    session: { threads: TEXT_THREADS },
    onProgress: (done, loss) => report(done, 1, `loss ${loss.toFixed(3)}`),
  });
  const { onnx, hash } = quantiseText(network, measuredTexts(samples), { d: profile.d, words });
  writeFileAtomic(`${name}.onnx`, onnx);
  writeFileAtomic(`${name}.sha256`, `${hash}\n`);
  return onnx;
}

/** The texts that ranges are measured on: evenly over the file, which may be ordered by class. */
export function measuredTexts(samples: readonly LabelledText[]): Uint8Array[] {
  const count = Math.min(MEASURED, samples.length);
  return Array.from({ length: count }, (_, i) => {
    return (samples[Math.floor((i * samples.length) / count)] as LabelledText).content;
  });
}

/** Public texts that no backbone can be trained on. */
export class TextDataError extends Error {
  override readonly name = "Text.DataError";
}
