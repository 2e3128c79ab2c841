// The accuracies that stand beside attribution: an attribution of a model that cannot read would be
// worthless. Each is measured by the module that knows its data; here is only the list of them.

import { accuracyWith, digitParts } from "../digits.ts";
import type { Figure } from "../types.ts";

/** A module that measures accuracies. */
export type AccuracySource = (options: { readonly full: boolean }) => Promise<readonly Figure[]>;

/** Everything that measures an accuracy. */
export const ACCURACIES: readonly AccuracySource[] = [digits];

/** The convolutional backbone alone, of those that digits.ts compares. */
async function digits({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const value = await accuracyWith(digitParts(full), { kind: "conv", steps: full ? 4_000 : 60 });
  return [{ name: "accuracy.digits", value, unit: "share of test digits" }];
}

/** All accuracies, one after the other. */
export async function accuracies(options: { readonly full: boolean }): Promise<Figure[]> {
  const out: Figure[] = [];
  for (const measure of ACCURACIES) out.push(...(await measure(options)));
  return out;
}
