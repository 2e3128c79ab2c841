// Honest digits that are taken for copies: of the `mnist` package's digits that are not public, none repeats
// another, so whatever is found among them is a mistake.

import {
  demoSplit,
  findDuplicates,
  openBackbone,
  STANDARD_SEED,
  standardBackbone,
} from "../pipeline/index.ts";
import type { Figure } from "./types.ts";

/** Looks for near-duplicates where there are none, by contents and by features of the standard backbone. */
export async function flaggedHonest(d: number): Promise<Figure[]> {
  const split = demoSplit(STANDARD_SEED);
  const backbone = await openBackbone(await standardBackbone(d));
  try {
    const contentsOf = (samples: readonly { readonly content: Uint8Array }[]): Uint8Array[] =>
      samples.map(({ content }) => content);
    const contents = contentsOf([...split.contributed, ...split.test, ...split.queries]);
    const open = contentsOf(split.publicSamples);
    const reference = { contents: open, features: await backbone.features(open) };
    const features = await backbone.features(contents);
    const { findings } = await findDuplicates({ contents, features, d, reference });
    return [
      { name: "duplicates.honest", value: contents.length, unit: "digits" },
      { name: "duplicates.honest.flagged", value: findings.length, unit: "digits" },
    ];
  } finally {
    await backbone.close();
  }
}
