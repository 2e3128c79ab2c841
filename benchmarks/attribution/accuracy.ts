// The accuracies that stand beside attribution: an attribution of a model that cannot read would be worthless.
// Each is measured by the module that knows its data; here is only the list of them.

import { digitsAccuracy } from "../digits.ts";
import type { Figure } from "../types.ts";

/** A module that measures accuracies. */
export type AccuracySource = (options: { readonly full: boolean }) => Promise<readonly Figure[]>;

/** Everything that measures an accuracy. */
export const ACCURACIES: readonly AccuracySource[] = [digitsAccuracy];

/** All accuracies, one after the other. */
export async function accuracies(options: { readonly full: boolean }): Promise<Figure[]> {
  const out: Figure[] = [];
  for (const measure of ACCURACIES) out.push(...(await measure(options)));
  return out;
}
