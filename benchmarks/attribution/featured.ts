// Digits with the features that the ridge head sees: the ones who are paid for, the ones who are asked, and
// public ones, on which the backbone was trained and with which duplicates are told from look-alikes.

import { availableParallelism } from "node:os";
import { openBackbone, quantise, type Sample, trainDigits } from "../../pipeline/index.ts";
import { loadProfile, type Profile } from "../../prover/index.ts";
import { type DigitSource, loadDigits } from "./data.ts";

/** Samples, their contents' features (`n × d`), labels, and the number of each one's contributor. */
export type Part = {
  readonly samples: readonly Sample[];
  readonly features: Int8Array;
  readonly labels: Uint8Array;
};

/** Everything that the benchmarks of the head start from. */
export type Featured = {
  readonly profile: Profile;
  readonly train: Part;
  readonly test: Part;
  /** A part of the public digits. */
  readonly reference: Part;
  readonly features: (contents: readonly Uint8Array[]) => Promise<Int8Array>;
  readonly close: () => Promise<void>;
};

/** How many digits each part has, and how long the backbone is trained. */
export type FeaturedSize = DigitSource & {
  /** The public digits are those from this row on. */
  readonly publicFrom: number;
  readonly publicCount: number;
  readonly steps: number;
};

const REFERENCE = 4096;
const MEASURED = 1024;

/** Trains the backbone on public digits and computes everybody's features. */
export async function featuredDigits(size: FeaturedSize): Promise<Featured> {
  const profile = loadProfile("default");
  const digits = loadDigits({ ...size, train: size.publicFrom + size.publicCount });
  const publicSamples = digits.train.slice(size.publicFrom);
  const session = { threads: Math.min(2, availableParallelism()) };
  const network = await trainDigits(publicSamples, {
    d: profile.d,
    steps: size.steps,
    rate: 3e-3,
    seed: "attribution",
    session,
  });
  const measured = publicSamples.slice(0, MEASURED).map(({ content }) => content);
  const { onnx } = await quantise(network, measured, { d: profile.d, ...session });
  const backbone = await openBackbone(onnx, session);
  const features = (contents: readonly Uint8Array[]): Promise<Int8Array> => backbone.features(contents);
  const part = async (samples: readonly Sample[]): Promise<Part> => ({
    samples,
    features: await features(samples.map(({ content }) => content)),
    labels: Uint8Array.from(samples, ({ label }) => label),
  });
  return {
    profile,
    train: await part(digits.train.slice(0, size.train)),
    test: await part(digits.test),
    reference: await part(publicSamples.slice(0, REFERENCE)),
    features,
    close: () => backbone.close(),
  };
}

/** Numbers for names, in order of first appearance. */
export function numbered(names: readonly string[]): { readonly index: Int32Array; readonly count: number } {
  const known = new Map<string, number>();
  const index = Int32Array.from(names, (name) => {
    const at = known.get(name) ?? known.size;
    known.set(name, at);
    return at;
  });
  return { index, count: known.size };
}
