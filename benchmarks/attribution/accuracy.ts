// The accuracies that stand beside attribution: an attribution of a model that cannot read would be
// worthless. Each is measured by the module that knows its data; here is only the list of them.

import { existsSync } from "node:fs";
import { accuracyWith, digitParts } from "../digits.ts";
import { ticketAccuracy } from "../tickets.ts";
import type { Figure } from "../types.ts";
import { dataFolder } from "./data.ts";

/** A module that measures accuracies. */
export type AccuracySource = (options: { readonly full: boolean }) => Promise<readonly Figure[]>;

/** Everything that measures an accuracy. */
export const ACCURACIES: readonly AccuracySource[] = [digits, tickets];

/** The convolutional backbone alone, of those that digits.ts compares. */
async function digits({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const value = await accuracyWith(digitParts(full), { kind: "conv", steps: full ? 4_000 : 60 });
  return [{ name: "accuracy.digits", value, unit: "share of test digits" }];
}

/** Seventy-seven classes in sixteen outputs, with 32 and with 64 features. */
async function tickets({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const folder = dataFolder("banking77");
  if (!existsSync(folder)) throw new TicketsDataError(folder);
  const small = { contributed: 200, limit: { publicTexts: 400, test: 100 }, hidden: 64 };
  const { coded } = await ticketAccuracy(folder, full ? {} : small);
  return [32, 64].map((d) => ({
    name: `accuracy.tickets${d}`,
    value: coded.get(d) ?? Number.NaN,
    unit: "share of test texts",
  }));
}

/** The data set that the figure needs is not there. */
export class TicketsDataError extends Error {
  override readonly name = "Attribution.TicketsData";
  constructor(folder: string) {
    super(`There is nothing at ${folder}. Set QUITTANCE_DATA to the folder that holds banking77.`);
  }
}

/** All accuracies, one after the other. */
export async function accuracies(options: { readonly full: boolean }): Promise<Figure[]> {
  const out: Figure[] = [];
  for (const measure of ACCURACIES) out.push(...(await measure(options)));
  return out;
}
